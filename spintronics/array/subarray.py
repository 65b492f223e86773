"""A computational sub-array: row operations composed from the device table, leakage, area from layout rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from math import ceil, log2

from spintronics.characterize.area import ROW_PATH, Footprint, Use, area_overhead, cell_size, footprints
from spintronics.characterize.device_table import ActionCost, DeviceTable, Entry
from spintronics.circuits.blocks import Block
from spintronics.circuits.datapath import SHIFT_STAGES, processing_blocks, sub_array_blocks
from spintronics.circuits.library import transistor_widths
from spintronics.circuits.logic_bench import FULL_ADDER
from spintronics.circuits.row_bench import UNIT_GATE, Activation
from spintronics.technology import Technology

SHARED = ("word line", "bias")  # contributors of an operation that serve all columns at once
ACTIVATIONS = {"read": Activation.READ, "write": Activation.WRITE}  # every other operation raises two rows
ACTIONS = (
    *("read", "write", "AND"),
    *(f"select {activation}" for activation in Activation),
    *("row path at rest", "inverter", "nand2"),
)
"""What every array is costed with; OR is optional, and blocks that are not in the table take their gates."""


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
    Raises:
        OperationFailed: the table lacks one of :data:`ACTIONS`, or a gate of a logic block that it lacks too.
    """

    technology: Technology
    table: DeviceTable

    def __post_init__(self) -> None:
        blocks = (*sub_array_blocks(self.columns), *processing_blocks())
        gates = (gate.netlist for block in blocks if not self.has(block.name) for gate in block.gate_counts)
        self.table.require_actions((*ACTIONS, *gates))

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
        """Row decoding before an operation, one row or two."""
        cost = self.table.action(f"select {ACTIVATIONS.get(operation, Activation.TWO_ROWS)}")
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
        hold = bits * 4 * self.table.action("nand2").energy
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
        """A block's cost from the table, or else the sum over its gates, each with random inputs.

        Composed so, its latency is a ripple through all its full adders' columns: one adder per output bit.
        """
        if self.has(block.name):
            return _named(block.name, self.table.action(block.name))
        gates = {gate: self.table.action(gate.netlist) for gate in block.gate_counts}
        energy = sum(n * gates[gate].energy for gate, n in block.gate_counts.items())
        slowest = max(cost.latency for cost in gates.values())
        return ActionCost({block.name: energy}, len(block.outputs) * slowest if FULL_ADDER in gates else slowest)

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
    def memory_leakage_parts(self) -> dict[str, float]:
        """Static power, W, of the blocks that :attr:`memory_area` has; rules as :attr:`leakage_parts`."""
        return self._leakage_of("memory")

    @cached_property
    def compute_leakage_parts(self) -> dict[str, float]:
        """Static power, W, of the blocks that computing adds to a memory; rules as :attr:`leakage_parts`."""
        return self._leakage_of("compute")

    @property
    def leakage_parts(self) -> dict[str, float]:
        """Static power by block, W, no row selected; the parts sum to :attr:`leakage`.

        Row path from the table, shared among its blocks by their transistors' widths; logic blocks and result latches
        from the table, or composed of its gates; column circuits per transistor width like the table's inverter.
        Cells have none: their lines are at ground.

        Raises:
            OperationFailed: an entry that failed, or one without leakage.
        """
        return {**self.memory_leakage_parts, **self.compute_leakage_parts}

    @property
    def leakage(self) -> float:
        """Static power, W."""
        return sum(self.leakage_parts.values())

    @property
    def memory_leakage(self) -> float:
        """Static power of the blocks that a memory alone would need, W."""
        return sum(self.memory_leakage_parts.values())

    def block_leakage(self, block: Block) -> float:
        """Static power of a block, W: from the table, or else the sum over its gates.

        Raises:
            OperationFailed: an entry that failed, or one without leakage.
        """
        if self.has(block.name):
            return self.table.leakage(block.name)
        return sum(n * self.table.leakage(gate.netlist) for gate, n in block.gate_counts.items())

    def _leakage_of(self, use: Use) -> dict[str, float]:
        inverter = sum(transistor_widths(self.technology, "inverter", UNIT_GATE))
        in_columns = self.table.leakage("inverter") / inverter  # W/m
        row_path = sum(f.gate_width for f in self.footprints if f.name in ROW_PATH)
        in_row_path = self.table.leakage("row path at rest") / row_path
        found = {
            f.name: f.gate_width * (in_row_path if f.name in ROW_PATH else in_columns)
            for f in self.footprints
            if f.use == use and f.name != "cells"
        }
        if use == "compute":
            found["result latches"] = self.columns * 2 * self.table.leakage("nand2")
            found |= {block.name: self.block_leakage(block) for block in sub_array_blocks(self.columns)}
        return found


def _named(name: str, cost: ActionCost) -> ActionCost:
    return ActionCost({name: cost.energy}, cost.latency)
