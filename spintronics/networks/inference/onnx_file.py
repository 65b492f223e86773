"""A network with its weights as an ONNX model, for other tools: whole-number weights and codes held in float32."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spintronics.errors import InputError
from spintronics.networks.inference.layers import BatchNorm, Quantizer, ScaleShift, Tanh, Weighted
from spintronics.networks.inference.network import BitwiseNetwork
from spintronics.networks.layers import FullyConnected, Pool

_OPSET = 17


def save_onnx(network: BitwiseNetwork, path: Path) -> None:
    """Write a network as ONNX; needs the extra ``onnx``.

    Input ``pixels`` (images, channels, height, width), float32 from 0 to 255; output ``scores`` (images, classes).
    Between its layers are the array's own whole numbers: sums, and codes of activations.  Normalization is folded.

    Raises:
        InputError: the package onnx is missing, or a layer has no operator here.
    """
    try:
        import onnx
        from onnx import helper, numpy_helper
    except ImportError:
        raise InputError('ONNX file: the package onnx is missing: pip install "spintronics-imce[onnx]"') from None
    nodes: list[Any] = []
    constants: list[Any] = []
    flat = False
    current = "pixels"

    def constant(name: str, values: npt.ArrayLike, kind: npt.DTypeLike = np.float32) -> str:
        constants.append(numpy_helper.from_array(np.asarray(values, kind), name))
        return name

    def add(operator: str, *inputs: str, **attributes: Any) -> None:
        nonlocal current
        output = f"{layer.name}_{len(nodes)}"
        nodes.append(helper.make_node(operator, [current, *inputs], [output], name=output, **attributes))
        current = output

    for layer in network.layers:
        if isinstance(layer, Weighted) and isinstance(layer.shape, FullyConnected) and not flat:
            add("Flatten")
            flat = True
        match layer:
            case Weighted(shape=FullyConnected()):
                add("MatMul", constant(f"{layer.name}_weights", layer.weights.T))
                if layer.bias is not None:
                    add("Add", constant(f"{layer.name}_bias", layer.bias))
            case Weighted():
                bias = () if layer.bias is None else (constant(f"{layer.name}_bias", layer.bias),)
                add("Conv", constant(f"{layer.name}_weights", layer.weights), *bias, **_sizes(layer))
            case Pool():
                add("AveragePool" if layer.kind == "average" else "MaxPool", **_pool_sizes(layer))
            case BatchNorm() | ScaleShift():
                folded = layer.folded() if isinstance(layer, BatchNorm) else layer
                per_channel = (1, -1) if flat else (1, -1, 1, 1)
                add("Mul", constant(f"{layer.name}_scale", folded.scale.reshape(per_channel)))
                add("Add", constant(f"{layer.name}_shift", folded.shift.reshape(per_channel)))
            case Tanh():
                add("Tanh")
                add("Add", constant(f"{layer.name}_one", 1.0))
                add("Mul", constant(f"{layer.name}_half", 0.5))
            case Quantizer():
                add("Clip", constant(f"{layer.name}_zero", 0.0), constant(f"{layer.name}_one", 1.0))
                add("Mul", constant(f"{layer.name}_levels", 2**layer.bits - 1))
                add("Round")
            case _:
                raise InputError(f"ONNX file {path}: layer {layer.name}: {type(layer).__name__} cannot be written")
    nodes.append(helper.make_node("Identity", [current], ["scores"]))
    size: list[str | int | None] = ["images", *network.input_shape]
    graph = helper.make_graph(
        nodes,
        network.name,
        [helper.make_tensor_value_info("pixels", onnx.TensorProto.FLOAT, size)],
        [helper.make_tensor_value_info("scores", onnx.TensorProto.FLOAT, ["images", len(network.classes)])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=8)
    model.doc_string = f"trained on {network.dataset}"
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def _sizes(layer: Weighted) -> dict[str, Any]:
    shape = layer.shape
    assert not isinstance(shape, FullyConnected)
    return {
        "kernel_shape": [shape.kernel] * 2,
        "strides": [shape.stride] * 2,
        "pads": [shape.padding] * 4,
        "group": shape.groups,
    }


def _pool_sizes(layer: Pool) -> dict[str, Any]:
    sizes: dict[str, Any] = {
        "kernel_shape": [layer.kernel] * 2,
        "strides": [layer.stride] * 2,
        "pads": [layer.padding] * 4,
    }
    return sizes | ({"count_include_pad": 1} if layer.kind == "average" else {})
