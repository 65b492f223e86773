"""Tables and the figure of accuracy under errors."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from spintronics.accuracy import CaseAccuracy, Faults, interval, lost_at
from spintronics.networks.inference import Accuracy
from spintronics.report.tables import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LOSS = 0.01  # of accuracy, as a share of all images


def accuracy(ideal: Accuracy, found: Sequence[CaseAccuracy], faults: Faults) -> list[Row]:
    """One row per case, the ideal array first: probabilities of wrong ANDs, accuracy and its 95 % interval."""
    low, high = ideal.interval()
    first: Row = {
        "source": "ideal",
        "fan_in": None,
        "sigma_tmr": None,
        "sigma_ra": None,
        "p00": 0.0,
        "p01": 0.0,
        "p10": 0.0,
        "p11": 0.0,
        "largest_p_high": None,
        "faults": "none",
        "images": ideal.images,
        "seeds": 1,
        "accuracy": ideal.rate,
        "accuracy_low": low,
        "accuracy_high": high,
    }
    rows = [first]
    for case, result in ((each.case, each.result) for each in found):
        low, high = interval(result)
        errors = case.errors
        rows.append(
            {
                "source": case.source,
                "fan_in": case.fan_in,
                "sigma_tmr": case.sigma_tmr,
                "sigma_ra": case.sigma_ra,
                "p00": errors.p00,
                "p01": errors.p01,
                "p10": errors.p10,
                "p11": errors.p11,
                "largest_p_high": case.found.largest_high if case.found else None,
                "faults": description(faults),
                "images": result.accuracies[0].images,
                "seeds": len(result.accuracies),
                "accuracy": result.mean,
                "accuracy_low": low,
                "accuracy_high": high,
            }
        )
    return rows


def description(faults: Faults) -> str:
    """How errors show, in words: ``weak cells and accesses, in conv0``."""
    words = "accesses" if faults.where == "accesses" else f"weak {faults.where}"
    beside = " and accesses" if faults.access is not None else ""
    return words + beside + (f", in {' '.join(faults.layers)}" if faults.layers else "")


def lost(ideal: Accuracy, found: Sequence[CaseAccuracy]) -> list[Row]:
    """Bit-error rate, and σ of TMR for each σ of RA and fan-in, at which one per cent of accuracy is lost.

    Empty where none of the cases loses it; straight lines between neighbouring cases.
    """
    rates = [(each.case.rate, each.result.mean) for each in found if each.case.source == "given" and each.case.rate]
    rows: list[Row] = []

    def row(what: str, fan_in: int | None, sigma_ra: float | None, points: list[tuple[float, float]]) -> None:
        rows.append(
            {
                "loses_1_percent_at": what,
                "fan_in": fan_in,
                "sigma_ra": sigma_ra,
                "value": lost_at(ideal.rate, points, LOSS),
                "largest_studied": max(setting for setting, _ in points),
            }
        )

    if rates:
        row("bit-error rate", None, None, rates)
    for (fan_in, sigma_ra), points in _lines(found).items():
        row("sigma of TMR", fan_in, sigma_ra, [(s, a) for s, a in points if s > 0])
    return rows


def _lines(found: Sequence[CaseAccuracy]) -> dict[tuple[int, float], list[tuple[float, float]]]:
    """(σ of TMR, accuracy) for each fan-in and σ of RA."""
    lines: dict[tuple[int, float], list[tuple[float, float]]] = {}
    for each in found:
        case = each.case
        if case.fan_in is not None and case.sigma_tmr and case.sigma_ra is not None:
            lines.setdefault((case.fan_in, case.sigma_ra), []).append((case.sigma_tmr, each.result.mean))
    return {key: sorted(points) for key, points in lines.items()}


def figure(ideal: Accuracy, found: Sequence[CaseAccuracy], title: str) -> "Figure":
    """Accuracy against bit-error rate, and against σ of TMR where that was varied; 95 % intervals.

    Cases in which no AND is wrong have no place on the left, a logarithmic axis.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    from spintronics.report.figures import COLOURS, STYLE

    lines = _lines(found)
    with mpl.rc_context(STYLE):
        drawn = Figure(figsize=(7.0, 3.2), layout="constrained")
        by_rate, *others = drawn.subplots(1, 2 if lines else 1, sharey=True, squeeze=False)[0]
        sources = list(dict.fromkeys(each.case.source for each in found))
        for n, source in enumerate(sources):
            chosen = sorted((e for e in found if e.case.source == source and e.case.rate), key=lambda e: e.case.rate)
            by_rate.errorbar(
                [e.case.rate for e in chosen],
                [e.result.mean for e in chosen],
                _bars(chosen),
                fmt="os^"[n] + ("-" if source == "given" else ""),
                color=COLOURS[n],
                capsize=2,
                markersize=4,
                label={"given": "all pairs alike"}.get(source, source),
            )
        by_rate.set_xscale("log")
        by_rate.set_xlabel("wrong ANDs (share of equally likely pairs)")
        by_rate.set_ylabel("accuracy")
        by_rate.legend(fontsize=7)
        for n, (fan_in, sigma_ra) in enumerate(lines):
            chosen = sorted(
                (e for e in found if (e.case.fan_in, e.case.sigma_ra) == (fan_in, sigma_ra)),
                key=lambda e: e.case.sigma_tmr or 0.0,
            )
            others[0].errorbar(
                [e.case.sigma_tmr or 0.0 for e in chosen],
                [e.result.mean for e in chosen],
                _bars(chosen),
                fmt="o-",
                color=COLOURS[n % len(COLOURS)],
                capsize=2,
                markersize=4,
                label=f"fan-in {fan_in}, σ of RA {sigma_ra:.0%}",
            )
        for panel in others:
            panel.set_xlabel("σ of TMR")
            panel.legend(fontsize=7)
        for panel in (by_rate, *others):
            panel.axhline(ideal.rate, color="grey", linewidth=0.8)
            panel.axhline(ideal.rate - LOSS, color="grey", linewidth=0.8, linestyle=":")
        drawn.suptitle(title, fontsize=9)
    return drawn


def _bars(chosen: Sequence[CaseAccuracy]) -> list[list[float]]:
    limits = [(e.result.mean, *interval(e.result)) for e in chosen]
    return [[mean - low for mean, low, _ in limits], [high - mean for mean, _, high in limits]]
