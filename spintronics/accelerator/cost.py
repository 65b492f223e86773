"""Energy and area of a network on the sub-arrays: action counts times device-table entries, nothing else."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, reduce

from spintronics.accelerator.mapping import LayerMapping, map_network
from spintronics.array import SubArray
from spintronics.characterize.device_table import ActionCost
from spintronics.networks import BitWidths, FirstLayer, Network


@dataclass(frozen=True)
class LayerCost:
    """Cost of one layer for one image.

    Attributes:
        mapping: its action counts.
        energy_parts: J by action: read, write, AND, bit-counter, shifter, sum.
        area: of its sub-arrays, m².
    """

    mapping: LayerMapping
    energy_parts: dict[str, float]
    area: float

    @property
    def energy(self) -> float:
        """Sum of the parts, J."""
        return sum(self.energy_parts.values())


@dataclass(frozen=True)
class NetworkCost:
    """Cost of a network for one image; totals are the sums over its layers.

    Kernels are resident: their one-time writing is not in.  Not in either: DPU (quantizer, batch norm,
    activation), pooling, buses between sub-arrays.
    """

    network: str
    dataset: str
    widths: BitWidths
    first_layer: FirstLayer
    layers: tuple[LayerCost, ...]

    @property
    def energy_parts(self) -> dict[str, float]:
        """J by action."""
        return {name: sum(layer.energy_parts[name] for layer in self.layers) for name in self.layers[0].energy_parts}

    @property
    def energy(self) -> float:
        """Energy per image, J."""
        return sum(self.energy_parts.values())

    @property
    def area(self) -> float:
        """Area of all sub-arrays, m²."""
        return sum(layer.area for layer in self.layers)

    @property
    def sub_arrays(self) -> int:
        """Computational sub-arrays."""
        return sum(layer.mapping.sub_arrays for layer in self.layers)


def network_cost(network: Network, widths: BitWidths, first_layer: FirstLayer, sub_array: SubArray) -> NetworkCost:
    """Cost of a network with given bit widths.

    Args:
        widths: bits of weights and of inputs; the first layer's inputs take the convention's bits instead.
    Raises:
        InputError: a layer that does not fit into a sub-array.
    """
    mappings = map_network(network, widths, first_layer, sub_array.rows, sub_array.columns)
    layers = [LayerCost(m, _energy(m, sub_array), m.sub_arrays * sub_array.area) for m in mappings]
    return NetworkCost(network.name, network.dataset, widths, first_layer, tuple(layers))


def _energy(mapping: LayerMapping, sub_array: SubArray) -> dict[str, float]:
    table = sub_array.table

    def total(rows: dict[int, int], cost: Callable[[int], ActionCost]) -> float:
        return reduce(ActionCost.then, (cost(bits).repeated(count) for bits, count in rows.items())).energy

    return {
        "read": total(mapping.row_reads, partial(sub_array.row, table.read)),
        "write": total(mapping.row_writes, partial(sub_array.row, table.write)),
        "AND": total(mapping.row_ands, partial(sub_array.row, table.logic_and)),
        "bit-counter": total(mapping.row_ands, sub_array.bit_count),
        "shifter": total(mapping.row_ands, sub_array.shift),
        "sum": total(mapping.row_ands, lambda _: sub_array.accumulate(mapping.accumulator_bits)),
    }
