"""A user's own network from an ONNX file: its shapes; the weights are not read.

Layers         Conv, Gemm, MatMul, MaxPool, AveragePool, GlobalMaxPool, GlobalAveragePool, ReduceMean over the whole
               map, BatchNormalization, Add and Sum of two or more outputs, Concat of channels.  Add, Sub, Mul and Div
               of a constant per channel are a bias, part of the normalization before them, or a normalization.
No layer       activation functions, also ones that a graph builds from a layer's output alone (x·sigmoid(x)), and
               arithmetic with one constant; Dropout, Identity, Cast, LRN, QuantizeLinear, DequantizeLinear; Flatten,
               Reshape, Squeeze and Unsqueeze that keep the values of an image in order; Reshape, Transpose and Reshape
               of a channel shuffle.
Refused        every other operator, and what these can do beyond `spintronics.networks.layers`: kernels, strides or
               paddings that differ along the axes, more padding before than behind, dilation, weights that are no
               constants, products of two layers' outputs.

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
    Concatenation,
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
_AUTOMATIC = ("NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID")  # auto_pad
_ATTRIBUTES = {
    "auto_pad": "STRING",
    **dict.fromkeys(("kernel_shape", "strides", "pads", "dilations", "perm"), "INTS"),
    **dict.fromkeys(("group", "axis", "ceil_mode", "transA", "transB"), "INT"),
}
"""Attribute that is read → its type in ONNX."""
_SMALL = 1024  # numbers in a constant that can be a shape; the data of larger ones is dropped


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
    for tensor in model.graph.initializer:
        if prod(tensor.dims) > _SMALL:  # weights are not read, and shape inference copies them twice
            tensor.ClearField("raw_data")
            tensor.ClearField("float_data")
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
        if len(values) != 2 or values[0] != values[1] or values[0] < 1:
            self.refuse(f"{key} = {list(values)}: must be two equal numbers ≥ 1")
        return int(values[0])

    def padding(self, kernel: int, stride: int, before: Shape) -> tuple[int, int]:
        """The padding on every side, and what is more below and to the right."""
        automatic = self.attributes.get("auto_pad", b"NOTSET").decode(errors="replace")
        if automatic not in _AUTOMATIC:
            self.refuse(f"auto_pad = {automatic!r}: must be one of {', '.join(_AUTOMATIC)}")
        pads = [int(pad) for pad in self.attributes.get("pads", [0, 0, 0, 0])]
        if automatic.startswith("SAME"):
            both = [max(0, (-(-size // stride) - 1) * stride + kernel - size) for size in before[1:]]
            less, more = [pad // 2 for pad in both], [pad - pad // 2 for pad in both]
            pads = [*less, *more] if automatic == "SAME_UPPER" else [*more, *less]
        top, left, bottom, right = pads if len(pads) == 4 else (0, 1, 0, 0)
        if top != left or bottom != right or bottom < top:
            self.refuse(f"pads = {pads}: must be alike along both axes, and not more before than behind")
        return top, bottom - top


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
        inputs = tuple(value for value in proto.input if value)
        if proto.op_type in ("Shape", "Size") or self.constants.issuperset(inputs):
            self.constants.update(proto.output)
            return
        if not proto.output:
            raise InputError(f"{self.where}: node {proto.name} ({proto.op_type}): no output: must have one")
        name = proto.name if proto.name and proto.name not in self.shapes else proto.output[0]
        where = f"{self.where}: node {name} ({proto.op_type})"
        node = _Node(name, where, proto.op_type, inputs, proto.output[0], _attributes(proto, where))
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
            node.refuse(f"output {theirs} in the model, {shape} here: must be the same")
        self.layers.append(layer)
        self.shapes[layer.name] = shape
        self.sources[node.output] = layer.name
        self.sums[layer.name] = node.output

    def weights(self, node: _Node, rank: int) -> tuple[int, ...]:
        if len(node.inputs) < 2:
            node.refuse(f"inputs {', '.join(node.inputs)}: must be data and weights")
        dims = self.dims.get(node.inputs[1], ())
        if len(dims) != rank or any(size is None for size in dims):
            node.refuse(f"weights {node.inputs[1]}: must have {rank} known dimensions")
        return tuple(int(size or 0) for size in dims)


def _attributes(proto: onnx.NodeProto, where: str) -> dict[str, Any]:
    """A node's attributes that are read here, each of its type in ONNX."""
    from onnx import AttributeProto
    from onnx.helper import get_attribute_value

    found = [attribute for attribute in proto.attribute if attribute.name in _ATTRIBUTES]
    for attribute in found:
        kind, right = AttributeProto.AttributeType.Name(attribute.type), _ATTRIBUTES[attribute.name]
        if kind != right or attribute.ref_attr_name:
            raise InputError(f"{where}: attribute {attribute.name} of type {kind}: must be a value of type {right}")
    return {attribute.name: get_attribute_value(attribute) for attribute in found}


