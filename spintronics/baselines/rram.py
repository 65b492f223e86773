"""Networks on RRAM crossbars, multi-bit (CNN-RRAM) and binary (BCNN-RRAM): energy, area and latency from components.

Every layer has crossbars of its own, its weights resident.  A dot product longer than the rows is split over
crossbars, and the parts are added.  For each output position the window is fetched from the buffer into the input
registers, the DACs drive it into all crossbars of the layer, dac_bits of each input in a cycle, every column is
sampled and converted, and shift-and-add puts the parts together in the output register.

    columns of a weight   c = ⌈weight_bits / cell_bits⌉, twice that for differential coding
    crossbars             groups · ⌈dot length / rows⌉ · ⌈outputs per group · c / columns⌉, less one for an offset
    cycles of a layer     positions · ⌈input_bits / dac_bits⌉

With offset coding every crossbar gives one column to the sum of its inputs.  With differential coding the currents of
a pair are subtracted before they are converted.  In a binary network, a layer that fits into the rows needs no ADC:
a sense amplifier per pair decides the sign.  The last layer's outputs are numbers and are always converted.

The image has 8 bits.  Not in: pooling, activation, normalization, buses between crossbars, leakage, and the one-time
writing of the weights.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from math import ceil
from pathlib import Path
from typing import Any, Literal

from spintronics import units
from spintronics.baselines.cost import BaselineCost
from spintronics.errors import InputError
from spintronics.networks import (
    BitWidths,
    Convolution,
    FirstLayer,
    LayerTraffic,
    LayerWork,
    Network,
    buffer_traffic,
    image_layers,
    inner_values,
)

_IMAGE = FirstLayer.PRACTICAL
_SUM_BITS = 16
"""Of an output in the output register; ISAAC."""


@dataclass(frozen=True)
class RramDesign:
    """An accelerator on RRAM crossbars; checked when made.  Change one parameter with `dataclasses.replace`.

    Attributes:
        title: name for tables.
        node: feature size of the CMOS around the crossbars, m.
        rows, columns: of a crossbar.
        cell_bits: bits that a cell holds.
        weight_bits, input_bits: of the network.
        dac_bits: of an input that are driven in one cycle.
        adc_bits: resolution of a conversion.
        coding: of negative weights.
        adcs: per crossbar.
        read_time: of a crossbar, s; a cycle is longer where the ADCs need longer for all columns.
        sources: parameter → where its value is from, as `rram_design` gives it.
    Raises:
        InputError: a number that is no whole number ≥ 1, a time or size ≤ 0, or another coding.
    """

    title: str
    node: float
    rows: int
    columns: int
    cell_bits: int
    weight_bits: int
    input_bits: int
    dac_bits: int
    adc_bits: int
    coding: Literal["offset", "differential"]
    adcs: int
    read_time: float
    sources: Mapping[str, str]

    def __post_init__(self) -> None:
        for key in ("rows", "columns", "cell_bits", "weight_bits", "input_bits", "dac_bits", "adc_bits", "adcs"):
            value = getattr(self, key)
            if type(value) is not int or value < 1:
                raise InputError(f"{self.title}: {key} = {value!r}: must be a whole number ≥ 1")
        for key in ("node", "read_time"):
            if not getattr(self, key) > 0:
                raise InputError(f"{self.title}: {key} = {getattr(self, key)!r}: must be > 0")
        if self.coding not in ("offset", "differential"):
            raise InputError(f"{self.title}: coding = {self.coding!r}: must be offset or differential")
        if self.columns < 2:
            raise InputError(f"{self.title}: columns = {self.columns}: must be at least 2 for {self.coding} coding")

    @property
    def columns_per_weight(self) -> int:
        """Columns that one output's weights take."""
        return ceil(self.weight_bits / self.cell_bits) * (2 if self.coding == "differential" else 1)

    @property
    def conversions(self) -> int:
        """Of one crossbar in a cycle: one per column, or per pair of columns."""
        return self.columns if self.coding == "offset" else self.columns // 2

    @property
    def usable_columns(self) -> int:
        """Columns of a crossbar that weights can take."""
        return self.columns - 1 if self.coding == "offset" else self.columns // 2 * 2


