"""Sense margins: 100 000 operating points per state, and what they say about each operation."""

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import isnan
from operator import itemgetter
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from spintronics.cards import ModelCards
from spintronics.characterize.device_table import OperationFailed
from spintronics.characterize.operations import OperationResult, sense
from spintronics.circuits.library import SENSE_CELLS, Deck
from spintronics.circuits.mismatch import Mismatch
from spintronics.circuits.sense_path import (
    Operation,
    SensePath,
    operations_of,
    reference_resistance,
    state_name,
)
from spintronics.errors import SpintronicsError
from spintronics.montecarlo import (
    Failures,
    JunctionStream,
    JunctionTrials,
    Sampling,
    failures_among,
    normal_tail,
)
from spintronics.montecarlo.chunks import FailedTrial, SolvedChunk, solve_chunks
from spintronics.montecarlo.variation import designs_of
from spintronics.montecarlo.workers import Workers, local_workers
from spintronics.ngspice import Simulator, Waves
from spintronics.technology import Technology

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
S = TypeVar("S", bound=np.generic)

# Trials a deck: enough to hide the start of a process, few enough to share out; fixed, so that results do not depend
# on the number of workers.
CHUNK = 5000
CHUNK_TIME = 120.0  # s that a chunk may take before its ngspice is killed; it takes 2 at most
CHUNK_MEMORY = 2 * 1024**3  # bytes of address space that its ngspice may take; it takes 0.15 e9
VNTOL = 1e-5  # V that ngspice's iteration leaves of a voltage
HEADROOM = 0.2  # V that the read current source needs across it; assumed, about a threshold less a gate drive
SENSED = ((Operation.READ, 1), (Operation.OR, 2), (Operation.AND, 2))
"""Operations that are costed, with their fan-in."""
LEAST_DEVELOPED = 0.8  # of the nominal margin, for an operation to be costed; assumed


@dataclass(frozen=True)
class SenseTrials:
    """Sense voltages of all trials for one fan-in.

    Attributes:
        fan_in: cells on the bit line.
        junctions: what was drawn.
        v_sense: V, shape (trials, fan_in + 1): column n has n antiparallel cells, the last n of the line; NaN in a
            trial that could not be solved.
        failed: those trials.
        v_reference: V, shape (trials, operations): of each of :func:`operations_of`, where transistors were drawn too;
            None where the reference is the nominal one in every trial.
        sampling: how they were drawn.
    """

    fan_in: int
    junctions: JunctionTrials
    v_sense: FloatArray
    failed: tuple[FailedTrial, ...] = ()
    v_reference: FloatArray | None = None
    sampling: Sampling = Sampling.PLAIN

    @classmethod
    def of(cls, fan_in: int, chunks: Iterable[SolvedChunk], sampling: Sampling = Sampling.PLAIN) -> "SenseTrials":
        """All chunks of a run, in any order."""
        ordered = sorted(chunks, key=lambda chunk: chunk.junctions.first)
        junctions = JunctionTrials(
            np.concatenate([chunk.junctions.r_p for chunk in ordered]),
            np.concatenate([chunk.junctions.tmr for chunk in ordered]),
            sum(chunk.junctions.redrawn for chunk in ordered),
            ordered[0].junctions.seed,
            mismatch=_together([chunk.junctions.mismatch for chunk in ordered]),
        )
        values = np.concatenate([chunk.values for chunk in ordered])
        failed = tuple(failed for chunk in ordered for failed in chunk.failed)
        states = fan_in + 1
        v_reference = values[:, states:] if values.shape[1] > states else None
        return cls(fan_in, junctions, values[:, :states], failed, v_reference, sampling)

    @property
    def v_solved(self) -> FloatArray:
        """``v_sense`` without the trials that could not be solved."""
        return self._solved(self.v_sense)

    @property
    def designs(self) -> IntArray | None:
        """Design of each solved trial; None where each trial was drawn on its own."""
        count = len(self.junctions)
        return None if self.sampling is Sampling.PLAIN else self._solved(designs_of(np.arange(count), count))

    def reference(self, operation: Operation) -> FloatArray | None:
        """Reference voltage in each solved trial, V; None where it is the nominal one in all."""
        if self.v_reference is None:
            return None
        return self._solved(self.v_reference[:, operations_of(self.fan_in).index(operation)])

    def _solved(self, values: npt.NDArray[S]) -> npt.NDArray[S]:
        return np.delete(values, [f.trial for f in self.failed], axis=0) if self.failed else values

    def state(self, antiparallel: int) -> str:
        """Name of column ``antiparallel``: ``"P-AP"``."""
        return state_name(self.fan_in, antiparallel)


