"""Small models lowered and run in ngspice against closed forms; what cannot be lowered is refused by name."""

import sys
from math import pi
from pathlib import Path

import numpy as np
import pytest

from spintronics.ngspice import Simulator
from spintronics.veriloga import CompilerMissing, ModelError, lower

pytest.importorskip("openvaf_py", reason="openvaf-py has wheels for Python 3.11 and 3.12 alone")

BOLTZMANN, QE = 1.3806488e-23, 1.602176565e-19  # OpenVAF's $vt: CODATA 2010


def model(folder: Path, body: str, declarations: str = "") -> Path:
    path = folder / "device.va"
    path.write_text(
        f"""`include "constants.vams"
`include "disciplines.vams"
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


def test_rc_discharge(tmp_path: Path) -> None:
    path = model(
        tmp_path,
        "I(a, b) <+ V(a, b)/r; I(a, b) <+ ddt(c0*V(a, b));",
        "parameter real r = 1e3; parameter real c0 = 1e-12;",
    )
    device = lower(path, {})
    assert "ddt" not in device.text
    assert device.parameters == {"r": 1e3, "c0": 1e-12}
    assert "R_a_b a b {r} m={m} noisy=0\n" in device.text
    assert "C_a_b a b {c0} m={m}\n" in device.text
    waves = Simulator().run(
        f"* rc\n{device.text}x1 a 0 device c0=2e-12\ni1 0 a pulse(1m 0 1n 1f 1f)\n"
        ".options method=trap reltol=1e-6\n.tran 10p 10n 0 10p\n.end\n"
    )
    after = waves.x > 1.1e-9
    expected = np.exp(-(waves.x[after] - 1e-9) / 2e-9)
    assert waves["v(a)"][after] == pytest.approx(expected, rel=1e-4)


DIODE = "parameter real isat = 1e-14; parameter real n = 1.2; parameter real tt = 1e-11; real i;"


def test_diode_current_at_two_temperatures(tmp_path: Path) -> None:
    device = lower(model(tmp_path, "I(a, b) <+ isat*(exp(V(a, b)/(n*$vt)) - 1);", DIODE), {})
    for celsius in (27.0, 85.0):
        waves = Simulator().run(
            f"* diode\n{device.text}x1 a 0 device isat=2e-14\nv1 a 0 0\n"
            f".options temp={celsius} reltol=1e-9 abstol=1e-20\n.dc v1 -0.5 0.7 0.1\n.end\n"
        )
        vt = BOLTZMANN * (celsius + 273.15) / QE
        expected = 2e-14 * (np.exp(waves.x / (1.2 * vt)) - 1)
        assert -waves["i(v1)"] == pytest.approx(expected, rel=1e-8, abs=1e-24)


def test_nonlinear_charge(tmp_path: Path) -> None:
    device = lower(
        model(
            tmp_path,
            "I(a, b) <+ ddt(c0*(V(a, b) + k*pow(V(a, b), 3)));",
            "parameter real c0=1e-12; parameter real k=0.3;",
        ),
        {},
    )
    waves = Simulator().run(
        f"* charge\n{device.text}x1 a 0 device\nv1 a 0 sin(0 1 1meg)\n"
        ".options method=trap reltol=1e-6\n.tran 0.5n 1u 0 0.5n\n.end\n"
    )
    omega = 2e6 * pi
    v = np.sin(omega * waves.x)
    expected = 1e-12 * (1 + 0.9 * v**2) * omega * np.cos(omega * waves.x)
    later = waves.x > 10e-9
    assert -waves["i(v1)"][later] == pytest.approx(expected[later], abs=1e-4 * omega * 1e-12)


def test_conditions_on_voltages_and_on_parameters(tmp_path: Path) -> None:
    body = """
    if (V(a, b) > v1 && V(a, b) < 2*v1) g = 1e-3; else if (V(a, b) >= 2*v1) g = k > 1 ? 2e-3 : 3e-3; else g = 5e-4;
    I(a, b) <+ g*pow(V(a, b), 3) - g*(V(a, b) - (v1 - 1/k));
    """
    device = lower(model(tmp_path, body, "parameter real v1 = 0.35; parameter real k = 2; real g;"), {})
    for k, top in ((2.0, 2e-3), (0.5, 3e-3)):
        waves = Simulator().run(
            f"* conditions\n{device.text}x1 a 0 device k={k}\nv1 a 0 0\n.options reltol=1e-9\n.dc v1 -1 1 0.1\n.end\n"
        )
        v = waves.x
        g = np.where(v >= 0.7, top, np.where(v > 0.35, 1e-3, 5e-4))
        assert -waves["i(v1)"] == pytest.approx(g * v**3 - g * (v - (0.35 - 1 / k)), rel=1e-9, abs=1e-18)


def test_time_is_zero_in_a_sweep_and_runs_in_a_transient(tmp_path: Path) -> None:
    device = lower(model(tmp_path, "I(a, b) <+ V(a, b)*1e-3*(1 + $abstime*1e9);"), {})
    head = f"* time\n{device.text}x1 a 0 device\nv1 a 0 1\n"
    sweep = Simulator().run(f"{head}.dc v1 1 5 1\n.end\n")
    assert -sweep["i(v1)"] == pytest.approx(1e-3 * sweep.x)
    run = Simulator().run(f"{head}.tran 10p 2n 0 10p\n.end\n")
    assert -run["i(v1)"] == pytest.approx(1e-3 * (1 + run.x * 1e9), rel=1e-6)


def test_folded_parameter_leaves_the_subcircuit(tmp_path: Path) -> None:
    path = model(
        tmp_path, "if (kind == 1) I(a, b) <+ V(a, b); else I(a, b) <+ 2*V(a, b);", "parameter integer kind = 1;"
    )
    assert "I={m} * 2 * V(a,b)" in lower(path, {"kind": 0}).text
    assert lower(path, {"kind": 1}).parameters == {}


def test_folding_a_parameter_to_where_an_equation_has_no_value(tmp_path: Path) -> None:
    path = model(tmp_path, "I(a, b) <+ V(a, b)*ln(k - 1);", "parameter real k = 2;")
    with pytest.raises(ModelError, match=r"operation ln\(-1\), which has no value"):
        lower(path, {"k": 0})


def test_unknown_structural_parameter(tmp_path: Path) -> None:
    path = model(tmp_path, "I(a, b) <+ g*V(a, b);", "parameter real g = 1;")
    with pytest.raises(ModelError, match="no parameter 'h' to fold; there are: g"):
        lower(path, {"h": 1})


def test_missing_compiler_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvaf_py", None)
    with pytest.raises(CompilerMissing, match=r"spintronics-imce\[veriloga\]"):
        lower(model(tmp_path, "I(a, b) <+ V(a, b);"), {})
