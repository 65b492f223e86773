"""How many cells one operation can take: margins and failure probabilities against fan-in.

The junctions alone vary here.  A latch's offset is larger than the margins of high fan-ins: what a clocked decision
fails with is in :mod:`spintronics.characterize.decisions`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from spintronics.cards import ModelCards
from spintronics.characterize.rare_events import failure_rate
from spintronics.characterize.sense_margin import nominal_margin, solve_trials
from spintronics.circuits.sense_path import Operation, SensePath, operations_of
from spintronics.montecarlo import Estimate, Failures, NoFailurePoint, RareEvent, failure_probability, quantile
from spintronics.ngspice import Simulator
from spintronics.technology import Technology

LOW_SHARE = 1e-3  # of the trials that lie below the low margin


@dataclass(frozen=True)
class FanInMargin:
    """One operation at one fan-in.

    Attributes:
        nominal: smaller of the two nominal gaps to the reference, V.
        low: margin that 1 trial in 1000 does not reach, V, with its interval; None without trials.
        trials: failures among plain trials; None without trials.
        rare: failure probability by importance sampling; None where nothing fails within 12 standard deviations.
    """

    operation: Operation
    fan_in: int
    nominal: float
    low: Estimate | None
    trials: Failures | None
    rare: RareEvent | None

    @property
    def p(self) -> float:
        """Failure probability; 0 where nothing fails."""
        return self.rare.p if self.rare else 0.0


@dataclass(frozen=True)
class Corner:
    """Margins against fan-in with one TMR and one spread of RA."""

    tmr: float
    sigma_ra: float
    margins: tuple[FanInMargin, ...]


def margins_by_fan_in(
    technology: Technology,
    cards: ModelCards,
    simulator: Simulator,
    fan_ins: Iterable[int],
    trials: int,
    seed: int,
    workers: int,
    advance: Callable[[int], None] = lambda _: None,
) -> tuple[FanInMargin, ...]:
    """Margin and failure probability of every operation at every fan-in.

    Args:
        trials: plain trials beside importance sampling; 0 for none.
        workers: ngspice processes at once; the result does not depend on it.
        advance: called with 1 as each fan-in is done.
    """
    found = []
    for fan_in in fan_ins:
        gaps = _gaps(technology, cards, simulator, fan_in, trials, seed, workers) if trials else {}
        for operation in operations_of(fan_in):
            try:
                rare = failure_rate(technology, cards, simulator, fan_in, operation, seed, workers)
            except NoFailurePoint:
                rare = None
            gap = gaps.get(operation)
            found.append(
                FanInMargin(
                    operation,
                    fan_in,
                    nominal_margin(technology, cards, simulator, operation, fan_in),
                    None if gap is None else quantile(gap, LOW_SHARE),
                    None if gap is None else failure_probability(int((gap <= 0).sum()), len(gap)),
                    rare,
                )
            )
        advance(1)
    return tuple(found)


def _gaps(
    technology: Technology, cards: ModelCards, simulator: Simulator, fan_in: int, trials: int, seed: int, workers: int
) -> dict[Operation, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """Smaller gap of each trial to the reference, V, by operation."""
    v_sense = solve_trials(technology, cards, simulator, fan_in, trials, seed, workers).v_sense
    path = SensePath(technology, cards, fan_in)
    gaps = {}
    for operation in operations_of(fan_in):
        reference = float(simulator.run(path.nominal(operation).text())["v(ref)"][0])
        low, high = operation.boundary(fan_in)
        gaps[operation] = np.minimum(reference - v_sense[:, low], v_sense[:, high] - reference)
    return gaps


def lost_at(margins: Sequence[FanInMargin], operation: Operation, target: float) -> int | None:
    """Smallest fan-in at which an operation fails more often than ``target``; None where it never does.

    >>> from spintronics.montecarlo import RareEvent
    >>> rates = {2: 1e-7, 3: 1e-5, 4: 1e-3}
    >>> made_up = [
    ...     FanInMargin(Operation.AND, k, 0.01, None, None, RareEvent(p, p, p, 0.1, 4000, 500.0, (4.0,)))
    ...     for k, p in rates.items()
    ... ]
    >>> [lost_at(made_up, Operation.AND, target) for target in (1e-2, 1e-4, 1e-9)]
    [None, 4, 2]
    """
    return min((m.fan_in for m in margins if m.operation is operation and m.p > target), default=None)
