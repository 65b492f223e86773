"""Tables of the device, sense margins, operations and writes: ours, and the slides' where they give a figure."""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from spintronics import units
from spintronics.characterize import writing
from spintronics.characterize.device_table import DeviceTable
from spintronics.characterize.operations import OperationResult
from spintronics.characterize.sense_margin import SenseMargin, SenseTrials
from spintronics.errors import InputError
from spintronics.magnetics import Macrospin
from spintronics.montecarlo import failure_probability, moments, normal_tail
from spintronics.report.rows import Row, ratio, slides
from spintronics.technology import Technology

FloatArray = npt.NDArray[np.float64]


def device(technology: Technology, writes: Sequence[writing.Writes]) -> list[Row]:
    """Junction, heavy metal and writing: quantity, value, unit, slides' value, ratio, how it was found."""
    junction, spin = technology.operating_junction, Macrospin.of(technology)
    given = {
        name: units.parse(slides()["device"][name]["value"], unit)
        for name, unit in (("write_current", "A"), ("switching_time", "s"))
    }
    rows: list[Row] = []

    def row(quantity: str, value: float, unit: str, how: str, theirs: float | None = None) -> None:
        rows.append(
            {
                "quantity": quantity,
                "value": value,
                "unit": unit,
                "seed_value": theirs,
                "ratio": ratio(value, theirs),
                "how": how,
            }
        )

    row("junction resistance, P", junction.r_p, "ohm", "RA / area")
    row("junction resistance, AP, zero bias", junction.r_ap(), "ohm", "R_P (1 + TMR)")
    row("heavy-metal resistance", technology.heavy_metal.resistance, "ohm", "resistivity, geometry")
    row("in-plane anisotropy field", spin.in_plane_anisotropy_field, "A/m", "demagnetization factors")
    row("out-of-plane field", spin.out_of_plane_field, "A/m", "demagnetization factors, interface anisotropy")
    row("thermal stability", spin.thermal_stability, "1", "energy barrier / kT")
    row("spin current / charge current", spin.spin_hall_gain, "1", "spin Hall formula of the slides")
    row("critical write current", spin.critical_write_current, "A", "instability threshold, closed form")
    row(
        "critical read current",
        spin.critical_read_current,
        "A",
        "threshold, spin transfer and spin Hall effect",
    )
    row("read current", technology.sense.current, "A", "technology file")
    for write in writes:
        name = f"write {write.bit}"
        row(f"{name}: supply", write.voltage, "V", "ngspice, supply that drives the current")
        row(f"{name}: current", write.current, "A", "ngspice, plateau of the pulse", given["write_current"])
        how = f"ngspice, {len(write.times)} thermal initial angles"
        switched = write.times[np.isfinite(write.times)]
        if switched.size:
            row(f"{name}: mean switching time", float(switched.mean()), "s", how, given["switching_time"])
            row(f"{name}: shortest switching time", float(switched.min()), "s", how)
            row(f"{name}: longest switching time", float(switched.max()), "s", how)
        row(f"{name}: not switched", write.failures, "1", how)
    return rows


def device_entries(table: DeviceTable, group: str | None = None) -> list[Row]:
    """The device table: one row per entry, of one group or of all.

    Raises:
        InputError: the table has no such group.
    """
    groups = list(dict.fromkeys(entry.group for entry in table.entries))
    if group is not None and group not in groups:
        raise InputError(f"device table of {table.technology}: no part {group!r}; there are: {', '.join(groups)}")

    def scaled(value: float | None, scale: float) -> float | None:
        return None if value is None else value * scale

    return [
        {
            "group": e.group,
            "action": e.action,
            "case": e.case,
            "energy_fJ": e.cost.energy * 1e15 if e.cost else None,
            "latency_ns": e.cost.latency * 1e9 if e.cost else None,
            "leakage_nW": scaled(e.leakage, 1e9),
            "area_um2": scaled(e.area, 1e12),
            "p_error": e.error.p if e.error else None,
            "p_error_low": e.error.low if e.error else None,
            "p_error_high": e.error.high if e.error else None,
            "per": e.unit,
            "testbench": e.testbench,
            "status": e.status,
        }
        for e in table.entries
        if group in (None, e.group)
    ]


