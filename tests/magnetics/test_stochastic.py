"""Stochastic integrator: noise, SciPy without it, equipartition, escape time, steps, back ends, write errors."""

from dataclasses import replace
from math import pi

import numpy as np
import pytest
from scipy.constants import Boltzmann, mu_0
from scipy.integrate import cumulative_simpson, simpson
from scipy.stats import binomtest, ks_2samp, kstest

from spintronics.errors import InputError
from spintronics.magnetics import (
    Ensemble,
    FreeLayer,
    Macrospin,
    Pulse,
    WriteErrors,
    noise,
    simulate,
    stochastic,
    thermal_path,
    thermal_states,
    trajectory,
    write_error_rate,
)
from spintronics.magnetics.layer import GAMMA, FloatArray
from spintronics.technology import Technology

TYPE_Z = FreeLayer(
    8e5, 2e-24, 0.1, (0.03, 0.05, 0.92), 300.0, "z", anisotropy_field=8.5e5, spin_hall_gain=-2.0, polarization=0.5
)
WRITE = Pulse(120e-6, 3e-6, width=1.5e-9, rise=20e-12, field=(2e3, -1e3, 4e3))


@pytest.fixture(scope="module")
def layer() -> FreeLayer:
    return Macrospin.of(Technology.load("imce45")).free_layer


@pytest.fixture(params=["numba", "numpy"])
def backend(request: pytest.FixtureRequest) -> stochastic.Backend:
    if request.param == "numba":
        pytest.importorskip("numba", reason="numba is not installed")
    return request.param  # type: ignore[no-any-return]


# Random numbers


def test_philox_gives_its_authors_numbers() -> None:
    # Random123's kat_vectors, philox 4x32 10 rounds.
    def words(counter: list[int], key: tuple[int, int]) -> list[int]:
        c0, c1, c2, c3 = (np.array([c], dtype=np.uint64) for c in counter)
        return [int(word[0]) for word in noise.philox(c0, c1, c2, c3, np.uint64(key[0]), np.uint64(key[1]))]

    ones = 0xFFFFFFFF
    assert words([0, 0, 0, 0], (0, 0)) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
    assert words([ones] * 4, (ones, ones)) == [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]
    pi_digits = [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344]
    assert words(pi_digits, (0xA4093822, 0x299F31D0)) == [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1]


def test_normal_numbers_are_normal_and_independent() -> None:
    values = noise.normals(5, np.arange(200_000, dtype=np.uint64), 3, noise.THERMAL_FIELD)
    for component in values:
        assert kstest(component, "norm").pvalue > 1e-3
    later = noise.normals(5, np.arange(200_000, dtype=np.uint64), 4, noise.THERMAL_FIELD)
    correlations = np.corrcoef(np.concatenate([values, values**2, later])) - np.eye(9)
    assert np.abs(correlations).max() < 5 / np.sqrt(200_000)
    assert np.abs(np.corrcoef(values[:, :-1], values[:, 1:]) - np.eye(6)).max() < 5 / np.sqrt(200_000)


# Against the deterministic equation


@pytest.mark.parametrize("free", ["y", "z"])
def test_without_temperature_it_is_scipys_trajectory(layer: FreeLayer, free: str, backend: stochastic.Backend) -> None:
    cold = replace(layer if free == "y" else TYPE_Z, temperature=0.0, field_like=0.2)
    start = np.array([[0.3], [0.9], [0.1]]) if free == "y" else np.array([[0.3], [0.1], [0.9]])
    start /= np.linalg.norm(start)

    def deviation(step: float) -> float:
        run = simulate(cold, WRITE, start, 2e-9, 1, step=step, record_every=10, backend=backend)
        exact = trajectory(cold, WRITE, start[:, 0], run.times)
        assert np.abs(np.linalg.norm(run.path, axis=0) - 1).max() < 1e-12
        return float(np.abs(run.path[:, 0] - exact).max())

    coarse, fine = deviation(1e-12), deviation(0.5e-12)
    assert coarse < 3e-3
    assert 3.3 < coarse / fine < 4.7  # second order
    if backend == "numba":
        assert deviation(0.02e-12) < 1e-5


@pytest.mark.parametrize("tilt", [(0.05, 0.0), (0.05, 0.04), (0.2, 0.0)])
def test_switching_time_at_one_picosecond_is_scipys(layer: FreeLayer, tilt: tuple[float, float]) -> None:
    cold, (x, z) = replace(layer, temperature=0.0), tilt
    start = np.array([[x], [np.sqrt(1 - x * x - z * z)], [z]])
    times = np.linspace(0, 1.5e-9, 3001)
    m_y = trajectory(cold, Pulse(120e-6), start[:, 0], times)[1]
    after = int(np.argmax(m_y < 0))
    exact = float(np.interp(0, m_y[[after, after - 1]], times[[after, after - 1]]))
    assert simulate(cold, Pulse(120e-6), start, 1.5e-9, 1).crossing[0] == pytest.approx(exact, abs=1e-12)


