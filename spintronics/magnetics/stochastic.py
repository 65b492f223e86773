"""Many trajectories of one spin in the thermal field: stochastic Heun, compiled where numba is, NumPy where not."""

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from math import ceil, sqrt
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.constants import Boltzmann, mu_0

from spintronics.errors import InputError
from spintronics.magnetics import noise
from spintronics.magnetics.layer import GAMMA, FloatArray, FreeLayer
from spintronics.magnetics.llg import Pulse, rate

BLOCK = 2048
"""Trajectories at once in NumPy: its arrays stay in the cache."""

Backend = Literal["auto", "numba", "numpy"]


@dataclass(frozen=True)
class Ensemble:
    """What n trajectories came to.

    Attributes:
        final: m at the end, shape (3, n).
        crossing: when m·e first changed its sign, s, shape (n,); NaN where it did not.
        switched: whether m·e ended with the other sign than it began with, shape (n,).
        times, path: sub-sampled times, s, shape (k,), and m at them, shape (3, n, k); both empty where not asked for.
    """

    final: FloatArray
    crossing: FloatArray
    switched: npt.NDArray[np.bool_]
    times: FloatArray
    path: FloatArray


def thermal_field(layer: FreeLayer, step: float) -> float:
    """Standard deviation of each component of the thermal field, held over a time step (s), A/m.

        ⟨H_i²⟩ = 2 α k_B T / (γ µ0² Ms V dt)

    Source: W. F. Brown, Physical Review 130, 1677 (1963); for this discrete form J. L. García-Palacios and
    F. J. Lázaro, Physical Review B 58, 14937 (1998).
    """
    power = 2 * layer.damping * Boltzmann * layer.temperature
    return sqrt(power / (GAMMA * mu_0**2 * layer.saturation_magnetization * layer.volume * step))


def thermal_states(layer: FreeLayer, state: Literal[1, -1], count: int, seed: int, first: int = 0) -> FloatArray:
    """Initial m in thermal equilibrium about ±easy, shape (3, count).

    Components along the hard axes are normal with FreeLayer.thermal_tilts, tilts of more than 80° cut to that.

    Args:
        state: +1 about +easy (P), −1 about −easy (AP).
        seed, first: as in simulate; the same seed may serve both, their numbers are of different streams.
    """
    numbers = np.arange(first, first + count, dtype=np.uint64)
    m = np.zeros((3, count))
    hard = list(layer.hard_axes)
    m[hard] = noise.normals(seed, numbers, 0, noise.INITIAL_STATE)[:2] * np.reshape(layer.thermal_tilts, (2, 1))
    m *= np.minimum(1.0, np.sin(np.radians(80)) / np.maximum(np.hypot(*m[hard]), 1e-300))
    m[layer.axis] = state * np.sqrt(1 - np.sum(m[hard] ** 2, axis=0))
    return m


def thermal_path(layer: FreeLayer, trajectory: int, steps: int, seed: int, step: float = 1e-12) -> FloatArray:
    """The thermal field that ``simulate`` gives one trajectory, A/m, shape (3, steps): constant over each time step.

    Args:
        trajectory: its number, from 0.
        seed, step: as in simulate.

    >>> from spintronics.magnetics import Macrospin
    >>> from spintronics.technology import Technology
    >>> layer = Macrospin.of(Technology.load("imce45")).free_layer
    >>> path = thermal_path(layer, 3, 5000, seed=1)
    >>> bool(abs(path.std() / thermal_field(layer, 1e-12) - 1) < 0.03)
    True
    """
    numbers = np.full(steps, trajectory, dtype=np.uint64)
    field = noise.normals(seed, numbers, np.arange(steps, dtype=np.uint64), noise.THERMAL_FIELD)
    return thermal_field(layer, step) * field


