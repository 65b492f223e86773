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
from spintronics.networks.inference.faults import ErrorModel, Readings
from spintronics.networks.inference.formats import IntArray
from spintronics.networks.inference.layers import NumberArray, Weighted
from spintronics.networks.inference.windows import outputs, windows
from spintronics.networks.layers import Convolution

Words = npt.NDArray[np.uint64]

_TILE = 2**15  # sums counted at once: their words stay in a core's cache
_EXACT: tuple[tuple[int, npt.DTypeLike], ...] = ((2**24, np.float32), (2**53, np.float64))


class Engine(StrEnum):
    """Which of the two."""

    PLANES = "planes"
    BLAS = "blas"


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
        hook: of the ANDs; engine `planes` without static faults (`Readings`) alone.
    Returns:
        int64, (images, height, width, channels).
    Raises:
        InputError: sums too large for the engine to be exact, or a hook where there are no ANDs to see.
    """
    static = disturbance.readings if isinstance(disturbance, Disturbance) else disturbance
    if hook is not None and (engine is not Engine.PLANES or static is not None):
        raise InputError(f"layer {layer.name}: hook on engine {engine}: must be planes, without static faults")
    if engine is Engine.BLAS and disturbance is None:
        groups = _products(layer, x, layer.rows, layer.largest_sum)
    else:
        if engine is Engine.BLAS and isinstance(disturbance, Readings):
            groups = _read_products(layer, x, disturbance)
        else:
            groups = _through_planes(engine, layer, x, disturbance, hook)
        if offset := layer.input_format.offset:
            groups = [sums + offset * inside for sums, inside in zip(groups, _weights_inside(layer, x), strict=True)]
    sums = outputs(layer, groups, x.shape)
    if layer.bias is not None:
        sums += layer.bias
    return sums


def _through_planes(
    engine: Engine, layer: Weighted, x: IntArray, disturbance: Disturbance | Readings | None, hook: Hook | None
) -> list[IntArray]:
    """Sums of each group from bit planes, less what the inputs' offset adds."""
    _require_int64(layer)
    codes = layer.input_format.codes(x).astype(np.uint8 if layer.input_format.bits <= 8 else np.uint32)
    groups = []
    for group, taps in enumerate(windows(layer, codes)):
        if isinstance(disturbance, Readings):
            groups.append(_read_packed(layer, group, taps, disturbance))
        elif disturbance is not None and disturbance.readings is not None:
            groups.append(_read_disturbed(engine, layer, group, taps, disturbance.readings, disturbance))
        elif engine is Engine.PLANES:
            groups.append(_count_packed(layer, group, taps, disturbance, hook))
        else:
            groups.append(_count_products(layer, group, taps, disturbance))
    return groups


# --- planes -----------------------------------------------------------------------------------------------------------


def _count_packed(
    layer: Weighted, group: int, taps: NumberArray, disturbance: Disturbance | None, hook: Hook | None
) -> IntArray:
    weights = [_packed(layer.row_codes[group] >> n & 1) for n in range(layer.weight_format.bits)]
    inputs = [_packed(taps >> m & 1) for m in range(layer.input_format.bits)]
    valid = _packed(np.ones(layer.dot_length, np.uint8))

    def count(n: int, m: int) -> IntArray:
        if hook is None:
            return _bitcounts(weights[n], inputs[m])
        bits = inputs[m][:, None] & weights[n]
        seen = hook(PlaneAnds(layer, group, n, m, weights[n], inputs[m], bits))
        return _ones(seen & valid)

    return _sum(layer, count, [_ones(w) for w in weights], [_ones(x) for x in inputs], disturbance)


def _read_packed(layer: Weighted, group: int, taps: NumberArray, readings: Readings) -> IntArray:
    """Static faults bit by bit: a tap reads one thing against input 1, another against input 0."""
    on_one = [_packed(plane) for plane in readings.on_one[:, group]]
    on_zero = [_packed(plane) for plane in readings.on_zero[:, group]]
    inputs = [_packed(taps >> m & 1) for m in range(layer.input_format.bits)]
    inverse = [~x for x in inputs]  # beyond the last tap on_zero is 0

    def count(n: int, m: int) -> IntArray:
        return _bitcounts(on_one[n], inputs[m]) + _bitcounts(on_zero[n], inverse[m])

    return _sum(layer, count, [], [_ones(x) for x in inputs], None)


