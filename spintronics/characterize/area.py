"""Area of the sub-array by block: cells by their layout, transistor blocks by one stated rule."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt
from typing import Literal

from spintronics.circuits.blocks import Block
from spintronics.circuits.library import placed_transistors, transistor_widths
from spintronics.circuits.read_bench import SLICE
from spintronics.circuits.row_bench import UNIT_GATE, Port, RowDecoder
from spintronics.technology import Technology

FEATURE = 45e-9  # F of the 45 nm node, m: areas in F²
CELL_RANGE = {
    69.0: "2T cell of the NVSim cross-check: the denser end of the range",
    184.0: "drawn SOT cell of the OpenNVRAM cross-check on FreePDK45: the larger end, the default",
}
"""Cell areas in F² with their sources: results scale with the cell between these."""
TRANSISTOR_RULE = "transistors: contacted gate pitch times width plus row overhead"

ROW_PATH = ("row decoder", "word line drivers", "second row decoder port")
"""Blocks between the row address and the word lines."""

Use = Literal["memory", "compute"]
Part = tuple[str, dict[str, float], int]  # netlist, its parameters, how many


@dataclass(frozen=True)
class Footprint:
    """Area of one block of a sub-array and where it lies.

    Attributes:
        use: ``memory`` where a memory without computing needs it too, else ``compute``.
        area: m²; width, height: of the block beside or below the cells, as wide or as high as they are, m.
        rule: how the area was found.
        gate_width: widths of all its transistors together, m; cells are not counted.
    """

    name: str
    use: Use
    area: float
    width: float
    height: float
    rule: str
    gate_width: float = 0.0

    @property
    def area_f2(self) -> float:
        """Area in F²."""
        return self.area / FEATURE**2


def transistor_area(technology: Technology, netlist: str, **parameters: float) -> float:
    """Area of a netlist's transistors, m²: each a contacted gate pitch times its width plus the row overhead.

    A gate longer than the technology's has a pitch as much longer; no wiring beyond the pitch and the overhead.

    Args:
        netlist: its name; parameters: of the netlist.

    >>> f"{transistor_area(Technology.load('imce45'), 'inverter', w=90e-9, copies=1) * 1e12:.3f} um^2"
    '0.142 um^2'
    """
    cmos = technology.cmos
    return sum(
        t.copies
        * (cmos.contacted_gate_pitch + max(0.0, (t.length or 0.0) - cmos.gate_length))
        * (t.width + cmos.row_overhead)
        for t in placed_transistors(technology, netlist, parameters)
    )


def parts_area(technology: Technology, parts: Iterable[Part]) -> float:
    """Area of several netlists, m²."""
    return sum(number * transistor_area(technology, name, **parameters) for name, parameters, number in parts)


def parts_width(technology: Technology, parts: Iterable[Part]) -> float:
    """Transistor widths of several netlists together, m."""
    return sum(number * sum(transistor_widths(technology, name, parameters)) for name, parameters, number in parts)


def block_parts(block: Block) -> list[Part]:
    """Gates and flip-flops of a block."""
    return [(gate.netlist, UNIT_GATE, number) for gate, number in block.gate_counts.items()]


def block_area(technology: Technology, block: Block) -> float:
    """Area of a block's gates and flip-flops, m²; no wiring between them."""
    return parts_area(technology, block_parts(block))


def cell_size(technology: Technology) -> tuple[float, float]:
    """Width (along a row) and height of a cell, m."""
    cell = technology.cell
    return sqrt(cell.area * cell.aspect), sqrt(cell.area / cell.aspect)


