"""Counter-based normal numbers: those of a trajectory and a step depend on seed, trajectory and step alone."""

from typing import TypeVar

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Words = npt.NDArray[np.uint64]
Word = TypeVar("Word", np.uint64, npt.NDArray[np.uint64])

LOW = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)
MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
WEYL = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)

THERMAL_FIELD, INITIAL_STATE = 0, 1
"""Streams: the last word of the counter."""


def philox(c0: Word, c1: Word, c2: Word, c3: Word, k0: np.uint64, k1: np.uint64) -> tuple[Word, Word, Word, Word]:
    """Philox4x32-10: four random 32-bit words from a counter of four and a key of two.

    Words are held in 64 bits each.  Used on arrays here, compiled for single words in spintronics.magnetics.kernel.
    Source: J. K. Salmon et al., Proceedings of SC11 (2011), https://doi.org/10.1145/2063384.2063405.

    >>> zero = np.zeros(1, dtype=np.uint64)
    >>> hex(philox(zero, zero, zero, zero, zero[0], zero[0])[0][0])    # Random123, kat_vectors
    '0x6627e8d5'
    """
    for _ in range(10):
        first = MULTIPLIERS[0] * c0
        second = MULTIPLIERS[1] * c2
        c0, c1, c2, c3 = (second >> HALF) ^ c1 ^ k0, second & LOW, (first >> HALF) ^ c3 ^ k1, first & LOW
        k0 = (k0 + WEYL[0]) & LOW
        k1 = (k1 + WEYL[1]) & LOW
    return c0, c1, c2, c3


def key(seed: int) -> tuple[np.uint64, np.uint64]:
    """Philox's key: low and high half of a seed from 0 to 2⁶⁴ − 1."""
    return np.uint64(seed & 0xFFFFFFFF), np.uint64(seed >> 32)


def normals(seed: int, trajectories: Words, step: int | Words, stream: int) -> FloatArray:
    """Three independent standard normal numbers for each trajectory at a step, or at its own step: (3, trajectories).

    Box–Muller from four 32-bit words: with w the radius's and v the angle's word,

        r = √(−2 ln((w + ½)/2³²)),   φ = π/2 · (v mod 4 + (⌊v/4⌋ + ½)/2³⁰ − ½),   r cos φ and r sin φ

    No number exceeds √(−2 ln 2⁻³³) = 6.8 in magnitude.

    >>> normals(1, np.arange(100, dtype=np.uint64), 0, THERMAL_FIELD)[:, 7].tolist() == normals(
    ...     1, np.array([7], dtype=np.uint64), 0, THERMAL_FIELD)[:, 0].tolist()
    True
    """
    steps, streams = np.full_like(trajectories, step), np.full_like(trajectories, stream)
    words = philox(steps, trajectories & LOW, trajectories >> HALF, streams, *key(seed))
    (r0, phi0), (r1, phi1) = _polar(words[0], words[1]), _polar(words[2], words[3])
    return np.stack([r0 * np.cos(phi0), r0 * np.sin(phi0), r1 * np.cos(phi1)])


def _polar(radius: Words, angle: Words) -> tuple[FloatArray, FloatArray]:
    fraction = ((angle >> np.uint64(2)).astype(float) + 0.5) * 2.0**-30
    quadrant = (angle & np.uint64(3)).astype(float)
    return np.sqrt(-2 * np.log((radius.astype(float) + 0.5) * 2.0**-32)), np.pi / 2 * (quadrant + fraction - 0.5)