def test_crossing_and_record_are_those_of_the_trajectory(layer: FreeLayer, backend: stochastic.Backend) -> None:
    initial = thermal_states(layer, 1, 40, seed=2)
    run = simulate(layer, WRITE, initial, 2e-9, 2, record_every=1, backend=backend)
    assert run.path[:, :, 0] == pytest.approx(initial)
    assert run.path[:, :, -1] == pytest.approx(run.final)
    assert np.array_equal(run.switched, run.final[1] < 0)
    assert run.times[-1] == pytest.approx(2e-9)
    below = run.path[1] <= 0
    for n in range(40):
        if below[n].any():
            after = int(np.argmax(below[n]))
            assert run.times[after - 1] <= run.crossing[n] <= run.times[after] * (1 + 1e-12)
        else:
            assert np.isnan(run.crossing[n])
    assert run.switched.sum() > 20


# Reproducibility


def same(a: Ensemble, b: Ensemble, chosen: slice) -> bool:
    return np.array_equal(a.final[:, chosen], b.final) and np.array_equal(a.crossing[chosen], b.crossing, True)


def test_a_trajectory_does_not_depend_on_the_others(layer: FreeLayer, backend: stochastic.Backend) -> None:
    initial = thermal_states(layer, 1, 200, seed=9)
    whole = simulate(layer, WRITE, initial, 0.2e-9, 9, backend=backend)
    chosen = slice(70, 137)
    assert np.array_equal(thermal_states(layer, 1, 67, seed=9, first=70), initial[:, chosen])
    part = simulate(layer, WRITE, initial[:, chosen], 0.2e-9, 9, first=70, backend=backend)
    assert same(whole, part, chosen)
    other = simulate(layer, WRITE, initial[:, chosen], 0.2e-9, 10, first=70, backend=backend)
    assert not same(whole, other, chosen)


@pytest.mark.parametrize("free", ["y", "z"])
def test_back_ends_agree(layer: FreeLayer, free: str) -> None:
    pytest.importorskip("numba", reason="numba is not installed")
    device = replace(layer if free == "y" else TYPE_Z, field_like=-0.2)
    initial = thermal_states(device, 1, 100, seed=4)
    runs = [simulate(device, WRITE, initial, 1.5e-9, 2**40 + 4, backend=b) for b in ("numba", "numpy")]
    assert runs[0].final == pytest.approx(runs[1].final, abs=1e-6)
    assert runs[0].crossing == pytest.approx(runs[1].crossing, abs=1e-18, nan_ok=True)
    other = thermal_states(device, 1, 1500, seed=6)
    independent = [
        simulate(device, WRITE, start, 1e-9, seed, backend=b)
        for b, start, seed in (("numba", other, 6), ("numpy", thermal_states(device, 1, 700, seed=5), 5))
    ]
    for component in range(3):
        assert ks_2samp(*(run.final[component] for run in independent)).pvalue > 1e-3


# Thermal equilibrium and escape


def boltzmann_moments(free: FreeLayer) -> tuple[float, float]:
    """⟨m_1²⟩ and ⟨m_2²⟩ along the hard axes in one well, by integration over its hemisphere."""
    theta, phi = np.linspace(0, pi / 2, 2001), np.linspace(0, pi / 2, 401)
    first, second = np.sin(theta)[:, None] * np.cos(phi), np.sin(theta)[:, None] * np.sin(phi)
    barriers = [mu_0 * free.saturation_magnetization * free.volume * h / 2 for h in free.stiffness]
    energy = barriers[0] * first**2 + barriers[1] * second**2
    weight = np.exp(-energy / (Boltzmann * free.temperature)) * np.sin(theta)[:, None]

    def mean(values: FloatArray) -> float:
        return float(simpson(simpson(values * weight, phi), theta) / simpson(simpson(weight, phi), theta))

    return mean(first**2), mean(second**2)


