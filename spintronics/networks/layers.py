"""Layers and networks as typed data: shapes, and how much work each weighted layer is.

A shape is (channels, height, width).  A fully connected layer is a convolution over its whole input, as the IMCE
slides treat it, so one record, `LayerWork`, describes both.  All counts are exact integers for one input image.

Counted: multiply-accumulates of convolutions and fully connected layers.  Not counted: bias additions, pooling,
additions, activation functions, normalization (batch normalization is folded to a scale and a shift).

A layer takes the output of the layer before it, or of the one that its `source` names: an earlier layer, or "input",
the network's input.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Literal, TypeAlias

from spintronics.errors import InputError

Shape: TypeAlias = tuple[int, int, int]
"""(channels, height, width)."""

INPUT = "input"
"""What `source` calls the network's input."""

LARGEST_COUNT = 2**24
"""Largest channels, features, height, kernel, stride … of a layer: beyond any network, and still costed in seconds."""

LARGEST_PRODUCT = 2**31
"""Most values that a layer gives, and most weights that it has: at one byte each, all that an ONNX file can hold."""


@dataclass(frozen=True)
class Convolution:
    """Square convolution, zero padding on all four sides.

    Input (in_channels, H, W) → output (out_channels, H', W') with H' = ⌊(H + 2·padding − kernel)/stride⌋ + 1.
    With `groups` > 1 each output channel sees in_channels / groups input channels; with as many groups as input
    channels it is depth-wise (`depthwise`).  `end_padding`: zeros more below and to the right of the input.
    """

    name: str
    in_channels: int
    out_channels: int
    kernel: int
    stride: int = 1
    padding: int = 0
    groups: int = 1
    bias: bool = True
    source: str | None = None
    end_padding: int = 0


@dataclass(frozen=True)
class FullyConnected:
    """Every output from every input: a convolution whose kernel is its whole input.

    Input of any shape with channels·height·width = in_features → output (out_features, 1, 1).
    """

    name: str
    in_features: int
    out_features: int
    bias: bool = True
    source: str | None = None


@dataclass(frozen=True)
class Pool:
    """Square maximum, average or OR pooling; shape rule of `Convolution` (incomplete windows are dropped), no weights.

    OR is the maximum of single bits.  Windows that hang over the end (Caffe, ceil_mode) take `end_padding`.
    """

    name: str
    kind: Literal["max", "average", "or"]
    kernel: int
    stride: int
    padding: int = 0
    source: str | None = None
    end_padding: int = 0


@dataclass(frozen=True)
class Addition:
    """Sum of the outputs of two or more earlier layers, all of one shape: the end of a residual block."""

    name: str
    addends: tuple[str, ...]


@dataclass(frozen=True)
class Concatenation:
    """Channels of two or more earlier layers one after the other; no work, only the order in which they are kept."""

    name: str
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Normalization:
    """Batch normalization as it is at inference: a scale and a shift per channel; the shape stays."""

    name: str
    channels: int
    source: str | None = None


Layer: TypeAlias = Convolution | FullyConnected | Pool | Addition | Concatenation | Normalization


def depthwise(
    name: str, channels: int, kernel: int, stride: int = 1, padding: int = 0, bias: bool = True
) -> Convolution:
    """Depth-wise convolution: one kernel per channel, as many groups as channels.

    >>> depthwise("dw", 32, kernel=3, padding=1).groups
    32
    """
    return Convolution(name, channels, channels, kernel, stride, padding, groups=channels, bias=bias)


