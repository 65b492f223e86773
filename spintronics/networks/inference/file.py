"""A network with its weights as one file: an .npz of its arrays, and its structure as JSON beside them."""

import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from spintronics.errors import InputError
from spintronics.networks.inference.finn import load_finn_bnn
from spintronics.networks.inference.formats import Coding, Format
from spintronics.networks.inference.layers import (
    BatchNorm,
    LookUp,
    Quantizer,
    ScaleShift,
    Sign,
    Tanh,
    Threshold,
    Weighted,
)
from spintronics.networks.inference.network import BitwiseNetwork
from spintronics.networks.layers import Convolution, FullyConnected, Pool

_LAYERS: dict[str, Any] = {
    kind.__name__: kind for kind in (Weighted, Pool, LookUp, Threshold, BatchNorm, ScaleShift, Tanh, Sign, Quantizer)
}
_SHAPES: dict[str, Any] = {kind.__name__: kind for kind in (Convolution, FullyConnected)}
_STRUCTURE = "structure"
_NOT_OURS = (
    *(OSError, EOFError, zipfile.BadZipFile, zlib.error),  # no .npz
    *(ValueError, KeyError, TypeError, AttributeError),  # one of something else
)


def save_network(network: BitwiseNetwork, path: Path) -> None:
    """Write a network; `load_network` gives the same one back.

    Args:
        path: ends in .npz.
    """
    arrays: dict[str, Any] = {}

    def encode(key: str, value: Any) -> Any:
        match value:
            case np.ndarray():
                arrays[key] = value
                return {"array": key}
            case Format():
                return {"format": [value.bits, value.coding.value]}
            case Convolution() | FullyConnected():
                return {"shape": type(value).__name__, **vars(value)}
            case _:
                return value

    layers = [
        {
            "layer": type(layer).__name__,
            **{f.name: encode(f"{layer.name}.{f.name}", getattr(layer, f.name)) for f in fields(layer)},
        }
        for layer in network.layers
    ]
    head = {
        "name": network.name,
        "dataset": network.dataset,
        "input_shape": network.input_shape,
        "input_format": encode("", network.input_format),
        "classes": network.classes,
        "layers": layers,
    }
    arrays[_STRUCTURE] = np.array(json.dumps(head))
    np.savez_compressed(path, **arrays)


def load_network(path: str | Path) -> BitwiseNetwork:
    """A network that `save_network` wrote, or the folder of a trained network of BNN-PYNQ.

    Raises:
        InputError: no such file or folder, not one that was written so, or weights that do not fit its layers.
    """
    path = Path(path)
    if path.is_dir():
        return load_finn_bnn(path)
    try:
        with path.open("rb") as file, np.load(file) as archive:
            arrays = {key: archive[key] for key in archive.files}
        head = json.loads(str(arrays.pop(_STRUCTURE)))
        return BitwiseNetwork(
            head["name"],
            head["dataset"],
            tuple(head["input_shape"]),
            _decode(head["input_format"], arrays),
            tuple(_layer(document, arrays) for document in head["layers"]),
            tuple(head["classes"]),
        )
    except FileNotFoundError:
        raise InputError(f"network file {path}: not found: must be an .npz that training wrote, or a folder") from None
    except _NOT_OURS as error:
        raise InputError(f"network file {path}: {error}: must be an .npz that training wrote") from None
    except InputError as error:
        raise InputError(f"network file {path}: {error}") from None


def _layer(document: dict[str, Any], arrays: Mapping[str, Any]) -> Any:
    kind = _LAYERS[document.pop("layer")]
    return kind(**{key: _decode(value, arrays) for key, value in document.items()})


def _decode(value: Any, arrays: Mapping[str, Any]) -> Any:
    match value:
        case {"array": key}:
            return arrays[key]
        case {"format": [bits, coding]}:
            return Format(bits, Coding(coding))
        case {"shape": kind, **sizes}:
            return _SHAPES[kind](**{str(key): size for key, size in sizes.items()})
        case _:
            return value
