"""Where a total comes from: the tree down to counts, device-table entries and testbenches; and what moves it most."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, get_args

from spintronics.accelerator.charges import Charge
from spintronics.accelerator.cost import LANES, LayerCost, NetworkCost
from spintronics.accelerator.schedule import Steps
from spintronics.array import Floorplan, SubArray, resized
from spintronics.array.subarray import ACTIVATIONS, SHARED, full_adders_to_count
from spintronics.array.wires import Layer, Wire
from spintronics.characterize.device_table import ActionCost, Entry
from spintronics.circuits.row_bench import Activation
from spintronics.errors import InputError
from spintronics.technology import Technology

Metric = Literal["energy", "area", "latency"]
METRICS: tuple[Metric, ...] = get_args(Metric)
AREA_RULES = {
    "processing unit": f"{LANES} lanes of quantizer, batch norm, activations, Shifter and Sum; transistors by rule",
    "H-tree repeaters": "of every branch, one line per bit of technology.hierarchy.bus_width",
}
MM = 1e-3
STEP = 0.1  # relative change of an input, to see how far it moves the total
COUNTS = ("array.rows", "array.columns", "hierarchy.sub_arrays_per_mat", "hierarchy.mats_per_bank")
KEYS = (
    *("cell.area", "cell.aspect", "cell.read_width", "cmos.contacted_gate_pitch", "cmos.row_overhead"),
    *("array.word_line_driver_width", "write.driver_width", "sense.latch_width", "sense.source_width"),
    *("wires.intermediate_resistance", "wires.intermediate_capacitance"),
    *("wires.global_resistance", "wires.global_capacitance"),
)
"""Technology keys that enter above the device table: areas, and wires between sub-arrays."""


@dataclass(frozen=True)
class Node:
    """A figure and what it is made of.

    Attributes:
        value: SI; the sum of the parts' unless ``how`` says otherwise.
        how: the formula, or where the figure was found.
    """

    name: str
    value: float
    unit: str
    how: str
    parts: tuple["Node", ...] = ()

    def walk(self, depth: int = 0) -> Iterator[tuple[int, "Node"]]:
        """This node and all below it, each with its depth."""
        yield depth, self
        for part in self.parts:
            yield from part.walk(depth + 1)


def explain(cost: NetworkCost, metric: Metric) -> Node:
    """The tree of a network's energy, area or latency."""
    return {"energy": _energy, "area": _area, "latency": _latency}[metric](cost)


def _energy(cost: NetworkCost) -> Node:
    layers = tuple(_layer_energy(layer, cost.floorplan) for layer in cost.layers)
    return Node(
        f"{cost.network} {cost.widths}", cost.energy, "J", "dynamic energy per image; sum of its layers", layers
    )


def _layer_energy(layer: LayerCost, plan: Floorplan) -> Node:
    m = layer.mapping
    parts = tuple(
        Node(component, energy, "J", "", tuple(_charge(c, plan) for c in layer.charges if c.component == component))
        for component, energy in layer.energy_parts.items()
        if energy
    )
    how = f"{m.positions} windows, {m.w_bits}:{m.i_bits} bits, {m.occupied} sub-arrays"
    return Node(m.layer, layer.energy, "J", how, parts)


def _charge(charge: Charge, plan: Floorplan) -> Node:
    """count · each; down to the contributors wherever there are several, each with what its figure is made of."""
    array = plan.sub_array
    columns = f" of {charge.bits} columns" if charge.bits is not None else ""
    how = f"{charge.count:.10g} x {charge.each.energy:.4g} J, {charge.action}{columns}; {_origin(charge, array)}"
    each = _each(charge, plan) if charge.count else {}
    parts = tuple(Node(name, charge.count * joule, "J", words) for name, (joule, words) in each.items())
    return Node(charge.what, charge.energy, "J", how, parts)


def _each(charge: Charge, plan: Floorplan) -> dict[str, tuple[float, str]]:
    """Contributor → J each time, and how that follows from table and technology; nothing where there is only one."""
    array, parts = plan.sub_array, charge.each.parts
    if charge.action == "H-tree":
        return _path(charge, plan)
    if charge.bits is not None:
        per_column = array.table.action(charge.action).parts
        widths = {name: array.columns if name in SHARED else charge.bits for name in per_column}
        return {
            name: (parts[name], f"{joule:.4g} J a column x {widths[name]} columns")
            for name, joule in per_column.items()
        }
    return {name: (joule, _gates(name, joule, array)) for name, joule in parts.items()} if len(parts) > 1 else {}


