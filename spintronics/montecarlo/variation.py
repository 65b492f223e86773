"""Seeded draws of junction resistances: the same seed gives the same trials, whoever solves them."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import ceil

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from spintronics.circuits.mismatch import Mismatch, Transistor
from spintronics.errors import InputError
from spintronics.montecarlo.mismatch import spread, stream_key
from spintronics.technology import Junction, Quantity, Variation

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
_REDRAWS = 1000  # a spread that needs more has hardly any physical values
_BLOCK = 1 << 20  # values drawn at once where they are only passed over
DESIGN = 4096  # most points of one design; a power of 2, for the balance of a Sobol sequence
FEWEST_DESIGNS = 16  # of a run: what their results differ by makes its intervals


class Sampling(StrEnum):
    """How trials fill the space of what varies; the value is the name in pipelines."""

    PLAIN = "plain"
    LATIN_HYPERCUBE = "latin-hypercube"
    SOBOL = "sobol"


@dataclass(frozen=True)
class JunctionTrials:
    """Junctions of all trials, and their transistors where these are drawn too.

    Attributes:
        r_p: parallel resistances R_P = RA / A_MTJ, Ω, shape (trials, junctions).
        tmr: TMR at zero bias, same shape.
        redrawn: draws that were not physical (RA, TMR or area ≤ 0, or beyond the truncation) and were drawn again.
        seed: of the draw.
        first: number of the first trial.
        mismatch: of the transistors; None where they are all nominal.
    """

    r_p: FloatArray
    tmr: FloatArray
    redrawn: int
    seed: int
    first: int = 0
    mismatch: Mismatch | None = None

    def __len__(self) -> int:
        return len(self.r_p)

    def part(self, start: int, stop: int) -> "JunctionTrials":
        """Trials ``start`` to ``stop`` of these, counted from 0."""
        own = slice(start, stop)
        mismatch = self.mismatch and self.mismatch.take(own)
        return JunctionTrials(self.r_p[own], self.tmr[own], 0, self.seed, self.first + start, mismatch)

    def chunks(self, size: int) -> list["JunctionTrials"]:
        """The same trials in order, at most ``size`` at a time."""
        return [self.part(i, i + size) for i in range(0, len(self), size)]


@dataclass(frozen=True)
class Varied:
    """Quantities that are drawn together: of one junction, or those that all junctions of a trial share.

    Attributes:
        junction: its index on the line; None for the shared part.
        quantities: names, in order.
        sigmas: relative standard deviations.
        log_normal: whether each is log-normal.
        mixing: lower triangular; independent standard normals times this have the declared correlation.
    """

    junction: int | None
    quantities: tuple[Quantity, ...]
    sigmas: tuple[float, ...]
    log_normal: tuple[bool, ...]
    mixing: FloatArray = field(repr=False)

    def acceptance(self, truncation: float | None) -> float:
        """Probability that a draw is physical."""
        from scipy.stats import multivariate_normal

        cut = np.inf if truncation is None else truncation
        low = [-cut if log else max(-cut, -1 / s) for s, log in zip(self.sigmas, self.log_normal, strict=True)]
        high = [cut] * len(low)
        if len(low) == 1:
            return float(ndtr(cut) - ndtr(low[0]))
        return float(multivariate_normal(cov=self.mixing @ self.mixing.T).cdf(high, lower_limit=low))

    def factors(self, normals: FloatArray, truncation: float | None) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
        """What multiplies each quantity's nominal value, and whether that is physical.

        Args:
            normals: independent, shape (trials, quantities).
        Returns:
            factors of mean 1, shape (trials, quantities); shape (trials,): all > 0 and none beyond the truncation.
        """
        # Not a matrix product: its rounding depends on how many trials there are.
        z = np.column_stack([sum(row[k] * normals[:, k] for k in range(n + 1)) for n, row in enumerate(self.mixing)])
        factors = 1 + np.array(self.sigmas) * z
        for column in np.flatnonzero(self.log_normal):
            spread = np.sqrt(np.log1p(self.sigmas[column] ** 2))
            factors[:, column] = np.exp(spread * z[:, column] - spread**2 / 2)
        physical = np.all(factors > 0, axis=1)
        if truncation is not None:
            physical &= np.all(np.abs(z) <= truncation, axis=1)
        return factors, physical


def varied(variation: Variation, junctions: int) -> tuple[Varied, ...]:
    """What is drawn in one trial; quantities without a spread are not.

    Uncorrelated quantities stand alone: one that is not physical is drawn again without the others.

    >>> from spintronics.technology import Technology
    >>> [(v.junction, v.quantities) for v in varied(Technology.load("imce45").variation, 2)]
    [(0, ('ra',)), (0, ('tmr',)), (1, ('ra',)), (1, ('tmr',))]
    """
    found = []
    for junction in (*range(junctions), None):
        spread = variation.sigmas(shared=junction is None)
        for block in variation.correlated:
            names = tuple(name for name in block if spread[name] > 0)
            if names:
                found.append(
                    Varied(
                        junction,
                        names,
                        tuple(spread[name] for name in names),
                        tuple(variation.distribution(name) == "log-normal" for name in names),
                        np.linalg.cholesky(variation.correlation_of(names)).astype(np.float64),
                    )
                )
    return tuple(found)


def dimensions(variation: Variation, junctions: int) -> int:
    """Independent standard normals that one trial takes."""
    return sum(len(v.quantities) for v in varied(variation, junctions))


def acceptance(variation: Variation, junctions: int) -> float:
    """Probability that the first draw of a whole trial is physical.

    >>> round(acceptance(Variation(sigma_ra=0.5, sigma_tmr=0.1), 2), 4)  # the square of a normal's share above -2 sigma
    0.955
    """
    return float(np.prod([group.acceptance(variation.truncation) for group in varied(variation, junctions)]))


def junctions_at(
    junction: Junction, variation: Variation, junctions: int, normals: FloatArray
) -> tuple[JunctionTrials, npt.NDArray[np.bool_]]:
    """Junctions at points of the space of independent standard normals, and which of them are physical.

    Args:
        normals: shape (trials, dimensions), columns in the order of :func:`varied`.
    """
    drawn = _Factors(len(normals), junctions)
    physical = np.ones(len(normals), dtype=bool)
    column = 0
    for group in varied(variation, junctions):
        width = len(group.quantities)
        factors, allowed = group.factors(normals[:, column : column + width], variation.truncation)
        drawn.apply(group, factors)
        physical &= allowed
        column += width
    return drawn.trials(junction, 0, 0, 0), physical


@dataclass
class _Factors:
    """Product of all factors of each quantity, shape (trials, junctions)."""

    count: int
    junctions: int

    def __post_init__(self) -> None:
        shape = (self.count, self.junctions)
        self._of: dict[Quantity, FloatArray] = {name: np.ones(shape) for name in ("ra", "tmr", "area")}

    def apply(self, group: Varied, factors: FloatArray) -> None:
        for name, values in zip(group.quantities, factors.T, strict=True):
            if group.junction is None:
                self._of[name] *= values[:, None]
            else:
                self._of[name][:, group.junction] *= values

    def trials(self, junction: Junction, redrawn: int, seed: int, first: int) -> JunctionTrials:
        r_p = junction.r_p * self._of["ra"] / self._of["area"]
        return JunctionTrials(r_p, junction.tmr * self._of["tmr"], redrawn, seed, first)


_CODE: dict[Quantity, int] = {"ra": 0, "tmr": 1, "area": 2}


@dataclass
class JunctionStream:
    """The trials of a run one after the other, any number at a time, in the memory of that number.

    Every quantity of every junction has a Philox stream of its own, keyed by (seed, junction, quantity, attempt):
    trial n has the same values whatever the number of trials, of junctions on the line, or of workers.  A draw that
    is not physical is replaced by the same trial's value in the stream of the next attempt, so that it moves no
    other trial.

    With Latin hypercube and Sobol points the first attempt is a point of a design.  A run has 16 designs of one size,
    and more where that is above 4096, each scrambled on its own: they are independent of each other.  A trial then
    depends on how many there are in all, and on nothing else.

    Args:
        junctions: on one bit line (the fan-in).
        trials: in all, at least 1.
        seed: 0 or larger.
        transistors: drawn beside the junctions as :func:`spintronics.montecarlo.mismatch.draw_mismatch` does, plainly
            whatever the sampling.
    Raises:
        InputError: trials < 1, seed < 0, a spread that leaves almost no physical values, or no matching coefficients.
    """

    junction: Junction
    variation: Variation
    junctions: int
    trials: int
    seed: int
    sampling: Sampling = Sampling.PLAIN
    transistors: tuple[Transistor, ...] = ()

    def __post_init__(self) -> None:
        if self.trials < 1:
            raise InputError(f"trials = {self.trials}: must be at least 1")
        if self.seed < 0:
            raise InputError(f"seed = {self.seed}: must be 0 or larger")
        self._groups = varied(self.variation, self.junctions)
        self._matching = np.array([spread(self.variation, transistor) for transistor in self.transistors])
        self._first = 0
        self._streams: dict[tuple[int, ...], tuple[np.random.Generator, int]] = {}

    def take(self, count: int) -> JunctionTrials:
        """The next ``count`` trials, fewer at the end."""
        first, last = self._first, min(self._first + count, self.trials)
        drawn = _Factors(last - first, self.junctions)
        trials = np.arange(first, last)
        points = None if self.sampling is Sampling.PLAIN else self._design_points(trials)
        redrawn, column = 0, 0
        for group in self._groups:
            width = len(group.quantities)
            own = None if points is None else points[:, column : column + width]
            factors, again = self._physical(group, trials, own)
            drawn.apply(group, factors)
            redrawn += again
            column += width
        self._first = last
        found = drawn.trials(self.junction, redrawn, self.seed, first)
        return replace(found, mismatch=self._mismatch(trials)) if self.transistors else found

    def chunks(self, size: int) -> Iterator[JunctionTrials]:
        """The trials that are left in order, at most ``size`` at a time, drawn when asked for."""
        while self._first < self.trials:
            yield self.take(size)

    def skip(self, count: int) -> None:
        """Pass over the next ``count`` trials."""
        self._first = min(self._first + count, self.trials)

    def _mismatch(self, trials: IntArray) -> Mismatch:
        vt, beta = (
            np.column_stack([self._normals(stream_key(self.seed, n, t), trials) for t in self.transistors])
            * self._matching[:, n]
            for n in (0, 1)
        )
        return Mismatch(self.transistors, vt, beta)

    def _physical(self, group: Varied, trials: IntArray, points: FloatArray | None) -> tuple[FloatArray, int]:
        factors = np.ones((len(trials), len(group.quantities)))
        missing = trials
        redrawn = 0
        for attempt in range(_REDRAWS):
            normals = (
                points
                if attempt == 0 and points is not None
                else np.column_stack([self._normals(self._key(group, q, attempt), missing) for q in group.quantities])
            )
            found, physical = group.factors(normals, self.variation.truncation)
            factors[missing - trials[0]] = found
            missing = missing[~physical]
            if not missing.size:
                return factors, redrawn
            redrawn += missing.size
        spread = ", ".join(f"{s:g}" for s in group.sigmas)
        raise InputError(f"variation: sigma = {spread} leaves almost no positive values after {_REDRAWS} redraws")

    def _key(self, group: Varied, name: Quantity, attempt: int) -> tuple[int, ...]:
        where = (*b"shared",) if group.junction is None else (group.junction,)
        return (self.seed, *where, _CODE[name], attempt)

    def _normals(self, key: tuple[int, ...], trials: IntArray) -> FloatArray:
        """Values of some trials, in rising order, from one stream."""
        stream, position = self._streams.get(key) or (_generator(key), 0)
        while position < trials[0]:
            passed = min(_BLOCK, int(trials[0]) - position)
            stream.standard_normal(passed)
            position += passed
        end = int(trials[-1]) + 1
        values = stream.standard_normal(end - position)[trials - position]
        self._streams[key] = (stream, end)
        return values

    def _design_points(self, trials: IntArray) -> FloatArray:
        """Points of trials in rising order in the space of independent standard normals, shape (trials, dimensions)."""
        number = designs_of(trials, self.trials)
        size = dimensions(self.variation, self.junctions)
        found = []
        for design in range(int(number[0]), int(number[-1]) + 1):
            first, end = (-(-n * self.trials // design_count(self.trials)) for n in (design, design + 1))
            points = design_points(self.sampling, end - first, size, (self.seed, *b"design", design))
            found.append(points[trials[number == design] - first])
        return np.concatenate(found)


def design_count(trials: int) -> int:
    """Designs that a run of so many trials has.

    >>> [design_count(trials) for trials in (1, 10, 1000, 100_000)]
    [1, 5, 16, 25]
    """
    return max(min(FEWEST_DESIGNS, trials // 2), ceil(trials / DESIGN), 1)


def designs_of(numbers: IntArray, trials: int) -> IntArray:
    """Number of the design that each trial of a run belongs to, from 0; sizes differ by one at most."""
    return numbers * design_count(trials) // trials


def design_points(sampling: Sampling, count: int, dimensions: int, key: tuple[int, ...]) -> FloatArray:
    """One scrambled design: each point is a draw of independent standard normals, all together spread evenly.

    Args:
        sampling: Latin hypercube or Sobol.
        key: of its stream.
    Returns:
        shape (count, dimensions).

    >>> points = design_points(Sampling.LATIN_HYPERCUBE, 1000, 2, (1,))
    >>> bool(abs(points.mean()) < 1e-3)  # plain draws leave 2e-2
    True
    """
    from scipy.stats import qmc

    if sampling is Sampling.SOBOL:
        # The balance of a Sobol sequence is that of 2^m points: its first ones are taken.
        points = qmc.Sobol(dimensions, rng=_generator(key)).random_base2((count - 1).bit_length())[:count]
    else:
        points = qmc.LatinHypercube(dimensions, rng=_generator(key)).random(count)
    return np.asarray(ndtri(points), dtype=np.float64)


def _generator(key: tuple[int, ...]) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(key)))


def draw_junctions(
    junction: Junction,
    variation: Variation,
    junctions: int,
    trials: int,
    seed: int,
    first: int = 0,
) -> JunctionTrials:
    """Plain draws of each junction of each trial: the first trials of a :class:`JunctionStream`, or later ones.

    Args:
        junctions: on one bit line (the fan-in).
        trials: at least 1.
        seed: 0 or larger.
        first: number of the first trial.
    Raises:
        InputError: trials < 1, seed < 0, or a spread that leaves almost no physical values.

    >>> from spintronics.technology import Technology
    >>> t = Technology.load("imce45")
    >>> two = draw_junctions(t.junction, t.variation, 2, 1000, seed=7)
    >>> two.r_p.shape, bool((two.r_p[90:] == draw_junctions(t.junction, t.variation, 2, 910, 7, first=90).r_p).all())
    ((1000, 2), True)
    """
    if trials < 1:
        raise InputError(f"trials = {trials}: must be at least 1")
    stream = JunctionStream(junction, variation, junctions, first + trials, seed)
    stream.skip(first)
    return stream.take(trials)
