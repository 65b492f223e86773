"""The stochastic Heun step compiled by numba: blocks of trajectories side by side, so that LLVM uses vector registers.

Import it only where numba is installed (extra ``fast``); spintronics.magnetics.stochastic does.  Compiled anew in
each process, in one to two seconds: nothing is written to disk.
"""

from collections.abc import Callable
from functools import partial
from math import log, pi, sqrt
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from spintronics.magnetics import noise

FloatArray = npt.NDArray[np.float64]

LANES = 64
"""Trajectories in a block.  All of a block is always computed, so a trajectory does not depend on its neighbours."""

# No re-association: it would undo the exact sums with 2⁵² below.
njit: Any = partial(numba.njit, nogil=True, error_model="numpy", fastmath={"contract", "nsz", "arcp"})
compiled: Callable[..., Any] = njit()
inlined: Callable[..., Any] = njit(inline="always")  # a call left in the loop would cost its vector registers
philox: Callable[..., Any] = inlined(noise.philox)

# A whole number below 2⁵², put in the mantissa of 2⁵², is that number plus 2⁵².
SHIFT, SHIFT_BITS = 2.0**52, np.uint64(0x4330000000000000)
EXPONENT, MANTISSA = np.uint64(52), np.uint64((1 << 52) - 1)
# √½ in the exponent's and the mantissa's upper bits, and what takes it to 1.
ROOT_HALF, TO_ONE = np.uint64(0x3FE6A09E << 32), np.uint64((0x3FF00000 - 0x3FE6A09E) << 32)
LN2 = log(2.0)


@inlined
def real(whole: np.uint64) -> float:
    """A whole number below 2⁵² as a float."""
    return np.uint64(whole | SHIFT_BITS).view(np.float64) - SHIFT


@inlined
def radius(word: np.uint64) -> float:
    """√(−2 ln((w + ½)/2³²)), to 1e-12."""
    uniform = (real(word) + 0.5) * 2.0**-32
    shifted = np.float64(uniform).view(np.uint64) + TO_ONE
    exponent = real(shifted >> EXPONENT) - 1023.0
    mantissa = np.uint64((shifted & MANTISSA) + ROOT_HALF).view(np.float64)  # √½ to √2
    s = (mantissa - 1.0) / (mantissa + 1.0)
    z = s * s
    series = 1 + z * (1 / 3 + z * (1 / 5 + z * (1 / 7 + z * (1 / 9 + z * (1 / 11 + z / 13)))))
    return sqrt(-2.0 * (exponent * LN2 + 2.0 * s * series))


@inlined
def cosine_sine(word: np.uint64) -> tuple[float, float]:
    """Cosine and sine of π/2 · (v mod 4 + (⌊v/4⌋ + ½)/2³⁰ − ½), to 1e-11."""
    x = ((real(word >> np.uint64(2)) + 0.5) * 2.0**-30 - 0.5) * (pi / 2)
    z = x * x
    s = x * (1 + z * (-1 / 6 + z * (1 / 120 + z * (-1 / 5040 + z * (1 / 362880 - z / 39916800)))))
    c = 1 + z * (-1 / 2 + z * (1 / 24 + z * (-1 / 720 + z * (1 / 40320 + z * (-1 / 3628800 + z / 479001600)))))
    sign = 1.0 - real(word & np.uint64(2))
    odd = (word & np.uint64(1)) != np.uint64(0)
    return sign * (-s if odd else c), sign * (c if odd else s)


@inlined
def change(
    mx: float, my: float, mz: float,
    bx: float, by: float, bz: float,
    dx: float, dy: float, dz: float,
    ey: float, ez: float, she: float, stt: float, squared: float,
    turn: float, damping: float,
) -> tuple[float, float, float]:  # fmt: skip
    """dm over a step.

    Args:
        m, b: spin and applied induction (T); d: what the induction loses per component of m, T.
        ey, ez: easy axis; she, stt: spin-torque fields before the efficiency's denominator, T; squared: p².
        turn: γ dt / (1 + α²), 1/T.
    """
    transfer = stt / (1.0 + squared * (my * ey + mz * ez))
    ay = she + transfer * ey
    az = transfer * ez
    wx = bx - dx * mx + (my * az - mz * ay)
    wy = by - dy * my - mx * az
    wz = bz - dz * mz + mx * ay
    tx = turn * (mz * wy - my * wz)
    ty = turn * (mx * wz - mz * wx)
    tz = turn * (my * wx - mx * wy)
    return tx + damping * (my * tz - mz * ty), ty + damping * (mz * tx - mx * tz), tz + damping * (mx * ty - my * tx)


