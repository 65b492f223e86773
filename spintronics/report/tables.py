"""The tables of a run as rows: ours, the slides' where they give a figure, and the ratio."""

import csv
import io
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spintronics import units
from spintronics.accelerator import NetworkCost
from spintronics.baselines import BaselineCost, baselines
from spintronics.characterize import writing
from spintronics.characterize.device_table import DeviceTable
from spintronics.characterize.operations import OperationResult
from spintronics.characterize.sense_margin import SenseMargin, SenseTrials
from spintronics.errors import InputError
from spintronics.magnetics import Macrospin
from spintronics.montecarlo import failure_probability, moments, normal_tail
from spintronics.networks import AndOperations, BitWidths, Network, Storage
from spintronics.technology import Technology

FloatArray = npt.NDArray[np.float64]
Row = Mapping[str, str | int | float | None]


@cache
def slides() -> dict[str, Any]:
    """Figures of the IMCE slides."""
    return tomllib.loads((Path(__file__).parent / "imce_slides.toml").read_text(encoding="utf-8"))


def ratio(ours: float, theirs: float | None) -> float | None:
    """Ours over theirs; None where they give no figure."""
    return ours / theirs if theirs else None


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


def and_operations(counts: Iterable[AndOperations]) -> list[Row]:
    """One row per network, layer, configuration and first-layer convention."""
    return [
        {
            "network": c.network,
            "layer": c.layer,
            "w_bits": c.w_bits,
            "i_bits": c.i_bits,
            "first_layer": c.first_layer.value,
            "and_operations": c.and_operations,
            "input_bits": c.input_bits,
        }
        for c in counts
    ]


def storage(entries: Iterable[Storage]) -> list[Row]:
    """One row per network and configuration; slides' totals for AlexNet."""
    rows: list[Row] = []
    for s in entries:
        given = slides()["storage"] if (s.network, s.configuration) == ("alexnet", "1:1") else {}
        rows.append(
            {
                "network": s.network,
                "configuration": s.configuration,
                **{f"{part}_MiB": mib for part, mib in s.parts_mib.items()},
                "total_MiB": s.total_mib,
                "ratio_to_single": s.ratio_to_single,
                "ratio_to_double": s.ratio_to_double,
                "seed_total_MiB": given.get("total_MiB"),
                "seed_ratio_to_single": given.get("ratio_to_single"),
                "seed_ratio_to_double": given.get("ratio_to_double"),
                "ratio": ratio(s.total_mib, given.get("total_MiB")),
            }
        )
    return rows


def configuration(cost: NetworkCost) -> Row:
    """The columns that say which network, W:I and first-layer convention a row is of."""
    return {
        "network": cost.network,
        "w_bits": cost.widths.weights,
        "i_bits": cost.widths.inputs,
        "first_layer": cost.first_layer.value,
    }


def energy_by_layer(costs: Iterable[NetworkCost]) -> list[Row]:
    """Energy per image of every weighted layer by component; the layers sum to the table ``energy``."""
    return [
        {
            **configuration(c),
            "layer": layer.mapping.layer,
            **{f"{_key(name)}_uJ": joules * 1e6 for name, joules in layer.energy_parts.items()},
            "total_uJ": layer.energy * 1e6,
            "share": layer.energy / c.energy,
        }
        for c in costs
        for layer in c.layers
    ]


def energy(costs: Iterable[NetworkCost]) -> list[Row]:
    """One row per network, configuration and first-layer convention: energy per image by action, AND share, area."""
    limit = slides()["shares"]["and_energy_at_most"]
    return [
        {
            **configuration(c),
            **{f"{_key(name)}_uJ": joules * 1e6 for name, joules in c.energy_parts.items()},
            "total_uJ": c.energy * 1e6,
            "and_share": c.energy_parts["AND"] / c.energy,
            "seed_and_share_at_most": limit,
            "ratio": c.energy_parts["AND"] / c.energy / limit,
            "static_uJ": c.static_energy * 1e6,
            "latency_ms": c.latency * 1e3,
            "images_per_s": c.throughput,
            "utilization": c.utilization,
            "power_mW": c.power * 1e3,
            "sub_arrays": c.sub_arrays,
            "area_mm2": c.area * 1e6,
        }
        for c in costs
    ]


def _key(name: str) -> str:
    return name.replace("-", "_").replace(" ", "_")


