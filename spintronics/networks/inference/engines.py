"""The two ways to compute a layer's sums, with one answer.

planes  what the array does: bit planes packed into 64-bit words, AND, bitcount, shift, sum.  Every AND can be seen.
blas    whole numbers in a floating-point matrix product, where a bound on the sums proves it exact.

Both take the same errors and, from the same random stream, return the same disturbed sums.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from spintronics.errors import InputError
from spintronics.networks.inference.access_errors import add_errors, are_few
from spintronics.networks.inference.bitcounts import add_bitcounts, is_compiled
from spintronics.networks.inference.faults import ErrorModel, Readings
from spintronics.networks.inference.formats import IntArray
from spintronics.networks.inference.layers import NumberArray, Weighted, largest_row
from spintronics.networks.inference.packing import Words, ones, packed
from spintronics.networks.inference.windows import input_values, outputs, packed_windows, windows
from spintronics.networks.layers import Convolution

_TILE = 2**20  # numbers in the windows of a matrix product at once: they stay in a core's cache
_FEW_PAIRS = 16  # pairs of planes, of ANDs and bitcounts, in the time of one multiplication, as measured
_EXACT: tuple[tuple[int, npt.DTypeLike], ...] = ((2**24, np.float32), (2**53, np.float64))


class Engine(StrEnum):
    """Which of the two."""

    PLANES = "planes"
    BLAS = "blas"


def faster(layer: Weighted) -> Engine:
    """The engine that takes less time for a layer: `planes` is the faster one where it is compiled and bits are few.

    >>> from spintronics.networks import FullyConnected
    >>> from spintronics.networks.inference import Coding, Format
    >>> wide = Format(8, Coding.UNSIGNED)
    >>> faster(Weighted(FullyConnected("fc", 1, 1, bias=False), np.array([[1]]), wide, wide)).value
    'blas'
    """
    few = layer.weight_format.bits * layer.input_format.bits <= _FEW_PAIRS
    return Engine.PLANES if few and is_compiled() else Engine.BLAS


@dataclass(frozen=True, eq=False)
class PlaneAnds:
    """The ANDs of one weight plane with one input plane, as a hook sees them.

    Bits are packed into uint64 words, tap k of a dot product in bit k % 64 of word k // 64.

    Attributes:
        layer, group: which dot products.
        weight_plane, input_plane: 0 is the lowest.
        weights: (outputs, words).
        inputs: (windows, words); windows run over images, then rows, then columns.
        bits: and(weights, inputs), (windows, outputs, words).
    """

    layer: Weighted
    group: int
    weight_plane: int
    input_plane: int
    weights: Words
    inputs: Words
    bits: Words


Hook = Callable[[PlaneAnds], Words]
"""Sees the ANDs of a pair of planes and returns the bits to be counted: `ands.bits`, or an altered copy."""


@dataclass(frozen=True)
class Disturbance:
    """Independent errors at each access, drawn from one stream in the order of the sums.

    Attributes:
        readings: of static faults beside them; None for none.
    """

    errors: ErrorModel
    random: np.random.Generator
    readings: Readings | None = None


def accumulate(
    engine: Engine,
    layer: Weighted,
    x: IntArray,
    disturbance: Disturbance | Readings | None = None,
    hook: Hook | None = None,
) -> IntArray:
    """A layer's sums, bias included.

    Args:
        engine: which way.
        layer: weights and shape.
        x: (images, height, width, channels), values of the layer's input format; not checked here.
        disturbance: errors of the ANDs; None for none.
        hook: of the ANDs; engine `planes` without errors or static faults alone.
    Returns:
        int32 where no sum can be larger, else int64; (images, height, width, channels).
    Raises:
        InputError: sums too large for the engine to be exact, or a hook where there are no ANDs to see.
    """
    access, readings = (
        (disturbance, disturbance.readings) if isinstance(disturbance, Disturbance) else (None, disturbance)
    )
    if hook is not None and (engine is not Engine.PLANES or disturbance is not None):
        raise InputError(
            f"layer {layer.name}: hook on engine {engine}: must be planes, without errors or static faults"
        )
    if hook is not None or (access is not None and not are_few(layer, access.errors)):
        groups = _bitcount_by_bitcount(engine, layer, x, access, hook)
    else:
        groups = _whole_sums(engine, layer, x, readings)
        if access is not None:
            _require_int64(layer)
            add_errors(layer, layer.input_format.codes(x), groups, access.errors, access.random, readings)
    sums = outputs(layer, groups, x.shape)
    if layer.bias is not None:
        sums += layer.bias.astype(sums.dtype)
    return sums


def _whole_sums(engine: Engine, layer: Weighted, x: IntArray, readings: Readings | None) -> list[IntArray]:
    """Sums of each group, (windows, outputs), right but for static faults."""
    if engine is Engine.BLAS and readings is None:
        rows = layer.rows_as(_exact_type(layer, layer.largest_sum))
        return _products(layer, x, rows, layer.largest_sum)
    if engine is Engine.BLAS and readings is not None:
        groups = _read_products(layer, x, readings)
    else:
        _require_int64(layer)
        groups = _count_planes(layer, layer.input_format.codes(x), readings)
    return _with_input_offset(layer, x, groups)


def _bitcount_by_bitcount(
    engine: Engine, layer: Weighted, x: IntArray, disturbance: Disturbance | None, hook: Hook | None
) -> list[IntArray]:
    """Sums of each group where errors are drawn for each bitcount, or its ANDs are shown to a hook.

    Few images at a time: each plane has its windows.
    """
    _require_int64(layer)
    codes = layer.input_format.codes(x)
    each = max(1, _TILE // (input_values(layer, x.shape) * layer.input_format.bits))
    tiles = []
    for start in range(0, len(x), each):
        groups = []
        for group, taps in enumerate(windows(layer, codes[start : start + each])):
            if disturbance is not None and disturbance.readings is not None:
                groups.append(_read_disturbed(engine, layer, group, taps, disturbance.readings, disturbance))
            elif engine is Engine.PLANES:
                groups.append(_count_packed(layer, group, taps, disturbance, hook))
            else:
                groups.append(_count_products(layer, group, taps, disturbance))
        tiles.append(groups)
    return _with_input_offset(layer, x, [np.concatenate(sums) for sums in zip(*tiles, strict=True)])


def _with_input_offset(layer: Weighted, x: IntArray, groups: list[IntArray]) -> list[IntArray]:
    """With what the offset of the inputs' format adds, which the planes do not hold."""
    if offset := layer.input_format.offset:
        for sums, inside in zip(groups, _weights_inside(layer, x), strict=True):
            sums += (offset * inside).astype(sums.dtype)
    return groups