@compiled
def heun(
    initial: FloatArray, first: np.uint64, k0: np.uint64, k1: np.uint64,
    she: FloatArray, stt: FloatArray, squared: float, field_like: float,
    bx: float, by: float, bz: float,
    dx: float, dy: float, dz: float,
    ey: float, ez: float,
    turn: float, damping: float, sigma: float,
    every: int, path: FloatArray,
) -> tuple[FloatArray, FloatArray]:  # fmt: skip
    """Final m, shape (3, n), and first crossings of m·e = 0 in steps, −1 where there is none.

    Args:
        initial: shape (3, n); first: number of the first trajectory; k0, k1: key of the noise.
        she, stt: spin-torque fields at the steps' ends, T, shape (steps + 1,).
        sigma: of the thermal induction's components in a step, T.
        every: m goes to path, shape (3, n, steps // every + 1), after each so many steps; 0 for none.
    """
    count = initial.shape[1]
    final = np.empty((3, count))
    crossing = np.empty(count)
    # Rows of LANES at constant distances, so that LLVM vectorizes: m, side of the start, first crossing; words; field.
    s = np.empty(5 * LANES)
    words = np.empty(4 * LANES, dtype=np.uint64)
    h = np.empty(3 * LANES)
    k0, k1 = k0 & noise.LOW, k1 & noise.LOW  # tells LLVM that products of halves are enough
    for begin in range(0, count, LANES):
        used = min(LANES, count - begin)
        for j in range(LANES):
            k = begin + min(j, used - 1)
            for i in range(3):
                s[j + i * LANES] = initial[i, k]
            s[j + 3 * LANES] = 1.0 if initial[1, k] * ey + initial[2, k] * ez >= 0.0 else -1.0
            s[j + 4 * LANES] = -1.0
        number = first + np.uint64(begin)
        for step in range(len(she) - 1):
            a0, a1, t0, t1 = she[step], she[step + 1], stt[step], stt[step + 1]
            b0, b1 = by + field_like * a0, by + field_like * a1
            # Three loops: in one, more values are in flight than there are vector registers.
            for j in range(LANES):
                trajectory = number + np.uint64(j)
                words[j], words[j + LANES], words[j + 2 * LANES], words[j + 3 * LANES] = philox(
                    np.uint64(step), trajectory & noise.LOW, trajectory >> noise.HALF, np.uint64(0), k0, k1
                )
            for j in range(LANES):
                r = sigma * radius(words[j])
                cosine, sine = cosine_sine(words[j + LANES])
                h[j], h[j + LANES] = bx + r * cosine, r * sine
                cosine, _ = cosine_sine(words[j + 3 * LANES])
                h[j + 2 * LANES] = bz + sigma * radius(words[j + 2 * LANES]) * cosine
            for j in range(LANES):
                hx, hy, hz = h[j], h[j + LANES], h[j + 2 * LANES]
                mx, my, mz = s[j], s[j + LANES], s[j + 2 * LANES]
                px, py, pz = change(
                    mx, my, mz, hx, b0 + hy, hz, dx, dy, dz, ey, ez, a0, t0, squared, turn, damping
                )  # fmt: skip
                qx, qy, qz = change(
                    mx + px, my + py, mz + pz, hx, b1 + hy, hz, dx, dy, dz, ey, ez, a1, t1, squared, turn, damping
                )  # fmt: skip
                nx, ny, nz = mx + 0.5 * (px + qx), my + 0.5 * (py + qy), mz + 0.5 * (pz + qz)
                length = 1.0 / sqrt(nx * nx + ny * ny + nz * nz)
                nx, ny, nz = nx * length, ny * length, nz * length
                s[j], s[j + LANES], s[j + 2 * LANES] = nx, ny, nz

                before = my * ey + mz * ez
                after = ny * ey + nz * ez
                crossed = s[j + 4 * LANES]
                now = (crossed < 0.0) & (after * s[j + 3 * LANES] <= 0.0)
                s[j + 4 * LANES] = step + before / (before - after) if now else crossed
            if every > 0 and (step + 1) % every == 0:
                for i in range(3):
                    for j in range(used):
                        path[i, begin + j, (step + 1) // every] = s[j + i * LANES]
        for j in range(used):
            for i in range(3):
                final[i, begin + j] = s[j + i * LANES]
            crossing[begin + j] = s[j + 4 * LANES]
    return final, crossing
