"""Parts of the read path in ngspice, against closed forms and sums."""

from dataclasses import replace

import numpy as np
import pytest

from spintronics import cards
from spintronics.circuits.library import new_circuit
from spintronics.circuits.read_bench import ReadBench, Surroundings
from spintronics.circuits.sense_path import Operation
from spintronics.netlists import shipped_netlist
from spintronics.ngspice import Simulator, Waves
from spintronics.technology import Technology

TECHNOLOGY = Technology.load("imce45")


def run(parts: tuple[str, ...], lines: str) -> Waves:
    circuit = new_circuit("part", TECHNOLOGY, cards.locate(TECHNOLOGY), parts)
    return Simulator().run(f"{circuit}\n{lines}\n.end\n")


def test_bit_line_follows_the_step_response_of_a_distributed_line() -> None:
    """Open RC line: v(far) = 1 − 4/π Σ (−1)ⁿ/(2n+1) exp(−((2n+1) π/2)² t/RC)  (diffusion equation)."""
    ohm, farad = 10e3, 1e-12
    line = f"xline in middle far 0 0 bit_line r_wire={ohm} c_wire={farad} unselected=1e-6 w_read=150n r_cell=8k"
    waves = run(("bit_line",), f"vin in 0 pwl(0 0 1p 1)\n{line}\n.options reltol=1e-5\n.tran 10p 30n 0 20p")
    n = np.arange(200)[:, None]
    times = waves.x[waves.x > 0.05 * ohm * farad]
    terms = (-1.0) ** n / (2 * n + 1) * np.exp(-(((2 * n + 1) * np.pi / 2) ** 2) * times / (ohm * farad))
    closed = 1 - 4 / np.pi * terms.sum(axis=0)
    assert np.abs(np.interp(times, waves.x, waves["v(far)"]) - closed).max() < 0.01


def test_unselected_transistors_of_a_line_add_up_to_their_number() -> None:
    bias, unselected = 0.2, 254
    line = f"xline in middle far 0 0 bit_line r_wire=1 c_wire=1f unselected={unselected} w_read=150n r_cell=8k"
    waves = run(("bit_line",), f"vin in 0 {bias}\nvone one 0 {bias}\nxone one 0 0 0 nfet w=150n\n{line}\n.op")
    # The cell behind each lifts its source by some µV.
    assert waves["i(vin)"][0] / waves["i(vone)"][0] == pytest.approx(unselected, rel=1e-3)


def test_line_has_the_resistance_and_the_capacitance_that_it_is_given() -> None:
    ohm, farad, ramp = 630.0, 32e-15, 1e6
    line = f"r_wire={ohm} c_wire={farad} unselected=1e-6 w_read=150n r_cell=8k"
    end_to_end = run(("bit_line",), f"vin in 0 1\nvfar far 0 0\nxline in middle far 0 0 bit_line {line}\n.op")
    assert 1 / end_to_end["i(vfar)"][0] == pytest.approx(ohm, rel=1e-6)
    assert end_to_end["v(middle)"][0] == pytest.approx(0.5, rel=1e-6)
    ramped = f"vin in 0 pwl(0 0 100n {ramp * 100e-9})\nxline in middle far 0 0 bit_line {line}\n.tran 1n 100n 0 1n"
    assert -run(("bit_line",), ramped)["i(vin)"][-1] / ramp == pytest.approx(farad, rel=1e-3, abs=0)


@pytest.mark.parametrize("volts", [0.02, 0.2])
def test_held_junctions_have_the_resistances_of_both_states(volts: float) -> None:
    j, half = TECHNOLOGY.operating_junction, 500.0
    ports = f"vg_p g_p 0 {1e3 / j.r_p}\nvtmr tmr 0 {j.tmr}\n"
    parallel = f"vp p 0 {volts}\nvp0 mid_p 0 0\nxp mid_p mid_p p g_p junction_p r_half={half}\n"
    # Both ends of the strip at ground: two halves side by side, below a barrier that sees the rest of the voltage.
    anti = f"va a 0 {volts}\nxa 0 0 a g_p tmr junction_ap r_half={half} v_half={j.half_tmr_voltage}\n.op"
    waves = run(("junction_p", "junction_ap"), ports + parallel + anti)
    assert volts / -waves["i(vp)"][0] == pytest.approx(j.r_p + half / 2, rel=1e-6)
    current = -waves["i(va)"][0]
    barrier = volts - current * half / 2
    assert barrier / current == pytest.approx(j.r_ap(barrier), rel=1e-6)


def test_latch_follows_and_holds() -> None:
    data, hold = "pwl(0 0 1n 0 1.02n 1 3n 1 3.02n 0 5n 0)", "pwl(0 0 2n 0 2.02n 1 4n 1 4.02n 0)"
    deck = f"vdd vdd 0 1\nvd d 0 {data}\nvh hold 0 {hold}\nxl d hold q vdd 0 d_latch\n.tran 10p 5n"
    waves = run(("d_latch",), deck)
    q = {ns: float(np.interp(ns * 1e-9, waves.x, waves["v(q)"])) for ns in (0.9, 1.9, 3.9, 4.9)}
    assert q == {0.9: pytest.approx(0, abs=0.02), 1.9: pytest.approx(1, abs=0.02), 3.9: pytest.approx(1, abs=0.02),
                 4.9: pytest.approx(0, abs=0.02)}  # fmt: skip


def test_bit_line_says_how_many_sections_it_has() -> None:
    text = shipped_netlist("bit_line")
    assert "eight pi sections" in text
    assert text.count("{r_wire/8}") == 8


def test_idle_source_lines_rise_with_the_leakage_only_where_they_float() -> None:
    hot = TECHNOLOGY.with_values({"cmos.temperature": 398.15})
    risen = {}
    for grounded in (True, False):
        bench = ReadBench(hot, cards.locate(hot), Operation.READ, (1,), Surroundings(grounded=grounded))
        deck = bench.deck()
        waves = Simulator().run(replace(deck, save=("v(bl)", "v(sl_idle)")).text())
        risen[grounded] = float(np.interp(bench.clock_time, waves.x, waves["v(sl_idle)"] / waves["v(bl)"]))
    assert risen[True] < 1e-6
    assert 0.01 < risen[False] < 1
