"""Kernels that do not fit at once come in rounds: which windows are fetched anew, which partial sums are kept.

A tile is what one sub-array holds: one segment of one set of kernels (of one or more groups).  A round fills the
computational sub-arrays with tiles, in order, and all windows pass.  Two orders are possible: all segments of a set of
kernels follow each other (windows are fetched anew for the next set), or all sets of a segment (partial sums wait in
the Image Bank for the next segment).  The one that moves fewer bits to and from the Image Bank is taken.
"""

from collections import Counter
from dataclasses import dataclass
from itertools import product
from math import ceil

from spintronics.accelerator.mapping import LayerMapping


@dataclass(frozen=True)
class Rounds:
    """How a layer's kernels come in.

    Attributes:
        rounds: times that all windows pass, each with other kernels in the sub-arrays.
        copies: of each tile in a round, with windows of their own.
        sub_arrays: computational ones that the layer works in, all copies, in its fullest round.
        row_reads: rows of windows fetched from the Image Bank in all rounds: {bits: rows}.
        spilled: partial sums that are written to the Image Bank and read back, each counted once per round trip.
        held: largest number of partial sums there at once.
    """

    rounds: int
    copies: int
    sub_arrays: int
    row_reads: dict[int, int]
    spilled: int = 0
    held: int = 0


def rounds_of(mapping: LayerMapping, parallelism: int, available: int | None) -> Rounds:
    """Rounds of one layer.

    Args:
        parallelism: copies of the layer's kernels, fewer where the sub-arrays do not suffice.
        available: computational sub-arrays; None where the kernels are resident.
    """
    if available is None:
        return Rounds(1, parallelism, parallelism * mapping.occupied, mapping.row_reads)
    copies = _copies(mapping, min(parallelism, available), available)
    slots = available // copies

    def moved(found: Rounds) -> int:
        return sum(bits * rows for bits, rows in found.row_reads.items()) + 2 * found.spilled * mapping.accumulator_bits

    return min((_walk(mapping, copies, slots, by_set) for by_set in (True, False)), key=moved)


def _copies(mapping: LayerMapping, most: int, available: int) -> int:
    """As many copies as make the fewest passes of windows: more of them hold fewer kernels each, in more rounds."""

    def passed(copies: int) -> int:
        return ceil(mapping.occupied / (available // copies)) * ceil(mapping.positions / copies)

    return min(range(1, min(most, mapping.positions) + 1), key=passed)


def _walk(mapping: LayerMapping, copies: int, slots: int, by_set: bool) -> Rounds:
    """Tiles in order, ``slots`` of them a round."""
    segments, sets = range(len(mapping.segments)), range(mapping.copies)
    windows: set[tuple[int, int, int]] = set()  # bundle, segment, round
    sums: dict[tuple[int, int], set[int]] = {}  # bundle, set of kernels → its rounds
    tile = 0
    for bundle in range(mapping.bundles):
        for first, second in product(sets, segments) if by_set else product(segments, sets):
            kernels, segment = (first, second) if by_set else (second, first)
            windows.add((bundle, segment, tile // slots))
            sums.setdefault((bundle, kernels), set()).add(tile // slots)
            tile += 1
    rows: Counter[int] = Counter()
    for bundle, segment, _ in windows:
        rows[mapping.segments[segment]] += mapping.positions * _groups(mapping, bundle) * mapping.i_bits
    spilled, waiting = 0, Counter[int]()
    for (bundle, kernels), rounds in sums.items():
        values = mapping.positions * _groups(mapping, bundle) * _sums(mapping, kernels)
        spilled += (len(rounds) - 1) * values
        for after in range(min(rounds), max(rounds)):
            waiting[after] += values
    sub_arrays = copies * min(tile, slots)
    return Rounds(-(-tile // slots), copies, sub_arrays, dict(rows), spilled, max(waiting.values(), default=0))


def _groups(mapping: LayerMapping, bundle: int) -> int:
    share = mapping.groups_per_sub_array
    return min(share, mapping.groups - bundle * share)


def _sums(mapping: LayerMapping, kernels: int) -> int:
    """Sums per window and group of one set of kernels; the first set's sub-arrays also sum the input."""
    per_group = mapping.outputs // mapping.positions // mapping.groups
    most = mapping.kernels_per_sub_array
    return min(most, per_group - kernels * most) + (1 if kernels == 0 else 0)
