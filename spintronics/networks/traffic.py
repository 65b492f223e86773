"""What the buffers of an accelerator carry for one image, layer by layer, in bits.

A layer's inputs come from the buffer, and its outputs go back, at the width that values are kept in
(:func:`~spintronics.networks.bits.value_bits`).  Weights have W bits, biases 32 (a sum's width); scales and shifts of
normalizations stay in the digital unit and are not in.  A concatenation moves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from spintronics.networks.bits import SUM_BITS, BitWidths, FirstLayer, value_bits
from spintronics.networks.layers import Concatenation, Network, Pool


@dataclass(frozen=True)
class LayerTraffic:
    """Bits of one layer for one image.

    Attributes:
        inputs: each input value read once.
        windows: inputs as windows slide over them, each window read whole; taps on padding count.  Of an addition or a
            normalization, the inputs.
        weights: weights and biases, each read once.
        outputs: each output value written once.
    """

    network: str
    layer: str
    inputs: int
    windows: int
    weights: int
    outputs: int


def buffer_traffic(network: Network, widths: BitWidths, first_layer: FirstLayer) -> tuple[LayerTraffic, ...]:
    """Traffic of every layer, pools included, in order.

    Args:
        widths: W:I.
        first_layer: bits of the image's values.

    >>> from spintronics.networks.zoo import lenet
    >>> for row in buffer_traffic(lenet(), BitWidths(1, 2), FirstLayer.PRACTICAL)[:3]:
    ...     print(row.layer, row.inputs, row.windows, row.weights, row.outputs)
    conv1 6272 115200 1140 23040
    pool1 23040 23040 0 5760
    conv2 5760 64000 26600 6400
    """
    work = {work.name: work for work in network.work}
    bits = value_bits(network, widths, first_layer)
    rows = []
    for layer, sources, befores, after in zip(
        network.layers, network.sources, network.input_shapes, network.shapes, strict=True
    ):
        inputs = windows = sum(prod(before) * bits[source] for source, before in zip(sources, befores, strict=True))
        weights = 0
        if layer.name in work:
            record = work[layer.name]
            windows = record.positions * record.dot_length * record.groups * bits[sources[0]]
            weights = record.weights * widths.weights + record.biases * SUM_BITS
        elif isinstance(layer, Pool):
            windows = prod(after) * layer.kernel**2 * bits[sources[0]]
        moved = (inputs, windows, weights, prod(after) * bits[layer.name])
        rows.append(LayerTraffic(network.name, layer.name, *((0,) * 4 if isinstance(layer, Concatenation) else moved)))
    return tuple(rows)
