"""Layers as the array computes them: shapes of `spintronics.networks.layers` with the numbers that go into them.

Arrays between layers are channels last, (images, height, width, channels).  What they hold is a `Kind`: coded values
of a `Format`, plain integers (sums), or reals (between a normalization and a quantizer).  Each layer says which kinds
it takes and what it gives, so that a chain is checked when a network is made and not when it runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from spintronics.errors import InputError
from spintronics.networks.inference.formats import Coding, Format, IntArray
from spintronics.networks.inference.packing import Words, packed
from spintronics.networks.layers import Convolution, FullyConnected, Pool

FloatArray = npt.NDArray[np.float64]
NumberArray = npt.NDArray[Any]

Kind: TypeAlias = Format | Literal["integers", "reals"]
"""What an array between two layers holds."""

PIXELS = Format(8, Coding.UNSIGNED)
SIGN = Format(1, Coding.BIPOLAR)


@dataclass(frozen=True, eq=False)
class Weighted:
    """A convolution or fully connected layer with its weights: the layers that are ANDs and bitcounts.

    Attributes:
        shape: name and sizes.  Its `bias` says whether there is one.
        weights: whole numbers; (out_channels, in_channels / groups, kernel, kernel) of a convolution; (out_features,
            in_features) of a fully connected layer, its features in the order (channel, height, width).
        weight_format, input_format: bit planes of weights and inputs.
        bias: whole numbers in units of the sums, (out_channels,); None without.
    Raises:
        InputError: weights of the wrong shape or outside their format; a bias missing or too many.

    >>> layer = Weighted(FullyConnected("fc", 3, 1, bias=False), np.array([[1, -1, 1]]), SIGN, PIXELS)
    >>> layer.largest_sum
    765
    """

    shape: Convolution | FullyConnected
    weights: IntArray
    weight_format: Format
    input_format: Format
    bias: IntArray | None = None

    def __post_init__(self) -> None:
        where, shape = f"layer {self.name}", self.shape
        right = (
            (shape.out_channels, shape.in_channels // shape.groups, shape.kernel, shape.kernel)
            if isinstance(shape, Convolution)
            else (shape.out_features, shape.in_features)
        )
        _require_shape(f"{where}: weights", self.weights, right)
        self.weight_format.check(f"{where}: weight", self.weights)
        if (self.bias is not None) != shape.bias:
            raise InputError(f"{where}: bias {'missing' if shape.bias else 'given'}: its shape has bias = {shape.bias}")
        if self.bias is not None:
            _require_shape(f"{where}: bias", self.bias, right[:1])
            Format(32, Coding.TWOS_COMPLEMENT).check(f"{where}: bias", self.bias)

    @property
    def name(self) -> str:
        """Of its shape."""
        return self.shape.name

    @property
    def groups(self) -> int:
        """Groups of channels that do not see each other."""
        return self.shape.groups if isinstance(self.shape, Convolution) else 1

    @cached_property
    def rows(self) -> IntArray:
        """Weights as dot products: (groups, outputs per group, dot length), taps in the order of a window.

        A window of a convolution runs over kernel row, kernel column, channel.
        """
        last = self.weights.astype(self.weight_format.dtype)
        if isinstance(self.shape, Convolution):
            last = last.transpose(0, 2, 3, 1)
        return np.ascontiguousarray(last.reshape(self.groups, last.shape[0] // self.groups, -1))

    @cached_property
    def row_codes(self) -> npt.NDArray[np.unsignedinteger[Any]]:
        """Bit patterns of `rows`."""
        return self.weight_format.codes(self.rows)

    @cached_property
    def row_sums(self) -> npt.NDArray[np.int64]:
        """Σ w of each row, (groups, outputs per group)."""
        sums: npt.NDArray[np.int64] = self.rows.sum(axis=2, dtype=np.int64)
        return sums

    @cached_property
    def packed_rows(self) -> Words:
        """Bit planes of `row_codes` in words, (weight planes, groups, outputs per group, words)."""
        return np.stack([packed(self.row_codes >> n & 1) for n in range(self.weight_format.bits)])

    def rows_as(self, kind: npt.DTypeLike) -> NumberArray:
        """`rows` in a floating-point type, kept for the next call."""
        key = np.dtype(kind)
        if key not in self._as_floats:
            self._as_floats[key] = self.rows.astype(key)
        return self._as_floats[key]

    @cached_property
    def _as_floats(self) -> dict[np.dtype[Any], NumberArray]:
        return {}

    @cached_property
    def cells(self) -> tuple[list[IntArray], list[IntArray]]:
        """Weight bits that hold 0, and those that hold 1, of each group: places in (planes, outputs, dot length)."""
        bits = self.weight_format.bits
        kind = np.int32 if bits * self.rows[0].size < 2**31 else np.int64
        planes = [np.stack([codes >> n & 1 for n in range(bits)]).ravel() for codes in self.row_codes]

        def holding(bit: int) -> list[IntArray]:
            return [np.flatnonzero(plane == bit).astype(kind) for plane in planes]

        return holding(0), holding(1)

    @property
    def dot_length(self) -> int:
        """Taps of one dot product."""
        return int(self.rows.shape[2])

    @cached_property
    def largest_sum(self) -> int:
        """No sum of this layer, nor any part of one, is larger than this in magnitude; the bias comes on top."""
        largest_input = max(-self.input_format.lowest, self.input_format.highest)
        return largest_row(self.rows) * largest_input

    def kind(self, before: Kind, channels: int) -> Kind:
        """Sums of inputs of its own format."""
        if before != self.input_format:
            raise InputError(f"layer {self.name}: its inputs are {before}: must be {self.input_format}")
        return "integers"


@dataclass(frozen=True, eq=False)
class LookUp:
    """Every pixel value replaced by another: how a network codes its images.

    Attributes:
        values: (256,), one per pixel value.
        output: their format.
    Raises:
        InputError: not 256 values, or values outside the format.
    """

    name: str
    values: IntArray
    output: Format

    def __post_init__(self) -> None:
        _require_shape(f"layer {self.name}: values", self.values, (256,))
        self.output.check(f"layer {self.name}: value", self.values)

    def kind(self, before: Kind, channels: int) -> Kind:
        """Pixels become the table's format."""
        if before != PIXELS:
            raise InputError(f"layer {self.name}: its inputs are {before}: must be pixels, {PIXELS}")
        return self.output

    def apply(self, x: NumberArray) -> NumberArray:
        """Look up."""
        return self.values.astype(self.output.dtype)[x]


