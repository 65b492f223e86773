"""Sense margins: 100 000 operating points per state, and what they say about each operation."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spintronics.cards import ModelCards
from spintronics.characterize.device_table import OperationFailed
from spintronics.characterize.operations import OperationResult, sense
from spintronics.circuits.sense_path import Operation, SensePath, reference_resistance, state_name
from spintronics.montecarlo import Failures, JunctionTrials, draw_junctions, failure_probability, normal_tail
from spintronics.ngspice import Simulator, Waves
from spintronics.technology import Technology

FloatArray = npt.NDArray[np.float64]

# Trials a deck: enough to hide the start of a process, few enough to share out; fixed, so that results do not depend
# on the number of workers.
CHUNK = 5000
HEADROOM = 0.2  # V that the read current source needs across it; assumed, about a threshold less a gate drive
LEAST_DEVELOPED = 0.8  # of the nominal margin, for an operation to be costed; assumed


@dataclass(frozen=True)
class SenseTrials:
    """Sense voltages of all trials for one fan-in.

    Attributes:
        fan_in: cells on the bit line.
        junctions: what was drawn.
        v_sense: V, shape (trials, fan_in + 1): column n has n antiparallel cells, the last n of the line.
    """

    fan_in: int
    junctions: JunctionTrials
    v_sense: FloatArray

    def state(self, antiparallel: int) -> str:
        """Name of column ``antiparallel``: ``"P-AP"``."""
        return state_name(self.fan_in, antiparallel)


@dataclass(frozen=True)
class SenseMargin:
    """How well an operation tells its two neighbouring states apart.

    A trial fails where its low state is at or above the reference, or its high state at or below it.

    Attributes:
        reference: Ω; v_reference: V, its nominal voltage.
        nominal: smaller of the two nominal gaps to the reference, V.
        worst: smallest gap over all trials, V; negative where a trial failed.
        at_3_sigma, at_6_sigma: smaller gap at that many standard deviations of the fitted tails, V.
        failures: count and probability with its 95 % interval.
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


def operations_of(fan_in: int) -> tuple[Operation, ...]:
    """Operations with that many cells on the bit line: read for one, OR and AND for more."""
    return (Operation.READ,) if fan_in == 1 else (Operation.OR, Operation.AND)


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
    junctions = draw_junctions(technology.operating_junction, technology.variation, fan_in, trials, seed)
    path = SensePath(technology, cards, fan_in)
    _check_headroom(technology, simulator, path)

    def solve(with_simulator: Simulator, chunk: JunctionTrials) -> FloatArray:
        waves = with_simulator.run(path.trials(chunk.r_p, chunk.tmr).text())
        return np.stack([path.sense_voltages(waves, len(chunk), n) for n in range(fan_in + 1)], axis=1)

    parts = simulator.map(solve, junctions.chunks(CHUNK), workers, lambda chunk: advance(len(chunk)))
    return SenseTrials(fan_in, junctions, np.concatenate(parts))


def _check_headroom(technology: Technology, simulator: Simulator, path: SensePath) -> None:
    """The sense path reads with an ideal current: refuse one that the real source could not drive.

    Raises:
        OperationFailed: the highest nominal sense voltage comes within ``HEADROOM`` of the supply.
    """
    highest = float(simulator.run(path.nominal(operations_of(path.fan_in)[0]).text())[f"v(bl{path.fan_in})"][0])
    if highest > technology.cmos.supply - HEADROOM:
        raise OperationFailed(
            f"sense.current = {technology.sense.current * 1e6:g} µA: raises the bit line to {highest:.2f} V in state "
            f"{state_name(path.fan_in, path.fan_in)}; a {technology.cmos.supply:g} V supply less {HEADROOM:g} V for "
            f"the current source leaves {technology.cmos.supply - HEADROOM:.2f} V"
        )


def require_developed(
    technology: Technology, cards: ModelCards, simulator: Simulator, results: Iterable[OperationResult]
) -> None:
    """Nothing is costed with an operation that decides before its margin is there.

    Raises:
        OperationFailed: the nominal margin is not positive, or less than ``LEAST_DEVELOPED`` of it is left when the
            latch is clocked; names the operation and the key.
    """
    found = {(r.operation, r.inputs): r.developed for r in results}
    for operation, fan_in in ((Operation.READ, 1), (Operation.OR, 2), (Operation.AND, 2)):
        path = SensePath(technology, cards, fan_in)
        _check_headroom(technology, simulator, path)
        low, high = operation.boundary(fan_in)
        nominal = _nominal(simulator.run(path.nominal(operation).text()), low, high)
        at_latch = [found[operation.value, "0" * (fan_in - n) + "1" * n] for n in (low, high)]
        developed = min(-at_latch[0], at_latch[1])
        what = f"{operation.value}, fan-in {fan_in}"
        if nominal <= 0:
            margin = f"nominal margin {nominal * 1e3:.2f} mV"
            raise OperationFailed(f"{what}: {margin}: raise junction.tmr or sense.current")
        if developed < LEAST_DEVELOPED * nominal:
            key = "read_develop_time" if operation is Operation.READ else "logic_develop_time"
            raise OperationFailed(
                f"{what}: {developed * 1e3:.2f} mV of a nominal margin of {nominal * 1e3:.2f} mV when the latch is "
                f"clocked, less than {LEAST_DEVELOPED:.0%}: raise sense.{key}"
            )


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
    below = v_reference - trials.v_sense[:, low]
    above = trials.v_sense[:, high] - v_reference
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
        failures=failure_probability(int((gap <= 0).sum()), len(gap)),
        developed=min(-at_latch[0], at_latch[1]),
    )
