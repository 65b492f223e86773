"""What a layer is charged for: how often each action happens, and what it costs each time."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from spintronics.accelerator.mapping import LayerMapping
from spintronics.array import Floorplan, SubArray
from spintronics.characterize.device_table import ActionCost
from spintronics.characterize.digital import processing_blocks
from spintronics.circuits.blocks import Block
from spintronics.networks import Addition, Layer, Normalization, Pool, Shape

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
        action: entry of the device table, or ``H-tree``.
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
def processing() -> dict[str, Block]:
    """Blocks of the processing unit by name."""
    return {block.name: block for block in processing_blocks()}


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

    def block(self, component: str, name: str, what: str, count: float) -> Charge:
        """A block of the processing unit."""
        return Charge(component, what, name, None, count, self.sub_array.block(processing()[name]))

    def kept(self, bits: float) -> dict[int, int]:
        """Rows that bits fill when they are kept in a bank."""
        full, rest = divmod(round(bits), self.sub_array.columns)
        return {n: rows for n, rows in ((self.sub_array.columns, full), (rest, 1 if rest else 0)) if rows}


def compute_charges(biller: Biller, mapping: LayerMapping, rereads: int) -> list[Charge]:
    """Windows from the Image Bank into sub-arrays, row ANDs, counting, shifting, adding, and merging of segments."""
    array, outputs = biller.sub_array, mapping.outputs
    merged = outputs * (len(mapping.segments) - 1)
    total = array.accumulate(mapping.accumulator_bits)
    ands = mapping.row_ands
    written = sum(bits * rows for bits, rows in mapping.row_writes.items())
    return [
        *biller.rows("read", "read", "windows from the Image Bank", mapping.row_reads, rereads),
        biller.sent("input planes to sub-arrays", written, 2),
        *biller.rows("write", "write", "input planes into sub-arrays", mapping.row_writes),
        *biller.rows("AND", "AND", "row ANDs", ands),
        *(
            Charge("bit-counter", "ones of a row AND", "bit-counter", None, n, array.bit_count(bits))
            for bits, n in ands.items()
        ),
        *(Charge("shifter", "counts", "shifter", None, n, array.shift(bits)) for bits, n in ands.items()),
        Charge("sum", "shifted counts", "sum", None, sum(ands.values()), total),
        Charge("sum", "partial sums of segments", "sum", None, merged, total),
        biller.sent("partial sums of segments", merged * mapping.accumulator_bits, 2),
    ]


def kernel_charges(biller: Biller, mapping: LayerMapping, parallelism: int) -> list[Charge]:
    """Kernels from the Kernel Bank into sub-arrays: per image where they are streamed, once where they stay."""
    rows = mapping.kernel_rows
    bits = sum(n * count for n, count in rows.items())
    return [
        *biller.rows("read", "read", "kernels from the Kernel Bank", rows),
        biller.sent("kernels to sub-arrays", parallelism * bits, 2),
        *biller.rows("write", "write", "kernels into sub-arrays", rows, parallelism),
    ]


def result_charges(
    biller: Biller, outputs: int, sum_bits: int, kept_bits: int | None, normalized: bool
) -> list[Charge]:
    """Sums to the processing unit, through it, and back to the Image Bank.

    Args:
        sum_bits: width of a sum; kept_bits: of what the next layer takes; None for the network's last layer, whose
            sums leave the chip.
        normalized: batch normalization is done here; not where the network has layers of its own for it.
    """
    charges = [biller.sent("sums to the processing unit", outputs * sum_bits, 1)]
    if kept_bits is None:
        return charges
    if normalized:
        charges.append(biller.block("batch norm", "batch norm", "sums", outputs))
    if kept_bits == 1:
        charges.append(biller.block("activation", "activation, sign", "sums", outputs))
    else:
        charges.append(biller.block("activation", "activation, clipped", "sums", outputs))
        charges.append(biller.block("quantizer", "quantizer", "sums", outputs))
    return [*charges, *_stored(biller, outputs * kept_bits)]


def after_charges(biller: Biller, layer: Layer, before: Iterable[Shape], after: Shape, bits: int) -> list[Charge]:
    """A layer without weights: its inputs out of the Image Bank, its work, its results back.

    Maximum: a subtractor and a multiplexer of ``bits`` for each further value of a window; average: Sum for each value
    and a shift; addition: Sum for each value; normalization: its block.  OR is the maximum of single bits.

    Args:
        before: shapes of what it takes; bits: of each value.
    """
    inputs, outputs = sum(_values(shape) for shape in before), _values(after)
    array, work = biller.sub_array, []
    if isinstance(layer, Pool):
        inputs = outputs * layer.kernel**2
        if layer.kind == "average":
            width = bits + (layer.kernel**2).bit_length()
            work = [
                Charge("pooling", "values of windows", "sum", None, inputs, array.accumulate(width)),
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
        work = [Charge("addition", "values", "sum", None, inputs, array.accumulate(bits + 1))]
    elif isinstance(layer, Normalization):
        work = [biller.block("batch norm", "batch norm", "values", outputs)]
    return [
        *biller.rows("read", "read", f"{layer.name}: values from the Image Bank", biller.kept(inputs * bits)),
        biller.sent(f"{layer.name}: values to the processing unit", inputs * bits, 1),
        *work,
        *_stored(biller, outputs * bits),
    ]


def _stored(biller: Biller, bits: int) -> list[Charge]:
    return [
        biller.sent("results to the Image Bank", bits, 1),
        *biller.rows("write", "write", "results into the Image Bank", biller.kept(bits)),
    ]


def _values(shape: Shape) -> int:
    channels, height, width = shape
    return channels * height * width