def _packed(bits: NumberArray) -> Words:
    """Bits on the last axis into words, the rest of the last word 0."""
    packed = np.packbits(bits.astype(bool), axis=-1, bitorder="little")
    whole = np.zeros((*packed.shape[:-1], -(-packed.shape[-1] // 8) * 8), np.uint8)
    whole[..., : packed.shape[-1]] = packed
    return whole.view("<u8").astype(np.uint64, copy=False)


def _ones(words: Words) -> IntArray:
    ones: IntArray = np.bitwise_count(words).sum(axis=-1, dtype=np.int64)
    return ones


def _bitcounts(weights: Words, inputs: Words) -> IntArray:
    """bitcount(and(w, x)) of every window with every output: (windows, outputs)."""
    counts = np.empty((len(inputs), len(weights)), np.int64)
    by_word = np.ascontiguousarray(weights.T)
    tile = max(1, _TILE // len(weights))
    for start in range(0, len(inputs), tile):
        part = inputs[start : start + tile]
        ands = np.empty((len(part), len(weights)), np.uint64)
        ones = np.empty(ands.shape, np.uint8)
        sums = np.zeros(ands.shape, np.uint32)
        for word, weight in enumerate(by_word):
            np.bitwise_and(part[:, word, None], weight, out=ands)
            np.bitwise_count(ands, out=ones)
            np.add(sums, ones, out=sums)
        counts[start : start + tile] = sums
    return counts


# --- blas -------------------------------------------------------------------------------------------------------------


def _count_products(layer: Weighted, group: int, taps: NumberArray, disturbance: Disturbance | None) -> IntArray:
    """Bitcounts of pairs of planes as products of zeros and ones."""
    exact = _smallest_exact(layer.dot_length) or np.float64
    weights = [(layer.row_codes[group] >> n & 1).astype(exact) for n in range(layer.weight_format.bits)]
    inputs = [(taps >> m & 1).astype(exact) for m in range(layer.input_format.bits)]

    def count(n: int, m: int) -> IntArray:
        counts: IntArray = (inputs[m] @ weights[n].T).astype(np.int64)
        return counts

    ones = [[plane.sum(axis=-1).astype(np.int64) for plane in planes] for planes in (weights, inputs)]
    return _sum(layer, count, ones[0], ones[1], disturbance)


def _products(layer: Weighted, x: IntArray, rows: IntArray, largest: int) -> list[IntArray]:
    """Windows times rows, (groups, outputs, dot length), exact where no sum is larger than `largest`."""
    exact = _exact_type(layer, largest)
    columns = windows(layer, x.astype(exact))
    return [(c @ r.astype(exact).T).astype(np.int64) for c, r in zip(columns, rows, strict=True)]


def _read_products(layer: Weighted, x: IntArray, readings: Readings) -> list[IntArray]:
    """Static faults as other weights and a constant, so that the sum stays a product."""
    planes = layer.input_format.plane_weights
    largest_input = max(sum(q for q in planes if q > 0), -sum(q for q in planes if q < 0))
    largest = int(np.abs(readings.rows).sum(axis=2).max()) * largest_input
    groups = _products(layer, x - np.int64(layer.input_format.offset), readings.rows, largest)
    return [sums + constants for sums, constants in zip(groups, readings.constants, strict=True)]


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
        (_packed, _bitcounts)
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
        return list(layer.rows.sum(axis=2))
    ones = np.ones((1, *x.shape[1:]), np.int64)
    largest = int(np.abs(layer.rows).sum(axis=2).max())
    return [np.tile(sums, (len(x), 1)) for sums in _products(layer, ones, layer.rows, largest)]


def _require_int64(layer: Weighted) -> None:
    """Refuse what 64-bit sums cannot hold, the parts of bipolar ones included."""
    largest = layer.dot_length * 2 ** (layer.weight_format.bits + layer.input_format.bits + 2)
    if largest >= 2**63:
        raise InputError(
            f"layer {layer.name}: sums of up to {largest.bit_length()} bits at {layer.weight_format.bits}:"
            f"{layer.input_format.bits}: must be at most 63: take fewer bits"
        )