@dataclass(frozen=True, eq=False)
class Threshold:
    """Multi-level comparison: code = number of thresholds that a sum is above, per channel.

        code = Σ_t [s·sum > threshold_t],  s = +1, or −1 in a channel that falls (a negative batch-norm scale)

    Attributes:
        thresholds: whole numbers, (levels, channels), levels = 2^bits − 1 of the output.
        output: format of the codes; bipolar for a network of ±1.
        rising: (channels,); None where all are.
    Raises:
        InputError: another number of levels or channels.

    >>> step = Threshold("sign", np.array([[3, -2]]), SIGN, rising=np.array([True, False]))
    >>> step.apply(np.array([[3, 1], [4, 2]])).tolist()
    [[-1, 1], [1, -1]]
    """

    name: str
    thresholds: IntArray
    output: Format
    rising: npt.NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        where, levels = f"layer {self.name}", 2**self.output.bits - 1
        if self.thresholds.dtype.kind not in "iu" or self.thresholds.ndim != 2 or len(self.thresholds) != levels:
            raise InputError(
                f"{where}: thresholds of type {self.thresholds.dtype} and shape {self.thresholds.shape}: must be "
                f"whole numbers, ({levels}, channels) for {self.output}"
            )
        if self.rising is not None:
            _require_shape(f"{where}: rising", self.rising, self.thresholds.shape[1:])

    def kind(self, before: Kind, channels: int) -> Kind:
        """Whole numbers become the output's codes."""
        _require_channels(self.name, "thresholds", self.thresholds.shape[1], channels)
        if before == "reals":
            raise InputError(f"layer {self.name}: its inputs are reals: must be whole numbers")
        return self.output

    def apply(self, x: NumberArray) -> NumberArray:
        """Compare."""
        whole = x if x.dtype.kind == "i" else x.astype(np.int64)
        # The lowest number of a type has no negative in it.
        signed = whole if self.rising is None else np.where(self.rising, whole, -whole.astype(np.int64))
        counts = np.zeros(x.shape, np.uint32 if self.output.bits > 7 else np.int8)
        narrow = np.iinfo(whole.dtype)
        fits = narrow.min <= self.thresholds.min() and self.thresholds.max() <= narrow.max
        for level in self.thresholds.astype(whole.dtype) if fits else self.thresholds:
            counts += signed > level
        return self.output.values(counts)


