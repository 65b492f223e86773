"""Draws against the normal distribution, and what must not depend on how many are drawn."""

from hashlib import sha256
from math import log, pi
from typing import Any

import numpy as np
import pytest
from scipy.stats import kstest, lognorm, multivariate_normal, norm, truncnorm

from spintronics.errors import InputError
from spintronics.montecarlo import JunctionStream, JunctionTrials, Sampling, draw_junctions
from spintronics.montecarlo.variation import designs_of, dimensions, junctions_at
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


def test_trials_of_the_default_technology_stay_as_they_were(imce45: Technology) -> None:
    """Digest of the trials that results have been published with."""
    trials = draw_junctions(imce45.operating_junction, imce45.variation, 3, 20_000, 2018)
    digest = sha256(trials.r_p.tobytes() + trials.tmr.tobytes()).hexdigest()
    assert digest == "7b8d041fdea9f54c19b31a0d5699c9514a9c7e99b0df1217b865a7bc55446423"


DECLARED: dict[str, dict[str, Any]] = {
    "wide": {"sigma_ra": 0.9},
    "log-normal": {"distribution_ra": "log-normal", "sigma_ra": 0.6},
    "truncated": {"truncation": 1.5},
    "shared": {"shared_sigma_ra": 0.2, "shared_sigma_tmr": 0.9},
    "correlated": {"sigma_area": 0.08, "correlation": ((1.0, 0.6, 0.0), (0.6, 1.0, -0.3), (0.0, -0.3, 1.0))},
    "all": {
        "sigma_area": 0.4,
        "shared_sigma_area": 0.3,
        "distribution_tmr": "log-normal",
        "truncation": 2.0,
        "correlation": ((1.0, 0.6, 0.0), (0.6, 1.0, -0.3), (0.0, -0.3, 1.0)),
    },
}


@pytest.mark.parametrize("sampling", Sampling)
@pytest.mark.parametrize("declared", DECLARED.values(), ids=DECLARED)
def test_trials_do_not_depend_on_how_they_are_cut(
    declared: dict[str, Any], sampling: Sampling, imce45: Technology
) -> None:
    spread = Variation.model_validate({"sigma_ra": 0.05, "sigma_tmr": 0.1, **declared})

    def stream() -> JunctionStream:
        return JunctionStream(imce45.junction, spread, 2, 1100, 5, sampling)

    whole = stream().take(1100)
    for size in (1, 7, 500, 2000):
        parts = list(stream().chunks(size))
        assert (np.concatenate([part.r_p for part in parts]) == whole.r_p).all()
        assert (np.concatenate([part.tmr for part in parts]) == whole.tmr).all()
        assert sum(part.redrawn for part in parts) == whole.redrawn
        assert [part.first for part in parts] == list(range(0, 1100, size))
    late = stream()
    late.skip(613)
    part = late.take(100)
    assert (part.first, len(part)) == (613, 100)
    assert (part.r_p == whole.r_p[613:713]).all()
    assert (part.tmr == whole.tmr[613:713]).all()


def test_log_normal_has_the_declared_mean_and_spread(imce45: Technology) -> None:
    spread = Variation(sigma_ra=0.3, sigma_tmr=0.1, distribution_ra="log-normal")
    ratio = draw(imce45, spread).r_p / imce45.junction.r_p
    width = log(1 + 0.3**2) ** 0.5
    for column in ratio.T:
        assert kstest(column, lognorm(width, scale=(1 + 0.3**2) ** -0.5).cdf).pvalue > 1e-3
    assert ratio.mean() == pytest.approx(1, abs=5 * 0.3 / ratio.size**0.5)
    assert ratio.std() == pytest.approx(0.3, rel=0.03)


def test_truncation_cuts_both_tails(imce45: Technology) -> None:
    trials = draw(imce45, Variation(sigma_ra=0.05, sigma_tmr=0.1, truncation=1.2))
    for column, sigma in zip(columns(imce45, trials).T, [0.05] * 3 + [0.10] * 3, strict=True):
        assert np.abs(column).max() <= 1.2 * sigma * (1 + 1e-12)
        assert kstest(column / sigma, truncnorm(-1.2, 1.2).cdf).pvalue > 1e-3
    outside = 2 * norm.cdf(-1.2)
    expected = 6 * TRIALS * outside / (1 - outside)
    assert abs(trials.redrawn - expected) < 5 * expected**0.5 / (1 - outside)


def test_shared_part_is_common_to_the_line_and_adds_its_variance(imce45: Technology) -> None:
    trials = draw(imce45, Variation(sigma_ra=0.03, sigma_tmr=0.1, shared_sigma_ra=0.04), junctions=2)
    ratio = trials.r_p / imce45.junction.r_p
    assert ratio.std(axis=0) == pytest.approx(0.05, rel=0.03)  # 3-4-5, but for the product of the two
    assert np.corrcoef(ratio.T)[0, 1] == pytest.approx(0.04**2 / 0.05**2, abs=0.02)
    assert abs(np.corrcoef(trials.tmr.T)[0, 1]) < 5 / TRIALS**0.5


