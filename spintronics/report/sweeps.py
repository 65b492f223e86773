"""Results of a sweep: one tidy table of everything, the trade-off between objectives, and its figure."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Self

import numpy as np

from spintronics.errors import InputError
from spintronics.report.rows import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Numbers that say which row it is, not what was found.
_LABELS = {"fan_in", "bit", "w_bits", "i_bits", "trial", "p_fail_at_most", "tmr", "sigma_ra"}
_OBJECTIVE = re.compile(r"(min|max) (\w+)\.(\w+)(?:\[(\w+)=([^\]]+)\])?")


@dataclass(frozen=True)
class Point:
    """One point of a sweep.

    Attributes:
        settings: value by swept key, as text.
        results: its run's tables; those that were written where it failed in part, none where it failed.
        status: ``"ok"`` or what failed and why.
        decks_run, decks_reused: how many ngspice ran, and how many results were there already.
    """

    settings: Mapping[str, str]
    results: Mapping[str, Sequence[Row]]
    status: str
    decks_run: int
    decks_reused: int


@dataclass(frozen=True)
class Objective:
    """A column to make small or large: ``"min operations.energy_fJ[operation=AND]"``.

    Where several rows are left, the worst of them counts.
    """

    sign: int
    table: str
    column: str
    label: str | None
    wanted: str | None

    @classmethod
    def parse(cls, text: str) -> Self:
        """From its text.

        Raises:
            InputError: not of that form.

        >>> Objective.parse("max sense_margin.nominal_margin_mV").name
        'sense_margin.nominal_margin_mV'
        """
        found = _OBJECTIVE.fullmatch(text.strip())
        if not found:
            raise InputError(
                f"objective {text!r}: write min or max, table.column and which rows, such as "
                '"min operations.energy_fJ[operation=AND]"'
            )
        return cls(-1 if found[1] == "min" else 1, found[2], found[3], found[4], found[5])

    @property
    def name(self) -> str:
        """Column name in tables."""
        return f"{self.table}.{self.column}" + (f"[{self.label}={self.wanted}]" if self.label else "")

    def require_table(self, experiment: str, names: Collection[str]) -> None:
        """Known before anything is run.

        Raises:
            InputError: an experiment that writes no such table.
        """
        if self.table not in names:
            meant = get_close_matches(self.table, names, 1)
            hint = f"did you mean {meant[0]}? " if meant else ""
            raise InputError(
                f"objective {self.name}: experiment {experiment} has no table {self.table}; {hint}"
                f"there are: {', '.join(sorted(names))}"
            )

    def require_value(self, point: Point) -> None:
        """Known from the first point that did not fail.

        Raises:
            InputError: no such table, column or row.
        """
        rows = point.results.get(self.table)
        if rows is None:
            raise InputError(f"objective {self.name}: no such table; there are: {', '.join(point.results)}")
        if self.value(point) is None:
            columns = f"columns are: {', '.join(rows[0])}" if rows else f"table {self.table} is empty"
            raise InputError(f"objective {self.name}: no number there; {columns}")

    def value(self, point: Point) -> float | None:
        """The worst of its rows; None where the point has none, as one that failed."""
        rows = point.results.get(self.table, ())
        chosen = [row for row in rows if self.label is None or str(row.get(self.label)) == self.wanted]
        values = [row.get(self.column) for row in chosen]
        numbers = [float(value) for value in values if isinstance(value, (int, float)) and value == value]
        if not numbers:
            return None
        return max(numbers) if self.sign < 0 else min(numbers)


def tidy(points: Sequence[Point]) -> list[Row]:
    """One row per point, table, case and quantity."""
    rows: list[Row] = []
    for number, point in enumerate(points):
        for table, entries in point.results.items():
            for entry in entries:
                labels = {k: v for k, v in entry.items() if isinstance(v, str) or (k in _LABELS and v is not None)}
                case = "; ".join(f"{key}={value}" for key, value in labels.items())
                rows += [
                    {"point": number, **point.settings, "table": table, "case": case, "quantity": key, "value": value}
                    for key, value in entry.items()
                    if key not in labels and value is not None
                ]
    return rows


def points_table(points: Sequence[Point], objectives: Sequence[Objective]) -> list[Row]:
    """One row per point: its settings, objectives, whether it is on the front, and what it took."""
    on_front = front(points, objectives)
    return [
        {
            "point": number,
            **point.settings,
            **{objective.name: objective.value(point) for objective in objectives},
            **({"on_front": "yes" if on_front[number] else "no"} if objectives else {}),
            "decks_run": point.decks_run,
            "decks_reused": point.decks_reused,
            "status": point.status,
        }
        for number, point in enumerate(points)
    ]


def front(points: Sequence[Point], objectives: Sequence[Objective]) -> list[bool]:
    """Whether no other point is as good in every objective and better in one.

    >>> held = [Point({}, {"t": [{"a": a, "b": b}]}, "ok", 1, 0) for a, b in ((1, 1), (2, 3), (3, 2), (2, 2))]
    >>> front(held, [Objective.parse("min t.a"), Objective.parse("max t.b")])
    [True, True, False, False]
    """
    values = [[o.value(point) for o in objectives] for point in points]
    scores = np.array(
        [[np.nan if v is None else o.sign * v for o, v in zip(objectives, row, strict=True)] for row in values]
    )
    scores = scores.reshape(len(points), len(objectives))
    valid = np.isfinite(scores).all(axis=1)
    return [
        bool(valid[n] and not ((scores >= scores[n]).all(axis=1) & (scores > scores[n]).any(axis=1)).any())
        for n in range(len(points))
    ]


def pareto(points: Sequence[Point], objectives: Sequence[Objective]) -> "Figure":
    """The first two objectives against each other: every point by its number, the front as a line."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    from spintronics.report.figures import COLOURS, STYLE

    across, up = objectives[:2]
    on_front = front(points, objectives)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(5.0, 3.6), layout="constrained")
        panel = figure.subplots()
        for chosen, marker, colour, label in ((False, "o", "grey", "beaten"), (True, "D", COLOURS[0], "front")):
            found = sorted(
                (x, y, n)
                for n, p in enumerate(points)
                if on_front[n] is chosen and (x := across.value(p)) is not None and (y := up.value(p)) is not None
            )
            line = "-" if chosen and len(objectives) == 2 else ""
            panel.plot([x for x, _, _ in found], [y for _, y, _ in found], marker + line, color=colour, label=label)
            for x, y, number in found:
                panel.annotate(str(number), (x, y), xytext=(4, 4), textcoords="offset points", fontsize=7)
        panel.set_xlabel(f"{across.name} ({'min' if across.sign < 0 else 'max'})")
        panel.set_ylabel(f"{up.name} ({'min' if up.sign < 0 else 'max'})")
        panel.legend(fontsize=7)
    return figure
