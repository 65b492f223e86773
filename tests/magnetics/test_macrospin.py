"""Closed forms of the macrospin against integrals, sampled moments and eigenvalues of the linearized LLG."""

import numpy as np
import pytest
from scipy.constants import Boltzmann, elementary_charge, hbar, mu_0
from scipy.integrate import quad
from scipy.optimize import brentq

from spintronics.magnetics import Macrospin
from spintronics.magnetics.macrospin import demagnetization_factors
from spintronics.technology import Technology

GAMMA = 1.76085963023e11


@pytest.fixture
def spin() -> Macrospin:
    technology = Technology.load("imce45")
    return Macrospin(technology.junction, technology.heavy_metal, 300.15)


def test_demagnetization_factors_are_osborns_integrals() -> None:
    a, b, c = 30.0, 15.0, 1.5

    def factor(axis: float) -> float:
        def integrand(t: float) -> float:
            s = c * c * t / (1 - t)
            return c * c / (1 - t) ** 2 / ((axis**2 + s) * np.sqrt((a * a + s) * (b * b + s) * (c * c + s)))

        return a * b * c / 2 * quad(integrand, 0, 1, epsabs=0, epsrel=1e-10, limit=400)[0]

    assert demagnetization_factors(a, b, c) == pytest.approx([factor(a), factor(b), factor(c)], rel=1e-7)


def test_thermal_angles_follow_equipartition(spin: Macrospin) -> None:
    theta, phi = spin.thermal_angles(200_000, seed=3)
    m_x, m_z = np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi)
    moment = mu_0 * spin.junction.saturation_magnetization * spin.volume
    assert np.var(m_x) == pytest.approx(Boltzmann * 300.15 / (moment * spin.in_plane_anisotropy_field), rel=0.02)
    assert np.var(m_z) == pytest.approx(Boltzmann * 300.15 / (moment * spin.out_of_plane_field), rel=0.02)
    assert np.mean(m_x) == pytest.approx(0, abs=5 * np.std(m_x) / np.sqrt(200_000))


def test_stability_is_the_energy_between_easy_and_hard_axis(spin: Macrospin) -> None:
    n_x, n_y, _ = spin.demagnetization
    density = mu_0 * spin.junction.saturation_magnetization**2 / 2
    barrier = density * (n_x - n_y) * spin.volume
    assert spin.thermal_stability == pytest.approx(barrier / (Boltzmann * 300.15), rel=1e-12)


def test_critical_write_current_is_where_the_linearized_llg_turns_unstable(spin: Macrospin) -> None:
    j = spin.junction
    demagnetization = np.array(spin.demagnetization)

    def torque(m: np.ndarray, spin_current: float) -> np.ndarray:
        field = -mu_0 * j.saturation_magnetization * demagnetization * m
        a = hbar / (2 * elementary_charge) * spin_current / (j.saturation_magnetization * spin.volume)
        t = -GAMMA * np.cross(m, field) - GAMMA * a * np.cross(m, np.cross(m, [0.0, -1.0, 0.0]))
        return (t + j.damping * np.cross(m, t)) / (1 + j.damping**2)

    def growth(current: float) -> float:
        rest, step = np.array([0.0, 1.0, 0.0]), 1e-7
        columns = []
        for axis in (0, 2):
            shift = np.zeros(3)
            shift[axis] = step
            columns.append((torque(rest + shift, current) - torque(rest - shift, current))[[0, 2]] / (2 * step))
        return float(np.linalg.eigvals(np.array(columns).T).real.max())

    threshold = brentq(lambda i: growth(i * abs(spin.spin_hall_gain)), 1e-6, 200e-6)
    # The closed form drops terms of order α².
    assert spin.critical_write_current == pytest.approx(threshold, rel=1e-3)


@pytest.mark.parametrize(("share", "flips"), [(0.85, False), (1.4, True)])
def test_read_current_above_the_critical_one_flips_a_parallel_junction(share: float, flips: bool) -> None:
    """In ngspice, through the junction and half of the heavy metal, as a read is."""
    from spintronics.circuits.library import free_layer, heavy_metal
    from spintronics.netlists import shipped_netlist
    from spintronics.ngspice import Simulator

    technology = Technology.load("imce45")
    spin = Macrospin(technology.junction, technology.heavy_metal, 300.15)
    parameters = free_layer(technology, 1, 0.1, 0.3) | heavy_metal(technology)
    deck = f"""* read disturb
{shipped_netlist("generated/she_mtj")}
i1 0 t3 pwl(0 0 10p {share * spin.critical_read_current!r})
v2 t2 0 0
r1 t1 0 1e12
v4 hx 0 0
v5 hy 0 0
v6 hz 0 0
x1 t1 t2 t3 hx hy hz mx my mz she_mtj {" ".join(f"{k}={v!r}" for k, v in parameters.items())}
.options method=trap reltol=1e-4
.save v(my)
.tran 10p 30n 0 2p
.end
"""
    m_y = Simulator().run(deck)["v(my)"]
    assert bool(m_y[-1] < -0.5) == flips
