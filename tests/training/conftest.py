"""One core, and a small network with everything in it."""

from collections.abc import Iterator

import numpy as np
import pytest

from spintronics.networks import Convolution, FullyConnected, Network, Pool
from spintronics.networks.datasets import ImageSet
from spintronics.training.images import InMemory, Split

torch = pytest.importorskip("torch", reason="needs PyTorch, the extra train")


@pytest.fixture(autouse=True)
def one_core() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def small() -> Network:
    """Padding, stride, groups, both pools, two fully connected layers; 3 × 12 × 12 to 4 classes."""
    return Network(
        "small",
        "made up",
        (3, 12, 12),
        (
            Convolution("a", 3, 6, kernel=3),
            Pool("pool_a", "average", 2, 2),
            Convolution("b", 6, 8, kernel=3, padding=1, groups=2),
            Pool("pool_b", "max", 2, 2),
            Convolution("c", 8, 8, kernel=2, stride=1),
            FullyConnected("d", 8, 10),
            FullyConnected("e", 10, 4),
        ),
    )


@pytest.fixture
def quarters() -> Split:
    """Which quarter of an image is bright: easy."""

    def images(count: int, seed: int) -> ImageSet:
        random = np.random.default_rng(seed)
        labels = random.integers(0, 4, count)
        pixels = random.integers(0, 120, (count, 3, 12, 12))
        for image, label in zip(pixels, labels, strict=True):
            row, column = divmod(int(label), 2)
            image[:, 6 * row : 6 * row + 6, 6 * column : 6 * column + 6] += 120
        return ImageSet("quarters", pixels.astype(np.uint8), labels, tuple("abcd"))

    return Split("quarters", InMemory(images(200, 1)), InMemory(images(60, 2)), tuple("abcd"), "made up")
