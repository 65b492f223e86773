"""Landau–Lifshitz–Gilbert equation of one spin, and its deterministic trajectories by SciPy."""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from scipy.constants import mu_0

from spintronics.magnetics.layer import GAMMA, FloatArray, FreeLayer

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Pulse:
    """Trapezoid of current from t = 0, in a constant applied field.

    Args:
        strip: I_q in the heavy metal, A, positive from T1 to T2: the mean of its two halves, so a junction current
            that leaves by T2 adds half of itself.
        junction: from T3 into the free layer, A.
        width: between the half-height points, s.
        rise: of each edge, from 0 to full height, s; at most the width.
        field: applied, A/m.

    >>> round(float(Pulse(120e-6, width=1e-9).height(np.array(1.005e-9))), 6)
    0.5
    """

    strip: float = 0.0
    junction: float = 0.0
    width: float = float("inf")
    rise: float = 10e-12
    field: Vector = (0.0, 0.0, 0.0)

    @property
    def corners(self) -> tuple[float, float, float]:
        """Where the slope changes, s: the first edge's end, the last edge's start and end."""
        return self.rise, self.width, self.width + self.rise

    def height(self, time: FloatArray) -> FloatArray:
        """0 to 1 at times ≥ 0 (s)."""
        if self.rise == 0:
            return np.where(time < self.width, 1.0, 0.0)
        return np.clip(np.minimum(time / self.rise, (self.width + self.rise - time) / self.rise), 0.0, 1.0)


def cross(a: FloatArray, b: FloatArray) -> FloatArray:
    """a × b, vectors along the first axis."""
    return np.stack([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]])


@dataclass(frozen=True)
class SampledPulse(Pulse):
    """Current that follows a waveform, such as one from a circuit simulator.

    Args:
        samples: height at ``sample_times``, 1 = the full ``strip`` and ``junction``; linear in between, 0 outside.
        sample_times: rising, s.

    >>> ramp = SampledPulse(120e-6, sample_times=np.array([0.0, 1e-9]), samples=np.array([0.0, 1.0]))
    >>> ramp.height(np.array([0.5e-9, 2e-9])).round(9).tolist()
    [0.5, 0.0]
    """

    sample_times: FloatArray = field(default_factory=lambda: np.array([0.0]))
    samples: FloatArray = field(default_factory=lambda: np.array([0.0]))

    def height(self, time: FloatArray) -> FloatArray:
        """Height at these times."""
        return np.interp(time, self.sample_times, self.samples, left=0.0, right=0.0)


def rate(layer: FreeLayer, m: FloatArray, strip: float, junction: float, field: FloatArray) -> FloatArray:
    """dm/dt of the LLG in its explicit form, 1/s.

        dm/dt = (T + α m × T) / (1 + α²),   T = −γ m × B − γ m × (m × (a_SHE y + a_STT e))

    B = µ0 H and the spin-torque fields a as in FreeLayer.

    Args:
        m: shape (3, …).
        strip, junction: currents as in Pulse, A.
        field: applied, A/m, shape (3,) or that of m.
    Source: J. C. Slonczewski, Journal of Magnetism and Magnetic Materials 159, L1 (1996), for the torque.

    >>> spin = FreeLayer(1e6, 4e-24, 0.01, (0.1, 0.0, 0.9), 0.0, spin_hall_gain=3.0)
    >>> towards = rate(spin, np.array([1.0, 0.0, 0.0]), 1e-6, 0.0, np.zeros(3))
    >>> bool(towards[1] > 0)
    True
    """
    columns = (3,) + (1,) * (m.ndim - 1)
    along = m[layer.axis]
    torque_field = np.zeros_like(m)
    torque_field[1] = spin_orbit = layer.tesla_per_ampere * layer.spin_hall_gain * strip
    efficiency = layer.polarization / (1 + layer.polarization**2 * along)
    torque_field[layer.axis] -= layer.tesla_per_ampere * efficiency * junction

    shape = np.reshape(layer.demagnetization, columns) * m
    induction = mu_0 * (np.reshape(field, field.shape or columns) - layer.saturation_magnetization * shape)
    induction[layer.axis] += mu_0 * layer.anisotropy_field * along
    induction[1] += layer.field_like * spin_orbit

    torque = -GAMMA * cross(m, induction + cross(m, torque_field))
    return (torque + layer.damping * cross(m, torque)) / (1 + layer.damping**2)


def trajectory(
    layer: FreeLayer, pulse: Pulse, initial: FloatArray, times: FloatArray, tolerance: float = 1e-10
) -> FloatArray:
    """m at the given times without thermal field, by DOP853 between the pulse's corners.

    Args:
        initial: m at t = 0, shape (3,).
        times: rising, ≥ 0, s.
        tolerance: of DOP853, relative; a hundredth of it absolute.
    Returns:
        shape (3, times); |m| drifts from 1 by about the tolerance.

    >>> from spintronics.magnetics import Macrospin
    >>> from spintronics.technology import Technology
    >>> layer = Macrospin.of(Technology.load("imce45")).free_layer
    >>> start = np.array([np.sin(0.1), np.cos(0.1), 0.0])
    >>> path = trajectory(layer, Pulse(120e-6), start, np.array([0.0, 3e-9]))
    >>> path[1].round(1).tolist()
    [1.0, -1.0]
    """
    field = np.array(pulse.field)

    from scipy.integrate import solve_ivp  # slow to import

    def slope(time: float, m: FloatArray, middle: float) -> FloatArray:
        # One side of a corner at a time: a pulse without edges is constant in between.
        height = float(pulse.height(np.array(middle if pulse.rise == 0 else time)))
        return rate(layer, m, pulse.strip * height, pulse.junction * height, field)

    n, ms = layer.demagnetization, layer.saturation_magnetization
    spin_current = abs(layer.spin_hall_gain * pulse.strip) + abs(pulse.junction)
    fields = ms * (max(n) - min(n)) + abs(layer.anisotropy_field) + float(np.linalg.norm(field))
    fastest = GAMMA * (mu_0 * fields + layer.tesla_per_ampere * spin_current * (1 + abs(layer.field_like)))
    corners = [corner for corner in pulse.corners if 0 < corner < times[-1]]
    m, parts = initial, [np.empty((3, 0))]
    for begin, end in pairwise(sorted({0.0, *corners, float(times[-1])})):
        inside = times[(times >= begin) & (times < end)]
        solution = solve_ivp(
            slope,
            (begin, end),
            m,
            method="DOP853",
            t_eval=np.append(inside, end),
            rtol=tolerance,
            atol=tolerance / 100,
            max_step=3 / fastest if fastest else np.inf,  # about rest the step would grow until |m| runs away
            args=((begin + end) / 2,),
        )
        parts.append(solution.y[:, :-1])
        m = solution.y[:, -1]
    parts.append(np.repeat(m[:, None], int(np.sum(times == times[-1])), axis=1))
    return np.concatenate(parts, axis=1)
