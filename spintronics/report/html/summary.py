"""The slides' figures beside a run's, with a verdict each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from spintronics.report.rows import Row

AGREES, NEAR = 0.05, 0.25  # of the slides' figure; stated on the page
COMPARED = ("device", "storage", "claims", "comparison", "complexity", "accuracy")
"""Tables whose figures are summed up; others repeat them by configuration."""
BOUNDS: Mapping[str, Literal["at most", "at least"]] = {"up to": "at most", "more than": "at least"}
"""What the slides say where they give a bound, as a row's remark has it."""
NOT_LABELS = ("unit", "how", "remark")
Verdict = Literal["agrees", "near", "differs", "within the bound", "beyond the bound"]


@dataclass(frozen=True)
class Compared:
    """One figure of the slides and ours; both in the table's unit."""

    table: str
    row: int
    column: str
    label: str
    theirs: float
    ours: float
    bound: str
    verdict: Verdict

    @property
    def ratio(self) -> float:
        """Ours over theirs."""
        return self.ours / self.theirs


def verdict(ours: float, theirs: float, bound: str = "") -> Verdict:
    """How a figure stands to the slides'.

    >>> verdict(1.04, 1.0), verdict(0.8, 1.0), verdict(3.0, 1.0), verdict(0.9, 0.65, "at most")
    ('agrees', 'near', 'differs', 'beyond the bound')
    """
    if bound:
        within = ours <= theirs if bound == "at most" else ours >= theirs
        return "within the bound" if within else "beyond the bound"
    away = abs(ours / theirs - 1)
    return "agrees" if away <= AGREES else "near" if away <= NEAR else "differs"


def compared(tables: Mapping[str, Sequence[Row]]) -> list[Compared]:
    """Every figure that stands in a ``seed_…`` column, beside the column of ours."""
    found = []
    for table in COMPARED:
        for number, row in enumerate(tables.get(table, ())):
            for column in row:
                ours = _ours(column)
                theirs, value = row[column], row.get(ours) if ours else None
                if isinstance(theirs, (int, float)) and isinstance(value, (int, float)) and theirs:
                    bound = _bound(row)
                    label = _label(row, ours)
                    found.append(
                        Compared(table, number, ours, label, theirs, value, bound, verdict(value, theirs, bound))
                    )
    return found


def _ours(column: str) -> str:
    """Column of our figure for one of theirs; empty for any other column."""
    return "ours" if column == "seed" else column.removeprefix("seed_") if column.startswith("seed_") else ""


def _bound(row: Row) -> str:
    remark = str(row.get("remark") or "")
    return next((bound for words, bound in BOUNDS.items() if remark.endswith(f"slides: {words}")), "")


def _label(row: Row, ours: str) -> str:
    """What the row is of: what stands before its figures, and the figure where the row has several."""
    words = [str(value) for column, value in row.items() if isinstance(value, str) and column not in NOT_LABELS]
    remark = str(row.get("remark") or "").split(";")[0].split(":")[0]
    if remark != "slides":
        words.append(remark)
    bits = ("w_bits", "i_bits")
    if all(isinstance(row.get(name), int) for name in bits):
        words.append(":".join(str(row[name]) for name in bits))
    several = sum(column.startswith("seed") for column in row) > 1
    return ", ".join([*filter(None, words), *([ours.replace("_", " ")] if several else [])])
