"""Windows that slide over channels-last arrays: the dot products of a layer as rows of a matrix, and pooling."""

from math import prod

import numpy as np

from spintronics.networks.inference.formats import IntArray
from spintronics.networks.inference.layers import NumberArray, Weighted
from spintronics.networks.inference.packing import WORD, Words, packed
from spintronics.networks.layers import Convolution, Pool


def windows(layer: Weighted, x: NumberArray) -> NumberArray:
    """Every window of a layer's input, zero padding as zeros.

    Args:
        x: (images, height, width, channels).
    Returns:
        (groups, images · positions, dot length), taps in the order of `Weighted.rows`; a copy.
    """
    shape = layer.shape
    if not isinstance(shape, Convolution):
        return np.ascontiguousarray(x.transpose(0, 3, 1, 2)).reshape(1, len(x), -1)
    view = _slide(_padded(x, shape.padding, 0), shape.kernel, shape.stride)
    images, height, width, channels = view.shape[:4]
    view = view.reshape(images, height, width, shape.groups, channels // shape.groups, shape.kernel, shape.kernel)
    ordered = np.ascontiguousarray(view.transpose(3, 0, 1, 2, 5, 6, 4))
    return ordered.reshape(shape.groups, images * height * width, -1)


def packed_windows(layer: Weighted, codes: NumberArray) -> Words:
    """Bit planes of every window in words, (planes, groups, images · positions, words).

    Args:
        codes: bit patterns, (images, height, width, channels).
    """
    shape, masks = layer.shape, [1 << m for m in range(layer.input_format.bits)]
    if isinstance(shape, Convolution) and shape.in_channels // shape.groups % WORD == 0:
        return np.stack([windows(layer, packed(codes & mask)) for mask in masks])  # packed once per pixel, not window
    taps = windows(layer, codes)
    return np.stack([packed(taps & mask) for mask in masks])


def places(layer: Weighted, before: tuple[int, ...]) -> tuple[IntArray, IntArray]:
    """Where the taps of every window lie in the flattened input with its padding: starts[window] + taps[group, tap].

    Args:
        before: shape of the layer's input, (images, height, width, channels).
    """
    shape, (images, height, width, channels) = layer.shape, before
    if not isinstance(shape, Convolution):
        features = np.arange(height * width * channels).reshape(height, width, channels).transpose(2, 0, 1)
        return np.arange(images) * features.size, features.reshape(1, -1)
    height, width = height + 2 * shape.padding, width + 2 * shape.padding
    rows, columns = _positions(layer, before)
    starts = _flat((images, height, width), (images, rows, columns), (1, shape.stride, shape.stride)) * channels
    group = channels // shape.groups
    taps = _flat((height, width, channels), (shape.kernel, shape.kernel, group), (1, 1, 1))
    return starts, np.arange(shape.groups)[:, None] * group + taps


def _flat(sizes: tuple[int, int, int], counts: tuple[int, int, int], steps: tuple[int, int, int]) -> IntArray:
    """Places in a flattened array of these sizes of so many steps along each axis."""
    a, b, c = (np.arange(n) * step for n, step in zip(counts, steps, strict=True))
    grid: IntArray = (a[:, None, None] * sizes[1] + b[:, None]) * sizes[2] + c
    return grid.ravel()


def padded(layer: Weighted, x: NumberArray) -> NumberArray:
    """A layer's input with its zero padding."""
    return _padded(x, layer.shape.padding, 0) if isinstance(layer.shape, Convolution) else x


def outputs(layer: Weighted, groups: list[NumberArray], before: tuple[int, ...]) -> NumberArray:
    """Sums of each group, (images · positions, outputs per group), as (images, height, width, channels).

    Args:
        before: shape of the layer's input.
    """
    sums = groups[0] if len(groups) == 1 else np.concatenate(groups, axis=1)
    return sums.reshape(before[0], *_positions(layer, before), -1)


def input_values(layer: Weighted, before: tuple[int, ...]) -> int:
    """Numbers that `windows` makes for one image."""
    return prod(_positions(layer, before)) * layer.groups * layer.dot_length


def pool(layer: Pool, x: NumberArray) -> NumberArray:
    """Pool; padding never wins a maximum and is zero in an average.

    An average is a Sum and a Shift: whole numbers are rounded down, reals divided.  OR is the maximum of single bits.

    >>> pool(Pool("p", "average", 2, 2), np.array([3, 3, 3, 2]).reshape(1, 2, 2, 1)).item()
    2
    """
    whole = x.dtype.kind != "f"
    if layer.kind == "average":
        wide = x.astype(np.int64 if whole else np.float64)
        sums: NumberArray = _slide(_padded(wide, layer.padding, 0), layer.kernel, layer.stride).sum(axis=(-2, -1))
        area = layer.kernel**2
        return sums >> (area.bit_length() - 1) if whole else sums / area
    lowest = np.iinfo(x.dtype).min if whole else -np.inf
    view = _slide(_padded(x, layer.padding, lowest), layer.kernel, layer.stride)
    largest = view[..., 0, 0]
    for row in range(layer.kernel):
        for column in range(layer.kernel):
            largest = np.maximum(largest, view[..., row, column])
    return largest


def _padded(x: NumberArray, padding: int, value: float) -> NumberArray:
    if not padding:
        return x
    return np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)), constant_values=value)


def _slide(x: NumberArray, kernel: int, stride: int) -> NumberArray:
    """(images, height, width, channels, kernel, kernel), a view."""
    return np.lib.stride_tricks.sliding_window_view(x, (kernel, kernel), axis=(1, 2))[:, ::stride, ::stride]


def _positions(layer: Weighted, before: tuple[int, ...]) -> tuple[int, int]:
    if not isinstance(layer.shape, Convolution):
        return 1, 1
    span = 2 * layer.shape.padding - layer.shape.kernel
    return (before[1] + span) // layer.shape.stride + 1, (before[2] + span) // layer.shape.stride + 1
