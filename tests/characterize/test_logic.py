"""Logic gates: every transition tried, results checked, energy against C·V² by hand."""

from itertools import pairwise, product

import numpy as np
import pytest

from spintronics import cards
from spintronics.characterize import logic
from spintronics.characterize.device_table import OperationFailed
from spintronics.circuits.logic_bench import FLIP_FLOP, FULL_ADDER, MULTIPLEXER, Gate, all_transitions
from spintronics.ngspice import Simulator
from spintronics.technology import Technology


@pytest.mark.parametrize("bits", [1, 2, 3])
def test_walk_takes_every_transition_once(bits: int) -> None:
    walk = all_transitions(bits)
    pairs = list(pairwise(walk))
    vectors = list(product((0, 1), repeat=bits))
    assert sorted(pairs) == sorted(product(vectors, repeat=2))


@pytest.mark.parametrize("gate", [FULL_ADDER, MULTIPLEXER, FLIP_FLOP], ids=lambda gate: gate.netlist)
def test_gate_computes_and_costs_femtojoules(gate: Gate) -> None:
    technology = Technology.load("imce45")
    cost = logic.gate_cost(technology, cards.locate(technology), Simulator(), gate)
    assert 0.1e-15 < cost.energy < 20e-15
    assert 5e-12 < cost.latency < 250e-12


def test_energy_falls_with_the_square_of_the_supply() -> None:
    energies = []
    for supply in ("1.0 V", "0.9 V"):
        technology = Technology.load("imce45", {"cmos.supply": supply})
        energies.append(logic.gate_cost(technology, cards.locate(technology), Simulator(), MULTIPLEXER).energy)
    assert np.log(energies[0] / energies[1]) / np.log(1.0 / 0.9) == pytest.approx(2.0, abs=0.6)


def test_a_gate_too_slow_for_its_period_is_refused() -> None:
    starved = Technology.load("imce45", {"cmos.supply": "0.3 V"})  # too slow for the period
    with pytest.raises(OperationFailed, match=r"full_adder: (sum|carry) = -?0\.\d\d V for inputs"):
        logic.gate_cost(starved, cards.locate(starved), Simulator(), FULL_ADDER)
