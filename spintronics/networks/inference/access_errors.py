"""Independent errors found one by one: the few wrong ANDs of a layer, in time that grows with their number alone.

Every AND is a Bernoulli trial.  The ANDs with a stored 1, and those with a stored 0, are put in a row (window, input
plane, cell); geometric gaps find those that err with the larger probability of their two pairs, and one whose input
bit makes the other pair is kept with the ratio of the two probabilities.  That is the same as flipping every AND.
"""

from collections.abc import Callable
from functools import cache
from math import inf, log1p
from typing import NamedTuple

import numpy as np

from spintronics.networks.inference.bitcounts import is_compiled
from spintronics.networks.inference.faults import BoolArray, ErrorModel, Readings
from spintronics.networks.inference.formats import IntArray
from spintronics.networks.inference.layers import FloatArray, NumberArray, Weighted
from spintronics.networks.inference.windows import padded, places

_CHUNK = 2**13  # errors found at once: their arrays stay in a core's cache
_PER_DRAW = 3.0
"""Errors found one by one in the time of one binomial draw, as measured: with more in a bitcount, that is drawn."""


def are_few(layer: Weighted, errors: ErrorModel) -> bool:
    """Whether errors are found faster one by one than drawn for each bitcount and pair."""
    largest = [max(errors.by_pair[weight, bit] for bit in (0, 1)) for weight in (0, 1)]
    return layer.dot_length * sum(largest) / 2 <= _PER_DRAW * sum(p > 0 for p in errors.by_pair.values())


def add_errors(
    layer: Weighted,
    codes: NumberArray,
    groups: list[IntArray],
    errors: ErrorModel,
    random: np.random.Generator,
    readings: Readings | None = None,
) -> None:
    """Add to a layer's sums what its wrong ANDs change.

    Args:
        layer: whose.
        codes: bit patterns of its input, (images, height, width, channels).
        groups: sums of each group, (windows, outputs), changed in place.
        errors: probabilities; see `are_few`.
        random: advanced by what is drawn.
        readings: of static faults; what they make wrong stays as it is.
    """
    starts, taps = places(layer, codes.shape)
    inputs = padded(layer, codes).ravel()
    weight_planes, input_planes = (
        np.array(f.plane_weights, np.int64) for f in (layer.weight_format, layer.input_format)
    )
    for group, sums in enumerate(groups):
        for weight, cells in enumerate(layer.cells):
            p = np.array([errors.by_pair[weight, bit] for bit in (0, 1)])
            if p.any() and cells[group].size:
                right = None if readings is None else _right(readings, group, weight)
                ands = Ands(weight, cells[group], taps[group], starts, inputs, weight_planes, input_planes, right)
                _draw(ands, p, sums, random)


class Ands(NamedTuple):
    """ANDs of a group with one weight bit, numbered by window, then input plane, then cell.

    Attributes:
        weight: 0 or 1.
        cells: places in (weight planes, outputs, taps) that hold it.
        taps, starts: where the inputs lie, see `places`.
        inputs: flattened bit patterns with their padding.
        weight_planes, input_planes: what a 1 in each plane adds.
        right: (2, weight planes · outputs · taps), by input bit: whether static faults leave it right; None for all.
    """

    weight: int
    cells: IntArray
    taps: IntArray
    starts: IntArray
    inputs: NumberArray
    weight_planes: IntArray
    input_planes: IntArray
    right: BoolArray | None


def _draw(ands: Ands, p: FloatArray, sums: IntArray, random: np.random.Generator) -> None:
    """Errors with the probabilities p, by input bit, into sums (windows, outputs)."""
    largest = float(p.max())
    rate = -log1p(-largest) if largest < 1 else inf
    kept = p / largest
    some = ((kept > 0) & (kept < 1)).any()
    trials = len(ands.starts) * len(ands.input_planes) * len(ands.cells)
    gaps, chances = np.empty(_CHUNK), np.zeros(_CHUNK)  # once: fresh pages for each chunk cost as much as a draw
    start = 0
    while start < trials:
        expected = (trials - start) * largest
        count = min(_CHUNK, int(expected + 4 * expected**0.5) + 8)
        random.standard_exponential(out=gaps[:count])
        gaps[:count] /= rate
        if some:
            random.random(out=chances[:count])
        start = _implementation()(ands, gaps[:count], chances[:count], kept, start, sums)


@cache
def _implementation() -> Callable[..., int]:
    if not is_compiled():
        return _with_numpy
    from spintronics.networks.inference.compiled import add_errors as compiled

    return compiled


def _with_numpy(ands: Ands, gaps: FloatArray, chances: FloatArray, kept: FloatArray, start: int, sums: IntArray) -> int:
    """The errors after these gaps, from the AND `start` on; where the next gap starts, ≥ all ANDs at the end."""
    cells, planes, outputs = len(ands.cells), len(ands.input_planes), sums.shape[1]
    trials = len(ands.starts) * planes * cells
    hits = np.minimum(gaps, trials).astype(np.int64)
    hits += 1
    np.cumsum(hits, out=hits)
    hits += start - 1
    after = int(hits[-1]) + 1
    hits = hits[: np.searchsorted(hits, trials)]
    rows, found = np.divmod(hits, cells)
    windows, m = np.divmod(rows, planes)
    cell = ands.cells[found]
    n, taps = np.divmod(cell, len(ands.taps))
    n, output = np.divmod(n, outputs)
    bits = ands.inputs[ands.starts[windows] + ands.taps[taps]] >> m.astype(ands.inputs.dtype) & 1
    change = ands.weight_planes[n] * ands.input_planes[m] * np.where(bits & ands.weight, -1, 1)
    stay = chances[: len(hits)] < kept[bits]
    if ands.right is not None:
        stay &= ands.right[bits, cell]
    np.add.at(sums, (windows[stay], output[stay]), change[stay].astype(sums.dtype))
    return after


def _right(readings: Readings, group: int, weight: int) -> BoolArray:
    """Whether static faults leave the ANDs of a weight bit right, by input bit and place of the cell."""
    return np.stack([readings.right(weight, bit)[:, group].ravel() for bit in (0, 1)])
