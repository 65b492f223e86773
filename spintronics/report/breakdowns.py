"""What totals are made of: energy, area and AND operations by part, from a run's tables."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from spintronics.report.files import reading
from spintronics.report.results import Results
from spintronics.report.rows import Row

Bars = Mapping[str, Mapping[str, Mapping[str, float]]]
"""Values by group (network and convention), bar (W:I, an operation) and part (component, layer)."""


MOST_GROUPS = 8  # panels of a figure


@dataclass(frozen=True)
class Breakdown:
    """One quantity by parts, in ``unit``."""

    title: str
    unit: str
    bars: Bars

    @property
    def on_paper(self) -> Bars:
        """The bars that fit on a figure: of many groups the first of each network."""
        if len(self.bars) <= MOST_GROUPS:
            return self.bars
        first = {group.partition(" ")[0]: group for group in reversed(list(self.bars))}
        return {group: bars for group, bars in self.bars.items() if group in first.values()}


def breakdowns(tables: Mapping[str, Sequence[Row]]) -> dict[str, Breakdown]:
    """Break-downs by name, those that the tables hold.

    >>> rows = [{"operation": "AND", "inputs": "01", "contributor": "clock", "energy_fJ": 2.5}]
    >>> breakdowns({"energy_by_contributor": rows})["contributors"].bars
    {'every operation and input': {'AND 01': {'clock': 2.5}}}
    """
    found = {name: Breakdown(title, unit, bars(tables.get(table, ()))) for name, title, unit, table, bars in _KNOWN}
    return {name: breakdown for name, breakdown in found.items() if breakdown.bars}


def of_results(results: Results) -> dict[str, Breakdown]:
    """Break-downs of a run by name, those that its tables hold.

    Raises:
        InputError: a table that cannot be read, or is without a column that it needs.
    """
    return {name: breakdown_of(results, name) for name, table in TABLES.items() if table in results.table_names}


def breakdown_of(results: Results, name: str) -> Breakdown:
    """One break-down of a run, by its name in :data:`TABLES`; no other table is read.

    Raises:
        InputError: its table is missing, cannot be read, or is without a column that it needs.
    """
    with reading(results.table_path(TABLES[name])):
        return breakdowns({TABLES[name]: results.table(TABLES[name])})[name]


def _place(row: Row) -> tuple[str, str]:
    """Group and bar of a network's row."""
    return f"{row['network']}, first layer {row['first_layer']}", f"{row['w_bits']}:{row['i_bits']}"


def _components(rows: Iterable[Row]) -> Bars:
    """A bar for each configuration."""
    bars: dict[str, dict[str, Mapping[str, float]]] = {}
    for row in rows:
        group, bar = _place(row)
        bars.setdefault(group, {})[bar] = _energies(row)
    return bars


def _components_by_layer(rows: Iterable[Row]) -> Bars:
    """A bar for each layer of each configuration."""
    bars: dict[str, dict[str, Mapping[str, float]]] = {}
    for row in rows:
        group, bits = _place(row)
        network, _, convention = group.partition(",")
        bars.setdefault(f"{network} {bits},{convention}", {})[str(row["layer"])] = _energies(row)
    return bars


def _energies(row: Row) -> dict[str, float]:
    """A part for each column of energies up to the total."""
    names = list(row)
    parts = (name for name in names[: names.index("total_uJ")] if name.endswith("_uJ"))
    return {n.removesuffix("_uJ").replace("_", " "): _number(row[n]) for n in parts}


def _layers(column: str) -> Callable[[Iterable[Row]], Bars]:
    """A part for each row of one layer."""

    def bars_of(rows: Iterable[Row]) -> Bars:
        bars: dict[str, dict[str, dict[str, float]]] = {}
        for row in rows:
            group, bar = _place(row)
            bars.setdefault(group, {}).setdefault(bar, {})[str(row["layer"])] = _number(row[column])
        return bars

    return bars_of


def _blocks(rows: Iterable[Row]) -> Bars:
    parts = {str(row["block"]): _number(row["area_um2"]) for row in rows}
    return {"one sub-array": {"sub-array": parts}} if parts else {}


def _contributors(rows: Iterable[Row]) -> Bars:
    bars: dict[str, dict[str, float]] = {}
    for row in rows:
        parts = bars.setdefault(f"{row['operation']} {row['inputs']}", {})
        parts[str(row["contributor"])] = _number(row["energy_fJ"])
    return {"every operation and input": bars} if bars else {}


def _number(value: str | int | float | None) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0


_KNOWN: tuple[tuple[str, str, str, str, Callable[[Iterable[Row]], Bars]], ...] = (
    ("energy", "energy by component", "µJ per image", "energy", _components),
    ("energy-by-layer", "energy by layer and component", "µJ per image", "energy_by_layer", _components_by_layer),
    ("and-operations", "AND operations by layer", "operations", "and_operations", _layers("and_operations")),
    ("area-by-layer", "area by layer", "mm²", "area_by_layer", _layers("area_mm2")),
    ("area", "area of a sub-array by block", "µm²", "area", _blocks),
    ("contributors", "energy of an operation by contributor", "fJ", "energy_by_contributor", _contributors),
)
"""Name, title, unit, table, and how its rows are read."""
TABLES: Mapping[str, str] = {name: table for name, _, _, table, _ in _KNOWN}
"""Which table each is of."""