@dataclass(frozen=True)
class Component:
    """Energy of one action, J, and area of one instance, m², at a node, m."""

    energy: float
    area: float
    node: float
    source: str

    def at(self, node: float) -> "Component":
        """At another node: energy by the ratio of the nodes, area by its square."""
        ratio = node / self.node
        return Component(self.energy * ratio, self.area * ratio**2, node, self.source)


@dataclass(frozen=True)
class Components:
    """What the accelerators are made of; `adc` by resolution, `adc_rate` in conversions per second."""

    cell: Component
    dac: Component
    sample_and_hold: Component
    shift_and_add: Component
    input_register: Component
    output_register: Component
    buffer: Component
    sense_amplifier: Component
    adc: Mapping[int, Component]
    adc_rate: float


@dataclass(frozen=True)
class RramLayer:
    """One layer on its crossbars: how often each component acts for one image, and how many of it there are.

    Attributes:
        crossbars: that hold its weights.
        cycles: for one image.
        sensed: outputs are decided by sense amplifiers, not converted.
        actions: component → actions for one image.
        instances: component → instances; bits of registers and buffers.
    """

    layer: str
    crossbars: int
    cycles: int
    sensed: bool
    actions: Mapping[str, int]
    instances: Mapping[str, int]


def cnn_rram(network: Network) -> BaselineCost:
    """The multi-bit network on RRAM.

    >>> from spintronics.networks import lenet
    >>> cost = cnn_rram(lenet())
    >>> f"{cost.energy * 1e6:.2f} uJ, {cost.area * 1e6:.3f} mm2, {cost.latency * 1e6:.0f} us"
    '2.89 uJ, 0.413 mm2, 514 us'
    """
    return rram_cost(network, rram_design("cnn_rram"), rram_components())


def bcnn_rram(network: Network) -> BaselineCost:
    """The binary network on RRAM.

    >>> from spintronics.networks import lenet
    >>> bcnn_rram(lenet()).energy < cnn_rram(lenet()).energy
    True
    """
    return rram_cost(network, rram_design("bcnn_rram"), rram_components())


def rram_cost(network: Network, design: RramDesign, components: Components) -> BaselineCost:
    """Energy, area and latency: counts of `map_layers` times the components at the design's node.

    Raises:
        InputError: no ADC of the design's resolution.
    """
    if design.adc_bits not in components.adc:
        known = ", ".join(map(str, components.adc))
        raise InputError(f"{design.title}: adc_bits = {design.adc_bits}: must be one of {known}")
    layers = map_layers(network, design)
    parts = _parts(design, components)
    cycle = max(design.read_time, ceil(design.conversions / design.adcs) / components.adc_rate)
    energy = {name: part.energy * sum(layer.actions[name] for layer in layers) for name, part in parts.items()}
    area = {name: part.area * sum(layer.instances[name] for layer in layers) for name, part in parts.items()}
    return BaselineCost(
        design.title,
        network.name,
        network.dataset,
        "modelled",
        "components of ISAAC (ISCA 2016) and others",
        energy,
        area,
        latency=cycle * sum(layer.cycles for layer in layers),
        interval=cycle * max(layer.cycles for layer in layers),
    )


def map_layers(network: Network, design: RramDesign) -> tuple[RramLayer, ...]:
    """Every weighted layer on crossbars of its own, in order.

    >>> from spintronics.networks import lenet
    >>> for layer in map_layers(lenet(), rram_design("bcnn_rram")):
    ...     print(layer.layer, layer.crossbars, layer.cycles, layer.sensed)
    conv1 1 4608 False
    conv2 4 64 False
    fc1 56 1 False
    fc2 4 1 False
    """
    widths = BitWidths(design.weight_bits, design.input_bits)
    traffic = {row.layer: row for row in buffer_traffic(network, widths, _IMAGE)}
    buffers = _line_buffers(network)
    image, inner = image_layers(network), inner_values(network)
    return tuple(
        _map(work, design, traffic[work.name], buffers[work.name], work.name in image, work.name not in inner)
        for work in network.work
    )


