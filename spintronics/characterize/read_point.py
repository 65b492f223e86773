"""Choice of read current and develop time: the largest margin that disturbs no cell, the shortest time that has it."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from spintronics.cards import ModelCards
from spintronics.characterize.device_table import OK, OperationFailed
from spintronics.characterize.sense_margin import HEADROOM, nominal_margin, solve_trials
from spintronics.characterize.writing import read_disturb
from spintronics.circuits.read_bench import DECIDE, START, ReadBench
from spintronics.circuits.sense_path import Operation, SensePath, branch_resistance
from spintronics.errors import SpintronicsError
from spintronics.magnetics import Macrospin
from spintronics.montecarlo import normal_tail
from spintronics.ngspice import Simulator
from spintronics.technology import Technology

MOST_DISTURB = 1e-9
"""Probability per read that a cell may flip; assumed, well below a latch's and a write's error rates."""
LONGEST = 40e-9  # s of develop time that is looked at; assumed, many time constants of the line
FAN_IN = 2


@dataclass(frozen=True)
class ReadPoint:
    """What a read current gives.

    Attributes:
        current: A.
        margin: nominal margin of a two-cell AND, V; NaN where the bit line would be beyond the supply.
        at_6_sigma: the same at six standard deviations of the fitted tails, V; NaN with few trials.
        headroom: supply less the highest nominal bit line, of a read of AP, V.
        disturb_read: probability that a read flips its cell, all of the current through one P cell for the read's time.
        disturb_logic: that an AND flips its P cell beside an AP one, which takes most of the current.
        status: ``ok``, or the rule that this current breaks.
    """

    current: float
    margin: float
    at_6_sigma: float
    headroom: float
    disturb_read: float
    disturb_logic: float
    status: str

    @property
    def disturb(self) -> float:
        """The larger of the two probabilities."""
        return max(self.disturb_read, self.disturb_logic)


def read_points(
    technology: Technology,
    cards: ModelCards,
    simulator: Simulator,
    currents: Iterable[float],
    trials: int,
    seed: int,
    workers: int,
) -> list[ReadPoint]:
    """Margins, headroom and disturb of a technology at other read currents.

    The critical current is that of the instability of the LLG from P, spin transfer and the spin Hall effect of the
    read current in half of the strip together (:attr:`spintronics.magnetics.Macrospin.critical_read_current`).  A read
    lasts its develop time and the latch's.

    Args:
        currents: A.
        trials: of the fitted tails; at least 1000 for them to say something.
    """
    return [
        _read_point(technology.with_values({"sense.current": float(current)}), cards, simulator, trials, seed, workers)
        for current in currents
    ]


def best_point(points: Iterable[ReadPoint]) -> ReadPoint:
    """The point of largest nominal margin among those that keep the rules.

    Nominal, because an offset of the latch does not grow with the current; a margin at 6σ that is negative would be
    best at no current at all.

    Raises:
        OperationFailed: no point keeps the rules; gives the reason of the smallest current.
    """
    points = list(points)
    allowed = [point for point in points if point.status == OK]
    if not allowed:
        least = min(points, key=lambda point: point.current)
        raise OperationFailed(f"no read current keeps the rules; {least.current * 1e6:g} µA: {least.status}")
    return max(allowed, key=lambda point: point.margin)


def develop_time(
    technology: Technology, cards: ModelCards, simulator: Simulator, operation: Operation, share: float
) -> float:
    """Shortest time from word line to latch clock at which a share of the nominal margin is there, and stays, s.

    Of the two states that the operation tells apart, the slower one counts; the cells are in the middle of the line
    with parallel ones around.

    Args:
        share: of the operation's nominal margin, 0 to 1.
    Raises:
        OperationFailed: it is not there within 40 ns: leakage, or a share that the line never reaches.

    >>> from spintronics import cards
    >>> t = Technology.load("imce45")
    >>> 1e-9 < develop_time(t, cards.locate(t), Simulator(), Operation.AND, 0.8) < 4e-9
    True
    """
    key = "sense.read_develop_time" if operation is Operation.READ else "sense.logic_develop_time"
    slow = technology.with_values({key: LONGEST})
    fan_in = 1 if operation is Operation.READ else FAN_IN
    wanted = share * nominal_margin(technology, cards, simulator, operation, fan_in)
    longest = 0.0
    for antiparallel in operation.boundary(fan_in):
        bench = ReadBench(slow, cards, operation, (0,) * (fan_in - antiparallel) + (1,) * antiparallel)
        waves = simulator.run(bench.deck().text())
        gap = (waves["v(bl)"] - waves["v(ref)"]) * (1 if antiparallel == max(operation.boundary(fan_in)) else -1)
        before = waves.x <= bench.clock_time
        time, gap = waves.x[before], gap[before]
        short = np.nonzero(gap < wanted)[0]
        if short[-1] == len(time) - 1:
            raise OperationFailed(
                f"{operation.value}: {gap[-1] * 1e3:.2f} mV after {LONGEST * 1e9:g} ns, less than {share:.0%} of the "
                f"nominal margin, {wanted * 1e3:.2f} mV: lower array.rows or cmos.temperature"
            )
        n = short[-1]
        crossed = time[n] + (wanted - gap[n]) / (gap[n + 1] - gap[n]) * (time[n + 1] - time[n])
        longest = max(longest, float(crossed) - START)
    return longest


def _read_point(
    technology: Technology, cards: ModelCards, simulator: Simulator, trials: int, seed: int, workers: int
) -> ReadPoint:
    t, current = technology, technology.sense.current
    spin = Macrospin.of(t)
    stability, critical = spin.thermal_stability, spin.critical_read_current
    parallel, pair = (branch_resistance(t.operating_junction, t.heavy_metal, 1, n, current) for n in (0, 1))
    disturb_read = read_disturb(stability, critical, current, t.sense.read_develop_time + DECIDE)
    # What the parallel cell of P-AP takes: the pair's voltage over its own resistance, access transistors left out.
    disturb_logic = read_disturb(stability, critical, current * pair / parallel, t.sense.logic_develop_time + DECIDE)
    highest = simulator.run(SensePath(t, cards, 1).nominal(Operation.READ).text())["v(bl1)"][0]
    headroom = t.cmos.supply - float(highest)
    margin = nominal_margin(t, cards, simulator, Operation.AND, FAN_IN)
    status, at_6_sigma = OK, float("nan")
    try:
        at_6_sigma = _six_sigma(t, cards, simulator, trials, seed, workers)
    except SpintronicsError as error:
        status = str(error)
    if headroom < HEADROOM:
        status = f"{headroom * 1e3:.0f} mV of headroom, less than {HEADROOM * 1e3:g} mV"
    elif max(disturb_read, disturb_logic) > MOST_DISTURB:
        status = f"disturb of {max(disturb_read, disturb_logic):.1e} a read, more than {MOST_DISTURB:g}"
    if headroom < 0:  # beyond the supply: what an ideal source would drive there is no figure of this circuit
        margin = at_6_sigma = float("nan")
    return ReadPoint(current, margin, at_6_sigma, headroom, disturb_read, disturb_logic, status)


def _six_sigma(
    technology: Technology, cards: ModelCards, simulator: Simulator, trials: int, seed: int, workers: int
) -> float:
    """Smaller gap of a two-cell AND at six standard deviations of the fitted tails, V."""
    solved = solve_trials(technology, cards, simulator, FAN_IN, trials, seed, workers)
    low, high = Operation.AND.boundary(FAN_IN)
    nominal = simulator.run(SensePath(technology, cards, FAN_IN).nominal(Operation.AND).text())
    reference = float(nominal["v(ref)"][0])
    gaps = (reference - solved.v_sense[:, low], solved.v_sense[:, high] - reference)
    return min(normal_tail(gap, -1, 6.0) for gap in gaps)
