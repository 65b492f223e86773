"""Figures from a run's data, for a screen or for a two-column paper."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from io import StringIO
from itertools import count, cycle
from math import ceil
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, StrMethodFormatter

from spintronics.errors import InputError
from spintronics.report import breakdowns
from spintronics.report.breakdowns import Breakdown
from spintronics.report.figures import COLOURS, STYLE, look, settle
from spintronics.report.files import whole_file
from spintronics.report.histograms import OPERATIONS, SenseHistogram, of_results
from spintronics.report.results import Results

SENSE_MARGIN = "sense-margin"
TABLES: Mapping[str, str] = {SENSE_MARGIN: "sense_margin", **breakdowns.TABLES}
"""Table of a run that each figure is drawn from, by the figure's name."""
TITLES = {"read": "memory read", "OR": "OR", "AND": "AND"}
_ASKED = {"memory": "read", "read": "read", "or": "OR", "and": "AND"}
TALLEST = 8.0  # in, of a figure: a page has 9 of text, and the caption goes below
BAR = 0.17  # in, of a bar and its gap
PANEL, ROW = 1.9, 0.17  # in, of a panel of histograms, and of a line of words in it
LINES = tuple(colour for colour in COLOURS if colour != "#F0E442")  # yellow is no colour for a line on paper


@dataclass(frozen=True)
class Style:
    """How a figure is set: width and that of one with many panels, in, and matplotlib's settings."""

    width: float
    wide: float
    settings: dict[Any, Any]


STYLES: Mapping[str, Style] = {
    "screen": Style(7.0, 7.0, STYLE),
    "paper": Style(
        3.5,  # a column of a two-column paper
        7.16,  # both
        {
            **STYLE,
            "font.size": 8,
            "axes.titlesize": 8,
            "legend.fontsize": 7,
            "axes.linewidth": 0.6,
            "lines.linewidth": 0.8,
            "svg.fonttype": "none",
            "pdf.fonttype": 42,  # fonts that a publisher accepts
        },
    ),
}


class Drawing(Figure):
    """A figure that shows itself in a notebook, whether pyplot is there or not."""

    def _repr_svg_(self) -> str:
        text = StringIO()
        self.savefig(text, format="svg", metadata={"Date": None})
        return text.getvalue()