@pytest.mark.parametrize("free", ["y", "z"])
def test_equipartition(layer: FreeLayer, free: str) -> None:
    pytest.importorskip("numba", reason="NumPy alone takes a minute")
    device = layer if free == "y" else TYPE_Z
    axis = np.eye(3)[device.axis]
    run = simulate(device, Pulse(), np.tile(axis[:, None], 2048), 22e-9, 11, record_every=200)
    settled = run.path[:, :, run.times > 10e-9][list(device.hard_axes)]
    first, second = np.mean(settled**2, axis=(1, 2))
    exact = boltzmann_moments(device)
    assert first == pytest.approx(exact[0], rel=0.03)
    assert second == pytest.approx(exact[1], rel=0.03)
    sigma_1, sigma_2 = device.thermal_tilts
    assert exact == pytest.approx((sigma_1**2, sigma_2**2), rel=0.05)


def test_equipartition_in_ngspice(layer: FreeLayer) -> None:
    """The generated junction at rest in the field that ``thermal_path`` gives, beside Boltzmann's integrals."""
    from spintronics.circuits.library import free_layer
    from spintronics.netlists import shipped_netlist
    from spintronics.ngspice import Simulator

    spins, steps, damped = 24, 1500, replace(layer, damping=0.5)  # settles within 0.1 ns
    parameters = {**free_layer(Technology.load("imce45"), 1, 0.0, 0.0), "alpha": 0.5}
    instance = "x1 0 0 0 hx hy hz mx my mz she_mtj " + " ".join(f"{k}={v!r}" for k, v in parameters.items())
    tail = f".options method=trap reltol=1e-3\n.save v(mx) v(mz)\n.tran 1p {steps - 1}p 0 1p\n.end\n"

    def settled(simulator: Simulator, spin: int) -> FloatArray:
        """Mean squares of m_x and m_z."""
        lines = ["vstep step 0 dc 0 pwl(0 0 1 1e12)"]
        for axis, values in zip("xyz", thermal_path(damped, spin, steps, seed=12), strict=True):
            points = ",".join(f"{n + 0.5},{value:.6g}" for n, value in enumerate(values))
            lines.append(f"bh{axis} h{axis} 0 v=pwl(v(step),{points})")
        deck = "\n".join(["* free spin", shipped_netlist("generated/she_mtj"), *lines, instance, tail])
        waves = simulator.run(deck)
        at = np.linspace(0.2e-9, waves.x[-1], 2000)
        return np.array([np.mean(np.interp(at, waves.x, waves[f"v({m})"]) ** 2) for m in ("mx", "mz")])

    squares = np.array(Simulator().map(settled, range(spins), workers=2))
    for values, exact in zip(squares.T, boltzmann_moments(damped), strict=True):
        error = np.std(values, ddof=1) / np.sqrt(spins)
        assert error < 0.15 * exact
        assert np.mean(values) == pytest.approx(exact, abs=3.5 * error)


def test_thermal_states_are_already_in_equilibrium(layer: FreeLayer) -> None:
    states = thermal_states(layer, -1, 50_000, seed=1)
    assert np.all(states[1] < 0)
    assert np.linalg.norm(states, axis=0) == pytest.approx(1)
    assert np.mean(states[[0, 2]] ** 2, axis=1) == pytest.approx(boltzmann_moments(layer), rel=0.05)


def test_escape_time_is_browns() -> None:
    pytest.importorskip("numba", reason="NumPy alone takes minutes")
    # Uniaxial spin: m_z diffuses on its own, and the mean time to m_z = 0 is an integral at any barrier:
    #   D = α γ k_B T / ((1 + α²) Ms V),   t(z) = ∫_0^z e^(−Δ u²)/(1 − u²) ∫_u^1 e^(Δ s²) ds du / D
    alpha, barrier, ms, volume, kt = 0.1, 3.0, 8e5, 1e-24, Boltzmann * 300.0
    field = 2 * barrier * kt / (mu_0 * ms * volume)
    spin = FreeLayer(ms, volume, alpha, (0.0, 0.0, 0.0), 300.0, "z", anisotropy_field=field)
    assert spin.thermal_stability == pytest.approx(barrier)
    diffusion = alpha * GAMMA * kt / ((1 + alpha**2) * ms * volume)
    u = np.linspace(0, 1, 20_001)
    upward = cumulative_simpson(np.exp(barrier * u**2), x=u, initial=0)
    inner = upward[-1] - upward
    integrand = np.append(np.exp(-barrier * u[:-1] ** 2) * inner[:-1] / (1 - u[:-1] ** 2), 0.5)
    expected = float(simpson(integrand, u)) / diffusion
    count = 2048
    up = np.tile(np.array([[0.0], [0.0], [1.0]]), count)
    run = simulate(spin, Pulse(), up, 12 * expected, 17)
    assert np.isfinite(run.crossing).mean() > 0.9999
    # Three standard errors of a nearly exponential time; a crossing back and forth within a step goes unseen.
    assert np.nanmean(run.crossing) == pytest.approx(expected, rel=0.01 + 3 / np.sqrt(count))


