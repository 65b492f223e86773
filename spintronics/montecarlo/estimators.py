"""Failure probabilities with confidence intervals, and fitted tails."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import beta

FloatArray = npt.NDArray[np.float64]
TAIL = 0.02  # share of a sample that counts as its tail
SMALLEST_TAIL = 1000  # values below which a fit to the outermost 2 % says nothing


@dataclass(frozen=True)
class Failures:
    """Failures among trials.

    Attributes:
        failures, trials: counts.
        p: failures / trials.
        low, high: limits of the two-sided interval.
    """

    failures: int
    trials: int
    p: float
    low: float
    high: float


def failure_probability(failures: int, trials: int, confidence: float = 0.95) -> Failures:
    """Clopper–Pearson interval of a failure probability (exact, from the binomial distribution).

    Source: C. J. Clopper and E. S. Pearson, Biometrika 26, 404 (1934), by quantiles of the beta distribution.

    >>> f = failure_probability(0, 100_000)
    >>> f.low, round(f.high * 1e5, 2)
    (0.0, 3.69)
    """
    tail = (1 - confidence) / 2
    low = float(beta.ppf(tail, failures, trials - failures + 1)) if failures else 0.0
    high = float(beta.ppf(1 - tail, failures + 1, trials - failures)) if failures < trials else 1.0
    return Failures(failures, trials, failures / trials, low, high)


def normal_tail(values: FloatArray, side: int, sigmas: float) -> float:
    """Value at ``sigmas`` standard deviations of a normal fitted to one tail of a sample.

    A straight line through the normal quantile plot of the outermost 2 % of the sample (the most extreme 0.1 % of
    that left out as noise), extended to the quantile of ``sigmas``.  A fit, for comparing distributions of one
    shape; a failure rate needs trials.  NaN below 1000 values.

    Args:
        values: sample.
        side: −1 for the lower tail, +1 for the upper.
        sigmas: how far out, > 0.

    >>> sample = np.random.default_rng(1).normal(10.0, 2.0, 200_000)
    >>> bool(abs(normal_tail(sample, -1, 6.0) - (10.0 - 12.0)) < 0.5)
    True
    """
    from scipy.special import ndtri

    if len(values) < SMALLEST_TAIL:
        return float("nan")
    ordered = np.sort(values if side < 0 else -values)
    last = max(int(len(ordered) * TAIL), 2)
    first = last // 1000
    quantiles = ndtri((np.arange(first, last) + 0.5) / len(ordered))
    slope, intercept = np.polyfit(quantiles, ordered[first:last], 1)
    extreme = float(intercept - sigmas * slope)
    return extreme if side < 0 else -extreme
