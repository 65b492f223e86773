"""she_mtj, lowered and compiled: golden text, DC currents against closed forms, writes against SciPy's LLG."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import cos, cosh, pi, sin
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from scipy.integrate import solve_ivp

from spintronics.ngspice import Simulator
from spintronics.resources import MODELS, NETLISTS
from spintronics.technology import Technology
from spintronics.veriloga import Subcircuit, lower

pytest.importorskip("openvaf_py", reason="openvaf-py has wheels for Python 3.11 and 3.12 alone")

SOURCE = MODELS / "veriloga/she_mtj.va"
MU0, GAMMA, HBAR, QE = 1.25663706212e-6, 1.76085963023e11, 1.054571817e-34, 1.602176634e-19

FloatArray = npt.NDArray[np.float64]
Netlist = Callable[[Path, Mapping[str, float]], Subcircuit]


@pytest.fixture(scope="module")
def type_y(netlist: Netlist) -> Subcircuit:
    return netlist(SOURCE, {"easy": 1.0})


@pytest.fixture(scope="module")
def type_z(netlist: Netlist) -> Subcircuit:
    return netlist(SOURCE, {"easy": 0.0})


def instance(**parameters: float) -> str:
    return "x1 t1 t2 t3 hx hy hz mx my mz she_mtj " + " ".join(f"{n}={v!r}" for n, v in parameters.items())


@pytest.mark.parametrize("name", ["she_mtj", "stt_mtj"])
def test_golden_netlist_is_what_the_source_gives(name: str) -> None:
    golden = NETLISTS / f"generated/{name}.spice"
    assert golden.read_text() == lower(MODELS / f"veriloga/{name}.va", {"easy": 1.0}).text, (
        f"regenerate: spintronics veriloga lower models/veriloga/{name}.va --fold easy=1 -o {golden}"
    )


def test_text_does_not_depend_on_what_was_lowered_before() -> None:
    type_y, type_z, again = (lower(SOURCE, {"easy": easy}).text for easy in (1.0, 0.0, 1.0))
    assert again == type_y
    assert type_z != type_y


def test_ports_and_parameters() -> None:
    type_y = lower(SOURCE, {"easy": 1.0})
    assert type_y.name == "she_mtj"
    assert type_y.ports == ("t1", "t2", "t3", "hx", "hy", "hz", "mx", "my", "mz")
    assert "easy" not in type_y.parameters
    assert type_y.parameters["l_mtj"] == pytest.approx(60e-9)


# DC


def junction_conductance(p: Mapping[str, float], c: float, v: FloatArray) -> FloatArray:
    tmr = p["tmr0"] / (1 + (v / p["v_h"]) ** 2)
    return pi / 4 * p["l_mtj"] * p["w_mtj"] / p["ra"] / 2 * (1 + c + (1 - c) / (1 + tmr))


def half_strip(p: Mapping[str, float]) -> float:
    return p["rho_hm"] * p["l_hm"] / (p["w_hm"] * p["t_hm"]) / 2


@pytest.mark.parametrize(("state0", "theta0"), [(1.0, 0.0), (-1.0, 0.0), (1.0, 1.1)])
@pytest.mark.parametrize("changes", [{}, {"ra": 11e-12, "tmr0": 1.7, "v_h": 0.35, "w_mtj": 33e-9, "rho_hm": 1.1e-6}])
def test_junction_current(type_y: Subcircuit, state0: float, theta0: float, changes: dict[str, float]) -> None:
    deck = f"""* junction current, t1 and t2 grounded
{type_y.text}
v1 t1 0 0
v2 t2 0 0
v3 t3 0 0
v4 hx 0 0
v5 hy 0 0
v6 hz 0 0
{instance(state0=state0, theta0=theta0, **changes)}
.options reltol=1e-10 abstol=1e-20 vntol=1e-14
.dc v3 -0.8 0.8 0.16
.end
"""
    waves = Simulator().run(deck)
    bias = waves.x
    current = -waves["i(v3)"]
    p = {**type_y.parameters, **changes}
    across = bias - current * half_strip(p) / 2
    expected = junction_conductance(p, state0 * cos(theta0), across) * across
    apart = np.abs(bias) > 1e-9
    assert apart.sum() == 10
    assert current[apart] == pytest.approx(expected[apart], rel=1e-9)
    assert waves["i(v1)"][apart] == pytest.approx(current[apart] / 2, rel=1e-9)


def test_antiparallel_has_the_higher_resistance_by_tmr(type_y: Subcircuit) -> None:
    p = type_y.parameters
    r_p, r_ap = (1 / junction_conductance(p, c, np.zeros(1))[0] for c in (1.0, -1.0))
    assert r_ap / r_p == pytest.approx(1 + p["tmr0"])


# Writes


@dataclass(frozen=True)
class Write:
    """Ramps of 10 ps to a strip current (t1 to t2), a junction current (into t3), A, and a constant field, A/m."""

    strip: float
    junction: float = 0.0
    field: tuple[float, float, float] = (0.0, 0.0, 0.0)


RAMP, END = 10e-12, 3e-9


def reference_trajectory(
    p: Mapping[str, float], easy: FloatArray, write: Write, initial: FloatArray, times: FloatArray
) -> FloatArray:
    """m(t), 3 × times: the Landau–Lifshitz–Gilbert equation in its explicit form, by DOP853 at 1e-10.

    Written with vectors from the equation itself; shares nothing with the Verilog-A source but the parameters.
    """
    area = pi / 4 * p["l_mtj"] * p["w_mtj"]
    spin_hall = p["theta_sh"] * area / (p["w_hm"] * p["t_hm"]) * (1 - 1 / cosh(p["t_hm"] / p["lambda_sf"]))
    tesla_per_ampere = HBAR / (2 * QE * p["ms"] * p["t_fl"] * area)
    demagnetization = np.array([p["nx"], p["ny"], p["nz"]])
    y = np.array([0.0, 1.0, 0.0])

    def cross(a: FloatArray, b: FloatArray) -> FloatArray:
        return np.array([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]])

    def rate(time: float, m: FloatArray) -> FloatArray:
        ramp = min(time / RAMP, 1.0)
        # The junction's current leaves by t2: it flows in one half of the strip, so half of it counts.
        spin = spin_hall * (write.strip + write.junction / 2) * ramp
        transfer = -p["pol"] / (1 + p["pol"] ** 2 * (m @ easy)) * write.junction * ramp
        interface = 2 * p["k_i"] / (MU0 * p["ms"] * p["t_fl"]) * m * [0.0, 0.0, 1.0]
        field = MU0 * (np.array(write.field) - p["ms"] * demagnetization * m + p["hk"] * (m @ easy) * easy + interface)
        field = field + p["beta_fl"] * tesla_per_ampere * spin * y
        torque = -GAMMA * cross(m, field + tesla_per_ampere * cross(m, spin * y + transfer * easy))
        return (torque + p["alpha"] * cross(m, torque)) / (1 + p["alpha"] ** 2) - p["k_norm"] * 1e9 * (m @ m - 1) * m

    solution = solve_ivp(rate, (0, times[-1]), initial, method="DOP853", t_eval=times, rtol=1e-10, atol=1e-12)
    return np.asarray(solution.y)


def deck_of(device: Subcircuit, write: Write, parameters: dict[str, float], analysis: str) -> str:
    return f"""* write
{device.text}
i1 0 t1 pwl(0 0 {RAMP!r} {write.strip!r})
v2 t2 0 0
i3 0 t3 pwl(0 0 {RAMP!r} {write.junction!r})
v4 hx 0 {write.field[0]!r}
v5 hy 0 {write.field[1]!r}
v6 hz 0 {write.field[2]!r}
{instance(**parameters)}
.options method=trap reltol=1e-5
{analysis}
.end
"""


def simulated(
    device: Subcircuit, write: Write, parameters: dict[str, float], step: str = "1p"
) -> tuple[FloatArray, FloatArray]:
    waves = Simulator().run(deck_of(device, write, parameters, f".tran 1p {END!r} 0 {step}"))
    return waves.x, np.array([waves["v(mx)"], waves["v(my)"], waves["v(mz)"]])


def crossing(times: FloatArray, component: FloatArray) -> float:
    """When a component first changes its sign, s."""
    i = int(np.flatnonzero(component[1:] * component[0] < 0)[0])
    slope = (component[i + 1] - component[i]) / (times[i + 1] - times[i])
    return float(times[i] - component[i] / slope)


# Trapezoidal integration is of second order; the fastest of these precessions turns by 0.2 rad in 1 ps.
@pytest.mark.parametrize(("step", "tolerance"), [("1p", 3e-3), ("0.5p", 1e-3)])
@pytest.mark.parametrize(
    ("write", "parameters"),
    [
        (Write(+120e-6), {"theta0": 0.1}),
        (Write(-120e-6), {"beta_fl": 0.3, "theta0": 0.17, "phi0": -2.1, "state0": -1.0}),
        (
            Write(+110e-6, 10e-6, (3e3, -2e3, 1e3)),
            {"theta0": 0.2, "hk": 2e3, "nz": 0.6, "l_mtj": 75e-9, "k_i": 6e-4, "alpha": 0.02},
        ),
    ],
)
def test_write_against_scipy(
    type_y: Subcircuit, write: Write, parameters: dict[str, float], step: str, tolerance: float
) -> None:
    times, m = simulated(type_y, write, parameters, step)
    p = {**type_y.parameters, **parameters}
    theta, phi = p["theta0"], p["phi0"]
    initial = np.array([sin(theta) * cos(phi), p["state0"] * cos(theta), sin(theta) * sin(phi)])
    expected = reference_trajectory(p, np.array([0.0, 1.0, 0.0]), write, initial, times)
    assert np.abs(m - expected).max() < tolerance
    assert np.abs(np.linalg.norm(m, axis=0) - 1).max() < 1e-3
    assert m[1, -1] * m[1, 0] < -0.9
    assert crossing(times, m[1]) == pytest.approx(crossing(times, expected[1]), abs=0.5e-12)


def test_the_error_falls_with_the_square_of_the_step(type_y: Subcircuit) -> None:
    write, parameters = Write(+120e-6), {"theta0": 0.1}
    initial = np.array([sin(0.1) * cos(0.3), cos(0.1), sin(0.1) * sin(0.3)])
    errors = []
    for step in ("2p", "1p", "0.5p"):
        times, m = simulated(type_y, write, parameters, step)
        p = {**type_y.parameters, **parameters}
        errors.append(np.abs(m - reference_trajectory(p, np.array([0.0, 1.0, 0.0]), write, initial, times)).max())
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.3)
    assert errors[1] / errors[2] == pytest.approx(4, rel=0.3)


def test_120_microampere_switch_both_ways_in_about_1_ns(type_y: Subcircuit) -> None:
    for current, before in ((120e-6, 1.0), (-120e-6, -1.0)):
        times, m = simulated(type_y, Write(current), {"theta0": 0.1, "state0": before})
        assert m[1, 0] * before > 0.9
        assert 0.5e-9 < crossing(times, m[1]) < 1.5e-9
        assert m[1, -1] * before < -0.9


def test_perpendicular_device_against_scipy(type_z: Subcircuit) -> None:
    parameters = {"theta0": 0.1, "hk": 2e5, "nx": 0.1, "ny": 0.1, "nz": 0.1, "k_i": 0.0}
    write = Write(+100e-6, 20e-6, (1e4, 0.0, 0.0))
    times, m = simulated(type_z, write, parameters)
    p = {**type_z.parameters, **parameters}
    theta, phi = p["theta0"], p["phi0"]
    initial = np.array([sin(theta) * cos(phi), sin(theta) * sin(phi), p["state0"] * cos(theta)])
    expected = reference_trajectory(p, np.array([0.0, 0.0, 1.0]), write, initial, times)
    assert np.abs(m - expected).max() < 3e-3


@pytest.mark.parametrize("analysis", [".op", ".dc i3 0 1e-5 1e-6", ".dc v4 0 1000 100"])
def test_static_analyses_hold_the_initial_angles(type_y: Subcircuit, analysis: str) -> None:
    # ngspice's `time` is the swept value in a DC sweep, up to 1000 here: a sweep over the index of a trial must hold m.
    parameters = {"theta0": 0.3, "phi0": 0.9, "state0": -1.0}
    waves = Simulator().run(deck_of(type_y, Write(-120e-6), parameters, analysis))
    for axis, expected in zip("xyz", (sin(0.3) * cos(0.9), -cos(0.3), sin(0.3) * sin(0.9)), strict=True):
        assert waves[f"v(m{axis})"] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("celsius", [-40.0, 85.0])
@pytest.mark.parametrize("bit", [0, 1])
def test_temperature_moves_the_resistance_as_in_the_technology(type_y: Subcircuit, celsius: float, bit: int) -> None:
    junction = Technology.load("imce45").junction
    kelvin = celsius + 273.15
    at = {
        "ra": junction.ra,
        "tmr0": junction.tmr,
        "t_c": junction.curie_temperature,
        "theta0": 0.0,
        "state0": 1.0 - 2 * bit,
    }
    deck = f"""* temperature
{type_y.text}
v1 t1 0 0
v2 t2 0 0
v3 t3 0 0.2
v4 hx 0 0
v5 hy 0 0
v6 hz 0 0
{instance(**at)}
.options temp={celsius!r} reltol=1e-9
.op
.end
"""
    current = -float(Simulator().run(deck)["i(v3)"][0])
    warm = junction.at(kelvin)
    half = (
        type_y.parameters["rho_hm"]
        * type_y.parameters["l_hm"]
        / (type_y.parameters["w_hm"] * type_y.parameters["t_hm"])
        / 4
    )  # two halves in parallel, both ends at ground
    across = 0.2 - current * half
    assert across / current == pytest.approx(warm.r_ap(across) if bit else warm.r_p, rel=1e-6)
    assert junction.tmr * (1 - 1e-3 * (kelvin - 300.15)) == pytest.approx(warm.tmr)
