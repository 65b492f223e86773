"""Intervals against SciPy's exact binomial test and closed forms, and tails of known samples."""

from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import beta, binom, binomtest, bootstrap, gumbel_r, norm, t

from spintronics.montecarlo import (
    Estimate,
    Failures,
    Sampling,
    failure_probability,
    failures_among,
    fit_tail,
    moments,
    normal_tail,
    quantile,
)
from spintronics.montecarlo.variation import design_points


@pytest.mark.parametrize(
    ("failures", "trials"),
    [(0, 10), (1, 10), (5, 10), (9, 10), (10, 10), (0, 100_000), (3, 100_000), (777, 100_000), (1, 1)],
)
@pytest.mark.parametrize("confidence", [0.95, 0.99])
def test_interval_is_scipys_exact_one(failures: int, trials: int, confidence: float) -> None:
    found = failure_probability(failures, trials, confidence)
    exact = binomtest(failures, trials).proportion_ci(confidence, method="exact")
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high), rel=1e-6, abs=1e-15)
    assert (found.failures, found.trials, found.p) == (failures, trials, failures / trials)
    assert 0 <= found.low <= found.p <= found.high <= 1


def test_interval_without_failures_in_closed_form() -> None:
    found = failure_probability(0, 100_000)
    assert found.low == 0.0
    assert found.high == pytest.approx(1 - 0.025 ** (1 / 100_000), rel=1e-9)


def test_interval_with_nothing_but_failures_in_closed_form() -> None:
    found = failure_probability(50, 50)
    assert found.low == pytest.approx(0.025 ** (1 / 50), rel=1e-9)
    assert found.high == 1.0


def test_interval_covers_the_truth_at_least_as_often_as_it_says() -> None:
    p, trials = 0.03, 200
    counts = np.arange(trials + 1)
    covered = [failure_probability(int(k), trials).low <= p <= failure_probability(int(k), trials).high for k in counts]
    assert 0.95 <= binom.pmf(counts, trials, p)[covered].sum() < 0.99


