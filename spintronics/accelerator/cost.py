"""Energy, area, latency and power of a network on the chip: action counts times device-table entries, nothing else."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from math import ceil

from spintronics.accelerator.charges import (
    COMPONENTS,
    Biller,
    Charge,
    after_charges,
    compute_charges,
    kernel_charges,
    processing,
    result_charges,
)
from spintronics.accelerator.mapping import LayerMapping, map_network
from spintronics.accelerator.schedule import LayerTime, Steps, layer_time, rereads, steps_of
from spintronics.array import Floorplan, SubArray
from spintronics.characterize.area import block_area
from spintronics.errors import InputError
from spintronics.networks import BitWidths, FirstLayer, Network, Normalization

LANES = 16  # values that the processing unit takes at once; assumed


@dataclass(frozen=True)
class LayerCost:
    """Cost of one weighted layer for one image, with the pooling, additions and normalizations up to the next one.

    Attributes:
        mapping: its action counts.
        charges: its bill.
        area: of its sub-arrays, m².
        time: its schedule.
    """

    mapping: LayerMapping
    charges: tuple[Charge, ...]
    area: float
    time: LayerTime

    @cached_property
    def energy_parts(self) -> dict[str, float]:
        """J by component, :data:`COMPONENTS`."""
        parts = dict.fromkeys(COMPONENTS, 0.0)
        for charge in self.charges:
            parts[charge.component] += charge.energy
        return parts

    @property
    def energy(self) -> float:
        """Sum of the parts, J."""
        return sum(self.energy_parts.values())


@dataclass(frozen=True)
class NetworkCost:
    """Cost of a network for one image; energies and areas are the sums over its parts.

    Dynamic energy and static power are kept apart: :attr:`energy` is dynamic, :attr:`static_energy` beside it.

    Attributes:
        parallelism: copies of every layer's kernels.
        layers: each with its bill and its schedule.
        resident: all kernels stay in the computational sub-arrays; their one-time loading is not in.  Else every
            layer's kernels come from the Kernel Bank for every image.
        sub_arrays: computational ones on the chip; image_bank, kernel_bank: sub-arrays of the banks.
        steps: latencies that the schedule is made of.
        floorplan: of all sub-arrays.
    """

    network: str
    dataset: str
    widths: BitWidths
    first_layer: FirstLayer
    parallelism: int
    layers: tuple[LayerCost, ...]
    resident: bool
    sub_arrays: int
    image_bank: int
    kernel_bank: int
    steps: Steps
    floorplan: Floorplan

    @cached_property
    def energy_parts(self) -> dict[str, float]:
        """Dynamic energy by component, J."""
        return {name: sum(layer.energy_parts[name] for layer in self.layers) for name in COMPONENTS}

    @property
    def energy(self) -> float:
        """Dynamic energy per image, J."""
        return sum(self.energy_parts.values())

    @cached_property
    def area_parts(self) -> dict[str, float]:
        """Area by component, m²: sub-arrays, banks, processing unit, repeaters of the H-tree."""
        technology, array = self.floorplan.sub_array.technology, self.floorplan.sub_array
        return {
            "computational sub-arrays": self.sub_arrays * array.area,
            "Image Bank": self.image_bank * array.memory_area,
            "Kernel Bank": self.kernel_bank * array.memory_area,
            "processing unit": LANES * sum(block_area(technology, block) for block in processing().values()),
            "H-tree repeaters": technology.hierarchy.bus_width * self.floorplan.all_lines.area,
        }

    @property
    def area(self) -> float:
        """Area of the chip, m²."""
        return sum(self.area_parts.values())

    @cached_property
    def leakage_parts(self) -> dict[str, float]:
        """Static power by component, W, everything powered all the time."""
        array = self.floorplan.sub_array
        idle = {"bit-counter", "shifter", "sum"}
        memory = sum(watt for name, watt in array.leakage_parts.items() if name not in idle)
        entries = {e.action: e.leakage or 0.0 for e in array.table.entries}
        return {
            "computational sub-arrays": self.sub_arrays * array.leakage,
            "Image Bank": self.image_bank * memory,
            "Kernel Bank": self.kernel_bank * memory,
            "processing unit": LANES * sum(entries.get(name, 0.0) for name in processing()),
            "H-tree repeaters": array.technology.hierarchy.bus_width * self.floorplan.all_lines.leakage,
        }

    @property
    def leakage(self) -> float:
        """Static power, W."""
        return sum(self.leakage_parts.values())

    @cached_property
    def latency(self) -> float:
        """From the image to its result, s: one layer after the other."""
        return sum(layer.time.total for layer in self.layers)

    @cached_property
    def interval(self) -> float:
        """Between images, s.

        Resident kernels: every layer works on an image of its own, so the slowest layer or the bank, which all share,
        sets the pace.  Streamed kernels: one image after the other.
        """
        if not self.resident:
            return self.latency
        return max(max(layer.time.total for layer in self.layers), sum(layer.time.bank for layer in self.layers))

    @property
    def throughput(self) -> float:
        """Images per second."""
        return 1 / self.interval

    @property
    def utilization(self) -> float:
        """Share of their time in which the computational sub-arrays AND, at full throughput."""
        return sum(layer.time.and_busy for layer in self.layers) / (self.sub_arrays * self.interval)

    @property
    def static_energy(self) -> float:
        """Static power times the interval between images, J."""
        return self.leakage * self.interval

    @property
    def power(self) -> float:
        """Dynamic and static power at full throughput, W."""
        return self.energy * self.throughput + self.leakage


def network_cost(
    network: Network,
    widths: BitWidths,
    first_layer: FirstLayer,
    sub_array: SubArray,
    parallelism: int = 1,
    sub_arrays: int | None = None,
) -> NetworkCost:
    """Cost of a network with given bit widths.

    Args:
        widths: bits of weights and of inputs; the first layer's inputs take the convention's bits instead.
        parallelism: copies of every layer's kernels, each with windows of its own.
        sub_arrays: computational ones on the chip; None: as many as the network occupies.  Where they are fewer,
            kernels are streamed from the Kernel Bank, layer by layer, for every image.
    Raises:
        InputError: a layer that does not fit into a sub-array; parallelism or sub_arrays below 1.
    """
    for key, value in (("parallelism", parallelism), ("sub_arrays", sub_arrays)):
        if value is not None and value < 1:
            raise InputError(f"{key} = {value}: must be at least 1")
    mappings = map_network(network, widths, first_layer, sub_array.rows, sub_array.columns)
    occupied = sum(m.occupied for m in mappings) * parallelism
    resident = sub_arrays is None or sub_arrays >= occupied
    placed = occupied if sub_arrays is None else sub_arrays
    cells = sub_array.rows * sub_array.columns
    kept = [
        w.activations_in * m.i_bits + m.outputs * widths.inputs for m, w in zip(mappings, network.work, strict=True)
    ]
    image_bank = ceil(max(kept) / cells)
    kernel_bank = 0 if resident else ceil(sum(w.weights for w in network.work) * widths.weights / cells)
    floorplan = Floorplan(sub_array, placed + image_bank + kernel_bank)
    biller = Biller(sub_array, floorplan)
    available = None if resident else placed
    normalized = not any(isinstance(layer, Normalization) for layer in network.layers)
    process = max(sub_array.block(block).latency for block in processing().values())
    widest = max(m.accumulator_bits for m in mappings)
    beats = ceil(sub_array.columns / sub_array.technology.hierarchy.bus_width)
    steps = steps_of(sub_array, 2 * floorplan.line.latency, beats, widest, process)
    behind = _behind(network, biller, widths, first_layer)
    layers = []
    for n, (mapping, work) in enumerate(zip(mappings, network.work, strict=True)):
        last = n == len(mappings) - 1
        charges = compute_charges(biller, mapping, rereads(mapping, parallelism, available))
        if n == 0:
            charges.insert(0, biller.block("quantizer", "quantizer", "values of the image", work.activations_in))
        if not resident:
            charges += kernel_charges(biller, mapping, parallelism)
        taken = None if last else widths.inputs
        charges += result_charges(biller, mapping.outputs, mapping.accumulator_bits, taken, normalized)
        after = behind[n]
        time = layer_time(mapping, steps, parallelism, available, _duration(after, steps), LANES)
        area = mapping.occupied * parallelism * sub_array.area
        layers.append(LayerCost(mapping, (*charges, *after), area, time))
    return NetworkCost(
        network.name,
        network.dataset,
        widths,
        first_layer,
        parallelism,
        tuple(layers),
        resident,
        placed,
        image_bank,
        kernel_bank,
        steps,
        floorplan,
    )


def _behind(network: Network, biller: Biller, widths: BitWidths, first_layer: FirstLayer) -> list[list[Charge]]:
    """Bills of the layers without weights, by the number of the weighted layer that they follow."""
    weighted = {work.name for work in network.work}
    found: list[list[Charge]] = [[] for _ in network.work]
    passed = 0
    for layer, before, after in zip(network.layers, network.input_shapes, network.shapes, strict=True):
        if layer.name in weighted:
            passed += 1
        else:
            bits = widths.inputs if passed else first_layer.input_bits
            found[max(passed - 1, 0)] += after_charges(biller, layer, before, after, bits)
    return found


def _duration(charges: Iterable[Charge], steps: Steps) -> float:
    """Time of what follows a layer, s: rows one after the other, values in ``LANES`` at once; nothing overlaps."""
    rows = sum(c.count for c in charges if c.bits is not None)
    values = sum(c.count for c in charges if c.component in ("pooling", "addition", "batch norm"))
    return rows * steps.fetch + ceil(values / LANES) * steps.process
