"""The figures of a run, matplotlib only, each returned and not yet saved."""

from collections.abc import Sequence
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from spintronics.accelerator import NetworkCost
from spintronics.characterize.corners import CornerResult
from spintronics.characterize.operations import OperationResult
from spintronics.characterize.writing import Writes
from spintronics.montecarlo import failure_probability

# Okabe and Ito's palette: distinct to colour-blind readers; hatching and labels carry the rest.
CORNERS = ("nominal", "ss", "ff")
SUPPLY_LINES: dict[float, Literal[":", "-", "--"]] = {0.9: ":", 1.0: "-", 1.1: "--"}
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000")
HATCHES = ("", "//", "..", "\\\\", "xx", "++", "--", "oo")  # parts stay apart in grey
STYLE: dict[Any, Any] = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "svg.hashsalt": "spintronics",  # the same run draws the same file
}


def settle(figure: Figure) -> None:
    """Leave the panels where the layout puts them, to a millionth of the figure.

    The last bits of its solver's answer depend on addresses in memory: the same run would not draw the same file.
    """
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for panel in figure.axes:
        left, bottom, width, height = panel.get_position().bounds
        panel.set_position((round(left, 6), round(bottom, 6), round(width, 6), round(height, 6)))


def look(n: int) -> dict[str, Any]:
    """Colour and hatch of the n-th part of a bar: a colour that comes again has another hatch."""
    hatch = HATCHES[(n + n // len(COLOURS)) % len(HATCHES)]
    return {"color": COLOURS[n % len(COLOURS)], "hatch": hatch, "edgecolor": "white", "linewidth": 0.3}


def write_waveforms(writes: Sequence[Writes]) -> Figure:
    """Charge current and magnetization during the writes of '0' and '1'."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.0, 3.6), layout="constrained")
        current, magnetization = figure.subplots(2, 1, sharex=True)
        for write, colour in zip(writes, COLOURS, strict=False):
            time = write.waves.x * 1e9
            label = f"write '{write.bit}'"
            current.plot(time, write.waves["i(vheavy_metal)"] * 1e6, color=colour, label=label)
            magnetization.plot(time, write.waves["v(my)"], color=colour, label=label)
        current.set_ylabel("heavy-metal\ncurrent (µA)")
        magnetization.set_ylabel("m along the easy axis\n(+1 = P, −1 = AP)")
        magnetization.set_xlabel("time (ns)")
        current.legend()
    return figure


def cell_waveforms(writes: Sequence[Writes]) -> Figure:
    """Current and magnetization of every cell and bit, each from its first thermal angle."""
    with mpl.rc_context(STYLE):
        cells = list(dict.fromkeys(w.cell for w in writes))
        figure = Figure(figsize=(7.0, 3.8), layout="constrained")
        axes = figure.subplots(2, len(cells), sharex="col", squeeze=False)
        for w in writes:
            current, magnetization = axes[:, cells.index(w.cell)]
            source = "heavy_metal" if "i(vheavy_metal)" in w.waves else "junction"
            time = w.waves.x * 1e9
            current.plot(time, w.waves[f"i(v{source})"] * 1e6, color=COLOURS[w.bit], label=f"'{w.bit}', {w.transition}")
            magnetization.plot(time, w.waves["v(my)"], color=COLOURS[w.bit])
            current.set_title(f"{w.cell}, current in the {source.replace('_', ' ')}", fontsize=8)
            magnetization.set_xlabel("time (ns)")
        axes[0, 0].set_ylabel("current (µA)")
        axes[1, 0].set_ylabel("m along the easy axis")
        axes[0, 0].legend(fontsize=7)
    return figure


def switching_time(writes: Sequence[Writes], threshold: float) -> Figure:
    """Switching time against charge current: every angle, the mean, and the instability threshold."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(5.0, 3.2), layout="constrained")
        panel = figure.subplots()
        for bit, marker in ((0, "o"), (1, "s")):
            chosen = [w for w in writes if w.bit == bit]
            for w in chosen:
                panel.plot([w.current * 1e6] * len(w.times), w.times * 1e9, ".", color=COLOURS[bit], alpha=0.3)
            means = [
                float(w.times[np.isfinite(w.times)].mean()) * 1e9 if w.failures < len(w.times) else np.nan
                for w in chosen
            ]
            currents = [w.current * 1e6 for w in chosen]
            panel.plot(currents, means, marker, linestyle="-", color=COLOURS[bit], label=f"write '{bit}', mean")
        panel.axvline(threshold * 1e6, color="black", linestyle="--", linewidth=0.9, label="instability threshold")
        panel.set_xlabel("charge current in the heavy metal (µA)")
        panel.set_ylabel("switching time (ns)")
        panel.set_ylim(bottom=0)
        panel.legend(fontsize=7)
    return figure


def write_error_rate(writes: Sequence[Writes], integrated: Sequence[tuple[int, int]], trajectories: int) -> Figure:
    """Write-error rate against pulse width, with 95 % intervals, over the LLG integrator's with the same currents."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(5.0, 3.2), layout="constrained")
        panel = figure.subplots()
        for bit, marker in ((0, "o"), (1, "s")):
            chosen = [w for w in writes if w.bit == bit]
            rates = [failure_probability(w.failures, len(w.times)) for w in chosen]
            bars = [[r.p - r.low for r in rates], [r.high - r.p for r in rates]]
            panel.errorbar(
                [w.pulse_width * 1e9 + 0.01 * bit for w in chosen],
                [r.p for r in rates],
                bars,
                fmt=marker,
                capsize=2,
                color=COLOURS[bit],
                label=f"cell in ngspice, write '{bit}'",
            )
        for bit in (0, 1):
            points = sorted(
                (w.pulse_width * 1e9, rates) for w, rates in zip(writes, integrated, strict=True) if w.bit == bit
            )
            for n, (style, name) in enumerate((("--", "frozen angles"), ("-", "thermal field"))):
                label = f"LLG, {name}" if bit == 0 else None
                shares = [failures[n] / trajectories for _, failures in points]
                panel.plot([x for x, _ in points], shares, style, color=COLOURS[bit], linewidth=0.9, label=label)
        panel.set_xlabel("write pulse (ns)")
        panel.set_ylabel("write-error rate")
        panel.set_ylim(-0.02, 1.02)
        panel.legend(fontsize=7)
    return figure


def sense_waveforms(results: Sequence[OperationResult]) -> Figure:
    """Bit line, reference and latch outputs of AND and OR on every pair of inputs."""
    shown = [r for r in results if r.operation in ("AND", "OR") and r.waves]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.0, 4.2), layout="constrained")
        axes = figure.subplots(2, max(len(shown) // 2, 1), sharex=True, sharey=True, squeeze=False)
        for panel, r in zip(axes.flat, shown, strict=False):
            time = r.waves.x * 1e9
            for node, colour, style in (("bl", 0, "-"), ("ref", 1, "--"), ("out", 2, "-"), ("outb", 3, ":")):
                panel.plot(time, r.waves[f"v({node})"], style, color=COLOURS[colour], label=node, linewidth=1.1)
            panel.set_title(f"{r.inputs[0]} {r.operation} {r.inputs[1:]} = {r.result}", fontsize=8)
        axes[0, 0].legend(fontsize=7)
        figure.supxlabel("time (ns)", fontsize=9)
        figure.supylabel("voltage (V)", fontsize=9)
    return figure


def corners(results: Sequence[CornerResult]) -> Figure:
    """Margin, energy and latency against temperature, a column per action, a line per CMOS corner and supply.

    A quantity that an action does not have, such as the margin of a write, has no panel.
    """
    quantities = (("margin", 1e3, "margin (mV)"), ("energy", 1e15, "energy (fJ)"), ("latency", 1e9, "latency (ns)"))
    actions = list(dict.fromkeys(r.action for r in results))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(2.2 * len(actions), 5.6), layout="constrained")
        panels = figure.subplots(len(quantities), len(actions), squeeze=False, sharex=True)
        for column, action in zip(panels.T, actions, strict=True):
            own = [r for r in results if r.action == action and r.corner.ra == r.corner.tmr == 1.0]
            for panel, (quantity, scale, label) in zip(column, quantities, strict=True):
                points = [(r.corner, value * scale) for r in own if (value := getattr(r, quantity)) is not None]
                panel.set_visible(bool(points))
                panel.set_ylabel(label if action == actions[0] else "")
                for n, cmos in enumerate(CORNERS):
                    for supply, style in SUPPLY_LINES.items():
                        line = [
                            (corner.temperature - 273.15, value)
                            for corner, value in points
                            if (corner.cmos, corner.supply) == (cmos, supply)
                        ]
                        panel.plot(*np.array(line).T if line else ([], []), style, color=COLOURS[n], lw=1.1)
            next((panel for panel in column if panel.get_visible()), column[0]).set_title(action)
            column[-1].set_xlabel("temperature (°C)")
        handles = [Line2D([], [], color=COLOURS[n], label=cmos) for n, cmos in enumerate(CORNERS)]
        handles += [
            Line2D([], [], color="grey", linestyle=line, label=f"{supply:g} VDD")
            for supply, line in SUPPLY_LINES.items()
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=6)
    return figure


def energy(costs: Sequence[NetworkCost]) -> Figure:
    """Energy per image by action, every network and configuration (first layer by the seed's convention)."""
    networks = list(dict.fromkeys(c.network for c in costs))
    convention = costs[0].first_layer
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.0, 2.8), layout="constrained")
        for panel, network in zip(figure.subplots(1, len(networks), squeeze=False)[0], networks, strict=True):
            chosen = [c for c in costs if c.network == network and c.first_layer is convention]
            base = np.zeros(len(chosen))
            for n, part in enumerate(chosen[0].energy_parts):
                heights = np.array([c.energy_parts[part] * 1e6 for c in chosen])
                panel.bar(
                    [str(c.widths) for c in chosen],
                    heights,
                    bottom=base,
                    **look(n),
                    label=part,
                )
                base += heights
            panel.set_ylim(0, 1.05 * base.max())  # a last part of nothing would take the margin away
            panel.set_title(f"{network}, first layer {convention.value}", fontsize=8)
            panel.set_xlabel("W:I")
        figure.axes[0].set_ylabel("dynamic energy per image (µJ)")
        figure.axes[-1].legend(fontsize=6, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def area(cost: NetworkCost) -> Figure:
    """Area of a network's layers, and what computing adds to the area of a memory, by block."""
    by_layer = {layer.mapping.layer: layer.area * 1e6 for layer in cost.layers}
    added = {name: part * 100 for name, part in cost.floorplan.sub_array.overhead_parts.items()}
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.0, 2.8), layout="constrained")
        left, right = figure.subplots(1, 2)
        left.bar(list(by_layer), list(by_layer.values()), color=COLOURS[0])
        left.set_title(f"{cost.network} {cost.widths}")
        left.set_ylabel("area of sub-arrays (mm²)")
        left.tick_params(axis="x", rotation=45)
        right.barh(list(added), list(added.values()), color=COLOURS[1])
        right.set_title(f"computing adds {sum(added.values()):.1f} %")
        right.set_xlabel("of the memory's area (%)")
    return figure


def and_operations(costs: Sequence[NetworkCost], network: str) -> Figure:
    """AND operations per layer of one network, per configuration and first-layer convention."""
    conventions = list(dict.fromkeys(c.first_layer for c in costs))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.0, 2.8), layout="constrained")
        panels = figure.subplots(1, len(conventions), squeeze=False)[0]
        for panel, convention in zip(panels, conventions, strict=True):
            chosen = [c for c in costs if c.network == network and c.first_layer is convention]
            base = np.zeros(len(chosen))
            for n, layer in enumerate(chosen[0].layers):
                heights = np.array([c.layers[n].mapping.and_operations / 1e6 for c in chosen])
                panel.bar(
                    [str(c.widths) for c in chosen],
                    heights,
                    bottom=base,
                    **look(n),
                    label=layer.mapping.layer,
                )
                base += heights
            panel.set_title(f"{network}, first layer {convention.value}")
            panel.set_xlabel("W:I")
        panels[0].set_ylabel("AND operations (millions)")
        panels[-1].legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure
