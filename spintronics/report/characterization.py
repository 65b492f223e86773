"""Tables of what was characterized beside the device table: errors, corners, patterns, disturb, the read current."""

from collections.abc import Sequence

from spintronics.characterize.corners import CornerResult
from spintronics.characterize.decisions import Decisions, LatchOffsets, input_pair_offset
from spintronics.characterize.device_table import OK
from spintronics.characterize.disturb import Disturb
from spintronics.characterize.read_patterns import PatternMargin
from spintronics.characterize.read_point import ReadPoint
from spintronics.report.rows import Row
from spintronics.technology import Technology


def errors(found: Sequence[Decisions]) -> list[Row]:
    """One row per operation and input: decisions that were wrong, undecided or not solved, probability, interval."""
    return [
        {
            "operation": d.case.operation.value,
            "inputs": "".join(map(str, d.case.stored)),
            "varied": d.case.varied.value,
            "expected": d.case.expected,
            "trials": len(d.results),
            "wrong": d.wrong,
            "undecided": d.undecided,
            "unsolved": d.unsolved,
            "p_error": d.errors.p,
            "p_error_low": d.errors.low,
            "p_error_high": d.errors.high,
            "first_failed": str(d.failed[0]) if d.failed else "",
        }
        for d in found
    ]


def latch_offset(technology: Technology, found: LatchOffsets) -> Row:
    """Offset of the latch from transistor mismatch, with what its input pair's matching alone would give."""
    low, high = found.sigma_interval
    return {
        "common_mode_mV": found.common_mode * 1e3,
        "trials": len(found.offsets),
        "mean_mV": found.mean * 1e3,
        "sigma_mV": found.sigma * 1e3,
        "sigma_low_mV": low * 1e3,
        "sigma_high_mV": high * 1e3,
        "input_pair_threshold_alone_mV": input_pair_offset(technology, 0.0) * 1e3,
        "not_found": len(found.failed),
    }


def corners(results: Sequence[CornerResult]) -> list[Row]:
    """One row per corner and action."""
    return [
        {
            "cmos": r.corner.cmos,
            "supply_ratio": r.corner.supply,
            "temperature_C": round(r.corner.temperature - 273.15, 2),
            "ra_ratio": r.corner.ra,
            "tmr_ratio": r.corner.tmr,
            "action": r.action,
            "margin_mV": _milli(r.margin),
            "fixed_reference_margin_mV": _milli(r.fixed_margin),
            "developed_mV": _milli(r.developed),
            "energy_fJ": None if r.energy is None else r.energy * 1e15,
            "latency_ns": None if r.latency is None else r.latency * 1e9,
            "status": r.status,
        }
        for r in results
    ]


def corner_spread(results: Sequence[CornerResult]) -> list[Row]:
    """Per action: least and most of margin, energy and latency with the corner of each; how many corners failed.

    Corners in which the action failed are counted and in none of the extremes.
    """
    rows: list[Row] = []
    for action in dict.fromkeys(r.action for r in results):
        of_action = [r for r in results if r.action == action]
        working = [r for r in of_action if r.status == OK]
        for quantity, scale in (("margin_mV", 1e3), ("developed_mV", 1e3), ("energy_fJ", 1e15), ("latency_ns", 1e9)):
            name = quantity.partition("_")[0]
            values = [(value * scale, r.corner.name) for r in working if (value := getattr(r, name)) is not None]
            if values:
                (least, least_in), (most, most_in) = min(values), max(values)
                rows.append(
                    {
                        "action": action,
                        "quantity": quantity,
                        "least": least,
                        "least_in": least_in,
                        "most": most,
                        "most_in": most_in,
                        "corners": len(of_action),
                        "failed": len(of_action) - len(working),
                    }
                )
    return rows


def _milli(volts: float | None) -> float | None:
    return None if volts is None else volts * 1e3


def patterns(margins: Sequence[PatternMargin]) -> list[Row]:
    """One row per operation and what surrounds the cells: margin when the latch is clocked, energy, status."""
    return [
        {
            "operation": m.operation,
            "unselected_rows": "AP" if m.around.unselected else "P",
            "place_on_bit_line": m.around.place,
            "idle_lines": "grounded" if m.around.grounded else "floating",
            "developed_mV": m.developed * 1e3,
            "energy_fJ": None if m.energy is None else m.energy * 1e15,
            "status": m.status,
        }
        for m in margins
    ]


def half_selected(found: Sequence[Disturb]) -> list[Row]:
    """One row per half-selected cell and written bit: currents, tilt, probability of a flip."""
    return [
        {
            "half_selected": "same column, other row" if d.place == "column" else "same row, other column",
            "written": d.bit,
            "peak_uA": d.peak * 1e6,
            "held_uA": d.held * 1e6,
            "peak_over_critical": d.ratio,
            "largest_tilt": d.tilt,
            "p_flip": d.probability,
            "p_flip_bound_with_edges": d.with_edges,
            "p_flip_idle": d.idle,
            "status": d.status,
        }
        for d in found
    ]


def read_point(points: Sequence[ReadPoint], chosen: float | None, present: float) -> list[Row]:
    """One row per read current: margins, headroom, disturb; which one the rules choose and which the technology has."""
    return [
        {
            "read_current_uA": p.current * 1e6,
            "and_margin_mV": p.margin * 1e3,
            "and_margin_6_sigma_mV": p.at_6_sigma * 1e3,
            "headroom_mV": p.headroom * 1e3,
            "p_disturb_read": p.disturb_read,
            "p_disturb_logic": p.disturb_logic,
            "choice": ", ".join(
                name for name, is_it in (("chosen", p.current == chosen), ("technology", p.current == present)) if is_it
            ),
            "status": p.status,
        }
        for p in points
    ]
