"""What a layer is charged for: how often each action happens, and what it costs each time."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import ceil, prod

from spintronics.accelerator.mapping import LayerMapping, words_of
from spintronics.accelerator.streaming import Rounds
from spintronics.array import Floorplan, SubArray
from spintronics.characterize.device_table import ActionCost
from spintronics.circuits.blocks import Block
from spintronics.circuits.datapath import (
    ACCUMULATOR_BITS,
    ACTIVATION,
    BATCH_NORM,
    QUANTIZER,
    processing_blocks,
    sub_array_blocks,
)
from spintronics.networks import Addition, Concatenation, Layer, Normalization, Pool, Shape

COMPONENTS = (
    *("read", "write", "AND", "row decoder", "bit-counter", "shifter", "sum"),
    *("H-tree", "quantizer", "batch norm", "activation", "pooling", "addition"),
)


@dataclass(frozen=True)
class Charge:
    """One line of a layer's bill.

    Attributes:
        component: which of :data:`COMPONENTS` it belongs to.
        what: in words, ``input planes into sub-arrays``.
        action: entry of the device table, or what several of them are put together to: ``H-tree``,
            ``select for …`` of a row operation, ``full_adder and mux2``.
        bits: columns of a row operation; None for everything else.
        count: how often; each: what it costs each time.
    """

    component: str
    what: str
    action: str
    bits: int | None
    count: float
    each: ActionCost

    @property
    def energy(self) -> float:
        """count · each, J."""
        return self.count * self.each.energy


@cache
def processing(columns: int) -> dict[str, Block]:
    """Blocks of the processing unit by name; Shifter and Sum are for averages, additions and Σ x.

    Args:
        columns: of a sub-array, whose Shifter and Sum these are.
    """
    _, shifter, accumulator = sub_array_blocks(columns)
    return {block.name: block for block in (*processing_blocks(), shifter, accumulator)}


def passes(block: str, bits: int) -> int:
    """Passes through a block of the processing unit for results of some bits; one for what the slides' widths need.

    A block takes the leading bits of a wider sum: its 16 bits of value are enough for 8 bits of result.

    >>> passes("quantizer", 2), passes("quantizer", 32), passes("batch norm", 32)
    (1, 4, 8)
    """
    value, scale = BATCH_NORM
    widths = {"quantizer": QUANTIZER[:1], "batch norm": (value, scale), "activation, clipped": ACTIVATION[:1]}
    return prod(ceil(bits / width) for width in widths.get(block, ()))


@dataclass(frozen=True)
class Biller:
    """Writes a layer's bill.

    Attributes:
        sub_array: what a row operation costs; floorplan: how far values travel.
    """

    sub_array: SubArray
    floorplan: Floorplan

    def rows(self, operation: str, component: str, what: str, rows: dict[int, int], times: float = 1) -> list[Charge]:
        """Row operations and their row decoding, by the bits in the row."""
        cost, select = self.sub_array.table.action(operation), self.sub_array.select(operation)
        charges = [
            Charge(component, what, operation, bits, times * count, self.sub_array.row(cost, bits))
            for bits, count in rows.items()
        ]
        decoded = Charge("row decoder", what, f"select for {operation}", None, times * sum(rows.values()), select)
        return [*charges, decoded]

    def sent(self, what: str, bits: float, paths: int) -> Charge:
        """Random bits over the H-tree, over one or more paths between the middle of the chip and a sub-array."""
        line = self.floorplan.line
        each = ActionCost({"H-tree": paths * line.energy}, paths * line.latency)
        return Charge("H-tree", what, "H-tree", None, bits, each)

    def block(self, component: str, name: str, what: str, count: float, bits: int = 1) -> Charge:
        """A block of the processing unit, for values of some bits."""
        block = processing(self.sub_array.columns)[name]
        return Charge(component, what, name, None, count * passes(name, bits), self.sub_array.block(block))

    def sum(self, component: str, what: str, count: float, width: int) -> Charge:
        """Additions of numbers of some bits, 48 a pass."""
        each = self.sub_array.accumulate(min(width, ACCUMULATOR_BITS))
        return Charge(component, what, "sum", None, count * words_of(width), each)

    def rows_for(self, bits: float) -> dict[int, int]:
        """Rows that bits fill in a bank, by the bits in the row."""
        full, rest = divmod(round(bits), self.sub_array.columns)
        return {n: rows for n, rows in ((self.sub_array.columns, full), (rest, 1 if rest else 0)) if rows}


AND_PATH = ("row ANDs", "ones of a row AND", "counts", "shifted counts")
"""What a row AND is charged for: itself with its row decoding, bit-counter, Shifter and Sum."""


def compute_charges(biller: Biller, mapping: LayerMapping, rounds: Rounds) -> list[Charge]:
    """Windows from the Image Bank into sub-arrays, row ANDs, counting, shifting, adding, and merging of segments."""
    width = mapping.accumulator_bits
    merged = mapping.outputs * (len(mapping.segments) - 1)
    written = sum(bits * rows for bits, rows in mapping.row_writes.items())
    row_and, ones, counts, shifted = AND_PATH
    return [
        *biller.rows("read", "read", "windows from the Image Bank", rounds.row_reads),
        biller.sent("input planes to sub-arrays", written, 2),
        *biller.rows("write", "write", "input planes into sub-arrays", mapping.row_writes),
        *biller.rows("AND", "AND", row_and, mapping.row_ands),
        *_counted(biller, mapping.row_ands, (ones, counts, shifted), 1, width),
        biller.sum("sum", "partial sums of segments", merged, width),
        biller.sent("partial sums of segments", merged * width, 2),
        *_spilled(biller, rounds.spilled * width),
        *_input_sums(biller, mapping),
    ]


def _counted(
    biller: Biller, rows: dict[int, int], names: tuple[str, str, str], shifts: int, width: int
) -> list[Charge]:
    """Ones of rows counted, shifted and summed; wide sums 48 bits a pass."""
    array, (ones, counts, sums) = biller.sub_array, names
    shifted = shifts * words_of(width)
    return [
        *(Charge("bit-counter", ones, "bit-counter", None, n, array.bit_count(bits)) for bits, n in rows.items()),
        *(Charge("shifter", counts, "shifter", None, shifted * n, array.shift(bits)) for bits, n in rows.items()),
        biller.sum("sum", sums, shifts * sum(rows.values()), width),
    ]


def _spilled(biller: Biller, bits: int) -> list[Charge]:
    """Partial sums that wait in the Image Bank for another round; their way back is charged where they are merged."""
    if not bits:
        return []
    return [
        biller.sent("partial sums to the Image Bank", bits, 2),
        *biller.rows("write", "write", "partial sums into the Image Bank", biller.rows_for(bits)),
        *biller.rows("read", "read", "partial sums from the Image Bank", biller.rows_for(bits)),
    ]


def _input_sums(biller: Biller, mapping: LayerMapping) -> list[Charge]:
    """Σ x of bipolar weights: rows read and counted, their sums merged, sent, and taken off every output."""
    width, sums = mapping.accumulator_bits, mapping.input_sums
    merged = sums * (len(mapping.segments) - 1)
    names = ("ones of an input row", "counts of input rows", "shifted counts of input rows")
    return [
        *biller.rows("read", "read", "input rows, to count their ones", mapping.input_counts),
        *_counted(biller, mapping.input_counts, names, mapping.input_shifts, width),
        biller.sum("sum", "input sums of segments", merged, width),
        biller.sent("input sums of segments", merged * width, 2),
        biller.sent("input sums to the processing unit", sums * width, 1),
        biller.sum("sum", "input sum off every output", mapping.outputs, width),
    ]


def kernel_charges(biller: Biller, mapping: LayerMapping, copies: int, streamed: bool) -> list[Charge]:
    """Kernels into sub-arrays: per image where they are streamed from the Kernel Bank, once where they stay.

    Args:
        copies: of the layer's kernels.
        streamed: read from the Kernel Bank; else they come onto the chip.
    """
    rows = mapping.kernel_rows
    bits = sum(n * count for n, count in rows.items())
    return [
        *(biller.rows("read", "read", "kernels from the Kernel Bank", rows) if streamed else ()),
        biller.sent("kernels to sub-arrays", copies * bits, 2),
        *biller.rows("write", "write", "kernels into sub-arrays", rows, copies),
    ]


def quantizing_charges(biller: Biller, what: str, values: int, bits: int) -> list[Charge]:
    """Activation and quantizer, to values of some bits that the next layer takes."""
    if bits == 1:
        return [biller.block("activation", "activation, sign", what, values)]
    return [
        biller.block("activation", "activation, clipped", what, values, bits),
        biller.block("quantizer", "quantizer", what, values, bits),
    ]


def after_charges(
    biller: Biller, layer: Layer, before: Sequence[Shape], after: Shape, taken: Sequence[int]
) -> list[Charge]:
    """A layer without weights: its inputs out of the Image Bank, and its work.

    Maximum: a subtractor and a multiplexer a bit for each further value of a window; average: Sum for each value
    and a shift; addition: Sum for each value; normalization: its block.  OR is the maximum of single bits.  A
    concatenation moves nothing.

    Args:
        before, taken: shapes of what it takes, and the bits of each one's values.
    """
    if isinstance(layer, Concatenation):
        return []
    moved = sum(_values(shape) * bits for shape, bits in zip(before, taken, strict=True))
    inputs, outputs, bits = sum(map(_values, before)), _values(after), max(taken)
    array, work = biller.sub_array, []
    if isinstance(layer, Pool):
        inputs = outputs * layer.kernel**2
        moved = inputs * bits
        if layer.kind == "average":
            width = bits + (layer.kernel**2).bit_length()
            work = [
                biller.sum("pooling", "values of windows", inputs, width),
                Charge("pooling", "sums of windows", "shifter", None, outputs, array.shift(2**width - 1)),
            ]
        else:
            subtract, choose = array.table.action("full_adder"), array.table.action("mux2")
            one = ActionCost(
                {"full_adder": bits * subtract.energy, "mux2": bits * choose.energy},
                bits * subtract.latency + choose.latency,
            )
            work = [Charge("pooling", "comparisons", "full_adder and mux2", None, inputs - outputs, one)]
    elif isinstance(layer, Addition):
        work = [biller.sum("addition", "values", inputs, bits + (len(before) - 1).bit_length())]
    elif isinstance(layer, Normalization):
        work = [biller.block("batch norm", "batch norm", "values", outputs, bits)]
    return [
        *biller.rows("read", "read", f"{layer.name}: values from the Image Bank", biller.rows_for(moved)),
        biller.sent(f"{layer.name}: values to the processing unit", moved, 1),
        *work,
    ]


def stored_charges(biller: Biller, bits: int) -> list[Charge]:
    """Results into the Image Bank."""
    return [
        biller.sent("results to the Image Bank", bits, 1),
        *biller.rows("write", "write", "results into the Image Bank", biller.rows_for(bits)),
    ]


def _values(shape: Shape) -> int:
    channels, height, width = shape
    return channels * height * width
