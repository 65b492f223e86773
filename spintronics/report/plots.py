"""Figures from a run's data, for a screen or for a two-column paper."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import cycle
from math import ceil
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, StrMethodFormatter

from spintronics.errors import InputError
from spintronics.report.breakdowns import Breakdown
from spintronics.report.figures import COLOURS, STYLE, look
from spintronics.report.files import whole_file
from spintronics.report.histograms import OPERATIONS, SenseHistogram

TITLES = {"read": "memory read", "OR": "OR", "AND": "AND"}
DASHES = ("-", "--", ":", "-.")  # fan-ins stay apart in grey
LINES = tuple(colour for colour in COLOURS if colour != "#F0E442")  # yellow is no colour for a line on paper


@dataclass(frozen=True)
class Style:
    """How a figure is set: width, in, and matplotlib's settings."""

    width: float
    settings: dict[Any, Any]


STYLES: Mapping[str, Style] = {
    "screen": Style(7.0, STYLE),
    "paper": Style(
        3.5,  # a column of a two-column paper
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
        figure = Drawing(figsize=(chosen_style.width, 1.9 * len(panels)), layout="constrained")
        axes = figure.subplots(len(panels), 1, squeeze=False)[:, 0]
        for panel, name in zip(axes, panels, strict=True):
            _panel(panel, name, [h for h in chosen if h.has(name)])
        axes[-1].set_xlabel("sense voltage (mV)")
    return figure


def _panel(panel: Axes, operation: str, overlaid: Sequence[SenseHistogram]) -> None:
    colours = cycle(LINES)
    panel.margins(x=0.01)
    for n, (h, dash) in enumerate(zip(overlaid, cycle(DASHES), strict=False)):
        edges = h.edges * 1e3
        width = float(edges[1] - edges[0])
        for state, counts in h.counts.items():
            colour = next(colours)
            panel.stairs(counts / width, edges, color=colour, linestyle=dash, label=state)
            if n == 0:
                panel.stairs(counts / width, edges, color=colour, fill=True, alpha=0.35)
        for r in h.references:
            if r.operation == operation:
                words = f"{h.fan_in}: {r.nominal * 1e3:.1f} mV" if len(overlaid) > 1 else ""
                _mark(panel, r.voltage * 1e3, words, dash, n)
    panel.set_ylim(bottom=0)
    panel.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    panel.set_title(TITLES[operation] + _margin(operation, overlaid), loc="left")
    panel.set_ylabel("trials per mV")
    panel.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), title="cells", handlelength=1.2)


def _mark(panel: Axes, voltage: float, text: str, dash: str, line: int) -> None:
    """A reference, its words on a line of their own: references of several fan-ins are close together."""
    panel.axvline(voltage, color="black", linewidth=0.8, linestyle=dash if dash != "-" else (0, (5, 3)))
    panel.annotate(
        text,
        (voltage, 0.98 - 0.11 * line),
        xycoords=("data", "axes fraction"),
        xytext=(2, 0),
        textcoords="offset points",
        va="top",
    )


def _margin(operation: str, overlaid: Sequence[SenseHistogram]) -> str:
    """What a title says of one fan-in's margin; nothing where there are several."""
    if len(overlaid) > 1:
        return ""
    [r] = [r for r in overlaid[0].references if r.operation == operation]
    worst = f"{r.worst * 1e3:.2f}".replace("-", "−")
    return f": margin {r.nominal * 1e3:.1f} mV, worst {worst} mV\n{r.failures} of {r.trials:,} trials fail"


def breakdown(found: Breakdown, style: str = "screen") -> Drawing:
    """Stacked bars, a panel for each group that fits; colours and hatches tell the parts.

    Raises:
        InputError: no such style.
    """
    chosen = style_of(style)
    with mpl.rc_context(chosen.settings):
        shown = found.on_paper
        longest = max(len(bars) for bars in shown.values())
        names = list(dict.fromkeys(name for bars in shown.values() for parts in bars.values() for name in parts))
        entry = 4 + max(map(len, names))  # in letters of half the font's height, with its handle
        columns = max(1, int(chosen.width * 72 / (entry * 0.6 * chosen.settings["font.size"])))
        legend = 0.2 * ceil(len(names) / columns)
        height = sum(0.6 + 0.17 * len(bars) for bars in shown.values()) + 0.6 + legend
        figure = Drawing(figsize=(chosen.width, height), layout="constrained")
        sizes = [max(len(bars), longest / 8) for bars in shown.values()]
        axes = figure.subplots(len(shown), 1, squeeze=False, height_ratios=sizes)[:, 0]
        for panel, (group, bars) in zip(axes, shown.items(), strict=True):
            base = np.zeros(len(bars))
            for n, name in enumerate(names):
                lengths = np.array([parts.get(name, 0.0) for parts in bars.values()])
                if lengths.any():
                    panel.barh(list(bars), lengths, left=base, label=name, **look(n))
                base += lengths
            panel.invert_yaxis()
            panel.set_title(group, loc="left")
            if found.unit == "operations":
                panel.xaxis.set_major_formatter(EngFormatter(sep=""))
        axes[-1].set_xlabel(f"{found.title} ({found.unit})")
        handles = {label: handle for a in axes for handle, label in zip(*a.get_legend_handles_labels(), strict=True)}
        figure.legend(handles.values(), handles, loc="outside lower center", ncols=columns)
    return figure