def as_convolution(layer: FullyConnected, input_shape: Shape) -> Convolution:
    """The same layer written as a convolution over its whole input, as the IMCE slides compute it.

    Args:
        input_shape: of the layer's input, height = width.
    Raises:
        InputError: the input is not square, or has another number of values than in_features.

    >>> as_convolution(FullyConnected("fc6", 9216, 4096), (256, 6, 6))
    Convolution(name='fc6', in_channels=256, out_channels=4096, kernel=6, ...)
    """
    channels, height, width = input_shape
    if height != width or channels * height * width != layer.in_features:
        raise InputError(
            f"layer {layer.name}: input {channels} × {height} × {width}: must be square, of {layer.in_features} values"
        )
    return Convolution(layer.name, channels, layer.out_features, height, bias=layer.bias, source=layer.source)


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
    """Feed-forward layers on one input shape, in an order in which each comes after its sources; checked when made.

    The output of the last layer is the network's.

    Raises:
        InputError: a size is not a whole number from 1 to 2²⁴, a layer has over 2³¹ values or weights, a name occurs
            twice, a source is no earlier layer, an output is not used, channels, features or addends do not fit, a
            kernel is larger than its padded input, or no layer has weights.  The message names network and layer.

    >>> net = Network("tiny", "none", (1, 8, 8), (
    ...     Convolution("conv", 1, 4, kernel=3), Pool("pool", "average", 2, 2), FullyConnected("fc", 36, 10)))
    >>> [(work.name, work.positions, work.dot_length, work.macs) for work in net.work]
    [('conv', 36, 9, 1296), ('fc', 1, 36, 360)]
    >>> net.shapes
    ((4, 6, 6), (4, 3, 3), (10, 1, 1))
    >>> net.macs, net.parameters
    (1656, 410)
    >>> block = Network("block", "none", (4, 8, 8), (
    ...     Convolution("a", 4, 8, 3, stride=2, padding=1), Convolution("b", 8, 8, 3, padding=1),
    ...     Convolution("shortcut", 4, 8, 1, stride=2, source="input"), Addition("sum", ("b", "shortcut"))))
    >>> block.shapes[-1], block.sources[2], block.is_chain
    ((8, 4, 4), ('input',), False)
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
        _require_product(f"network {self.name}: input", "values", self.input_shape)
        names = [layer.name for layer in self.layers]
        for name in names:
            if names.count(name) > 1:
                raise InputError(f"network {self.name}: {names.count(name)} layers named {name}: names must differ")
        for layer in self.layers:
            if layer.name == INPUT:
                raise InputError(f"network {self.name}: a layer named {INPUT}: that is the network's input")
        self._check_sources(names)
        if not self.work:
            raise InputError(f"network {self.name}: no layer has weights: needs a Convolution or FullyConnected")

    @cached_property
    def sources(self) -> tuple[tuple[str, ...], ...]:
        """What each layer takes, in order: names of layers, or "input"."""
        before = (INPUT, *(layer.name for layer in self.layers))
        return tuple(taken_by(layer, previous) for layer, previous in zip(self.layers, before, strict=False))

    @property
    def is_chain(self) -> bool:
        """Each layer takes the output of the one before it, and nothing else."""
        before = (INPUT, *(layer.name for layer in self.layers))
        return all(sources == (previous,) for sources, previous in zip(self.sources, before, strict=False))

    @cached_property
    def shapes(self) -> tuple[Shape, ...]:
        """Output shape of each layer, in order."""
        shapes = {INPUT: self.input_shape}
        for layer, sources in zip(self.layers, self.sources, strict=True):
            where = f"network {self.name}, layer {layer.name}"
            shapes[layer.name] = output_shape(where, layer, [shapes[source] for source in sources])
        return tuple(shapes[layer.name] for layer in self.layers)

    @cached_property
    def input_shapes(self) -> tuple[tuple[Shape, ...], ...]:
        """Shapes of what each layer takes, in order; one but for additions and concatenations."""
        shapes = {INPUT: self.input_shape} | dict(zip((layer.name for layer in self.layers), self.shapes, strict=True))
        return tuple(tuple(shapes[source] for source in sources) for sources in self.sources)

    @cached_property
    def work(self) -> tuple[LayerWork, ...]:
        """One record per weighted layer, in order."""
        return tuple(
            _work(layer, before[0], after)
            for layer, before, after in zip(self.layers, self.input_shapes, self.shapes, strict=True)
            if isinstance(layer, Convolution | FullyConnected)
        )

    @property
    def macs(self) -> int:
        """Multiply-accumulates of all layers for one image."""
        return sum(work.macs for work in self.work)

    @property
    def parameters(self) -> int:
        """Weights and biases of all layers, and scales and shifts of normalizations."""
        return sum(work.parameters for work in self.work) + self.normalization_parameters

    @property
    def normalization_parameters(self) -> int:
        """Scales and shifts of normalizations."""
        return sum(2 * layer.channels for layer in self.layers if isinstance(layer, Normalization))

    def _check_sources(self, names: list[str]) -> None:
        used = {source for sources in self.sources for source in sources}
        for n, (layer, sources) in enumerate(zip(self.layers, self.sources, strict=True)):
            where = f"network {self.name}, layer {layer.name}"
            for source in sources:
                if source not in (INPUT, *names[:n]):
                    raise InputError(f"{where}: source {source}: must be {INPUT} or the name of an earlier layer")
            if layer is not self.layers[-1] and layer.name not in used:
                raise InputError(f"{where}: its output is not used: a later layer must take it")


def _require_count(what: str, value: int, least: int = 1) -> None:
    if type(value) is not int or value < least:
        raise InputError(f"{what} = {value!r}: must be a whole number ≥ {least}")
    if value > LARGEST_COUNT:
        shown = value if value < 10**20 else "over 10^20"
        raise InputError(f"{what} = {shown}: must be ≤ {LARGEST_COUNT}")


def _require_product(where: str, what: str, factors: tuple[int, ...]) -> None:
    if prod(factors) > LARGEST_PRODUCT:
        raise InputError(f"{where}: {' × '.join(map(str, factors))} {what}: must be ≤ {LARGEST_PRODUCT}")


def taken_by(layer: Layer, previous: str) -> tuple[str, ...]:
    """What a layer takes: names of layers, or "input"; ``previous`` where it names none."""
    if isinstance(layer, Addition):
        return layer.addends
    if isinstance(layer, Concatenation):
        return layer.parts
    return (previous if layer.source is None else layer.source,)


def _check_sizes(where: str, layer: Layer) -> None:
    if isinstance(layer, Addition | Concatenation):
        if len(taken := taken_by(layer, "")) < 2:
            key = "addends" if isinstance(layer, Addition) else "parts"
            raise InputError(f"{where}: {key} = {taken}: must be two layers or more")
        return
    if isinstance(layer, Normalization):
        _require_count(f"{where}: channels", layer.channels)
        return
    if isinstance(layer, FullyConnected):
        _require_count(f"{where}: in_features", layer.in_features)
        _require_count(f"{where}: out_features", layer.out_features)
        _require_product(where, "weights", (layer.in_features, layer.out_features))
        return
    _require_count(f"{where}: kernel", layer.kernel)
    _require_count(f"{where}: stride", layer.stride)
    _require_count(f"{where}: padding", layer.padding, least=0)
    _require_count(f"{where}: end_padding", layer.end_padding, least=0)
    if isinstance(layer, Pool):
        if layer.kind not in ("max", "average", "or"):
            raise InputError(f"{where}: kind = {layer.kind!r}: must be 'max', 'average' or 'or'")
        return
    _require_count(f"{where}: in_channels", layer.in_channels)
    _require_count(f"{where}: out_channels", layer.out_channels)
    _require_count(f"{where}: groups", layer.groups)
    for key, channels in (("in_channels", layer.in_channels), ("out_channels", layer.out_channels)):
        if channels % layer.groups:
            raise InputError(f"{where}: groups = {layer.groups}: must divide {key} = {channels}")
    _require_product(
        where, "weights", (layer.kernel, layer.kernel, layer.in_channels // layer.groups, layer.out_channels)
    )


def output_shape(where: str, layer: Layer, shapes: list[Shape]) -> Shape:
    """Shape of a layer's output.

    Args:
        where: begins the message of an error.
        shapes: of what the layer takes: one, or one per addend.
    Raises:
        InputError: a size of the layer is no whole number from 1 to 2²⁴, it has over 2³¹ values or weights, or it does
            not fit its input.

    >>> output_shape("here", Pool("pool", "max", 3, 2), [(96, 55, 55)])
    (96, 27, 27)
    """
    _check_sizes(where, layer)
    found = _shape_of(where, layer, shapes)
    _require_product(where, "values", found)
    return found


def _shape_of(where: str, layer: Layer, shapes: list[Shape]) -> Shape:
    shape = shapes[0]
    channels, height, width = shape
    if isinstance(layer, Addition):
        for addend, other in zip(layer.addends, shapes, strict=True):
            if other != shape:
                raise InputError(f"{where}: {addend} is {_text(other)}: must be {_text(shape)} like {layer.addends[0]}")
        return shape
    if isinstance(layer, Concatenation):
        for part, other in zip(layer.parts, shapes, strict=True):
            if other[1:] != shape[1:]:
                raise InputError(f"{where}: {part} is {_text(other)}: must be {height} × {width} like {layer.parts[0]}")
        return (sum(other[0] for other in shapes), height, width)
    if isinstance(layer, Normalization):
        if layer.channels != channels:
            raise InputError(f"{where}: channels = {layer.channels}: must be {channels}, the channels of its input")
        return shape
    if isinstance(layer, FullyConnected):
        if layer.in_features != prod(shape):
            raise InputError(
                f"{where}: in_features = {layer.in_features}: must be {prod(shape)}, its input is {_text(shape)}"
            )
        return (layer.out_features, 1, 1)
    if isinstance(layer, Convolution) and layer.in_channels != channels:
        raise InputError(f"{where}: in_channels = {layer.in_channels}: must be {channels}, the channels of its input")
    padding = 2 * layer.padding + layer.end_padding
    smallest = min(height, width) + padding
    if layer.kernel > smallest:
        raise InputError(
            f"{where}: kernel = {layer.kernel}: must be ≤ {smallest}, "
            f"its input is {height} × {width} with padding {layer.padding}"
        )
    return (
        layer.out_channels if isinstance(layer, Convolution) else channels,
        (height + padding - layer.kernel) // layer.stride + 1,
        (width + padding - layer.kernel) // layer.stride + 1,
    )


def _text(shape: Shape) -> str:
    return " × ".join(map(str, shape))


def _work(layer: Convolution | FullyConnected, before: Shape, after: Shape) -> LayerWork:
    biases = after[0] if layer.bias else 0
    if isinstance(layer, FullyConnected):
        return LayerWork(layer.name, "fully connected", before, after, layer.in_features, 1, biases)
    dot_length = layer.kernel**2 * layer.in_channels // layer.groups
    return LayerWork(layer.name, "convolution", before, after, dot_length, layer.groups, biases)
