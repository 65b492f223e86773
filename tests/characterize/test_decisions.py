"""Decision errors and latch offsets: closed forms, single runs beside chunks, and every kind of trial counted."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy.stats import beta as beta_distribution

from spintronics import cards
from spintronics.characterize.decisions import (
    UNDECIDED,
    UNSOLVED,
    Case,
    Decisions,
    FailedTrial,
    LatchOffsets,
    Varied,
    decisions,
    input_pair_offset,
    latch_decisions,
    latch_offsets,
    offsets_of,
)
from spintronics.circuits.decision_bench import DecisionBench, LatchBench, outcomes
from spintronics.circuits.library import Deck
from spintronics.circuits.mismatch import Mismatch
from spintronics.circuits.sense_path import Operation
from spintronics.errors import InputError
from spintronics.montecarlo import draw_junctions
from spintronics.montecarlo.mismatch import draw_mismatch
from spintronics.ngspice import Simulator
from spintronics.technology import Technology

COMMON_MODE = 0.1
SEED = 4


def judged(results: list[int], expected: int = 1) -> Decisions:
    kept = np.array(results, dtype=np.int8)
    return Decisions(Case(Operation.READ, (expected,), len(kept), 1), kept, np.zeros(len(kept)), ())


def test_errors_are_the_wrong_and_the_undecided_of_the_solved() -> None:
    found = judged([1, 1, 0, UNDECIDED, UNSOLVED, 1, 0, 1, 1, 1])
    assert (found.wrong, found.undecided, found.unsolved) == (2, 1, 1)
    assert (found.errors.failures, found.errors.trials) == (3, 9)
    low, high = beta_distribution.ppf(0.025, 3, 7), beta_distribution.ppf(0.975, 4, 6)  # Clopper and Pearson
    assert (found.errors.low, found.errors.high) == pytest.approx((low, high))
    assert judged([0, 0, 1, UNDECIDED], expected=0).wrong == 1


def test_a_failed_trial_names_its_parameters() -> None:
    trial = FailedTrial(17, "undecided: 3 mV between the outputs", {"cell0 R_P": 7484.2, "xlatch.xin_bl Vt": 0.0131})
    assert str(trial) == ("trial 17: undecided: 3 mV between the outputs (cell0 R_P 7484, xlatch.xin_bl Vt 0.0131)")


@pytest.fixture(scope="module")
def bench() -> LatchBench:
    technology = Technology.load("imce45")
    return LatchBench(technology, cards.locate(technology))


def drawn(bench: LatchBench, trials: int) -> Mismatch:
    return draw_mismatch(bench.technology.variation, bench.transistors, trials, SEED)


def test_threshold_difference_of_the_input_pair_is_the_offset(bench: LatchBench) -> None:
    """Closed form: bl must be lower by what the threshold of its PMOS is lower (more negative) by."""
    every = drawn(bench, 10)
    names = [t.name for t in every.transistors]
    bl, ref = names.index("xlatch.xin_bl"), names.index("xlatch.xin_ref")
    vt = np.zeros_like(every.vt)
    vt[:, [bl, ref]] = every.vt[:, [bl, ref]]
    found = offsets_of(bench, Mismatch(every.transistors, vt, np.zeros_like(vt)), Simulator(), COMMON_MODE, 2)
    # Half the interval that the search leaves, and half a millivolt of the integration.
    assert found.offsets == pytest.approx(vt[:, bl] - vt[:, ref], abs=found.resolution / 2 + 0.5e-3)
    assert np.abs(found.offsets).max() > 15e-3


@pytest.fixture(scope="module")
def offsets(bench: LatchBench) -> LatchOffsets:
    return latch_offsets(bench.technology, bench.cards, Simulator(), COMMON_MODE, 40, SEED, workers=2)


def test_offset_is_within_a_factor_of_two_of_its_input_pairs(bench: LatchBench, offsets: LatchOffsets) -> None:
    """The pair is the least there is: the cross-coupled and reset transistors come on top."""
    overdrive = 0.4  # V; supply less tail drop, common mode and threshold, by hand: 1.0 - 0.1 - 0.1 - 0.4
    first_order = input_pair_offset(bench.technology, overdrive)
    assert first_order == pytest.approx(np.hypot(2.5e-3, 0.2 * 0.01) / (0.36 * 0.05) ** 0.5)  # V um over um
    low, high = offsets.sigma_interval
    assert first_order < high
    assert low < 2 * first_order
    assert abs(offsets.mean) < 3 * offsets.sigma / 40**0.5
    assert offsets.failed == ()


def test_interval_of_sigma_is_that_of_a_normal_sample(offsets: LatchOffsets) -> None:
    low, high = offsets.sigma_interval
    assert (low / offsets.sigma, high / offsets.sigma) == pytest.approx((0.8192, 1.2840), abs=1e-3)  # n = 40, tables


def test_latch_decides_on_the_side_of_its_offset(bench: LatchBench, offsets: LatchOffsets) -> None:
    """Offsets by search against decisions at the settled lines of a read: two ways to the same threshold."""
    case = Case(Operation.OR, (0, 1), 40, SEED, Varied.TRANSISTORS)
    found = latch_decisions(bench.technology, bench.cards, Simulator(), case, 2)
    clear = np.abs(found.developed - offsets.offsets) > 4e-3  # its common mode is not quite the search's
    assert clear.sum() > 30
    assert (found.results[clear] == (found.developed > offsets.offsets)[clear]).all()
    assert 0 < found.wrong < 40


def test_chunks_give_the_decisions_and_lines_of_isolated_runs(bench: LatchBench) -> None:
    technology, operation, stored, trials = bench.technology, Operation.READ, (1,), 24
    found = decisions(technology, bench.cards, Simulator(), Case(operation, stored, trials, SEED), workers=2)
    path = DecisionBench(technology, bench.cards, operation, stored)
    junctions = draw_junctions(technology.operating_junction, technology.variation, 1, trials, SEED)
    mismatch = draw_mismatch(technology.variation, path.transistors, trials, SEED)

    def alone(simulator: Simulator, n: int) -> tuple[float, float]:
        one = np.array([n])
        deck = path.deck(junctions.r_p[one], junctions.tmr[one], mismatch.take(one))
        outputs, inputs = outcomes(path, simulator.run(deck.text()), 1)
        return float(outputs[0]), float(inputs[0])

    outputs, inputs = np.array(Simulator().map(alone, range(trials), workers=2)).T
    assert (found.results == (outputs > 0)).all()
    assert found.developed == pytest.approx(inputs, abs=0.3e-3)


def test_decisions_depend_on_neither_workers_nor_number_of_trials(bench: LatchBench) -> None:
    run, case = (bench.technology, bench.cards, Simulator()), Case(Operation.AND, (0, 1), 22, SEED)
    more, fewer = decisions(*run, case, workers=2), decisions(*run, replace(case, trials=20), workers=1)
    assert (more.results[:20] == fewer.results).all()
    assert (more.developed[:20] == fewer.developed).all()


def test_each_spread_moves_what_it_should(bench: LatchBench) -> None:
    run = (bench.technology, bench.cards, Simulator())
    by = {varied: decisions(*run, Case(Operation.READ, (1,), 20, SEED, varied), workers=2) for varied in Varied}
    shifts = {varied: found.developed - found.developed.mean() for varied, found in by.items()}
    assert by[Varied.JUNCTIONS].errors.failures == 0  # margins of 50 mV, spread of 10 mV
    # Small and independent: what junctions and transistors do to the lines adds up.
    total = shifts[Varied.JUNCTIONS] + shifts[Varied.TRANSISTORS]
    assert np.corrcoef(total, shifts[Varied.BOTH])[0, 1] > 0.95


def test_latch_that_does_not_resolve_is_counted_and_named() -> None:
    """At 0.35 V it has no gain to speak of within its 0.6 ns."""
    starved = Technology.load("imce45", {"cmos.supply": "0.35 V", "sense.current": "2 uA"})
    found = decisions(starved, cards.locate(starved), Simulator(), Case(Operation.READ, (1,), 3, SEED), 1)
    assert found.undecided == len(found.failed) == found.errors.failures == 3
    assert "trial 0: undecided: " in str(found.failed[0])
    assert {"cell0 R_P", "cell0 TMR", "xlatch.xin_bl Vt", "xsource_ref.xmirror beta"} <= set(found.failed[0].parameters)


@dataclass(frozen=True)
class Clashing(LatchBench):
    """Two supplies against each other where a threshold is above 1 V: ngspice cannot solve such a trial."""

    def deck(self, bl: np.ndarray, ref: np.ndarray, mismatch: Mismatch | None) -> Deck:
        deck = super().deck(bl, ref, mismatch)
        if mismatch is not None and (mismatch.vt > 1).any():
            deck.circuit.V("clash", "vdd", deck.circuit.gnd, 2.0)
        return deck


def test_trial_that_ngspice_does_not_get_through_is_named_and_spares_its_neighbours(bench: LatchBench) -> None:
    mismatch = drawn(bench, 3)
    mismatch.vt[1, 0] = 2.0
    found = offsets_of(Clashing(bench.technology, bench.cards), mismatch, Simulator(), COMMON_MODE, 2)
    assert np.isnan(found.offsets).tolist() == [False, True, False]
    assert [trial.trial for trial in found.failed] == [1]
    assert "ngspice: latch, 1 decisions" in found.failed[0].reason
    assert found.failed[0].parameters["xlatch.xtail Vt"] == 2.0


def test_no_coefficients_no_decisions(bench: LatchBench) -> None:
    spread = bench.technology.variation.model_copy(update={"a_vt_nmos": None})
    without = bench.technology.model_copy(update={"variation": spread})
    with pytest.raises(InputError, match=r"technology\.variation\.a_vt_nmos: missing"):
        decisions(without, bench.cards, Simulator(), Case(Operation.READ, (1,), 2, SEED), 1)


def test_transistors_alone_leave_every_junction_nominal(bench: LatchBench) -> None:
    """Also one whose area or whose whole die differs otherwise: without matching, every trial is the same."""
    spread = dict.fromkeys(("variation.sigma_area", "variation.shared_sigma_ra"), "0.05")
    matched = dict.fromkeys((f"variation.a_{key}" for key in ("vt_nmos", "vt_pmos")), "0 mV*um")
    matched |= dict.fromkeys((f"variation.a_{key}" for key in ("beta_nmos", "beta_pmos")), "0 um")
    technology = Technology.load("imce45", spread | matched)
    case = Case(Operation.READ, (1,), 3, SEED, Varied.TRANSISTORS)
    found = decisions(technology, bench.cards, Simulator(), case, 1)
    assert np.ptp(found.developed) < 0.1e-3
