"""How often the AND of each pair of bits is read wrong: from the device table, or from sense margins."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from spintronics.cards import ModelCards
from spintronics.characterize.decisions import Case, decisions
from spintronics.characterize.device_table import DeviceTable
from spintronics.characterize.sense_margin import solve_trials
from spintronics.circuits.sense_path import Operation, SensePath, check_fan_in
from spintronics.errors import InputError
from spintronics.montecarlo import Failures, failure_probability
from spintronics.networks.inference import ErrorModel
from spintronics.ngspice import Simulator
from spintronics.technology import Technology

PAIRS = ("00", "01", "10", "11")
"""(weight bit, input bit) of an AND."""


@dataclass(frozen=True)
class PairErrors:
    """Wrong readings of an AND by (weight bit, input bit), each with its 95 % interval.

    >>> none, some = failure_probability(0, 1000), failure_probability(2, 1000)
    >>> errors = PairErrors({"00": none, "01": none, "10": none, "11": some})
    >>> errors.model, mean_rate(errors.model)
    (ErrorModel(p11=0.002, p10=0.0, p01=0.0, p00=0.0), 0.0005)
    >>> round(errors.largest_high, 5)
    0.00721
    """

    pairs: Mapping[str, Failures]
    margin: Failures | None = None
    """Trials in which the AND's sense margin fails, on either side; None where none was looked at."""

    @property
    def model(self) -> ErrorModel:
        """Probabilities as counted, for a network."""
        return ErrorModel(**{f"p{pair}": self.pairs[pair].p for pair in PAIRS})

    @property
    def largest_high(self) -> float:
        """Largest of the upper limits: no pair errs more often, at 97.5 % confidence each."""
        return max(failures.high for failures in self.pairs.values())


def mean_rate(errors: ErrorModel) -> float:
    """Bit-error rate over equally likely pairs.

    >>> mean_rate(ErrorModel(p11=0.1, p10=0.1))
    0.05
    """
    return sum(errors.by_pair.values()) / 4


def table_errors(table: DeviceTable, operation: str = "AND") -> PairErrors:
    """Errors that the decisions of the whole read path found, from a device table.

    The first bit of a case is taken as the weight's; 01 and 10 are alike but for the place of the cells on the line.

    Raises:
        InputError: an entry missing, or without error probability.
    """
    found = {entry.case: entry.error for entry in table.entries if entry.action == operation}
    for pair in PAIRS:
        if found.get(pair) is None:
            raise InputError(
                f"device table of {table.technology}: {operation} {pair}: no error probability: run spintronics "
                f"characterize --only operations --only errors"
            )
    return PairErrors(
        {pair: failure_probability(e.errors, e.trials) for pair, e in found.items() if pair in PAIRS and e is not None}
    )


def require_and(fan_in: int) -> int:
    """The fan-in itself.

    Raises:
        InputError: below 2, or more cells than a bit line takes.
    """
    if fan_in < 2:
        raise InputError(f"fan_in = {fan_in}: must be 2 or more, an AND has two operands")
    return check_fan_in(fan_in)


def decision_errors(
    technology: Technology,
    cards: ModelCards,
    simulator: Simulator,
    trials: int,
    seed: int,
    workers: int,
    advance: Callable[[int], None] = lambda _: None,
) -> PairErrors:
    """Errors from decisions of the whole read path, junctions and transistors varied: what a device table holds.

    Args:
        trials: of each pair; seed: of their draw.
        workers: ngspice processes at once.
        advance: called with a number of trials as they finish.
    Raises:
        InputError: no matching coefficients in the technology.
        OperationFailed: ngspice solved none of the trials.
    """
    cases = {pair: Case(Operation.AND, (int(pair[0]), int(pair[1])), trials, seed) for pair in PAIRS}
    return PairErrors(
        {pair: decisions(technology, cards, simulator, case, workers, advance).errors for pair, case in cases.items()}
    )


def margin_errors(
    technology: Technology,
    cards: ModelCards,
    simulator: Simulator,
    fan_in: int,
    trials: int,
    seed: int,
    workers: int,
    advance: Callable[[int], None] = lambda _: None,
) -> PairErrors:
    """Errors from the sense margins of trials of the junctions: the reference lies on the wrong side.

    With k cells on the bit line, the k − 2 beside the pair hold '1', so that the AND of all is that of the pair, and a
    pair (w, x) leaves k − 2 + w + x antiparallel cells.  Pair 11 is wrong where V_sense ≤ V_ref, any other where
    V_sense ≥ V_ref.  01 and 10 have one antiparallel cell each and the same probability.  The latch is ideal here: its
    offset is in the device table's errors.

    Args:
        fan_in: cells on the bit line, 2 or more.
        trials: of the junctions; seed: of their draw.
        workers: ngspice processes at once.
        advance: called with a number of trials as they finish.
    Raises:
        InputError: as `require_and`.
        OperationFailed: the read current source could not drive the bit line.
    """
    solved = solve_trials(technology, cards, simulator, require_and(fan_in), trials, seed, workers, advance).v_solved
    nominal = simulator.run(SensePath(technology, cards, fan_in).nominal(Operation.AND).text())
    reference = float(nominal["v(ref)"][0])
    pairs = {}
    for pair in PAIRS:
        v_sense = solved[:, fan_in - 2 + pair.count("1")]
        wrong = v_sense <= reference if pair == "11" else v_sense >= reference
        pairs[pair] = failure_probability(int(wrong.sum()), len(wrong))
    failed = (solved[:, fan_in - 1] >= reference) | (solved[:, fan_in] <= reference)
    return PairErrors(pairs, failure_probability(int(failed.sum()), len(failed)))
