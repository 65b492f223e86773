"""Decisions of the whole read path with everything that varies: how often they are wrong, and what makes them so."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import hypot, sqrt

import numpy as np
import numpy.typing as npt
from scipy.special import gammaincinv

from spintronics.cards import ModelCards
from spintronics.characterize.device_table import OperationFailed
from spintronics.characterize.operations import right_bit, sense_cases
from spintronics.characterize.sense_margin import solve_trials
from spintronics.circuits.decision_bench import Clocked, DecisionBench, LatchBench, outcomes
from spintronics.circuits.library import Deck
from spintronics.circuits.mismatch import Mismatch, Transistor
from spintronics.circuits.sense_path import Operation, SensePath
from spintronics.montecarlo import Failures, JunctionTrials, draw_junctions, failure_probability
from spintronics.montecarlo.mismatch import draw_mismatch
from spintronics.ngspice import ConvergenceError, DeckTimeout, Simulator
from spintronics.technology import QUANTITIES, Technology

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

CHUNK = 20  # cycles a deck: its tables are searched from their start; fixed, so that results depend on nothing else
DECIDED = 0.8  # of the supply between the outputs, for a decision; assumed
UNDECIDED, UNSOLVED = -1, -2  # results that are neither 0 nor 1
SEARCHED = 0.256  # V to either side in which a latch's offset is looked for
HALVINGS = 10  # of that interval: half a millivolt is left

EVERY_INPUT = tuple((operation, stored) for operation in Operation for stored in sense_cases(operation))
"""Read of either bit, AND and OR of every pair."""


class Varied(StrEnum):
    """What differs from trial to trial."""

    JUNCTIONS = "junctions"
    TRANSISTORS = "transistors"
    BOTH = "both"


@dataclass(frozen=True)
class Case:
    """One operation on one input, decided in many trials.

    Trial n has the same junctions and transistors whatever is varied beside them, however many trials there are and
    whoever solves them.

    Attributes:
        operation, stored: bits in the cells; 1 = antiparallel.
        trials: 1 or more.
        seed: of all draws.
        varied: what differs from trial to trial.
    """

    operation: Operation
    stored: tuple[int, ...]
    trials: int
    seed: int
    varied: Varied = Varied.BOTH

    @property
    def expected(self) -> int:
        """The right result."""
        return right_bit(self.operation, self.stored)


@dataclass(frozen=True)
class FailedTrial:
    """A trial without a result.

    Attributes:
        trial: its number; with the seed it is drawn again.
        reason: ``"undecided: …"``, or ngspice's own words.
        parameters: its values by name: ``"cell0 R_P"`` Ω, ``"cell0 TMR"``, ``"xlatch.xin_bl Vt"`` V, ``"… beta"``.
    """

    trial: int
    reason: str
    parameters: Mapping[str, float]

    def __str__(self) -> str:
        values = ", ".join(f"{name} {value:.4g}" for name, value in self.parameters.items())
        return f"trial {self.trial}: {self.reason} ({values})"


@dataclass(frozen=True)
class Decisions:
    """Decisions of one operation on one input.

    Attributes:
        case: what was decided.
        results: 0, 1, ``UNDECIDED`` or ``UNSOLVED``, shape (trials,).
        developed: bit line over reference when the latch is clocked, V; NaN where not solved.
        failed: the trials that are undecided or not solved, with their parameters.
    """

    case: Case
    results: npt.NDArray[np.int8]
    developed: FloatArray
    failed: tuple[FailedTrial, ...]

    @property
    def wrong(self) -> int:
        """Trials with the other result."""
        return int((self.results == 1 - self.case.expected).sum())

    @property
    def undecided(self) -> int:
        """Trials whose outputs had not parted when the result was taken."""
        return int((self.results == UNDECIDED).sum())

    @property
    def unsolved(self) -> int:
        """Trials that ngspice did not get through; in no probability."""
        return int((self.results == UNSOLVED).sum())

    @property
    def errors(self) -> Failures:
        """Wrong and undecided among the solved trials, with the 95 % interval."""
        return failure_probability(self.wrong + self.undecided, len(self.results) - self.unsolved)


@dataclass(frozen=True)
class LatchOffsets:
    """Offset of the latch: the input difference (bl − ref) at which a trial's decision changes.

    Attributes:
        common_mode: mean of the two inputs, V.
        offsets: V, shape (trials,); NaN where not found.
        resolution: full width of the interval that each offset is the middle of, V.
        failed: trials not solved, or with an offset outside the interval searched.
    """

    common_mode: float
    offsets: FloatArray
    resolution: float
    failed: tuple[FailedTrial, ...]

    @property
    def mean(self) -> float:
        """V."""
        return float(np.nanmean(self.offsets))

    @property
    def sigma(self) -> float:
        """Standard deviation, V."""
        return float(np.nanstd(self.offsets, ddof=1))

    @property
    def sigma_interval(self) -> tuple[float, float]:
        """95 % interval of the standard deviation of a normal, V (chi-squared)."""
        degrees = int(np.isfinite(self.offsets).sum()) - 1
        high, low = (2 * float(gammaincinv(degrees / 2, share)) for share in (0.025, 0.975))  # quantiles of χ²
        return self.sigma * (degrees / low) ** 0.5, self.sigma * (degrees / high) ** 0.5


def decisions(
    technology: Technology,
    cards: ModelCards,
    simulator: Simulator,
    case: Case,
    workers: int,
    advance: Callable[[int], None] = lambda _: None,
) -> Decisions:
    """Decisions of the whole read path: cells, line, reference, mirrors and latch, each trial one clocked cycle.

    Args:
        workers: ngspice processes at once; the result does not depend on it.
        advance: called with a number of trials as they finish.
    Raises:
        InputError: bits that the operation does not take, trials < 1, seed < 0, no matching coefficients.
        OperationFailed: ngspice solved none of the trials.
    """
    bench = DecisionBench(technology, cards, case.operation, case.stored)
    junctions, mismatch = _drawn(technology, bench.transistors, case)

    def deck(chunk: IntArray) -> Deck:
        return bench.deck(junctions.r_p[chunk], junctions.tmr[chunk], mismatch and mismatch.take(chunk))

    found = _solve(simulator, bench, deck, case.trials, workers, advance)
    return _judged(technology, case, junctions, mismatch, found)


def latch_decisions(
    technology: Technology,
    cards: ModelCards,
    simulator: Simulator,
    case: Case,
    workers: int,
    advance: Callable[[int], None] = lambda _: None,
) -> Decisions:
    """Decisions of the latch alone, its inputs held at settled line voltages: faster, and less than the read path.

    Lines and reference are operating points with ideal read currents: mismatch of mirrors, read and enable
    transistors, the time to develop, and what the latch does to the lines are not in it.  The antiparallel cells are
    taken as the last of the line.  Arguments as :func:`decisions`.
    """
    fan_in, bench = len(case.stored), LatchBench(technology, cards)
    junctions, mismatch = _drawn(technology, bench.transistors, case)
    nominal = simulator.run(SensePath(technology, cards, fan_in).nominal(case.operation).text())
    antiparallel, run = sum(case.stored), (technology, cards, simulator, fan_in, case.trials, case.seed, workers)
    reference = np.full(case.trials, float(nominal["v(ref)"][0]))
    if case.varied is Varied.TRANSISTORS:
        line = np.full(case.trials, float(nominal[f"v(bl{antiparallel})"][0]))
    else:
        line = solve_trials(*run).v_sense[:, antiparallel]

    def deck(chunk: IntArray) -> Deck:
        return bench.deck(line[chunk], reference[chunk], mismatch and mismatch.take(chunk))

    found = _solve(simulator, bench, deck, case.trials, workers, advance)
    return _judged(technology, case, junctions, mismatch, found)


def latch_offsets(
    technology: Technology,
    cards: ModelCards,
    simulator: Simulator,
    common_mode: float,
    trials: int,
    seed: int,
    workers: int,
    advance: Callable[[int], None] = lambda _: None,
) -> LatchOffsets:
    """Offset of the latch alone in each trial, by halving an interval: all trials in parallel, one cycle a step.

    Args:
        common_mode: mean of the two inputs, V.
        advance: called with a number of trials, once for each of the ``HALVINGS``.
    Raises:
        InputError: trials < 1, seed < 0, no matching coefficients.
        OperationFailed: ngspice solved none of the trials.
    """
    bench = LatchBench(technology, cards)
    mismatch = draw_mismatch(technology.variation, bench.transistors, trials, seed)
    return offsets_of(bench, mismatch, simulator, common_mode, workers, advance)


def offsets_of(
    bench: LatchBench,
    mismatch: Mismatch,
    simulator: Simulator,
    common_mode: float,
    workers: int,
    advance: Callable[[int], None] = lambda _: None,
) -> LatchOffsets:
    """As :func:`latch_offsets`, of latches with a given mismatch."""
    low, high = np.full(len(mismatch), -SEARCHED), np.full(len(mismatch), SEARCHED)
    reasons: dict[int, str] = {}
    for _ in range(HALVINGS):
        middle = (low + high) / 2

        def deck(chunk: IntArray, half: FloatArray = middle / 2) -> Deck:
            return bench.deck(common_mode + half[chunk], common_mode - half[chunk], mismatch.take(chunk))

        found = _solve(simulator, bench, deck, len(mismatch), workers, advance)
        reasons = {**found.unsolved, **reasons}
        # Near its offset a latch may not decide in time: the side that it leans to is as good here.
        low, high = np.where(found.outputs > 0, low, middle), np.where(found.outputs > 0, middle, high)
    resolution = 2 * SEARCHED / 2**HALVINGS
    offsets = (low + high) / 2
    for trial in np.flatnonzero(np.abs(offsets) > SEARCHED - resolution).tolist():
        reasons.setdefault(trial, f"no offset within ±{SEARCHED * 1e3:g} mV")
    offsets[list(reasons)] = np.nan
    failed = tuple(FailedTrial(n, reason, _parameters(n, None, mismatch)) for n, reason in sorted(reasons.items()))
    return LatchOffsets(common_mode, offsets, resolution, failed)


def input_pair_offset(technology: Technology, overdrive: float) -> float:
    """First-order standard deviation of the latch's offset, from its input pair alone, V.

        σ = √(A_Vt² + (V_ov/2)² · A_β²) / √(W·L)

    A difference ΔVt of the pair is an offset of its own size; a difference Δβ/β of two square-law transistors in
    saturation is one of (V_ov/2) · Δβ/β.

    Args:
        overdrive: V_ov = |V_gs| − |V_t| of the pair while it decides, V.
    Source: M. J. M. Pelgrom et al., IEEE Journal of Solid-State Circuits 24, 1433 (1989), for the coefficients.

    >>> f"{input_pair_offset(Technology.load('imce45'), 0.0) * 1e3:.1f} mV"
    '18.6 mV'
    """
    a_vt, a_beta = technology.variation.a_vt_pmos or 0.0, technology.variation.a_beta_pmos or 0.0
    area = 2 * technology.sense.latch_width * technology.cmos.gate_length
    return hypot(a_vt, overdrive / 2 * a_beta) / sqrt(area)


@dataclass(frozen=True)
class _Solved:
    """Outputs apart and inputs apart, V, NaN where unsolved; why, by trial."""

    outputs: FloatArray
    inputs: FloatArray
    unsolved: Mapping[int, str]


def _solve(
    simulator: Simulator,
    bench: Clocked,
    deck: Callable[[IntArray], Deck],
    trials: int,
    workers: int,
    advance: Callable[[int], None],
) -> _Solved:
    """Every trial's cycle; a deck that fails is taken apart, so that only the trials at fault are lost."""

    def solve(with_simulator: Simulator, chunk: IntArray) -> tuple[FloatArray, FloatArray, dict[int, str]]:
        try:
            waves = with_simulator.run(deck(chunk).text())
        except (ConvergenceError, DeckTimeout) as error:
            if len(chunk) == 1:
                return np.array([np.nan]), np.array([np.nan]), {int(chunk[0]): str(error)}
            return _joined([solve(with_simulator, chunk[n : n + 1]) for n in range(len(chunk))])
        return (*outcomes(bench, waves, len(chunk)), {})

    chunks = [np.arange(n, min(n + CHUNK, trials)) for n in range(0, trials, CHUNK)]
    parts = simulator.map(solve, chunks, workers, lambda chunk: advance(len(chunk)))
    outputs, inputs, unsolved = _joined(parts)
    if len(unsolved) == trials:
        raise OperationFailed(f"decisions: ngspice solved none of {trials} trials; trial 0: {unsolved[0]}")
    return _Solved(outputs, inputs, unsolved)


