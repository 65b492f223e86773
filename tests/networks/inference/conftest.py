"""Layers computed the plain way, in int64 and Python loops; random layers to compare on; real networks and images."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from spintronics.networks import Convolution, FullyConnected
from spintronics.networks.datasets import ImageSet, load_mnist, load_svhn
from spintronics.networks.inference import BitwiseNetwork, Coding, Format, Weighted, load_finn_bnn

Array = npt.NDArray[Any]

DATA = Path(__file__).parents[4] / "shared" / "data"


@pytest.fixture(scope="session")
def data() -> Path:
    if not DATA.is_dir():
        pytest.skip(f"needs the trained networks and images in {DATA}, which do not travel with the project")
    return DATA


@pytest.fixture(scope="session")
def lfc(data: Path) -> BitwiseNetwork:
    return load_finn_bnn(data / "bnn-pynq" / "mnist" / "lfcW1A1")


@pytest.fixture(scope="session")
def cnv(data: Path) -> BitwiseNetwork:
    return load_finn_bnn(data / "bnn-pynq" / "streetview" / "cnvW1A1")


@pytest.fixture(scope="session")
def mnist(data: Path) -> ImageSet:
    return load_mnist(data / "mnist")


@pytest.fixture(scope="session")
def svhn(data: Path) -> ImageSet:
    return load_svhn(data / "svhn" / "svhn_8000_32x32.npz")


@pytest.fixture
def random_layer() -> Callable[[int], tuple[Weighted, Array]]:
    return lambda seed: make_random_layer(np.random.default_rng(seed))


@pytest.fixture
def plain_convolution() -> Callable[[Weighted, Array], Array]:
    return convolve


@pytest.fixture
def every_value() -> Callable[[Format], Array]:
    return lambda format: values_of(format.coding, format.bits)


def values_of(coding: Coding, bits: int) -> Array:
    """Every value of a format, by its definition in words."""
    match coding:
        case Coding.UNSIGNED:
            return np.arange(2**bits)
        case Coding.TWOS_COMPLEMENT:
            return np.arange(-(2 ** (bits - 1)), 2 ** (bits - 1))
        case Coding.BIPOLAR:
            return np.arange(-(2**bits) + 1, 2**bits, 2)


def convolve(layer: Weighted, image: Array) -> Array:
    """Sums of one image, (channels, height, width) → (channels, height, width), tap by tap in int64."""
    shape, weights = layer.shape, layer.weights.astype(np.int64)
    bias = np.zeros(len(weights), np.int64) if layer.bias is None else layer.bias
    if isinstance(shape, FullyConnected):
        return (weights @ image.astype(np.int64).ravel() + bias)[:, None, None]
    channels, height, width = image.shape
    padded = np.zeros((channels, height + 2 * shape.padding, width + 2 * shape.padding), np.int64)
    padded[:, shape.padding : shape.padding + height, shape.padding : shape.padding + width] = image
    k, per_group_in = shape.kernel, channels // shape.groups
    per_group_out = shape.out_channels // shape.groups
    rows = range(0, padded.shape[1] - k + 1, shape.stride)
    columns = range(0, padded.shape[2] - k + 1, shape.stride)
    result = np.empty((shape.out_channels, len(rows), len(columns)), np.int64)
    for out in range(shape.out_channels):
        first = out // per_group_out * per_group_in
        for i, row in enumerate(rows):
            for j, column in enumerate(columns):
                window = padded[first : first + per_group_in, row : row + k, column : column + k]
                result[out, i, j] = (window * weights[out]).sum() + bias[out]
    return result


def make_random_layer(random: np.random.Generator) -> tuple[Weighted, Array]:
    """A layer of any kind and size up to a few hundred taps, and two images for it, (2, channels, height, width)."""
    codings = list(Coding)
    weight_format = Format(int(random.integers(1, 9)), codings[random.integers(3)])
    input_format = Format(int(random.integers(1, 10)), codings[random.integers(3)])
    height, width = (int(size) for size in random.integers(4, 8, 2))
    groups = int(random.integers(1, 4))
    channels = groups * int(random.integers(1, 30 // groups))
    outputs = groups * int(random.integers(1, 4))
    bias = bool(random.integers(2))
    if random.integers(4) == 0:
        shape: Convolution | FullyConnected = FullyConnected("layer", channels * height * width, outputs, bias)
        size: tuple[int, ...] = (outputs, channels * height * width)
    else:
        kernel, stride, padding = (int(random.integers(low, high)) for low, high in ((1, 5), (1, 4), (0, 3)))
        shape = Convolution("layer", channels, outputs, kernel, stride, padding, groups, bias)
        size = (outputs, channels // groups, kernel, kernel)
    weights = random.choice(values_of(weight_format.coding, weight_format.bits), size)
    images = random.choice(values_of(input_format.coding, input_format.bits), (2, channels, height, width))
    biases = random.integers(-1000, 1000, outputs) if bias else None
    return Weighted(shape, weights, weight_format, input_format, biases), images
