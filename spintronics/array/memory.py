"""A memory as memory people draw it: sub-arrays in mats, mats in banks, banks on a chip, joined by H-trees."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import ceil, isqrt, log2

from spintronics.array.subarray import SubArray
from spintronics.array.wires import HTree, Line, Wire, h_tree
from spintronics.characterize.device_table import ActionCost
from spintronics.errors import InputError

LARGEST = 8 * 1024**4  # bits; 1024 GB, far beyond a chip


def parse_capacity(text: str) -> int:
    """Bits of a capacity such as ``1MB``, ``64 kB`` or ``1Gb``; k, M and G are powers of 1024, B is a byte, b a bit.

    Raises:
        InputError: not a capacity.

    >>> parse_capacity("1MB"), parse_capacity("512b")
    (8388608, 512)
    """
    match = re.fullmatch(r"\s*(\d{1,20})\s*([kKMG]?)i?([Bb])\s*", text)
    if match is None or int(match[1]) == 0:
        raise InputError(
            f'capacity "{text[:40]}": must be a whole number with B, kB, MB, GB (or b, kb, … bits), such as 1MB'
        )
    factor: int = 1024 ** " KMG".index(match[2].upper() or " ") * (8 if match[3] == "B" else 1)
    return int(match[1]) * factor


def grid(count: int, width: float, height: float) -> tuple[int, int]:
    """Columns and rows of leaves of a given size with the smallest half perimeter around them.

    >>> grid(16, 1.0, 1.0), grid(16, 4.0, 1.0), grid(5, 1.0, 1.0)
    ((4, 4), (2, 8), (2, 3))
    """
    few = range(1, isqrt(count) + 2)  # of the two sides of the best shape, one is this short
    columns = sorted({*few, *(-(-count // rows) for rows in few)})
    return min(((n, -(-count // n)) for n in columns), key=lambda shape: shape[0] * width + shape[1] * height)


@dataclass(frozen=True)
class Floorplan:
    """Where sub-arrays lie: a grid of them in a mat, of mats in a bank, of banks on the chip, near a square.

    The chip has whole mats, its last bank as many as are left; a chip of less than one bank has room for its own alone.

    Args:
        sub_array: one of them, all alike.
        sub_arrays: how many the chip needs.
    """

    sub_array: SubArray
    sub_arrays: int

    @property
    def mats(self) -> int:
        """Mats of the chip."""
        return ceil(self.sub_arrays / self.sub_array.technology.hierarchy.sub_arrays_per_mat)

    @property
    def banks(self) -> int:
        """Banks of the chip."""
        return ceil(self.mats / self.sub_array.technology.hierarchy.mats_per_bank)

    @property
    def placed(self) -> int:
        """Sub-arrays in all mats."""
        return self.mats * self.sub_array.technology.hierarchy.sub_arrays_per_mat

    @cached_property
    def levels(self) -> tuple[tuple[str, int, int, float, float, int], ...]:
        """(name, columns, rows, width and height of a place in m, places filled) of mat, full bank and chip."""
        hierarchy = self.sub_array.technology.hierarchy
        width, height = self.sub_array.size
        found = []
        for name, count in (
            ("mat", hierarchy.sub_arrays_per_mat),
            ("bank", min(self.mats, hierarchy.mats_per_bank)),
            ("chip", self.banks),
        ):
            columns, rows = grid(count, width, height)
            found.append((name, columns, rows, width, height, count))
            width, height = columns * width, rows * height
        return tuple(found)

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the chip, m."""
        _, columns, rows, width, height, _ = self.levels[-1]
        return columns * width, rows * height

    @cached_property
    def trees(self) -> dict[str, HTree]:
        """H-tree of each level, its root in the middle of the level; a bank's is that of a full one."""
        return {name: h_tree(*geometry) for name, *geometry in self.levels}

    @property
    def path(self) -> float:
        """Wire from the middle of the chip to the farthest sub-array, m."""
        return sum(tree.path for tree in self.trees.values())

    @property
    def wire(self) -> float:
        """All branches of all H-trees, one line each, m."""
        return self._wire_in_mats + self._wire_above

    @property
    def _wire_in_mats(self) -> float:
        return self.mats * self.trees["mat"].total

    @cached_property
    def _wire_above(self) -> float:
        _, columns, rows, width, height, full = self.levels[1]
        last = h_tree(columns, rows, width, height, self.mats - (self.banks - 1) * full)
        return (self.banks - 1) * self.trees["bank"].total + last.total + self.trees["chip"].total

    @cached_property
    def line(self) -> Line:
        """One line of the path to a sub-array: intermediate wire in the mat, global above it."""
        t, table = self.sub_array.technology, self.sub_array.table
        inside = Wire.of(t, table, "intermediate").line(self.trees["mat"].path)
        above = Wire.of(t, table, "global").line(self.path - self.trees["mat"].path)
        return Line(
            inside.length + above.length,
            inside.latency + above.latency,
            inside.energy + above.energy,
            inside.leakage + above.leakage,
            inside.area + above.area,
        )

    @cached_property
    def all_lines(self) -> Line:
        """Every branch of the H-trees, one line each: leakage and area of its repeaters."""
        t, table = self.sub_array.technology, self.sub_array.table
        a, b = (
            Wire.of(t, table, "intermediate").line(self._wire_in_mats),
            Wire.of(t, table, "global").line(self._wire_above),
        )
        return Line(a.length + b.length, 0.0, 0.0, a.leakage + b.leakage, a.area + b.area)


