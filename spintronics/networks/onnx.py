"""A user's own network from an ONNX file: its shapes; the weights are not read.

Layers         Conv, Gemm, MatMul, MaxPool, AveragePool, GlobalMaxPool, GlobalAveragePool, ReduceMean over the whole
               map, BatchNormalization, Add and Sum of two or more outputs; Add of a constant is the bias of the layer
               before it.
No layer       activation functions, Dropout, Identity, Cast, LRN, QuantizeLinear, DequantizeLinear; Flatten, Reshape,
               Squeeze and Unsqueeze that keep the values of an image in order.
Refused        every other operator, and what these can do beyond `spintronics.networks.layers`: kernels, strides or
               paddings that differ along the axes, dilation, weights that are no constants.

Needs the extra `onnx`.  Source of the operators: ONNX operator specification, opset 1 to 23.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from spintronics.errors import InputError
from spintronics.networks.layers import (
    INPUT,
    Addition,
    Convolution,
    FullyConnected,
    Layer,
    Network,
    Normalization,
    Pool,
    Shape,
    output_shape,
)

if TYPE_CHECKING:
    import onnx

_Dims = tuple[int | None, ...]


def load_onnx(path: str | Path) -> Network:
    """The network in an ONNX file, named after the file.

    Args:
        path: its input must be one image (batch, channels, height, width) or (batch, features) of fixed size; the
            batch is free.
    Raises:
        InputError: the extra is not installed, no such file, no ONNX, or a node that this package has no layer for;
            the message names file, node and operator.
    """
    try:
        import onnx
    except ImportError:
        raise InputError(f"ONNX file {path}: the package onnx is missing: must be installed (extra onnx)") from None
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load(path, load_external_data=False)
    except OSError as error:
        raise InputError(f"ONNX file {path}: {error.strerror}: must be an ONNX model") from None
    except DecodeError:
        raise InputError(f"ONNX file {path}: cannot be decoded: must be an ONNX model") from None
    return network_of(model, Path(path).stem, f"ONNX file {path}")


def network_of(model: onnx.ModelProto, name: str, where: str) -> Network:
    """The network of a model in memory.

    Args:
        name: the network's.
        where: begins the messages of errors.
    Raises:
        InputError: as `load_onnx`.
    """
    import onnx

    try:
        graph = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    except onnx.shape_inference.InferenceError as error:
        raise InputError(f"{where}: {str(error).splitlines()[0]}: must have shapes that fit") from None
    constants = {tensor.name for tensor in graph.initializer}
    inputs = [value.name for value in graph.input if value.name not in constants]
    if len(inputs) != 1 or len(graph.output) != 1:
        raise InputError(f"{where}: {len(inputs)} inputs and {len(graph.output)} outputs: must be one of each")
    reader = _Reader(where, _dims(graph), constants)
    shape = reader.image(inputs[0], f"{where}: input {inputs[0]}")
    reader.sources[inputs[0]], reader.shapes[INPUT] = INPUT, shape
    for node in graph.node:
        reader.read(node)
    last = reader.sources.get(graph.output[0].name)
    if not reader.layers or last != reader.layers[-1].name:
        raise InputError(f"{where}: output {graph.output[0].name}: must be that of the last layer")
    try:
        return Network(name, "none", shape, tuple(reader.layers))
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _dims(graph: onnx.GraphProto) -> dict[str, _Dims]:
    """Value → its dimensions; None where one is free."""
    dims: dict[str, _Dims] = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    for value in (*graph.input, *graph.value_info, *graph.output):
        if value.name not in dims and value.type.tensor_type.HasField("shape"):
            dims[value.name] = tuple(
                d.dim_value if d.HasField("dim_value") else None for d in value.type.tensor_type.shape.dim
            )
    return dims


@dataclass(frozen=True)
class _Node:
    """A node and what messages call it."""

    name: str
    where: str
    operator: str
    inputs: tuple[str, ...]
    output: str
    attributes: Mapping[str, Any]

    def refuse(self, what: str) -> NoReturn:
        raise InputError(f"{self.where}: {what}")

    def square(self, key: str, default: int) -> int:
        """The one value of an attribute that has one per axis."""
        values = self.attributes.get(key, [default, default])
        if len(values) != 2 or values[0] != values[1]:
            self.refuse(f"{key} = {list(values)}: must be two equal numbers")
        return int(values[0])

    def padding(self, kernel: int, stride: int, before: Shape) -> int:
        """The padding on every side."""
        automatic = self.attributes.get("auto_pad", b"NOTSET").decode()
        if automatic in ("SAME_UPPER", "SAME_LOWER"):
            pads = [max(0, (-(-size // stride) - 1) * stride + kernel - size) for size in before[1:]]
            if pads[0] != pads[1] or pads[0] % 2:
                self.refuse(f"auto_pad = {automatic} pads by {pads}: must be alike on all sides")
            return pads[0] // 2
        pads = list(self.attributes.get("pads", [0]))
        if len(set(pads)) > 1:
            self.refuse(f"pads = {pads}: must be alike on all sides")
        return int(pads[0])


@dataclass
class _Reader:
    """Layers so far, and which of them a value comes from.

    Attributes:
        dims: of each value that the model knows them of.
        sources: value → layer.
        sums: layer → the value that it makes itself, before any activation function.
        shapes: layer → shape.
    """

    where: str
    dims: Mapping[str, _Dims]
    constants: set[str]
    sources: dict[str, str] = field(default_factory=dict)
    sums: dict[str, str] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)
    layers: list[Layer] = field(default_factory=list)

    def read(self, proto: onnx.NodeProto) -> None:
        """One node: a layer more, none, or a constant more."""
        from onnx.helper import get_attribute_value

        inputs = tuple(value for value in proto.input if value)
        if proto.op_type in ("Shape", "Size") or self.constants.issuperset(inputs):
            self.constants.update(proto.output)
            return
        name = proto.name if proto.name and proto.name not in self.shapes else proto.output[0]
        where = f"{self.where}: node {name} ({proto.op_type})"
        attributes = {attribute.name: get_attribute_value(attribute) for attribute in proto.attribute}
        node = _Node(name, where, proto.op_type, inputs, proto.output[0], attributes)
        read = _OPERATORS.get(proto.op_type) if proto.domain in ("", "ai.onnx") else None
        if read is None:
            node.refuse(f"operator not supported: must be one of {', '.join(sorted(_OPERATORS))}")
        for value in inputs:
            if value not in self.constants and value not in self.sources:
                node.refuse(f"input {value}: must be the first output of an earlier node")
        read(self, node)

    def image(self, value: str, where: str) -> Shape:
        """(channels, height, width) of a value, without its batch."""
        dims = self.dims.get(value, ())
        sizes = dims[1:]
        if len(dims) not in (2, 4) or any(not size for size in sizes):
            text = " × ".join("?" if size is None else str(size) for size in dims) or "unknown"
            raise InputError(f"{where}: shape {text}: must be (batch, channels, height, width) or (batch, features)")
        channels, height, width = (*sizes, 1, 1)[:3]
        return int(channels or 0), int(height or 0), int(width or 0)

    def data(self, node: _Node) -> tuple[str | None, Shape]:
        """Source and shape of a node's one input that is no constant, its first."""
        if node.inputs[0] in self.constants or any(value not in self.constants for value in node.inputs[1:]):
            node.refuse(f"inputs {', '.join(node.inputs)}: the first must be data, the others constants")
        layer = self.sources[node.inputs[0]]
        previous = self.layers[-1].name if self.layers else INPUT
        return None if layer == previous else layer, self.shapes[layer]

    def add(self, node: _Node, layer: Layer, befores: list[Shape]) -> None:
        """A layer more; its shape must be the model's."""
        shape = output_shape(node.where, layer, befores)
        if node.output in self.dims and (theirs := self.image(node.output, node.where)) != shape:
            node.refuse(f"output {theirs} in the model, {shape} here: must drop incomplete windows (ceil_mode = 0)")
        self.layers.append(layer)
        self.shapes[layer.name] = shape
        self.sources[node.output] = layer.name
        self.sums[layer.name] = node.output

    def weights(self, node: _Node, rank: int) -> tuple[int, ...]:
        dims = self.dims.get(node.inputs[1], ())
        if len(dims) != rank or any(size is None for size in dims):
            node.refuse(f"weights {node.inputs[1]}: must have {rank} known dimensions")
        return tuple(int(size or 0) for size in dims)