@dataclass(frozen=True)
class SenseMargin:
    """How well an operation tells its two neighbouring states apart.

    A trial fails where its low state is at or above the reference, or its high state at or below it.

    Attributes:
        reference: Ω; v_reference: V, its nominal voltage.
        v_reference_sigma: V, its standard deviation over the trials; 0 where no transistor was drawn.
        nominal: smaller of the two nominal gaps to the reference, V.
        worst: smallest gap over all trials, V; negative where a trial failed.
        at_3_sigma, at_6_sigma: smaller gap at that many standard deviations of the fitted tails, V.
        failures: count and probability with its 95 % interval.
        unsolved: trials without an operating point, which count neither way.
        developed: smaller of the two gaps when the latch is clocked, V: what of ``nominal`` the develop time leaves.
    """

    operation: Operation
    fan_in: int
    low_state: str
    high_state: str
    reference: float
    v_reference: float
    nominal: float
    worst: float
    at_3_sigma: float
    at_6_sigma: float
    failures: Failures
    developed: float
    unsolved: int = 0
    v_reference_sigma: float = 0.0


def _together(parts: Sequence[Mismatch | None]) -> Mismatch | None:
    """Mismatch of all chunks; none where they have none."""
    drawn = [part for part in parts if part is not None]
    if not drawn:
        return None
    return Mismatch(
        drawn[0].transistors, np.concatenate([m.vt for m in drawn]), np.concatenate([m.beta for m in drawn])
    )


def solve_trials(
    technology: Technology,
    cards: ModelCards,
    simulator: Simulator,
    fan_in: int,
    trials: int,
    seed: int,
    workers: int,
    advance: Callable[[int], None] = lambda _: None,
) -> SenseTrials:
    """Sense voltage of every trial in every state, solved by ngspice with the access transistors.

    Args:
        workers: ngspice processes at once; the result does not depend on it.
        advance: called with a number of trials as they finish.
    """
    chunks = []
    with local_workers(workers) as pool:
        for chunk in solved_chunks(technology, cards, simulator, fan_in, trials, seed, pool):
            chunks.append(chunk)
            advance(len(chunk.junctions))
    return SenseTrials.of(fan_in, chunks)


@dataclass(frozen=True)
class SolveSense:
    """Sense voltages of some trials in every state, V, shape (trials, fan_in + 1); travels to any worker.

    Where transistors were drawn too, the reference voltages of all operations follow, one column each.
    """

    path: SensePath
    simulator: Simulator

    def deck(self, junctions: JunctionTrials) -> Deck:
        """What ngspice solves."""
        return self.path.trials(junctions.r_p, junctions.tmr, mismatch=junctions.mismatch)

    def __call__(self, junctions: JunctionTrials) -> FloatArray:
        # Only the deck of a single trial is worth keeping: that of a chunk is solved again in parts.
        keeping = self.simulator if len(junctions) == 1 else replace(self.simulator, failed=None)
        path, count = self.path, len(junctions)
        waves = keeping.run(self.deck(junctions).text())
        columns = [path.sense_voltages(waves, count, n) for n in range(path.fan_in + 1)]
        if junctions.mismatch:
            columns += [path.reference_voltages(waves, count, operation) for operation in operations_of(path.fan_in)]
        return np.stack(columns, axis=1)


