"""Deterministic LLG: invariants, closed forms, thresholds, and cmtj as an outside judge."""

from dataclasses import replace
from math import cos, pi, sin

import numpy as np
import pytest
from scipy.constants import mu_0

from spintronics.errors import InputError
from spintronics.magnetics import FreeLayer, Macrospin, Pulse, rate, trajectory
from spintronics.magnetics.layer import GAMMA, FloatArray
from spintronics.technology import Technology

TYPE_Z = FreeLayer(
    8e5, 2e-24, 0.02, (0.03, 0.03, 0.94), 300.0, "z", anisotropy_field=9e5, spin_hall_gain=-2.0, polarization=0.5
)


@pytest.fixture(scope="module")
def layer() -> FreeLayer:
    return Macrospin.of(Technology.load("imce45")).free_layer


def tilted(theta: float, phi: float, layer: FreeLayer) -> FloatArray:
    """m at polar angle θ from +easy, azimuth φ from x."""
    m = np.zeros(3)
    m[list(layer.hard_axes)] = sin(theta) * cos(phi), sin(theta) * sin(phi)
    m[layer.axis] = cos(theta)
    return m


def first_change(times: FloatArray, component: FloatArray) -> float:
    """Time at which a component first has the other sign, s."""
    return float(times[np.flatnonzero(component * component[0] < 0)[0]])


def test_larmor_precession_and_its_decay_have_their_closed_form() -> None:
    alpha, field = 0.05, 2e5
    free = FreeLayer(1e6, 1e-24, alpha, (1 / 3, 1 / 3, 1 / 3), 0.0)
    times = np.linspace(0, 0.5e-9, 101)
    m = trajectory(free, Pulse(field=(0.0, 0.0, field)), np.array([1.0, 0.0, 0.0]), times)
    turn = GAMMA * mu_0 * field * times / (1 + alpha**2)
    assert m[2] == pytest.approx(np.tanh(alpha * turn), abs=1e-8)
    assert m[0] == pytest.approx(np.cos(turn) / np.cosh(alpha * turn), abs=1e-8)
    assert m[1] == pytest.approx(np.sin(turn) / np.cosh(alpha * turn), abs=1e-8)


@pytest.mark.parametrize("easy", ["y", "z"])
def test_length_is_kept_and_energy_decays(layer: FreeLayer, easy: str) -> None:
    free = layer if easy == "y" else TYPE_Z
    field = (2e3, -1e3, 3e3)
    m = trajectory(free, Pulse(field=field), tilted(1.4, 0.4, free), np.linspace(0, 3e-9, 400))
    assert np.abs(np.linalg.norm(m, axis=0) - 1).max() < 1e-8
    energy = free.energy(m, field)
    assert np.all(np.diff(energy) < 1e-12 * np.ptp(energy))


def test_without_damping_energy_is_kept(layer: FreeLayer) -> None:
    free = replace(layer, damping=0.0)
    energy = free.energy(trajectory(free, Pulse(), tilted(1.0, 0.9, free), np.linspace(0, 2e-9, 50)))
    assert np.ptp(energy) < 1e-7 * free.energy_barrier


def test_pulse_corners_are_met_and_currents_drive_as_the_device_model_says(layer: FreeLayer) -> None:
    assert layer.spin_hall_gain < 0
    pulse = Pulse(1e-6, 2e-6, width=1e-9, rise=0.1e-9)
    assert pulse.height(np.array([0, 0.05e-9, 0.1e-9, 1e-9, 1.05e-9, 2e-9])) == pytest.approx([0, 0.5, 1, 1, 0.5, 0])
    x, none = np.array([1.0, 0.0, 0.0]), np.zeros(3)
    free = replace(layer, demagnetization=(0.0, 0.0, 0.0))
    assert rate(free, x, 1e-6, 0.0, none)[1] < 0 < rate(free, x, -1e-6, 0.0, none)[1]
    assert rate(free, x, 0.0, 1e-6, none)[1] < 0  # from the pinned layer into the free: towards AP
    spin_orbit = free.tesla_per_ampere * free.spin_hall_gain * 1e-6 / mu_0
    field_like = rate(replace(free, field_like=0.3), x, 1e-6, 0.0, none) - rate(free, x, 1e-6, 0.0, none)
    assert field_like == pytest.approx(rate(free, x, 0.0, 0.0, np.array([0.0, 0.3 * spin_orbit, 0.0])), rel=1e-9)


def test_a_pulse_without_edges_ends_where_it_says(layer: FreeLayer) -> None:
    times = np.array([0.0, 0.2e-9, 0.4e-9])
    whole = trajectory(layer, Pulse(120e-6, width=0.2e-9, rise=0.0), tilted(0.3, 0.0, layer), times)
    on = trajectory(layer, Pulse(120e-6, rise=0.0), tilted(0.3, 0.0, layer), times[:2])
    off = trajectory(layer, Pulse(), on[:, -1], times[:2])
    assert whole[:, 1:] == pytest.approx(np.stack([on[:, -1], off[:, -1]], axis=1), abs=1e-8)


