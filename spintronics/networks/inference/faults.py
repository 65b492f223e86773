"""Wrong readings of the array's ANDs: independent ones at every access, and cells or columns that stay weak.

The pair of an AND is (weight bit, input bit), in this order in every name: p10 is the probability that the AND of a
stored weight 1 and an input 0 is read as 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from spintronics.errors import InputError
from spintronics.networks.inference.formats import IntArray
from spintronics.networks.inference.layers import Weighted
from spintronics.networks.inference.sub_array import SubArray

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class ErrorModel:
    """Probability of a wrong reading of one AND, by the pair of (weight bit, input bit); each access is independent.

    Attributes:
        p11: the AND reads 0 in place of 1.
        p10, p01, p00: the AND reads 1 in place of 0.
    Raises:
        InputError: a probability outside 0 to 1.

    A bitcount over n ANDs with n11, n10, n01 and n00 pairs reads, exactly in distribution,

        n11 − Binomial(n11, p11) + Binomial(n10, p10) + Binomial(n01, p01) + Binomial(n00, p00)

    Zero padding is input bits of 0, whose ANDs are made and can err like any other.
    """

    p11: float = 0.0
    p10: float = 0.0
    p01: float = 0.0
    p00: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            if not 0 <= (p := getattr(self, field.name)) <= 1:
                raise InputError(f"error model: {field.name} = {p}: must be a probability, 0 to 1")

    def read(
        self, n11: IntArray, weight_ones: IntArray, input_ones: IntArray, length: int, random: np.random.Generator
    ) -> IntArray:
        """Bitcounts as read.

        Args:
            n11: true bitcounts, (windows, outputs).
            weight_ones: ones in each output's weight bits, (outputs,).
            input_ones: ones in each window's input bits, (windows,).
            length: ANDs in each bitcount.
            random: advanced by what is drawn.

        >>> always = ErrorModel(p11=1, p10=1, p01=1, p00=1)
        >>> counts = np.array([[3, 2]]), np.array([4, 2]), np.array([5])
        >>> always.read(*counts, 10, np.random.default_rng(1)).tolist()
        [[7, 8]]
        """
        n10 = weight_ones - n11
        n01 = input_ones[:, None] - n11
        n00 = length - n11 - n10 - n01
        return self.misread(n11, {(1, 1): n11, (1, 0): n10, (0, 1): n01, (0, 0): n00}, random)

    def misread(
        self, counts: IntArray, pairs: Mapping[tuple[int, int], IntArray], random: np.random.Generator
    ) -> IntArray:
        """Bitcounts after the errors of some of their ANDs.

        Args:
            counts: before, (windows, outputs).
            pairs: ANDs that can err, by (weight bit, input bit); each of the shape of ``counts``.
            random: advanced by what is drawn.
        """
        read = counts.copy()
        for pair, p in self.by_pair.items():
            if p:
                read += (-1 if pair == (1, 1) else 1) * random.binomial(pairs[pair], p)
        return read

    @property
    def by_pair(self) -> dict[tuple[int, int], float]:
        """Probabilities by (weight bit, input bit), in the order in which errors are drawn."""
        return {(1, 1): self.p11, (1, 0): self.p10, (0, 1): self.p01, (0, 0): self.p00}


@dataclass(frozen=True)
class StaticFaults:
    """Weak cells, or weak columns, whose ANDs of some pairs always read wrong: process variation, drawn once per seed.

    Attributes:
        rates: share of the cells (columns) that are weak for each pair; one can be weak for several.
        columns_of: None: each cell that holds a weight bit is weak by itself, against every input plane.  Otherwise
            a column of a sub-array is: all weight bits stored in it share its faults, as with a weak sense amplifier,
            and layers are laid into sub-arrays of these rows and columns as in `sub_array`.
    """

    rates: ErrorModel
    columns_of: SubArray | None = None

    def readings(self, layer: Weighted, random: np.random.Generator) -> "Readings":
        """What each weight cell's AND reads for either input bit.

        Raises:
            InputError: the sub-array has too few rows for a kernel and a window.
        """
        groups, outputs, length = layer.rows.shape
        planes = layer.weight_format.bits
        if self.columns_of is None:
            shape: tuple[int, ...] = (planes, groups, outputs, length)
            where = np.arange(outputs)
        else:
            where = np.arange(outputs) // self.columns_of.kernels(layer)
            shape = (1, groups, int(where[-1]) + 1, length)

        def weak(share: float) -> BoolArray:
            whole = (planes, groups, outputs, length)
            if share == 0:
                return np.broadcast_to(np.False_, whole)
            return np.broadcast_to((random.random(shape) < share)[:, :, where], whole)

        bits = (layer.row_codes >> np.arange(planes, dtype=np.uint32)[:, None, None, None]) & 1 == 1
        r = self.rates
        on_one = np.where(bits, ~weak(r.p11), weak(r.p01))
        on_zero = np.where(bits, weak(r.p10), weak(r.p00))
        return Readings(layer, on_one, on_zero)


@dataclass(frozen=True)
class ArrayErrors:
    """Weak cells or columns, and independent errors in the accesses that those leave right.

    A weak cell reads wrong at every access; an independent error does not put it right again.
    """

    access: ErrorModel
    static: StaticFaults


Errors: TypeAlias = ErrorModel | StaticFaults | ArrayErrors
"""What can be wrong with the ANDs of a layer."""


@dataclass(frozen=True, eq=False)
class Readings:
    """What the AND of a layer's weight bits reads, (planes, groups, outputs, dot length) each.

    Attributes:
        layer: whose.
        on_one: where the input bit is 1; the weight bit itself in an ideal array.
        on_zero: where the input bit is 0; 0 in an ideal array.
    """

    layer: Weighted
    on_one: BoolArray
    on_zero: BoolArray

    @cached_property
    def rows(self) -> IntArray:
        """Weights that an ideal array would need to read the same: reading = on_zero + bit · (on_one − on_zero).

        Of inputs without their offset; (groups, outputs, dot length), in a type that holds 2^(bits + 2).
        """
        f = self.layer.weight_format
        rows = np.full(self.on_one.shape[1:], f.offset, np.min_scalar_type(-(2 ** (f.bits + 2))))
        for p, one, zero in zip(f.plane_weights, self.on_one, self.on_zero, strict=True):
            rows += rows.dtype.type(p) * (one.astype(np.int8) - zero.astype(np.int8))
        return rows

    @cached_property
    def constants(self) -> npt.NDArray[np.int64]:
        """What is read without any input, beside `rows`; (groups, outputs)."""
        zeros = np.tensordot(self.layer.weight_format.plane_weights, self.on_zero.sum(axis=-1, dtype=np.int64), axes=1)
        constants: npt.NDArray[np.int64] = zeros * sum(self.layer.input_format.plane_weights)
        return constants

    def right(self, weight: int, bit: int) -> BoolArray:
        """Taps of a weight bit that read right against an input bit; (planes, groups, outputs, dot length)."""
        planes = np.arange(self.layer.weight_format.bits, dtype=np.uint32)[:, None, None, None]
        of_weight = (self.layer.row_codes >> planes & 1) == weight
        read = self.on_one if bit else self.on_zero
        right: BoolArray = of_weight & (read == (weight & bit))
        return right
