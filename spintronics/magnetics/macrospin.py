"""A technology's junction on its heavy metal as a free layer: shape and spin Hall effect, and what follows."""

from dataclasses import dataclass
from functools import cached_property
from math import cosh

import numpy as np
from scipy.constants import mu_0
from scipy.special import elliprd

from spintronics.errors import InputError
from spintronics.magnetics.layer import FloatArray, FreeLayer
from spintronics.magnetics.stochastic import thermal_states
from spintronics.technology import HeavyMetal, Junction, Technology


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
    Raises:
        InputError: no easy axis along y: a junction no longer than wide, or one that is perpendicular.

    >>> from spintronics.technology import Technology
    >>> t = Technology.load("imce45")
    >>> spin = Macrospin(t.junction, t.heavy_metal, 300.15)    # or Macrospin.of(t)
    >>> 20 < spin.thermal_stability < 60
    True
    """

    junction: Junction
    heavy_metal: HeavyMetal
    temperature: float

    def __post_init__(self) -> None:
        if self.in_plane_anisotropy_field <= 0:
            raise InputError(
                f"junction.length = {self.junction.length:g} m: must be larger than junction.width = "
                f"{self.junction.width:g} m, or there is no easy axis in the plane"
            )
        if self.out_of_plane_field <= 0:
            raise InputError(
                f"junction.interface_anisotropy = {self.junction.interface_anisotropy:g} J/m^2: pulls the free layer "
                "out of the plane; a type-y junction needs less of it, or a thicker junction.free_layer"
            )

    @classmethod
    def of(cls, technology: Technology) -> "Macrospin":
        """The technology's free layer, with its parameters at the temperature that the circuits run at."""
        return cls(technology.operating_junction, technology.heavy_metal, technology.cmos.temperature)

    @cached_property
    def free_layer(self) -> FreeLayer:
        """The same spin with its parameters as numbers, for the LLG."""
        j = self.junction
        return FreeLayer(
            saturation_magnetization=j.saturation_magnetization,
            volume=self.volume,
            damping=j.damping,
            demagnetization=self.demagnetization,
            temperature=self.temperature,
            spin_hall_gain=self.spin_hall_gain,
            polarization=j.polarization,
            field_like=self.heavy_metal.field_like_ratio,
        )

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
        return self.free_layer.stiffness[0]

    @property
    def out_of_plane_field(self) -> float:
        """M_eff = Ms (N_z − N_y), A/m: field that holds the spin in the plane."""
        return self.free_layer.stiffness[1]

    @property
    def energy_barrier(self) -> float:
        """E_b = µ0 Ms H_k V / 2, J: through the hard in-plane axis."""
        return self.free_layer.energy_barrier

    @property
    def thermal_stability(self) -> float:
        """Δ = E_b / (k_B T)."""
        return self.free_layer.thermal_stability

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
        """Spin current at which the precession about the easy axis grows, A; formula and source: FreeLayer."""
        return self.free_layer.critical_spin_current

    @property
    def critical_write_current(self) -> float:
        """Charge current in the heavy metal at the instability threshold, A."""
        return self.free_layer.critical_write_current

    @property
    def critical_read_current(self) -> float:
        """Read current that reaches the threshold from P towards AP, A.

            I_c = I_s,c / |p / (1 + p²) − g/2|

        The current leaves through one half of the heavy metal, so half of it counts for the spin Hall effect, with
        its gain g; both torques push to AP where θ_SH is negative.
        """
        p = self.junction.polarization
        return self.critical_spin_current / abs(p / (1 + p * p) - self.spin_hall_gain / 2)

    def thermal_angles(self, count: int, seed: int) -> tuple[FloatArray, FloatArray]:
        """Angles of the spin about its easy axis in thermal equilibrium.

        They are those of ``thermal_states``.

        Args:
            count: how many.
            seed: 0 to 2⁶⁴ − 1; the same seed gives the same angles.
        Returns:
            polar angle θ from the easy axis and azimuth φ (from x towards z), rad, each of shape (count,).
        """
        m_x, _, m_z = thermal_states(self.free_layer, 1, count, seed)
        return np.arcsin(np.hypot(m_x, m_z)), np.arctan2(m_z, m_x)
