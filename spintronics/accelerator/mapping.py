"""Mapping of the slides: kernel bits in rows, input bits in the rows below, a row AND per pair of bit planes.

The dot product of one output is ``dot_length`` long.  It is laid along a row, in segments of at most ``columns``
bits.  A sub-array holds one segment of as many kernels as its rows take, each in ``w_bits`` rows, and keeps
``i_bits`` rows for the same segment of the current input window.  Kernels stay; each input window is written once
into every sub-array that holds kernels for it, and every kernel is ANDed with it plane by plane.
"""

from collections import Counter
from dataclasses import dataclass
from math import ceil

from spintronics.array import ACCUMULATOR_BITS
from spintronics.errors import InputError
from spintronics.networks import BitWidths, FirstLayer, LayerWork, Network


@dataclass(frozen=True)
class LayerMapping:
    """Actions of one layer for one image, and the sub-arrays that hold it.

    Attributes:
        layer: name.
        w_bits, i_bits: bit planes of kernels and inputs.
        segments: rows that one bit plane of a kernel takes, with the bits in each.
        sub_arrays: computational sub-arrays that hold the layer's kernels.
        row_reads: rows fetched from the memory that holds the layer's inputs, each window once: {bits: rows}.
        row_writes: input rows written, by the bits in the row.
        row_ands: row-parallel AND operations, by the bits in the row.
        accumulator_bits: width of the exact sum of one output.
    """

    layer: str
    w_bits: int
    i_bits: int
    segments: tuple[int, ...]
    sub_arrays: int
    row_reads: dict[int, int]
    row_writes: dict[int, int]
    row_ands: dict[int, int]
    accumulator_bits: int

    @property
    def and_operations(self) -> int:
        """Single-bit ANDs: multiply-accumulates · w_bits · i_bits."""
        return sum(bits * rows for bits, rows in self.row_ands.items())


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
        InputError: a sub-array has too few rows for one kernel and one input window, or its Sum too few bits.
    """
    if rows < w_bits + i_bits:
        raise InputError(
            f"layer {work.name}: {w_bits} weight and {i_bits} input rows do not fit in {rows} rows; "
            f"array.rows must be at least {w_bits + i_bits}"
        )
    largest = work.dot_length * (2**w_bits - 1) * (2**i_bits - 1)
    if largest.bit_length() > ACCUMULATOR_BITS:
        raise InputError(
            f"layer {work.name}: sums of {largest.bit_length()} bits at {w_bits}:{i_bits}; the Sum register holds "
            f"{ACCUMULATOR_BITS}: take fewer bits"
        )
    segments = segments_of(work.dot_length, columns)
    kernels_per_sub_array = (rows - i_bits) // w_bits
    copies = ceil(work.out_channels // work.groups / kernels_per_sub_array)
    windows = work.positions * work.groups * i_bits
    pairs = work.positions * work.out_channels * w_bits * i_bits
    alike = Counter(segments)
    return LayerMapping(
        layer=work.name,
        w_bits=w_bits,
        i_bits=i_bits,
        segments=segments,
        sub_arrays=work.groups * len(segments) * copies,
        row_reads={bits: windows * rows_alike for bits, rows_alike in alike.items()},
        row_writes={bits: windows * copies * rows_alike for bits, rows_alike in alike.items()},
        row_ands={bits: pairs * rows_alike for bits, rows_alike in alike.items()},
        accumulator_bits=largest.bit_length(),
    )


def map_network(
    network: Network, widths: BitWidths, first_layer: FirstLayer, rows: int, columns: int
) -> tuple[LayerMapping, ...]:
    """Mapping of every weighted layer; the first one's inputs take the convention's bits.

    Raises:
        InputError: a layer that does not fit into a sub-array.
    """
    return tuple(
        map_layer(work, widths.weights, widths.inputs if index else first_layer.input_bits, rows, columns)
        for index, work in enumerate(network.work)
    )