def sense_margin(margins: Iterable[SenseMargin]) -> list[Row]:
    """One row per operation and fan-in."""
    return [
        {
            "operation": m.operation.value,
            "fan_in": m.fan_in,
            "low_state": m.low_state,
            "high_state": m.high_state,
            "reference_ohm": m.reference,
            "v_reference_mV": m.v_reference * 1e3,
            "nominal_margin_mV": m.nominal * 1e3,
            "worst_margin_mV": m.worst * 1e3,
            "failures": m.failures.failures,
            "trials": m.failures.trials,
            "unsolved": m.unsolved,
            "p_fail": m.failures.p,
            "p_fail_low": m.failures.low,
            "p_fail_high": m.failures.high,
            "margin_3_sigma_mV": m.at_3_sigma * 1e3,
            "margin_6_sigma_mV": m.at_6_sigma * 1e3,
            "developed_margin_mV": m.developed * 1e3,
            "v_reference_sigma_mV": m.v_reference_sigma * 1e3,
        }
        for m in margins
    ]


def sense_voltage(solved: Iterable[SenseTrials]) -> list[Row]:
    """Distribution of the sense voltage in each state: moments, extremes, fitted tails."""
    rows: list[Row] = []
    for trials in solved:
        for n in range(trials.fan_in + 1):
            v = trials.v_solved[:, n] * 1e3
            mean, sigma = moments(v, trials.junctions.seed, designs=trials.designs)
            rows.append(
                {
                    "fan_in": trials.fan_in,
                    "state": trials.state(n),
                    "trials": len(v),
                    "redrawn": trials.junctions.redrawn,
                    "unsolved": len(trials.failed),
                    **{
                        f"{name}_{part}mV": value
                        for name, e in (("mean", mean), ("sigma", sigma))
                        for part, value in (("", e.value), ("low_", e.low), ("high_", e.high))
                    },
                    "min_mV": float(v.min()),
                    "max_mV": float(v.max()),
                    **{
                        f"tail_{'minus' if side < 0 else 'plus'}_{n_sigma}_sigma_mV": normal_tail(v, side, n_sigma)
                        for side in (-1, 1)
                        for n_sigma in (3, 6)
                    },
                }
            )
    return rows


def failed_trials(solved: Iterable[SenseTrials]) -> list[Row]:
    """One row per trial that ngspice could not solve: its junctions and ngspice's message."""

    def listed(values: FloatArray) -> str:
        return " ".join(f"{value:.9g}" for value in values)

    return [
        {
            "fan_in": trials.fan_in,
            "trial": failed.trial,
            "r_p_ohm": listed(trials.junctions.r_p[failed.trial]),
            "tmr": listed(trials.junctions.tmr[failed.trial]),
            **(
                {"dvt_V": listed(mismatch.vt[failed.trial]), "dbeta": listed(mismatch.beta[failed.trial])}
                if (mismatch := trials.junctions.mismatch)
                else {}
            ),
            "message": failed.message,
        }
        for trials in solved
        for failed in trials.failed
    ]


def operations(results: Iterable[OperationResult]) -> list[Row]:
    """One row per operation and input."""
    return [
        {
            "operation": r.operation,
            "inputs": r.inputs,
            "result": r.result,
            "energy_fJ": r.cost.energy * 1e15 if r.cost else None,
            "latency_ns": r.cost.latency * 1e9 if r.cost else None,
            "status": r.status,
        }
        for r in results
    ]


def energy_by_contributor(results: Iterable[OperationResult]) -> list[Row]:
    """One row per operation, input and supply or line driver; the parts sum to the operation's energy."""
    return [
        {"operation": r.operation, "inputs": r.inputs, "contributor": name, "energy_fJ": joules * 1e15}
        for r in results
        if r.cost
        for name, joules in r.cost.parts.items()
    ]


def write(writes: Sequence[writing.Writes]) -> list[Row]:
    """One row per cell and bit: current, switching time, failures, energy, and the asymmetry of the two bits."""
    rows: list[Row] = []
    for w in writes:
        other = next(o for o in writes if o.cell == w.cell and o.bit != w.bit)
        rows.append(
            {
                "cell": w.cell,
                "bit": w.bit,
                "transition": w.transition,
                "supply_V": w.voltage,
                "current_uA": w.current * 1e6,
                "pulse_ns": w.pulse_width * 1e9,
                **_switching(w),
                "energy_fJ": w.energy * 1e15,
                "time_over_other_bit": _mean(w.times) / _mean(other.times),
                "energy_over_other_bit": w.energy / other.energy,
            }
        )
    return rows


def write_energy(writes: Iterable[writing.Writes]) -> list[Row]:
    """One row per cell, bit and contributor; the parts sum to the write's energy."""
    return [
        {"cell": w.cell, "bit": w.bit, "contributor": name, "energy_fJ": joules * 1e15}
        for w in writes
        for name, joules in w.parts.items()
    ]