def _conv(reader: _Reader, node: _Node) -> None:
    source, before = reader.data(node)
    outputs, inputs, height, width = reader.weights(node, 4)
    if height != width:
        node.refuse(f"kernel {height} × {width}: must be square")
    if (dilation := node.square("dilations", 1)) != 1:
        node.refuse(f"dilations = {dilation}: must be 1")
    stride, groups = node.square("strides", 1), int(node.attributes.get("group", 1))
    if groups < 1:
        node.refuse(f"group = {groups}: must be ≥ 1")
    padding, end = node.padding(height, stride, before)
    layer = Convolution(
        node.name,
        inputs * groups,
        outputs,
        height,
        stride,
        padding,
        groups,
        bias=len(node.inputs) > 2,
        source=source,
        end_padding=end,
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
    kernel, stride = node.square("kernel_shape", 0), node.square("strides", 1)
    padding, end = node.padding(kernel, stride, before)
    if node.attributes.get("ceil_mode"):
        over = {_hanging_over(size + end, kernel, stride, padding) for size in before[1:]}
        if len(over) > 1:
            node.refuse(f"ceil_mode = 1 on {before[1]} × {before[2]}: must pad alike along both axes")
        end += over.pop()
    reader.add(node, Pool(node.name, _pool_kind(node), kernel, stride, padding, source, end), [before])


def _hanging_over(size: int, kernel: int, stride: int, padding: int) -> int:
    """Padding that the last window of ceil_mode needs; it must begin within the input or the padding before it."""
    windows = -(-(size + 2 * padding - kernel) // stride) + 1
    if (windows - 1) * stride >= size + padding:
        windows -= 1
    return max(0, (windows - 1) * stride + kernel - size - 2 * padding)


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


def _arithmetic(reader: _Reader, node: _Node) -> None:
    """Add, Sum, Sub, Mul, Div: of layers, of a layer and a constant, or of a layer's output and what is made of it."""
    data = [value for value in node.inputs if value not in reader.constants]
    constants = [value for value in node.inputs if value in reader.constants]
    sources = [reader.sources[value] for value in data]
    if not constants and node.operator in ("Add", "Sum") and len(sources) > 1:
        reader.add(node, Addition(node.name, tuple(sources)), [reader.shapes[source] for source in sources])
    elif not constants and len(set(sources)) == 1:
        reader.sources[node.output] = sources[0]
    elif len(constants) == 1 and len(data) == 1:
        _with_constant(reader, node, data[0], constants[0])
    else:
        node.refuse(f"of the outputs of {' and '.join(sources)}: must be Add, or of one layer")


def _with_constant(reader: _Reader, node: _Node, value: str, constant: str) -> None:
    """A bias, part of a normalization, a normalization, or with one number no layer."""
    name = reader.sources[value]
    channels = reader.shapes[name][0]
    dims = reader.dims.get(constant)
    values = 0 if dims is None else prod(size or 0 for size in dims)
    place = next((n for n, layer in enumerate(reader.layers) if layer.name == name), None)
    layer = None if place is None else reader.layers[place]
    own = layer is not None and value == reader.sums[layer.name]
    if values not in (1, channels):
        node.refuse(f"with {values} constants: must be 1, or {channels}, one per channel of {name}")
    summed = own and node.operator == "Add" and values == channels
    if summed and place is not None and isinstance(layer, Convolution | FullyConnected) and not layer.bias:
        reader.layers[place] = replace(layer, bias=True)
        reader.sources[node.output] = name
        return
    if values == 1 or (own and isinstance(layer, Normalization)):
        reader.sources[node.output] = name
        if own and layer is not None:
            reader.sums[layer.name] = node.output
        return
    previous = reader.layers[-1].name if reader.layers else INPUT
    source = None if name == previous else name
    reader.add(node, Normalization(node.name, channels, source), [reader.shapes[name]])


def _concatenation(reader: _Reader, node: _Node) -> None:
    if any(value in reader.constants for value in node.inputs):
        node.refuse(f"inputs {', '.join(node.inputs)}: must be outputs of layers")
    sources = tuple(reader.sources[value] for value in node.inputs)
    if len(sources) == 1:
        reader.sources[node.output] = sources[0]
        return
    axis = int(node.attributes.get("axis", 1))
    if axis not in (1, 1 - len(reader.dims.get(node.inputs[0], (0,) * 4))):
        node.refuse(f"axis = {axis}: must be 1, the channels")
    reader.add(node, Concatenation(node.name, sources), [reader.shapes[source] for source in sources])


def _no_layer(reader: _Reader, node: _Node) -> None:
    reader.data(node)
    reader.sources[node.output] = reader.sources[node.inputs[0]]


def _reshape(reader: _Reader, node: _Node) -> None:
    _, before = reader.data(node)
    dims = reader.dims.get(node.output)
    # A target of two numbers that the model computes from the batch can only be (batch, features).
    computed = dims is None and reader.dims.get(node.inputs[-1]) == (2,)
    flat = computed or (dims is not None and len(dims) == 2 and dims[1] is None)
    if dims is not None and len(dims) == 5 and dims[3:] == before[1:] and (dims[1] or 0) * (dims[2] or 0) == before[0]:
        reader.sources[node.output] = reader.sources[node.inputs[0]]  # a channel shuffle begins
        return
    after = (prod(before), 1, 1) if flat else reader.image(node.output, node.where)
    if after not in (before, (prod(before), 1, 1)):
        node.refuse(f"{before} into {after}: must keep the shape, or make it (batch, {prod(before)})")
    reader.sources[node.output] = reader.sources[node.inputs[0]]


def _transpose(reader: _Reader, node: _Node) -> None:
    """The middle of a channel shuffle: (batch, groups, channels, height, width), groups and channels exchanged."""
    permutation = list(node.attributes.get("perm", []))
    if permutation != [0, 2, 1, 3, 4]:
        node.refuse(f"perm = {permutation}: must be [0, 2, 1, 3, 4], a channel shuffle's")
    _no_layer(reader, node)


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
    "Concat": _concatenation,
    **dict.fromkeys(("Add", "Sum", "Sub", "Mul", "Div"), _arithmetic),
    **dict.fromkeys(("Flatten", "Reshape", "Squeeze", "Unsqueeze"), _reshape),
    "Transpose": _transpose,
    **dict.fromkeys(
        (
            *("Relu", "LeakyRelu", "PRelu", "Elu", "Selu", "Sigmoid", "HardSigmoid", "HardSwish", "Tanh", "Clip"),
            *(
                "Sign",
                "Softmax",
                "LogSoftmax",
                "Softplus",
                "Gelu",
                "Celu",
                "Mish",
                "Swish",
                "Dropout",
                "Identity",
                "Cast",
                "LRN",
            ),
            *("QuantizeLinear", "DequantizeLinear", "Round"),
        ),
        _no_layer,
    ),
}
"""Operator → what makes a layer of it, or none."""
