"""Networks to files and back: own files, ONNX by ONNX's own evaluator; layers against PyTorch's convolution."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from spintronics.errors import InputError
from spintronics.networks import Convolution, FullyConnected, Pool
from spintronics.networks.inference import (
    PIXELS,
    SIGN,
    BatchNorm,
    BitwiseNetwork,
    Coding,
    Engine,
    Format,
    LookUp,
    Quantizer,
    Sign,
    Tanh,
    Weighted,
    infer,
    load_finn_bnn,
)
from spintronics.networks.inference.engines import accumulate
from spintronics.networks.inference.file import load_network, save_network
from spintronics.networks.inference.onnx_file import save_onnx

Array = npt.NDArray[Any]


@pytest.fixture
def network() -> BitwiseNetwork:
    """Convolution with padding and groups, both pools, bias, two fully connected layers."""
    random = np.random.default_rng(1)
    two, three = Format(2, Coding.UNSIGNED), Format(2, Coding.BIPOLAR)

    def norm(name: str, channels: int, unit: float) -> BatchNorm:
        values = random.normal(size=(3, channels))
        return BatchNorm(name, *values, random.random(channels) + 0.1, unit=unit)

    def weights(*size: int) -> Array:
        return random.choice([-3, -1, 1, 3], size)

    return BitwiseNetwork(
        "net",
        "made up",
        (2, 8, 8),
        PIXELS,
        (
            Weighted(Convolution("a", 2, 4, 3, stride=1, padding=1, bias=False), weights(4, 2, 3, 3), three, PIXELS),
            norm("an", 4, 1 / 2000),
            Pool("ap", "average", 2, 2),
            Tanh("at"),
            Quantizer("aq", 2),
            Weighted(Convolution("b", 4, 6, 2, groups=2), weights(6, 2, 2, 2), three, two, random.integers(-9, 9, 6)),
            norm("bn", 6, 1 / 20),
            Pool("bp", "max", 2, 1),
            Tanh("bt"),
            Quantizer("bq", 2),
            Weighted(FullyConnected("c", 24, 5), weights(5, 24), three, two, random.integers(-9, 9, 5)),
            norm("cn", 5, 1 / 60),
            Tanh("ct"),
            Quantizer("cq", 2),
            Weighted(FullyConnected("d", 5, 3, bias=False), weights(3, 5), three, two),
            norm("dn", 3, 1 / 10),
        ),
        tuple("abc"),
    )


@pytest.fixture
def images() -> Array:
    return np.random.default_rng(2).integers(0, 256, (25, 2, 8, 8))


def test_own_file_and_back(network: BitwiseNetwork, images: Array, tmp_path: Path) -> None:
    save_network(network, tmp_path / "net.npz")
    again = load_network(tmp_path / "net.npz")
    assert (infer(again, images).scores == infer(network, images).scores).all()
    assert (again.name, again.dataset, again.classes) == (network.name, network.dataset, network.classes)
    assert again.network == network.network


def test_other_layers_to_own_file(tmp_path: Path) -> None:
    layers = (
        LookUp("in", np.where(np.arange(256) > 99, 1, -1), SIGN),
        Weighted(FullyConnected("a", 4, 3, bias=False), np.ones((3, 4), int), SIGN, SIGN),
        Sign("s"),
        Weighted(FullyConnected("b", 3, 2, bias=False), np.ones((2, 3), int), SIGN, SIGN),
    )
    network = BitwiseNetwork("n", "made up", (1, 2, 2), PIXELS, layers, ("x", "y"))
    save_network(network, tmp_path / "n.npz")
    images = np.arange(0, 256, 16).reshape(4, 1, 2, 2)
    assert (infer(load_network(tmp_path / "n.npz"), images).scores == infer(network, images).scores).all()


def test_folder_of_bnn_pynq(data: Path) -> None:
    folder = data / "bnn-pynq" / "mnist" / "lfcW1A1"
    assert load_network(folder).name == load_finn_bnn(folder).name


def test_files_that_are_no_network(network: BitwiseNetwork, tmp_path: Path) -> None:
    path = tmp_path / "net.npz"
    with pytest.raises(InputError, match=r"net\.npz: not found: must be an \.npz that training wrote, or a folder"):
        load_network(path)
    path.write_text("hello")
    with pytest.raises(InputError, match=r"net\.npz: .*: must be an \.npz that training wrote"):
        load_network(path)
    save_network(network, path)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(InputError, match=r"net\.npz: .*: must be an \.npz that training wrote"):
        load_network(path)
    save_network(network, path)
    with np.load(path) as archive:
        arrays = {key: archive[key] for key in archive.files}
    np.savez(path, **(arrays | {"a.weights": np.ones((4, 2, 3, 2), int)}))
    with pytest.raises(InputError, match=r"net\.npz: layer a: weights of shape \(4, 2, 3, 2\)"):
        load_network(path)
    np.savez(path, **(arrays | {"an.gamma": np.full(4, np.nan)}))
    with pytest.raises(InputError, match=r"net\.npz: layer an: gamma = nan: must be finite"):
        load_network(path)


def test_onnx_by_its_own_evaluator(network: BitwiseNetwork, images: Array, tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="needs the extra onnx")
    from onnx.reference import ReferenceEvaluator

    path = tmp_path / "net.onnx"
    save_onnx(network, path)
    (scores,) = ReferenceEvaluator(str(path)).run(["scores"], {"pixels": images.astype(np.float32)})
    assert scores == pytest.approx(infer(network, images).scores, abs=1e-4)


def test_layer_that_onnx_has_no_operator_for(tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="needs the extra onnx")
    layers = (
        LookUp("in", np.arange(256) - 128, Format(8, Coding.TWOS_COMPLEMENT)),
        Weighted(FullyConnected("a", 1, 1, bias=False), np.ones((1, 1), int), SIGN, Format(8, Coding.TWOS_COMPLEMENT)),
    )
    network = BitwiseNetwork("n", "made up", (1, 1, 1), PIXELS, layers, ("x",))
    with pytest.raises(InputError, match=r"n\.onnx: layer in: LookUp cannot be written"):
        save_onnx(network, tmp_path / "n.onnx")


def test_five_hundred_layers_against_pytorch(random_layer: Callable[[int], tuple[Weighted, Array]]) -> None:
    """Sums below 2^53: PyTorch's convolution in float64 is exact."""
    torch = pytest.importorskip("torch", reason="needs PyTorch, the extra train")
    for seed in range(500):
        layer, images = random_layer(seed)
        shape, weights = layer.shape, torch.from_numpy(layer.weights.astype(np.float64))
        x = torch.from_numpy(images.astype(np.float64))
        bias = None if layer.bias is None else torch.from_numpy(layer.bias.astype(np.float64))
        if isinstance(shape, Convolution):
            right = torch.nn.functional.conv2d(
                x, weights, bias, shape.stride, shape.padding, groups=shape.groups
            ).numpy()
        else:
            right = torch.nn.functional.linear(x.flatten(1), weights, bias).numpy()[:, :, None, None]
        for engine in Engine:
            found = accumulate(engine, layer, np.ascontiguousarray(images.transpose(0, 2, 3, 1)))
            assert (found.transpose(0, 3, 1, 2) == right).all(), seed