@dataclass(frozen=True, eq=False)
class BatchNorm:
    """Batch normalization with the statistics of training, unfolded.

        y = gamma · (unit·x − mean) / √(variance + epsilon) + beta

    Attributes:
        gamma, beta, mean, variance: (channels,).
        unit: what one unit of the incoming sums is worth, such as 1/((2^W − 1)(2^I − 1)) behind W:I layers of DoReFa.
    Raises:
        InputError: arrays of different lengths, or variance + epsilon ≤ 0.
    """

    name: str
    gamma: FloatArray
    beta: FloatArray
    mean: FloatArray
    variance: FloatArray
    epsilon: float = 1e-5
    unit: float = 1.0

    def __post_init__(self) -> None:
        for key in ("gamma", "beta", "mean", "variance"):
            _require_shape(f"layer {self.name}: {key}", getattr(self, key), (len(self.gamma),))
            _require_finite(f"layer {self.name}: {key}", getattr(self, key))
        if not (self.variance + self.epsilon > 0).all():
            raise InputError(
                f"layer {self.name}: variance + epsilon = {(self.variance + self.epsilon).min():g}: must be > 0"
            )

    def kind(self, before: Kind, channels: int) -> Kind:
        """Reals."""
        _require_channels(self.name, "gamma", len(self.gamma), channels)
        return "reals"

    def apply(self, x: NumberArray) -> NumberArray:
        """Normalize."""
        return self.gamma * (self.unit * x - self.mean) / np.sqrt(self.variance + self.epsilon) + self.beta

    def folded(self) -> "ScaleShift":
        """The same as one scale and one shift per channel.

        >>> one = np.ones(1)
        >>> norm = BatchNorm("bn", 2 * one, 3 * one, 5 * one, 4 * one, epsilon=0.0)
        >>> norm.folded().scale, norm.folded().shift, norm.apply(one) == norm.folded().apply(one)
        (array([1.]), array([-2.]), array([ True]))
        """
        scale = self.gamma / np.sqrt(self.variance + self.epsilon)
        return ScaleShift(self.name, self.unit * scale, self.beta - self.mean * scale)


@dataclass(frozen=True, eq=False)
class ScaleShift:
    """y = scale · x + shift per channel, both (channels,): what a batch normalization folds to."""

    name: str
    scale: FloatArray
    shift: FloatArray

    def __post_init__(self) -> None:
        _require_shape(f"layer {self.name}: shift", self.shift, self.scale.shape)
        _require_finite(f"layer {self.name}: scale", self.scale)
        _require_finite(f"layer {self.name}: shift", self.shift)

    def kind(self, before: Kind, channels: int) -> Kind:
        """Reals."""
        _require_channels(self.name, "scale", len(self.scale), channels)
        return "reals"

    def apply(self, x: NumberArray) -> NumberArray:
        """Scale and shift."""
        return self.scale * x + self.shift


@dataclass(frozen=True)
class Tanh:
    """(tanh(x) + 1)/2, from 0 to 1: the seed's activation ahead of a quantizer."""

    name: str

    def kind(self, before: Kind, channels: int) -> Kind:
        """Reals."""
        return "reals"

    def apply(self, x: NumberArray) -> NumberArray:
        """Activate."""
        return (np.tanh(x) + 1) / 2


@dataclass(frozen=True)
class Sign:
    """+1 where x ≥ 0, −1 below: the seed's activation of a binary network, with bits of its own."""

    name: str

    def kind(self, before: Kind, channels: int) -> Kind:
        """One bipolar bit."""
        return SIGN

    def apply(self, x: NumberArray) -> NumberArray:
        """Activate."""
        return np.where(x >= 0, np.int8(1), np.int8(-1))


@dataclass(frozen=True)
class Quantizer:
    """r_o = round((2^k − 1)·r_i)/(2^k − 1) of reals from 0 to 1 (clipped to that), held as the codes (2^k − 1)·r_o.

    Ties go to the even code.  The next layer's unit takes the 1/(2^k − 1).

    >>> Quantizer("q", 2).apply(np.array([-0.1, 0.4, 0.5, 0.6, 1.2])).tolist()
    [0, 1, 2, 2, 3]
    """

    name: str
    bits: int

    @property
    def output(self) -> Format:
        """Of the codes."""
        return Format(self.bits, Coding.UNSIGNED)

    def kind(self, before: Kind, channels: int) -> Kind:
        """Unsigned codes."""
        if before != "reals":
            raise InputError(f"layer {self.name}: its inputs are {before}: must be reals, 0 to 1")
        return self.output

    def apply(self, x: NumberArray) -> NumberArray:
        """Quantize."""
        codes: NumberArray = np.rint(np.clip(x, 0, 1) * (2**self.bits - 1)).astype(self.output.dtype)
        return codes