def _joined(
    parts: Sequence[tuple[FloatArray, FloatArray, dict[int, str]]],
) -> tuple[FloatArray, FloatArray, dict[int, str]]:
    outputs, inputs, unsolved = zip(*parts, strict=True)
    return np.concatenate(outputs), np.concatenate(inputs), {n: why for part in unsolved for n, why in part.items()}


def _judged(
    technology: Technology, case: Case, junctions: JunctionTrials, mismatch: Mismatch | None, found: _Solved
) -> Decisions:
    least = DECIDED * technology.cmos.supply
    results = np.full(len(found.outputs), UNDECIDED, dtype=np.int8)
    results[found.outputs > least] = 1
    results[found.outputs < -least] = 0
    results[np.isnan(found.outputs)] = UNSOLVED
    reasons = dict(found.unsolved)
    for n in np.flatnonzero(results == UNDECIDED).tolist():
        apart = (
            f"{found.outputs[n] * 1e3:.0f} mV between the outputs, {found.inputs[n] * 1e3:.2f} mV between the inputs"
        )
        reasons[n] = f"undecided: {apart}"
    failed = (FailedTrial(n, reason, _parameters(n, junctions, mismatch)) for n, reason in sorted(reasons.items()))
    return Decisions(case, results, found.inputs, tuple(failed))


