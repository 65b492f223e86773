"""Draws against the normal distribution, and what must not depend on how many are drawn."""

from math import pi

import numpy as np
import pytest
from scipy.stats import kstest, norm, truncnorm

from spintronics.errors import InputError
from spintronics.montecarlo import JunctionTrials, draw_junctions
from spintronics.technology import Technology, Variation

TRIALS = 20_000


def variation(sigma_ra: float = 0.05, sigma_tmr: float = 0.10) -> Variation:
    return Variation(sigma_ra=sigma_ra, sigma_tmr=sigma_tmr)


def draw(
    technology: Technology, spread: Variation | None = None, junctions: int = 3, trials: int = TRIALS, seed: int = 11
) -> JunctionTrials:
    return draw_junctions(technology.junction, spread or variation(), junctions, trials, seed)


def columns(technology: Technology, trials: JunctionTrials) -> np.ndarray:
    """Relative deviations of every junction's R_P and TMR, one column each."""
    return np.hstack([trials.r_p / technology.junction.r_p, trials.tmr / technology.junction.tmr]) - 1


def test_mean_and_spread_are_the_technologys(imce45: Technology) -> None:
    trials = draw(imce45)
    r_p = 10.58 / (pi / 4 * 0.060 * 0.030)  # closed form, ohm
    assert trials.r_p.mean(axis=0) == pytest.approx(r_p, rel=5 * 0.05 / TRIALS**0.5)
    assert trials.tmr.mean(axis=0) == pytest.approx(1.712, rel=5 * 0.10 / TRIALS**0.5)
    of_sigma = 5 / (2 * TRIALS) ** 0.5  # five standard errors of a standard deviation
    assert trials.r_p.std(axis=0, ddof=1) / r_p == pytest.approx(0.05, rel=of_sigma)
    assert trials.tmr.std(axis=0, ddof=1) / 1.712 == pytest.approx(0.10, rel=of_sigma)


def test_every_column_is_normal(imce45: Technology) -> None:
    deviations = columns(imce45, draw(imce45))
    for column, sigma in zip(deviations.T, [0.05] * 3 + [0.10] * 3, strict=True):
        assert kstest(column, norm(0, sigma).cdf).pvalue > 1e-3


def test_columns_and_trials_are_independent(imce45: Technology) -> None:
    deviations = columns(imce45, draw(imce45))
    correlation = np.corrcoef(deviations.T)
    assert np.abs(correlation - np.eye(6)).max() < 5 / TRIALS**0.5
    after_one = [np.corrcoef(column[1:], column[:-1])[0, 1] for column in deviations.T]
    assert np.abs(after_one).max() < 5 / TRIALS**0.5
    squares = np.corrcoef((deviations**2).T)  # independent, not only uncorrelated
    assert np.abs(squares - np.eye(6)).max() < 5 / TRIALS**0.5


def test_same_seed_same_trials_another_seed_others(imce45: Technology) -> None:
    first, again, other = draw(imce45), draw(imce45), draw(imce45, seed=12)
    assert (first.r_p == again.r_p).all()
    assert (first.tmr == again.tmr).all()
    assert not (first.r_p == other.r_p).any()
    assert abs(np.corrcoef(first.r_p[:, 0], other.r_p[:, 0])[0, 1]) < 5 / TRIALS**0.5


@pytest.mark.parametrize("sigma", [0.10, 0.9])
def test_trial_is_the_same_for_any_number_of_trials_and_junctions(sigma: float, imce45: Technology) -> None:
    spread = variation(sigma, sigma)
    most = draw(imce45, spread, junctions=3, trials=5000)
    for junctions, trials in ((3, 1), (3, 17), (3, 4999), (1, 5000), (2, 1234)):
        fewer = draw(imce45, spread, junctions, trials)
        assert (fewer.r_p == most.r_p[:trials, :junctions]).all()
        assert (fewer.tmr == most.tmr[:trials, :junctions]).all()


def test_spread_scales_the_same_draw(imce45: Technology) -> None:
    narrow, wide = (columns(imce45, draw(imce45, variation(sigma, sigma))) / sigma for sigma in (0.01, 0.1))
    assert wide == pytest.approx(narrow, abs=1e-9)


def test_usual_spread_needs_no_redraw(imce45: Technology) -> None:
    trials = draw(imce45, trials=100_000)
    assert trials.redrawn == 0  # 10 sigma away
    assert min(trials.r_p.min(), trials.tmr.min()) > 0


def test_redraws_are_counted_and_give_the_truncated_normal(imce45: Technology) -> None:
    sigma = 0.9
    trials = draw(imce45, variation(sigma, sigma))
    assert min(trials.r_p.min(), trials.tmr.min()) > 0
    unphysical = norm.cdf(-1 / sigma)  # 13 %
    values = 6 * TRIALS  # three junctions, two quantities; each is redrawn a geometric number of times
    expected, spread = values * unphysical / (1 - unphysical), (values * unphysical) ** 0.5 / (1 - unphysical)
    assert abs(trials.redrawn - expected) < 5 * spread
    positive = truncnorm(-1 / sigma, np.inf, 0, sigma)
    for column in columns(imce45, trials).T:
        assert kstest(column, positive.cdf).pvalue > 1e-3


def test_redraw_moves_no_other_trial(imce45: Technology) -> None:
    sigma = 0.9
    normal = columns(imce45, draw(imce45, variation(1e-3, 1e-3))) / 1e-3
    redrawn = draw(imce45, variation(sigma, sigma))
    kept = 1 + sigma * normal > 0
    assert columns(imce45, redrawn)[kept] == pytest.approx(sigma * normal[kept], abs=1e-9)
    assert 0 < (~kept).sum() <= redrawn.redrawn


def test_no_spread_gives_the_nominal_junction(imce45: Technology) -> None:
    trials = draw(imce45, variation(0, 0))
    assert (trials.r_p == imce45.junction.r_p).all()
    assert (trials.tmr == imce45.junction.tmr).all()
    assert trials.redrawn == 0


def test_ra_and_tmr_have_their_own_spread(imce45: Technology) -> None:
    trials = draw(imce45, variation(0, 0.1))
    assert (trials.r_p == imce45.junction.r_p).all()
    assert trials.tmr.std() > 0


@pytest.mark.parametrize(("size", "lengths"), [(1000, [1000, 1000, 500]), (2500, [2500]), (9999, [2500])])
def test_chunks_are_the_trials_in_order(size: int, lengths: list[int], imce45: Technology) -> None:
    trials = draw(imce45, trials=2500)
    chunks = trials.chunks(size)
    assert [len(chunk) for chunk in chunks] == lengths
    assert (np.concatenate([chunk.r_p for chunk in chunks]) == trials.r_p).all()
    assert (np.concatenate([chunk.tmr for chunk in chunks]) == trials.tmr).all()


@pytest.mark.parametrize(
    ("trials", "seed", "message"),
    [(0, 1, "trials = 0: must be at least 1"), (-5, 1, "trials = -5"), (1, -1, "seed = -1: must be 0")],
)
def test_bad_counts_are_refused(trials: int, seed: int, message: str, imce45: Technology) -> None:
    with pytest.raises(InputError, match=message):
        draw(imce45, trials=trials, seed=seed)
