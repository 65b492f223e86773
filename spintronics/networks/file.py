"""Networks as short TOML files: layers in order, what a layer can know from its input left out.

    name = "mine"                                  # default: the file's name
    dataset = "CIFAR-10"                           # default: "none"
    input = [3, 32, 32]                            # channels, height, width
    layers = [
      { conv = 64, kernel = 3, padding = 1 },      # output channels; stride = 1, padding = 0, groups = 1, bias = true
      { norm = true },                             # batch normalization
      { conv = "depthwise", kernel = 3, padding = 1 },
      { name = "skip", conv = 64, kernel = 1, from = "conv1" },
      { add = ["depthwise3", "skip"] },            # residual addition
      { pool = "max", kernel = 2 },                # max, average or or; stride = kernel; kernel = "global"
      { fc = 10 },                                 # outputs
    ]

A layer takes the output of the one before it, or of the one that `from` names ("input" is the network's input).
A layer without a `name` is called after its kind and its place: conv1, norm2, depthwise3.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from spintronics.errors import InputError
from spintronics.networks.layers import (
    INPUT,
    LARGEST_COUNT,
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
    taken_by,
)


def load_toml(path: str | Path) -> Network:
    """The network that a TOML file describes, in the form above.

    Raises:
        InputError: no such file, no TOML, an unknown or missing key, a wrong type, or layers that do not fit.  The
            message names the file and the layer.
    """
    path = Path(path)
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        repr(document)  # numbers of more digits than Python prints are refused here, not where a message shows them
    except OSError as error:
        raise InputError(f"network file {path}: {error.strerror}: must be a TOML file") from None
    except RecursionError:
        raise InputError(f"network file {path}: tables or lists too deep: must be a list of layers") from None
    except ValueError as error:  # no TOML, no UTF-8, a number of thousands of digits
        raise InputError(f"network file {path}: {error}") from None
    return network_of(document, path.stem, f"network file {path}")


def network_of(document: Mapping[str, Any], name: str, where: str) -> Network:
    """The network of a parsed document.

    Args:
        name: the network's, where the document has none.
        where: for messages.
    Raises:
        InputError: as `load_toml`.

    >>> network_of({"input": [1, 28, 28], "layers": [{"conv": 20, "kernel": 5}, {"fc": 10}]}, "tiny", "example").layers
    (Convolution(name='conv1', in_channels=1, out_channels=20, kernel=5, ...),
     FullyConnected(name='fc2', in_features=11520, out_features=10, ...))
    """
    top = _Table(where, document)
    top.only("name", "dataset", "input", "layers")
    shape = top.get("input", list)
    if len(shape) != 3 or any(type(size) is not int or not 1 <= size <= LARGEST_COUNT for size in shape):
        raise InputError(f"{where}: input = {shape}: must be [channels, height, width], each from 1 to {LARGEST_COUNT}")
    layers: list[Layer] = []
    shapes: dict[str, Shape] = {INPUT: (shape[0], shape[1], shape[2])}
    for place, table in enumerate(top.get("layers", list), start=1):
        layer = _layer(where, place, table, shapes)
        shapes[layer.name] = output_shape(
            f"{where}: layer {layer.name}", layer, [shapes[source] for source in taken_by(layer, list(shapes)[-1])]
        )
        layers.append(layer)
    try:
        return Network(top.get("name", str, name), top.get("dataset", str, "none"), shapes[INPUT], tuple(layers))
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


_REQUIRED = object()
_TYPES = {int: "a whole number", str: "text", bool: "true or false", list: "a list"}


@dataclass(frozen=True)
class _Table:
    """A table of the file, and what messages call it."""

    where: str
    values: Mapping[str, Any]

    def get(self, key: str, kind: type, default: Any = _REQUIRED) -> Any:
        value = self.values.get(key, default)
        if value is _REQUIRED:
            raise InputError(f"{self.where}: no {key}: must be {_TYPES[kind]}")
        if key in self.values and type(value) is not kind:
            raise InputError(f"{self.where}: {key} = {value!r}: must be {_TYPES[kind]}")
        return value

    def only(self, *keys: str) -> None:
        for key in self.values:
            if key not in keys:
                raise InputError(f"{self.where}: unknown key {key}: must be one of {', '.join(keys)}")


_KEYS = {
    "conv": ("kernel", "stride", "padding", "groups", "bias", "from"),
    "pool": ("kernel", "stride", "padding", "from"),
    "fc": ("bias", "from"),
    "norm": ("from",),
    "add": (),
    "concat": (),
}
"""Key that makes a layer → its other keys, besides `name`."""


def _layer(where: str, place: int, values: Any, shapes: Mapping[str, Shape]) -> Layer:
    if not isinstance(values, dict):
        raise InputError(f"{where}: layer {place} = {values!r}: must be a table such as {{ conv = 64, kernel = 3 }}")
    kinds = [kind for kind in _KEYS if kind in values]
    if len(kinds) != 1:
        raise InputError(f"{where}: layer {place}: {', '.join(values)}: must have one of {', '.join(_KEYS)}")
    kind = kinds[0]
    called = "depthwise" if values[kind] == "depthwise" else kind
    name = _Table(f"{where}: layer {place}", values).get("name", str, f"{called}{place}")
    table = _Table(f"{where}: layer {name}", values)
    table.only(kind, "name", *_KEYS[kind])
    joined = tuple(table.get(kind, list)) if kind in ("add", "concat") else ()
    source = table.get("from", str, None)
    for earlier in (*joined, *([] if source is None else [source])):
        if type(earlier) is not str or earlier not in shapes:
            raise InputError(f"{table.where}: {earlier!r}: must be {INPUT} or the name of an earlier layer")
    if name in shapes:
        raise InputError(f"{table.where}: named so twice, or like the input: names must differ")
    if kind == "add":
        return Addition(name, joined)
    if kind == "concat":
        return Concatenation(name, joined)
    shape = shapes[list(shapes)[-1] if source is None else source]
    if kind == "conv":
        return _convolution(table, name, source, shape)
    if kind == "pool":
        return _pool(table, name, source, shape)
    if kind == "fc":
        return FullyConnected(name, prod(shape), table.get("fc", int), table.get("bias", bool, True), source)
    if values["norm"] is not True:
        raise InputError(f"{table.where}: norm = {values['norm']!r}: must be true")
    return Normalization(name, shape[0], source)


def _convolution(table: _Table, name: str, source: str | None, shape: Shape) -> Convolution:
    if table.values["conv"] == "depthwise":
        outputs = groups = shape[0]
        if "groups" in table.values:
            raise InputError(f"{table.where}: groups: must be left out of a depthwise convolution")
    else:
        outputs, groups = table.get("conv", int), table.get("groups", int, 1)
    stride, padding, bias = table.get("stride", int, 1), table.get("padding", int, 0), table.get("bias", bool, True)
    return Convolution(name, shape[0], outputs, table.get("kernel", int), stride, padding, groups, bias, source)


def _pool(table: _Table, name: str, source: str | None, shape: Shape) -> Pool:
    if table.values.get("kernel") == "global":
        if shape[1] != shape[2]:
            raise InputError(f"{table.where}: global kernel on {shape[1]} × {shape[2]}: its input must be square")
        kernel = shape[1]
    else:
        kernel = table.get("kernel", int)
    stride, padding = table.get("stride", int, kernel), table.get("padding", int, 0)
    return Pool(name, table.get("pool", str), kernel, stride, padding, source)
