"""Wires between sub-arrays: delay, energy and leakage of a repeated line, and the lengths of an H-tree."""

from dataclasses import dataclass
from functools import cache
from math import sqrt
from typing import Literal, Self

from spintronics.characterize.device_table import DeviceTable, OperationFailed
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
    def of(cls, technology: Technology, table: DeviceTable) -> Self:
        """From the table's inverter at fan-out 1.

        R = t / (0.69 (C_in + C_out)), C_in = 1 fF per µm of gate, C_out = C_in (assumed).

        Raises:
            OperationFailed: the table's inverter failed, or has no latency, leakage or area.
        """
        latency = table.action("inverter").latency
        if latency <= 0:
            raise OperationFailed(
                f"{table.whose}: inverter: latency = {latency:g} s: must be positive, it drives wires"
            )
        pin = GATE_CAPACITANCE * sum(transistor_widths(technology, "inverter", UNIT_GATE))
        return cls(latency / (LUMPED * 2 * pin), pin, pin, table.leakage("inverter"), table.area("inverter"))


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
        repeater: its smallest repeater.
    """

    resistance: float
    capacitance: float
    supply: float
    repeater: Repeater

    @classmethod
    def of(cls, technology: Technology, table: DeviceTable, layer: Layer) -> "Wire":
        """Wire of a layer of the technology."""
        wires = technology.wires
        resistance, capacitance = {
            "intermediate": (wires.intermediate_resistance, wires.intermediate_capacitance),
            "global": (wires.global_resistance, wires.global_capacitance),
        }[layer]
        return cls(resistance, capacitance, technology.cmos.supply, Repeater.of(technology, table))

    @property
    def spacing(self) -> float:
        """Distance between repeaters, m."""
        pins = self.repeater.input_capacitance + self.repeater.output_capacitance
        return sqrt(LUMPED * self.repeater.resistance * pins / (DISTRIBUTED * self.resistance * self.capacitance))

    @property
    def size(self) -> float:
        """Size of the repeaters, in smallest inverters."""
        r = self.repeater
        return sqrt(r.resistance * self.capacitance / (self.resistance * r.input_capacitance))

    def line(self, length: float) -> Line:
        """A line of the wire; shorter than one spacing, its repeaters count in proportion.

        >>> line = Wire(1e5, 2e-10, 1.0, Repeater(1e4, 3e-16, 3e-16, 1e-9, 1e-13)).line(1e-3)
        >>> f"{line.latency:.2g} s, {line.energy:.2g} J"
        '2.2e-11 s, 1e-13 J'
        """
        wire_energy = RISING * self.capacitance * length * self.supply**2
        r, distance, size = self.repeater, self.spacing, self.size
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
def h_tree(columns: int, rows: int, width: float, height: float, leaves: int) -> HTree:
    """H-tree over a grid, its root in the middle: halved across its longer side until one place is left.

    Branches lead only to places that have a leaf.

    Args:
        columns, rows: places across and along.
        width, height: of a place, m.
        leaves: places with a leaf, filled row by row.

    >>> h_tree(2, 2, 1.0, 1.0, 4), h_tree(2, 2, 1.0, 1.0, 3)
    (HTree(path=1.0, total=3.0), HTree(path=1.0, total=2.5))
    """
    if columns == rows == 1 or leaves == 0:
        return HTree(0.0, 0.0)
    across = columns * width >= rows * height if min(columns, rows) > 1 else columns > 1
    places, size = (columns, width) if across else (rows, height)
    first = places - places // 2
    whole, rest = divmod(leaves, columns)
    in_first = whole * first + min(rest, first) if across else min(leaves, first * columns)
    path = total = 0.0
    for half, filled in ((first, in_first), (places - first, leaves - in_first)):
        if filled == 0:
            continue
        branch = (places - half) * size / 2
        shape = (half, rows) if across else (columns, half)
        below = h_tree(*shape, width, height, filled)
        path, total = max(path, branch + below.path), total + branch + below.total
    return HTree(path, total)