def comparison(costs: Sequence[NetworkCost], networks: Sequence[Network]) -> list[Row]:
    """Binary networks per data set: this project's IMCE and its models of the RRAM designs beside the slides' figures.

    Processors follow, with published energies or ones scaled by multiply-accumulates, as ``basis`` says.
    """
    given = slides()
    rows: list[Row] = []

    def row(
        design: str,
        dataset: str,
        ours: NetworkCost | BaselineCost,
        theirs: Mapping[str, float],
        basis: str = "simulated",
    ) -> None:
        energy_uj = ours.energy * 1e6
        area_mm2 = ours.area * 1e6 if ours.area is not None else None
        seed_energy, seed_area = theirs.get("energy_uJ"), theirs.get("area_mm2")
        rows.append(
            {
                "design": design,
                "dataset": dataset,
                "energy_uJ": energy_uj,
                "area_mm2": area_mm2,
                "seed_energy_uJ": seed_energy,
                "seed_area_mm2": seed_area,
                "ratio_energy": ratio(energy_uj, seed_energy),
                "ratio_area": ratio(area_mm2, seed_area) if area_mm2 is not None else None,
                "basis": basis,
            }
        )

    for cost in costs:
        if (cost.widths.weights, cost.widths.inputs) == (1, 1):
            theirs = given["imce"].get(cost.dataset.lower(), {})
            row(f"IMCE 1:1, first layer {cost.first_layer.value}", cost.dataset, cost, theirs)
    keys = {"CNN-RRAM": "cnn_rram", "BCNN-RRAM": "bcnn_rram"}
    others = [other for network in networks for other in baselines(network)]
    for design in dict.fromkeys(other.design for other in others):
        for other in (o for o in others if o.design == design):
            theirs = given[keys[design]].get(other.dataset.lower(), {}) if design in keys else {}
            row(design, other.dataset, other, theirs, other.basis)
    return rows


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


def complexity(widths: Iterable[BitWidths]) -> list[Row]:
    """Complexity of bit-wise inference and training per configuration."""
    given = {entry["widths"]: entry for entry in slides()["complexity"]}
    rows: list[Row] = []
    for w in widths:
        theirs = given.get(str(w), {})
        inference, training = w.inference_complexity, w.training_complexity()
        rows.append(
            {
                "w_bits": w.weights,
                "i_bits": w.inputs,
                "inference": inference,
                "training": training,
                "seed_inference": theirs.get("inference"),
                "seed_training": theirs.get("training"),
                "ratio_inference": ratio(inference, theirs.get("inference")),
                "ratio_training": ratio(training, theirs.get("training")),
            }
        )
    return rows


def as_csv(rows: Sequence[Row]) -> str:
    """Comma-separated text with a header; empty where there is no value (None, NaN)."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _plain(value) for key, value in row.items()} for row in rows)
    return text.getvalue()


def as_markdown(rows: Sequence[Row]) -> str:
    """Markdown table, numbers to four digits."""
    header = list(rows[0])
    lines = [f"| {' | '.join(header)} |", f"|{'|'.join(' --- ' for _ in header)}|"]
    lines += [f"| {' | '.join(_short(row[key]) for key in header)} |" for row in rows]
    return "\n".join(lines) + "\n"


def as_text(rows: Sequence[Row]) -> str:
    """Aligned columns, never folded, numbers to four digits."""
    cells = [list(rows[0]), *([_short(value).replace("–", "-") for value in row.values()] for row in rows)]
    widths = [max(len(line[n]) for line in cells) for n in range(len(cells[0]))]
    lines = ("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in cells)
    return "\n".join(lines) + "\n"


def as_latex(rows: Sequence[Row]) -> str:
    """A tabular with booktabs' rules, numbers to four digits and to the right."""
    numeric = [all(isinstance(row[key], (int, float, type(None))) for row in rows) for key in rows[0]]
    body = [
        " & ".join(map(_for_latex, cells)) + r" \\" for cells in ([_short(v) for v in row.values()] for row in rows)
    ]
    return "\n".join(
        [
            rf"\begin{{tabular}}{{{''.join('r' if right else 'l' for right in numeric)}}}",
            r"\toprule",
            " & ".join(map(_for_latex, rows[0])) + r" \\",
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            "",
        ]
    )


FORMATS: Mapping[str, Callable[[Sequence[Row]], str]] = {
    "text": as_text,
    "csv": as_csv,
    "markdown": as_markdown,
    "latex": as_latex,
}


def _for_latex(text: str) -> str:
    return text.translate({ord(c): f"\\{c}" for c in "&%$#_{}"} | {ord("–"): "--", ord("µ"): r"$\mu$"})


def _plain(value: str | int | float | None) -> str:
    if value is None or value != value:
        return ""
    return f"{value:.9g}" if isinstance(value, float) else str(value)


def _short(value: str | int | float | None) -> str:
    if value is None or value != value:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
