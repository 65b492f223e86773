"""Energy balance: a circuit whose energies are known, then the testbenches."""

import re
from dataclasses import replace
from importlib import import_module
from inspect import isabstract
from math import inf
from pkgutil import iter_modules
from typing import Any

import numpy as np
import pytest

from spintronics import cards, circuits
from spintronics.characterize import energy_balance as module
from spintronics.characterize.energy_balance import energy_balance
from spintronics.circuits.blocks import BlockBench, bit_counter
from spintronics.circuits.decision_bench import DecisionBench, LatchBench
from spintronics.circuits.disturb_bench import DisturbBench
from spintronics.circuits.library import Deck, new_circuit
from spintronics.circuits.logic_bench import LOGIC_GATES, NAND3, PERIOD, LogicBench
from spintronics.circuits.read_bench import ReadBench
from spintronics.circuits.row_bench import ACTIVE, EDGE, START, Activation, Port, RowBench, SelectBench
from spintronics.circuits.sense_path import Operation, SensePath
from spintronics.circuits.stt_write_bench import SttWriteBench
from spintronics.circuits.write_bench import WriteBench
from spintronics.circuits.xor_bench import XorBench
from spintronics.ngspice import Simulator
from spintronics.technology import Technology

TECHNOLOGY = Technology.load("imce45")
CARDS = cards.locate(TECHNOLOGY)


def test_charging_a_capacitor_dissipates_half_and_stores_half() -> None:
    """C V² from the source, C V²/2 in the resistor, C V²/2 in the capacitor."""
    circuit = new_circuit("charge", TECHNOLOGY, CARDS, ())
    circuit.V("in", "input", circuit.gnd, "pwl(0 0 1f 1)")
    circuit.R("r", "input", "out", 1e3)
    circuit.C("c", "out", circuit.gnd, 1e-12)
    balance = energy_balance(Simulator(), Deck(circuit, ".tran 1p 30n 0 5p", (), 300.0, "reltol=1e-5"))
    assert balance.delivered["vin"] == pytest.approx(1e-12, rel=1e-3, abs=0)
    assert balance.dissipated["resistors"] == pytest.approx(0.5e-12, rel=2e-3, abs=0)
    assert balance.stored == pytest.approx(0.5e-12, rel=2e-3, abs=0)
    assert abs(balance.error) < 2e-3


def test_a_source_that_absorbs_counts_as_negative() -> None:
    circuit = new_circuit("absorb", TECHNOLOGY, CARDS, ())
    circuit.V("in", "input", circuit.gnd, 2)
    circuit.R("r", "input", "out", 1e3)
    circuit.I("sink", "out", circuit.gnd, 1e-3)
    balance = energy_balance(Simulator(), Deck(circuit, ".tran 1p 1n", (), 300.0))
    assert balance.delivered == {
        "vin": pytest.approx(2e-12, rel=1e-9, abs=0),
        "isink": pytest.approx(-1e-12, rel=1e-9, abs=0),
    }
    assert balance.dissipated["resistors"] == pytest.approx(1e-12, rel=1e-9, abs=0)


PULSE = TECHNOLOGY.write.pulse_width
FEW_ROWS = TECHNOLOGY.with_values({"array.rows": 8})
assert TECHNOLOGY.stt
BENCHES: tuple[Any, ...] = (
    ReadBench(TECHNOLOGY, CARDS, Operation.READ, (1,)),
    ReadBench(TECHNOLOGY, CARDS, Operation.AND, (0, 1)),
    ReadBench(TECHNOLOGY, CARDS, Operation.OR, (0, 0)),
    XorBench(TECHNOLOGY, CARDS, (1, 0)),
    *(WriteBench(TECHNOLOGY, CARDS, bit, 0.26, 0.12, 0.0, PULSE) for bit in (0, 1)),
    *(DisturbBench(TECHNOLOGY, CARDS, bit, (0.26, 0.27), 0.12, 0.0) for bit in (0, 1)),
    SttWriteBench(TECHNOLOGY, TECHNOLOGY.stt.model_copy(update={"pulse_width": 3e-9}), CARDS, 0, 0.12, 0.0),
    *(LogicBench(TECHNOLOGY, CARDS, gate) for gate in (*LOGIC_GATES, NAND3)),
    BlockBench(TECHNOLOGY, CARDS, bit_counter(3), ((0, 0, 0), (1, 0, 1), (1, 1, 1), (0, 0, 1), (0, 0, 0))),
    *(RowBench(FEW_ROWS, CARDS, activation) for activation in Activation),
    SelectBench(FEW_ROWS, CARDS, ({}, {Port.READ: 3, Port.SECOND: 5}, {Port.WRITE: 2})),
    LatchBench(TECHNOLOGY, CARDS),
    DecisionBench(TECHNOLOGY, CARDS, Operation.READ, (1,)),
    DecisionBench(TECHNOLOGY, CARDS, Operation.AND, (0, 1)),
    SensePath(TECHNOLOGY, CARDS, 2),
)