def simulate(
    layer: FreeLayer,
    pulse: Pulse,
    initial: FloatArray,
    duration: float,
    seed: int,
    *,
    first: int = 0,
    step: float = 1e-12,
    record_every: int = 0,
    backend: Backend = "auto",
) -> Ensemble:
    """Integrate the LLG with thermal field from each initial m: Heun's scheme (Stratonovich), renormalized each step.

    Trajectory k is the same, to the last bit on one machine, however many there are and however calls split them: its
    thermal field comes from Philox4x32-10 at the counter (step, first + k) under the key seed.  The two back ends
    draw the same thermal field and differ by rounding.

    Args:
        layer, pulse: as in spintronics.magnetics.llg.
        initial: unit vectors m at t = 0, shape (3, n); ``thermal_states`` for equilibrium.
        duration: s, rounded up to whole steps.
        seed: 0 to 2⁶⁴ − 1.
        first: number of the first trajectory, to split a run into parts.
        step: dt, s.  Of second order without noise: at 1 ps the default junction crosses within 1 ps of DOP853, at
            0.5 ps within 0.25 ps; its switching statistics at 1 ps are those at 0.25 ps (tests).  Keep the fastest
            precession below 0.3 rad in a step.
        record_every: keep m after each so many steps; 0 for none.
        backend: ``numba`` (extra ``fast``), ``numpy`` (tens of times slower), or the first of them there is.
    Raises:
        InputError: numba is asked for and not installed, or an argument is out of range.

    >>> from spintronics.magnetics import Macrospin
    >>> from spintronics.technology import Technology
    >>> layer = Macrospin.of(Technology.load("imce45")).free_layer
    >>> start = thermal_states(layer, 1, 10, seed=1)
    >>> pulse = Pulse(120e-6, width=2.5e-9)          # negative spin Hall angle: writes AP
    >>> int(simulate(layer, pulse, start, 3e-9, seed=1, backend="numpy").switched.sum())
    10
    """
    if initial.ndim != 2 or initial.shape[0] != 3:
        raise InputError(f"simulate: initial has shape {initial.shape}; must be (3, trajectories)")
    if not np.allclose(np.sum(initial**2, axis=0), 1, rtol=0, atol=1e-6):
        raise InputError("simulate: initial must be unit vectors")
    if not (duration > 0 and step > 0):
        raise InputError(f"simulate: duration {duration:g} s and step {step:g} s must be > 0")
    if not 0 <= seed < 2**64:
        raise InputError(f"simulate: seed {seed} must be from 0 to 2^64 - 1")
    steps = ceil(duration / step * (1 - 1e-12))
    if steps >= 2**32:
        raise InputError(f"simulate: {steps} steps of {step:g} s; must be below 2^32")
    records = steps // record_every + 1 if record_every else 0
    path = np.empty((3, initial.shape[1], records))
    if records:
        path[:, :, 0] = initial
    heights = pulse.height(np.linspace(0.0, steps * step, steps + 1))
    problem = _Problem(layer, pulse, heights, initial, step, seed, first, record_every, path)
    final, crossing = (_compiled if _kernel(backend) else _with_numpy)(problem)
    return Ensemble(
        final=final,
        crossing=np.where(crossing < 0, np.nan, crossing * step),
        switched=final[layer.axis] * initial[layer.axis] < 0,
        times=np.linspace(0.0, max(records - 1, 0) * record_every * step, records),
        path=path,
    )


@cache
def _kernel(backend: Backend) -> Any:
    """spintronics.magnetics.kernel.heun, None for NumPy."""
    if backend == "numpy" or (backend == "auto" and find_spec("numba") is None):
        return None
    if find_spec("numba") is None:
        raise InputError("simulate: backend numba is not installed; pip install 'spintronics-imce[fast]'")
    from spintronics.magnetics.kernel import heun

    return heun


class _Problem(NamedTuple):
    """What a back end integrates; heights are those of the pulse at the steps' ends; it fills path from place 1 on."""

    layer: FreeLayer
    pulse: Pulse
    heights: FloatArray
    initial: FloatArray
    step: float
    seed: int
    first: int
    record_every: int
    path: FloatArray


def _compiled(p: _Problem) -> tuple[FloatArray, FloatArray]:
    layer, per_ampere = p.layer, p.layer.tesla_per_ampere
    easy = np.eye(3)[layer.axis]
    lost = mu_0 * (layer.saturation_magnetization * np.array(layer.demagnetization) - layer.anisotropy_field * easy)
    final, crossing = _kernel("numba")(
        np.ascontiguousarray(p.initial, dtype=float),
        np.uint64(p.first),
        *noise.key(p.seed),
        per_ampere * layer.spin_hall_gain * p.pulse.strip * p.heights,
        -per_ampere * layer.polarization * p.pulse.junction * p.heights,
        layer.polarization**2,
        layer.field_like,
        *(mu_0 * np.array(p.pulse.field)),
        *lost,
        easy[1],
        easy[2],
        GAMMA * p.step / (1 + layer.damping**2),
        layer.damping,
        mu_0 * thermal_field(layer, p.step),
        p.record_every,
        p.path,
    )
    return final, crossing


def _with_numpy(p: _Problem) -> tuple[FloatArray, FloatArray]:
    layer, step = p.layer, p.step
    heights, applied = p.heights.tolist(), np.reshape(p.pulse.field, (3, 1))
    sigma = thermal_field(layer, step)
    final, crossing = np.array(p.initial, dtype=float), np.full(p.initial.shape[1], -1.0)
    for begin in range(0, final.shape[1], BLOCK):
        block = slice(begin, begin + BLOCK)
        m, crossed = final[:, block], crossing[block]
        numbers = np.arange(p.first + begin, p.first + begin + m.shape[1], dtype=np.uint64)
        side = np.where(m[layer.axis] >= 0, 1.0, -1.0)
        for n in range(len(heights) - 1):
            field = applied + sigma * noise.normals(p.seed, numbers, n, noise.THERMAL_FIELD)

            def slope(spin: FloatArray, height: float, field: FloatArray = field) -> FloatArray:
                return rate(layer, spin, p.pulse.strip * height, p.pulse.junction * height, field)

            before = m[layer.axis].copy()
            predictor = slope(m, heights[n])
            m += step / 2 * (predictor + slope(m + step * predictor, heights[n + 1]))
            m /= np.sqrt(np.sum(m**2, axis=0))
            after = m[layer.axis]
            now = (crossed < 0) & (after * side <= 0)
            crossed[now] = n + before[now] / (before[now] - after[now])
            if p.record_every and (n + 1) % p.record_every == 0:
                p.path[:, block, (n + 1) // p.record_every] = m
    return final, crossing
