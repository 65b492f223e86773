"""Importance sampling: failure probabilities far below one in the number of trials."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp, ndtr, ndtri

from spintronics.errors import SpintronicsError

FloatArray = npt.NDArray[np.float64]
Margins = Callable[[FloatArray], FloatArray]
"""Margins at points of the space of independent standard normals, (points, dimensions) → (points, ways to fail):
a point fails where one of them is ≤ 0; infinite where a point is not physical."""

BATCH = 4000  # points between two looks at the error
MOST_BATCHES = 50
STEP = 0.25  # of the gradient, in standard deviations: far above what the simulator's tolerance leaves
STEPS = 25
FARTHEST = 12.0  # standard deviations; 2e-33
NEGLIGIBLE = 1e-4  # share of the leading failure point's probability below which another is left out
WIDE = 1.5  # standard deviations of the mixture's second half: failures far along a curved boundary weigh little
WIDE_SHARE = 0.3  # of the points
SAME = 0.5  # standard deviations between two failure points that are one


class NoFailurePoint(SpintronicsError):
    """Nothing fails within ``FARTHEST`` standard deviations."""


@dataclass(frozen=True)
class RareEvent:
    """A failure probability by importance sampling.

    Attributes:
        p: probability.
        low, high: limits of the two-sided interval; symmetric in the logarithm.
        relative_error: standard error of ``p`` over ``p``.
        samples: points drawn.
        effective: effective sample size of the failing points' weights, (Σw)² / Σw²; far below 100, one point counts
            for many and the interval says too much.
        distances: of the failure points that were sampled around, in standard deviations, nearest first.
    """

    p: float
    low: float
    high: float
    relative_error: float
    samples: int
    effective: float
    distances: tuple[float, ...]


def failure_points(margins: Margins, dimensions: int) -> FloatArray:
    """Most probable points of failure: local minima of the distance from the origin where a margin is 0.

    For each way to fail a search (Hasofer and Lind, Rackwitz and Fiessler) starts at the origin, and once that has
    ended, at as great a distance on each axis: points that lie elsewhere are found too.  All searches of a round
    are solved together.

    Returns:
        shape (points, dimensions), nearest first; the origin where a nominal trial fails.
    Raises:
        NoFailurePoint: none within 12 standard deviations.
    Source: R. Rackwitz and B. Fiessler, Computers and Structures 9, 489 (1978).

    >>> failure_points(lambda z: 3 - z[:, :1], 2).round(6).tolist()
    [[3.0, 0.0]]
    """
    at_origin = margins(np.zeros((1, dimensions)))[0]
    found: list[FloatArray] = []
    for way in range(len(at_origin)):
        if at_origin[way] <= 0:
            found.append(np.zeros((1, dimensions)))
            continue

        def margin(points: FloatArray, way: int = way) -> FloatArray:
            return margins(points)[:, way]

        nearest = _search(margin, np.zeros((1, dimensions)))
        if len(nearest):
            side = np.sign(nearest[0]) + (nearest[0] == 0)
            starts = np.diag(side * np.linalg.norm(nearest[0]))
            found += [nearest, _search(margin, starts)]
    points = np.concatenate([np.empty((0, dimensions)), *found])
    distances = np.linalg.norm(points, axis=1)
    kept: list[FloatArray] = []
    for n in np.argsort(distances):
        apart = all(np.linalg.norm(points[n] - other) > SAME for other in kept)
        if apart and ndtr(-distances[n]) >= NEGLIGIBLE * ndtr(-distances.min()):
            kept.append(points[n])
    if not kept:
        raise NoFailurePoint(f"no failure found within {FARTHEST:g} standard deviations of what varies")
    return np.stack(kept)


def _search(margin: Callable[[FloatArray], FloatArray], starts: FloatArray) -> FloatArray:
    """Points of margin 0, nearest to the origin around where each search starts; those that found one."""
    points, dimensions = starts.copy(), starts.shape[1]
    probes = np.concatenate([np.zeros((1, dimensions)), STEP * np.eye(dimensions), -STEP * np.eye(dimensions)])
    settled = np.zeros(len(starts), dtype=bool)
    for _ in range(STEPS):
        values = margin((points[:, None] + probes).reshape(-1, dimensions)).reshape(len(points), -1)
        with np.errstate(invalid="ignore", divide="ignore"):
            slopes = (values[:, 1 : dimensions + 1] - values[:, dimensions + 1 :]) / (2 * STEP)
            steepness = (slopes**2).sum(axis=1)
            along = ((slopes * points).sum(axis=1) - values[:, 0]) / steepness
            target = along[:, None] * slopes
        # A search that has left what is physical goes half the way back.
        target = np.where(np.isfinite(target), target, points / 2)
        moves = np.linalg.norm(target - points, axis=1)
        settled = np.isfinite(along) & (moves < 0.02) & (np.linalg.norm(target, axis=1) <= FARTHEST)
        points = points + (target - points) * np.minimum(1, FARTHEST / 4 / np.maximum(moves, 1e-300))[:, None]
        if settled.all():
            break
    return points[settled]


def importance_sampling(
    margins: Margins,
    dimensions: int,
    seed: int,
    acceptance: float = 1.0,
    relative_error: float = 0.1,
    confidence: float = 0.95,
) -> RareEvent:
    """Failure probability from points drawn around the most probable points of failure.

    The density is a mixture of standard normals with their means shifted to the failure points, weighted by the
    points' probabilities, and of wider ones in the same places.  A point that fails counts with the ratio of the
    true density to the mixture's, which leaves the estimate unbiased wherever the means lie.  Batches of 4000 are
    drawn until the error is small enough.

    Args:
        margins: ends the search and judges the points.
        seed: of the draws; every batch has a stream of its own.
        acceptance: probability that a draw is physical.
        relative_error: standard error over probability to stop at; 0.1 is an interval of ×/÷ 1.22.
    Raises:
        NoFailurePoint: nothing fails within 12 standard deviations.
    Source: T. Hesterberg, Technometrics 37, 185 (1995): mixtures that bound the weights.

    >>> rare = importance_sampling(lambda z: 6 - z.sum(axis=1, keepdims=True) / 2**0.5, 2, seed=1)
    >>> rare.low < 9.866e-10 < rare.high, rare.relative_error < 0.1, rare.effective > 100
    (True, True, True)
    """
    means = failure_points(margins, dimensions)
    distances = np.linalg.norm(means, axis=1)
    shares = ndtr(-distances) + 0.05 * ndtr(-distances[0])  # a point farther out is drawn often enough to be judged
    shares /= shares.sum()
    weights = np.empty(0)
    for batch in range(MOST_BATCHES):
        stream = np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, *b"importance", batch))))
        chosen = stream.choice(len(means), size=BATCH, p=shares)
        widths = np.where(stream.random(BATCH) < WIDE_SHARE, WIDE, 1.0)
        points = means[chosen] + widths[:, None] * stream.standard_normal((BATCH, dimensions))
        fails = margins(points).min(axis=1) <= 0
        weights = np.concatenate([weights, np.where(fails, _weights(points, means, shares), 0.0)])
        p = float(weights.mean())
        error = float(weights.std(ddof=1)) / len(weights) ** 0.5 / p if p else np.inf
        if error <= relative_error:
            break
    spread = float(np.exp(-ndtri((1 - confidence) / 2) * error)) if p else np.inf
    total = float(weights.sum())
    return RareEvent(
        p=p / acceptance,
        low=p / spread / acceptance,
        high=min(p * spread / acceptance, 1.0) if p else 1.0,
        relative_error=error,
        samples=len(weights),
        effective=total**2 / float((weights**2).sum()) if p else 0.0,
        distances=tuple(float(distance) for distance in distances),
    )


def _weights(points: FloatArray, means: FloatArray, shares: FloatArray) -> FloatArray:
    """Standard normal density over the mixture's."""
    dimensions = points.shape[1]
    away = ((points[:, None] - means) ** 2).sum(axis=2)
    exponents = np.concatenate([-away / 2, -away / (2 * WIDE**2) - dimensions * np.log(WIDE)], axis=1)
    parts = np.concatenate([(1 - WIDE_SHARE) * shares, WIDE_SHARE * shares])
    ratio: FloatArray = np.exp(-(points**2).sum(axis=1) / 2 - logsumexp(exponents, b=parts, axis=1))
    return ratio
