"""Margins from trials: counted by hand on made-up voltages, and a small real run."""

import numpy as np
import pytest

from spintronics import cards
from spintronics.characterize.sense_margin import SenseTrials, sense_margin, solve_trials, solved_chunks
from spintronics.circuits.sense_path import Operation, SensePath, operations_of
from spintronics.montecarlo import JunctionTrials
from spintronics.montecarlo.chunks import FailedTrial
from spintronics.montecarlo.workers import local_workers
from spintronics.ngspice import Simulator
from spintronics.technology import Technology


@pytest.fixture(scope="module")
def technology() -> Technology:
    return Technology.load("imce45")


def test_failures_and_worst_margin_are_those_counted_by_hand(technology: Technology) -> None:
    model_cards = cards.locate(technology)
    nominal = Simulator().run(SensePath(technology, model_cards, 2).nominal(Operation.AND).text())
    reference = float(nominal["v(ref)"][0])
    gaps = np.array([[9, 10e-3, 20e-3], [9, 1e-3, 30e-3], [9, -2e-3, 5e-3], [9, 3e-3, -4e-3], [9, 0.0, 1e-3]])
    v_sense = np.stack([gaps[:, 0], reference - gaps[:, 1], reference + gaps[:, 2]], axis=1)
    junctions = JunctionTrials(np.ones((5, 2)), np.ones((5, 2)), 0, 0)
    found = sense_margin(technology, model_cards, Simulator(), SenseTrials(2, junctions, v_sense), Operation.AND)
    assert found.failures.failures == 3  # a low state above, a high state below, a low state at the reference
    assert found.worst == pytest.approx(-4e-3)
    assert np.isnan(found.at_6_sigma)  # five trials have no tail to fit
    gap = min(reference - float(nominal["v(bl1)"][0]), float(nominal["v(bl2)"][0]) - reference)
    assert found.nominal == pytest.approx(gap)


def test_each_trial_has_its_own_reference_where_transistors_were_drawn(technology: Technology) -> None:
    junctions = JunctionTrials(np.ones((4, 2)), np.ones((4, 2)), 0, 0)
    v_sense = np.tile([1.0, 2.0, 3.0], (4, 1))
    references = np.array([[1.5, 2.5], [0.9, 2.5], [1.5, 3.1], [2.0, 2.0]])  # OR, AND
    trials = SenseTrials(2, junctions, v_sense, (FailedTrial(0, "not solved"),), references)
    context = (technology, cards.locate(technology), Simulator())
    found = {operation: sense_margin(*context, trials, operation) for operation in operations_of(2)}
    assert found[Operation.OR].failures.failures == 2  # 1.0 above 0.9, 2.0 at 2.0
    assert found[Operation.AND].failures.failures == 2  # 3.0 below 3.1, 2.0 at 2.0
    assert found[Operation.OR].failures.trials == 3
    assert found[Operation.AND].worst == pytest.approx(-0.1)
    assert found[Operation.OR].v_reference_sigma == pytest.approx(np.std([0.9, 1.5, 2.0]))


def test_transistors_widen_what_junctions_leave(technology: Technology) -> None:
    """V_ref moves with its own transistor alone, V_sense with junctions and transistors, independent of each other."""
    context, trials = (technology, cards.locate(technology), Simulator(), 1, 3000, 5), {}
    quiet = technology.with_values({"variation.sigma_ra": 0.0, "variation.sigma_tmr": 0.0})
    with local_workers(2) as workers:
        for name, declared in (("both", technology), ("transistors", quiet)):
            chunks = solved_chunks(declared, *context[1:], workers, transistor_mismatch=True)
            trials[name] = SenseTrials.of(1, chunks)
    alone = solve_trials(*context, workers=2)
    sigma = trials["both"].v_sense.std(axis=0)
    expected = np.hypot(alone.v_sense.std(axis=0), trials["transistors"].v_sense.std(axis=0))
    assert sigma == pytest.approx(expected, rel=0.03)
    assert trials["transistors"].v_reference == pytest.approx(trials["both"].v_reference, abs=2e-5)
    assert 1e-3 < np.std(trials["both"].reference(Operation.READ)) < 2e-3


@pytest.fixture(scope="module")
def solved(technology: Technology) -> dict[int, SenseTrials]:
    model_cards = cards.locate(technology)
    return {k: solve_trials(technology, model_cards, Simulator(), k, 2300, seed=5, workers=2) for k in (1, 2, 3)}


def test_trials_do_not_depend_on_the_number_of_workers(technology: Technology, solved: dict[int, SenseTrials]) -> None:
    alone = solve_trials(technology, cards.locate(technology), Simulator(), 2, 2300, seed=5, workers=1)
    assert np.array_equal(alone.v_sense, solved[2].v_sense)


def test_every_state_orders_by_its_antiparallel_cells(solved: dict[int, SenseTrials]) -> None:
    for trials in solved.values():
        assert np.isfinite(trials.v_sense).all()
        assert (np.diff(trials.v_sense, axis=1) > 0).all()


def test_voltages_follow_their_own_junctions(solved: dict[int, SenseTrials]) -> None:
    trials = solved[1]
    assert np.corrcoef(trials.junctions.r_p[:, 0], trials.v_sense[:, 0])[0, 1] > 0.999
    assert np.corrcoef(trials.junctions.tmr[:, 0], trials.v_sense[:, 0])[0, 1] == pytest.approx(0, abs=0.1)


def test_spread_of_the_parallel_read_is_that_of_ra(technology: Technology, solved: dict[int, SenseTrials]) -> None:
    through_junction = technology.sense.current * technology.junction.r_p * technology.variation.sigma_ra
    # A little more than I·σ(R_P): a higher source voltage leaves the read transistor less drive.
    assert 1.0 < solved[1].v_sense[:, 0].std() / through_junction < 1.10


def test_margin_shrinks_with_fan_in(technology: Technology, solved: dict[int, SenseTrials]) -> None:
    nominal = {
        (op, k): sense_margin(technology, cards.locate(technology), Simulator(), solved[k], op).nominal
        for k in (1, 2, 3)
        for op in operations_of(k)
    }
    assert nominal[Operation.READ, 1] > nominal[Operation.AND, 2] > nominal[Operation.AND, 3] > 0
    assert nominal[Operation.READ, 1] > nominal[Operation.OR, 2] > nominal[Operation.OR, 3] > 0


def test_one_trial_is_solved_too(technology: Technology, solved: dict[int, SenseTrials]) -> None:
    one = solve_trials(technology, cards.locate(technology), Simulator(), 2, 1, seed=5, workers=1)
    assert one.v_sense == pytest.approx(solved[2].v_sense[:1], rel=1e-5)
