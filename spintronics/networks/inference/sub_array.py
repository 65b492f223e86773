"""A layer run literally through a sub-array's rows and columns, every action counted.

The dot product of one output lies along a row, in segments of at most `columns` bits.  A sub-array holds one segment
of as many kernels as its rows take, each plane of a kernel in a row, and the planes of the current input window in
the rows below.  Every pair of rows is ANDed in parallel, counted, shifted and summed.  For looking and for checking:
one image at a time, a few thousand times slower than the engines.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spintronics.errors import InputError
from spintronics.networks.inference.formats import Coding, IntArray
from spintronics.networks.inference.layers import Weighted
from spintronics.networks.inference.windows import outputs, windows


@dataclass(frozen=True)
class SubArray:
    """Rows and columns of a computational sub-array; whole numbers ≥ 1.

    Raises:
        InputError: smaller.
    """

    rows: int
    columns: int

    def __post_init__(self) -> None:
        for key, size in (("rows", self.rows), ("columns", self.columns)):
            if type(size) is not int or size < 1:
                raise InputError(f"sub-array: {key} = {size!r}: must be a whole number ≥ 1")

    def kernels(self, layer: Weighted) -> int:
        """Kernels of a layer that fit above the input rows.

        Raises:
            InputError: none does.
        """
        weight_bits, input_bits = layer.weight_format.bits, layer.input_format.bits
        if self.rows < weight_bits + input_bits:
            raise InputError(
                f"layer {layer.name}: {weight_bits} weight and {input_bits} input rows do not fit in {self.rows} "
                f"rows: must be at least {weight_bits + input_bits}"
            )
        return (self.rows - input_bits) // weight_bits


@dataclass(frozen=True)
class Actions:
    """What the sub-arrays of one layer did for one image; {bits in the row: rows} for whole rows.

    Attributes:
        sub_arrays: that hold the layer's kernels.
        kernel_writes: rows written once, for all images.
        row_reads: rows fetched from where the inputs are, each window once.
        row_writes: input rows written.
        row_ands: row-parallel ANDs, each followed by one bitcount, one shift and one addition to a sum.
        input_bitcounts: bitcounts of an input row, once per window: the Σ x of bipolar weights; 0 for other weights.
    """

    sub_arrays: int
    kernel_writes: Mapping[int, int]
    row_reads: Mapping[int, int]
    row_writes: Mapping[int, int]
    row_ands: Mapping[int, int]
    input_bitcounts: int

    @property
    def and_operations(self) -> int:
        """One-bit ANDs, as `networks.and_operations` counts them."""
        return sum(bits * rows for bits, rows in self.row_ands.items())


def run_in_sub_arrays(layer: Weighted, image: IntArray, sub_array: SubArray) -> tuple[IntArray, Actions]:
    """One image through one layer, row by row.

    Args:
        image: values of the layer's input format, (channels, height, width).
        sub_array: rows and columns.
    Returns:
        Sums with the bias, int64, (channels, height, width), and what was done for them.
    Raises:
        InputError: image values outside the format, or too few rows for a kernel and a window.

    >>> from spintronics.networks import FullyConnected
    >>> from spintronics.networks.inference import PIXELS, SIGN
    >>> layer = Weighted(FullyConnected("fc", 4, 2, bias=False), np.array([[1, 1, 1, -1], [-1] * 4]), SIGN, PIXELS)
    >>> sums, actions = run_in_sub_arrays(layer, np.array([5, 0, 7, 255]).reshape(4, 1, 1), SubArray(10, 3))
    >>> sums.ravel().tolist(), actions.sub_arrays, actions.row_ands, actions.and_operations
    ([-243, -267], 2, {3: 16, 1: 16}, 64)
    """
    layer.input_format.check(f"layer {layer.name}: input", image)
    kernels = sub_array.kernels(layer)
    x = np.asarray(image).transpose(1, 2, 0)[None]
    inside = windows(layer, np.ones_like(x))
    values = windows(layer, x)
    codes = np.where(inside != 0, layer.input_format.codes(values), 0)
    done: dict[str, Counter[int]] = {key: Counter() for key in ("kernel", "read", "write", "and")}
    held = input_bitcounts = 0
    sums = []
    for group, taps in enumerate(layer.row_codes):
        total = np.zeros((codes.shape[1], len(taps)), np.int64)
        for start in range(0, layer.dot_length, sub_array.columns):
            segment = slice(start, min(start + sub_array.columns, layer.dot_length))
            bits = segment.stop - segment.start
            for first in range(0, len(taps), kernels):
                held += 1
                rows = _planes(taps[first : first + kernels, segment], layer.weight_format.bits)
                done["kernel"][bits] += rows.shape[0] * rows.shape[1]
                for window, code in enumerate(codes[group, :, segment]):
                    inputs = _planes(code, layer.input_format.bits)
                    done["write"][bits] += len(inputs)
                    done["read"][bits] += len(inputs) if first == 0 else 0
                    for q, input_row in zip(layer.input_format.plane_weights, inputs, strict=True):
                        for p, plane in zip(layer.weight_format.plane_weights, rows.swapaxes(0, 1), strict=True):
                            done["and"][bits] += len(plane)
                            counts = (plane & input_row).sum(axis=1)
                            total[window, first : first + kernels] += p * q * counts
                        if first == 0 and layer.weight_format.coding is Coding.BIPOLAR:
                            input_bitcounts += 1
                            total[window] += layer.weight_format.offset * q * int(input_row.sum())
        total += layer.input_format.offset * (inside[group].astype(np.int64) @ layer.rows[group].T)
        sums.append(total)
    result = outputs(layer, sums, x.shape) + (0 if layer.bias is None else layer.bias)
    actions = Actions(
        held, dict(done["kernel"]), dict(done["read"]), dict(done["write"]), dict(done["and"]), input_bitcounts
    )
    return result[0].transpose(2, 0, 1), actions


def _planes(codes: npt.NDArray[np.uint32], bits: int) -> npt.NDArray[np.bool_]:
    """Bit planes on a new axis before the last, lowest first."""
    planes: npt.NDArray[np.bool_] = (codes[..., None, :] >> np.arange(bits, dtype=np.uint32)[:, None]) & 1 == 1
    return planes
