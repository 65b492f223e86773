"""The page itself: data of a run, put into the template beside this file."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from spintronics.report import histograms
from spintronics.report.breakdowns import breakdowns
from spintronics.report.files import write_whole
from spintronics.report.html import charts
from spintronics.report.html.provenance import Provenance, Step
from spintronics.report.html.summary import AGREES, NEAR, Compared, compared
from spintronics.report.results import Results
from spintronics.report.rows import Row
from spintronics.technology import Technology, unit_of_key

HERE = Path(__file__).parent
ORDER = ("device", "operations", "sense_margin", "device_table", "energy", "comparison", "claims")
"""Tables that come first; the others follow as the run wrote them."""
DRAWN = {
    "histograms": ("sense_margin",),
    "waveforms": ("sense_waveforms", "write_waveforms"),
    "breakdowns": ("energy", "area"),
}
"""Figures that the page draws itself, by the chart in their place."""
UNITS = {name: name for name in ("fJ", "pJ", "ns", "ms", "mV", "nW", "MiB", "ps", "mm", "mW", "V", "A")} | {
    "uJ": "µJ",
    "uW": "µW",
    "uA": "µA",
    "um2": "µm²",
    "mm2": "mm²",
    "ohm": "Ω",
    "C": "°C",
}
"""Units by the ending of a column's name."""
PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"), (1e-12, "p"))
PREFIXED = {"V": "V", "A": "A", "s": "s", "ohm": "Ω", "A/m": "A/m"}


@dataclass(frozen=True)
class Cell:
    """What stands in a table's cell; ``number`` is the whole figure, None for words."""

    text: str
    number: float | None


@dataclass(frozen=True)
class Table:
    """A table as the page shows it: heading and unit of each column, cells, number of each row's chain."""

    name: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[Cell, ...], ...]
    chains: tuple[int, ...]

    @property
    def title(self) -> str:
        """The name in words."""
        return self.name.replace("_", " ")


def write_page(results: Results, path: Path) -> None:
    """Write :func:`page_of` whole or not at all."""
    write_whole(path, page_of(results))


def page_of(results: Results) -> str:
    """One HTML file without anything outside it; the same results give the same text.

    Raises:
        InputError: a table or a trial file of the run cannot be read.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    tables = results.tables()
    drawn = {
        "histograms": charts.histograms(histograms.of_results(results)),
        "waveforms": charts.waveforms(results),
        "breakdowns": charts.breakdowns(breakdowns(tables).values()),
    }
    numbers: dict[tuple[Step, ...], int] = {}
    provenance = Provenance(results)
    names = sorted(tables, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))
    shown = [_table(name, tables[name], provenance, numbers) for name in names if tables[name]]
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    data = {**drawn, "chains": [[asdict(step) for step in chain] for chain in numbers]}
    return environment.get_template("page.html.j2").render(
        results=results,
        manifest=results.manifest,
        summary=[_summarized(c, tables) for c in compared(tables)],
        agrees=AGREES,
        near=NEAR,
        tables=shown,
        drawn=drawn,
        figures=_figures(results, drawn),
        keys=_keys(results),
        headline=_headline(results),
        style=(HERE / "page.css").read_text(encoding="utf-8"),
        script=(HERE / "page.js").read_text(encoding="utf-8"),
        data=_for_script(data),
    )


def _for_script(data: Mapping[str, Any]) -> str:
    """JSON that can stand within a script element."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def _table(name: str, rows: Sequence[Row], provenance: Provenance, numbers: dict[tuple[Step, ...], int]) -> Table:
    chains = (provenance.chain(name, row, number) for number, row in enumerate(rows))
    return Table(
        name,
        tuple(heading(column) for column in rows[0]),
        tuple(tuple(_cell(column, row) for column in row) for row in rows),
        tuple(numbers.setdefault(chain, len(numbers)) for chain in chains),
    )


def heading(column: str) -> tuple[str, str]:
    """Words and unit of a column's name.

    >>> heading("nominal_margin_mV"), heading("fan_in")
    (('nominal margin', 'mV'), ('fan in', ''))
    """
    words, _, last = column.rpartition("_")
    return (words.replace("_", " "), UNITS[last]) if words and last in UNITS else (column.replace("_", " "), "")


def _cell(column: str, row: Row) -> Cell:
    value = row[column]
    if not isinstance(value, (int, float)):
        return Cell(value or "–", None)
    unit = row.get("unit")
    if column in ("value", "seed_value") and unit in PREFIXED:
        return Cell(si(value, PREFIXED[str(unit)]), value)
    whole = isinstance(value, int) or 1e4 <= abs(value) < 1e7
    return Cell(f"{value:,.0f}" if whole else f"{value:.4g}", value)


def si(value: float, unit: str) -> str:
    """A quantity with an SI prefix.

    >>> si(1.2e-4, "A"), si(7483.8, "Ω"), si(0.0, "V")
    ('120 µA', '7.484 kΩ', '0 V')
    """
    scale, prefix = next(((s, p) for s, p in PREFIXES if abs(value) >= s), (1.0, "") if value == 0 else PREFIXES[-1])
    return f"{value / scale:.4g} {prefix}{unit}"


def _summarized(c: Compared, tables: Mapping[str, Sequence[Row]]) -> dict[str, Any]:
    row = tables[c.table][c.row]
    unit = str(row.get("unit") or "")
    theirs, ours = (si(v, PREFIXED[unit]) if unit in PREFIXED else f"{v:.4g}" for v in (c.theirs, c.ours))
    suffix = heading(c.column)[1]
    return {
        "label": c.label,
        "theirs": f"{c.bound} {theirs} {suffix}".strip(),
        "ours": f"{ours} {suffix}".strip(),
        "ratio": c.ratio,
        "verdict": c.verdict,
        "table": c.table,
    }


def _figures(results: Results, drawn: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Name and data URI of each figure that the page does not draw itself."""
    skipped = {name for chart, names in DRAWN.items() for name in names if _has(drawn[chart])}
    files = results.files("figures", ".svg")
    if _has(drawn["breakdowns"]):
        files = [name for name in files if "and_operations" not in name]
    return [
        (
            Path(name).stem.replace("_", " "),
            f"data:image/svg+xml;base64,{base64.b64encode((results.folder / name).read_bytes()).decode()}",
        )
        for name in files
        if Path(name).stem not in skipped
    ]


def _has(chart: Any) -> bool:
    return bool(chart["panels"] if isinstance(chart, dict) else chart)


def _headline(results: Results) -> str:
    """What was run with what, as far as the manifest says."""
    m = results.manifest
    pipeline = m.get("pipeline", {})
    parts = (
        f"technology {m['technology']['name']}" if "technology" in m else "",
        f"ngspice {m['versions']['ngspice']}" if "ngspice" in m["versions"] else "",
        f"seed {pipeline['seed']}" if "seed" in pipeline else "",
        f"{pipeline['trials']:,} trials" if pipeline.get("trials") else "",
    )
    return ", ".join([f"Experiment {results.experiment}", *filter(None, parts)])


def _keys(results: Results) -> list[tuple[str, str, str]]:
    """Key, value and source of everything in the technology; nothing where there is none."""
    technology, sources = results.manifest.get("technology", {}), results.manifest.get("technology_sources", {})
    found = []
    for key, source in sources.items():
        section, _, name = key.partition(".")
        value = (technology.get(section) or {}).get(name)
        unit = unit_of_key(key) if section in Technology.model_fields else ""
        shown = f"{value:.6g} {unit}".strip() if isinstance(value, float) else str(value)
        found.append((key, shown, source))
    return found