Elementwise: TypeAlias = LookUp | Threshold | BatchNorm | ScaleShift | Tanh | Sign | Quantizer
InferenceLayer: TypeAlias = Weighted | Pool | Elementwise


def folded_to_threshold(
    chain: Sequence[BatchNorm | ScaleShift | Tanh | Sign | Quantizer], channels: int, largest_sum: int
) -> Threshold:
    """Normalization, activation and quantizer as comparisons of whole numbers, the same to the last bit.

    Each threshold is the sum where the chain's own output steps, found by bisection over the integers, so that it
    holds the chain's rounding too.

    Args:
        chain: from sums to codes; monotonic in each channel, which these layers are.
        channels: of the sums.
        largest_sum: bound of their magnitude, such as `Weighted.largest_sum`; outside it the fold is not exact.
    Raises:
        InputError: the chain is empty or does not end in a Sign or Quantizer.

    >>> fold = folded_to_threshold([ScaleShift("bn", np.array([0.5, -1.0]), np.array([-1.2, 3.0])), Sign("s")], 2, 99)
    >>> fold.thresholds.tolist(), fold.rising.tolist()
    ([[2, -4]], [True, False])
    """
    if not chain or not isinstance(chain[-1], Sign | Quantizer):
        last = f"ends in {type(chain[-1]).__name__}" if chain else "is empty"
        raise InputError(f"threshold folding: the chain {last}: must end in a Sign or Quantizer")
    output = SIGN if isinstance(chain[-1], Sign) else chain[-1].output

    def codes(sums: NumberArray) -> NumberArray:
        for layer in chain:
            sums = layer.apply(sums)
        return output.codes(sums)

    ends = codes(np.repeat([[-largest_sum], [largest_sum]], channels, axis=1))
    rising = ends[1] >= ends[0]
    signs = np.where(rising, 1, -1)
    levels = np.arange(1, 2**output.bits)[:, None]
    below = np.full((len(levels), channels), -largest_sum - 1, np.int64)  # code there is lower than the level
    above = np.full_like(below, largest_sum + 1)  # or the level is not reached at all
    while (above - below > 1).any():
        middle = (below + above) // 2
        reached = codes(signs * middle) >= levels
        above, below = np.where(reached, middle, above), np.where(reached, below, middle)
    return Threshold(chain[-1].name, below, output, rising)


def pooled_kind(layer: Pool, before: Kind) -> Kind:
    """What a pool gives for what it gets.

    Raises:
        InputError: OR of more than one bit, an average that a shift cannot make (kernel² no power of two), or windows
            that are padding alone.
    """
    if layer.padding >= layer.kernel:
        raise InputError(f"layer {layer.name}: padding = {layer.padding}: must be below its kernel, {layer.kernel}")
    if layer.kind == "or" and not (isinstance(before, Format) and before.bits == 1):
        raise InputError(f"layer {layer.name}: OR pooling of {before}: must be one bit")
    if layer.kind != "average":
        return before
    area = layer.kernel**2
    if area & (area - 1):
        raise InputError(
            f"layer {layer.name}: average over {layer.kernel} × {layer.kernel}: the Shifter divides by powers of two: "
            f"kernel must be 1, 2, 4, …"
        )
    return "integers" if isinstance(before, Format) and before.coding is Coding.BIPOLAR else before


def largest_row(rows: IntArray) -> int:
    """Largest Σ |w| of a row, the last axis.

    >>> largest_row(np.array([[[-128, 127]]], np.int8))
    255
    """
    return max(int(np.abs(row, dtype=np.int64).sum()) for row in rows.reshape(-1, rows.shape[-1]))


def _require_shape(what: str, array: NumberArray, shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        raise InputError(f"{what} of shape {array.shape} ({prod(array.shape)} numbers): must be {shape}")


def _require_finite(what: str, array: FloatArray) -> None:
    if not np.isfinite(array).all():
        raise InputError(f"{what} = {array[~np.isfinite(array)][0]}: must be finite")


def _require_channels(name: str, key: str, found: int, channels: int) -> None:
    if found != channels:
        raise InputError(f"layer {name}: {key} for {found} channels: must be {channels}, the channels of its input")