def _path(charge: Charge, plan: Floorplan) -> dict[str, tuple[float, str]]:
    """A bit over the H-tree by layer of wire."""
    technology, table = plan.sub_array.technology, plan.sub_array.table
    paths = round(charge.each.energy / plan.line.energy) if plan.line.energy else 0
    inside = plan.trees["mat"].path
    lengths: dict[Layer, float] = {"intermediate": inside, "global": plan.path - inside}
    found = {}
    for layer, length in lengths.items():
        if length > 0:
            line = Wire.of(technology, table, layer).line(length)
            words = f"{paths} paths x {length / MM:.4g} mm x {line.energy / length * MM:.4g} J/mm a bit"
            found[f"{layer} wire"] = (
                paths * line.energy,
                f"{words}; 1/4 C V^2 of wires.{layer}_capacitance, repeaters",
            )
    return found


def _gates(part: str, joule: float, array: SubArray) -> str:
    """A contributor of a block as a share of the table's block, or as so many of the table's gates."""
    if part == "bit-counter" and array.has(part):
        whole, adders = array.table.action(part).energy, full_adders_to_count(array.columns)
        used = round(joule / whole * adders) if whole else 0
        return f"share {used}/{adders} of the full adders x {whole:.4g} J; {array.origin(part)}"
    gate = {"bit-counter": "full_adder", "result latches": "nand2"}.get(part, part)
    each = array.table.action(gate).energy
    count = round(joule / each) if each else 0
    number = f"{count // 4} columns x 4 transitions of a {gate}" if part == "result latches" else f"{count} {gate}"
    return f"{number} x {each:.4g} J; {array.origin(gate)}"


def _origin(charge: Charge, array: SubArray) -> str:
    if charge.component == "row decoder":
        activation = ACTIVATIONS.get(charge.action.removeprefix("select for "), Activation.TWO_ROWS)
        return f"select {activation}: {array.origin(f'select {activation}')}"
    if charge.action == "H-tree":
        return "wires of the technology"
    if len(charge.each.parts) > 1 and charge.bits is None:
        return "sum of its parts"
    return array.origin(charge.action)


def _area(cost: NetworkCost) -> Node:
    array = cost.floorplan.sub_array

    def blocks(count: int, use: tuple[str, ...]) -> tuple[Node, ...]:
        return tuple(
            Node(f.name, count * f.area, "m^2", f"{count} x {f.area:.4g} m^2; {f.rule}")
            for f in array.footprints
            if f.use in use
        )

    def computing(name: str, count: int) -> Node:
        return Node(name, count * array.area, "m^2", f"{count} sub-arrays", blocks(count, ("memory", "compute")))

    def part(name: str, area: float) -> Node:
        if name == "computational sub-arrays":
            held = [(layer.mapping.layer, layer.sub_arrays) for layer in cost.layers if cost.resident]
            rest = cost.sub_arrays - sum(count for _, count in held)
            held.append(("spare" if cost.resident else "shared by all layers", rest))
            how = f"{cost.sub_arrays} of {array.rows} x {array.columns}"
            return Node(name, area, "m^2", how, tuple(computing(*one) for one in held if one[1]))
        count = {"Image Bank": cost.image_bank, "Kernel Bank": cost.kernel_bank}.get(name)
        if count is not None:
            return Node(name, area, "m^2", f"{count} sub-arrays without compute blocks", blocks(count, ("memory",)))
        return Node(name, area, "m^2", AREA_RULES[name])

    parts = tuple(part(name, area) for name, area in cost.area_parts.items())
    return Node(f"{cost.network} {cost.widths}", cost.area, "m^2", "sum of its parts", parts)


def _latency(cost: NetworkCost) -> Node:
    layers = tuple(_layer_latency(layer, cost.steps) for layer in cost.layers)
    return Node(f"{cost.network} {cost.widths}", cost.latency, "s", "one layer after the other", layers)


