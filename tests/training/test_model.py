"""The trained network and its whole-number form on the array: the same codes in every layer."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from spintronics.errors import InputError
from spintronics.networks import Addition, BitWidths, Convolution, FullyConnected, Network, Pool, lenet, svhn
from spintronics.networks.inference import Engine, Quantizer, infer
from spintronics.networks.inference.engines import accumulate
from spintronics.networks.inference.layers import Weighted
from spintronics.networks.inference.windows import pool

torch = pytest.importorskip("torch", reason="needs PyTorch, the extra train")

from spintronics.training.model import QuantizedNetwork, blocks_of  # noqa: E402


def some_model(network: Network, bits: str, seed: int) -> QuantizedNetwork:
    """Random weights, and normalizations as after some training, in double precision."""
    torch.manual_seed(seed)
    model = QuantizedNetwork(network, BitWidths.parse(bits), 0.5).double()
    for norm in model.norms:
        size = norm.weight.shape
        norm.weight.data = torch.randn(size, dtype=torch.float64)  # some fall
        norm.bias.data = torch.randn(size, dtype=torch.float64) / 3
        norm.running_mean = torch.randn(size, dtype=torch.float64) / 3
        norm.running_var = torch.rand(size, dtype=torch.float64) + 0.2
    model.bias.data = torch.randn(model.bias.shape, dtype=torch.float64)
    return model.eval()


@pytest.mark.parametrize("bits", ["1:1", "1:2", "1:3", "1:4", "2:2", "3:5"])
def test_codes_of_every_layer_are_those_of_the_array(small: Network, bits: str) -> None:
    model = some_model(small, bits, 1)
    exported = model.exported("made up", tuple("abcd"))
    images = np.random.default_rng(2).integers(0, 256, (30, 3, 12, 12)).astype(np.uint8)
    with torch.no_grad():
        trained = [x.numpy() for x in model.activations(torch.from_numpy(images).double())]
    x: npt.NDArray[np.integer] = images.transpose(0, 2, 3, 1)
    codes = []
    for layer in exported.layers:
        if isinstance(layer, Weighted):
            x = accumulate(Engine.PLANES, layer, x)
        else:
            x = pool(layer, x) if isinstance(layer, Pool) else layer.apply(x)
        if isinstance(layer, Quantizer):
            codes.append(x.transpose(0, 3, 1, 2))
    assert len(codes) == len(trained) - 1 == 4
    levels = 2 ** BitWidths.parse(bits).inputs - 1
    for found, right in zip(codes, trained, strict=False):
        assert (found == np.rint(right * levels)).all()
        assert np.abs(np.rint(right * levels) - right * levels).max() < 1e-9
    assert any(np.unique(found).size > 1 for found in codes)
    assert infer(exported, images).scores == pytest.approx(trained[-1].reshape(30, 4), abs=1e-9)


@pytest.mark.parametrize("network", [lenet(), svhn()], ids=["lenet", "svhn"])
def test_networks_of_the_slides(network: Network) -> None:
    model = some_model(network, "1:2", 1)
    exported = model.exported("made up", tuple("0123456789"))
    assert [layer.weight_format.bits for layer in exported.weighted][1:-1] == [1] * (len(exported.weighted) - 2)
    assert {exported.weighted[n].weight_format.bits for n in (0, -1)} == {8}
    assert [layer.input_format.bits for layer in exported.weighted] == [8] + [2] * (len(exported.weighted) - 1)
    assert exported.network.macs == network.macs
    images = np.random.default_rng(2).integers(0, 256, (3, *network.input_shape)).astype(np.uint8)
    with torch.no_grad():
        scores = model(torch.from_numpy(images).double()).numpy()
    assert infer(exported, images).scores == pytest.approx(scores, abs=1e-8)


def test_where_gradients_are_quantized_and_inputs_left_out(small: Network) -> None:
    blocks = blocks_of(small, BitWidths(1, 2))
    assert [block.gradient_bits for block in blocks] == [32, 8, 8, 8, 32]
    assert [block.weight_bits for block in blocks] == [8, 1, 1, 1, 8]
    assert [block.dropout for block in blocks] == [False, False, False, True, False]
    full = blocks_of(small, BitWidths(32, 32))
    assert {(b.gradient_bits, b.weight_bits) for b in full} == {(32, 32)}


def test_dropout_only_in_training(small: Network) -> None:
    model = some_model(small, "2:2", 1)
    pixels = torch.randint(0, 256, (4, 3, 12, 12)).double()
    assert (model(pixels) == model(pixels)).all()
    for norm in model.norms:
        assert isinstance(norm, torch.nn.BatchNorm2d)
        norm.momentum = 0.0
    model.train()
    assert (model(pixels) != model(pixels)).any()


def test_un_quantized_has_no_whole_numbers(small: Network) -> None:
    model = QuantizedNetwork(small, BitWidths(32, 32), 0.5)
    with pytest.raises(InputError, match="network small 32:32: un-quantized: has no whole-number form"):
        model.exported("made up", tuple("abcd"))


def test_networks_that_cannot_be_trained(small: Network) -> None:
    begins = replace(small, layers=(Pool("first", "max", 1, 1), *small.layers))
    with pytest.raises(InputError, match="network small: begins with first: must begin with weights"):
        blocks_of(begins, BitWidths(1, 1))
    ends = replace(small, layers=(*small.layers, Pool("last", "max", 1, 1)))
    with pytest.raises(InputError, match="network small: ends with last: must end with weights"):
        blocks_of(ends, BitWidths(1, 1))
    layers = (Convolution("a", 3, 3, 1), Addition("sum", ("a", "input")), FullyConnected("fc", 432, 4))
    with pytest.raises(InputError, match="network small: must be a chain of convolutions"):
        blocks_of(replace(small, layers=layers), BitWidths(1, 1))
