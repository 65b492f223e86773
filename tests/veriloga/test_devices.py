"""Devices that are not ours in ngspice, lowered and compiled: op, DC, AC and transient against closed form or SciPy."""

import subprocess
from collections.abc import Callable, Mapping
from math import cos, log, pi, sin
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from scipy.integrate import solve_ivp

from spintronics.ngspice import Simulator, find_ngspice
from spintronics.veriloga import Subcircuit

pytest.importorskip("openvaf_py", reason="openvaf-py has wheels for Python 3.11 and 3.12 alone")

FloatArray = npt.NDArray[np.float64]
Netlist = Callable[[Path, Mapping[str, float]], Subcircuit]
Device = Callable[[str], Subcircuit]
MODELS = Path(__file__).with_name("models")
VT = 8.617332384960955e-05 * 300.15  # as OpenVAF's $vt at 27 °C


@pytest.fixture
def device(netlist: Netlist) -> Device:
    return lambda name: netlist(MODELS / f"{name}.va", {})


def admittance(circuit: str, source: str, frequencies: FloatArray, folder: Path) -> npt.NDArray[np.complex128]:
    """Current out of a source of 1 V AC, at each frequency."""
    sweep = f"ac dec {len(frequencies) - 1} {frequencies[0]:g} {frequencies[-1]:g}"
    deck = folder / "ac.cir"
    deck.write_text(
        f"* admittance\n{circuit}\n.control\nset numdgt=14\nset wr_singlescale\n{sweep}\n"
        f"wrdata {folder}/ac.txt real(i({source})) imag(i({source}))\nquit 0\n.endc\n.end\n"
    )
    subprocess.run([find_ngspice().path, "-n", "-b", deck], check=True, capture_output=True, timeout=60)
    columns = np.loadtxt(folder / "ac.txt")
    assert columns[:, 0] == pytest.approx(frequencies, rel=1e-9)
    return np.asarray(-(columns[:, 1] + 1j * columns[:, 2]))


# Diode