def _conv(reader: _Reader, node: _Node) -> None:
    source, before = reader.data(node)
    outputs, inputs, height, width = reader.weights(node, 4)
    if height != width:
        node.refuse(f"kernel {height} × {width}: must be square")
    if (dilation := node.square("dilations", 1)) != 1:
        node.refuse(f"dilations = {dilation}: must be 1")
    stride, groups = node.square("strides", 1), int(node.attributes.get("group", 1))
    layer = Convolution(
        node.name,
        inputs * groups,
        outputs,
        height,
        stride,
        node.padding(height, stride, before),
        groups,
        bias=len(node.inputs) > 2,
        source=source,
    )
    reader.add(node, layer, [before])


def _matrix(reader: _Reader, node: _Node) -> None:
    """Gemm or MatMul of (batch, features) with a constant matrix."""
    source, before = reader.data(node)
    if len(reader.dims.get(node.inputs[0], (None, None))) != 2 or node.attributes.get("transA"):
        node.refuse(f"input {node.inputs[0]}: must be (batch, features), not transposed")
    inputs, outputs = reader.weights(node, 2)
    if node.attributes.get("transB"):
        inputs, outputs = outputs, inputs
    reader.add(node, FullyConnected(node.name, inputs, outputs, len(node.inputs) > 2, source), [before])