def footprints(technology: Technology, blocks: Iterable[Block]) -> tuple[Footprint, ...]:
    """Every block of a sub-array, and whether a memory alone would need it.

    A memory has one decoder port for reads and one for writes, one reference a column and no logic below its latches.
    Not in: H-tree, routing outside the blocks, reference junctions, control.

    Args:
        blocks: bit-counter, shifter and Sum below the columns.
    """
    t, sense, decoder = technology, technology.sense, RowDecoder(technology)
    rows, columns = t.array.rows, t.array.columns
    cell_width, cell_height = cell_size(t)
    across, along = columns * cell_width, rows * cell_height

    def beside(name: str, use: Use, *parts: Part) -> Footprint:
        area, rule = parts_area(t, parts), f"{TRANSISTOR_RULE}; as high as the cells"
        return Footprint(name, use, area, area / along, along, rule, parts_width(t, parts))

    def below(name: str, use: Use, area: float, gate_width: float) -> Footprint:
        rule = f"{TRANSISTOR_RULE}; as wide as the cells"
        return Footprint(name, use, area, across, area / across, rule, gate_width)

    def each(*parts: Part) -> tuple[float, float]:
        """Area and transistor width of what stands in every column."""
        return columns * parts_area(t, parts), columns * parts_width(t, parts)

    source = each(("read_current_source", {"w": sense.source_width, "l": sense.source_length}, 2))
    references = each(("reference_branch", {"w_read": t.cell.read_width, "fan_in": 2}, 1))
    read_width = t.cell.read_width  # of the one transistor that a memory's reference has
    one = columns * t.cmos.contacted_gate_pitch * (read_width + t.cmos.row_overhead), columns * read_width
    enables: Part = ("line_driver", {"w": SLICE}, 2)
    buffers: Part = ("inverter", {"w": decoder.buffer_width, "copies": 1}, 2 * rows)
    selects: Part = ("inverter", UNIT_GATE, 2 * rows)  # of a read and a write line; with two read ports, a NAND reads
    nands: tuple[Part, ...] = (("nand2", UNIT_GATE, rows), ("inverter", UNIT_GATE, -rows))
    memory_ports = (*decoder.port_gates(Port.READ), *decoder.port_gates(Port.WRITE), selects, buffers)
    drivers: Part = ("line_driver", {"w": t.array.word_line_driver_width}, 2 * rows)
    return (
        Footprint("cells", "memory", rows * columns * t.cell.area, across, along, f"layout: {t.sources['cell.area']}"),
        below("sense amplifiers", "memory", *each(("sense_amplifier", {"w": sense.latch_width}, 1))),
        below("read currents and memory reference", "memory", source[0] + one[0], source[1] + one[1]),
        below("write drivers", "memory", *each(("write_driver", {"w": t.write.driver_width}, 1))),
        below("enable drivers", "memory", *each(enables, ("line_driver", {"w": 2 * SLICE}, 1))),
        beside("row decoder", "memory", *memory_ports),
        beside("word line drivers", "memory", drivers),
        beside("second row decoder port", "compute", *decoder.port_gates(Port.SECOND), *nands),
        below("AND and OR references", "compute", references[0] - one[0], references[1] - one[1]),
        below("AND and OR enable drivers", "compute", *each(enables)),
        below("result latches", "compute", *each(("nand2", UNIT_GATE, 2))),
        *(below(block.name, "compute", block_area(t, block), parts_width(t, block_parts(block))) for block in blocks),
    )


@dataclass(frozen=True)
class AreaOverhead:
    """What computing adds to a memory's area.

    Attributes:
        memory: area of the memory alone, m².
        overhead: of all compute blocks over the memory, and of each by name.
    """

    memory: float
    overhead: float
    by_block: dict[str, float]


def area_overhead(found: Iterable[Footprint]) -> AreaOverhead:
    """(Memory with compute blocks) / (memory alone) − 1, and the part of each block.

    >>> parts = [Footprint("cells", "memory", 9.0, 3, 3, ""), Footprint("sum", "compute", 1.8, 3, 0.6, "")]
    >>> f"{area_overhead(parts).overhead:.2f}"
    '0.20'
    """
    found = list(found)
    memory = sum(f.area for f in found if f.use == "memory")
    by_block = {f.name: f.area / memory for f in found if f.use == "compute"}
    return AreaOverhead(memory, sum(by_block.values()), by_block)
