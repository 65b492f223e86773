"""A network by its name, or from a user's file."""

from __future__ import annotations

from pathlib import Path

from spintronics.errors import InputError
from spintronics.networks.file import load_toml
from spintronics.networks.layers import Network
from spintronics.networks.onnx import load_onnx
from spintronics.networks.zoo import NETWORKS


def load(name_or_path: str | Path) -> Network:
    """A known network, or the one in an .onnx or .toml file.

    Raises:
        InputError: neither a known name, which the message lists, nor such a file; or the file cannot be used.

    >>> load("lenet").dataset
    'MNIST'
    >>> load("vgg")
    Traceback (most recent call last):
    spintronics.errors.InputError: network "vgg": unknown; must be one of alexnet, svhn, lenet, ..., or a path to an
        .onnx or .toml file
    """
    if name_or_path in NETWORKS:
        return NETWORKS[str(name_or_path)]()
    path = Path(name_or_path)
    if path.suffix == ".onnx":
        return load_onnx(path)
    if path.suffix == ".toml":
        return load_toml(path)
    raise InputError(
        f'network "{name_or_path}": unknown; must be one of {", ".join(NETWORKS)}, or a path to an .onnx or .toml file'
    )
