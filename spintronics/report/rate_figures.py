"""Figures of margins and failure probabilities against fan-in."""

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from spintronics.characterize.fan_in import Corner, FanInMargin
from spintronics.report.figures import COLOURS, STYLE

LOWEST = 1e-12  # failure probability at the foot of the figures


def fan_in(margins: Sequence[FanInMargin], targets: Sequence[float]) -> Figure:
    """Nominal margin and failure probability against fan-in, with 95 % intervals and the target error rates."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.0, 3.2), layout="constrained")
        margin, rate = figure.subplots(1, 2)
        for n, operation in enumerate(dict.fromkeys(m.operation for m in margins)):
            chosen = [m for m in margins if m.operation is operation]
            line: dict[str, Any] = {"color": COLOURS[n], "marker": "os^"[n], "label": operation.value}
            margin.plot([m.fan_in for m in chosen], [m.nominal * 1e3 for m in chosen], **line)
            shown = [(m.fan_in, m.rare) for m in chosen if m.rare]
            bars = [[r.p - r.low for _, r in shown], [r.high - r.p for _, r in shown]]
            rate.errorbar([k for k, _ in shown], [r.p for _, r in shown], bars, capsize=2, **line)
        for target in targets:
            rate.axhline(target, color="grey", linewidth=0.8, linestyle=":")
        rate.set_yscale("log")
        rate.set_ylim(LOWEST, 1)
        rate.set_ylabel("failure probability")
        margin.set_ylabel("nominal sense margin (mV)")
        margin.set_ylim(bottom=0)
        margin.legend()
        for panel in (margin, rate):
            panel.set_xlabel("fan-in (cells on the bit line)")
            panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


def fan_in_corners(corners: Sequence[Corner], targets: Sequence[float]) -> Figure:
    """Failure probability against fan-in, a column per TMR, a line per spread of RA, a row per operation."""
    tmrs = list(dict.fromkeys(c.tmr for c in corners))
    sigmas = list(dict.fromkeys(c.sigma_ra for c in corners))
    operations = list(dict.fromkeys(m.operation for c in corners for m in c.margins))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(2.3 * len(tmrs) + 0.6, 2.2 * len(operations)), layout="constrained")
        panels = figure.subplots(len(operations), len(tmrs), squeeze=False, sharex=True, sharey=True)
        for row, operation in zip(panels, operations, strict=True):
            for panel, tmr in zip(row, tmrs, strict=True):
                for corner in (c for c in corners if c.tmr == tmr):
                    chosen = [(m.fan_in, m.p) for m in corner.margins if m.operation is operation and m.p > 0]
                    colour = COLOURS[sigmas.index(corner.sigma_ra) % len(COLOURS)]
                    xs, ys = [k for k, _ in chosen], [p for _, p in chosen]
                    panel.plot(xs, ys, "o-", color=colour, markersize=3, label=f"{corner.sigma_ra:.0%}")
                for target in targets:
                    panel.axhline(target, color="grey", linewidth=0.8, linestyle=":")
            row[0].set_ylabel(f"{operation.value}\nfailure probability")
        for panel, tmr in zip(panels[0], tmrs, strict=True):
            panel.set_title(f"TMR {tmr:.0%}", fontsize=8)
        panels[0, 0].xaxis.set_major_locator(MaxNLocator(integer=True))
        panels[0, 0].set_yscale("log")
        panels[0, 0].set_ylim(LOWEST, 1)
        panels[0, -1].legend(title="σ of RA", loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=7)
        figure.supxlabel("fan-in (cells on the bit line)", fontsize=9)
    return figure