def test_one_picosecond_is_short_enough(layer: FreeLayer) -> None:
    pytest.importorskip("numba", reason="NumPy alone takes a minute")
    count = 16_384
    runs = [
        simulate(layer, Pulse(120e-6), thermal_states(layer, 1, count, seed), 1.2e-9, seed, step=step)
        for step, seed in ((1e-12, 1), (0.25e-12, 2))
    ]
    deviation = 4 * np.sqrt(0.5 / count)
    assert runs[0].switched.mean() == pytest.approx(runs[1].switched.mean(), abs=deviation)
    assert 0.3 < runs[0].switched.mean() < 0.999
    quantiles = [np.quantile(np.nan_to_num(run.crossing, nan=1.0), [0.1, 0.3, 0.5]) for run in runs]
    assert quantiles[0] == pytest.approx(quantiles[1], abs=10e-12)


# Write errors


def test_write_errors_fall_with_the_pulse_width_and_do_not_depend_on_the_direction() -> None:
    pytest.importorskip("numba", reason="NumPy alone takes a minute")
    technology, widths = Technology.load("imce45"), [0.5e-9, 1.0e-9, 1.5e-9, 2.0e-9]
    ap = write_error_rate(technology, Pulse(120e-6), widths, 3000, seed=3)
    p = write_error_rate(technology, Pulse(-120e-6), widths, 3000, seed=8)
    assert np.all(np.diff(ap.rate) < 0)
    low, high = ap.interval(0.9999)
    other_low, other_high = p.interval(0.9999)
    assert np.all((low <= other_high) & (other_low <= high))
    assert ap.errors.tolist() == write_error_rate(technology, Pulse(120e-6), widths, 3000, seed=3).errors.tolist()


def test_write_errors_of_a_perpendicular_junction() -> None:
    pytest.importorskip("numba", reason="NumPy alone takes a minute")
    critical = TYPE_Z.critical_junction_current(1)
    switched = write_error_rate(TYPE_Z, Pulse(junction=4 * critical), [5e-9], 200, seed=1)
    held = write_error_rate(TYPE_Z, Pulse(junction=0.2 * critical), [5e-9], 200, seed=1)
    assert (switched.errors[0], held.errors[0]) == (0, 200)


def test_interval_is_clopper_pearsons() -> None:
    errors = WriteErrors(np.zeros(4), np.array([0, 3, 500, 1000]), 1000)
    low, high = errors.interval()
    for n, count in enumerate(errors.errors):
        exact = binomtest(int(count), 1000).proportion_ci(method="exact")
        assert (low[n], high[n]) == pytest.approx((exact.low, exact.high))


# Bad input


def test_arguments_out_of_range_are_refused(layer: FreeLayer) -> None:
    one = np.array([[0.0], [1.0], [0.0]])
    for changes, complaint in (
        ({"initial": one[:, 0]}, r"initial has shape \(3,\)"),
        ({"initial": 2 * one}, "must be unit vectors"),
        ({"duration": 0.0}, "duration 0 s and step"),
        ({"seed": -1}, "seed -1"),
        ({"duration": 1.0}, "must be below 2\\^32"),
    ):
        arguments = {"initial": one, "duration": 1e-9, "seed": 1, **changes}
        with pytest.raises(InputError, match=complaint):
            simulate(layer, Pulse(), **arguments)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="favours neither state of a type-y"):
        write_error_rate(layer, Pulse(), [1e-9], 10, seed=1)
    with pytest.raises(InputError, match="favours neither state of a type-z"):
        write_error_rate(TYPE_Z, Pulse(1e-4), [1e-9], 10, seed=1)
    with pytest.raises(InputError, match="width 5e-12 s is below the rise"):
        write_error_rate(layer, Pulse(1e-4), [5e-12], 10, seed=1)
    with pytest.raises(InputError, match="0 trajectories"):
        write_error_rate(layer, Pulse(1e-4), [1e-9], 0, seed=1)


def test_without_numba_numpy_does_it(layer: FreeLayer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stochastic, "find_spec", lambda name: None)
    stochastic._kernel.cache_clear()
    try:
        start = thermal_states(layer, 1, 3, seed=1)
        alone = simulate(layer, Pulse(), start, 5e-12, 1)
        assert np.array_equal(alone.final, simulate(layer, Pulse(), start, 5e-12, 1, backend="numpy").final)
        with pytest.raises(InputError, match="numba is not installed"):
            simulate(layer, Pulse(), start, 5e-12, 1, backend="numba")
    finally:
        stochastic._kernel.cache_clear()
