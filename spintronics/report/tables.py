"""The tables of a run as rows: ours, the slides' where they give a figure, and the ratio."""

import csv
import io
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spintronics import units
from spintronics.accelerator import NetworkCost
from spintronics.array import SubArray
from spintronics.characterize import writing
from spintronics.characterize.operations import OperationResult
from spintronics.characterize.sense_margin import SenseMargin, SenseTrials
from spintronics.magnetics import Macrospin
from spintronics.montecarlo import failure_probability, normal_tail
from spintronics.networks import AndOperations, BitWidths, Storage
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
            "p_fail": m.failures.p,
            "p_fail_low": m.failures.low,
            "p_fail_high": m.failures.high,
            "margin_3_sigma_mV": m.at_3_sigma * 1e3,
            "margin_6_sigma_mV": m.at_6_sigma * 1e3,
            "developed_margin_mV": m.developed * 1e3,
        }
        for m in margins
    ]


def sense_voltage(solved: Iterable[SenseTrials]) -> list[Row]:
    """Distribution of the sense voltage in each state: moments, extremes, fitted tails."""
    rows: list[Row] = []
    for trials in solved:
        for n in range(trials.fan_in + 1):
            v = trials.v_sense[:, n] * 1e3
            rows.append(
                {
                    "fan_in": trials.fan_in,
                    "state": trials.state(n),
                    "trials": len(v),
                    "redrawn": trials.junctions.redrawn,
                    "mean_mV": float(v.mean()),
                    "sigma_mV": float(v.std(ddof=1)) if len(v) > 1 else None,
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


def operations(results: Iterable[OperationResult]) -> list[Row]:
    """One row per operation and input."""
    return [
        {
            "operation": r.operation,
            "inputs": r.inputs,
            "result": r.result,
            "energy_fJ": r.cost.energy * 1e15,
            "latency_ns": r.cost.latency * 1e9,
        }
        for r in results
    ]


def energy_by_contributor(results: Iterable[OperationResult]) -> list[Row]:
    """One row per operation, input and supply or line driver; the parts sum to the operation's energy."""
    return [
        {"operation": r.operation, "inputs": r.inputs, "contributor": name, "energy_fJ": joules * 1e15}
        for r in results
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


def energy(costs: Iterable[NetworkCost]) -> list[Row]:
    """One row per network, configuration and first-layer convention: energy per image by action, AND share, area."""
    limit = slides()["shares"]["and_energy_at_most"]
    return [
        {
            "network": c.network,
            "w_bits": c.widths.weights,
            "i_bits": c.widths.inputs,
            "first_layer": c.first_layer.value,
            **{f"{name.replace('-', '_')}_uJ": joules * 1e6 for name, joules in c.energy_parts.items()},
            "total_uJ": c.energy * 1e6,
            "and_share": c.energy_parts["AND"] / c.energy,
            "seed_and_share_at_most": limit,
            "ratio": c.energy_parts["AND"] / c.energy / limit,
            "sub_arrays": c.sub_arrays,
            "area_mm2": c.area * 1e6,
        }
        for c in costs
    ]


def comparison(costs: Sequence[NetworkCost]) -> list[Row]:
    """Binary networks per data set: this project's IMCE beside the slides' IMCE and their RRAM designs.

    The RRAM designs are the slides' own figures; this project has no model of them here.
    """
    given = slides()
    rows: list[Row] = []

    def row(design: str, dataset: str, ours: NetworkCost | None, theirs: Mapping[str, float]) -> None:
        energy_uj = ours.energy * 1e6 if ours else None
        area_mm2 = ours.area * 1e6 if ours else None
        seed_energy, seed_area = theirs.get("energy_uJ"), theirs.get("area_mm2")
        rows.append(
            {
                "design": design,
                "dataset": dataset,
                "energy_uJ": energy_uj,
                "area_mm2": area_mm2,
                "seed_energy_uJ": seed_energy,
                "seed_area_mm2": seed_area,
                "ratio_energy": ratio(energy_uj, seed_energy) if energy_uj else None,
                "ratio_area": ratio(area_mm2, seed_area) if area_mm2 else None,
            }
        )

    for cost in costs:
        if (cost.widths.weights, cost.widths.inputs) == (1, 1):
            theirs = given["imce"].get(cost.dataset.lower(), {})
            row(f"IMCE 1:1, first layer {cost.first_layer.value}", cost.dataset, cost, theirs)
    datasets = list(dict.fromkeys(cost.dataset for cost in costs))
    for design, key in (("CNN-RRAM", "cnn_rram"), ("BCNN-RRAM", "bcnn_rram")):
        for dataset in datasets:
            row(design, dataset, None, given[key].get(dataset.lower(), {}))
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


def _switching(w: writing.Writes) -> dict[str, float | int | None]:
    finite = w.times[np.isfinite(w.times)]
    return {
        "writes": len(w.times),
        "failures": w.failures,
        "mean_switching_ns": _mean(w.times) * 1e9,
        "sigma_ns": float(finite.std(ddof=1)) * 1e9 if finite.size > 1 else None,
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


def claims(costs: Sequence[NetworkCost], sub_array: SubArray) -> list[Row]:
    """The slides' statements on energy and area beside ours, for 1:1 AlexNet in each first-layer convention."""
    given = slides()
    area = sub_array.area_parts
    added = sum(area[block] for block in ("bit-counter", "shifter", "sum"))
    memory = sub_array.area - added
    rows: list[Row] = []

    def row(claim: str, ours: float, theirs: float, remark: str) -> None:
        rows.append({"claim": claim, "ours": ours, "seed": theirs, "ratio": ratio(ours, theirs), "remark": remark})

    for cost in costs:
        if cost.network == "alexnet" and (cost.widths.weights, cost.widths.inputs) == (1, 1):
            which = f"first layer {cost.first_layer.value}"
            rram, times = given["bcnn_rram"]["imagenet"], given["ratios_to_bcnn_rram"]
            row("energy per image, uJ", cost.energy * 1e6, given["imce"]["imagenet"]["energy_uJ"], which)
            row("energy, BCNN-RRAM over IMCE", rram["energy_uJ"] / (cost.energy * 1e6), times["energy"], which)
            row("area, BCNN-RRAM over IMCE", rram["area_mm2"] / (cost.area * 1e6), times["area"], which)
            share = cost.energy_parts["AND"] / cost.energy
            row("AND share of the energy", share, given["shares"]["and_energy_at_most"], f"{which}; slides: up to")
    overhead = given["shares"]["area_overhead"]
    row("area overhead on the memory", added / memory, overhead, "bit-counter, Shifter, Sum; row decoder not in ours")
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


def _plain(value: str | int | float | None) -> str:
    if value is None or value != value:
        return ""
    return f"{value:.9g}" if isinstance(value, float) else str(value)


def _short(value: str | int | float | None) -> str:
    if value is None or value != value:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
