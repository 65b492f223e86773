"""Bit widths W:I, and the bit-wise AND operations they cost.

    I * W = Σ_m Σ_n 2^(m+n) bitcount(and(C_n(W), C_m(I)))

so that one multiply-accumulate of a W-bit weight and an I-bit input is W·I one-bit ANDs.

Training sends G-bit gradients back through the same weights: W·G more for the gradient of a layer's inputs, and I·G
for the gradient of its weights.  The slides' complexity of training, W·I + W·G, leaves the last one out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from spintronics.errors import InputError
from spintronics.networks.layers import INPUT, Network

_MAX_BITS = 32
GRADIENT_BITS = 8
"""Of the slides' configurations, all but 32:32."""
SUM_BITS = 32
"""Of a sum that is kept as it is, and of a bias."""


@dataclass(frozen=True)
class BitWidths:
    """A bit-width configuration W:I, each 1 to 32 bits; 32:32 is the un-quantized network.

    >>> widths = BitWidths.parse("1:2")
    >>> widths, str(widths)
    (BitWidths(weights=1, inputs=2), '1:2')
    >>> widths.inference_complexity, widths.training_complexity()
    (2, 10)
    """

    weights: int
    inputs: int

    def __post_init__(self) -> None:
        for key, bits in (("weights", self.weights), ("inputs", self.inputs)):
            if type(bits) is not int or not 1 <= bits <= _MAX_BITS:
                raise InputError(f"bit widths: {key} = {bits!r}: must be a whole number from 1 to {_MAX_BITS}")

    @classmethod
    def parse(cls, text: str) -> BitWidths:
        """From "W:I"; the inverse of str."""
        match = re.fullmatch(r"([0-9]{1,2}):([0-9]{1,2})", text)
        if match is None:
            raise InputError(f'bit widths "{text}": must be W:I, each 1 to {_MAX_BITS}, such as 1:2')
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.weights}:{self.inputs}"

    @property
    def inference_complexity(self) -> int:
        """W·I, as in the slides' table."""
        return self.weights * self.inputs

    def training_complexity(self, gradient_bits: int = GRADIENT_BITS) -> int:
        """W·I + W·G for G-bit gradients, as in the slides' table; theirs leaves 32:32 out."""
        return self.weights * self.inputs + self.weights * gradient_bits


CONFIGURATIONS = tuple(BitWidths.parse(text) for text in ("32:32", "1:1", "1:2", "1:3", "1:4", "2:2"))
"""The six of the slides; 32:32 is the un-quantized network."""


class FirstLayer(StrEnum):
    """Input width of the weighted layers that take the image, which is not quantized to I bits.

    SEED is 32-bit fixed point: of the two, the only one under which the first layer of the SVHN network has the most
    ANDs in every W:I of the slides, as they state.  PRACTICAL is 8-bit, the width of an image's pixels.
    The weights of the first layer have W bits under both.
    """

    SEED = "seed"
    PRACTICAL = "practical"

    @property
    def input_bits(self) -> int:
        """Bits of each value of the image."""
        return 32 if self is FirstLayer.SEED else 8


def inner_values(network: Network) -> frozenset[str]:
    """Names whose values a weighted layer takes, at once or through layers without weights: these are quantized.

    All others are the network's results, and what they are pooled or added up from.
    """
    weighted = {work.name for work in network.work}
    found: set[str] = set()
    for layer, sources in zip(reversed(network.layers), reversed(network.sources), strict=True):
        if layer.name in weighted or layer.name in found:
            found.update(sources)
    return frozenset(found)


def of_image(network: Network) -> frozenset[str]:
    """Names of values that come from the image alone, through no weights: ``input``, and pools of it."""
    weighted, found = {work.name for work in network.work}, {INPUT}
    for layer, sources in zip(network.layers, network.sources, strict=True):
        if layer.name not in weighted and found.issuperset(sources):
            found.add(layer.name)
    return frozenset(found)


def image_layers(network: Network) -> frozenset[str]:
    """Names of the weighted layers that take the image and nothing else: the first, and others beside it."""
    weighted, image = {work.name for work in network.work}, of_image(network)
    pairs = zip(network.layers, network.sources, strict=True)
    return frozenset(layer.name for layer, sources in pairs if layer.name in weighted and image.issuperset(sources))