def _layer_latency(layer: LayerCost, steps: Steps) -> Node:
    time, m = layer.time, layer.mapping
    ands = m.kernels_per_sub_array * m.w_bits * m.i_bits
    window = (
        Node("fetch of a window", time.fetch, "s", f"{time.fetch / steps.fetch:g} rows x {steps.fetch:.4g} s, a read"),
        Node(
            "computing of a window",
            time.compute,
            "s",
            f"{m.groups_per_sub_array} groups x ({m.i_bits} writes x {steps.write:.4g} s + {m.i_bits} reads x "
            f"{steps.read:.4g} s for the sum of the inputs + {ands} row ANDs x {steps.step(m.words):.4g} s + "
            f"{steps.fill(m.words):.4g} s to fill AND, count, shift, sum) and merging of {len(m.segments)} segments, "
            f"{m.words * steps.accumulate:.4g} s a sum",
        ),
        Node(
            "processing of a window",
            time.process,
            "s",
            f"{time.process / time.result:g} values a lane x {time.result:.4g} s, the slowest block",
        ),
    )
    rounds = f"{time.rounds} rounds of " if time.rounds > 1 else ""
    how = f"{rounds}{time.windows} windows over {time.servers} copies; stages overlap, {time.slowest} is the slowest"
    return Node(
        m.layer,
        time.total,
        "s",
        "sum of its parts",
        (
            Node("image", time.image, "s", "through the quantizer" if time.image else "not of this layer"),
            Node("kernels", time.load, "s", "from the Kernel Bank" if time.load else "resident"),
            Node("windows", time.rounds * time.flow, "s", how, window),
            Node(
                "partial sums",
                time.spill,
                "s",
                "to the Image Bank and back between rounds" if time.spill else "none kept",
            ),
            Node("pooling, additions", time.after, "s", "nothing overlaps"),
        ),
    )


@dataclass(frozen=True)
class Sensitivity:
    """How far an input moves a total: relative change of the total over that of the input."""

    input: str
    value: float
    elasticity: float


def sensitivity(
    total: Callable[[SubArray], float], sub_array: SubArray, metric: Metric, most: int = 10
) -> list[Sensitivity]:
    """The inputs that move a total most, each raised by a tenth on its own; lowered, where it cannot be higher.

    Inputs: each action of the device table (its energy, or its latency); rows and columns, with costs scaled by
    :func:`spintronics.array.resized`; the technology's keys above the table.

    Args:
        total: of a sub-array, by the metric.
    """
    base = total(sub_array)

    def moved(name: str, value: float, changed: Callable[[float], SubArray], up: float, down: float) -> Sensitivity:
        """An input times ``up``, or times ``down`` where that is out of its range."""
        try:
            factor, other = up, total(changed(up))
        except InputError:
            factor, other = down, total(changed(down))
        return Sensitivity(name, value, (other / base - 1) / (factor - 1))

    found = []
    if metric != "area":
        for action in dict.fromkeys(e.action for e in sub_array.table.entries if e.cost is not None):
            cost = sub_array.table.action(action)
            value = cost.energy if metric == "energy" else cost.latency
            changed = partial(_with_action, sub_array, action, metric)
            found.append(moved(f"{action}, {metric}", value, changed, 1 + STEP, 1 - STEP))
    for key in COUNTS:
        count = _value(sub_array.technology, key)
        step = max(1, round(count * STEP))
        changed = partial(_with_count, sub_array, key)
        found.append(moved(key, count, changed, (count + step) / count, (count - step) / count))
    for key in KEYS:
        changed = partial(_with_key, sub_array, key)
        found.append(moved(key, _value(sub_array.technology, key), changed, 1 + STEP, 1 - STEP))
    return sorted(found, key=lambda s: -abs(s.elasticity))[:most]


def _value(technology: Technology, key: str) -> float:
    section, name = key.split(".")
    value: float = getattr(getattr(technology, section), name)
    return value


def _with_count(sub_array: SubArray, key: str, factor: float) -> SubArray:
    """The sub-array with other rows or columns, its costs scaled, or with others beside it."""
    count = round(_value(sub_array.technology, key) * factor)
    if key == "array.rows":
        return resized(sub_array, count, sub_array.columns)
    if key == "array.columns":
        return resized(sub_array, sub_array.rows, count)
    return SubArray(sub_array.technology.with_values({key: count}), sub_array.table)


def _with_key(sub_array: SubArray, key: str, factor: float) -> SubArray:
    technology = sub_array.technology
    return SubArray(technology.with_values({key: _value(technology, key) * factor}), sub_array.table)


def _with_action(sub_array: SubArray, action: str, metric: Metric, factor: float) -> SubArray:
    """The sub-array with one action's energy or latency times a factor."""
    energy, latency = (factor, 1.0) if metric == "energy" else (1.0, factor)

    def changed(entry: Entry) -> Entry:
        if entry.action != action or entry.cost is None:
            return entry
        parts = {name: joule * energy for name, joule in entry.cost.parts.items()}
        return replace(entry, cost=ActionCost(parts, entry.cost.latency * latency))

    entries: Sequence[Entry] = tuple(map(changed, sub_array.table.entries))
    return SubArray(sub_array.technology, replace(sub_array.table, entries=tuple(entries)))