def draw(
    results: Results, name: str, operation: str | None = None, fan_in: int | None = None, style: str = "screen"
) -> Drawing:
    """A figure of a run by its name.

    Args:
        name: ``"sense-margin"``, ``"energy"``, ``"energy-by-layer"``, ``"area"``, ``"area-by-layer"``,
            ``"and-operations"`` or ``"contributors"``.
        operation: of the sense margin: ``"read"`` (or ``"memory"``), ``"OR"`` or ``"AND"`` alone.
        fan_in: of the sense margin: one alone.
        style: ``"screen"``, or ``"paper"``: a column of two, 8 pt.
    Raises:
        InputError: no such figure, style, operation or fan-in, or the run has not what it is drawn from.
    """
    style_of(style)
    if name not in TABLES:
        near = get_close_matches(name, TABLES, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"must be one of {', '.join(TABLES)}"
        raise InputError(f"plot {name}: no such figure; {hint}")
    if operation is not None and operation.lower() not in _ASKED:
        raise InputError(f"--op {operation}: must be memory, or, and")
    if name != SENSE_MARGIN and (operation, fan_in) != (None, None):
        raise InputError(f"--op and --fan-in: of {SENSE_MARGIN} alone; found plot {name}")
    table = TABLES[name]
    if not results.wrote(table):
        there = [figure for figure, of in TABLES.items() if results.wrote(of)]
        rest = f"there are: {', '.join(there)}" if there else f"a run of {results.experiment} has nothing to plot"
        raise InputError(f"plot {name}: results folder {results.folder}: no tables/{table}.csv; {rest}")
    if name == SENSE_MARGIN:
        chosen = _ASKED[operation.lower()] if operation else None
        return sense_margin(of_results(results), chosen, fan_in, style)
    return breakdown(breakdowns.breakdown_of(results, name), style)


def style_of(name: str) -> Style:
    """A style by its name.

    Raises:
        InputError: no such style.
    """
    if name not in STYLES:
        raise InputError(f"style {name!r}: must be one of {', '.join(STYLES)}")
    return STYLES[name]


def save(figure: Figure, path: Path, style: str = "screen") -> None:
    """Write a figure whole or not at all, as its suffix says: .svg, .pdf, .png.

    Raises:
        InputError: a suffix that matplotlib cannot write.
    """
    known = figure.canvas.get_supported_filetypes()
    if path.suffix.lstrip(".") not in known:
        raise InputError(f"figure {path}: must end in .svg, .pdf, .png or another of {', '.join(sorted(known))}")
    dateless = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(path.suffix)
    with whole_file(path) as aside, mpl.rc_context(style_of(style).settings):
        settle(figure)
        figure.savefig(aside, dpi=160, metadata=dateless)


def sense_margin(
    found: Sequence[SenseHistogram], operation: str | None = None, fan_in: int | None = None, style: str = "screen"
) -> Drawing:
    """Trials by sense voltage as the slides draw them: a panel for memory, OR and AND each, fan-ins over one another.

    Args:
        operation: ``"read"``, ``"OR"`` or ``"AND"`` alone.
        fan_in: one alone.
    Raises:
        InputError: no such style, or no trials of that operation and fan-in.
    """
    chosen_style = style_of(style)
    chosen = [h for h in found if fan_in in (None, h.fan_in)]
    panels = [o for o in OPERATIONS if operation in (None, o) and any(h.has(o) for h in chosen)]
    if not panels:
        there = ", ".join(f"{o} of {h.fan_in}" for o in OPERATIONS for h in found if h.has(o))
        wanted = " ".join([operation or "any operation", *([f"of {fan_in}"] if fan_in else [])])
        raise InputError(f"sense margin: no trials for {wanted}; there are: {there or 'none'}")
    with mpl.rc_context(chosen_style.settings):
        drawn = [[h for h in chosen if h.has(name)] for name in panels]
        heights = [max(PANEL + ROW * (len(o) - 1), 0.7 + ROW * sum(len(h.counts) for h in o)) for o in drawn]
        figure = Drawing(figsize=(chosen_style.width, sum(heights)), layout="constrained")
        axes = figure.subplots(len(panels), 1, squeeze=False, height_ratios=heights)[:, 0]
        for panel, name, overlaid, height in zip(axes, panels, drawn, heights, strict=True):
            _panel(panel, name, overlaid, height)
        axes[-1].set_xlabel("sense voltage (mV)")
    return figure


def dash(n: int) -> Any:
    """Pattern of the n-th line of a panel, no two alike: lines stay apart in grey.

    >>> dash(0), dash(1), dash(3)
    ('-', (0, (3.0, 1.5)), (0, (3.0, 1.5, 1.0, 1.5, 1.0, 1.5)))
    """
    if n == 0:
        return "-"
    longer, dots = divmod(n - 1, 3)
    return (0, (3.0 * (longer + 1), 1.5) + (1.0, 1.5) * dots)


def _panel(panel: Axes, operation: str, overlaid: Sequence[SenseHistogram], height: float) -> None:
    colours, dashes = cycle(LINES), map(dash, count())
    panel.margins(x=0.01)
    highest = 0.0
    for h in overlaid:
        edges = h.edges * 1e3
        width = float(edges[1] - edges[0])
        for state, counts in h.counts.items():
            colour = next(colours)
            panel.stairs(counts / width, edges, color=colour, linestyle=next(dashes), label=state)
            if h is overlaid[0]:
                panel.stairs(counts / width, edges, color=colour, fill=True, alpha=0.35)
            highest = max(highest, float(counts.max()) / width)
    marked = sorted(
        (r.voltage, h.fan_in, r.nominal) for h in overlaid for r in h.references if r.operation == operation
    )
    words = len(marked) > 1
    row = ROW / (height - 0.65) if words else 0.0  # of the axes' height, title and ticks taken off
    for n, (voltage, fan_in, nominal) in enumerate(marked):
        # Words stand right of their line and below those of the lines further left, which end above them: none is
        # crossed by a line, neither a reference's nor a histogram's.
        top = 1 - n * row
        panel.axvline(voltage * 1e3, ymax=top, color="black", linewidth=0.8, linestyle=next(dashes))
        text = f"{fan_in}: {nominal * 1e3:.1f} mV" if words else ""
        where: dict[str, Any] = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points"}
        panel.annotate(text, (voltage * 1e3, top), xytext=(2, 0), va="top", **where)
    panel.set_ylim(0, 1.05 * highest / (1 - len(marked) * row))
    panel.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    panel.set_title(TITLES[operation] + _margin(operation, overlaid), loc="left")
    panel.set_ylabel("trials per mV")
    panel.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), title="cells", handlelength=2.8)