def grows(layer: FreeLayer, strip: float, junction: float = 0.0) -> bool:
    """Whether a precession of 1e-3 about +easy has grown after 20 ns."""
    start = tilted(1e-3, 0.0, layer)
    m = trajectory(layer, Pulse(strip, junction, rise=0.0), start, np.linspace(0, 20e-9, 4001), 1e-7)
    tilt = np.hypot(*m[list(layer.hard_axes)])
    return bool(tilt[-1000:].max() > tilt[:1000].max())


@pytest.mark.parametrize("field_like", [0.0, 0.4])
def test_instability_threshold_of_the_write_current(layer: FreeLayer, field_like: float) -> None:
    free = replace(layer, field_like=field_like)
    assert not grows(free, 0.99 * free.critical_write_current)
    assert grows(free, 1.01 * free.critical_write_current)


@pytest.mark.parametrize("easy", ["y", "z"])
def test_instability_threshold_of_the_junction_current(layer: FreeLayer, easy: str) -> None:
    free = layer if easy == "y" else TYPE_Z
    assert not grows(free, 0.0, 0.99 * free.critical_junction_current(1))
    assert grows(free, 0.0, 1.01 * free.critical_junction_current(1))
    ratio = (1 + free.polarization**2) / (1 - free.polarization**2)
    assert free.critical_junction_current(1) / free.critical_junction_current(-1) == pytest.approx(ratio)


def test_perpendicular_spin_leaves_its_state_at_the_critical_write_current() -> None:
    up, times = np.array([0.0, 0.0, 1.0]), np.array([0.0, 25e-9])
    below, above = (
        trajectory(TYPE_Z, Pulse(f * TYPE_Z.critical_write_current, rise=15e-9), up, times, 1e-6)[:, -1]
        for f in (0.99, 1.01)
    )
    assert below[2] > 0.7
    assert abs(above[2]) < 0.1


@pytest.mark.parametrize(("drive", "amplitude"), [(1.5, 0.2), (2.0, 0.1), (4.0, 0.05), (6.0, 0.2)])
def test_switching_time_closed_form(layer: FreeLayer, drive: float, amplitude: float) -> None:
    softer, stiffer = layer.stiffness
    current = drive * layer.critical_spin_current
    times = np.linspace(0, 10e-9, 10_001)
    simulated = []
    for phase in np.arange(4) * pi / 2:
        x, z = amplitude * cos(phase), amplitude * sin(phase) * (softer / stiffer) ** 0.5
        start = np.array([x, (1 - x * x - z * z) ** 0.5, z])
        pulse = Pulse(-current / layer.spin_hall_gain, rise=0.0)
        simulated.append(first_change(times, trajectory(layer, pulse, start, times, 1e-6)[1]))
    assert 1.0 < layer.switching_time(current, amplitude) / np.mean(simulated) < 1.15


def test_closed_forms_refuse_what_they_do_not_hold_for(layer: FreeLayer) -> None:
    with pytest.raises(InputError, match="must exceed the critical"):
        layer.switching_time(0.9 * layer.critical_spin_current, 0.1)
    with pytest.raises(InputError, match="y is no easy axis, its energy is not below that of x"):
        _ = replace(layer, demagnetization=(0.02, 0.03, 0.95)).thermal_stability


@pytest.mark.parametrize("field_like", [0.0, 0.25])
def test_trajectory_against_cmtj(layer: FreeLayer, field_like: float) -> None:
    cmtj = pytest.importorskip("cmtj", reason="cmtj has no wheel for this platform")
    gyro = 220880.0  # cmtj's own γ µ0, m/(A s)
    vector, constant = cmtj.CVector, cmtj.constantDriver
    start, strip = tilted(0.15, 0.7, layer), 120e-6
    field = (3e3, -2e3, 1e3)
    ms, n = layer.saturation_magnetization, layer.demagnetization
    damping_like = layer.tesla_per_ampere * layer.spin_hall_gain * strip / mu_0
    free = cmtj.Layer.createSOTLayer(
        "free", vector(*start), vector(0, 1, 0), ms * mu_0, 3e-9, 1.4e-15,
        [vector(n[0], 0, 0), vector(0, n[1], 0), vector(0, 0, n[2])],
        damping=layer.damping, fieldLikeTorque=field_like * damping_like, dampingLikeTorque=damping_like,
    )  # fmt: skip
    free.setReferenceLayer(vector(0, 1, 0))
    junction = cmtj.Junction([free])
    junction.setLayerCurrentDriver("free", constant(1.0))
    junction.setLayerAnisotropyDriver("free", constant(0.0))
    junction.setLayerExternalFieldDriver("free", cmtj.AxialDriver(*field))
    junction.runSimulation(2e-9, 1e-13, 1e-12, solverMode=cmtj.RK4)
    log = junction.getLog()
    theirs = np.array([log[f"free_m{axis}"] for axis in "xyz"])
    # The LLG knows time as γ t alone: their clock runs slow by the ratio of the gyromagnetic ratios.  They log m
    # after a step beside the time before it.
    times = (np.array(log["time"]) + 1e-13) * gyro / (GAMMA * mu_0)
    ours = trajectory(replace(layer, field_like=field_like), Pulse(strip, rise=0.0, field=field), start, times)
    assert theirs[1, -1] < -0.9
    assert np.abs(ours - theirs).max() < 1e-2
