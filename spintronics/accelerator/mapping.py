"""Mapping of the slides: kernel bits in rows, input bits in the rows below, a row AND per pair of bit planes.

The dot product of one output is ``dot_length`` long.  It is laid along a row, in segments of at most ``columns``
bits.  A sub-array holds one segment of as many kernels as its rows take, each in ``w_bits`` rows, and keeps
``i_bits`` rows for the same segment of the current input window.  Kernels stay; each input window is written once
into every sub-array that holds kernels for it, and every kernel is ANDed with it plane by plane.  Groups of few kernels
(depth-wise convolution) share a sub-array: each has rows of its own for kernels and input window.

Weights are bipolar, as DoReFa-Net and FINN have them: ±1, or the odd numbers around zero (two bits: ±1, ±3).  Then

    Σ w·x = 2 Σ_n 2^n Σ b_n·x − (2^W − 1) Σ x

needs Σ x, once per window and bit plane: in one of the sub-arrays that hold a segment, each input row is also read and
its ones are counted.  The processing unit takes Σ x off every output.
"""

from collections import Counter
from dataclasses import dataclass
from math import ceil

from spintronics.circuits.datapath import ACCUMULATOR_BITS
from spintronics.errors import InputError
from spintronics.networks import BitWidths, FirstLayer, LayerWork, Network, image_layers


@dataclass(frozen=True)
class LayerMapping:
    """Actions of one layer for one image, and the sub-arrays that hold it.

    Attributes:
        layer: name.
        w_bits, i_bits: bit planes of kernels and inputs.
        segments: rows that one bit plane of a kernel takes, with the bits in each.
        positions: output pixels per channel; groups: of the layer.
        outputs: values produced; merged with each segment's partial sum.
        kernels_per_sub_array: kernels of one group in the fullest sub-array.
        copies: sub-arrays over which the kernels of one group and segment are spread.
        groups_per_sub_array: groups that share a sub-array.
        kernel_rows: rows written when the kernels are loaded, by the bits in the row.
        row_reads: rows fetched from the memory that holds the layer's inputs, each window once: {bits: rows}.
        row_writes: input rows written, by the bits in the row.
        row_ands: row-parallel AND operations, by the bits in the row.
        accumulator_bits: width of the exact sum of one output.
    """

    layer: str
    w_bits: int
    i_bits: int
    segments: tuple[int, ...]
    positions: int
    groups: int
    outputs: int
    kernels_per_sub_array: int
    copies: int
    groups_per_sub_array: int
    kernel_rows: dict[int, int]
    row_reads: dict[int, int]
    row_writes: dict[int, int]
    row_ands: dict[int, int]
    accumulator_bits: int

    @property
    def and_operations(self) -> int:
        """Single-bit ANDs: multiply-accumulates · w_bits · i_bits."""
        return sum(bits * rows for bits, rows in self.row_ands.items())

    @property
    def occupied(self) -> int:
        """Computational sub-arrays that the layer occupies."""
        return len(self.segments) * self.copies * self.bundles

    @property
    def bundles(self) -> int:
        """Sets of groups that share sub-arrays."""
        return ceil(self.groups / self.groups_per_sub_array)

    @property
    def input_counts(self) -> dict[int, int]:
        """Input rows read in one sub-array and counted, for Σ x, by the bits in the row: each that is fetched, once."""
        return self.row_reads

    @property
    def input_sums(self) -> int:
        """Sums Σ x, one per window and group."""
        return self.positions * self.groups

    @property
    def input_shifts(self) -> int:
        """Shifts and additions per count of an input row: (2^W − 1)·Σ x is one shifted sum less another; Σ x for ±1."""
        return 1 if self.w_bits == 1 else 2

    @property
    def words(self) -> int:
        """Passes that a sum takes through Shifter and Sum."""
        return words_of(self.accumulator_bits)


def words_of(width: int) -> int:
    """Passes of a number of some bits through Shifter and Sum, 48 bits each."""
    return ceil(width / ACCUMULATOR_BITS)


def segments_of(dot_length: int, columns: int) -> tuple[int, ...]:
    """Bits in each row that a dot product takes.

    >>> segments_of(1200, 512)
    (512, 512, 176)
    """
    full, rest = divmod(dot_length, columns)
    return (columns,) * full + ((rest,) if rest else ())


def map_layer(work: LayerWork, w_bits: int, i_bits: int, rows: int, columns: int) -> LayerMapping:
    """Mapping of one layer.

    Args:
        work: layer of a network.
        w_bits, i_bits: bits of its weights and inputs.
        rows, columns: of a sub-array.
    Raises:
        InputError: a sub-array has too few rows for one kernel and one input window.
    """
    if rows < w_bits + i_bits:
        raise InputError(
            f"layer {work.name}: {w_bits} weight and {i_bits} input rows do not fit in {rows} rows; "
            f"array.rows must be at least {w_bits + i_bits}"
        )
    largest = work.dot_length * (2**w_bits - 1) * (2**i_bits - 1)
    segments = segments_of(work.dot_length, columns)
    kernels = work.out_channels // work.groups
    most = (rows - i_bits) // w_bits
    copies = ceil(kernels / most)
    windows = work.positions * work.groups * i_bits
    pairs = work.positions * work.out_channels * w_bits * i_bits
    alike = Counter(segments)
    return LayerMapping(
        layer=work.name,
        w_bits=w_bits,
        i_bits=i_bits,
        segments=segments,
        positions=work.positions,
        groups=work.groups,
        outputs=work.activations_out,
        kernels_per_sub_array=min(kernels, most),
        copies=copies,
        groups_per_sub_array=min(work.groups, rows // (kernels * w_bits + i_bits)) if copies == 1 else 1,
        kernel_rows={bits: work.out_channels * w_bits * rows_alike for bits, rows_alike in alike.items()},
        row_reads={bits: windows * rows_alike for bits, rows_alike in alike.items()},
        row_writes={bits: windows * copies * rows_alike for bits, rows_alike in alike.items()},
        row_ands={bits: pairs * rows_alike for bits, rows_alike in alike.items()},
        accumulator_bits=largest.bit_length(),
    )


def map_network(
    network: Network, widths: BitWidths, first_layer: FirstLayer, rows: int, columns: int
) -> tuple[LayerMapping, ...]:
    """Mapping of every weighted layer; inputs of those that take the image have the convention's bits.

    Raises:
        InputError: a layer that does not fit into a sub-array.
    """
    image = image_layers(network)
    return tuple(
        map_layer(work, widths.weights, first_layer.input_bits if work.name in image else widths.inputs, rows, columns)
        for work in network.work
    )