def closed(bench: Any) -> tuple[Deck, float, float]:
    """A bench's deck, and two times between which it comes back to one state."""
    match bench:
        case SensePath():
            return bench.nominal(Operation.AND), 0.0, inf
        case LogicBench():  # the walk's first step leaves the operating point as it is
            return bench.deck(), PERIOD - 1e-12, inf
        case RowBench():
            return activated_twice(bench), 3.1e-9, 6.1e-9
        case LatchBench():  # its own steps are for decisions
            deck = bench.deck(np.full(3, 0.12), np.full(3, 0.1), None)
            return replace(deck, options="reltol=1e-4 chgtol=1e-17 trtol=1"), 2 * bench.period, 3 * bench.period
        case DecisionBench():
            junction, shape = TECHNOLOGY.operating_junction, (3, len(bench.stored))
            deck = bench.deck(np.full(shape, junction.r_p), np.full(shape, junction.tmr), None)
            return deck, 2 * bench.period, 3 * bench.period
        case _:
            return bench.deck(), 0.0, inf


def activated_twice(bench: RowBench) -> Deck:
    """An activation, the addresses back, and both again: the first time leaves charge in the row gates' inner nodes."""
    deck, vdd = bench.deck(), bench.technology.cmos.supply
    rows = {port.address: row for port, row in zip(bench.activation.ports, bench.rows, strict=True)}
    for name in bench.sources:
        address, _, bit = name.rpartition("_a")
        last = (rows[address] >> int(bit) & 1) * vdd if address else vdd
        high = (1.5e-9 if address else ACTIVE) - EDGE
        pulse = f"pulse({vdd - last} {last} {START} {EDGE} {EDGE} {high} 3n)"
        deck.circuit[f"V{name}"].dc_value = pulse
    return replace(deck, analysis=".tran 5p 6.1n 0 5p")


@pytest.mark.parametrize("bench", BENCHES, ids=lambda bench: type(bench).__name__)
def test_what_the_sources_deliver_is_dissipated(bench: Any) -> None:
    balance = energy_balance(Simulator(), *closed(bench))
    assert balance.total > 0
    assert abs(balance.error) < 0.01
    assert abs(balance.stored) < 0.002 * balance.total
    assert abs(balance.charge_model) < 0.03 * balance.total


def test_no_testbench_is_left_out() -> None:
    """Every class of circuits that builds a deck is balanced above."""
    modules = [import_module(m.name) for m in iter_modules(circuits.__path__, f"{circuits.__name__}.")]
    classes = {value for module in modules for value in vars(module).values() if isinstance(value, type)}

    def builds_a_deck(kind: type) -> bool:
        return any(getattr(f, "__annotations__", {}).get("return") is Deck for f in vars(kind).values())

    assert {kind for kind in classes if builds_a_deck(kind) and not isabstract(kind)} == {type(b) for b in BENCHES}


def test_a_source_left_out_would_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bit line's supply gives 8 % of an AND; the balance without it is out by that."""
    sources = module._SOURCE
    others = sources.pattern.replace("[VIB]", "(?!Vbit_line)[VIB]")
    monkeypatch.setattr(module, "_SOURCE", re.compile(others, sources.flags))
    balance = energy_balance(Simulator(), ReadBench(TECHNOLOGY, CARDS, Operation.AND, (0, 1)).deck())
    assert balance.error < -0.05
