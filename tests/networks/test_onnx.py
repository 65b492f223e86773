"""ONNX models built here, against the known networks and against ONNX's own shape inference; refusals."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from spintronics.errors import InputError
from spintronics.networks import Concatenation, Convolution, FullyConnected, Network, Normalization, Pool, load
from spintronics.networks.onnx import load_onnx, network_of

onnx = pytest.importorskip("onnx", reason="the extra onnx is not installed")
FLOAT, INT64 = onnx.TensorProto.FLOAT, onnx.TensorProto.INT64


def weights(name: str, *dims: int) -> Any:
    """A tensor whose values are in another file, which is not there: they must not be read."""
    tensor = onnx.TensorProto(name=name, data_type=FLOAT, dims=dims, data_location=onnx.TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="absent.bin")
    return tensor


def numbers(name: str, values: Sequence[int]) -> Any:
    return onnx.helper.make_tensor(name, INT64, [len(values)], values)


def model(
    nodes: Sequence[Any],
    constants: Sequence[Any] = (),
    shape: Sequence[int | str] = ("N", 3, 8, 8),
    outputs: Sequence[str] = ("y",),
) -> Any:
    graph = onnx.helper.make_graph(
        list(nodes),
        "g",
        [onnx.helper.make_tensor_value_info("x", FLOAT, shape)],
        [onnx.helper.make_tensor_value_info(name, FLOAT, None) for name in outputs],
        list(constants),
    )
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)])


def node(operator: str, inputs: str, output: str, name: str = "n", **attributes: Any) -> Any:
    return onnx.helper.make_node(operator, inputs.split(), [output], name=name, **attributes)


def read(*args: Any, **kwargs: Any) -> Network:
    return network_of(model(*args, **kwargs), "mine", "here")


def exported(network: Network) -> Any:
    """A chain as a model, with a ReLU after each weighted layer and Flatten before the first that needs it."""
    nodes, constants, value, flat = [], [], "x", False
    for layer in network.layers:
        if isinstance(layer, Convolution):
            kernel = layer.kernel
            constants += [
                weights(f"{layer.name}.w", layer.out_channels, layer.in_channels // layer.groups, kernel, kernel)
            ]
            constants += [weights(f"{layer.name}.b", layer.out_channels)]
            nodes += [
                node(
                    "Conv",
                    f"{value} {layer.name}.w {layer.name}.b",
                    f"{layer.name}.sum",
                    layer.name,
                    kernel_shape=[kernel] * 2,
                    strides=[layer.stride] * 2,
                    pads=[layer.padding] * 4,
                    group=layer.groups,
                ),
                node("Relu", f"{layer.name}.sum", f"{layer.name}.out", f"{layer.name}.relu"),
            ]
        elif isinstance(layer, Pool):
            operator = {"max": "MaxPool", "average": "AveragePool"}[layer.kind]
            nodes += [
                node(
                    operator,
                    value,
                    f"{layer.name}.out",
                    layer.name,
                    kernel_shape=[layer.kernel] * 2,
                    strides=[layer.stride] * 2,
                )
            ]
        elif isinstance(layer, FullyConnected):
            if not flat:
                nodes += [node("Flatten", value, "flat", "flatten")]
                value, flat = "flat", True
            constants += [weights(f"{layer.name}.w", layer.out_features, layer.in_features)]
            constants += [weights(f"{layer.name}.b", layer.out_features)]
            nodes += [node("Gemm", f"{value} {layer.name}.w {layer.name}.b", f"{layer.name}.out", layer.name, transB=1)]
        value = f"{layer.name}.out"
    return model(nodes, constants, ("N", *network.input_shape), (value,))


@pytest.mark.parametrize("name", ["lenet", "svhn", "alexnet", "alexnet-grouped"])
def test_exported_chain_comes_back(name: str, tmp_path: Path) -> None:
    known = load(name)
    onnx.save(exported(known), tmp_path / f"{name}.onnx")
    network = load(tmp_path / f"{name}.onnx")
    assert (network.name, network.input_shape) == (known.name, known.input_shape)
    assert network.layers == known.layers
    assert (network.macs, network.parameters) == (known.macs, known.parameters)


def test_residual_block_with_projection_and_normalization() -> None:
    nodes = [
        node("Conv", "x w1", "a", "conv1", kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4),
        node("BatchNormalization", "a s s s s", "b", "bn1"),
        node("Relu", "b", "c", "relu1"),
        node("Conv", "c w2", "d", "conv2", kernel_shape=[3, 3], pads=[1] * 4),
        node("Conv", "x w3", "e", "shortcut", kernel_shape=[1, 1], strides=[2, 2]),
        node("Add", "d e", "f", "add"),
        node("Relu", "f", "g", "relu2"),
        node("GlobalAveragePool", "g", "h", "gap"),
        node("Flatten", "h", "i", "flatten"),
        node("Gemm", "i w4", "y", "fc"),
    ]
    constants = [
        *(weights("w1", 6, 3, 3, 3), weights("s", 6), weights("w2", 6, 6, 3, 3)),
        *(weights("w3", 6, 3, 1, 1), weights("w4", 6, 10)),
    ]
    network = read(nodes, constants)
    assert [layer.name for layer in network.layers] == ["conv1", "bn1", "conv2", "shortcut", "add", "gap", "fc"]
    assert network.sources[3:5] == (("input",), ("conv2", "shortcut"))
    assert network.shapes[-3:] == ((6, 4, 4), (6, 1, 1), (10, 1, 1))
    assert network.macs == 16 * (27 * 6 + 54 * 6 + 3 * 6) + 60
    assert network.parameters == 27 * 6 + 54 * 6 + 18 + 60 + 12


def test_depthwise_same_padding_and_constant_bias() -> None:
    nodes = [
        node("Conv", "x w1", "a", "dw", kernel_shape=[3, 3], group=3, auto_pad="SAME_UPPER"),
        node("Add", "a b1", "b", "bias"),
        node("AveragePool", "b", "c", "pool", kernel_shape=[2, 2], strides=[2, 2]),
        node("Reshape", "c to", "d", "reshape"),
        node("MatMul", "d w2", "e", "fc"),
        node("Add", "e b2", "f", "fcbias"),
        node("Softmax", "f", "y", "softmax"),
    ]
    constants = [
        *(weights("w1", 3, 1, 3, 3), weights("b1", 3, 1, 1), numbers("to", [-1, 48])),
        *(weights("w2", 48, 5), weights("b2", 5)),
    ]
    assert read(nodes, constants).layers == (
        Convolution("dw", 3, 3, kernel=3, padding=1, groups=3),
        Pool("pool", "average", 2, 2),
        FullyConnected("fc", 48, 5),
    )


def test_reshape_computed_from_the_shape_and_weights_made_by_nodes() -> None:
    """Batch size through Shape, Gather and Concat, and a weight through Identity, as exporters write them."""
    nodes = [
        node("Shape", "x", "s", "shape"),
        node("Gather", "s zero", "n", "gather", axis=0),
        node("Concat", "n rest", "to", "concat", axis=0),
        node("Reshape", "x to", "flat", "view"),
        node("Identity", "w", "w2", "copy"),
        node("Gemm", "flat w2", "y", "fc"),
    ]
    network = read(nodes, [numbers("zero", [0]), numbers("rest", [192]), weights("w", 192, 4)])
    assert network.layers == (FullyConnected("fc", 192, 4, bias=False),)


def test_arithmetic_with_constants_is_a_bias_a_normalization_or_nothing() -> None:
    per_channel = [weights(name, 4, 1, 1) for name in ("bias", "scale", "shift", "more")]
    nodes = [
        node("Sub", "x mean", "centred", "centre"),  # of the image: a normalization
        node("Conv", "centred w", "a", "conv"),
        node("Add", "a bias", "b", "plus"),  # the bias
        node("Relu", "b", "c", "relu"),
        node("Mul", "c scale", "d", "times"),  # after an activation: a normalization
        node("Add", "d shift", "e", "and"),  # of which this is a part
        node("Div", "e two", "f", "half"),  # and one number is no layer
        node("Sigmoid", "f", "g", "gate"),
        node("Mul", "f g", "h", "swish"),  # x · sigmoid(x) of one layer: an activation
        node("Sub", "h more", "y", "less"),  # after it: another normalization
    ]
    network = read(nodes, [weights("mean", 3, 1, 1), W, *per_channel, weights("two", 1)])
    assert network.layers == (
        Normalization("centre", 3),
        Convolution("conv", 3, 4, 3, bias=True),
        Normalization("times", 4),
        Normalization("less", 4),
    )


def test_windows_over_the_end_are_padding_behind() -> None:
    nodes = [
        node("Conv", "x w", "a", "conv", strides=[2, 2], auto_pad="SAME_UPPER"),
        node("MaxPool", "a", "b", "caffe", kernel_shape=[3, 3], strides=[1, 1], pads=[0, 0, 1, 1]),
        node("MaxPool", "b", "y", "ceil", kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1),
    ]
    network = read(nodes, [W])
    assert network.layers == (
        Convolution("conv", 3, 4, 3, stride=2, bias=False, end_padding=1),
        Pool("caffe", "max", 3, 1, end_padding=1),
        Pool("ceil", "max", 2, 2, end_padding=1),
    )
    assert network.shapes == ((4, 4, 4), (4, 3, 3), (4, 2, 2))


def test_concatenation_and_channel_shuffle() -> None:
    nodes = [
        node("Conv", "x w", "a", "conv"),
        node("MaxPool", "x", "b", "pool", kernel_shape=[3, 3]),
        node("Concat", "a b", "c", "cat", axis=1),
        node("Reshape", "c split", "d", "groups"),
        node("Transpose", "d", "e", "exchange", perm=[0, 2, 1, 3, 4]),
        node("Reshape", "e back", "f", "together"),
        node("Conv", "f v", "y", "after"),
    ]
    constants = [weights("w", 5, 3, 3, 3), weights("v", 2, 8, 1, 1)]
    constants += [numbers("split", [0, 2, 4, 6, 6]), numbers("back", [0, 8, 6, 6])]
    network = read(nodes, constants)
    assert network.layers[2:] == (Concatenation("cat", ("conv", "pool")), Convolution("after", 8, 2, 1, bias=False))
    assert network.shapes[2] == (8, 6, 6)


def test_features_as_input_and_unnamed_nodes() -> None:
    nodes = [node("Gemm", "x w", "hidden", ""), node("BatchNormalization", "hidden s s s s", "y", "")]
    network = read(nodes, [weights("w", 20, 4), weights("s", 4)], ("N", 20))
    assert network.layers == (FullyConnected("hidden", 20, 4, bias=False), Normalization("y", 4))


CONV = node("Conv", "x w", "a", "conv", kernel_shape=[3, 3])
W = weights("w", 4, 3, 3, 3)


def then(*nodes: Any) -> list[Any]:
    return [CONV, *nodes]


@pytest.mark.parametrize(
    ("nodes", "constants", "message"),
    [
        (
            then(node("ConvTranspose", "a w2", "y", "up")),
            [weights("w2", 4, 2, 2, 2)],
            r"up \(ConvTranspose\): operator not",
        ),
        (
            then(node("Concat", "a a", "y", "cat", axis=2)),
            [],
            r"cat \(Concat\): axis = 2: must be 1, the channels",
        ),
        (then(node("Transpose", "a", "y", "t")), [], r"t \(Transpose\): perm = \[\]: must be \[0, 2, 1, 3, 4\]"),
        (
            then(node("Conv", "x w", "b", "other"), node("Mul", "a b", "y", "gate")),
            [],
            r"gate \(Mul\): of the outputs of conv and other: must be Add, or of one layer",
        ),
        (then(node("Tan", "a", "y", "t")), [], r"t \(Tan\): operator not supported: must be one of Add"),
        ([node("Conv", "x w", "y", "c", dilations=[2, 2])], [], r"c \(Conv\): dilations = 2: must be 1"),
        ([node("Conv", "x w", "y", "c", strides=[1, 2])], [], r"strides = \[1, 2\]: must be two equal numbers"),
        *(
            (
                [node("Conv", "x w", "y", "c", strides=[0, 0], **more)],
                [],
                r"c \(Conv\): strides = \[0, 0\]: must be two equ",
            )
            for more in ({}, {"auto_pad": "SAME_UPPER"})
        ),
        (
            then(node("MaxPool", "a", "y", "p", kernel_shape=[2, 2], strides=[0, 0], ceil_mode=1)),
            [],
            r"p \(MaxPool\): strides = \[0, 0\]: must be two equal numbers ≥ 1",
        ),
        (then(node("MaxPool", "a", "y", "p")), [], r"p \(MaxPool\): kernel_shape = \[0, 0\]: must be two equal"),
        ([node("Conv", "x w", "y", "c", group=0)], [], r"c \(Conv\): group = 0: must be ≥ 1"),
        ([node("Conv", "x w", "y", "c", auto_pad="SAME")], [], r"c \(Conv\): auto_pad = 'SAME': must be one of NOTSET"),
        ([node("Conv", "x", "y", "c")], [], r"c \(Conv\): inputs x: must be data and weights"),
        (
            then(node("GlobalMaxPool", "a", "b"), node("Flatten", "b", "d", "f"), node("Gemm", "d", "y", "g")),
            [],
            r"g \(Gemm\): inputs d: must be data and weights",
        ),
        ([node("Conv", "x w", "y", "c", pads=[0, 1, 0, 1])], [], r"pads = \[0, 1, 0, 1\]: must be alike along both"),
        (
            [node("Conv", "x w", "y", "c", strides=[2, 2], auto_pad="SAME_LOWER")],
            [],
            r"pads = \[1, 1, 0, 0\]: must be alike along both axes, and not more before than behind",
        ),
        (
            [node("Conv", "x v", "y", "c")],
            [weights("v", 4, 3, 1, 3)],
            r"kernel 1 × 3: must be square",
        ),
        (
            then(node("MatMul", "a a", "y", "attention")),
            [],
            r"inputs a, a: the first must be data, the others constants",
        ),
        (then(node("MatMul", "a v", "y", "m")), [weights("v", 6, 2)], r"input a: must be \(batch, features\)"),
        (then(node("Reshape", "a to", "y", "r")), [numbers("to", [-1, 16, 3, 3])], r"r \(Reshape\): \(4, 6, 6\) into"),
        (
            then(node("Add", "a v", "y", "plus")),
            [weights("v", 6)],
            r"plus \(Add\): with 6 constants: must be 1, or 4, one per channel of conv",
        ),
        (then(node("Relu", "x", "y", "r")), [], r"output y: must be that of the last layer"),
        (then(node("Conv", "x w", "y", "c2")), [], r"network mine, layer conv: its output is not used"),
        (
            then(node("ReduceMean", "a", "y", "mean", axes=[1])),
            [],
            r"mean \(ReduceMean\): shape \? × 1 × 6 × 6|output \(1, 6, 6\) in the model",
        ),
    ],
)
def test_what_has_no_layer_is_refused_by_name(nodes: list[Any], constants: list[Any], message: str) -> None:
    used = {value for n in nodes for value in n.input}
    kept = [*([W] if "w" in used else []), *constants]
    with pytest.raises(InputError, match=message) as error:
        read(nodes, kept)
    assert str(error.value).startswith("here: ")
    assert "\n" not in str(error.value)


OF_TYPE: dict[str, Any] = {
    "INT": 3,
    "FLOAT": 2.5,
    "STRING": "a",
    "INTS": [1, 1],
    "FLOATS": [1.5],
    "STRINGS": ["a", "b"],
}
TYPES = {
    "auto_pad": "STRING",
    **dict.fromkeys(("kernel_shape", "strides", "pads", "dilations", "perm"), "INTS"),
    **dict.fromkeys(("group", "axis", "ceil_mode", "transA", "transB"), "INT"),
}


@pytest.mark.parametrize(("key", "kind"), [(key, kind) for key in TYPES for kind in OF_TYPE if kind != TYPES[key]])
def test_attributes_of_another_type_are_refused(key: str, kind: str) -> None:
    message = rf"here: node n \(Identity\): attribute {key} of type {kind}: must be a value of type {TYPES[key]}$"
    with pytest.raises(InputError, match=message):
        read([node("Identity", "x", "y", **{key: OF_TYPE[kind]})])


def test_a_node_without_an_output_is_refused() -> None:
    made = model([CONV, node("Relu", "a", "y", "r"), node("Fade", "a", "b", "f")], [W])
    made.graph.node[2].domain = "com.example"
    made.opset_import.add(domain="com.example", version=1)
    del made.graph.node[2].output[:]
    with pytest.raises(InputError, match=r"here: node f \(Fade\): no output: must have one"):
        network_of(made, "mine", "here")


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (("N", 3, "H", 8), r"input x: shape \? × 3 × \? × 8: must be \(batch, channels, height, width\)"),
        (("N", 8, 8), r"input x: shape \? × 8 × 8: must be"),
    ],
)
def test_inputs_without_a_fixed_image_are_refused(shape: tuple[int | str, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read([node("Relu", "x", "y")], shape=shape)


def test_operator_of_another_domain_is_refused() -> None:
    made = model([node("Relu", "x", "y", "r")])
    made.graph.node[0].domain = "com.example"
    made.opset_import.add(domain="com.example", version=1)
    with pytest.raises(InputError, match=r"node r \(Relu\): operator not supported"):
        network_of(made, "mine", "here")


def test_two_outputs_are_refused() -> None:
    with pytest.raises(InputError, match="1 inputs and 2 outputs: must be one of each"):
        read([CONV, node("Relu", "a", "y")], [W], outputs=("y", "a"))


def test_shapes_that_do_not_fit_are_refused() -> None:
    made = model([node("Conv", "x w", "y", "c")], [W])
    made.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 5
    with pytest.raises(InputError, match=r"here: .*") as error:
        network_of(made, "mine", "here")
    assert "\n" not in str(error.value)


def test_files_that_are_no_models(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.onnx: No such file or directory: must be an ONNX model"):
        load_onnx(tmp_path / "none.onnx")
    (tmp_path / "text.onnx").write_text("not a model", encoding="utf-8")
    with pytest.raises(InputError, match=r"text\.onnx: cannot be decoded: must be an ONNX model"):
        load_onnx(tmp_path / "text.onnx")


def test_missing_extra_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(InputError, match=r"mine\.onnx: the package onnx is missing: must be installed \(extra onnx\)"):
        load("mine.onnx")
