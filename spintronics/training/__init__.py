"""Quantization-aware training after DoReFa-Net.  Its modules need PyTorch, the extra ``train``."""

from importlib.util import find_spec

from spintronics.errors import InputError


def require_extra() -> None:
    """PyTorch and ONNX are there.

    Raises:
        InputError: one is not.
    """
    for module, name in (("torch", "PyTorch"), ("onnx", "ONNX")):
        if find_spec(module) is None:
            raise InputError(f'training: {name} is not installed: pip install "spintronics-imce[train]"')
