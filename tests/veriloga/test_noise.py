"""White noise of models, lowered and compiled, in ngspice's .noise against closed forms; all else is as without it."""

import subprocess
from collections.abc import Callable, Mapping
from math import pi
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from scipy.optimize import brentq

from spintronics.ngspice import find_ngspice
from spintronics.resources import MODELS
from spintronics.veriloga import ModelError, Subcircuit, evaluate, lower, read_equations

pytest.importorskip("openvaf_py", reason="openvaf-py has wheels for Python 3.11 and 3.12 alone")

FloatArray = npt.NDArray[np.float64]
Netlist = Callable[[Path, Mapping[str, float]], Subcircuit]
K, Q = 1.380649e-23, 1.602176634e-19  # SI; the compiler's and ngspice's are 1e-6 off
TEMPERATURE = 300.15
HERE = Path(__file__).with_name("models")


def model(folder: Path, body: str, declarations: str = "", head: str = "") -> Path:
    path = folder / "device.va"
    path.write_text(
        f"""`include "constants.vams"
`include "disciplines.vams"
{head}
module device(a, b);
  inout a, b;
  electrical a, b;
  {declarations}
  analog begin
    {body}
  end
endmodule
"""
    )
    return path


def spectrum(circuit: str, output: str, folder: Path, frequencies: tuple[float, float] = (1e3, 1e4)) -> FloatArray:
    """Density of the output's voltage noise, V²/Hz, at the frequencies' ends; input is source v1."""
    deck = folder / "noise.cir"
    deck.write_text(
        f"* noise\n{circuit}\n.control\nset numdgt=14\nset wr_singlescale\n"
        f"noise v({output}) v1 dec 1 {frequencies[0]:g} {frequencies[1]:g}\nsetplot noise1\n"
        f"wrdata {folder}/noise.txt onoise_spectrum\nquit 0\n.endc\n.end\n"
    )
    subprocess.run([find_ngspice().path, "-n", "-b", deck], check=True, capture_output=True, timeout=60)
    return np.asarray(np.loadtxt(folder / "noise.txt")[:, 1] ** 2)


RESISTOR = 'I(a, b) <+ V(a, b)/r + white_noise(4*`P_K*$temperature/r, "thermal");'
R = "parameter real r = 1e3 from (0:inf);"


@pytest.mark.parametrize("celsius", [27.0, 85.0])
@pytest.mark.parametrize("copies", [1, 3])
def test_resistor(celsius: float, copies: int, netlist: Netlist, tmp_path: Path) -> None:
    device = netlist(model(tmp_path, RESISTOR, R), {})
    load = f"v1 b 0 0 ac 1\nrl a 0 2k noisy=0\n.options temp={celsius}"
    found = spectrum(f"{device.text}x1 a b device r=3k m={copies}\n{load}", "a", tmp_path)
    parallel = 1 / (copies / 3e3 + 1 / 2e3)
    density = 4 * K * (celsius + 273.15) * copies / 3e3
    assert found == pytest.approx(density * parallel**2, rel=1e-5)


@pytest.mark.parametrize("volts", [-0.5, 0.0, 0.3, 0.6])
def test_shot_noise_of_a_diode(volts: float, netlist: Netlist, tmp_path: Path) -> None:
    device = netlist(HERE / "diode.va", {})
    vt = K * TEMPERATURE / Q
    current, conductance = 1e-14 * np.expm1(volts / (1.2 * vt)), 1e-14 * np.exp(volts / (1.2 * vt)) / (1.2 * vt)
    circuit = f"{device.text}x1 a 0 junction_diode\nv1 b 0 {volts} ac 1\nr1 b a 1m noisy=0\n.options reltol=1e-9"
    expected = 2 * Q * abs(current) / (1e3 + conductance) ** 2
    assert spectrum(circuit, "a", tmp_path) == pytest.approx(expected, rel=2e-4, abs=1e-50)


def test_noise_of_an_rc_integrates_to_kt_over_c(netlist: Netlist, tmp_path: Path) -> None:
    device = netlist(model(tmp_path, RESISTOR + "I(a, b) <+ ddt(1p*V(a, b));", R), {})
    deck = tmp_path / "rc.cir"
    deck.write_text(
        f"* rc\n{device.text}x1 a b device\nv1 b 0 0 ac 1\n.control\nset numdgt=14\n"
        f"noise v(a) v1 dec 40 1k 1e15\nsetplot noise2\nwrdata {tmp_path}/total.txt onoise_total\nquit 0\n.endc\n.end\n"
    )
    subprocess.run([find_ngspice().path, "-n", "-b", deck], check=True, capture_output=True, timeout=60)
    total = float(np.loadtxt(tmp_path / "total.txt")[-1])  # V, root mean square
    assert total**2 == pytest.approx(K * TEMPERATURE / 1e-12, rel=1e-3)


