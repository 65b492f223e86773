"""Mismatch draws against Pelgrom's law and the normal distribution, and what must not depend on how many are drawn."""

import numpy as np
import pytest
from scipy.stats import kstest, norm

from spintronics.circuits.mismatch import Mismatch, Transistor
from spintronics.errors import InputError
from spintronics.montecarlo import JunctionStream
from spintronics.montecarlo.mismatch import draw_mismatch, spread
from spintronics.technology import Technology, Variation

TRIALS = 20_000
COEFFICIENTS = Variation.model_validate(
    {
        "sigma_ra": 0.05,
        "sigma_tmr": 0.1,
        "a_vt_nmos": "3 mV*um",
        "a_vt_pmos": "2 mV*um",
        "a_beta_nmos": "1 %*um",
        "a_beta_pmos": "0.5 %*um",
    }
)
PAIR = tuple(Transistor("latch", f"xlatch.x{side}", "nmos", 400e-9, 50e-9) for side in "ab")
LONG = Transistor("mirror", "xmirror", "pmos", 720e-9, 200e-9)
DOUBLE = Transistor("reference", "xen", "nmos", 200e-9, 50e-9, copies=2)


def draw(trials: int = TRIALS, seed: int = 3, transistors: tuple[Transistor, ...] = (*PAIR, LONG)) -> Mismatch:
    return draw_mismatch(COEFFICIENTS, transistors, trials, seed)


def test_difference_of_a_pair_has_pelgroms_spread() -> None:
    trials = draw()
    of_sigma = 5 / (2 * TRIALS) ** 0.5  # five standard errors of a standard deviation
    root_area = (0.4 * 0.05) ** 0.5  # um
    assert np.std(trials.vt[:, 0] - trials.vt[:, 1]) == pytest.approx(3e-3 / root_area, rel=of_sigma)
    assert np.std(trials.beta[:, 0] - trials.beta[:, 1]) == pytest.approx(0.01 / root_area, rel=of_sigma)


def test_one_transistor_has_half_the_variance_of_its_polaritys_pair() -> None:
    assert spread(COEFFICIENTS, LONG) == pytest.approx((2e-3 / 0.144**0.5 / 2**0.5, 0.005 / 0.144**0.5 / 2**0.5))
    assert draw().vt[:, 2].std() == pytest.approx(spread(COEFFICIENTS, LONG)[0], rel=5 / (2 * TRIALS) ** 0.5)


def test_copies_match_like_one_transistor_of_their_summed_area() -> None:
    assert spread(COEFFICIENTS, DOUBLE) == pytest.approx(spread(COEFFICIENTS, PAIR[0]))


def test_every_column_is_normal_and_independent_of_the_others() -> None:
    trials = draw()
    sigmas = np.array([spread(COEFFICIENTS, transistor) for transistor in trials.transistors])
    columns = np.hstack([trials.vt / sigmas[:, 0], trials.beta / sigmas[:, 1]])
    for column in columns.T:
        assert kstest(column, norm.cdf).pvalue > 1e-3
    for power in (1, 2):
        assert np.abs(np.corrcoef((columns**power).T) - np.eye(6)).max() < 5 / TRIALS**0.5


def test_trial_is_the_same_whatever_is_drawn_beside_it() -> None:
    most = draw(1000)
    fewer = draw(17, transistors=(LONG, PAIR[1]))
    assert (fewer.vt == most.vt[:17, [2, 1]]).all()
    assert (fewer.beta == most.beta[:17, [2, 1]]).all()
    assert not (draw(17, seed=4).vt == most.vt[:17]).any()


def test_taken_trials_are_those_asked_for_in_their_order() -> None:
    trials = draw(10)
    taken = trials.take(np.array([7, 2]))
    assert (len(taken), taken.transistors) == (2, trials.transistors)
    assert (taken.vt == trials.vt[[7, 2]]).all()
    assert (taken.beta == trials.beta[[7, 2]]).all()


@pytest.mark.parametrize(("trials", "seed"), [(0, 1), (1, -1)])
def test_bad_counts_are_refused(trials: int, seed: int) -> None:
    with pytest.raises(InputError, match=r"trials = 0: must be at least 1|seed = -1: must be 0 or larger"):
        draw(trials, seed)


def test_technology_without_coefficients_is_refused_by_key(imce45: Technology) -> None:
    without = imce45.variation.model_copy(update={"a_beta_pmos": None})
    with pytest.raises(InputError, match=r"technology\.variation\.a_beta_pmos: missing"):
        draw_mismatch(without, [LONG], 1, 1)


def test_stream_of_trials_has_the_same_transistors_however_it_is_cut(imce45: Technology) -> None:
    whole = draw(1000)

    def stream() -> JunctionStream:
        return JunctionStream(imce45.junction, COEFFICIENTS, 1, 1000, 3, transistors=(*PAIR, LONG))

    later = stream()
    later.skip(400)
    for trials in (stream().take(1000), later.take(300), stream().take(1000).part(10, 20)):
        own = slice(trials.first, trials.first + len(trials))
        assert trials.mismatch is not None
        assert (trials.mismatch.vt == whole.vt[own]).all()
        assert (trials.mismatch.beta == whole.beta[own]).all()
    plain = JunctionStream(imce45.junction, COEFFICIENTS, 1, 1000, 3).take(1000)
    assert plain.mismatch is None
    assert (plain.r_p == stream().take(1000).r_p).all()  # the junctions are those without