@pytest.mark.parametrize("sigmas", [3.0, 6.0])
def test_tails_of_an_ideal_normal_are_exact(sigmas: float) -> None:
    sample = norm.ppf((np.arange(50_000) + 0.5) / 50_000, 10.0, 2.0)
    np.random.default_rng(1).shuffle(sample)
    assert normal_tail(sample, -1, sigmas) == pytest.approx(10 - 2 * sigmas, abs=1e-6)
    assert normal_tail(sample, +1, sigmas) == pytest.approx(10 + 2 * sigmas, abs=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_tails_of_a_normal_sample(seed: int) -> None:
    sample = np.random.default_rng(seed).normal(-3.0, 0.5, 100_000)
    for side in (-1, 1):
        assert normal_tail(sample, side, 3.0) == pytest.approx(-3 + side * 1.5, abs=0.05)
        assert normal_tail(sample, side, 6.0) == pytest.approx(-3 + side * 3.0, abs=0.25)


def test_each_tail_is_fitted_on_its_own() -> None:
    normal = norm.ppf((np.arange(50_000) + 0.5) / 50_000)
    skewed = np.where(normal < 0, normal, 4 * normal)
    assert normal_tail(skewed, -1, 6.0) == pytest.approx(-6, abs=1e-6)
    assert normal_tail(skewed, +1, 6.0) == pytest.approx(24, abs=1e-6)


def test_the_middle_of_the_sample_does_not_matter() -> None:
    sample = norm.ppf((np.arange(50_000) + 0.5) / 50_000)
    hollow = np.where(np.abs(sample) < 1, 0.0, sample)
    assert normal_tail(hollow, -1, 4.0) == pytest.approx(-4, abs=1e-6)


def test_tail_follows_shift_and_scale() -> None:
    sample = np.random.default_rng(3).normal(size=20_000)
    for side in (-1, 1):
        assert normal_tail(5 + 3 * sample, side, 4.0) == pytest.approx(5 + 3 * normal_tail(sample, side, 4.0))
        assert normal_tail(-sample, side, 4.0) == pytest.approx(-normal_tail(sample, -side, 4.0))


def test_constant_sample_has_its_tails_at_its_value() -> None:
    assert normal_tail(np.full(5000, 0.25), -1, 6.0) == pytest.approx(0.25)


@pytest.mark.parametrize("size", [0, 1, 999])
def test_small_sample_has_no_tail(size: int) -> None:
    assert np.isnan(normal_tail(np.linspace(0, 1, size), -1, 3.0))


def test_sample_is_left_as_it_was() -> None:
    sample = np.random.default_rng(5).normal(size=5000)
    before = sample.copy()
    normal_tail(sample, 1, 3.0)
    assert (sample == before).all()


@pytest.mark.parametrize("seed", range(3))
def test_moments_have_scipys_bootstrap_intervals(seed: int) -> None:
    sample = np.random.default_rng(seed).gamma(2.0, size=900)  # each trial a group: the same bootstrap
    for found, statistic in zip(moments(sample, seed), (np.mean, lambda x, axis: x.std(axis, ddof=1)), strict=True):
        theirs = bootstrap((sample,), statistic, method="percentile", n_resamples=4000, rng=1)
        limits = (theirs.confidence_interval.low, theirs.confidence_interval.high)
        assert (found.low, found.high) == pytest.approx(limits, abs=0.25 * theirs.standard_error)
        assert found.value == pytest.approx(float(statistic(sample, 0)), rel=1e-12)


def test_moments_of_many_trials_cover_the_truth_as_often_as_they_say() -> None:
    covered = np.zeros(2)
    for seed in range(100):
        sample = np.random.default_rng(seed).exponential(size=5000)  # groups of five
        covered += [found.low <= 1 <= found.high for found in moments(sample, seed)]
    assert (covered / 100 > 0.88).all()  # 95 % less three standard errors
    assert (covered / 100 < 1).all()


def test_moments_far_from_zero_lose_no_digits() -> None:
    sample = np.random.default_rng(1).normal(1e9, 1e-3, 5000)
    _, sigma = moments(sample, 1)
    assert sigma.low < 1e-3 < sigma.high
    assert sigma.high - sigma.low < 1e-4


def test_moments_of_one_trial_have_no_interval() -> None:
    mean, sigma = moments(np.array([3.0]), 1)
    assert mean.value == 3.0
    assert np.isnan([mean.low, mean.high, sigma.value, sigma.low, sigma.high]).all()


@pytest.mark.parametrize("share", [0.002, 0.05, 0.5, 0.99])
def test_quantile_has_the_interval_of_endless_resampling(share: float) -> None:
    sample = np.random.default_rng(4).normal(size=2000)
    found = quantile(sample, share)
    stream, rank = np.random.default_rng(5), int(np.ceil(2000 * share)) - 1
    resampled = [np.partition(stream.choice(sample, 2000), rank)[rank] for _ in range(4000)]
    ordered = np.sort(sample)
    for ours, theirs in zip((found.low, found.high), np.quantile(resampled, (0.025, 0.975)), strict=True):
        assert abs(np.searchsorted(ordered, ours) - np.searchsorted(ordered, theirs)) <= 3


@pytest.mark.parametrize("share", [0.01, 0.3, 0.9])
def test_quantile_covers_the_truth_as_often_as_it_says(share: float) -> None:
    samples = np.random.default_rng(6).normal(size=(400, 1000))
    covered = [e.low <= norm.ppf(share) <= e.high for e in (quantile(sample, share) for sample in samples)]
    assert 0.92 < np.mean(covered) < 0.99


def test_good_tails_are_accepted_as_often_as_the_test_says() -> None:
    values = [fit_tail(np.random.default_rng(seed).normal(size=5000), 1).p_value for seed in range(200)]
    assert np.mean(np.array(values) < 0.2) == pytest.approx(0.2, abs=0.1)  # three standard errors


@pytest.mark.parametrize(
    ("shape", "side"), [(gumbel_r, 1), (t(3), -1), (t(3), 1), (beta(2, 2), -1)], ids=["gumbel", "t-", "t+", "beta"]
)
def test_tail_of_another_shape_goes_nowhere_beyond_its_sample(shape: Any, side: int) -> None:
    sample = shape.rvs(size=100_000, random_state=np.random.default_rng(2))
    fit = fit_tail(sample, side)
    assert not fit.fits
    assert np.isnan(fit.at(6.0))
    assert np.isfinite(fit.at(3.0))  # 135 trials lie beyond: nothing is extrapolated


def test_a_quantile_beyond_the_sample_has_no_bound_there() -> None:
    # 200 values say nothing of what one in a thousand is at least: with probability 0.999^200 = 0.82 it is below all.
    few = quantile(np.arange(200.0), 1e-3)
    assert np.isnan(few.low)
    assert few.high > few.value
    assert np.isfinite(quantile(np.arange(4000.0), 1e-3).low)  # 0.999^4000 = 0.018


# --- trials of designs ------------------------------------------------------------------------------------------------

DESIGNS, SIZE, RUNS = 16, 128, 50


def known(points: np.ndarray) -> np.ndarray:
    """z₀ + z₁ / 2 + 0.3 z₀ z₁: mean 0, variance 1.34, and no sum of functions of one variable each."""
    z0, z1 = points.T
    return np.asarray(z0 + 0.5 * z1 + 0.3 * z0 * z1)


def above(limit: float) -> float:
    """P(known > limit): a normal for each z₀."""
    found, _ = quad(
        lambda z: norm.pdf(z) * norm.sf((limit - z) / abs(0.5 + 0.3 * z)), -9, 9, points=[-5 / 3], limit=200
    )
    return float(found)


def samples(sampling: Sampling) -> list[np.ndarray]:
    """Of all runs, one design after the other."""
    if sampling is Sampling.PLAIN:
        return [known(np.random.default_rng(1).normal(size=(DESIGNS * SIZE, 2)))]
    designs = [known(design_points(sampling, SIZE, 2, (n,))) for n in range(RUNS * DESIGNS)]
    return [np.concatenate(designs[n : n + DESIGNS]) for n in range(0, RUNS * DESIGNS, DESIGNS)]


@pytest.mark.parametrize("sampling", [Sampling.LATIN_HYPERCUBE, Sampling.SOBOL])
def test_intervals_of_designs_cover_the_truth_as_often_as_they_say(sampling: Sampling) -> None:
    designs = np.repeat(np.arange(DESIGNS), SIZE)
    limits = (0.0, 1.5, 3.0)  # above them: 0.47, 0.10, 0.02
    truth = (0.0, 1.34**0.5, *map(above, limits))

    def estimates(sample: np.ndarray, seed: int, given: np.ndarray | None) -> list[Estimate | Failures]:
        return [*moments(sample, seed, designs=given), *(failures_among(sample > limit, given) for limit in limits)]

    found = [estimates(sample, seed, designs) for seed, sample in enumerate(samples(sampling))]
    covered = np.array([[e.low <= t <= e.high for e, t in zip(run, truth, strict=True)] for run in found]).sum(axis=0)
    plain = estimates(samples(Sampling.PLAIN)[0], 0, None)
    widths = np.array([[e.high - e.low for e in run] for run in found]).mean(axis=0)
    gain = widths / [e.high - e.low for e in plain]
    assert (covered / RUNS > 0.95 - 3 * (0.95 * 0.05 / RUNS) ** 0.5).all()
    assert (gain < (0.5, 1.0, 0.6, 0.9, 1.01)).all()  # the last one has too few failures: Clopper–Pearson


def test_few_failures_among_designs_have_the_exact_interval() -> None:
    designs = np.repeat(np.arange(DESIGNS), SIZE)
    for failures in (0, 1, 4 * DESIGNS - 1, DESIGNS * SIZE - 10):
        failed = np.random.default_rng(1).permutation(DESIGNS * SIZE) < failures
        assert failures_among(failed, designs) == failure_probability(failures, DESIGNS * SIZE)
    assert failures_among(np.arange(300) % 2 == 0, np.arange(300) // 20) == failure_probability(150, 300)  # 15 designs


def test_whole_counts_that_agree_are_no_certainty() -> None:
    """Every design has the same count: the truth may still be between two counts."""
    found = failures_among(np.arange(DESIGNS * SIZE) % 4 == 0, np.repeat(np.arange(DESIGNS), SIZE))
    assert found.high - found.low > 2 / (DESIGNS * SIZE)


def test_designs_that_lost_trials_count_as_they_are() -> None:
    designs = np.delete(np.repeat(np.arange(DESIGNS), SIZE), [3, 700, 701])
    values = np.random.default_rng(1).normal(size=len(designs))
    mean, _ = moments(values, 1, designs=designs)
    assert mean.low < 0 < mean.high