FORMS = {
    "amplitude": ("I(a, b) <+ g*V(a, b) + 3*white_noise(s);", 9.0),
    "from a variable": ("n = white_noise(s); I(a, b) <+ g*V(a, b) + n;", 1.0),
    "taken back": ("n = white_noise(s); I(a, b) <+ g*V(a, b) + n; I(b, a) <+ 0.5*n;", 0.25),
    "two calls": ('I(a, b) <+ g*V(a, b) + white_noise(s, "x, (y)"); I(a, b) <+ white_noise(s, "x, (y)");', 2.0),
    "condition holds": ("I(a, b) <+ g*V(a, b); if (V(a, b) > -1) I(a, b) <+ white_noise(s);", 1.0),
    "condition fails": ("I(a, b) <+ g*V(a, b); if (V(a, b) > 1) I(a, b) <+ white_noise(s);", 0.0),
    "times the solution": ("I(a, b) <+ g*V(a, b) + (1 + V(a, b))*white_noise(s);", (1 + 0.25) ** 2),
    "power of the solution": ("I(a, b) <+ g*V(a, b) + white_noise(s*(1 + V(a, b)));", 1.25),
    "negative power": ("I(a, b) <+ g*V(a, b) + white_noise(-2*s);", 2.0),
    "macro": ("I(a, b) <+ g*V(a, b) + `NOISE(2*s);", 2.0),
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_a_contribution(form: str, netlist: Netlist, tmp_path: Path) -> None:
    body, factor = FORMS[form]
    declarations = "parameter real g = 1e-3; parameter real s = 1e-20; real n;"
    device = netlist(model(tmp_path, body, declarations, "`define NOISE(p) white_noise(p)"), {})
    found = spectrum(f"{device.text}x1 a 0 device\nv1 b 0 0.5 ac 1\nr1 b a 1k noisy=0", "a", tmp_path)
    assert found == pytest.approx(factor * 1e-20 / 2e-3**2, rel=1e-6, abs=1e-40)


def test_devices_in_parallel_are_not_correlated(netlist: Netlist, tmp_path: Path) -> None:
    device = netlist(model(tmp_path, "I(a, b) <+ 1e-3*V(a, b) + white_noise(1e-20);"), {})
    found = spectrum(f"{device.text}x1 a 0 device m=3\nv1 b 0 0 ac 1\nr1 b a 1k noisy=0", "a", tmp_path)
    assert found == pytest.approx(3 * 1e-20 / 4e-3**2, rel=1e-6)


def test_noise_in_two_branches_is_correlated(tmp_path: Path) -> None:
    body = "n = white_noise(1e-20); I(a) <+ 1e-3*V(a) + n; I(b) <+ 1e-3*V(b) - 2*n;"
    device = lower(model(tmp_path, body, "real n;"), {})
    assert device.text.count("B_noise1") == 2
    found = spectrum(f"{device.text}x1 a b device\nv1 c 0 0 ac 1\nr1 c a 1k noisy=0", "a,b", tmp_path)
    assert found == pytest.approx(1e-20 * (1 / 2e-3 + 2 / 1e-3) ** 2, rel=1e-6)


def test_noise_of_an_included_file(netlist: Netlist, tmp_path: Path) -> None:
    (tmp_path / "thermal.inc").write_text("// white_noise(1)\n" + RESISTOR + "\n")
    device = netlist(model(tmp_path, '\n`include "thermal.inc"\n', R), {})
    found = spectrum(f"{device.text}x1 a 0 device\nv1 b 0 0 ac 1\nr1 b a 1k noisy=0", "a", tmp_path)
    assert found == pytest.approx(K * TEMPERATURE * 1e3, rel=1e-5)


def test_what_is_not_modelled_is_named(tmp_path: Path) -> None:
    flicker = 'I(a, b) <+ V(a, b)*1e-3 + flicker_noise(1e-20, 1, "1/f") + white_noise(1e-20, "thermal");'
    text = lower(model(tmp_path, flicker), {}).text
    assert "* Of the model, not in this subcircuit\n*   flicker noise a to b, 1/f\n*\n" in text
    assert "B_noise1_a_b" in text
    twice = "I(a, b) <+ V(a, b)*1e-3 + `NOISE(1); I(a) <+ `NOISE(2);"
    text = lower(model(tmp_path, twice, head='`define NOISE(p) white_noise(p*1e-20, "n")'), {}).text
    assert "not in this subcircuit\n*   white noise a to b, n\n*   white noise a to 0, n\n*\n" in text
    assert "B_noise" not in text


def test_a_subcircuit_has_no_noise_but_its_models(tmp_path: Path) -> None:
    device = lower(HERE / "varactor.va", {})
    circuit = f"{device.text}{device.instance('1', ['a', '0'], {})}\nv1 b 0 0 ac 1\nr1 b a 1k noisy=0"
    assert spectrum(circuit, "a", tmp_path) == pytest.approx(0, abs=1e-60)


@pytest.mark.parametrize(
    "analysis", ["op", "dc v1 -0.5 0.7 0.1", "ac dec 3 1meg 1g", "tran 0.5p 1n 0 0.5p", "tran 5p 1n"]
)
def test_other_analyses_do_not_see_it(analysis: str, tmp_path: Path) -> None:
    quiet = tmp_path / "diode.va"
    quiet.write_text((HERE / "diode.va").read_text().replace('I(a, c) <+ white_noise(2.0*`P_Q*abs(i), "shot");', ""))
    devices = [lower(path, {}) for path in (HERE / "diode.va", quiet)]
    assert ["white noise" in device.text for device in devices] == [True, False]
    found = []
    for d in devices:
        deck = tmp_path / "deck.cir"
        deck.write_text(
            f"* diode\n{d.text}x1 a 0 junction_diode\nr1 a c 50\nv1 c 0 sin(-0.2 0.9 1g) ac 1\n"
            f".control\nset numdgt=15\nset wr_singlescale\n{analysis}\n"
            f"wrdata {tmp_path}/out.txt v(a) i(v1)\nquit 0\n.endc\n.end\n"
        )
        subprocess.run([find_ngspice().path, "-n", "-b", deck], check=True, capture_output=True, timeout=60)
        found.append(np.loadtxt(tmp_path / "out.txt"))
    assert found[0].size > 2
    assert found[0] == pytest.approx(found[1], rel=1e-12, abs=1e-13)


def test_numpy_gives_the_roots_of_the_densities() -> None:
    device = read_equations(HERE / "diode.va", {})
    found = evaluate(device, {"a": np.linspace(-0.3, 0.6, 10), "c": 0.0}, {})
    assert [source.name for source in device.noise] == ["shot"]
    assert found.noise[0]["a"] ** 2 == pytest.approx(2 * Q * np.abs(found.currents["a"]), rel=1e-6)
    assert found.noise[0]["c"] == pytest.approx(-found.noise[0]["a"])


@pytest.mark.parametrize("state", [1.0, -1.0])
@pytest.mark.parametrize("bias", [0.0, 0.1, 0.4])
def test_noise_of_the_junction_and_its_heavy_metal(state: float, bias: float, netlist: Netlist, tmp_path: Path) -> None:
    device = netlist(MODELS / "veriloga/she_mtj.va", {"easy": 1.0})
    p = device.parameters
    # t1 and t2 at ground: the two halves of the strip in parallel, the junction on top; 10 kOhm to the source.
    strip, load = p["rho_hm"] * p["l_hm"] / (p["w_hm"] * p["t_hm"]) / 4, 10e3
    current = current_at(p, state, bias)
    circuit = (
        f"{device.text}x1 0 0 t3 0 0 0 mx my mz she_mtj theta0=0 state0={state}\n"
        f"v1 in 0 {bias + load * current!r} ac 1\nrl in t3 {load} noisy=0\n.options reltol=1e-9"
    )
    across = bias - current * strip
    step = 1e-5
    resistance = 2 * step / (tunnel_current(p, state, across + step) - tunnel_current(p, state, across - step))
    vt = K * TEMPERATURE / Q
    shot = 2 * Q * current / np.tanh(across / (2 * vt)) if bias else 4 * K * TEMPERATURE / resistance
    seen = load / (load + strip + resistance)
    expected = (shot * resistance**2 + 4 * K * TEMPERATURE * strip) * seen**2
    assert spectrum(circuit, "t3", tmp_path) == pytest.approx(expected, rel=1e-5)


def tunnel_current(p: Mapping[str, float], state: float, v: float) -> float:
    tmr = p["tmr0"] / (1 + (v / p["v_h"]) ** 2)
    return pi / 4 * p["l_mtj"] * p["w_mtj"] / p["ra"] * (1.0 if state > 0 else 1 / (1 + tmr)) * v


def current_at(p: Mapping[str, float], state: float, bias: float) -> float:
    """Through junction and strip in series."""
    strip = p["rho_hm"] * p["l_hm"] / (p["w_hm"] * p["t_hm"]) / 4
    across = brentq(lambda v: v + strip * tunnel_current(p, state, v) - bias, -1, 1) if bias else 0.0
    return tunnel_current(p, state, across)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("I(a, b) <+ V(a, b)*;\n", "line 9: unexpected token ';'"),
        ("I(a, b) <+ white_noise(1e-20\n + 1e-20);\n I(a, b) <+ atan2(V(a), 1);", "line 11: operation atan2"),
        ("V(a, b) <+ white_noise(1e-18);", "line 9: unknown flow(a,b)"),
    ],
)
def test_lines_in_errors_are_the_files(body: str, named: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError) as refusal:
        lower(model(tmp_path, body), {})
    assert named in str(refusal.value)
