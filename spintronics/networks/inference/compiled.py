"""Weighted bitcounts, and errors found one by one, compiled by numba.

Import it only where numba is installed (extra ``fast``); `bitcounts` and `access_errors` do.  Compiled anew in
each process, in about a second each: nothing is written to disk.
"""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numba.core import types
from numba.extending import intrinsic

compiled: Callable[..., Any] = numba.njit(nogil=True, error_model="numpy")


def _ctpop(typing: Any, word: Any) -> Any:
    return types.uint64(types.uint64), lambda context, builder, signature, arguments: builder.ctpop(arguments[0])


bitcount: Callable[..., Any] = intrinsic(_ctpop)
"""Ones in a 64-bit word, one instruction where the processor has it."""


@compiled
def add_bitcounts(sums: Any, weights: Any, inputs: Any, scales: Any) -> None:
    """As `bitcounts.add_bitcounts`, with weights as (weight planes, words, outputs)."""
    windows, outputs = sums.shape
    counts = np.empty(outputs, np.uint64)
    for window in range(windows):
        for n in range(weights.shape[0]):
            for m in range(inputs.shape[0]):
                counts[:] = 0
                for word in range(weights.shape[1]):
                    bits = inputs[m, window, word]
                    for output in range(outputs):
                        counts[output] += bitcount(bits & weights[n, word, output])
                for output in range(outputs):
                    sums[window, output] += scales[n, m] * np.int64(counts[output])  # signed: else it would be real


def add_errors(ands: Any, gaps: Any, chances: Any, kept: Any, start: int, sums: Any) -> int:
    """As `access_errors._with_numpy`."""
    right = np.ones((0, 0), np.bool_) if ands.right is None else ands.right
    return int(_add_errors(*ands[:-1], right, gaps, chances, kept, start, sums))


@compiled
def quotient(a: Any, b: Any, small: Any) -> Any:
    """a // b, in half the time where both are below 2³²."""
    return np.int64(np.uint32(a) // np.uint32(b)) if small else np.int64(a) // np.int64(b)


@compiled
def _add_errors(
    weight: Any,
    cells: Any,
    taps: Any,
    starts: Any,
    inputs: Any,
    weight_planes: Any,
    input_planes: Any,
    right: Any,
    gaps: Any,
    chances: Any,
    kept: Any,
    start: Any,
    sums: Any,
) -> int:
    count, planes, length, outputs = len(cells), len(input_planes), len(taps), sums.shape[1]
    trials = len(starts) * planes * count
    per_window = planes * count
    small = per_window < 2**32
    window, found = divmod(start, per_window)
    for chance, gap in zip(chances, gaps):  # noqa: B905  numba has no strict
        found += np.int64(min(gap, np.float64(trials)))
        if found >= per_window:  # divisions of 64 bits are slow, and few errors need one
            window += found // per_window
            found %= per_window
            if window >= len(starts):
                return trials
        m = 0 if planes == 1 else quotient(found, count, small)
        cell = cells[found - m * count]
        place = quotient(cell, length, small)
        n = place // outputs if len(weight_planes) > 1 else 0
        bit = inputs[starts[window] + taps[cell - place * length]] >> m & 1
        change = weight_planes[n] * input_planes[m] * (1 - 2 * np.int64(bit & weight))
        if right.size:
            change *= right[bit, cell]
        sums[window, place - n * outputs] += change * (chance < kept[bit])  # a branch would be guessed wrong
        found += 1
    after: int = window * per_window + found
    return after
