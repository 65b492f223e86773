"""Importance sampling against closed forms and quadrature, on ideal resistors that ngspice solves and without it."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from spintronics.montecarlo import NoFailurePoint, importance_sampling
from spintronics.montecarlo.importance import failure_points
from spintronics.montecarlo.variation import Variation, acceptance, dimensions, junctions_at
from spintronics.ngspice import Simulator
from spintronics.technology import Technology

FloatArray = npt.NDArray[np.float64]
CURRENT, NOMINAL = 10e-6, 10e3  # A, Ω


def line_voltages(normals: FloatArray, sigma: float) -> FloatArray:
    """Voltage of ideal resistors in parallel, each normal with a relative sigma, as ngspice solves it."""
    count, resistors = normals.shape
    resistances = NOMINAL * (1 + sigma * np.pad(normals, ((0, 1), (0, 0))))  # ngspice sweeps two points or more
    lines = ["ideal resistors on a line", "vidx idx 0 0", f"iread 0 bl {CURRENT}"]
    for k in range(resistors):
        table = ",".join(f"{n},{1e3 / r:.15g}" for n, r in enumerate(resistances[:, k]))
        lines += [f"bg{k} g{k} 0 v=pwl(v(idx),{table})", f"br{k} bl 0 i=v(bl)*v(g{k})*1e-3"]
    lines += [".options reltol=1e-9 vntol=1e-12", ".save v(bl)", f".dc vidx 0 {count} 1", ".end", ""]
    return Simulator().run("\n".join(lines))["v(bl)"][:count]


def two_in_parallel(limit: float, sigma: float) -> tuple[float, float]:
    """Probability that two normal resistors in parallel are above and below ``limit`` (of one), by quadrature."""

    def other(z: float) -> float:
        conductance = 1 / limit - 1 / (1 + sigma * z)
        return (1 / conductance - 1) / sigma if conductance > 0 else np.inf

    peaks = [(2 * limit - 1) / sigma, 0.0]
    bounds = (-1 / sigma + 1e-9, 12.0)
    options = {"points": peaks, "limit": 500, "epsabs": 0}
    above, _ = quad(lambda z: norm.pdf(z) * norm.sf(other(z)), *bounds, **options)
    below, _ = quad(lambda z: norm.pdf(z) * norm.cdf(other(z)), *bounds, **options)
    return above, below


def test_one_resistor_in_closed_form() -> None:
    """V = I·R fails above 1.3 of its nominal value: 6 standard deviations of 5 %."""
    limit = 1.3 * CURRENT * NOMINAL
    rare = importance_sampling(lambda z: (limit - line_voltages(z, 0.05))[:, None], 1, seed=1)
    assert rare.distances == pytest.approx([6.0], abs=1e-6)
    assert rare.low < norm.sf(6) < rare.high
    assert rare.high / rare.low < 1.5**2
    assert rare.effective > 100


@pytest.mark.parametrize(("side", "limit"), [(1, 0.61), (-1, 0.39)])
def test_two_resistors_in_parallel_by_quadrature(side: int, limit: float) -> None:
    exact = two_in_parallel(limit, 0.05)[0 if side > 0 else 1]
    assert 1e-11 < exact < 1e-6
    reference = limit * CURRENT * NOMINAL
    rare = importance_sampling(lambda z: (side * (reference - line_voltages(z, 0.05)))[:, None], 2, seed=1)
    assert rare.low < exact < rare.high
    assert rare.relative_error <= 0.1


def parallel(side: int, limit: float, sigma: float) -> Callable[[FloatArray], FloatArray]:
    """The same without ngspice, for many seeds."""
    return lambda z: (side * (limit - 1 / (1 / (1 + sigma * z)).sum(axis=1)))[:, None]


@pytest.mark.parametrize(("side", "limit", "sigma"), [(1, 0.65, 0.05), (-1, 0.375, 0.05), (-1, 0.225, 0.12)])
def test_intervals_cover_the_truth_as_often_as_they_say(side: int, limit: float, sigma: float) -> None:
    exact = two_in_parallel(limit, sigma)[0 if side > 0 else 1]
    found = [importance_sampling(parallel(side, limit, sigma), 2, seed) for seed in range(100)]
    assert np.mean([rare.low < exact < rare.high for rare in found]) >= 0.88
    assert np.mean([rare.p for rare in found]) == pytest.approx(exact, rel=0.03)


def test_every_failure_point_of_a_curved_boundary_is_found() -> None:
    """One resistor almost a short, or both halfway: three places to fail, the single ones nearer."""
    points = failure_points(parallel(-1, 0.225, 0.12), 2)
    assert len(points) == 3
    assert np.linalg.norm(points[0]) == pytest.approx(np.linalg.norm(points[1]), abs=1e-3)
    assert points[2, 0] == pytest.approx(points[2, 1], abs=1e-3)
    margins = parallel(-1, 0.225, 0.12)(points)
    assert np.abs(margins).max() < 1e-3


@pytest.mark.parametrize("dimensions_", [4, 16])
def test_two_ways_to_fail_count_once(dimensions_: int) -> None:
    """Above 5 or below −4.5 along one direction, and once more above 5 along it."""

    def margins(z: FloatArray) -> FloatArray:
        along = z.sum(axis=1) / dimensions_**0.5
        return np.stack([5 - along, along + 4.5, 5 - along], axis=1)

    rare = importance_sampling(margins, dimensions_, seed=2)
    assert rare.distances == pytest.approx([4.5, 5.0], abs=1e-6)
    assert rare.low < norm.sf(5) + norm.cdf(-4.5) < rare.high


def test_likely_failures_are_found_too() -> None:
    """Where the nominal trial fails, the points are plain draws."""
    rare = importance_sampling(lambda z: z[:, :1] - 0.5, 3, seed=1)
    assert rare.low < norm.cdf(0.5) < rare.high
    assert rare.distances == (0.0,)


def test_smaller_error_takes_more_points() -> None:
    few, many = (importance_sampling(lambda z: 5 - z[:, :1], 2, seed=1, relative_error=error) for error in (0.1, 0.01))
    assert few.samples < many.samples
    assert many.relative_error <= 0.01
    assert many.low < norm.sf(5) < many.high


def test_what_cannot_fail_is_refused() -> None:
    for margins in (lambda z: np.full((len(z), 1), 2.0), lambda z: 20 - z[:, :1]):
        with pytest.raises(NoFailurePoint, match="no failure found within 12 standard deviations"):
            importance_sampling(margins, 2, seed=1)


def test_truncated_draws_in_closed_form(imce45: Technology) -> None:
    """P(z > 2.5 given |z| ≤ 3) of one quantity, with the map and the acceptance that the sense path uses."""
    spread = Variation(sigma_ra=0.05, sigma_tmr=0.0, truncation=3.0)

    def margins(z: FloatArray) -> FloatArray:
        drawn, physical = junctions_at(imce45.junction, spread, 1, z)
        gap = 1 + 2.5 * 0.05 - drawn.r_p / imce45.junction.r_p
        return np.where(physical[:, None], gap, np.inf)

    exact = (norm.cdf(3) - norm.cdf(2.5)) / (norm.cdf(3) - norm.cdf(-3))
    rare = importance_sampling(margins, dimensions(spread, 1), 1, acceptance(spread, 1), relative_error=0.02)
    assert rare.low < exact < rare.high


def test_acceptance_of_correlated_quantities_is_that_of_draws(imce45: Technology) -> None:
    matrix = ((1.0, 0.8, 0.0), (0.8, 1.0, 0.0), (0.0, 0.0, 1.0))
    spread = Variation(sigma_ra=0.5, sigma_tmr=0.3, correlation=matrix, truncation=1.5)
    normals = np.random.default_rng(1).standard_normal((100_000, 4))
    _, physical = junctions_at(imce45.junction, spread, 2, normals)
    assert acceptance(spread, 2) == pytest.approx(physical.mean(), abs=0.008)  # five standard errors