def solved_chunks(
    technology: Technology,
    cards: ModelCards,
    simulator: Simulator,
    fan_in: int,
    trials: int,
    seed: int,
    workers: Workers,
    sampling: Sampling = Sampling.PLAIN,
    done: Container[int] = (),
    transistor_mismatch: bool = False,
) -> Iterator[SolvedChunk]:
    """Chunks of trials as they are solved, in any order, in the memory of those that are out.

    Args:
        workers: who solves them; the result does not depend on it.
        done: first trials of chunks that are there already.
        transistor_mismatch: draw the read and enable transistors too, not the junctions alone.
    Raises:
        InputError: no matching coefficients in the technology.
        OperationFailed: the nominal sense voltages are not those of a sense path, or the read current source could
            not drive the highest.
    """
    path = SensePath(technology, cards, fan_in)
    for operation in operations_of(fan_in):
        _check_path(path, simulator, operation)
    transistors = path.transistors if transistor_mismatch else ()
    stream = JunctionStream(
        technology.operating_junction, technology.variation, fan_in, trials, seed, sampling, transistors
    )
    solve = SolveSense(path, replace(simulator, timeout=min(simulator.timeout, CHUNK_TIME), memory=CHUNK_MEMORY))

    def missing() -> Iterator[JunctionTrials]:
        for first in range(0, trials, CHUNK):
            if first in done:
                stream.skip(CHUNK)
            else:
                yield stream.take(CHUNK)

    yield from solve_chunks(solve, missing(), workers.executor, workers.in_flight, workers.lost)


def _check_path(path: SensePath, simulator: Simulator, operation: Operation) -> None:
    """Refuse own netlists that make no sense path, and an ideal read current that the real source could not drive.

    Raises:
        OperationFailed: the highest nominal sense voltage comes within ``HEADROOM`` of the supply; or, with own
            netlists, a nominal voltage is outside 0 … supply or not in order: low state, reference, high state.
    """
    supply, fan_in = path.technology.cmos.supply, path.fan_in
    waves = simulator.run(path.nominal(operation).text())
    reference = float(waves["v(ref)"][0])
    states = {state_name(fan_in, n): float(waves[f"v(bl{n})"][0]) for n in range(fan_in + 1)}
    own = [f"{name}.spice" for name in (*SENSE_CELLS, "reference_branch") if name in path.technology.netlists]
    found = f"{operation} of fan-in {fan_in}: nominal sense voltage"
    look = f"look at circuits.netlists: {', '.join(own)}"
    for name, voltage in {**states, "reference": reference}.items():
        if own and not -VNTOL <= voltage <= supply:  # NaN too
            raise OperationFailed(f"{found} of {name} is {voltage:.4g} V; must be within 0 … {supply:g} V: {look}")
    low, high = (state_name(fan_in, n) for n in operation.boundary(fan_in))
    if own and not states[low] < reference < states[high]:
        raise OperationFailed(
            f"{found}s: {low} {states[low]:.4g} V, reference {reference:.4g} V, {high} {states[high]:.4g} V; must rise "
            f"in this order: {look}"
        )
    name, highest = max(states.items(), key=itemgetter(1))
    if highest > supply - HEADROOM:
        raise OperationFailed(
            f"sense.current = {path.technology.sense.current * 1e6:g} µA: raises the bit line to {highest:.2f} V in "
            f"state {name}; a {supply:g} V supply less {HEADROOM:g} V for "
            f"the current source leaves {supply - HEADROOM:.2f} V"
        )


def undeveloped(
    technology: Technology, cards: ModelCards, simulator: Simulator, results: Iterable[OperationResult]
) -> dict[str, str]:
    """Operations of read, OR and AND that must not be costed, with the reason.

    The sense path is none (see :func:`_check_path`), the bit line comes too near to the supply for the read current
    source, the nominal margin is not positive, or less
    than ``LEAST_DEVELOPED`` of it is left when the latch is clocked.

    Args:
        results: their truth tables; one that is missing is not looked at.
    """
    found = {(r.operation, r.inputs): r.developed for r in results}
    reasons = {}
    for operation, fan_in in SENSED:
        low, high = operation.boundary(fan_in)
        cases = [(operation.value, "0" * (fan_in - n) + "1" * n) for n in (low, high)]
        if all(case in found for case in cases):
            try:
                _check_path(SensePath(technology, cards, fan_in), simulator, operation)
                margin = nominal_margin(technology, cards, simulator, operation, fan_in)
                reason = shortfall(operation, margin, float(np.minimum(-found[cases[0]], found[cases[1]])))
            except SpintronicsError as error:
                reason = str(error)
            if reason:
                reasons[operation.value] = reason
    return reasons