def _sum_type(layer: Weighted) -> npt.DTypeLike:
    """int32 where no sum, nor any part of one, with errors or without, is larger."""
    bias = 0 if layer.bias is None else int(np.abs(layer.bias.astype(np.int64)).max())
    return np.int32 if _largest_part(layer) + bias < 2**31 else np.int64


def _largest_part(layer: Weighted) -> int:
    return layer.dot_length << (layer.weight_format.bits + layer.input_format.bits + 2)


# --- planes -----------------------------------------------------------------------------------------------------------


def _count_planes(layer: Weighted, codes: NumberArray, readings: Readings | None) -> list[IntArray]:
    """From packed planes; with static faults a tap reads one thing against input 1, another against input 0."""
    p, q = (np.array(f.plane_weights, np.int64) for f in (layer.weight_format, layer.input_format))
    inputs = packed_windows(layer, codes)
    on_one = layer.packed_rows if readings is None else packed(readings.on_one)
    on_zero = None if readings is None else packed(readings.on_zero)
    groups = []
    for group in range(layer.groups):
        rows = inputs[:, group]
        sums = np.zeros((rows.shape[1], layer.rows.shape[1]), _sum_type(layer))
        add_bitcounts(sums, on_one[:, group], rows, p[:, None] * q)
        if on_zero is not None:
            add_bitcounts(sums, on_zero[:, group], ~rows, p[:, None] * q)  # beyond the last tap on_zero is 0
        if layer.weight_format.offset:
            sums += (layer.weight_format.offset * (q @ ones(rows)))[:, None].astype(sums.dtype)
        groups.append(sums)
    return groups


def _count_packed(
    layer: Weighted, group: int, taps: NumberArray, disturbance: Disturbance | None, hook: Hook | None
) -> IntArray:
    weights = list(layer.packed_rows[:, group])
    inputs = [packed(taps >> m & 1) for m in range(layer.input_format.bits)]
    valid = packed(np.ones(layer.dot_length, np.uint8))

    def count(n: int, m: int) -> IntArray:
        if hook is None:
            return _bitcounts(weights[n], inputs[m])
        bits = inputs[m][:, None] & weights[n]
        seen = hook(PlaneAnds(layer, group, n, m, weights[n], inputs[m], bits))
        return ones(seen & valid)

    return _sum(layer, count, [ones(w) for w in weights], [ones(x) for x in inputs], disturbance)


