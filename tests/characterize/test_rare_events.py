"""Importance sampling of the sense path against brute force: as many trials as it takes to see failures."""

import numpy as np
import pytest

from spintronics import cards
from spintronics.characterize.rare_events import failure_rate
from spintronics.characterize.sense_margin import solve_trials
from spintronics.circuits.sense_path import Operation, SensePath
from spintronics.montecarlo import NoFailurePoint, failure_probability
from spintronics.ngspice import Simulator
from spintronics.technology import Technology

WIDE = {"variation.sigma_ra": "0.08", "junction.tmr": "1.3"}


@pytest.fixture(scope="module")
def wide() -> Technology:
    """Margins small enough for 40 000 trials to fail some hundred times."""
    return Technology.load("imce45", WIDE)


@pytest.mark.parametrize(
    ("fan_in", "operation"), [(1, Operation.READ), (2, Operation.OR), (2, Operation.AND), (3, Operation.AND)]
)
def test_rate_is_that_of_brute_force(fan_in: int, operation: Operation, wide: Technology) -> None:
    model_cards, simulator = cards.locate(wide), Simulator()
    trials = solve_trials(wide, model_cards, simulator, fan_in, 40_000, seed=3, workers=2)
    low, high = operation.boundary(fan_in)
    path = SensePath(wide, model_cards, fan_in)
    reference = float(simulator.run(path.nominal(operation).text())["v(ref)"][0])
    fails = (trials.v_sense[:, low] >= reference) | (trials.v_sense[:, high] <= reference)
    brute = failure_probability(int(fails.sum()), len(fails), confidence=0.999)
    rare = failure_rate(wide, model_cards, simulator, fan_in, operation, seed=4, workers=2)
    assert 1e-4 < brute.p < 1e-2
    assert rare.low < brute.high
    assert rare.high > brute.low


def test_rate_does_not_depend_on_the_number_of_workers(wide: Technology) -> None:
    one, two = (
        failure_rate(wide, cards.locate(wide), Simulator(), 1, Operation.READ, seed=1, workers=workers)
        for workers in (1, 2)
    )
    assert one == two


def test_one_in_a_thousand_million_is_within_reach() -> None:
    technology = Technology.load("imce45", {"variation.sigma_ra": "0.04", "variation.sigma_tmr": "0.07"})
    rare = failure_rate(technology, cards.locate(technology), Simulator(), 2, Operation.AND, seed=1, workers=2)
    assert 1e-12 < rare.p < 1e-7
    assert rare.high / rare.low < 1.5**2
    assert rare.effective > 100
    assert np.isfinite(rare.relative_error)


def test_what_cannot_fail_is_refused_with_its_operation() -> None:
    technology = Technology.load("imce45", {"variation.sigma_ra": "0.001", "variation.sigma_tmr": "0.001"})
    with pytest.raises(NoFailurePoint, match="read, fan-in 1: no failure found within 12 standard deviations"):
        failure_rate(technology, cards.locate(technology), Simulator(), 1, Operation.READ, seed=1, workers=1)
