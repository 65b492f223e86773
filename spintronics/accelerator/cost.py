"""Energy, area, latency and power of a network on the chip: action counts times device-table entries, nothing else."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from functools import cached_property
from math import ceil, prod

from spintronics.accelerator.charges import (
    COMPONENTS,
    Biller,
    Charge,
    after_charges,
    compute_charges,
    kernel_charges,
    passes,
    processing,
    quantizing_charges,
    stored_charges,
)
from spintronics.accelerator.folding import fold_normalizations
from spintronics.accelerator.image_bank import bank_bits, kept_values, results
from spintronics.accelerator.mapping import LayerMapping, map_network
from spintronics.accelerator.schedule import LayerTime, Steps, layer_time, steps_of
from spintronics.accelerator.streaming import Rounds, rounds_of
from spintronics.array import Floorplan, SubArray
from spintronics.characterize.area import block_area, parts_area
from spintronics.circuits.datapath import QUANTIZER
from spintronics.circuits.row_bench import UNIT_GATE
from spintronics.errors import InputError
from spintronics.networks import (
    BitWidths,
    Concatenation,
    FirstLayer,
    Network,
    Normalization,
    Pool,
    inner_values,
    of_image,
    value_bits,
)

LANES = 16  # values that the processing unit takes at once; assumed
COMPARATOR = dict.fromkeys(("full_adder", "mux2"), QUANTIZER[0])  # of a lane, for maximum pooling
MOST = 2**20  # sub-arrays of a chip, and copies of kernels: a hundred times the largest known network


@dataclass(frozen=True)
class LayerCost:
    """Cost of one weighted layer for one image, with the pooling, additions and normalizations up to the next one.

    Attributes:
        mapping: its action counts.
        rounds: in which its kernels come in.
        charges: its bill.
        area: of sub-arrays that are its own, m²; 0 where all layers share them, kernels being streamed.
        time: its schedule.
    """

    mapping: LayerMapping
    rounds: Rounds
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

    @property
    def sub_arrays(self) -> int:
        """Computational sub-arrays that it works in."""
        return self.rounds.sub_arrays


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
        idle_leakage: share of its leakage that a computational sub-array keeps while its layer does not work; 1: no
            power gates.  The cells keep their kernels without power.
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
    idle_leakage: float
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
            "processing unit": LANES
            * (
                sum(block_area(technology, block) for block in processing(array.columns).values())
                + parts_area(technology, [(gate, UNIT_GATE, n) for gate, n in COMPARATOR.items()])
            ),
            "H-tree repeaters": technology.hierarchy.bus_width * self.floorplan.all_lines.area,
        }

    @property
    def area(self) -> float:
        """Area of the chip, m²."""
        return sum(self.area_parts.values())

    @cached_property
    def leakage_parts(self) -> dict[str, float]:
        """Static power by component, W, the mean at full throughput; banks, processing unit and H-tree stay powered."""
        array = self.floorplan.sub_array
        compared = sum(n * array.table.leakage(gate) for gate, n in COMPARATOR.items())
        return {
            "computational sub-arrays": self.powered * array.leakage,
            "Image Bank": self.image_bank * array.memory_leakage,
            "Kernel Bank": self.kernel_bank * array.memory_leakage,
            "processing unit": LANES * (sum(map(array.block_leakage, processing(array.columns).values())) + compared),
            "H-tree repeaters": array.technology.hierarchy.bus_width * self.floorplan.all_lines.leakage,
        }

    @cached_property
    def powered(self) -> float:
        """Computational sub-arrays that leak at once, the mean at full throughput; idle ones in part."""
        working = sum(layer.sub_arrays * layer.time.total for layer in self.layers)
        return working / self.interval * (1 - self.idle_leakage) + self.sub_arrays * self.idle_leakage

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

        Resident kernels: every layer works on an image of its own, so the slowest layer, or the bank or the processing
        unit, which all share, sets the pace.  Streamed kernels: one image after the other.
        """
        if not self.resident:
            return self.latency
        times = [layer.time for layer in self.layers]
        return max(max(t.total for t in times), sum(t.bank for t in times), sum(t.processing for t in times))

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
    idle_leakage: float = 1.0,
) -> NetworkCost:
    """Cost of a network with given bit widths.

    Args:
        widths: bits of weights and of inputs; the first layer's inputs take the convention's bits instead.
        parallelism: copies of every layer's kernels, each with windows of its own.
        sub_arrays: computational ones on the chip; None: as many as the network occupies.  Where they are fewer,
            kernels are streamed from the Kernel Bank, layer by layer, for every image.
        idle_leakage: share of its leakage that an idle computational sub-array keeps; 1 where nothing is switched off
            (assumed: the slides have no power gates).  Waking is not charged.
    Raises:
        InputError: a layer that does not fit into a sub-array; parallelism or sub_arrays not within 1 and 2^20, or
            kernels that take more sub-arrays; idle_leakage not within 0 and 1.
    """
    for key, value in (("parallelism", parallelism), ("sub_arrays", sub_arrays)):
        if value is not None and not 1 <= value <= MOST:
            raise InputError(f"{key} = {value}: must be at least 1, and at most {MOST}")
    if not 0 <= idle_leakage <= 1:
        raise InputError(f"idle_leakage = {idle_leakage:g}: must be within 0 (all off) and 1 (no power gates)")
    mappings = map_network(network, widths, first_layer, sub_array.rows, sub_array.columns)
    occupied = sum(m.occupied for m in mappings) * parallelism
    if occupied > MOST:
        raise InputError(
            f"network {network.name}: parallelism = {parallelism}: its kernels take {occupied} sub-arrays; "
            f"must be at most {MOST}"
        )
    folded, normalized = fold_normalizations(network)
    resident = sub_arrays is None or sub_arrays >= occupied
    placed = occupied if sub_arrays is None else sub_arrays
    rounds = [rounds_of(m, parallelism, None if resident else placed) for m in mappings]
    cells = sub_array.rows * sub_array.columns
    waiting = max(r.held * m.accumulator_bits for r, m in zip(rounds, mappings, strict=True))
    inner, leaving = inner_values(folded), results(folded)
    sums = 1 + max(m.accumulator_bits for m in mappings if m.layer not in inner)  # a sign: Σ x is off
    bits = value_bits(folded, widths, first_layer, sums)
    values = bank_bits(kept_values(folded, bits), len(folded.layers), resident)
    image_bank = ceil((values + waiting) / cells)
    kernel_bank = 0 if resident else ceil(sum(w.weights for w in network.work) * widths.weights / cells)
    floorplan = Floorplan(sub_array, placed + image_bank + kernel_bank)
    steps = _steps(floorplan, max(m.accumulator_bits for m in mappings), widths.inputs)
    biller = Biller(sub_array, floorplan)
    if not _normalizes(network):
        normalized = inner  # the slides' processing unit normalizes every layer's sums
    behind = _behind(folded, biller, bits, inner, leaving)
    layers = []
    for n, (mapping, loaded, after) in enumerate(zip(mappings, rounds, behind, strict=True)):
        charges, name = compute_charges(biller, mapping, loaded), mapping.layer
        image = [] if n else [_quantized_image(biller, prod(network.input_shape), first_layer.input_bits)]
        if not resident:
            charges += kernel_charges(biller, mapping, loaded.copies, streamed=True)
        charges.append(biller.sent("sums to the processing unit", mapping.outputs * mapping.accumulator_bits, 1))
        if name in normalized:
            charges.append(biller.block("batch norm", "batch norm", "sums", mapping.outputs, bits[name]))
        if name in inner:
            charges += quantizing_charges(biller, "sums", mapping.outputs, bits[name])
        stored = [] if name in leaving else stored_charges(biller, mapping.outputs * bits[name])
        time = layer_time(
            mapping,
            steps,
            loaded,
            resident,
            name in inner,
            sub_array.columns,
            LANES,
            after=_duration(after, steps),
            image=_duration(image, steps),
            stored=sum(c.count for c in stored if c.bits is not None) * steps.write,
        )
        area = loaded.sub_arrays * sub_array.area if resident else 0.0
        layers.append(LayerCost(mapping, loaded, (*image, *charges, *stored, *after), area, time))
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
        idle_leakage,
        steps,
        floorplan,
    )