def shortfall(operation: Operation, nominal: float, developed: float) -> str:
    """Why an operation with these margins (V) must not be costed; empty where it may be.

    >>> shortfall(Operation.AND, 20e-3, 19e-3)
    ''
    >>> shortfall(Operation.AND, 20e-3, float("nan")).partition(":")[0]
    'no transient of one of the two states next to its reference'
    """
    if nominal <= 0:
        return f"nominal margin {nominal * 1e3:.2f} mV: raise junction.tmr or sense.current"
    if isnan(developed):
        return "no transient of one of the two states next to its reference: nothing to judge the margin by"
    if developed < LEAST_DEVELOPED * nominal:
        key = "read_develop_time" if operation is Operation.READ else "logic_develop_time"
        return (
            f"{developed * 1e3:.2f} mV of a nominal margin of {nominal * 1e3:.2f} mV when the latch is clocked, "
            f"less than {LEAST_DEVELOPED:.0%}: raise sense.{key}"
        )
    return ""


def nominal_margin(
    technology: Technology,
    cards: ModelCards,
    simulator: Simulator,
    operation: Operation,
    fan_in: int,
    reference: float | None = None,
) -> float:
    """Smaller of the two gaps to the reference with nominal junctions, V; negative where it lies beside them.

    Args:
        reference: its resistance, Ω; the midpoint of this technology's own junctions by default.
    """
    nominal = SensePath(technology, cards, fan_in).nominal(operation, reference)
    return _nominal(simulator.run(nominal.text()), *operation.boundary(fan_in))


def _nominal(waves: Waves, low: int, high: int) -> float:
    """Smaller of the two gaps to the reference with nominal junctions, V."""
    reference = float(waves["v(ref)"][0])
    return min(reference - float(waves[f"v(bl{low})"][0]), float(waves[f"v(bl{high})"][0]) - reference)


def sense_margin(
    technology: Technology, cards: ModelCards, simulator: Simulator, trials: SenseTrials, operation: Operation
) -> SenseMargin:
    """Nominal, worst and fitted margins of one operation, and its failures, from solved trials."""
    fan_in = trials.fan_in
    low, high = operation.boundary(fan_in)
    nominal = simulator.run(SensePath(technology, cards, fan_in).nominal(operation).text())
    v_reference = float(nominal["v(ref)"][0])
    v_sense = trials.v_solved
    drawn = trials.reference(operation)
    reference = v_reference if drawn is None else drawn
    below, above = reference - v_sense[:, low], v_sense[:, high] - reference
    gap = np.minimum(below, above)
    states = [tuple(int(k >= fan_in - n) for k in range(fan_in)) for n in (low, high)]
    at_latch = [sense(technology, cards, simulator, operation, state).developed for state in states]
    tails = {n: min(normal_tail(below, -1, n), normal_tail(above, -1, n)) for n in (3.0, 6.0)}
    return SenseMargin(
        operation=operation,
        fan_in=fan_in,
        low_state=state_name(fan_in, low),
        high_state=state_name(fan_in, high),
        reference=reference_resistance(technology, operation, fan_in),
        v_reference=v_reference,
        nominal=_nominal(nominal, low, high),
        worst=float(gap.min()),
        at_3_sigma=tails[3.0],
        at_6_sigma=tails[6.0],
        failures=failures_among(gap <= 0, trials.designs),
        developed=float(np.minimum(-at_latch[0], at_latch[1])),  # NaN where either is
        unsolved=len(trials.failed),
        v_reference_sigma=0.0 if drawn is None else float(drawn.std()),
    )
