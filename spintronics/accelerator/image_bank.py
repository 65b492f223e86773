"""What the Image Bank must hold: every value from the layer that makes it to the last that takes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from spintronics.networks import INPUT, Concatenation, Network


@dataclass(frozen=True)
class Kept:
    """The output of one layer, or the image, in the Image Bank.

    Attributes:
        bits: of all its values; made, last: layers that make and last take it, by their number; made_in, last_in: the
            same by the number of the weighted layer that they stand behind.
    """

    bits: int
    made: int
    last: int
    made_in: int
    last_in: int


def kept_values(network: Network, bits: Mapping[str, int]) -> list[Kept]:
    """The image and every layer's output but the network's results, which leave the chip.

    A concatenation is its parts, which stay as long as it is taken.

    Args:
        bits: width of each, :func:`spintronics.networks.value_bits`.
    """
    weighted = {work.name for work in network.work}
    made, values = {INPUT: 0}, {INPUT: prod(network.input_shape)}
    stages, last = [], {INPUT: 0}
    passed = 0
    parts: dict[str, tuple[str, ...]] = {INPUT: (INPUT,)}
    for n, (layer, sources, shape) in enumerate(zip(network.layers, network.sources, network.shapes, strict=True)):
        passed += layer.name in weighted
        stages.append(max(passed - 1, 0))
        taken = tuple(part for source in sources for part in parts[source])
        parts[layer.name] = taken if isinstance(layer, Concatenation) else (layer.name,)
        last.update(dict.fromkeys(taken, n))
        made[layer.name], values[layer.name] = n, prod(shape)
    leaving = results(network)
    return [
        Kept(values[name] * bits[name], made[name], last[name], stages[made[name]], stages[last[name]])
        for name in made
        if parts[name] == (name,) and name not in leaving
    ]


def results(network: Network) -> frozenset[str]:
    """Names of what leaves the chip: the last layer's output, or the parts that a concatenation there alone takes."""
    last, earlier = network.layers[-1], {source for sources in network.sources[:-1] for source in sources}
    parts = last.parts if isinstance(last, Concatenation) else ()
    return frozenset({last.name, *parts} - earlier)


def bank_bits(kept: list[Kept], layers: int, pipelined: bool) -> int:
    """Bits that the bank must hold at once.

    Args:
        layers: of the network.
        pipelined: each weighted layer works on an image of its own: a value made behind one and taken behind another
            stands there once for every image between them.  Else one image after the other.
    """
    if pipelined:
        return sum(k.bits * (k.last_in - k.made_in + 1) for k in kept)
    return max(sum(k.bits for k in kept if k.made <= n <= k.last) for n in range(layers))