@dataclass(frozen=True)
class Memory:
    """A memory of one capacity and word width; the compute blocks of its sub-arrays are idle and counted apart.

    One access takes one word in one sub-array: a read raises one row, senses the word's columns and sends the word
    out; a write sends it in.  Address, incoming and outgoing word have lines of their own.

    Args:
        sub_array: one of its sub-arrays.
        capacity: bits; word: bits read or written at once.
    Raises:
        InputError: the word is wider than a row or than the capacity, or either is not positive.
        OperationFailed: the table lacks the column multiplexer's gate, and the word is narrower than a row.
    """

    sub_array: SubArray
    capacity: int
    word: int

    def __post_init__(self) -> None:
        if not 1 <= self.capacity <= LARGEST:
            raise InputError(f"capacity = {self.capacity} bits: must be within 1 and {LARGEST} (1024 GB)")
        if not 1 <= self.word <= self.sub_array.columns:
            raise InputError(
                f"word = {self.word} bits: must be from 1 to {self.sub_array.columns}, the columns of a sub-array "
                "(technology.array.columns)"
            )
        if self.word > self.capacity:
            raise InputError(f"word = {self.word} bits: must be ≤ the capacity, {self.capacity} bits")
        if self.mux > 1:
            self.sub_array.table.require_actions(("mux2",))

    @cached_property
    def floorplan(self) -> Floorplan:
        """Its sub-arrays on the chip."""
        return Floorplan(self.sub_array, ceil(self.capacity / (self.sub_array.rows * self.sub_array.columns)))

    @property
    def mux(self) -> int:
        """Columns that share one bit of the word."""
        return self.sub_array.columns // self.word

    @property
    def address_bits(self) -> int:
        """Bits that choose a word."""
        return ceil(log2(max(2, self.capacity / self.word)))

    @cached_property
    def read(self) -> ActionCost:
        """One word: address in, row decoding, read, column multiplexer, word out."""
        line = self.floorplan.line
        return (
            self._sent("H-tree, address", self.address_bits)
            .then(self._operation("read"))
            .then(self._column_multiplexer())
            .then(ActionCost({"H-tree, word": self.word * line.energy}, line.latency))
        )

    @cached_property
    def write(self) -> ActionCost:
        """One word: address and word in, row decoding, write."""
        address, word = self._sent("H-tree, address", self.address_bits), self._sent("H-tree, word", self.word)
        return address.beside(word).then(self._operation("write"))

    def logic(self, operation: str) -> ActionCost:
        """Computing mode: two row addresses in, AND or OR of a whole row, its result in the latches."""
        addresses = self._sent("H-tree, address", 2 * self.address_bits)
        return addresses.then(self.sub_array.operation(operation, self.sub_array.columns))

    @cached_property
    def area_parts(self) -> dict[str, float]:
        """Area by component, m²: the memory's blocks, corners that stay empty, multiplexers, repeaters.

        H-tree wires run above the sub-arrays; :attr:`wire_area` is theirs.
        """
        array, count = self.sub_array, self.floorplan.placed
        width, height = array.size
        parts = {f.name: count * f.area for f in array.footprints if f.use == "memory"}
        parts["corners"] = count * (width * height - array.area)
        parts["column multiplexers"] = count * self._multiplexers(self.sub_array.table.area)
        parts["H-tree repeaters"] = self._lines * self.floorplan.all_lines.area
        return parts

    @property
    def compute_area_parts(self) -> dict[str, float]:
        """What computing adds to the area, by block, m²."""
        return {f.name: self.floorplan.placed * f.area for f in self.sub_array.footprints if f.use == "compute"}

    @property
    def wire_area(self) -> float:
        """Area of the H-trees' lines at their pitch, m²: on the global layers above the sub-arrays, in no total."""
        return self._lines * self.floorplan.wire * self.sub_array.technology.wires.global_pitch

    @cached_property
    def leakage_parts(self) -> dict[str, float]:
        """Static power by component, W, all sub-arrays powered: of what :attr:`area_parts` has."""
        count = self.floorplan.placed
        parts = {name: count * watt for name, watt in self.sub_array.memory_leakage_parts.items()}
        parts["column multiplexers"] = count * self._multiplexers(self.sub_array.table.leakage)
        parts["H-tree repeaters"] = self._lines * self.floorplan.all_lines.leakage
        return parts

    @property
    def compute_leakage_parts(self) -> dict[str, float]:
        """What computing adds to the static power, by block, W."""
        return {name: self.floorplan.placed * watt for name, watt in self.sub_array.compute_leakage_parts.items()}

    @property
    def _lines(self) -> int:
        return self.address_bits + 2 * self.word

    def _multiplexers(self, figure: Callable[[str], float]) -> float:
        """Area or leakage of the two-to-one multiplexers below a sub-array's columns; a word of all has none."""
        return self.word * (self.mux - 1) * figure("mux2") if self.mux > 1 else 0.0

    def _sent(self, name: str, bits: int) -> ActionCost:
        line = self.floorplan.line
        return ActionCost({name: bits * line.energy}, line.latency)

    def _operation(self, name: str) -> ActionCost:
        return self.sub_array.operation(name, self.word)

    def _column_multiplexer(self) -> ActionCost:
        depth = ceil(log2(self.mux)) if self.mux > 1 else 0
        gate = self.sub_array.table.action("mux2") if depth else ActionCost({}, 0.0)
        return ActionCost({"column multiplexer": self.word * depth * gate.energy}, depth * gate.latency)