def write_current(writes: Iterable[writing.Writes]) -> list[Row]:
    """One row per bit and current of the sweep."""
    return [
        {
            "bit": w.bit,
            "current_uA": w.current * 1e6,
            "supply_V": w.voltage,
            "pulse_ns": w.pulse_width * 1e9,
            **_switching(w),
            "energy_fJ": w.energy * 1e15,
        }
        for w in writes
    ]


def write_error_rate(
    writes: Sequence[writing.Writes], integrated: Sequence[tuple[int, int]], trajectories: int
) -> list[Row]:
    """One row per bit and pulse width, beside the LLG integrator's with the same current; exact 95 % intervals.

    Args:
        integrated: failures of the integrator from frozen angles, and with a thermal field, of ``trajectories``.
    """
    rows: list[Row] = []
    for w, (frozen, thermal) in zip(writes, integrated, strict=True):
        row: dict[str, str | int | float | None] = {"bit": w.bit, "pulse_ns": w.pulse_width * 1e9}
        for prefix, failures, trials in (
            ("", w.failures, len(w.times)),
            ("llg_frozen_", frozen, trajectories),
            ("llg_thermal_", thermal, trajectories),
        ):
            f = failure_probability(failures, trials)
            row |= {f"{prefix}writes": f.trials, f"{prefix}failures": f.failures, f"{prefix}p_fail": f.p}
            row |= {f"{prefix}p_fail_low": f.low, f"{prefix}p_fail_high": f.high}
        rows.append(row)
    return rows


def write_thermal(rows: Iterable[tuple[writing.Writes, FloatArray, FloatArray]]) -> list[Row]:
    """Writes with the thermal field throughout, one row per bit; exact 95 % intervals of the failures.

    Args:
        rows: writes of the cell, then switching times of the integrator (s, NaN where it failed): with the cell's own
            draws of angles and field (``same``), and with others.
    """
    table: list[Row] = []
    for w, same, others in rows:
        row: dict[str, str | int | float | None] = {"bit": w.bit, "pulse_ns": w.pulse_width * 1e9}
        for prefix, times in (("", w.times), ("llg_", others)):
            f = failure_probability(int(np.isnan(times).sum()), len(times))
            row |= {f"{prefix}writes": f.trials, f"{prefix}failures": f.failures, f"{prefix}p_fail": f.p}
            row |= {f"{prefix}p_fail_low": f.low, f"{prefix}p_fail_high": f.high}
            row |= {f"{prefix}mean_switching_ns": _mean(times) * 1e9, f"{prefix}sigma_ns": _sigma(times)}
        apart = np.abs(w.times - same)[np.isfinite(w.times) & np.isfinite(same)]
        row["same_failures"] = int(np.isnan(same).sum())
        row["same_end"] = int(np.sum(np.isnan(same) == np.isnan(w.times)))
        row["same_median_difference_ps"] = float(np.median(apart)) * 1e12 if apart.size else None
        table.append(row)
    return table


def read_disturb(technology: Technology, spin: Macrospin) -> list[Row]:
    """Read current against what flips the cell, for the SOT cell and the STT cell's junction."""
    duration = technology.sense.read_develop_time
    rows: list[Row] = []
    for cell, critical in (
        ("2T1R SOT", spin.critical_read_current),
        *((("1T1R STT", spin.free_layer.critical_junction_current(1)),) if technology.stt else ()),
    ):
        current = technology.sense.current
        rows.append(
            {
                "cell": cell,
                "read_current_uA": current * 1e6,
                "critical_current_uA": critical * 1e6,
                "share": current / critical,
                "read_ns": duration * 1e9,
                "p_flip": writing.read_disturb(spin.thermal_stability, critical, current, duration),
            }
        )
    return rows


def _mean(times: FloatArray) -> float:
    finite = times[np.isfinite(times)]
    return float(finite.mean()) if finite.size else float("nan")


def _sigma(times: FloatArray) -> float | None:
    """Standard deviation, ns."""
    finite = times[np.isfinite(times)]
    return float(finite.std(ddof=1)) * 1e9 if finite.size > 1 else None


def _switching(w: writing.Writes) -> dict[str, float | int | None]:
    finite = w.times[np.isfinite(w.times)]
    return {
        "writes": len(w.times),
        "failures": w.failures,
        "mean_switching_ns": _mean(w.times) * 1e9,
        "sigma_ns": _sigma(w.times),
        "longest_ns": float(finite.max()) * 1e9 if finite.size else None,
    }
