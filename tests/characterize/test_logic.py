"""Logic gates: every transition tried, results checked, energies balanced, leakage against single transistors."""

from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest

from spintronics import cards
from spintronics.characterize import logic
from spintronics.characterize.device_table import OperationFailed
from spintronics.circuits.library import transistors
from spintronics.circuits.logic_bench import (
    FLIP_FLOP,
    FULL_ADDER,
    INVERTER,
    LOGIC_GATES,
    MULTIPLEXER,
    NAND2,
    NAND3,
    NAND4,
    NOR2,
    PERIOD,
    Gate,
    all_transitions,
)
from spintronics.ngspice import Simulator
from spintronics.technology import Technology


def figures(gate: Gate, fan_out: int = 1, **cmos: str) -> logic.GateFigures:
    technology = Technology.load("imce45", {f"cmos.{key}": value for key, value in cmos.items()})
    return logic.gate_figures(technology, cards.locate(technology), Simulator(), gate, fan_out)


@pytest.mark.parametrize("bits", [1, 2, 3])
def test_walk_takes_every_transition_once(bits: int) -> None:
    walk = all_transitions(bits)
    pairs = list(pairwise(walk))
    vectors = list(product((0, 1), repeat=bits))
    assert sorted(pairs) == sorted(product(vectors, repeat=2))


@pytest.mark.parametrize("gate", [*LOGIC_GATES, NAND3, NAND4], ids=lambda gate: gate.netlist)
def test_gate_computes_and_costs_femtojoules(gate: Gate) -> None:
    # A wrong output after any transition raises; every ordered pair of vectors is one.
    found = figures(gate)
    assert 0.1e-15 < found.mean_energy < 20e-15
    assert 5e-12 < found.worst_delay < 250e-12
    assert found.worst_delay >= max(found.arcs.values()) > 0
    assert 0 < found.mean_leakage <= found.worst_leakage < 50e-9
    if not gate.clocked:
        assert np.abs(np.diag(found.energy)).max() < 0.05 * found.energy.max()  # nothing changes, nothing is paid


def test_energy_falls_with_the_square_of_the_supply() -> None:
    energies = [figures(MULTIPLEXER, supply=supply).mean_energy for supply in ("1.0 V", "0.9 V")]
    assert np.log(energies[0] / energies[1]) / np.log(1.0 / 0.9) == pytest.approx(2.0, abs=0.6)


def test_a_gate_does_not_pay_for_its_load_but_waits_for_it() -> None:
    light, heavy = figures(NAND2, 1), figures(NAND2, 4)
    assert heavy.load["out"] == pytest.approx(4 * light.load["out"], rel=0.1, abs=0)
    assert heavy.mean_energy == pytest.approx(light.mean_energy, rel=0.1, abs=0)
    assert heavy.arcs["a", "out"] > 1.5 * light.arcs["a", "out"]


def test_load_is_the_pins_that_hang_on_it() -> None:
    found = figures(NAND2)
    assert found.load["out"] == pytest.approx(found.pin["a"] + found.pin["b"], rel=0.15, abs=0)


def test_leakage_is_the_current_of_the_transistors_that_are_off() -> None:
    technology = Technology.load("imce45")
    located = cards.locate(technology)
    text = "\n".join(path.read_text() for path in located.files)
    deck = (
        f"one transistor each, off\n{text}\n{transistors(technology, located)}\n"
        "vn dn 0 1\nxn dn 0 0 0 nfet w=90n\nvp vdd 0 1\nvd dp 0 0\nxp dp vdd vdd vdd pfet w=180n\n"
        ".options temp=27 abstol=1e-15\n.save i(vn) i(vp)\n.op\n.end\n"
    )
    off = Simulator().run(deck)
    expected = [-float(off["i(vn)"][0]), -float(off["i(vp)"][0])]  # input low: the NMOS is off
    assert figures(INVERTER).leakage == pytest.approx(expected, rel=0.01, abs=0)


def test_leakage_rises_with_temperature_and_from_slow_to_fast() -> None:
    assert figures(NOR2, temperature="358.15 K").mean_leakage > 3 * figures(NOR2).mean_leakage
    assert figures(NOR2, corner="ff").mean_leakage > 1.5 * figures(NOR2, corner="ss").mean_leakage


def test_energy_holds_no_leakage() -> None:
    hot = figures(INVERTER, temperature="398 K")
    assert np.abs(np.diag(hot.energy)).max() < 0.05 * (hot.leakage * PERIOD).min()  # nothing changes, nothing is paid


def test_a_cold_flip_flop_holds_its_state_at_rest() -> None:
    # As a chain of operating points it was found half-way between its states, at 5 µW.
    cold = figures(FLIP_FLOP, corner="ss", supply="0.9 V", temperature="233.15 K")
    assert cold.worst_leakage < 0.1 * figures(FLIP_FLOP).worst_leakage
    assert cold.leakage[0] == pytest.approx(cold.leakage[1], rel=0.01, abs=0)


def test_a_flip_flop_pays_for_its_clock_without_new_data() -> None:
    found = figures(FLIP_FLOP)
    assert 0.2 < np.diag(found.energy).mean() / found.energy[0, 1] < 1


def test_a_gate_that_does_something_else_is_refused() -> None:
    liar = replace(NAND2, function=lambda v: (int(not any(v)),))
    with pytest.raises(OperationFailed, match=r"nand2: out = 1\.00 V for inputs \(0, 1\)"):
        figures(liar)


def test_a_gate_too_slow_for_its_period_is_refused() -> None:
    with pytest.raises(OperationFailed, match=r"full_adder: (sum|carry) = -?0\.\d\d V for inputs"):
        figures(FULL_ADDER, supply="0.3 V")
