"""What the subset of Verilog-A takes in and what it refuses, with file, line and construct."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from spintronics.veriloga import ModelError, evaluate, lower, read_equations

pytest.importorskip("openvaf_py", reason="openvaf-py has wheels for Python 3.11 and 3.12 alone")

Model = Callable[..., Path]


@pytest.fixture
def model(tmp_path: Path) -> Model:
    """A file whose declarations are line 6 and whose analog block is line 8."""

    def write(body: str, declarations: str = "") -> Path:
        path = tmp_path / "device.va"
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

    return write


def current(path: Path, v: float, **parameters: float) -> float:
    device = read_equations(path, {})
    return float(evaluate(device, {"a": v, "b": 0.0}, parameters).currents["a"])


# Loops


@pytest.mark.parametrize("v", [-0.5, 0.4, 1.5])
def test_nested_loops_with_conditions(model: Model, v: float) -> None:
    path = model(
        """s = 0;
        for (i = 0; i < 3; i = i + 1) begin
          for (j = 0; j <= i; j = j + 1)
            if (V(a, b) > j) s = s + V(a, b)*i; else s = s - j;
          s = s*(1 + i);
        end
        I(a, b) <+ s + i + j;""",
        "integer i, j; real s;",
    )
    s, i, j = 0.0, 0, 0
    for i in range(3):
        for j in range(i + 1):
            s = s + v * i if v > j else s - j
        s *= 1 + i
    assert current(path, v) == pytest.approx(s + 3 + 3, rel=1e-14)


def test_loop_without_a_pass(model: Model) -> None:
    path = model("s = V(a, b); for (i = 3; i < 3; i = i + 1) s = 0; I(a, b) <+ s;", "integer i; real s;")
    assert current(path, 0.3) == 0.3


def test_long_loop(model: Model) -> None:
    path = model("s = 0; for (i = 0; i < 60; i = i + 1) s = 0.5*s + V(a, b); I(a, b) <+ s;", "integer i; real s;")
    assert current(path, 0.3) == pytest.approx(0.3 * (1 - 0.5**60) * 2, rel=1e-14)
    assert "B_a_b a b" in lower(path, {}).text


def test_loop_over_a_folded_parameter(model: Model) -> None:
    path = model(
        "s = 0; for (i = 0; i < n; i = i + 1) s = s + V(a, b); I(a, b) <+ s;",
        "integer i; real s; parameter real n = 3;",
    )
    device = read_equations(path, {"n": 5})
    assert evaluate(device, {"a": 0.3, "b": 0.0}, {}).currents["a"] == pytest.approx(1.5)
    with pytest.raises(ModelError, match="line 8: a loop whose passes are not known beforehand"):
        read_equations(path, {})


# Refusals


@pytest.mark.parametrize(
    ("body", "declarations", "named"),
    [
        ("I(a, b) <+ V(a, b)*;", "", "line 8: unexpected token ';'"),
        ("I(a, b) <+ g*V(a, b);", "", "line 8: 'g' was not found"),
        ("I(a, b) <+ $random*V(a, b);", "", "line 8: function 'random' is currently not supported"),
        ("x = V(a, b); while (x > 1) x = x/2; I(a, b) <+ x;", "real x;", "line 8: a loop whose passes are not known"),
        ("x = 1; while (x > 0) x = x + 1; I(a, b) <+ x;", "real x;", "line 8: a loop whose passes are more than 256"),
        ("V(a, b) <+ 1e3*I(a, b);", "", "line 8: unknown flow(a,b)"),
        ("I(a, b) <+ idt(V(a, b));", "", "line 8: unknown implicit_equation_0 (Implicit): idt()"),
        ("I(a, b) <+ n*V(a, b);", "parameter integer n = 1;", "line 6: parameter n, which is not real"),
        (
            "I(a, b) <+ g*V(a, b);",
            "parameter real r = 1; parameter real g = 1/r;",
            "line 6: parameter g, whose default",
        ),
        ("I(a, b) <+ Temp*V(a, b) + temp;", "parameter real Temp = 1; parameter real temp = 1;", "ngspice's own"),
        ("I(a, b) <+ Gm*V(a, b) + gm;", "parameter real Gm = 1; parameter real gm = 1;", "'Gm' and 'gm'"),
        ('I(a, b) <+ $simparam("gmin")*V(a, b);', "", "line 8: a call of $simparam"),
        ('I(a, b) <+ $limit(V(a, b), "pnjlim", 0.02, 0.6);', "", "line 8: a call of $limit"),
        ('if (analysis("tran")) I(a, b) <+ V(a, b);', "", "line 8: a call of analysis"),
        ("if ($param_given(g)) I(a, b) <+ V(a, b);", "parameter real g = 1;", "line 8: $param_given(g)"),
        ("I(a, b) <+ V(a, b)*atan2(V(a), 1);", "", "line 8: operation atan2"),
        ("k = V(a, b); I(a, b) <+ k;", "integer k;", "line 6: a real number rounded to an integer"),
        ("I(a, b) <+ V(a, b)*ln(x - 1);", "real x = 0;", "a constant that is nan"),
        ("if (V(a, b) > 0) x = 1; I(a, b) <+ x*V(a, b);", "real x;", "line 6: variable x, read before it is assigned"),
        ("y = 1; x = x + V(a, b); I(a, b) <+ x*y;", "real y, x = 2;", "line 6: variable x, read before it is assigned"),
        (
            "@(initial_step) x = 0; x = x + V(a, b); I(a, b) <+ x;",
            "real x;",
            "line 8: variable x, assigned in initial_step",
        ),
        ("@(initial_step) x = V(a, b); I(a, b) <+ x;", "real x;", "line 8: an initial_step that reads the solution"),
        ("@(final_step) x = 1; I(a, b) <+ V(a, b);", "real x;", "line 8: the event final_step"),
        ("I(a, b) <+ absdelay(V(a, b), 1n);", "", "line 8: absdelay; not in the subset"),
        ('I(a, b) <+ ac_stim("ac", 1);', "", "OpenVAF fails on it: "),
        ("I(a, b) <+ V(a, b);", "resistor #(.r(1)) r1(a, b);", "line 6: an instance of resistor"),
        ("I(a, b) <+ idtmod(V(a, b), 0, 1);", "", "line 8: unknown implicit_equation_0"),
        (
            "I(a, b) <+ V(a, b)/r;",
            "parameter real r = -1 from (0:inf);",
            "line 6: parameter r = -1, which is not from (0",
        ),
        # Where the text does not tell which of several places it is, all are named; a macro's own line is one of them.
        (
            "j = V(a) > 0 ? 7 : 5;\n I(a, b) <+ V(a, b)/2;\n I(a, b) <+ j/2;",
            "integer j;",
            "line 9 or line 10: a division",
        ),
        (
            "I(a) <+ V(a)/2;\nI(a) <+ V(a)/3;\nI(a) <+ V(a)/4;\nI(a) <+ (V(b) > 0 ? 7 : 5)/2;",
            "",
            "line 8 or line 9 or later",
        ),
    ],
)
def test_refused_constructs_are_named_with_file_and_line(
    model: Model, body: str, declarations: str, named: str
) -> None:
    path = model(body, declarations)
    with pytest.raises(ModelError) as refusal:
        lower(path, {})
    assert str(refusal.value).startswith(f"{path}: ")
    assert named in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("included", "named"),
    [
        ("// idt(V(a))\nI(a, b) <+ V(a, b);\nI(a, b) <+ idt(V(a, b));", "line 3 of inner.inc: unknown implicit"),
        ("I(a, b) <+ V(a, b);\nI(a, b) <+ V(a, b)*;", "line 2 of inner.inc: unexpected token ';'"),
        ("x = V(a, b);\nwhile (x > 1) x = x/2;\nI(a, b) <+ x;", "line 2 of inner.inc: a loop"),
        ("if (V(a, b) > 0) x = 1;\n I(a, b) <+ x*V(a, b);", "line 6: variable x, read before it is assigned"),
        ("@(final_step) x = 1;", "line 1 of inner.inc: the event final_step"),
        ("I(a, b) <+ V(a, b);", "line 10: operation atan2"),
    ],
)
def test_lines_of_included_files(included: str, named: str, model: Model, tmp_path: Path) -> None:
    (tmp_path / "inner.inc").write_text(included)
    tail = "I(a, b) <+ atan2(V(a), 1);" if "atan2" in named else ""
    path = model(f'\n`include "inner.inc"\n{tail}', "real x;")
    with pytest.raises(ModelError) as refusal:
        lower(path, {})
    assert str(refusal.value).startswith(f"{path}: {named}")


def test_ranges_of_an_included_file_hold(model: Model, tmp_path: Path) -> None:
    (tmp_path / "inner.inc").write_text("parameter real r = 1 from (0:inf);\n")
    path = model("I(a, b) <+ V(a, b)/r;", '\n`include "inner.inc"\n')
    with pytest.raises(ModelError, match=r"parameter r = -1: must be from \(0:inf\)"):
        lower(path, {"r": -1})


def test_a_largest_step_is_named(model: Model) -> None:
    text = lower(model("$bound_step(1p); I(a, b) <+ V(a, b);"), {}).text
    assert "* Of the model, not in this subcircuit\n*   largest step of $bound_step()\n" in text


def test_construct_in_a_comment_or_string_is_not_taken_for_it(model: Model) -> None:
    path = model('x = V(a, b); /* for */\n "while" ; // for\n    while (x > 1) x = x/2;\n I(a, b) <+ x;', "real x;")
    path.write_text(path.read_text().replace(' "while" ; ', ""))
    with pytest.raises(ModelError, match="line 10: a loop"):
        lower(path, {})


@pytest.mark.parametrize(
    ("body", "declarations"),
    [
        (
            "if (k > 0) x = 1/k; if (k > 0) I(a, b) <+ x*V(a, b); else I(a, b) <+ V(a, b);",
            "real x; parameter real k = 1;",
        ),
        ("I(a, b) <+ x*V(a, b);", "real x = 1;"),
        ("@(initial_step) begin x = 1/k; end I(a, b) <+ x*V(a, b);", "real x; parameter real k = 1;"),
        ("begin: inner real x; x = V(a, b); I(a, b) <+ x; end", ""),
        ("case (k) 1: x = V(a, b); default: x = 2*V(a, b); endcase I(a, b) <+ x;", "real x; parameter real k = 1;"),
    ],
)
def test_variables_that_keep_nothing_are_taken(model: Model, body: str, declarations: str) -> None:
    assert current(model(body, declarations), 0.3) == pytest.approx(0.3)


def test_hidden_state_is_found_with_a_file_of_ones_own_included(model: Model, tmp_path: Path) -> None:
    (tmp_path / "mine.inc").write_text("`define GAIN 3.0\n")
    path = model("if (V(a, b) > 0) x = `GAIN; I(a, b) <+ x*V(a, b);", "real x;")
    path.write_text('`include "mine.inc"\n' + path.read_text())
    with pytest.raises(ModelError, match="line 7: variable x, read before it is assigned"):
        lower(path, {})


# Divisors


def test_division_by_very_small_numbers(model: Model) -> None:
    # ngspice adds 1e-32 to what a B-source divides by.
    from spintronics.ngspice import Simulator

    path = model("I(a, b) <+ 1e-40*V(a, b)/(k*1e-20) + 1e-33*V(a, b)*V(a, b)/1e-30;", "parameter real k = 1e-17;")
    device = lower(path, {})
    waves = Simulator().run(f"* small\n{device.text}x1 a 0 device\nv1 a 0 2\n.options abstol=1e-20\n.op\n.end\n")
    assert -waves["i(v1)"][0] == pytest.approx(2e-3 + 4e-3, rel=1e-9)


# Parameters


RANGED = (
    "`define TOP 2.5\n"
    "parameter real r = 1k from (0:inf) exclude 50 exclude (60:70), s = 2 from [1:`TOP);\n"
    "parameter integer n = 1 from [0:3]; parameter real free = -1; parameter real after = 1 from [r:inf);"
)


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"r": 0.0}, r"parameter r = 0: must be from \(0:inf\) exclude 50 exclude \(60:70\)"),
        ({"r": 50.0}, "parameter r = 50: must be"),
        ({"r": 65.0}, "parameter r = 65: must be"),
        ({"r": 70.0, "s": 1.0}, None),
        ({"s": 2.5}, r"parameter s = 2.5: must be from \[1:2.5\)"),
        ({"free": -1e30, "after": 0.0}, None),
        ({"n": 4}, r"parameter n = 4: must be from \[0:3\]"),
        ({"n": 1.5}, "parameter n = 1.5: must be an integer"),
    ],
)
def test_parameters_stay_in_their_range(model: Model, given: dict[str, float], refusal: str | None) -> None:
    path = model("I(a, b) <+ V(a, b)*(n + s + free + after)/r;", RANGED)
    folded = {"n": 1.0} | given
    if refusal is None:
        lower(path, folded)
        return
    with pytest.raises(ModelError, match=refusal):
        lower(path, folded)
    if "n" not in given:
        with pytest.raises(ModelError, match=refusal):
            lower(path, {"n": 1.0}).instance("1", ["a", "0"], given)


def test_instance_with_the_wrong_number_of_nodes(model: Model) -> None:
    device = lower(model("I(a, b) <+ V(a, b);"), {})
    assert device.instance("1", ["in", "0"], {}) == "x1 in 0 device"
    with pytest.raises(ModelError, match=r"device\.va: instance 1: 3 nodes for the 2 ports of device: a, b"):
        device.instance("1", ["in", "out", "0"], {})


def test_derivatives_reach_through_loops_and_conditions(model: Model) -> None:
    path = model(
        "s = 1; for (i = 0; i < 4; i = i + 1) if (V(a, b) > 0) s = s*V(a, b); else s = 2*s; I(a, b) <+ s;",
        "integer i; real s;",
    )
    found = evaluate(read_equations(path, {}), {"a": [-0.5, 0.5], "b": 0.0}, {})
    assert found.currents["a"] == pytest.approx(np.array([16, 0.5**4]))
    assert found.conductances["a", "a"] == pytest.approx(np.array([0, 4 * 0.5**3]))
