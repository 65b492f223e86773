"""Tables and the figure of accuracy under errors."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from spintronics.accuracy import Case, CaseAccuracy, Faults, interval, lost_at, mean_rate
from spintronics.networks.inference import Accuracy, ErrorModel
from spintronics.report.rows import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LOSS = 0.01  # of accuracy, as a share of all images
SETTINGS: Mapping[str, str] = {"sigma_tmr": "σ of TMR", "sigma_ra": "σ of RA", "fan_in": "fan-in", "vdd": "VDD (V)"}
"""What cases differ in, by its name in tables: as figures have it."""
Settings = tuple[float | None, ...]
Line = list[CaseAccuracy]


def accuracy(ideal: Accuracy, found: Sequence[CaseAccuracy], faults: Faults) -> list[Row]:
    """One row per case, the ideal array first: probabilities of wrong ANDs, accuracy and its 95 % interval."""
    none = Case("given", ErrorModel())
    rows = [_row("ideal", none, "none", ideal.images, 1, ideal.rate, ideal.interval())]
    for each in found:
        result, how = each.result, description(faults)
        images, seeds = result.accuracies[0].images, len(result.accuracies)
        rows.append(_row(each.case.source, each.case, how, images, seeds, result.mean, interval(result)))
    return rows


def _row(
    source: str, case: Case, faults: str, images: int, seeds: int, rate: float, limits: tuple[float, float]
) -> Row:
    found, errors = case.found, case.errors
    return {
        "source": source,
        **{name: getattr(case, name) for name in SETTINGS},
        "p_margin_fails": found.margin.p if found and found.margin else None,
        "p00": errors.p00,
        "p01": errors.p01,
        "p10": errors.p10,
        "p11": errors.p11,
        "largest_p_high": found.largest_high if found else None,
        "faults": faults,
        "images": images,
        "seeds": seeds,
        "accuracy": rate,
        "accuracy_low": limits[0],
        "accuracy_high": limits[1],
    }


def description(faults: Faults) -> str:
    """How errors show, in words: ``weak cells and accesses at 0.001, in conv0``.

    The rate beside weak cells or columns is that over equally likely pairs.
    """
    words = "accesses" if faults.where == "accesses" else f"weak {faults.where}"
    beside = f" and accesses at {mean_rate(faults.access):g}" if faults.access is not None else ""
    return words + beside + (f", in {' '.join(faults.layers)}" if faults.layers else "")


def lost(ideal: Accuracy, found: Sequence[CaseAccuracy]) -> list[Row]:
    """Bit-error rate, failure probability of the sense margin and σ at which one per cent of accuracy is lost.

    A row for each line of cases that differ in one of these alone, two or more; no value where none of them loses it.
    """
    given = [each for each in found if each.case.source == "given" and each.case.rate]
    rows = [_lost(ideal, "bit-error rate", {}, [(e.case.rate, e.result.mean) for e in given])] if given else []
    for name in ("sigma_tmr", "sigma_ra"):
        for others, line in _lines(found, name).items():
            points = [(getattr(e.case, name), e.result.mean) for e in line if getattr(e.case, name)]
            if len(points) > 1:
                fixed = dict(zip((n for n in SETTINGS if n != name), others, strict=True))
                rows.append(_lost(ideal, SETTINGS[name].replace("σ", "sigma"), fixed, points))
    for fan_in in dict.fromkeys(each.case.fan_in for each in found):
        margins = [(p, e.result.mean) for e in found if e.case.fan_in == fan_in and (p := _margin(e.case))]
        if len(margins) > 1:
            rows.append(_lost(ideal, "failure probability of the sense margin", {"fan_in": fan_in}, margins))
    return rows


def _lost(ideal: Accuracy, what: str, fixed: Mapping[str, float | None], points: list[tuple[float, float]]) -> Row:
    return {
        "loses_1_percent_at": what,
        **{name: fixed.get(name) for name in SETTINGS},
        "value": lost_at(ideal.rate, points, LOSS),
        "largest_studied": max(setting for setting, _ in points),
    }


def _margin(case: Case) -> float:
    return case.found.margin.p if case.found and case.found.margin else 0.0


def _lines(found: Sequence[CaseAccuracy], name: str) -> dict[Settings, Line]:
    """Sense-margin cases that differ in one setting alone, in its order, by the other settings."""
    lines: dict[Settings, Line] = {}
    for each in found:
        if each.case.source == "sense margin":
            others = tuple(getattr(each.case, other) for other in SETTINGS if other != name)
            lines.setdefault(others, []).append(each)
    return {others: sorted(line, key=lambda e: float(getattr(e.case, name))) for others, line in lines.items()}


def figure(ideal: Accuracy, found: Sequence[CaseAccuracy], title: str) -> "Figure":
    """Accuracy against bit-error rate, failure probability of the sense margin, and what was varied; 95 % intervals.

    Cases in which no AND is wrong have no place on logarithmic axes.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    from spintronics.report.figures import STYLE

    varied = [name for name in SETTINGS if len({getattr(e.case, name) for e in found} - {None}) > 1]
    failing = [each for each in found if _margin(each.case)]
    count = 1 + bool(failing) + len(varied)
    with mpl.rc_context(STYLE):
        drawn = Figure(figsize=(3.5 * min(count, 3), 3.2 * -(-count // 3)), layout="constrained")
        panels = iter(drawn.subplots(-(-count // 3), min(count, 3), sharey=True, squeeze=False).ravel())
        used = [_by_rate(next(panels), found)]
        if failing:
            used.append(_by_margin(next(panels), failing))
        used += [_by_setting(next(panels), found, name) for name in varied if name != "vdd"]
        if "vdd" in varied:
            used.append(_by_supply(next(panels), found))
        for panel in panels:
            panel.set_axis_off()
        for panel in used:
            panel.axhline(ideal.rate, color="grey", linewidth=0.8)
            panel.axhline(ideal.rate - LOSS, color="grey", linewidth=0.8, linestyle=":")
            panel.set_ylabel("accuracy")
            panel.legend(fontsize=7)
        drawn.suptitle(title, fontsize=9)
    return drawn


def _by_rate(panel: "Axes", found: Sequence[CaseAccuracy]) -> "Axes":
    for n, source in enumerate(dict.fromkeys(each.case.source for each in found)):
        line = sorted((e for e in found if e.case.source == source and e.case.rate), key=lambda e: e.case.rate)
        label = {"given": "all pairs alike"}.get(source, source)
        _draw(panel, [e.case.rate for e in line], line, n, "os^D"[n] + ("-" if source == "given" else ""), label)
    panel.set_xscale("log")
    panel.set_xlabel("wrong ANDs (share of equally likely pairs)")
    return panel


def _by_margin(panel: "Axes", failing: Sequence[CaseAccuracy]) -> "Axes":
    for n, fan_in in enumerate(dict.fromkeys(each.case.fan_in for each in failing)):
        line = sorted((e for e in failing if e.case.fan_in == fan_in), key=lambda e: _margin(e.case))
        _draw(panel, [_margin(e.case) for e in line], line, n, "o-", f"fan-in {fan_in}")
    panel.set_xscale("log")
    panel.set_xlabel("failure probability of the sense margin")
    return panel


def _by_setting(panel: "Axes", found: Sequence[CaseAccuracy], name: str) -> "Axes":
    """Sense margins: a line for each combination of the other settings."""
    others = [other for other in SETTINGS if other != name]
    lines = _lines(found, name)
    changing = [n for n in range(len(others)) if len({settings[n] for settings in lines}) > 1]
    for n, (settings, line) in enumerate(lines.items()):
        label = ", ".join(f"{SETTINGS[others[k]]} {settings[k]:g}" for k in changing) or "sense margin"
        _draw(panel, [float(getattr(e.case, name)) for e in line], line, n, "o-", label)
    panel.set_xlabel(SETTINGS[name])
    return panel


def _by_supply(panel: "Axes", found: Sequence[CaseAccuracy]) -> "Axes":
    """Decisions and device tables: a line for each of the two."""
    supplied = [(each.case.vdd, each) for each in found if each.case.vdd is not None]
    supplied.sort(key=lambda point: point[0])
    for n, source in enumerate(dict.fromkeys(each.case.source for _, each in supplied)):
        points = [(vdd, each) for vdd, each in supplied if each.case.source == source]
        _draw(panel, [vdd for vdd, _ in points], [each for _, each in points], n, "os"[n] + "-", source)
    panel.set_xlabel(SETTINGS["vdd"])
    return panel


def _draw(panel: "Axes", x: Sequence[float], line: Sequence[CaseAccuracy], colour: int, style: str, label: str) -> None:
    from spintronics.report.figures import COLOURS

    limits = [(e.result.mean, *interval(e.result)) for e in line]
    bars: Any = [[mean - low for mean, low, _ in limits], [high - mean for mean, _, high in limits]]
    means = [mean for mean, _, _ in limits]
    shown = COLOURS[colour % len(COLOURS)]
    panel.errorbar(x, means, bars, fmt=style, color=shown, capsize=2, markersize=4, label=label)