def _map(
    work: LayerWork, design: RramDesign, traffic: LayerTraffic, buffered: int, first: bool, last: bool
) -> RramLayer:
    input_bits = _IMAGE.input_bits if first else design.input_bits
    passes = ceil(input_bits / design.dac_bits)
    offset = design.coding == "offset"
    outputs = work.out_channels // work.groups * design.columns_per_weight
    parts = ceil(work.dot_length / design.rows)
    copies = ceil(outputs / design.usable_columns)
    crossbars = work.groups * parts * copies
    cycles = work.positions * passes
    driven = cycles * work.groups * work.dot_length * copies
    used = cycles * work.groups * work.dot_length * (outputs + (copies if offset else 0))
    sampled = cycles * work.groups * parts * (outputs + copies if offset else outputs // 2)
    binary = design.input_bits == passes == 1 and design.columns_per_weight == 2 and not offset
    sensed = binary and parts == 1 and not last
    converted = 0 if sensed else sampled
    converting = 0 if sensed else crossbars
    return RramLayer(
        work.name,
        crossbars,
        cycles,
        sensed,
        actions={
            "cell": used,
            "dac": driven,
            "sample_and_hold": converted,
            "adc": converted,
            "shift_and_add": converted,
            "sense_amplifier": sampled if sensed else 0,
            "input_register": driven * design.dac_bits,
            "output_register": converted,
            "buffer": traffic.windows + traffic.outputs,
        },
        instances={
            "cell": crossbars * design.rows * design.columns,
            "dac": crossbars * design.rows,
            "sample_and_hold": converting * design.conversions,
            "adc": converting * design.adcs,
            "shift_and_add": converting,
            "sense_amplifier": crossbars * design.conversions if sensed else 0,
            "input_register": crossbars * design.rows * input_bits,
            "output_register": converting * (design.columns // design.columns_per_weight) * _SUM_BITS,
            "buffer": buffered * input_bits,
        },
    )


def _parts(design: RramDesign, components: Components) -> dict[str, Component]:
    """Component → cost at the design's node."""
    parts = {name: getattr(components, name).at(design.node) for name in _NAMES}
    units_of_dac = 2**design.dac_bits - 1
    dac = parts["dac"]
    return parts | {
        "cell": replace(parts["cell"], energy=components.cell.energy),
        "dac": replace(dac, energy=dac.energy * units_of_dac, area=dac.area * units_of_dac),
        "adc": components.adc[design.adc_bits].at(design.node),
    }


_NAMES = (
    *("cell", "dac", "sample_and_hold", "shift_and_add", "sense_amplifier"),
    *("input_register", "output_register", "buffer"),
)


def _line_buffers(network: Network) -> dict[str, int]:
    """Values that a layer's buffer must hold at once: the rows of its input that windows still need (ISAAC)."""
    values = {}
    for layer, befores in zip(network.layers, network.input_shapes, strict=True):
        channels, height, width = befores[0]
        if isinstance(layer, Convolution):
            values[layer.name] = ((layer.kernel - 1) * width + layer.kernel) * channels
        else:
            values[layer.name] = channels * height * width
    return values


@cache
def _document() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "rram.toml").read_text(encoding="utf-8"))


def rram_design(name: Literal["cnn_rram", "bcnn_rram"]) -> RramDesign:
    """The design of that name, each parameter with its source.

    >>> rram_design("bcnn_rram").sources["weight_bits"]
    'Tang et al.'
    """
    table = _document()[name]
    values = {key: entry["value"] for key, entry in table.items()}
    values |= {"node": units.parse(values["node"], "m"), "read_time": units.parse(values["read_time"], "s")}
    return RramDesign(**values, sources={key: entry["source"] for key, entry in table.items()})


def rram_components() -> Components:
    """The components, each with its source.

    >>> f"{rram_components().adc[8].energy * 1e12:.2f} pJ"
    '1.67 pJ'
    """
    document = _document()
    adc = document["adc"]
    shared = {"node": adc["node"], "source": adc["source"]}
    return Components(
        **{name: _component(table) for name, table in document["component"].items()},
        adc={int(bits): _component({**table, **shared}) for bits, table in adc["bits"].items()},
        adc_rate=units.parse(adc["rate"], "Hz"),
    )


def _component(table: Mapping[str, str]) -> Component:
    return Component(
        units.parse(table["energy"], "J"),
        units.parse(table["area"], "m^2"),
        units.parse(table["node"], "m"),
        table["source"],
    )