def test_correlation_is_the_declared_one(imce45: Technology) -> None:
    matrix = ((1.0, 0.6, 0.2), (0.6, 1.0, -0.3), (0.2, -0.3, 1.0))
    spread = Variation(sigma_ra=0.05, sigma_tmr=0.1, sigma_area=1e-9, correlation=matrix)
    trials = draw(imce45, spread, junctions=2)
    found = np.corrcoef(np.hstack([trials.r_p, trials.tmr]).T)
    assert found[0, 2] == pytest.approx(0.6, abs=0.03)
    assert found[1, 3] == pytest.approx(0.6, abs=0.03)
    assert abs(found[0, 1]) < 5 / TRIALS**0.5
    assert abs(found[0, 3]) < 5 / TRIALS**0.5


def test_area_divides_the_resistance(imce45: Technology) -> None:
    trials = draw(imce45, Variation(sigma_ra=0.0, sigma_tmr=0.0, sigma_area=0.1))
    assert kstest((imce45.junction.r_p / trials.r_p)[:, 0], norm(1, 0.1).cdf).pvalue > 1e-3
    assert (trials.tmr == imce45.junction.tmr).all()


def test_redraws_keep_the_correlation(imce45: Technology) -> None:
    """Correlated quantities are redrawn together: the truncated binormal, against points of rejection sampling."""
    matrix = ((1.0, 0.8, 0.0), (0.8, 1.0, 0.0), (0.0, 0.0, 1.0))
    spread = Variation(sigma_ra=0.05, sigma_tmr=0.1, correlation=matrix, truncation=1.0)
    trials = draw(imce45, spread, junctions=1)
    points = multivariate_normal([0, 0], [[1, 0.8], [0.8, 1]]).rvs(400_000, random_state=np.random.default_rng(3))
    kept = points[(np.abs(points) <= 1).all(axis=1)]
    found = np.corrcoef(trials.r_p[:, 0], trials.tmr[:, 0])[0, 1]
    assert found == pytest.approx(np.corrcoef(kept.T)[0, 1], abs=0.02)


@pytest.mark.parametrize("sampling", [Sampling.LATIN_HYPERCUBE, Sampling.SOBOL])
def test_designs_fill_every_margin_evenly(sampling: Sampling, imce45: Technology) -> None:
    """One trial of each design in each stratum, as neither plain draws nor a wrong map have."""
    trials = JunctionStream(imce45.junction, variation(), 2, 16 * 64, 3, sampling).take(16 * 64)
    designs = designs_of(np.arange(16 * 64), 16 * 64)
    assert np.bincount(designs).tolist() == [64] * 16
    for column, sigma in zip(columns(imce45, trials).T, [0.05] * 2 + [0.10] * 2, strict=True):
        strata = np.floor(norm.cdf(column / sigma) * 64).astype(int)
        assert all(sorted(strata[designs == design]) == list(range(64)) for design in range(16))


@pytest.mark.parametrize("sampling", [Sampling.LATIN_HYPERCUBE, Sampling.SOBOL])
def test_points_of_designs_do_not_depend_on_how_they_are_taken(sampling: Sampling, imce45: Technology) -> None:
    def stream() -> JunctionStream:
        return JunctionStream(imce45.junction, variation(), 2, 10_001, 3, sampling)

    whole, later = stream().take(10_001), stream()
    later.skip(5000)
    parts = [*(stream().take(n) for n in (1, 777)), later.take(5001)]
    for part in parts:
        own = slice(part.first, part.first + len(part))
        assert (part.r_p == whole.r_p[own]).all()
        assert (part.tmr == whole.tmr[own]).all()
    assert np.bincount(designs_of(np.arange(10_001), 10_001)).tolist() == [626, *[625] * 15]


def test_designs_estimate_a_mean_better_than_plain_draws(imce45: Technology) -> None:
    errors = {
        sampling: np.std(
            [
                JunctionStream(imce45.junction, variation(), 2, 512, seed, sampling).take(512).r_p.sum(axis=1).mean()
                for seed in range(20)
            ]
        )
        for sampling in Sampling
    }
    assert errors[Sampling.LATIN_HYPERCUBE] < 0.2 * errors[Sampling.PLAIN]
    assert errors[Sampling.SOBOL] < 0.2 * errors[Sampling.PLAIN]


@pytest.mark.parametrize("declared", DECLARED.values(), ids=DECLARED)
def test_points_of_the_normal_space_are_the_draws(declared: dict[str, Any], imce45: Technology) -> None:
    """The map that importance sampling uses is that of the draws: same distribution where it is physical."""
    spread = Variation.model_validate({"sigma_ra": 0.05, "sigma_tmr": 0.1, **declared})
    normals = np.random.default_rng(1).standard_normal((60_000, dimensions(spread, 2)))
    mapped, physical = junctions_at(imce45.junction, spread, 2, normals)
    drawn = draw(imce45, spread, junctions=2)
    for name in ("r_p", "tmr"):
        for k in range(2):
            ours, theirs = getattr(mapped, name)[physical, k], getattr(drawn, name)[:, k]
            assert kstest(ours, theirs).pvalue > 1e-3


def test_hopeless_spread_is_refused(imce45: Technology) -> None:
    with pytest.raises(InputError, match="leaves almost no positive values"):
        draw(imce45, Variation(sigma_ra=0.05, sigma_tmr=0.1, truncation=1e-9), trials=100)
