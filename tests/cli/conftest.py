"""Small data and a small network for the command."""

from pathlib import Path

import numpy as np
import pytest

from spintronics.networks import FullyConnected
from spintronics.networks.inference import PIXELS, SIGN, BitwiseNetwork, Weighted
from spintronics.networks.inference.file import save_network


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Forty images as MNIST's IDX files: digit d has its d-th row alight."""
    folder = tmp_path / "data"
    folder.mkdir()
    labels = np.arange(40, dtype=np.uint8) % 10
    images = np.zeros((40, 28, 28), np.uint8)
    images[np.arange(40), 2 * labels] = 255
    for part in ("t10k", "train"):
        head = b"".join(size.to_bytes(4, "big") for size in (0x803, 40, 28, 28))
        (folder / f"{part}-images-idx3-ubyte").write_bytes(head + images.tobytes())
        head = b"".join(size.to_bytes(4, "big") for size in (0x801, 40))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(head + labels.tobytes())
    return folder


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """Looks at the row of each digit: right on all forty."""
    weights = np.full((10, 28, 28), -1)
    weights[np.arange(10), 2 * np.arange(10)] = 1
    layer = Weighted(FullyConnected("fc", 784, 10, bias=False), weights.reshape(10, 784), SIGN, PIXELS)
    path = tmp_path / "rows.npz"
    save_network(BitwiseNetwork("rows", "MNIST", (1, 28, 28), PIXELS, (layer,), tuple("0123456789")), path)
    return path
