"""Failure probabilities with confidence intervals, and fitted tails."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv, stdtrit

from spintronics.montecarlo.variation import FEWEST_DESIGNS

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
TAIL = 0.02  # share of a sample that counts as its tail
SMALLEST_TAIL = 1000  # values below which a fit to the outermost 2 % says nothing
TAILS = 500  # normal samples that a tail is held against
LEAST_P_VALUE = 0.01  # of a tail that is continued beyond the sample
LEAST_PER_DESIGN = 4  # failures, and trials without, in the mean of designs: their counts are near normal then
RESAMPLES = 999  # of the bootstrap
GROUPS = 1000  # of trials that are resampled together


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
    low = float(betaincinv(failures, trials - failures + 1, tail)) if failures else 0.0
    high = float(betaincinv(failures + 1, trials - failures, 1 - tail)) if failures < trials else 1.0
    return Failures(failures, trials, failures / trials, low, high)


def failures_among(
    failed: npt.NDArray[np.bool_], designs: IntArray | None = None, confidence: float = 0.95
) -> Failures:
    """Failure probability of trials, with the interval that their sampling allows.

    Trials of a Latin hypercube or of Sobol points are not independent, but whole designs are: Student's t over the
    designs' own shares, with a standard error of two trials at least: whole counts cannot tell less.  With few
    failures (4 a design), with hardly any trial that does not fail and with fewer than 16 designs: Clopper–Pearson, as
    of plain draws, which is conservative.

    Args:
        failed: of each trial.
        designs: number of the design that each trial is of; None for plain draws.
    Source: A. B. Owen, Journal of Complexity 14, 466 (1998): independent scramblings as replicates.

    >>> thirds = np.arange(6000) % 3 == 0
    >>> plain, even = failures_among(thirds), failures_among(thirds, np.arange(6000) // 300)
    >>> round(plain.high - plain.low, 3), round(even.high - even.low, 4)
    (0.024, 0.0014)
    """
    plain = failure_probability(int(failed.sum()), len(failed), confidence)
    enough = LEAST_PER_DESIGN * _count(designs)
    if designs is None or _count(designs) < FEWEST_DESIGNS or not enough <= plain.failures <= plain.trials - enough:
        return plain
    error = max(_standard_error(failed.astype(np.float64), designs), 2 / plain.trials)
    away = _student(designs, confidence) * error
    return Failures(plain.failures, plain.trials, plain.p, max(plain.p - away, 0.0), min(plain.p + away, 1.0))


def _count(designs: IntArray | None) -> int:
    return 0 if designs is None else int(np.count_nonzero(np.bincount(designs)))


def _standard_error(values: FloatArray, designs: IntArray) -> float:
    """Of the mean of all values, from the means of designs of (nearly) one size."""
    sizes = np.bincount(designs)
    means = np.bincount(designs, values)[sizes > 0] / sizes[sizes > 0]
    return float(means.std(ddof=1) / np.sqrt(len(means)))


def _student(designs: IntArray, confidence: float) -> float:
    return float(stdtrit(_count(designs) - 1, (1 + confidence) / 2))


@dataclass(frozen=True)
class Estimate:
    """A value from trials, and the limits of its two-sided interval."""

    value: float
    low: float
    high: float


def moments(
    values: FloatArray, seed: int, confidence: float = 0.95, designs: IntArray | None = None
) -> tuple[Estimate, Estimate]:
    """Mean and standard deviation of a sample, with bootstrap intervals (percentiles of resampled samples).

    Of a Latin hypercube or of Sobol points: Student's t over the designs' own means and mean squares, which are
    independent where trials are not.  Fewer than 16 designs are taken for plain draws, which is conservative.

    What is resampled is up to 1000 groups of consecutive trials, not single ones: trials are independent, so that the
    result is the same, and the cost does not grow with their number.  NaN limits below two trials.

    Args:
        values: sample, shape (trials,).
        seed: of the resampling.
        designs: number of the design that each value is of; None for plain draws.
    Source: B. Efron, Annals of Statistics 7, 1 (1979).

    >>> mean, sigma = moments(np.random.default_rng(1).normal(5.0, 2.0, 10_000), seed=1)
    >>> mean.low < 5 < mean.high, round(mean.high - mean.low, 2), sigma.low < 2 < sigma.high
    (True, 0.08, True)
    """
    nan = float("nan")
    count, centre = len(values), float(values.mean())
    if count < 2:
        return Estimate(centre, nan, nan), Estimate(nan, nan, nan)
    if designs is not None and _count(designs) >= FEWEST_DESIGNS:
        away, sigma = values - centre, float(values.std(ddof=1))
        margins = [_student(designs, confidence) * _standard_error(part, designs) for part in (away, away**2)]
        low, high = (max(sigma**2 + side * margins[1], 0.0) ** 0.5 for side in (-1, 1))
        return Estimate(centre, centre - margins[0], centre + margins[0]), Estimate(sigma, low, high)
    starts = np.linspace(0, count, min(count, GROUPS) + 1).astype(np.intp)[:-1]
    away = values - centre  # sums of squares would cancel
    sizes = np.diff(starts, append=count).astype(np.float64)
    sums = np.stack([sizes, np.add.reduceat(away, starts), np.add.reduceat(away**2, starts)])
    stream = np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, *b"bootstrap"))))
    chosen = stream.integers(len(starts), size=(RESAMPLES, len(starts)))
    number, first, second = (row[chosen].sum(axis=1) for row in sums)
    means = centre + first / number
    sigmas = np.sqrt(np.maximum(second - first**2 / number, 0) / (number - 1))
    tails = ((1 - confidence) / 2, (1 + confidence) / 2)

    def estimate(value: float, resampled: FloatArray) -> Estimate:
        low, high = np.quantile(resampled, tails)
        return Estimate(value, float(low), float(high))

    return estimate(centre, means), estimate(float(values.std(ddof=1)), sigmas)


def quantile(values: FloatArray, share: float, confidence: float = 0.95) -> Estimate:
    """Quantile of a sample (its ⌈n · share⌉-th smallest value) with its bootstrap interval, nothing resampled.

    The distribution that endless resampling would give is known: the resample's r-th value is at most the sample's
    j-th with the probability that a binomial of n trials and p = j/n reaches r.

    A bound is NaN where the quantile may well lie beyond the sample's smallest or largest value: no resample can.

    Args:
        share: 0 < share < 1.
    Source: J. S. Maritz and R. G. Jarrett, Journal of the American Statistical Association 73, 194 (1978).

    >>> quantile(np.arange(1.0, 1001.0), 0.5)
    Estimate(value=500.0, low=469.0, high=531.0)
    """
    ordered, count = np.sort(values), len(values)
    rank = min(max(int(np.ceil(count * share)), 1), count)
    tail = (1 - confidence) / 2
    p = betaincinv(rank, count - rank + 1, np.array([tail, 1 - tail]))
    low, high = np.clip(np.ceil(p * count).astype(np.intp), 1, count)
    nan = float("nan")
    return Estimate(
        float(ordered[rank - 1]),
        float(ordered[low - 1]) if (1 - share) ** count <= tail else nan,
        float(ordered[high - 1]) if share**count <= tail else nan,
    )


@dataclass(frozen=True)
class TailFit:
    """A normal fitted to one tail of a sample, and how well it fits.

    Attributes:
        location, scale: mean and standard deviation of the normal that continues the tail.
        side: −1 for the lower tail, +1 for the upper.
        trials: in the sample.
        p_value: share of normal samples of this size whose tail is less straight than this one.
    """

    location: float
    scale: float
    side: int
    trials: int
    p_value: float

    @property
    def fits(self) -> bool:
        """Whether the tail may be a normal's: goes beyond the sample only then."""
        return self.p_value >= LEAST_P_VALUE

    def at(self, sigmas: float) -> float:
        """Value ``sigmas`` standard deviations out on the fitted normal's scale.

        NaN where that lies beyond the sample (less than one trial of it expected there) and the fit is bad.
        """
        from scipy.special import ndtr

        if self.trials * float(ndtr(-sigmas)) < 1 and not self.fits:
            return float("nan")
        return self.location + self.side * sigmas * self.scale


def fit_tail(values: FloatArray, side: int) -> TailFit:
    """A straight line through the normal quantile plot of a sample's outermost 2 %.

    The most extreme 0.1 % of those are left out as noise.  The fit is judged by the correlation of that plot: how
    often the tails of as large a normal sample are less straight (Filliben's test, of the tail alone).

    Args:
        values: sample of at least 1000.
        side: −1 for the lower tail, +1 for the upper.
    Source: J. J. Filliben, Technometrics 17, 111 (1975); distribution of the correlation by simulation.

    >>> normal = np.random.default_rng(1).normal(10.0, 2.0, 100_000)
    >>> fit_tail(normal, -1).fits, fit_tail(normal**3, 1).fits
    (True, False)
    """
    ordered = np.sort(values if side < 0 else -values)
    first, last = _tail_of(len(ordered))
    quantiles = _quantiles(len(ordered))
    tail = ordered[first:last]
    scale, location = np.polyfit(quantiles, tail, 1)
    bent = 0.0 if np.ptp(tail) == 0 else 1 - float(np.corrcoef(quantiles, tail)[0, 1]) ** 2
    null = _bends_of_normals(len(ordered))
    p_value = float((null >= bent).mean())
    return TailFit(float(location if side < 0 else -location), float(scale), side, len(ordered), p_value)


def _tail_of(count: int) -> tuple[int, int]:
    """Places of the values that are fitted, in a sorted sample."""
    last = max(int(count * TAIL), 2)
    return last // 1000, last


def _quantiles(count: int) -> FloatArray:
    from scipy.special import ndtri

    found: FloatArray = ndtri((np.arange(*_tail_of(count)) + 0.5) / count)
    return found


@cache
def _bends_of_normals(count: int) -> FloatArray:
    """1 − r² of the tails of normal samples of this size; always the same ones."""
    from scipy.special import ndtri

    first, last = _tail_of(count)
    quantiles = _quantiles(count)
    stream = np.random.Generator(np.random.Philox(np.random.SeedSequence((count, *b"tails"))))
    bends = np.empty(TAILS)
    for n in range(TAILS):
        # The smallest values of a uniform sample are sums of exponential waiting times over the sum of all of them.
        times = np.cumsum(stream.standard_exponential(last))
        smallest = times / (times[-1] + stream.standard_gamma(count + 1 - last))
        bends[n] = 1 - np.corrcoef(quantiles, ndtri(smallest[first:]))[0, 1] ** 2
    return bends


def normal_tail(values: FloatArray, side: int, sigmas: float) -> float:
    """Value at ``sigmas`` standard deviations of a normal fitted to one tail of a sample: :func:`fit_tail`.

    A fit, for comparing distributions of one shape; a failure rate needs trials, or importance sampling.  NaN below
    1000 values, and beyond the sample where the tail is not a normal's.

    Args:
        values: sample.
        side: −1 for the lower tail, +1 for the upper.
        sigmas: how far out, > 0.

    >>> sample = np.random.default_rng(1).normal(10.0, 2.0, 200_000)
    >>> bool(abs(normal_tail(sample, -1, 6.0) - (10.0 - 12.0)) < 0.5)
    True
    """
    return fit_tail(values, side).at(sigmas) if len(values) >= SMALLEST_TAIL else float("nan")
