"""Wires between sub-arrays: delay, energy and leakage of a repeated line, and the lengths of an H-tree."""

from dataclasses import dataclass
from functools import cache
from math import sqrt
from typing import Literal

from spintronics.characterize.device_table import DeviceTable
from spintronics.circuits.library import transistor_widths
from spintronics.circuits.row_bench import GATE_CAPACITANCE, UNIT_GATE
from spintronics.technology import Technology

LUMPED, DISTRIBUTED = 0.69, 0.38  # of R·C: delay to half the step, of one stage and of a wire; Bakoglu (1990)
RISING = 0.25  # of random bits in a row, those that charge the line

Layer = Literal["intermediate", "global"]


@dataclass(frozen=True)
class Repeater:
    """The smallest inverter, as a driver of wires.

    Attributes:
        resistance: Ω; input_capacitance, output_capacitance: F.
        leakage: W; area: m².
    """

    resistance: float
    input_capacitance: float
    output_capacitance: float
    leakage: float
    area: float

    @classmethod
    def of(cls, technology: Technology, table: DeviceTable) -> "Repeater | None":
        """From the table's inverter at fan-out 1; None where the table has none.

        R = t / (0.69 (C_in + C_out)), C_in = 1 fF per µm of gate, C_out = C_in (assumed).
        """
        entry = next((e for e in table.entries if e.action == "inverter" and e.cost is not None), None)
        if entry is None or entry.cost is None:
            return None
        pin = GATE_CAPACITANCE * sum(transistor_widths(technology, "inverter", UNIT_GATE))
        return cls(entry.cost.latency / (LUMPED * 2 * pin), pin, pin, entry.leakage or 0.0, entry.area or 0.0)


@dataclass(frozen=True)
class Line:
    """One line of a given length.

    Attributes:
        latency: s; energy: of one random bit, J; leakage: W and area: m², of its repeaters.
    """

    length: float
    latency: float
    energy: float
    leakage: float
    area: float


@dataclass(frozen=True)
class Wire:
    """A wire per length, with repeaters of the size and at the distance that make it fastest.

        t/L = 0.69 R₀(C_out + C_in)/l + 0.38 R·C·l + 0.69 (R₀·C/h + R·h·C_in)
        l = √(0.69 R₀(C_in + C_out) / (0.38 R·C)),  h = √(R₀·C / (R·C_in))

    Source: Bakoglu, Circuits, Interconnections, and Packaging for VLSI (1990).

    Attributes:
        resistance: Ω/m; capacitance: F/m; supply: V.
        repeater: None: no repeaters, t = 0.38 R·C·L².
    """

    resistance: float
    capacitance: float
    supply: float
    repeater: Repeater | None

    @classmethod
    def of(cls, technology: Technology, table: DeviceTable, layer: Layer) -> "Wire":
        """Wire of a layer of the technology."""
        wires = technology.wires
        resistance, capacitance = {
            "intermediate": (wires.intermediate_resistance, wires.intermediate_capacitance),
            "global": (wires.global_resistance, wires.global_capacitance),
        }[layer]
        return cls(resistance, capacitance, technology.cmos.supply, Repeater.of(technology, table))

    def spacing(self, repeater: Repeater) -> float:
        """Distance between repeaters, m."""
        pins = repeater.input_capacitance + repeater.output_capacitance
        return sqrt(LUMPED * repeater.resistance * pins / (DISTRIBUTED * self.resistance * self.capacitance))

    def size(self, repeater: Repeater) -> float:
        """Size of the repeaters, in smallest inverters."""
        return sqrt(repeater.resistance * self.capacitance / (self.resistance * repeater.input_capacitance))

    def line(self, length: float) -> Line:
        """A line of the wire; shorter than one spacing, its repeaters count in proportion.

        >>> bare = Wire(1e6, 2e-10, 1.0, None).line(1e-3)
        >>> f"{bare.latency:.2g} s, {bare.energy:.2g} J"
        '7.6e-11 s, 5e-14 J'
        """
        wire_energy = RISING * self.capacitance * length * self.supply**2
        if self.repeater is None:
            return Line(length, DISTRIBUTED * self.resistance * self.capacitance * length**2, wire_energy, 0.0, 0.0)
        r, distance, size = self.repeater, self.spacing(self.repeater), self.size(self.repeater)
        pins = r.input_capacitance + r.output_capacitance
        segment = LUMPED * r.resistance / size * (size * pins + self.capacitance * distance)
        segment += LUMPED * self.resistance * distance * size * r.input_capacitance
        segment += DISTRIBUTED * self.resistance * self.capacitance * distance**2
        count = length / distance
        return Line(
            length,
            count * segment,
            wire_energy + RISING * count * size * pins * self.supply**2,
            count * size * r.leakage,
            count * size * r.area,
        )


@dataclass(frozen=True)
class HTree:
    """Wire lengths of an H-tree, m: from its root to the farthest leaf, and of all branches together."""

    path: float
    total: float


@cache
def h_tree(columns: int, rows: int, width: float, height: float) -> HTree:
    """H-tree over a grid of leaves, its root in the middle: halved across its longer side until one leaf is left.

    Args:
        columns, rows: leaves across and along.
        width, height: of a leaf, m.

    >>> h_tree(2, 2, 1.0, 1.0)
    HTree(path=1.0, total=3.0)
    """
    if columns == rows == 1:
        return HTree(0.0, 0.0)
    across = columns * width >= rows * height if min(columns, rows) > 1 else columns > 1
    leaves, size = (columns, width) if across else (rows, height)
    path = total = 0.0
    for half in (leaves - leaves // 2, leaves // 2):
        branch = (leaves - half) * size / 2
        below = h_tree(half, rows, width, height) if across else h_tree(columns, half, width, height)
        path, total = max(path, branch + below.path), total + branch + below.total
    return HTree(path, total)
