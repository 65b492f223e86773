"""Tables of memory, networks and accelerator: storage, area, latency, energy, leakage, beside the slides' figures."""

from collections.abc import Iterable, Mapping, Sequence

from spintronics.accelerator import NetworkCost, Node, Sensitivity, TrainingCost
from spintronics.array import GeometryPoint, Memory, SubArray
from spintronics.baselines import BaselineCost, baselines
from spintronics.characterize.device_table import ActionCost
from spintronics.networks import AndOperations, BitWidths, Network, Storage
from spintronics.report.rows import Row, ratio, slides

SLIDES_NETWORKS = ("alexnet", "svhn", "lenet")  # on ImageNet, SVHN and MNIST


def memory(found: Memory) -> list[Row]:
    """Organization, then area, latency, energy and leakage with their breakdown, as memory models print them."""
    plan, array = found.floorplan, found.sub_array
    width, height = plan.size
    rows: list[Row] = []

    def row(figure: str, component: str, value: float, unit: str, share: float | None = None) -> None:
        rows.append({"figure": figure, "component": component, "value": value, "unit": unit, "share": share})

    def parts(figure: str, by_component: Mapping[str, float], unit: str, scale: float) -> None:
        total = sum(by_component.values())
        row(figure, "total", total * scale, unit)
        for name, value in by_component.items():
            row(figure, name, value * scale, unit, value / total if total else None)

    for component, count in (
        ("rows of a sub-array", array.rows),
        ("columns of a sub-array", array.columns),
        ("columns per bit of the word", found.mux),
        ("sub-arrays per mat", array.technology.hierarchy.sub_arrays_per_mat),
        ("mats", plan.mats),
        ("banks", plan.banks),
        ("sub-arrays", plan.placed),
    ):
        row("organization", component, count, "")
    row("size", "width", width * 1e3, "mm")
    row("size", "height", height * 1e3, "mm")
    row("size", "wire to the farthest sub-array", plan.path * 1e3, "mm")
    parts("area", found.area_parts, "mm^2", 1e6)
    parts("area added for computing", found.compute_area_parts, "mm^2", 1e6)
    row("area of H-tree wires", "above the sub-arrays", found.wire_area * 1e6, "mm^2")
    costs: list[tuple[str, ActionCost]] = [("read", found.read), ("write", found.write)]
    for operation in ("AND", "OR"):
        if array.has(operation):
            costs.append((f"{operation} of {array.columns} columns", found.logic(operation)))
    for name, cost in costs:
        row(f"{name} latency", "total", cost.latency * 1e9, "ns")
        parts(f"{name} energy", cost.parts, "pJ", 1e12)
    parts("leakage", found.leakage_parts, "mW", 1e3)
    parts("leakage added for computing", found.compute_leakage_parts, "mW", 1e3)
    return rows


def area_overhead(array: SubArray) -> list[Row]:
    """What computing adds to a memory's area, by block, and the slides' total and largest parts."""
    given = slides()["shares"]
    parts = array.overhead_parts
    total = sum(parts.values())
    rows: list[Row] = []

    def row(block: str, overhead: float, theirs: float | None = None) -> None:
        share = overhead / total
        rows.append(
            {"block": block, "overhead": overhead, "share": share, "seed": theirs, "ratio": ratio(overhead, theirs)}
        )

    row("total", total, given["area_overhead"])
    for block, overhead in sorted(parts.items(), key=lambda part: -part[1]):
        row(block, overhead)
    largest = decoder_and_sum(parts)
    least = given["row_decoder_and_sum_at_least"]
    rows.append(
        {
            "block": "row decoder and sum, share of the overhead",
            "overhead": largest,
            "share": largest / total,
            "seed": least,
            "ratio": ratio(largest / total, least),
        }
    )
    return rows


def decoder_and_sum(parts: Mapping[str, float]) -> float:
    """The part of a sub-array's overhead that is the slides' modified row decoder and Sum."""
    return sum(part for block, part in parts.items() if "row decoder" in block or block == "sum")


def geometry(points: Sequence[GeometryPoint]) -> list[Row]:
    """One row per size of a sub-array."""
    return [
        {
            "rows": p.rows,
            "columns": p.columns,
            "read_fJ_per_bit": p.read_energy * 1e15,
            "and_fJ_per_bit": p.and_energy * 1e15,
            "write_fJ_per_bit": p.write_energy * 1e15,
            "read_ns": p.read_latency * 1e9,
            "and_ns": p.and_latency * 1e9,
            "area_um2_per_bit": p.area_per_bit * 1e12,
            "overhead": p.overhead,
            "leakage_uW": p.leakage * 1e6,
        }
        for p in points
    ]


def area_by_layer(costs: Sequence[NetworkCost]) -> list[Row]:
    """Sub-arrays and area of every weighted layer: the slides' distribution over SVHN's layers.

    Area and its share of all computational sub-arrays are of those that are the layer's own; empty where kernels are
    streamed and layers share them.
    """
    return [
        {
            **configuration(cost),
            "layer": layer.mapping.layer,
            "sub_arrays": layer.sub_arrays,
            "area_mm2": layer.area * 1e6 if cost.resident else None,
            "share": layer.area / cost.area_parts["computational sub-arrays"] if cost.resident else None,
        }
        for cost in costs
        for layer in cost.layers
    ]