def _margin(operation: str, overlaid: Sequence[SenseHistogram]) -> str:
    """What a title says of one fan-in's margin; nothing where there are several."""
    if len(overlaid) > 1:
        return ""
    [r] = [r for r in overlaid[0].references if r.operation == operation]
    worst = f"{r.worst * 1e3:.2f}".replace("-", "−")
    return f": margin {r.nominal * 1e3:.1f} mV, worst {worst} mV\n{r.failures} of {r.trials:,} trials fail"


def breakdown(found: Breakdown, style: str = "screen") -> Drawing:
    """Stacked bars, a panel for each group that fits; colours and hatches tell the parts.

    Panels stand in one column; where that is taller than ``TALLEST``, beside each other and as wide as the page.

    Raises:
        InputError: no such style.
    """
    chosen = style_of(style)
    size = chosen.settings["font.size"]
    with mpl.rc_context(chosen.settings):
        shown = found.on_paper
        groups = list(shown.values())
        names = list(dict.fromkeys(name for bars in shown.values() for parts in bars.values() for name in parts))
        entry = 6.5 + max(map(len, names))  # in letters, with its handle and the gap to the next
        for columns in (1, 2, 3):
            width = chosen.width if columns == 1 else chosen.wide
            entries = max(1, int(width * 72 / (entry * 0.6 * size)))
            rows = [groups[n : n + columns] for n in range(0, len(groups), columns)]
            bars_in_row = [max(map(len, row)) for row in rows]
            rest = 0.6 * len(bars_in_row) + 0.6 + 0.2 * ceil(len(names) / entries)
            pitch = min(BAR, max(TALLEST - rest, 1.0) / sum(bars_in_row))
            if pitch == BAR:
                break
        ratios = [max(bars, max(bars_in_row) / 8) for bars in bars_in_row]
        figure = Drawing(figsize=(width, min(rest + BAR * sum(bars_in_row), TALLEST)), layout="constrained")
        panels = figure.subplots(len(bars_in_row), columns, squeeze=False, height_ratios=ratios).flat
        for panel, (group, bars) in zip(panels, shown.items(), strict=False):
            base = np.zeros(len(bars))
            for n, name in enumerate(names):
                lengths = np.array([parts.get(name, 0.0) for parts in bars.values()])
                if lengths.any():
                    panel.barh(list(bars), lengths, left=base, label=name, **look(n))
                base += lengths
            panel.set_xlim(0, 1.03 * base.max() or None)  # a last part of nothing would take the margin away
            panel.set_ylim(len(bars) - 0.4, -0.6)
            panel.tick_params(axis="y", labelsize=min(size, 0.9 * pitch * 72))
            panel.set_title(group, loc="left")
            if found.unit == "operations":
                panel.xaxis.set_major_formatter(EngFormatter(sep=""))
        for panel in panels[len(shown) :]:
            panel.remove()
        for panel in panels[max(len(shown) - columns, 0) : len(shown)]:  # at the foot of each column
            panel.set_xlabel(f"{found.title} ({found.unit})")
        handles = {
            label: handle for a in figure.axes for handle, label in zip(*a.get_legend_handles_labels(), strict=True)
        }
        figure.legend(handles.values(), handles, loc="outside lower center", ncols=entries)
    return figure
