"""Failure probabilities of read, AND and OR that no number of trials shows: importance sampling with ngspice."""

import numpy as np
import numpy.typing as npt

from spintronics.cards import ModelCards
from spintronics.circuits.sense_path import Operation, SensePath
from spintronics.montecarlo import JunctionTrials, NoFailurePoint, RareEvent, importance_sampling
from spintronics.montecarlo.variation import acceptance, dimensions, junctions_at
from spintronics.ngspice import Simulator
from spintronics.technology import Technology

FloatArray = npt.NDArray[np.float64]
CHUNK = 2000  # points a deck: half a batch, one for each of two workers; fixed, so that no result depends on them


def failure_rate(
    technology: Technology,
    cards: ModelCards,
    simulator: Simulator,
    fan_in: int,
    operation: Operation,
    seed: int,
    workers: int,
    relative_error: float = 0.1,
) -> RareEvent:
    """Probability that one set of junctions fails an operation, as a trial of the sense margins does.

    The low state at or above the reference and the high state at or below it are two ways to fail: both are searched
    for their most probable failure points, and a failure of either counts once.

    Args:
        workers: ngspice processes at once; the result does not depend on it.
        relative_error: standard error over probability to stop at.
    Raises:
        NoFailurePoint: nothing fails within 12 standard deviations; names operation and fan-in.

    >>> from spintronics.cards import locate
    >>> t = Technology.load("imce45", {"junction.tmr": "1.0"})
    >>> rare = failure_rate(t, locate(t), Simulator(), 1, Operation.READ, seed=1, workers=1)
    >>> rare.low < rare.p < rare.high, rare.samples
    (True, 4000)
    """
    variation, junction = technology.variation, technology.operating_junction
    path = SensePath(technology, cards, fan_in)
    states = operation.boundary(fan_in)
    v_reference = float(simulator.run(path.nominal(operation).text())["v(ref)"][0])

    def solve(with_simulator: Simulator, chunk: JunctionTrials) -> FloatArray:
        waves = with_simulator.run(path.trials(chunk.r_p, chunk.tmr, states).text())
        low, high = (path.sense_voltages(waves, len(chunk), n) for n in states)
        return np.column_stack([v_reference - low, high - v_reference])

    def margins(normals: FloatArray) -> FloatArray:
        drawn, physical = junctions_at(junction, variation, fan_in, normals)
        found = np.full((len(normals), 2), np.inf)
        if physical.any():
            solved = JunctionTrials(drawn.r_p[physical], drawn.tmr[physical], 0, seed)
            found[physical] = np.concatenate(simulator.map(solve, solved.chunks(CHUNK), workers))
        return found

    try:
        return importance_sampling(
            margins, dimensions(variation, fan_in), seed, acceptance(variation, fan_in), relative_error
        )
    except NoFailurePoint as error:
        raise NoFailurePoint(f"{operation.value}, fan-in {fan_in}: {error}") from None