def _pool(reader: _Reader, node: _Node) -> None:
    source, before = reader.data(node)
    if node.square("dilations", 1) != 1:
        node.refuse("dilations: must be 1")
    if node.attributes.get("ceil_mode") and node.output not in reader.dims:
        node.refuse("ceil_mode = 1 on a shape that is not known: must be 0")
    kernel, stride = node.square("kernel_shape", 0), node.square("strides", 1)
    padding = node.padding(kernel, stride, before)
    reader.add(node, Pool(node.name, _pool_kind(node), kernel, stride, padding, source), [before])


def _global_pool(reader: _Reader, node: _Node) -> None:
    source, before = reader.data(node)
    if before[1] != before[2]:
        node.refuse(f"input of {before[1]} × {before[2]}: must be square")
    reader.add(node, Pool(node.name, _pool_kind(node), before[1], 1, source=source), [before])


def _pool_kind(node: _Node) -> Literal["max", "average"]:
    return "max" if node.operator in ("MaxPool", "GlobalMaxPool") else "average"


def _normalization(reader: _Reader, node: _Node) -> None:
    source, before = reader.data(node)
    reader.add(node, Normalization(node.name, before[0], source), [before])


def _addition(reader: _Reader, node: _Node) -> None:
    data = [value for value in node.inputs if value not in reader.constants]
    constants = [value for value in node.inputs if value in reader.constants]
    sources = [reader.sources[value] for value in data]
    if not constants and len(sources) > 1:
        reader.add(node, Addition(node.name, tuple(sources)), [reader.shapes[source] for source in sources])
        return
    places = [place for place, layer in enumerate(reader.layers) if layer.name == sources[0]]
    layer = reader.layers[places[0]] if places else None
    if (
        len(constants) != 1
        or not isinstance(layer, Convolution | FullyConnected)
        or layer.bias
        or data != [reader.sums[layer.name]]
    ):
        node.refuse("adds a constant: must be the bias of a layer that has none")
    values = prod(size or 0 for size in reader.dims.get(constants[0], (0,)))
    if values != reader.shapes[layer.name][0]:
        node.refuse(f"adds {values} constants: must be {reader.shapes[layer.name][0]}, one per channel of {layer.name}")
    reader.layers[places[0]] = replace(layer, bias=True)
    reader.sources[node.output] = layer.name


def _no_layer(reader: _Reader, node: _Node) -> None:
    reader.data(node)
    reader.sources[node.output] = reader.sources[node.inputs[0]]


def _reshape(reader: _Reader, node: _Node) -> None:
    _, before = reader.data(node)
    computed = node.output not in reader.dims and reader.dims.get(node.inputs[-1]) == (2,)
    # A target of two numbers that the model computes from the batch can only be (batch, features).
    after = (prod(before), 1, 1) if computed else reader.image(node.output, node.where)
    if after not in (before, (prod(before), 1, 1)):
        node.refuse(f"{before} into {after}: must keep the shape, or make it (batch, {prod(before)})")
    reader.sources[node.output] = reader.sources[node.inputs[0]]


_OPERATORS: Mapping[str, Callable[[_Reader, _Node], None]] = {
    "Conv": _conv,
    "Gemm": _matrix,
    "MatMul": _matrix,
    "MaxPool": _pool,
    "AveragePool": _pool,
    "GlobalMaxPool": _global_pool,
    "GlobalAveragePool": _global_pool,
    "ReduceMean": _global_pool,
    "BatchNormalization": _normalization,
    "Add": _addition,
    "Sum": _addition,
    **dict.fromkeys(("Flatten", "Reshape", "Squeeze", "Unsqueeze"), _reshape),
    **dict.fromkeys(
        (
            *("Relu", "LeakyRelu", "PRelu", "Elu", "Selu", "Sigmoid", "HardSigmoid", "HardSwish", "Tanh", "Clip"),
            *("Sign", "Softmax", "LogSoftmax", "Softplus", "Gelu", "Dropout", "Identity", "Cast", "LRN"),
            *("QuantizeLinear", "DequantizeLinear"),
        ),
        _no_layer,
    ),
}
"""Operator → what makes a layer of it, or none."""
