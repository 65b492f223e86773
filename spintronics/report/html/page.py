"""The page itself: data of a run, put into the template beside this file."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from spintronics.report import histograms
from spintronics.report.breakdowns import of_results as breakdowns_of
from spintronics.report.columns import UNITS, heading
from spintronics.report.files import reading, write_whole
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
PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"), (1e-12, "p"))
WIDE = 8  # columns; of wider tables print shows each row as its headings and cells, so that no column is cut
INTRODUCED = ("w_bits", "i_bits", "fan_in")
"""Numbers that say what a row is of, wherever they stand."""
REMARKS = ("unit", "how", "per", "testbench", "status")
"""Words that do not say what a row is of."""
SIGNED = frozenset(name for name, sign in UNITS.items() if len(name) > 1 and name != sign)
"""Units that are written otherwise than in a column's name."""
PREFIXED = {"V": "V", "A": "A", "s": "s", "ohm": "Ω", "A/m": "A/m"}


@dataclass(frozen=True)
class Cell:
    """What stands in a table's cell; ``number`` is the whole figure in ``unit``, None for words."""

    text: str
    number: float | None
    unit: str = ""


@dataclass(frozen=True)
class Table:
    """A table as the page shows it.

    Attributes:
        columns: heading and unit of each.
        labels: of each column, whether it says what a row is of.
        numeric: of each column, whether all its cells that are not empty are numbers.
        hidden: of each column, whether it is only copied: units stand beside their numbers.
        chains: number of each cell's chain.
    """

    name: str
    columns: tuple[tuple[str, str], ...]
    labels: tuple[bool, ...]
    numeric: tuple[bool, ...]
    hidden: tuple[bool, ...]
    rows: tuple[tuple[Cell, ...], ...]
    chains: tuple[tuple[int, ...], ...]

    @property
    def wide(self) -> bool:
        """More columns than a sheet of paper is sure to hold."""
        return len(self.columns) > WIDE

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
        "breakdowns": charts.breakdowns(breakdowns_of(results).values()),
    }
    numbers: dict[tuple[Step, ...], int] = {}
    provenance = Provenance(results)
    names = sorted(tables, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))
    shown = []
    for name in (name for name in names if tables[name]):
        with reading(results.table_path(name)):
            shown.append(_table(name, tables[name], provenance, numbers))
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    steps = {step: n for n, step in enumerate(dict.fromkeys(step for chain in numbers for step in chain))}
    chains = [[steps[step] for step in chain] for chain in numbers]
    data = {**drawn, "steps": [asdict(step) for step in steps], "chains": chains}
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
        style=(HERE / "page.css").read_text(encoding="utf-8") + _print_style(shown),
        script=(HERE / "page.js").read_text(encoding="utf-8"),
        data=_for_script(data),
    )


def _for_script(data: Mapping[str, Any]) -> str:
    """JSON that can stand within a script element."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def _print_style(tables: Sequence[Table]) -> str:
    """Headings before the cells of wide tables, for print alone.

    Text is escaped wherever it is not a letter or a digit: a run's file names its columns.
    """
    lines = [
        f'  table[data-name="{_css(table.name)}"] td:nth-child({n})::before '
        f'{{ content: "{_css(" ".join(filter(None, column)))} "; }}'
        for table in tables
        if table.wide
        for n, column in enumerate(table.columns, 1)
    ]
    return "\n".join(["@media print {", *lines, "}\n"])


def _css(text: str) -> str:
    """Text within a string of CSS.

    >>> _css("sum uJ</style>")
    'sum uJ\\\\3c \\\\2f style\\\\3e '
    """
    return "".join(c if c == " " or (c.isascii() and c.isalnum()) else f"\\{ord(c):x} " for c in text)


def _table(name: str, rows: Sequence[Row], provenance: Provenance, numbers: dict[tuple[Step, ...], int]) -> Table:
    chains = (tuple(provenance.chain(name, row, number, column) for column in row) for number, row in enumerate(rows))
    labels = _labels(rows)
    return Table(
        name,
        tuple(heading(column) for column in rows[0]),
        tuple(column in labels for column in rows[0]),
        tuple(not any(isinstance(row[column], str) for row in rows) for column in rows[0]),
        tuple(column == "unit" and "value" in rows[0] for column in rows[0]),
        tuple(tuple(_cell(column, row) for column in row) for row in rows),
        tuple(tuple(numbers.setdefault(chain, len(numbers)) for chain in of_row) for of_row in chains),
    )


def _labels(rows: Sequence[Row]) -> set[str]:
    """Columns that say what a row is of: words, W:I and fan-in; then numbers, until they tell the rows apart.

    >>> sorted(_labels([{"bit": 1, "pulse_ns": w, "writes": 9, "p_fail": 0.5} for w in (1.0, 2.0)]))
    ['pulse_ns']
    """

    def told_apart(columns: set[str]) -> int:
        return len({tuple(row[column] for column in columns) for row in rows})

    words = {c for c in rows[0] if c not in REMARKS and any(isinstance(row[c], str) for row in rows)}
    found = words | {c for c in INTRODUCED if c in rows[0]}
    for column in rows[0]:
        if column not in REMARKS and told_apart(found | {column}) > told_apart(found):
            found.add(column)
    return found


def _cell(column: str, row: Row) -> Cell:
    value = row[column]
    if not isinstance(value, (int, float)):
        return Cell(value or "–", None)
    whole = isinstance(value, int) or 1e4 <= abs(value) < 1e7
    text = f"{value:,.0f}" if whole else f"{value:.4g}"
    unit = str(row.get("unit") or "") if column in ("value", "seed_value") else ""
    if unit in PREFIXED:
        return Cell(si(value, PREFIXED[unit]), value, unit)
    return Cell(f"{text} {UNITS.get(unit, unit)}", value, unit) if unit not in ("", "1") else Cell(text, value)


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
        "label": _in_signs(c.label),
        "theirs": f"{c.bound} {theirs} {suffix}".strip(),
        "ours": f"{ours} {suffix}".strip(),
        "ratio": c.ratio,
        "verdict": c.verdict,
        "table": c.table,
    }


def _in_signs(text: str) -> str:
    """Units within words as the page has them everywhere.

    >>> _in_signs("energy per image, uJ"), _in_signs("area mm2")
    ('energy per image, µJ', 'area mm²')
    """
    return " ".join(UNITS[word] if word in SIGNED else word for word in text.split(" "))


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
