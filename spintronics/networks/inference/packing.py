"""Bits packed into 64-bit words, tap k of a dot product in bit k % 64 of word k // 64."""

from typing import Any

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]

WORD = 64


def packed(bits: npt.NDArray[Any]) -> Words:
    """Whole numbers on the last axis as bits, 1 for any but 0, in words; the rest of the last word 0.

    >>> packed(np.array([1, 1, 0, 1])).tolist()
    [11]
    """
    length = bits.shape[-1]
    if length % WORD:
        whole = np.zeros((*bits.shape[:-1], -(-length // WORD) * WORD), bits.dtype)
        whole[..., :length] = bits
        bits = whole
    octets = np.packbits(bits.reshape(-1), bitorder="little")  # all rows at once: many times faster than row by row
    return octets.view("<u8").astype(np.uint64, copy=False).reshape(*bits.shape[:-1], -1)


def ones(words: Words) -> npt.NDArray[np.int64]:
    """Ones on the last axis.

    >>> ones(packed(np.ones((2, 70), int))).tolist()
    [70, 70]
    """
    count: npt.NDArray[np.int64] = np.bitwise_count(words).sum(axis=-1, dtype=np.int64)
    return count
