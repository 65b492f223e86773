"""Intervals against SciPy's exact binomial test and closed forms, and tails of known samples."""

import numpy as np
import pytest
from scipy.stats import binom, binomtest, norm

from spintronics.montecarlo import failure_probability, normal_tail


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
    sample = np.random.default_rng(3).gumbel(size=20_000)
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