def _parameters(trial: int, junctions: JunctionTrials | None, mismatch: Mismatch | None) -> dict[str, float]:
    values = {}
    if junctions:
        for cell in range(junctions.r_p.shape[1]):
            values[f"cell{cell} R_P"] = float(junctions.r_p[trial, cell])
            values[f"cell{cell} TMR"] = float(junctions.tmr[trial, cell])
    if mismatch:
        for column, transistor in enumerate(mismatch.transistors):
            values[f"{transistor.name} Vt"] = float(mismatch.vt[trial, column])
            values[f"{transistor.name} beta"] = float(mismatch.beta[trial, column])
    return values


def _drawn(
    technology: Technology, transistors: tuple[Transistor, ...], case: Case
) -> tuple[JunctionTrials, Mismatch | None]:
    """Junctions and transistors of every trial; nominal junctions, or None, where they do not vary."""
    spread = technology.variation
    if case.varied is Varied.TRANSISTORS:
        still = (f"{whose}sigma_{quantity}" for whose in ("", "shared_") for quantity in QUANTITIES)
        spread = spread.model_copy(update=dict.fromkeys(still, 0.0))
    junctions = draw_junctions(technology.operating_junction, spread, len(case.stored), case.trials, case.seed)
    if case.varied is Varied.JUNCTIONS:
        return junctions, None
    return junctions, draw_mismatch(technology.variation, transistors, case.trials, case.seed)
