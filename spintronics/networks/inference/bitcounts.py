"""Weighted bitcounts of packed bit planes: compiled where numba is, NumPy where not, the same numbers from both."""

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np

from spintronics.networks.inference.formats import IntArray
from spintronics.networks.inference.packing import Words

_TILE = 2**15  # sums counted at once: their words stay in a core's cache


def add_bitcounts(sums: IntArray, weights: Words, inputs: Words, scales: IntArray) -> None:
    """sums += Σ_m Σ_n scales[n, m] · bitcount(and(weights[n], inputs[m])) of every window with every output.

    Args:
        sums: (windows, outputs), changed in place.
        weights: (weight planes, outputs, words).
        inputs: (input planes, windows, words).
        scales: (weight planes, input planes).

    >>> sums = np.zeros((1, 2), np.int64)
    >>> add_bitcounts(sums, np.array([[[7], [8]]], np.uint64), np.array([[[5]]], np.uint64), np.array([[10]]))
    >>> sums.tolist()
    [[20, 0]]
    """
    _implementation()(sums, np.ascontiguousarray(weights.swapaxes(1, 2)), inputs, scales.astype(sums.dtype))


def is_compiled() -> bool:
    """Whether numba is there."""
    return find_spec("numba") is not None


@cache
def _implementation() -> Callable[..., None]:
    if not is_compiled():
        return _with_numpy
    from spintronics.networks.inference import compiled

    chosen: Callable[..., None] = compiled.add_bitcounts
    return chosen


def _with_numpy(sums: IntArray, weights: Words, inputs: Words, scales: Any) -> None:
    outputs = sums.shape[1]
    tile = max(1, _TILE // outputs)
    for start in range(0, len(sums), tile):
        part = inputs[:, start : start + tile]
        ands = np.empty((part.shape[1], outputs), np.uint64)
        ones = np.empty(ands.shape, np.uint8)
        counts = np.empty(ands.shape, sums.dtype)
        for n, plane in enumerate(weights):
            for m, rows in enumerate(part):
                counts[...] = 0
                for word, weight in enumerate(plane):
                    np.bitwise_and(rows[:, word, None], weight, out=ands)
                    np.bitwise_count(ands, out=ones)
                    counts += ones
                counts *= scales[n, m]
                sums[start : start + tile] += counts
