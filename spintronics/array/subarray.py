"""A computational sub-array: row operations composed from the device table, leakage, area from layout rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from math import ceil, log2

from spintronics.characterize.area import Footprint, area_overhead, cell_size, footprints
from spintronics.characterize.device_table import OK, ActionCost, DeviceTable, Entry, OperationFailed
from spintronics.circuits.blocks import Block
from spintronics.circuits.datapath import SHIFT_STAGES, sub_array_blocks
from spintronics.circuits.library import transistor_widths
from spintronics.circuits.logic_bench import FULL_ADDER
from spintronics.circuits.read_bench import SLICE
from spintronics.circuits.row_bench import UNIT_GATE, Activation
from spintronics.technology import Technology

SHARED = ("word line", "bias")  # contributors of an operation that serve all columns at once
ACTIVATIONS = {"read": Activation.READ, "write": Activation.WRITE}  # every other operation raises two rows


@cache
def full_adders_to_count(bits: int) -> int:
    """Full adders in a tree that counts the ones among ``bits`` inputs.

    Three signals of one weight become one of that weight and one of the next; a pair left over takes an adder too.

    >>> [full_adders_to_count(n) for n in (1, 2, 3, 7)]
    [0, 1, 1, 4]
    """
    adders, column = 0, bits
    while column > 1:
        carries = 0
        while column > 1:
            used = min(column, 3)
            column -= used - 1
            carries += 1
        adders += carries
        column = carries
    return adders


@dataclass(frozen=True)
class SubArray:
    """Rows × columns of 2T1R cells with a latch in every column, and bit-counter, Shifter and Sum below them.

    Memory mode reads and writes some columns of one row; computing mode raises two rows and senses all columns.

    Args:
        technology: geometry and layout rules.
        table: costs per column, per gate and per block; a row operation is its columns in parallel.
    """

    technology: Technology
    table: DeviceTable

    @property
    def rows(self) -> int:
        """Rows of cells."""
        return self.technology.array.rows

    @property
    def columns(self) -> int:
        """Columns of cells, each with its own sense amplifier."""
        return self.technology.array.columns

    @cached_property
    def _entries(self) -> Mapping[str, Entry]:
        return {entry.action: entry for entry in self.table.entries}

    def has(self, action: str) -> bool:
        """Whether the table holds an action; one that failed is there, and refused when it is asked for."""
        return action in self._entries

    def row(self, action: ActionCost, bits: int) -> ActionCost:
        """An action on ``bits`` columns of a row: what columns share is paid for the whole row, the rest per bit."""
        return ActionCost(
            {name: energy * (self.columns if name in SHARED else bits) for name, energy in action.parts.items()},
            action.latency,
        )

    def select(self, operation: str) -> ActionCost:
        """Row decoding before an operation, one row or two; nothing where the table does not have the row path."""
        action = f"select {ACTIVATIONS.get(operation, Activation.TWO_ROWS)}"
        if not self.has(action):
            return ActionCost({"row decoder": 0.0}, 0.0)
        cost = self.table.action(action)
        return ActionCost({"row decoder": cost.energy}, cost.latency)

    def operation(self, operation: str, bits: int) -> ActionCost:
        """A read, write, AND, OR … on ``bits`` columns of a row, row decoding first.

        Raises:
            OperationFailed: the table does not have the operation.
        """
        return self.select(operation).then(self.row(self.table.action(operation), bits))

    def bit_count(self, bits: int) -> ActionCost:
        """Hold ``bits`` results and count their ones: the whole counter's cost, energy in proportion to the adders.

        The sense amplifiers' outputs are both high between operations: two cross-coupled NAND gates a column hold the
        result meanwhile, so that the counter sees results alone.  Each operation takes both through two transitions.
        """
        hold = bits * 4 * self.table.action("nand2").energy if self.has("nand2") else 0.0
        if self.has("bit-counter"):
            whole = self.table.action("bit-counter")
            share = full_adders_to_count(bits) / full_adders_to_count(self.columns)
            return ActionCost({"bit-counter": share * whole.energy, "result latches": hold}, whole.latency)
        depth = ceil(log2(max(bits, 2)))
        adder = self.table.action("full_adder")
        counted = full_adders_to_count(bits) * adder.energy
        return ActionCost({"bit-counter": counted, "result latches": hold}, 2 * depth * adder.latency)

    def shift(self, bits: int) -> ActionCost:
        """Shift a count over ``bits`` inputs to its weight.

        Composed from gates, the bits that are zero before and after a shift do not toggle.
        """
        if self.has("shifter"):
            return _named("shifter", self.table.action("shifter"))
        mux = self.table.action("mux2")
        return ActionCost({"shifter": bits.bit_length() * SHIFT_STAGES * mux.energy}, SHIFT_STAGES * mux.latency)

    def accumulate(self, width: int) -> ActionCost:
        """Add to the Sum register; composed from gates, ``width`` bits of ripple adder and flip-flops."""
        if self.has("sum"):
            return _named("sum", self.table.action("sum"))
        adder, register = self.table.action("full_adder"), self.table.action("d_flip_flop")
        return ActionCost({"sum": width * (adder.energy + register.energy)}, width * adder.latency + register.latency)

    def block(self, block: Block) -> ActionCost:
        """A block's cost from the table, or else the sum over its gates that the table has, each with random inputs.

        Composed so, its latency is a ripple through all its full adders' columns: one adder per output bit.
        """
        if self.has(block.name):
            return _named(block.name, self.table.action(block.name))
        known = {gate: n for gate, n in block.gate_counts.items() if self.has(gate.netlist)}
        energy = sum(n * self.table.action(gate.netlist).energy for gate, n in known.items())
        slowest = max((self.table.action(gate.netlist).latency for gate in known), default=0.0)
        return ActionCost({block.name: energy}, len(block.outputs) * slowest if FULL_ADDER in known else slowest)

    def origin(self, action: str) -> str:
        """Where an action's cost is from: the testbench of its entry, or what it is composed of."""
        if self.has(action):
            return self._entries[action].testbench
        return "composed of the table's gates: it has no such block"

    @cached_property
    def footprints(self) -> tuple[Footprint, ...]:
        """Every block, its area and whether a memory alone would need it."""
        return footprints(self.technology, sub_array_blocks(self.columns))

    @cached_property
    def area_parts(self) -> dict[str, float]:
        """Area by block, m²; the parts sum to :attr:`area`.  Rules: :mod:`spintronics.characterize.area`."""
        return {f.name: f.area for f in self.footprints}

    @property
    def area(self) -> float:
        """Area of all blocks, m²."""
        return sum(self.area_parts.values())

    @property
    def memory_area(self) -> float:
        """Area of the blocks that a memory alone would need, m²."""
        return sum(f.area for f in self.footprints if f.use == "memory")

    @property
    def overhead_parts(self) -> dict[str, float]:
        """What computing adds, over the area of the memory alone, by block."""
        memory = area_overhead(self.footprints).memory
        return {f.name: f.area / memory for f in self.footprints if f.use == "compute"}

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the rectangle around cells, the blocks beside and those below them, m."""
        width, height = cell_size(self.technology)
        across, along = self.columns * width, self.rows * height
        beside = sum(f.width for f in self.footprints if f.height == along and f.name != "cells")
        below = sum(f.height for f in self.footprints if f.width == across and f.name != "cells")
        return across + beside, along + below

    @cached_property
    def leakage_parts(self) -> dict[str, float]:
        """Static power by block, W, no row selected; the parts sum to :attr:`leakage`.

        Row path and blocks from the table; column circuits per transistor width like the table's inverter.  Cells
        have none: their lines are at ground.  What the table does not know is 0.

        Raises:
            OperationFailed: an entry that failed.
        """
        per_width = self._leakage_of("inverter") / sum(transistor_widths(self.technology, "inverter", UNIT_GATE))
        parts = {name: self.columns * width * per_width for name, width in self._column_widths.items()}
        for name in ("row path at rest", "bit-counter", "shifter", "sum"):
            parts[name.removesuffix(" at rest")] = self._leakage_of(name)
        parts["result latches"] = self.columns * 2 * self._leakage_of("nand2")
        return parts

    def _leakage_of(self, action: str) -> float:
        """Static power of a table's entry, W; 0 of one that the table does not know."""
        entry = self._entries.get(action)
        if entry is not None and entry.status != OK:
            raise OperationFailed(f"{entry.name}: {entry.status}")
        return (entry.leakage or 0.0) if entry is not None else 0.0

    @property
    def leakage(self) -> float:
        """Static power, W."""
        return sum(self.leakage_parts.values())

    @property
    def _column_widths(self) -> dict[str, float]:
        """Transistor width of one column's circuits, m."""
        t, sense = self.technology, self.technology.sense
        circuits: dict[str, list[tuple[str, dict[str, float], int]]] = {
            "sense amplifiers": [("sense_amplifier", {"w": sense.latch_width}, 1)],
            "read currents and references": [
                ("read_current_source", {"w": sense.source_width, "l": sense.source_length}, 2),
                ("reference_branch", {"w_read": t.cell.read_width, "fan_in": 2}, 1),
            ],
            "write drivers": [("write_driver", {"w": t.write.driver_width}, 1)],
            "enable drivers": [("line_driver", {"w": SLICE}, 2), ("line_driver", {"w": 2 * SLICE}, 1)],
        }
        return {
            name: sum(n * sum(transistor_widths(t, netlist, values)) for netlist, values, n in parts)
            for name, parts in circuits.items()
        }


def _named(name: str, cost: ActionCost) -> ActionCost:
    return ActionCost({name: cost.energy}, cost.latency)