def _steps(floorplan: Floorplan, widest: int, bits: int) -> Steps:
    """Latencies on a chip, for sums of at most ``widest`` bits that become values of some bits."""
    array = floorplan.sub_array
    once = {name: array.block(block).latency for name, block in processing(array.columns).items()}
    quantize = max(passes(name, bits) * latency for name, latency in once.items())
    beats = ceil(array.columns / array.technology.hierarchy.bus_width)
    return steps_of(array, 2 * floorplan.line.latency, beats, widest, max(once.values()), quantize)


def _normalizes(network: Network) -> bool:
    """Whether a network has normalizations of its own behind its weights; one of the image alone says nothing."""
    image = of_image(network)
    return any(isinstance(layer, Normalization) and layer.name not in image for layer in network.layers)


def _quantized_image(biller: Biller, values: int, bits: int) -> Charge:
    return biller.block("quantizer", "quantizer", "values of the image", values, bits)


def _behind(
    network: Network, biller: Biller, bits: Mapping[str, int], inner: Set[str], leaving: Set[str]
) -> list[list[Charge]]:
    """Bills of the layers without weights, by the number of the weighted layer that they follow."""
    weighted = {work.name for work in network.work}
    found: list[list[Charge]] = [[] for _ in network.work]
    passed = 0
    for layer, sources, before, after in zip(
        network.layers, network.sources, network.input_shapes, network.shapes, strict=True
    ):
        if layer.name in weighted:
            passed += 1
            continue
        bill = found[max(passed - 1, 0)]
        bill += after_charges(biller, layer, before, after, [bits[source] for source in sources])
        if isinstance(layer, Concatenation):
            continue
        values, what = prod(after), f"{layer.name}: values"
        if layer.name in inner and not (isinstance(layer, Pool) and layer.kind != "average"):
            done = quantizing_charges(biller, what, values, bits[layer.name])
            bill += done[-1:] if isinstance(layer, Pool) else done  # a mean is rounded; a maximum is one of its inputs
        if layer.name not in leaving:
            bill += stored_charges(biller, values * bits[layer.name])
    return found


def _duration(charges: Iterable[Charge], steps: Steps) -> float:
    """Time of what follows a layer, s: rows one after the other, values in ``LANES`` at once; nothing overlaps."""
    rows = sum(c.count for c in charges if c.bits is not None)
    worked = ("pooling", "addition", "batch norm", "activation", "quantizer")
    values = sum(c.count for c in charges if c.component in worked)
    return rows * steps.fetch + ceil(values / LANES) * steps.process
