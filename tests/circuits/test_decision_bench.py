"""The clocked benches: truth tables, the single read bench beside them, and no memory from cycle to cycle."""

from itertools import product

import numpy as np
import pytest

from spintronics import cards
from spintronics.characterize.operations import sense
from spintronics.circuits.decision_bench import DecisionBench, LatchBench, outcomes
from spintronics.circuits.sense_path import Operation
from spintronics.errors import InputError
from spintronics.montecarlo import draw_junctions
from spintronics.montecarlo.mismatch import draw_mismatch
from spintronics.ngspice import Simulator
from spintronics.technology import Technology

INPUTS = [(Operation.READ, (bit,)) for bit in (0, 1)]
INPUTS += [(operation, pair) for operation in (Operation.AND, Operation.OR) for pair in product((0, 1), repeat=2)]


def nominal(technology: Technology, operation: Operation, stored: tuple[int, ...]) -> tuple[float, float]:
    """Outputs apart and inputs apart of one cycle with every value nominal, V."""
    bench = DecisionBench(technology, cards.locate(technology), operation, stored)
    junction = technology.operating_junction
    r_p, tmr = np.full((1, len(stored)), junction.r_p), np.full((1, len(stored)), junction.tmr)
    outputs, inputs = outcomes(bench, Simulator().run(bench.deck(r_p, tmr, None).text()), 1)
    return float(outputs[0]), float(inputs[0])


@pytest.mark.parametrize(("operation", "stored"), INPUTS)
def test_nominal_cycle_gives_the_truth_table(imce45: Technology, operation: Operation, stored: tuple[int, ...]) -> None:
    right = all(stored) if operation is Operation.AND else any(stored)
    outputs, inputs = nominal(imce45, operation, stored)
    assert (outputs > 0.8, outputs < -0.8) == (right, not right)
    assert (inputs > 0) == right


@pytest.mark.parametrize(("operation", "stored"), [(Operation.READ, (1,)), (Operation.AND, (0, 1))])
def test_lines_develop_as_in_the_single_read_bench(
    imce45: Technology, operation: Operation, stored: tuple[int, ...]
) -> None:
    alone = sense(imce45, cards.locate(imce45), Simulator(), operation, stored)
    assert nominal(imce45, operation, stored)[1] == pytest.approx(alone.developed, abs=0.5e-3)


def test_balanced_latch_follows_the_sign_of_a_millivolt(imce45: Technology) -> None:
    """By symmetry its offset is 0: a decision against the sign is an error of the integration."""
    bench = LatchBench(imce45, cards.locate(imce45))
    apart = np.array([1e-3, -1e-3, 2e-3, 50e-3, -1e-3, -80e-3, 1e-3, 30e-3, -2e-3, -1e-3])
    outputs, inputs = outcomes(bench, Simulator().run(bench.deck(0.1 + apart, np.full(10, 0.1), None).text()), 10)
    assert inputs == pytest.approx(apart, abs=1e-6)
    assert (np.abs(outputs) > 0.8).all()
    assert (np.sign(outputs) == np.sign(apart)).all()


def test_a_cycle_knows_nothing_of_those_before_it(imce45: Technology) -> None:
    """Opposite neighbours, far stronger than itself, leave a trial's lines and decision as they are."""
    bench = DecisionBench(imce45, cards.locate(imce45), Operation.READ, (1,))
    junction = draw_junctions(imce45.operating_junction, imce45.variation, 1, 3, seed=2)
    mismatch = draw_mismatch(imce45.variation, bench.transistors, 3, seed=2)
    found = []
    for before in (1.3, 0.2):
        r_p, tmr = junction.r_p.copy(), junction.tmr.copy()
        r_p[[0, 2]] *= before
        tmr[[0, 2]] *= before
        waves = Simulator().run(bench.deck(r_p, tmr, mismatch).text())
        outputs, inputs = outcomes(bench, waves, 3)
        assert abs(inputs[0] - inputs[1]) > 10e-3
        found.append((outputs[1], inputs[1]))
    assert found[0][0] == pytest.approx(found[1][0], abs=0.01)
    assert found[0][1] == pytest.approx(found[1][1], abs=0.2e-3)


def test_lines_and_latch_are_at_rest_again_before_each_trial(imce45: Technology) -> None:
    """Bit line and reference below 2 mV and both outputs high when the next trial is selected."""
    bench = DecisionBench(imce45, cards.locate(imce45), Operation.AND, (1, 1))
    junction = draw_junctions(imce45.operating_junction, imce45.variation, 2, 3, seed=2)
    waves = Simulator().run(bench.deck(junction.r_p, junction.tmr, None).text())
    selected = bench.clock_time - imce45.sense.logic_develop_time
    for node, rest in (("bl", 0.0), ("ref", 0.0), ("out", 1.0), ("outb", 1.0)):
        at = np.interp(bench.period * np.arange(1, 4) + selected, waves.x, waves[f"v({node})"])
        assert at == pytest.approx(rest, abs=2e-3)


@pytest.mark.parametrize(
    ("operation", "stored"),
    [(Operation.READ, (0, 1)), (Operation.AND, (1,)), (Operation.OR, (0, 2)), (Operation.AND, ())],
)
def test_bits_that_the_operation_does_not_take_are_refused(
    imce45: Technology, operation: Operation, stored: tuple[int, ...]
) -> None:
    with pytest.raises(InputError, match=r"takes (one bit|two or more bits), each 0 or 1|fan_in = 0"):
        DecisionBench(imce45, cards.locate(imce45), operation, stored)
