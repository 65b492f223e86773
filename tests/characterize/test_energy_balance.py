"""Energy balance: a circuit whose energies are known, then the testbenches."""

import pytest

from spintronics import cards
from spintronics.characterize import energy_balance as module
from spintronics.characterize.energy_balance import energy_balance
from spintronics.circuits.library import Deck, new_circuit
from spintronics.circuits.read_bench import ReadBench
from spintronics.circuits.sense_path import Operation
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


@pytest.mark.parametrize(
    "bench",
    [
        ReadBench(TECHNOLOGY, CARDS, Operation.READ, (1,)),
        ReadBench(TECHNOLOGY, CARDS, Operation.AND, (0, 1)),
        ReadBench(TECHNOLOGY, CARDS, Operation.OR, (0, 0)),
        XorBench(TECHNOLOGY, CARDS, (1, 0)),
        WriteBench(TECHNOLOGY, CARDS, 0, 0.26, 0.12, 0.0, TECHNOLOGY.write.pulse_width),
        WriteBench(TECHNOLOGY, CARDS, 1, 0.27, 0.12, 0.0, TECHNOLOGY.write.pulse_width),
    ],
    ids=lambda bench: bench.deck().circuit.title,
)
def test_what_the_sources_deliver_is_dissipated(bench: ReadBench | XorBench | WriteBench) -> None:
    balance = energy_balance(Simulator(), bench.deck())
    assert abs(balance.error) < 0.01
    assert abs(balance.stored) < 0.002 * sum(balance.delivered.values())


def test_a_source_left_out_would_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bit line's supply gives 8 % of an AND; the balance without it is out by that."""
    sources = module._SOURCE
    monkeypatch.setattr(
        module, "_SOURCE", module.re.compile(sources.pattern.replace("[VI]", "(?!Vbit_line)[VI]"), sources.flags)
    )
    balance = energy_balance(Simulator(), ReadBench(TECHNOLOGY, CARDS, Operation.AND, (0, 1)).deck())
    assert balance.error < -0.05
