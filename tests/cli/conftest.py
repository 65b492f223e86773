"""The command as a function, and small data for it."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from spintronics import cli
from spintronics.networks import FullyConnected
from spintronics.networks.inference import PIXELS, SIGN, BitwiseNetwork, Weighted
from spintronics.networks.inference.file import save_network

Answer = tuple[int, str, str]


@pytest.fixture
def spintronics(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """Exit status, what was printed without colours, and the error output."""

    def call(*arguments: str | Path) -> Answer:
        monkeypatch.setattr(sys, "argv", ["spintronics", *map(str, arguments)])
        try:
            cli.main()
            status = 0
        except SystemExit as stop:
            status = int(stop.code or 0)
        printed = capsys.readouterr()
        return status, re.sub(r"\x1b\[[\d;]*m", "", printed.out), printed.err

    return call


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
