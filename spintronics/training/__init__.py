"""Quantization-aware training after DoReFa-Net.  Its modules need PyTorch, the extra ``train``."""

from importlib.util import find_spec

from spintronics.errors import InputError


def require_torch() -> None:
    """PyTorch is there.

    Raises:
        InputError: it is not.
    """
    if find_spec("torch") is None:
        raise InputError('training: PyTorch is not installed: pip install "spintronics-imce[train]"')