def totals(cost: NetworkCost) -> list[Row]:
    """Energy, latency, throughput, power and area of a network on the chip."""
    kernels = "resident" if cost.resident else "streamed for every image"
    figures: list[tuple[str, float | str, str]] = [
        ("dynamic energy per image", cost.energy * 1e6, "uJ"),
        ("static energy per image", cost.static_energy * 1e6, "uJ"),
        ("energy of AND, share", cost.energy_parts["AND"] / cost.energy, "1"),
        ("latency", cost.latency * 1e3, "ms"),
        ("throughput", cost.throughput, "images/s"),
        ("utilization of the sub-arrays", cost.utilization, "1"),
        ("power", cost.power * 1e3, "mW"),
        ("static power", cost.leakage * 1e3, "mW"),
        ("area", cost.area * 1e6, "mm^2"),
        ("computational sub-arrays", cost.sub_arrays, "1"),
        ("Image Bank, sub-arrays", cost.image_bank, "1"),
        ("Kernel Bank, sub-arrays", cost.kernel_bank, "1"),
        ("kernels", kernels, ""),
    ]
    return [{"figure": name, "value": value, "unit": unit} for name, value, unit in figures]


def training(cost: NetworkCost, found: TrainingCost) -> list[Row]:
    """Complexity as the slides have it, and ANDs and energy of one image of a training step."""
    widths, bits = cost.widths, found.gradient_bits
    complexity = widths.training_complexity(bits)
    rows: list[Row] = [
        {"figure": "complexity of inference, W*I", "value": widths.inference_complexity, "unit": "1"},
        {"figure": f"complexity of training, W*I + W*G at G = {bits}", "value": complexity, "unit": "1"},
    ]
    rows += [{"figure": f"ANDs, {part}", "value": ands, "unit": "1"} for part, ands in found.operations.items()]
    rows += [{"figure": f"energy, {part}", "value": j * 1e6, "unit": "uJ"} for part, j in found.energy.items()]
    return [*rows, {"figure": "kernels rewritten, once a batch", "value": found.rewriting * 1e6, "unit": "uJ"}]


def components(cost: NetworkCost) -> list[Row]:
    """Dynamic energy, area and static power by component."""
    rows: list[Row] = []
    for figure, parts, unit, scale in (
        ("energy", cost.energy_parts, "uJ", 1e6),
        ("area", cost.area_parts, "mm^2", 1e6),
        ("static power", cost.leakage_parts, "mW", 1e3),
    ):
        total = sum(parts.values())
        rows += [
            {
                "figure": figure,
                "component": name,
                "value": value * scale,
                "unit": unit,
                "share": value / total if total else None,
            }
            for name, value in parts.items()
        ]
    return rows


def layers(cost: NetworkCost) -> list[Row]:
    """One row per weighted layer, with the pooling and additions behind it."""
    return [
        {
            "layer": layer.mapping.layer,
            "windows": layer.mapping.positions,
            "i_bits": layer.mapping.i_bits,
            "sub_arrays": layer.sub_arrays,
            "and_operations": layer.mapping.and_operations,
            "energy_uJ": layer.energy * 1e6,
            "and_share": layer.energy_parts["AND"] / layer.energy,
            "latency_us": layer.time.total * 1e6,
            "slowest": layer.time.slowest,
            "area_mm2": layer.area * 1e6 if cost.resident else None,
        }
        for layer in cost.layers
    ]


def tree(root: Node, depth: int) -> str:
    """A tree as indented text, down to a depth."""
    lines = []
    for level, node in root.walk():
        if level <= depth:
            share = f"{node.value / root.value:7.1%}" if root.value else ""
            lines.append(f"{'  ' * level}{node.name}: {node.value:.4g} {node.unit} {share}  {node.how}".rstrip())
    return "\n".join(lines) + "\n"


def sensitivity(found: Sequence[Sensitivity]) -> list[Row]:
    """Inputs by how far they move the total."""
    return [{"input": s.input, "value_SI": s.value, "percent_per_percent": s.elasticity} for s in found]


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
    """Binary networks: this project's IMCE and its models of the RRAM designs, beside the slides' figures of theirs.

    Processors follow, with published energies or ones scaled by multiply-accumulates, as ``basis`` says.
    """
    given = slides()
    rows: list[Row] = []

    def row(
        design: str,
        ours: NetworkCost | BaselineCost,
        key: str | None,
        basis: str = "simulated",
    ) -> None:
        theirs = given[key].get(ours.dataset.lower(), {}) if key and ours.network in SLIDES_NETWORKS else {}
        energy_uj = ours.energy * 1e6
        area_mm2 = ours.area * 1e6 if ours.area is not None else None
        seed_energy, seed_area = theirs.get("energy_uJ"), theirs.get("area_mm2")
        rows.append(
            {
                "design": design,
                "dataset": ours.dataset,
                "network": ours.network,
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
            row(f"IMCE 1:1, first layer {cost.first_layer.value}", cost, "imce")
    keys = {"CNN-RRAM": "cnn_rram", "BCNN-RRAM": "bcnn_rram"}
    others = [other for network in networks for other in baselines(network)]
    for design in dict.fromkeys(other.design for other in others):
        for other in (o for o in others if o.design == design):
            row(design, other, keys.get(design), other.basis)
    return rows


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
