"""Layers and networks as typed data: shapes, and how much work each weighted layer is.

A shape is (channels, height, width).  A fully connected layer is a convolution over its whole input, as the IMCE
slides treat it, so one record, `LayerWork`, describes both.  All counts are exact integers for one input image.

Counted: multiply-accumulates of convolutions and fully connected layers.  Not counted: bias additions, pooling,
activation functions, normalization (batch normalization is folded to a scale and a shift).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Literal, TypeAlias

from spintronics.errors import InputError

Shape: TypeAlias = tuple[int, int, int]
"""(channels, height, width)."""


@dataclass(frozen=True)
class Convolution:
    """Square convolution, zero padding on all four sides.

    Input (in_channels, H, W) → output (out_channels, H', W') with H' = ⌊(H + 2·padding − kernel)/stride⌋ + 1.
    With `groups` > 1 each output channel sees in_channels / groups input channels.
    """

    name: str
    in_channels: int
    out_channels: int
    kernel: int
    stride: int = 1
    padding: int = 0
    groups: int = 1
    bias: bool = True


@dataclass(frozen=True)
class FullyConnected:
    """Every output from every input: a convolution whose kernel is its whole input.

    Input of any shape with channels·height·width = in_features → output (out_features, 1, 1).
    """

    name: str
    in_features: int
    out_features: int
    bias: bool = True


@dataclass(frozen=True)
class Pool:
    """Square maximum or average pooling; shape rule of `Convolution` (incomplete windows are dropped), no weights."""

    name: str
    kind: Literal["max", "average"]
    kernel: int
    stride: int
    padding: int = 0


Layer: TypeAlias = Convolution | FullyConnected | Pool


@dataclass(frozen=True)
class LayerWork:
    """What one weighted layer does for one input image: positions × out_channels dot products of dot_length terms.

    dot_length is kernel² · in_channels / groups, or in_features of a fully connected layer.
    """

    name: str
    kind: Literal["convolution", "fully connected"]
    input_shape: Shape
    output_shape: Shape
    dot_length: int
    groups: int
    biases: int

    @property
    def out_channels(self) -> int:
        """Number of distinct weight vectors, each of dot_length."""
        return self.output_shape[0]

    @property
    def positions(self) -> int:
        """Output pixels per channel, H'·W': how often each weight is used."""
        return self.output_shape[1] * self.output_shape[2]

    @property
    def weights(self) -> int:
        """Weights, without biases."""
        return self.out_channels * self.dot_length

    @property
    def parameters(self) -> int:
        """Weights and biases."""
        return self.weights + self.biases

    @property
    def macs(self) -> int:
        """Multiply-accumulates; taps on zero padding count, as is usual."""
        return self.positions * self.weights

    @property
    def activations_in(self) -> int:
        """Values read, each once."""
        return prod(self.input_shape)

    @property
    def activations_out(self) -> int:
        """Values produced, before any pooling."""
        return prod(self.output_shape)


@dataclass(frozen=True)
class Network:
    """A feed-forward chain of layers on one input shape; checked when made.

    Raises:
        InputError: a size is not a whole number ≥ 1, a name occurs twice, channels or features do not chain, a kernel
            is larger than its padded input, or no layer has weights.  The message names network and layer.

    >>> net = Network("tiny", "none", (1, 8, 8), (
    ...     Convolution("conv", 1, 4, kernel=3), Pool("pool", "average", 2, 2), FullyConnected("fc", 36, 10)))
    >>> [(work.name, work.positions, work.dot_length, work.macs) for work in net.work]
    [('conv', 36, 9, 1296), ('fc', 1, 36, 360)]
    >>> net.shapes
    ((4, 6, 6), (4, 3, 3), (10, 1, 1))
    >>> net.macs, net.parameters
    (1656, 410)
    """

    name: str
    dataset: str
    input_shape: Shape
    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        if len(self.input_shape) != 3:
            raise InputError(
                f"network {self.name}: input_shape = {self.input_shape}: must be (channels, height, width)"
            )
        for key, size in zip(("channels", "height", "width"), self.input_shape, strict=True):
            _require_count(f"network {self.name}: input {key}", size)
        names = [layer.name for layer in self.layers]
        for name in names:
            if names.count(name) > 1:
                raise InputError(f"network {self.name}: {names.count(name)} layers named {name}: names must differ")
        for layer in self.layers:
            _check_sizes(f"network {self.name}, layer {layer.name}", layer)
        if not self.work:
            raise InputError(f"network {self.name}: no layer has weights: needs a Convolution or FullyConnected")

    @cached_property
    def shapes(self) -> tuple[Shape, ...]:
        """Output shape of each layer, pools included, in order."""
        shapes: list[Shape] = []
        shape = self.input_shape
        for layer in self.layers:
            shape = _output_shape(f"network {self.name}, layer {layer.name}", layer, shape)
            shapes.append(shape)
        return tuple(shapes)

    @cached_property
    def work(self) -> tuple[LayerWork, ...]:
        """One record per weighted layer, in order."""
        inputs = (self.input_shape, *self.shapes[:-1])
        return tuple(
            _work(layer, before, after)
            for layer, before, after in zip(self.layers, inputs, self.shapes, strict=False)
            if not isinstance(layer, Pool)
        )

    @property
    def macs(self) -> int:
        """Multiply-accumulates of all layers for one image."""
        return sum(work.macs for work in self.work)

    @property
    def parameters(self) -> int:
        """Weights and biases of all layers."""
        return sum(work.parameters for work in self.work)


def _require_count(what: str, value: int, least: int = 1) -> None:
    if type(value) is not int or value < least:
        raise InputError(f"{what} = {value!r}: must be a whole number ≥ {least}")


def _check_sizes(where: str, layer: Layer) -> None:
    if isinstance(layer, FullyConnected):
        _require_count(f"{where}: in_features", layer.in_features)
        _require_count(f"{where}: out_features", layer.out_features)
        return
    _require_count(f"{where}: kernel", layer.kernel)
    _require_count(f"{where}: stride", layer.stride)
    _require_count(f"{where}: padding", layer.padding, least=0)
    if isinstance(layer, Pool):
        if layer.kind not in ("max", "average"):
            raise InputError(f"{where}: kind = {layer.kind!r}: must be 'max' or 'average'")
        return
    _require_count(f"{where}: in_channels", layer.in_channels)
    _require_count(f"{where}: out_channels", layer.out_channels)
    _require_count(f"{where}: groups", layer.groups)
    for key, channels in (("in_channels", layer.in_channels), ("out_channels", layer.out_channels)):
        if channels % layer.groups:
            raise InputError(f"{where}: groups = {layer.groups}: must divide {key} = {channels}")


def _output_shape(where: str, layer: Layer, shape: Shape) -> Shape:
    channels, height, width = shape
    if isinstance(layer, FullyConnected):
        if layer.in_features != prod(shape):
            raise InputError(
                f"{where}: in_features = {layer.in_features}: must be {prod(shape)}, "
                f"its input is {channels} × {height} × {width}"
            )
        return (layer.out_features, 1, 1)
    if isinstance(layer, Convolution) and layer.in_channels != channels:
        raise InputError(f"{where}: in_channels = {layer.in_channels}: must be {channels}, the channels of its input")
    smallest = min(height, width) + 2 * layer.padding
    if layer.kernel > smallest:
        raise InputError(
            f"{where}: kernel = {layer.kernel}: must be ≤ {smallest}, "
            f"its input is {height} × {width} with padding {layer.padding}"
        )
    return (
        layer.out_channels if isinstance(layer, Convolution) else channels,
        (height + 2 * layer.padding - layer.kernel) // layer.stride + 1,
        (width + 2 * layer.padding - layer.kernel) // layer.stride + 1,
    )


def _work(layer: Convolution | FullyConnected, before: Shape, after: Shape) -> LayerWork:
    biases = after[0] if layer.bias else 0
    if isinstance(layer, FullyConnected):
        return LayerWork(layer.name, "fully connected", before, after, layer.in_features, 1, biases)
    dot_length = layer.kernel**2 * layer.in_channels // layer.groups
    return LayerWork(layer.name, "convolution", before, after, dot_length, layer.groups, biases)
