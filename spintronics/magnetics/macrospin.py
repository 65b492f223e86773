"""The free layer as one spin: closed forms for its fields, its stability and its critical currents."""

from dataclasses import dataclass
from functools import cached_property
from math import cosh, pi, sqrt

import numpy as np
import numpy.typing as npt
from scipy.constants import Boltzmann, elementary_charge, hbar, mu_0
from scipy.special import elliprd

from spintronics.technology import HeavyMetal, Junction

FloatArray = npt.NDArray[np.float64]


def demagnetization_factors(a: float, b: float, c: float) -> tuple[float, float, float]:
    """Demagnetization factors of an ellipsoid with semi-axes a, b, c (any one length unit), along those axes.

        N_a = (abc / 3) · R_D(b², c², a²)          (they sum to 1)

    R_D is Carlson's symmetric elliptic integral.  Source: J. A. Osborn, Physical Review 67, 351 (1945).

    >>> [round(n, 6) for n in demagnetization_factors(1.0, 1.0, 1.0)]
    [0.333333, 0.333333, 0.333333]
    """
    volume = a * b * c / 3
    return (
        volume * float(elliprd(b * b, c * c, a * a)),
        volume * float(elliprd(a * a, c * c, b * b)),
        volume * float(elliprd(a * a, b * b, c * c)),
    )


@dataclass(frozen=True)
class Macrospin:
    """Free layer of a type-y junction on a heavy metal: easy axis y, hard in-plane axis x, out of plane z.

    Args:
        junction, heavy_metal: from a Technology.
        temperature: K.

    >>> from spintronics.technology import Technology
    >>> t = Technology.load("imce45")
    >>> spin = Macrospin(t.junction, t.heavy_metal, 300.15)
    >>> 20 < spin.thermal_stability < 60
    True
    """

    junction: Junction
    heavy_metal: HeavyMetal
    temperature: float

    @property
    def volume(self) -> float:
        """Volume of the free layer, m³."""
        return self.junction.area * self.junction.free_layer

    @cached_property
    def demagnetization(self) -> tuple[float, float, float]:
        """N_x, N_y, N_z: an ellipsoid of the free layer's axes, with N_z lowered by the interface anisotropy.

            N_z = N_z,shape − 2 K_i / (µ0 Ms² t_FL)

        K_i acts as a perpendicular anisotropy field 2 K_i / (µ0 Ms t_FL) against the demagnetizing field.
        """
        j = self.junction
        n_y, n_x, n_z = demagnetization_factors(j.length / 2, j.width / 2, j.free_layer / 2)
        interface = 2 * j.interface_anisotropy / (mu_0 * j.saturation_magnetization**2 * j.free_layer)
        return n_x, n_y, n_z - interface

    @property
    def in_plane_anisotropy_field(self) -> float:
        """H_k = Ms (N_x − N_y), A/m."""
        n_x, n_y, _ = self.demagnetization
        return self.junction.saturation_magnetization * (n_x - n_y)

    @property
    def out_of_plane_field(self) -> float:
        """M_eff = Ms (N_z − N_y), A/m: field that holds the spin in the plane."""
        _, n_y, n_z = self.demagnetization
        return self.junction.saturation_magnetization * (n_z - n_y)

    @property
    def energy_barrier(self) -> float:
        """E_b = µ0 Ms H_k V / 2, J: through the hard in-plane axis."""
        return mu_0 * self.junction.saturation_magnetization * self.in_plane_anisotropy_field * self.volume / 2

    @property
    def thermal_stability(self) -> float:
        """Δ = E_b / (k_B T)."""
        return self.energy_barrier / (Boltzmann * self.temperature)

    @property
    def spin_hall_gain(self) -> float:
        """I_s / I_q = θ_SH · (A_MTJ / A_HM) · (1 − sech(t_HM / λ_sf)); negative where θ_SH is.

        Source: IMCE slides (ASP-DAC 2018), SOT-MRAM; 1 − sech from spin diffusion in a film.
        """
        h = self.heavy_metal
        film = 1 - 1 / cosh(h.thickness / h.spin_flip_length)
        return h.spin_hall_angle * self.junction.area / h.cross_section * film

    @property
    def critical_spin_current(self) -> float:
        """Spin current at which the precession about the easy axis grows, A.

            I_s,c = (2e / ħ) · α · µ0 Ms V · (H_k + M_eff) / 2

        The sum is over both stiffnesses about y.  Source: linearized LLG; J. Z. Sun, Physical Review B 62, 570 (2000).
        """
        j = self.junction
        stiffness = (self.in_plane_anisotropy_field + self.out_of_plane_field) / 2
        moment = mu_0 * j.saturation_magnetization * self.volume
        return 2 * elementary_charge / hbar * j.damping * moment * stiffness

    @property
    def critical_write_current(self) -> float:
        """Charge current in the heavy metal at the instability threshold, A."""
        return self.critical_spin_current / abs(self.spin_hall_gain)

    @property
    def critical_read_current(self) -> float:
        """Junction current whose spin-transfer torque reaches the threshold from P towards AP, A.

        I_c = I_s,c (1 + p²) / p       (efficiency p / (1 + p² cos θ), Slonczewski)
        """
        p = self.junction.polarization
        return self.critical_spin_current * (1 + p * p) / p

    def thermal_angles(self, count: int, seed: int) -> tuple[FloatArray, FloatArray]:
        """Angles of the spin about its easy axis in thermal equilibrium.

        Components m_x, m_z are normal with variances k_B T / (µ0 Ms V H_k) and k_B T / (µ0 Ms V M_eff)
        (equipartition, small angles).

        Args:
            count: how many.
            seed: of NumPy's Philox; the same seed gives the same angles.
        Returns:
            polar angle θ from the easy axis and azimuth φ (from x towards z), rad, each of shape (count,).
        """
        random = np.random.Generator(np.random.Philox(seed))
        moment = mu_0 * self.junction.saturation_magnetization * self.volume
        kt = Boltzmann * self.temperature
        m_x = random.standard_normal(count) * sqrt(kt / (moment * self.in_plane_anisotropy_field))
        m_z = random.standard_normal(count) * sqrt(kt / (moment * self.out_of_plane_field))
        tilt = np.minimum(np.hypot(m_x, m_z), np.sin(0.49 * pi))
        return np.arcsin(tilt), np.arctan2(m_z, m_x)
