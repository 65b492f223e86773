"""Bit widths W:I, and the bit-wise AND operations they cost.

    I * W = Σ_m Σ_n 2^(m+n) bitcount(and(C_n(W), C_m(I)))

so that one multiply-accumulate of a W-bit weight and an I-bit input is W·I one-bit ANDs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from spintronics.errors import InputError
from spintronics.networks.layers import Network

_MAX_BITS = 32


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

    def training_complexity(self, gradient_bits: int = 8) -> int:
        """W·I + W·G for G-bit gradients, as in the slides' table."""
        return self.weights * self.inputs + self.weights * gradient_bits


class FirstLayer(StrEnum):
    """Input width of the first weighted layer, which sees the image and is not quantized to I bits.

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


@dataclass(frozen=True)
class AndOperations:
    """One-bit ANDs of one layer for one image: macs · w_bits · input_bits.

    Attributes:
        w_bits, i_bits: the configuration W:I.
        first_layer: the convention.
        input_bits: of this layer's inputs: i_bits, or the convention's in the first layer.
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

    The convention replaces the input width of layer 1 only, whatever I is; all other widths are those of W:I.

    >>> from spintronics.networks.zoo import svhn
    >>> for row in and_operations(svhn(), BitWidths(1, 1), FirstLayer.SEED)[:2]:
    ...     print(row.layer, row.w_bits, row.i_bits, row.input_bits, row.and_operations)
    conv0 1 1 32 149299200
    conv1 1 1 1 8957952
    """
    rows = []
    for index, work in enumerate(network.work):
        bits = first_layer.input_bits if index == 0 else widths.inputs
        ands = work.macs * widths.weights * bits
        rows.append(AndOperations(network.name, work.name, widths.weights, widths.inputs, first_layer, ands, bits))
    return tuple(rows)
