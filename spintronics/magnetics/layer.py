"""The free layer as one spin, whatever its easy axis: fields, energy, stability, critical currents, switching time."""

from dataclasses import dataclass
from math import log, pi, sqrt
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.constants import Boltzmann, elementary_charge, hbar, mu_0, physical_constants

from spintronics.errors import InputError

FloatArray = npt.NDArray[np.float64]

GAMMA = physical_constants["electron gyromag. ratio"][0]
"""Gyromagnetic ratio of the electron, rad/(s T)."""


@dataclass(frozen=True)
class FreeLayer:
    """One spin m, |m| = 1, with the parameters and the signs of models/veriloga/she_mtj.va.  SI units.

    x runs along the heavy metal from T1 to T2, y lies in the plane, z points from the heavy metal up to the pinned
    layer.  m along +easy is P, along −easy AP.

        H = H_applied − Ms (N_x m_x, N_y m_y, N_z m_z) + H_k (m·e) e + field_like · a_SHE/µ0 · y
        a_SHE = ħ/(2e) · gain · I_q / (Ms V),   a_STT = −ħ/(2e) · p/(1 + p² m·e) · I_j / (Ms V)

    The closed forms raise InputError where the easy axis is none.

    Args:
        saturation_magnetization: Ms, A/m, > 0.
        volume: V, m³, > 0.
        damping: Gilbert's α, 0 to 1.
        demagnetization: N_x, N_y, N_z; an interface anisotropy lowers N_z by 2 K_i/(µ0 Ms² t).
        temperature: K; 0 switches the thermal field off.
        easy_axis: y (in plane, type y) or z (perpendicular, type z).
        anisotropy_field: H_k along the easy axis, on top of the shape's, A/m.
        spin_hall_gain: I_s/I_q; positive drives m to +y for I_q > 0 (from T1 to T2).
        polarization: p, 0 to 1, of the junction's current; a current from T3 into the free layer favours AP.
        field_like: ratio of the field-like to the damping-like spin-orbit field, along +y for gain · I_q > 0.

    >>> film = FreeLayer(8e5, 2e-24, 0.02, (0.03, 0.03, 0.94), 300.0, "z", anisotropy_field=9e5)
    >>> f"{film.thermal_stability:.1f}"
    '41.7'
    """

    saturation_magnetization: float
    volume: float
    damping: float
    demagnetization: tuple[float, float, float]
    temperature: float
    easy_axis: Literal["y", "z"] = "y"
    anisotropy_field: float = 0.0
    spin_hall_gain: float = 0.0
    polarization: float = 0.0
    field_like: float = 0.0

    @property
    def axis(self) -> int:
        """Index of the easy axis in (x, y, z)."""
        return {"y": 1, "z": 2}[self.easy_axis]

    @property
    def hard_axes(self) -> tuple[int, int]:
        """Indices of the two hard axes: x, z (type y) or x, y (type z)."""
        return (0, 2) if self.easy_axis == "y" else (0, 1)

    @property
    def stiffness(self) -> tuple[float, float]:
        """Fields that hold the spin against a tilt towards each hard axis, A/m: Ms (N_hard − N_easy) + H_k.

        Not positive where the easy axis is none.
        """
        n, easy = self.demagnetization, self.axis
        first, second = (
            self.saturation_magnetization * (n[hard] - n[easy]) + self.anisotropy_field for hard in self.hard_axes
        )
        return first, second

    @property
    def _holding(self) -> tuple[float, float]:
        """The stiffness of an axis that is easy; InputError where it is not."""
        for hard, field in zip(self.hard_axes, self.stiffness, strict=True):
            if field <= 0:
                raise InputError(
                    f"free layer: {self.easy_axis} is no easy axis, its energy is not below that of {'xyz'[hard]} "
                    f"(anisotropy field {field:.3g} A/m): change shape, interface anisotropy or easy axis"
                )
        return self.stiffness

    @property
    def moment(self) -> float:
        """µ0 Ms V, J/(A/m)."""
        return mu_0 * self.saturation_magnetization * self.volume

    @property
    def tesla_per_ampere(self) -> float:
        """ħ/(2e Ms V): spin-torque field of a spin current, T/A."""
        return hbar / (2 * elementary_charge * self.saturation_magnetization * self.volume)

    def energy(self, m: FloatArray, field: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> FloatArray:
        """Energy of m, shape (3, …), in an applied field (A/m), J.

        E = µ0 Ms V [Ms Σ N_i m_i² / 2 − H_k (m·e)² / 2 − H·m]
        """
        shape = self.saturation_magnetization * np.tensordot(self.demagnetization, m**2, 1) / 2
        uniaxial = self.anisotropy_field * m[self.axis] ** 2 / 2
        return np.asarray(self.moment * (shape - uniaxial - np.tensordot(field, m, 1)))

    @property
    def energy_barrier(self) -> float:
        """E_b = µ0 Ms V H / 2, J: over the softer of the hard axes, H its stiffness."""
        return self.moment * min(self._holding) / 2

    @property
    def thermal_stability(self) -> float:
        """Δ = E_b / (k_B T)."""
        return self.energy_barrier / (Boltzmann * self.temperature)

    @property
    def thermal_tilts(self) -> tuple[float, float]:
        """Root-mean-square components of m along the two hard axes in equilibrium, small angles.

        ⟨m_i²⟩ = k_B T / (µ0 Ms V H_i)      (equipartition; too low by about a factor 1 + 1/(2Δ))
        """
        first, second = (sqrt(Boltzmann * self.temperature / (self.moment * field)) for field in self._holding)
        return first, second

    @property
    def critical_spin_current(self) -> float:
        """Spin current along the easy axis at which the precession about it grows, A.

            I_s,c = (2e/ħ) · α · µ0 Ms V · (H_1 + H_2) / 2

        H_1, H_2 are the stiffnesses.  Terms of order α² are dropped.
        Source: linearized LLG; J. Z. Sun, Physical Review B 62, 570 (2000).
        """
        return self.damping * mu_0 * sum(self._holding) / 2 / self.tesla_per_ampere

    @property
    def critical_write_current(self) -> float:
        """Charge current in the heavy metal at which the spin leaves its state, A.

        Type y: the instability threshold, I_s,c / (|gain| (1 + α · field_like)), while the field-like field is small
        beside both stiffnesses.  Type z: the spin, turned in the x-z plane by the
        damping-like torque, has no equilibrium beyond a = µ0 H_x / 2 (H_x: stiffness against x; no field-like
        torque, no applied field; slow rise): I = µ0 H_x / 2 / (tesla_per_ampere |gain|).
        Source: type z, K.-S. Lee et al., Applied Physics Letters 102, 112410 (2013).
        """
        if self.easy_axis == "y":
            return self.critical_spin_current / (abs(self.spin_hall_gain) * (1 + self.damping * self.field_like))
        return mu_0 * self._holding[0] / 2 / (self.tesla_per_ampere * abs(self.spin_hall_gain))

    def critical_junction_current(self, state: Literal[1, -1]) -> float:
        """Junction current whose spin-transfer torque reaches the threshold from P (+1) or AP (−1), A, > 0.

        I_c = I_s,c (1 ± p²) / p       (efficiency p/(1 + p² cos θ), Slonczewski); from P it flows from T3 into the
        free layer, from AP out of it.
        """
        p = self.polarization
        return self.critical_spin_current * (1 + state * p * p) / p

    def switching_time(self, spin_current: float, amplitude: float) -> float:
        """Time from the start of a steady spin current against m to m·e = 0, s.

            t = ln(π / (2 θ0)) / (γ (a − a_c)) · (1 + α²),    a = tesla_per_ampere · I_s,  a_c that of I_s,c

        The precession's amplitude grows as exp(γ (a − a_c) t) from θ0 until the spin is at a right angle.

        Args:
            spin_current: I_s along the easy axis, A, above critical_spin_current in magnitude.
            amplitude: θ0, rad, of the precession towards the softer hard axis at the start: with initial components
                m_1 and m_2 on hard axes of stiffness H_1 < H_2, √(m_1² + m_2² H_2/H_1); its root mean square in
                equilibrium is 1/√Δ.
        Validity: small θ0.  At large angles the damping holds less than a_c says: the closed form is 1 to 13 % above
            the LLG's mean over the phase of the precession at 1.5 to 6 I_s,c and θ0 of 0.05 to 0.2 (tests).
        Source: J. Z. Sun, Physical Review B 62, 570 (2000); measured by R. H. Koch et al., Physical Review Letters
            92, 088302 (2004).
        Raises:
            InputError: the spin current does not exceed the critical one.
        """
        excess = self.tesla_per_ampere * (abs(spin_current) - self.critical_spin_current)
        if excess <= 0:
            raise InputError(
                f"switching time: spin current {abs(spin_current):.4g} A must exceed the critical "
                f"{self.critical_spin_current:.4g} A"
            )
        return log(pi / (2 * amplitude)) / (GAMMA * excess) * (1 + self.damping**2)