def diode(v: FloatArray, p: dict[str, float]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Current, conductance and capacitance."""
    grown = np.exp(v / (p["n"] * VT))
    current, conductance = p["isat"] * (grown - 1), p["isat"] * grown / (p["n"] * VT)
    fc, vj, m = p["fc"], p["vj"], p["mj"]
    below = (1 - np.minimum(v, fc * vj) / vj) ** -m
    above = (1 - fc) ** (-1 - m) * (1 - fc * (1 + m) + m * v / vj)
    return current, conductance, p["cj0"] * np.where(v < fc * vj, below, above) + p["tt"] * conductance


@pytest.mark.parametrize("changes", [{}, {"isat": 3e-15, "n": 1.0}])
def test_diode_in_a_sweep(device: Device, changes: dict[str, float]) -> None:
    d = device("diode")
    waves = Simulator().run(
        f"* diode\n{d.text}{d.instance('1', ['a', '0'], changes)}\nv1 a 0 0\n"
        ".options reltol=1e-9 abstol=1e-20\n.dc v1 -0.5 0.7 0.1\n.end\n"
    )
    expected, _, _ = diode(waves.x, {**d.parameters, **changes})
    assert -waves["i(v1)"] == pytest.approx(expected, rel=1e-9, abs=1e-24)


@pytest.mark.parametrize("bias", [-1.0, 0.3, 0.39, 0.41, 0.65])
def test_diode_small_signal(device: Device, bias: float, tmp_path: Path) -> None:
    d = device("diode")
    frequencies = np.array([1e6, 1e7])
    found = admittance(
        f"{d.text}{d.instance('1', ['a', '0'], {})}\nv1 a 0 dc {bias} ac 1\n", "v1", frequencies, tmp_path
    )
    _, conductance, capacitance = diode(np.array([bias]), dict(d.parameters))
    assert found.real == pytest.approx(conductance[0], rel=1e-6, abs=1e-11)
    assert found.imag == pytest.approx(2 * pi * frequencies * capacitance[0], rel=1e-6)


def test_diode_driven_by_a_sine(device: Device) -> None:
    d = device("diode")
    waves = Simulator().run(
        f"* diode\n{d.text}{d.instance('1', ['a', '0'], {})}\nv1 a 0 sin(-0.2 0.8 1g)\n"
        ".options method=trap reltol=1e-6 abstol=1e-16 chgtol=1e-20\n.tran 0.5p 2n 0 0.5p\n.end\n"
    )
    omega = 2e9 * pi
    v = -0.2 + 0.8 * np.sin(omega * waves.x)
    current, _, capacitance = diode(v, dict(d.parameters))
    expected = current + capacitance * omega * 0.8 * np.cos(omega * waves.x)
    later = waves.x > 20e-12
    assert -waves["i(v1)"][later] == pytest.approx(expected[later], abs=1e-3 * np.abs(expected).max())


@pytest.mark.parametrize("bias", [-0.3, 0.65])
def test_m_is_as_many_in_parallel(device: Device, bias: float, tmp_path: Path) -> None:
    d, frequencies = device("diode"), np.array([1e8, 1e9])
    # Shared values, charge as an expression and as a product; through a subcircuit of one's own too.
    forms = ["x1 a 0 {d} m=3", "xa a 0 {d}\nxb a 0 {d} m=2", ".subckt own p n\nx1 p n {d}\n.ends\nx2 a 0 own m=3"]
    found = [
        admittance(f"{d.text}{form.format(d=d.name)}\nv1 a 0 dc {bias} ac 1\n", "v1", frequencies, tmp_path)
        for form in forms
    ]
    _, conductance, capacitance = diode(np.array([bias]), dict(d.parameters))
    for y in found:
        assert y.real == pytest.approx(3 * conductance[0], rel=1e-6, abs=1e-11)
        assert y.imag == pytest.approx(2 * pi * frequencies * 3 * capacitance[0], rel=1e-6)


# Resistor and nonlinear capacitor


def test_varactor_discharge(device: Device) -> None:
    # (1 + k v²) r c0 dv/dt = −v:  ln v + k v²/2 + t/(r c0) stays
    d = device("varactor")
    waves = Simulator().run(
        f"* discharge\n{d.text}{d.instance('1', ['a', '0'], {'k': 0.8})}\nv1 a 0 pulse(1.5 0 1n 1f 1f)\n"
        ".options method=trap reltol=1e-6\n.tran 2p 6n 0 2p\n.end\n"
    )
    [top] = [name for name in waves if name.endswith("top)")]  # x1.top, of a compiled model n.x1.n1#top
    v, later = waves[top], waves.x > 1.001e-9
    kept = np.log(v[later]) + 0.4 * v[later] ** 2 + (waves.x[later] - 1e-9) / 1e-9
    assert kept == pytest.approx(log(1.5) + 0.4 * 1.5**2, abs=1e-3)


def test_varactor_small_signal(device: Device, tmp_path: Path) -> None:
    d = device("varactor")
    frequencies = np.array([1e6, 1e7])
    found = admittance(f"{d.text}{d.instance('1', ['a', '0'], {})}\nv1 a 0 dc 0.7 ac 1\n", "v1", frequencies, tmp_path)
    expected = 1 / (1e3 + 1 / (2j * pi * frequencies * 1e-12 * (1 + 0.5 * 0.7**2)))
    assert found == pytest.approx(expected, rel=1e-9)


# Memristor


def test_memristor_is_a_resistor_at_dc(device: Device) -> None:
    d = device("memristor")
    waves = Simulator().run(
        f"* memristor\n{d.text}{d.instance('1', ['a', '0', 'w'], {'w0': 0.25})}\nv1 a 0 0\n"
        ".options reltol=1e-9\n.dc v1 -1 1 0.25\n.end\n"
    )
    assert -waves["i(v1)"] == pytest.approx(waves.x / (100 * 0.25 + 16e3 * 0.75), rel=1e-9, abs=1e-15)
    assert waves["v(w)"] == pytest.approx(0.25, rel=1e-9)


def test_memristor_state_follows_the_charge(device: Device) -> None:
    # logit w = logit w0 + 4 k q,  q = ∫ i dt
    d = device("memristor")
    waves = Simulator().run(
        f"* memristor\n{d.text}{d.instance('1', ['a', '0', 'w'], {})}\ni1 0 a sin(0 100u 100meg)\n"
        ".options method=trap reltol=1e-6\n.tran 5p 10n 0 5p\n.end\n"
    )
    charge = 100e-6 / (2e8 * pi) * (1 - np.cos(2e8 * pi * waves.x))
    grown = 0.1 / 0.9 * np.exp(4e13 * charge)
    w = grown / (1 + grown)
    assert w.max() > 0.9
    assert waves["v(w)"] == pytest.approx(w, abs=1e-3)
    i = 100e-6 * np.sin(2e8 * pi * waves.x)
    assert waves["v(a)"] == pytest.approx(i * (100 * w + 16e3 * (1 - w)), abs=2e-3)


# STT-MTJ


def conductance(p: dict[str, float], v: float | FloatArray, angle: float | FloatArray) -> float | FloatArray:
    tmr = p["tmr0"] / (1 + (v / p["vh"]) ** 2)
    return pi / 4 * p["d"] ** 2 / p["ra"] * 0.5 * (1 + np.cos(angle) + (1 - np.cos(angle)) / (1 + tmr))


@pytest.mark.parametrize("theta0", [0.0, 1.2, pi])
def test_mtj_at_dc(device: Device, theta0: float) -> None:
    d = device("mtj")
    waves = Simulator().run(
        f"* mtj\n{d.text}{d.instance('1', ['a', '0', 'th', 'ph'], {'theta0': theta0})}\nv1 a 0 0\n"
        ".options reltol=1e-10 abstol=1e-20\n.dc v1 -0.8 0.8 0.2\n.end\n"
    )
    expected = conductance(dict(d.parameters), waves.x, theta0) * waves.x
    assert -waves["i(v1)"] == pytest.approx(expected, rel=1e-9, abs=1e-18)


def test_mtj_switches_as_scipy_says(device: Device) -> None:
    d = device("mtj")
    p = dict(d.parameters)
    waves = Simulator().run(
        f"* mtj\n{d.text}{d.instance('1', ['a', '0', 'th', 'ph'], {})}\nv1 a 0 pwl(0 0 10p 0.8)\n"
        ".options method=trap reltol=1e-6\n.tran 1p 4n 0 1p\n.end\n"
    )
    area = pi / 4 * p["d"] ** 2

    def rate(time: float, y: FloatArray) -> list[float]:
        v = 0.8 * min(time / 10e-12, 1)
        torque = 1.054571817e-34 * p["pol"] * float(conductance(p, v, y[0])) * v
        aj = torque / (2 * 1.602176634e-19 * 1.25663706212e-6 * p["ms"] * p["t"] * area)
        scale = 2.2127e5 / (1 + p["alpha"] ** 2)
        return [
            scale * sin(y[0]) * (aj - p["alpha"] * p["hk"] * cos(y[0])),
            scale * (p["hk"] * cos(y[0]) + p["alpha"] * aj),
        ]

    expected = solve_ivp(
        rate,
        (0, waves.x[-1]),
        [p["theta0"], 0.0],
        method="DOP853",
        t_eval=waves.x,
        rtol=1e-10,
        atol=1e-12,
        max_step=1e-11,
    ).y
    assert expected[0, -1] > 3.0
    assert waves["v(th)"] == pytest.approx(expected[0], abs=3e-3)
    assert waves["v(ph)"] == pytest.approx(expected[1], abs=3e-2)
