"""Seeded draws of junction resistances: the same seed gives the same trials, whoever solves them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spintronics.errors import InputError
from spintronics.technology import Junction, Variation

FloatArray = npt.NDArray[np.float64]
_REDRAWS = 1000  # a spread that needs more has hardly any physical values


@dataclass(frozen=True)
class JunctionTrials:
    """Junctions of all trials.

    Attributes:
        r_p: parallel resistances R_P = RA / A_MTJ, Ω, shape (trials, junctions).
        tmr: TMR at zero bias, same shape.
        redrawn: draws that were not physical (RA ≤ 0 or TMR ≤ 0) and were drawn again.
        seed: of the draw.
    """

    r_p: FloatArray
    tmr: FloatArray
    redrawn: int
    seed: int

    def __len__(self) -> int:
        return len(self.r_p)

    def chunks(self, size: int) -> list["JunctionTrials"]:
        """The same trials in order, at most ``size`` at a time."""
        return [
            JunctionTrials(self.r_p[i : i + size], self.tmr[i : i + size], 0, self.seed)
            for i in range(0, len(self), size)
        ]


def draw_junctions(junction: Junction, variation: Variation, junctions: int, trials: int, seed: int) -> JunctionTrials:
    """Normal RA and TMR for each junction of each trial, independent of each other.

    Every quantity of every junction has a Philox stream of its own, keyed by (seed, junction, quantity): trial n
    has the same values whatever the number of trials, of junctions on the line, or of workers.

    Args:
        junctions: on one bit line (the fan-in).
        trials: at least 1.
        seed: 0 or larger.
    Raises:
        InputError: trials < 1, seed < 0, or a spread that leaves almost no physical values.

    >>> from spintronics.technology import Technology
    >>> t = Technology.load("imce45")
    >>> two = draw_junctions(t.junction, t.variation, 2, 1000, seed=7)
    >>> two.r_p.shape, bool((two.r_p[:10] == draw_junctions(t.junction, t.variation, 2, 10, seed=7).r_p).all())
    ((1000, 2), True)
    """
    if trials < 1:
        raise InputError(f"trials = {trials}: must be at least 1")
    if seed < 0:
        raise InputError(f"seed = {seed}: must be 0 or larger")
    redrawn = 0
    columns: dict[str, list[FloatArray]] = {"ra": [], "tmr": []}
    for index in range(junctions):
        for quantity, (name, sigma) in enumerate((("ra", variation.sigma_ra), ("tmr", variation.sigma_tmr))):
            factors, again = _positive_normal(sigma, trials, (seed, index, quantity))
            columns[name].append(factors)
            redrawn += again
    r_p = junction.r_p * np.stack(columns["ra"], axis=1)
    return JunctionTrials(r_p, junction.tmr * np.stack(columns["tmr"], axis=1), redrawn, seed)


def _positive_normal(sigma: float, trials: int, key: tuple[int, int, int]) -> tuple[FloatArray, int]:
    """Normal(1, sigma) without its values ≤ 0, and how many were drawn again.

    Round r redraws from a stream of its own at the same trial index, so that a redraw moves no other trial.
    """
    factors = np.ones(trials)
    missing = np.arange(trials)
    redrawn = 0
    for attempt in range(_REDRAWS):
        stream = np.random.Generator(np.random.Philox(np.random.SeedSequence((*key, attempt))))
        factors[missing] = 1 + sigma * stream.standard_normal(missing[-1] + 1)[missing]
        missing = missing[factors[missing] <= 0]
        if not missing.size:
            return factors, redrawn
        redrawn += missing.size
    raise InputError(f"variation: sigma = {sigma:g} leaves almost no positive values after {_REDRAWS} redraws")
