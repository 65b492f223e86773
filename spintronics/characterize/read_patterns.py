"""Truth tables with the worst that surrounds a read: stored pattern, idle lines, place on the bit line."""

from dataclasses import dataclass
from itertools import product
from typing import get_args

from spintronics.cards import ModelCards
from spintronics.characterize.device_table import OK, OperationFailed
from spintronics.characterize.operations import OperationResult, sensed
from spintronics.circuits.read_bench import NOMINAL, Place, Surroundings
from spintronics.ngspice import Simulator
from spintronics.technology import Technology

PATTERNS = tuple(Surroundings(*each) for each in product((0, 1), get_args(Place), (True, False)))
"""Unselected rows all P or all AP; cells near, in the middle or far; idle lines grounded or floating."""


@dataclass(frozen=True)
class PatternMargin:
    """One operation's whole truth table in one pattern.

    Attributes:
        developed: smallest gap of any row in the right direction when the latch is clocked, V; negative where a row
            stands on the wrong side of its reference.
        energy: mean over the rows, J; None where a row failed.
        status: ``ok`` where every row gives the right result, or the first reason.
    """

    operation: str
    around: Surroundings
    developed: float
    energy: float | None
    status: str


def pattern_margins(
    technology: Technology,
    cards: ModelCards,
    simulator: Simulator,
    workers: int,
    patterns: tuple[Surroundings, ...] = PATTERNS,
) -> list[PatternMargin]:
    """Truth tables of read, AND, OR and XOR in every pattern, pattern by pattern.

    NAND and NOR have the margins of AND and OR: they are the same decision's other output, and fail with them.
    """
    margins = []
    for around in patterns:
        rows = sensed(technology, cards, simulator, around, workers)
        margins += [_margin(rows, operation, around) for operation in ("read", "AND", "OR", "XOR")]
    return margins


def worst_pattern(margins: list[PatternMargin], operation: str) -> tuple[PatternMargin, PatternMargin]:
    """The nominal pattern's margin of an operation, and the smallest of all its patterns.

    Raises:
        OperationFailed: a row of the operation has no margin, the simulator having failed.
    """
    own = [margin for margin in margins if margin.operation == operation]
    for margin in own:
        if margin.developed != margin.developed:
            raise OperationFailed(f"{operation} in {margin.around}: {margin.status}")
    nominal = next(margin for margin in own if margin.around == NOMINAL)
    return nominal, min(own, key=lambda margin: margin.developed)


def source_line_rise(current: float, resistance: float, columns: int) -> float:
    """How far the middle of a source line along the row rises above ground when every column reads, V.

        V = I r n² / 8        (n columns between two grounded ends, the current spread evenly)

    With a source line along each row, or along each column with straps, this is the only wire that carries read current
    of more than one column: bit lines are a column's own, word lines end at gates.  A column's read current is its
    source's, whatever is stored, so that the rise of a read is the same for all data; in AND and OR the two rows share
    it by their cells' resistances.

    Args:
        current: into the line from each column, A.
        resistance: of the line, Ω per column.
        columns: n, between straps to ground.

    >>> f"{source_line_rise(10e-6, 2.46, 18) * 1e3:.2f} mV"
    '1.00 mV'
    """
    return current * resistance * columns**2 / 8


def _margin(rows: list[OperationResult], operation: str, around: Surroundings) -> PatternMargin:
    sharing = {"AND": ("AND", "NAND"), "OR": ("OR", "NOR")}.get(operation, (operation,))
    statuses = [row.status for row in rows if row.operation in sharing]
    own = [row for row in rows if row.operation == operation]
    costs = [row.cost.energy for row in own if row.cost]
    return PatternMargin(
        operation,
        around,
        min(row.margin for row in own),
        sum(costs) / len(costs) if len(costs) == len(own) else None,
        next((status for status in statuses if status != OK), OK),
    )