def _bitcounts(weights: Words, inputs: Words) -> IntArray:
    """bitcount(and(w, x)) of every window with every output: (windows, outputs)."""
    counts = np.zeros((len(inputs), len(weights)), np.int64)
    add_bitcounts(counts, weights[None], inputs[None], np.ones((1, 1), np.int64))
    return counts


# --- blas -------------------------------------------------------------------------------------------------------------


def _count_products(layer: Weighted, group: int, taps: NumberArray, disturbance: Disturbance | None) -> IntArray:
    """Bitcounts of pairs of planes as products of zeros and ones."""
    exact = _smallest_exact(layer.dot_length) or np.float64
    weights = [(layer.row_codes[group] >> n & 1).astype(exact) for n in range(layer.weight_format.bits)]
    inputs = [(taps >> m & 1).astype(exact) for m in range(layer.input_format.bits)]

    def count(n: int, m: int) -> IntArray:
        return _bit_products(weights[n], inputs[m])

    ones = [[plane.sum(axis=-1).astype(np.int64) for plane in planes] for planes in (weights, inputs)]
    return _sum(layer, count, ones[0], ones[1], disturbance)


def _products(layer: Weighted, x: IntArray, rows: NumberArray, largest: int) -> list[IntArray]:
    """Windows times rows, (groups, outputs, dot length); no sum is larger than `largest`, which `rows` hold exactly.

    Where sums are small, two images share a product: of a + base·b, base = 2·largest + 1, the sum is
    Σ w·a + base·Σ w·b, and its two parts are told apart as |Σ w·a| ≤ largest.
    """
    exact = rows.dtype
    whole = _sum_type(layer) if exact == np.float32 else np.int64
    base = 2 * largest + 1
    if len(x) < 2 or largest * (base + 1) >= _EXACT[0][0]:
        return _tiled(layer, x.astype(exact), rows, whole)
    half = -(-len(x) // 2)
    both = x[:half].astype(exact)
    both[: len(x) - half] += base * x[half:].astype(exact)
    return [_parted(sums, largest, len(sums) // half * len(x)) for sums in _tiled(layer, both, rows, whole)]


def _tiled(layer: Weighted, x: NumberArray, rows: NumberArray, whole: npt.DTypeLike) -> list[IntArray]:
    """Products of a few images at a time, as whole numbers of a type that holds them."""
    each = max(1, _TILE // input_values(layer, x.shape))
    tiles = [
        [_product(c, r).astype(whole) for c, r in zip(windows(layer, x[n : n + each]), rows, strict=True)]
        for n in range(0, len(x), each)
    ]
    return [np.concatenate(sums) if len(sums) > 1 else sums[0] for sums in zip(*tiles, strict=True)]


def _product(columns: NumberArray, rows: NumberArray) -> NumberArray:
    """columns · rowsᵀ; a few columns are faster as the second factor, whose blocks BLAS copies."""
    few = 4 * len(columns) < len(rows)
    product: NumberArray = np.ascontiguousarray((rows @ columns.T).T) if few else columns @ rows.T
    return product


def _parted(both: IntArray, largest: int, windows: int) -> IntArray:
    """The sums of the first images, then those of the second, from their shared ones; so many windows in all."""
    sums = np.empty((windows, both.shape[1]), both.dtype)
    first, second = sums[: len(both)], sums[len(both) :]
    high = both + both.dtype.type(largest)
    high //= both.dtype.type(2 * largest + 1)
    second[...] = high[: len(second)]
    high *= both.dtype.type(2 * largest + 1)
    np.subtract(both, high, out=first)
    return sums


def _read_products(layer: Weighted, x: IntArray, readings: Readings) -> list[IntArray]:
    """Static faults as other weights and a constant, so that the sum stays a product."""
    planes = layer.input_format.plane_weights
    largest_input = max(sum(q for q in planes if q > 0), -sum(q for q in planes if q < 0))
    largest = largest_row(readings.rows) * largest_input
    without_offset = x.astype(np.int64) - layer.input_format.offset if layer.input_format.offset else x
    rows = readings.rows.astype(_exact_type(layer, largest))
    groups = _products(layer, without_offset, rows, largest)
    for sums, constants in zip(groups, readings.constants, strict=True):
        sums += constants.astype(sums.dtype)
    return groups


def _exact_type(layer: Weighted, largest: int) -> npt.DTypeLike:
    """Narrowest float in which no sum up to that magnitude rounds."""
    exact = _smallest_exact(largest)
    if exact is None:
        raise InputError(
            f"layer {layer.name}: sums of up to {largest.bit_length()} bits: engine blas is exact to 53: "
            f"must be engine planes, or fewer bits"
        )
    return exact


def _smallest_exact(largest: int) -> npt.DTypeLike | None:
    return next((kind for limit, kind in _EXACT if largest < limit), None)


def _bits_as(kind: npt.DTypeLike) -> Callable[[NumberArray], NumberArray]:
    return lambda bits: bits.astype(kind)


def _bit_products(weights: NumberArray, inputs: NumberArray) -> IntArray:
    counts: IntArray = (inputs @ weights.T).astype(np.int64)
    return counts


# --- both -------------------------------------------------------------------------------------------------------------


def _read_disturbed(
    engine: Engine, layer: Weighted, group: int, taps: NumberArray, readings: Readings, disturbance: Disturbance
) -> IntArray:
    """Static faults, and independent errors of the ANDs that those leave right."""
    encode, bitcounts = (
        (packed, _bitcounts)
        if engine is Engine.PLANES
        else (_bits_as(_smallest_exact(layer.dot_length) or np.float64), _bit_products)
    )
    ones = [encode(taps >> m & 1) for m in range(layer.input_format.bits)]
    zeros = [encode(~taps >> m & 1) for m in range(layer.input_format.bits)]
    read_one, read_zero = ([encode(plane) for plane in on[:, group]] for on in (readings.on_one, readings.on_zero))
    erring = {
        (weight, bit): [encode(plane) for plane in readings.right(weight, bit)[:, group]]
        for (weight, bit), p in disturbance.errors.by_pair.items()
        if p
    }

    def count(n: int, m: int) -> IntArray:
        counts = bitcounts(read_one[n], ones[m]) + bitcounts(read_zero[n], zeros[m])
        pairs = {pair: bitcounts(rows[n], (ones if pair[1] else zeros)[m]) for pair, rows in erring.items()}
        return disturbance.errors.misread(counts, pairs, disturbance.random)

    return _sum(layer, count, [], [(taps >> m & 1).sum(axis=-1, dtype=np.int64) for m in range(len(ones))], None)


def _sum(
    layer: Weighted,
    count: Callable[[int, int], IntArray],
    weight_ones: list[IntArray],
    input_ones: list[IntArray],
    disturbance: Disturbance | None,
) -> IntArray:
    """Shift and sum of the bitcounts of all pairs of planes, and the Σ x of the weights' offset.

    Σ x is a plain bitcount of the input rows, which no AND is needed for: it has no errors.
    """
    total = np.zeros((len(input_ones[0]), layer.rows.shape[1]), np.int64)
    for m, q in enumerate(layer.input_format.plane_weights):
        for n, p in enumerate(layer.weight_format.plane_weights):
            counts = count(n, m)
            if disturbance is not None:
                counts = disturbance.errors.read(
                    counts, weight_ones[n], input_ones[m], layer.dot_length, disturbance.random
                )
            counts *= p * q
            total += counts
        total += layer.weight_format.offset * q * input_ones[m][:, None]
    return total


def _weights_inside(layer: Weighted, x: IntArray) -> list[IntArray]:
    """Σ w over the taps of each window that are not zero padding; of each group (windows, outputs), or (outputs,)."""
    if not (isinstance(layer.shape, Convolution) and layer.shape.padding):
        return list(layer.row_sums)
    largest = largest_row(layer.rows)
    inside = _products(layer, np.ones((1, *x.shape[1:]), np.int8), layer.rows_as(_exact_type(layer, largest)), largest)
    return [np.tile(sums.astype(np.int64), (len(x), 1)) for sums in inside]


def _require_int64(layer: Weighted) -> None:
    """Refuse what 64-bit sums cannot hold, the parts of bipolar ones included."""
    largest = _largest_part(layer)
    if largest >= 2**63:
        raise InputError(
            f"layer {layer.name}: sums of up to {largest.bit_length()} bits at {layer.weight_format.bits}:"
            f"{layer.input_format.bits}: must be at most 63: take fewer bits"
        )