def value_bits(
    network: Network, widths: BitWidths, first_layer: FirstLayer, sum_bits: int = SUM_BITS
) -> dict[str, int]:
    """Width at which a buffer keeps the image (``input``) and each layer's output, by name.

    The quantizer stands before the buffer: what a weighted layer takes, at once or through layers without weights, has
    I bits, or the image's where it comes from the image alone.  Nothing quantizes the network's results: sums that no
    weighted layer takes keep their width, pooled or added up too.

    Args:
        sum_bits: of a sum.

    >>> from spintronics.networks.zoo import lenet
    >>> list(value_bits(lenet(), BitWidths(1, 2), FirstLayer.PRACTICAL).values())
    [8, 2, 2, 2, 2, 2, 32]
    """
    weighted, inner, image = {work.name for work in network.work}, inner_values(network), of_image(network)
    bits = {INPUT: first_layer.input_bits}
    for layer, sources in zip(network.layers, network.sources, strict=True):
        if layer.name in image:
            bits[layer.name] = first_layer.input_bits
        elif layer.name in inner:
            bits[layer.name] = widths.inputs
        else:
            bits[layer.name] = sum_bits if layer.name in weighted else max(bits[source] for source in sources)
    return bits


@dataclass(frozen=True)
class AndOperations:
    """One-bit ANDs of one layer for one image: macs · w_bits · input_bits.

    Attributes:
        w_bits, i_bits: the configuration W:I.
        first_layer: the convention.
        input_bits: of this layer's inputs: i_bits, or the convention's where it takes the image.
    """

    network: str
    layer: str
    w_bits: int
    i_bits: int
    first_layer: FirstLayer
    and_operations: int
    input_bits: int


def and_operations(network: Network, widths: BitWidths, first_layer: FirstLayer) -> tuple[AndOperations, ...]:
    """One-bit ANDs of each weighted layer for one image, in order.

    The convention replaces the input width of layers that take the image, whatever I is; all others are those of W:I.

    >>> from spintronics.networks.zoo import svhn
    >>> for row in and_operations(svhn(), BitWidths(1, 1), FirstLayer.SEED)[:2]:
    ...     print(row.layer, row.w_bits, row.i_bits, row.input_bits, row.and_operations)
    conv0 1 1 32 149299200
    conv1 1 1 1 8957952
    """
    rows, image = [], image_layers(network)
    for work in network.work:
        bits = first_layer.input_bits if work.name in image else widths.inputs
        ands = work.macs * widths.weights * bits
        rows.append(AndOperations(network.name, work.name, widths.weights, widths.inputs, first_layer, ands, bits))
    return tuple(rows)


@dataclass(frozen=True)
class TrainingStep:
    """One-bit ANDs of one layer for one image of a training step.

    Attributes:
        forward: macs · w_bits · input_bits, the ANDs of inference.
        input_gradient: macs · w_bits · gradient bits; not needed of a layer that takes the image: nothing there learns.
        weight_gradient: macs · input_bits · gradient bits; not in the slides' complexity.
    """

    network: str
    layer: str
    forward: int
    input_gradient: int
    weight_gradient: int

    @property
    def total(self) -> int:
        """All three."""
        return self.forward + self.input_gradient + self.weight_gradient


def training_step(
    network: Network, widths: BitWidths, first_layer: FirstLayer, gradient_bits: int = GRADIENT_BITS
) -> tuple[TrainingStep, ...]:
    """One-bit ANDs of each weighted layer for one image of a training step, in order.

    The update of the weights themselves, in full precision, is no bit-wise work and not in.

    Raises:
        InputError: gradient_bits not within 1 and 32.

    >>> from spintronics.networks.zoo import lenet
    >>> for row in training_step(lenet(), BitWidths(1, 2), FirstLayer.PRACTICAL)[:2]:
    ...     print(row.layer, row.forward, row.input_gradient, row.weight_gradient)
    conv1 2304000 0 18432000
    conv2 3200000 12800000 25600000
    """
    if not 1 <= gradient_bits <= _MAX_BITS:
        raise InputError(f"gradient_bits = {gradient_bits}: must be a whole number from 1 to {_MAX_BITS}")
    image = image_layers(network)
    return tuple(
        TrainingStep(
            network.name,
            row.layer,
            row.and_operations,
            work.macs * row.w_bits * gradient_bits if work.name not in image else 0,
            work.macs * row.input_bits * gradient_bits,
        )
        for row, work in zip(and_operations(network, widths, first_layer), network.work, strict=True)
    )
