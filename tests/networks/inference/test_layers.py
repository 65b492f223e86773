"""Layers without ANDs: pooling, normalization and its folds, activations, quantizer, and what is refused."""

from collections.abc import Callable
from math import sqrt, tanh
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
    Format,
    LookUp,
    Quantizer,
    ScaleShift,
    Sign,
    Tanh,
    Threshold,
    Weighted,
    folded_to_threshold,
    infer,
)
from spintronics.networks.inference.layers import InferenceLayer
from spintronics.networks.inference.windows import pool

Array = npt.NDArray[Any]


# --- weights ----------------------------------------------------------------------------------------------------------


def test_weights_of_each_type_are_made_once() -> None:
    weights = np.random.default_rng(1).choice([-1, 1], (3, 8))
    layer = Weighted(FullyConnected("fc", 8, 3, bias=False), weights, SIGN, PIXELS)
    single, double = layer.rows_as(np.float32), layer.rows_as("float64")
    assert [rows.dtype.name for rows in (single, double)] == ["float32", "float64"]
    assert layer.rows_as(np.float32) is single
    assert layer.rows_as(np.float64) is double
    assert (single == layer.rows).all()
    assert (double == layer.rows).all()
    assert (layer.rows_as(layer.rows.dtype) == layer.rows).all()


# --- pooling ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kernel", "stride", "padding"), [(2, 2, 0), (2, 1, 1), (4, 2, 1), (1, 3, 0)])
@pytest.mark.parametrize("kind", ["max", "average", "or"])
@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.float64])
def test_pooling_window_by_window(kind: Any, kernel: int, stride: int, padding: int, dtype: Any) -> None:
    random = np.random.default_rng(1)
    x = random.integers(0 if kind == "or" else -9, 2 if kind == "or" else 9, (2, 7, 6, 3)).astype(dtype)
    result = pool(Pool("p", kind, kernel, stride, padding), x)
    for i in range(result.shape[1]):
        for j in range(result.shape[2]):
            rows = range(max(0, i * stride - padding), min(7, i * stride - padding + kernel))
            columns = range(max(0, j * stride - padding), min(6, j * stride - padding + kernel))
            window = x[:, rows][:, :, columns]
            if kind == "average":
                mean = window.sum(axis=(1, 2), dtype=float) / kernel**2
                right = mean if dtype is np.float64 else np.floor(mean)
            else:
                right = window.any(axis=(1, 2)) if kind == "or" else window.max(axis=(1, 2))
            assert (result[:, i, j] == right).all()
    assert result.shape[1:3] == ((7 + 2 * padding - kernel) // stride + 1, (6 + 2 * padding - kernel) // stride + 1)


# --- normalization ----------------------------------------------------------------------------------------------------


def batch_norm(random: np.random.Generator, channels: int) -> BatchNorm:
    """Of any sign of gamma, zero included."""
    gamma, beta, mean = random.normal(0, 1, (3, channels))
    gamma[0] = 0
    return BatchNorm("bn", gamma, beta, mean * 30, random.uniform(0, 900, channels), unit=float(random.uniform(0.1, 2)))


def test_unfolded_normalization_by_its_formula() -> None:
    norm = batch_norm(np.random.default_rng(1), 4)
    for c in range(4):
        for x in (-70, 0, 3):
            right = norm.gamma[c] * (norm.unit * x - norm.mean[c]) / sqrt(norm.variance[c] + 1e-5) + norm.beta[c]
            assert norm.apply(np.full(4, x))[c] == pytest.approx(right, rel=1e-14)


def test_folding_to_scale_and_shift_is_the_same_line() -> None:
    norm = batch_norm(np.random.default_rng(2), 6)
    x = np.arange(-500, 500)[:, None].repeat(6, axis=1)
    np.testing.assert_allclose(norm.folded().apply(x), norm.apply(x), rtol=1e-12, atol=1e-12)


CHAINS: dict[str, tuple[Any, ...]] = {
    "sign": (Sign("s"),),
    "tanh, 1 bit": (Tanh("t"), Quantizer("q", 1)),
    "tanh, 2 bits": (Tanh("t"), Quantizer("q", 2)),
    "tanh, 4 bits": (Tanh("t"), Quantizer("q", 4)),
    "clipped, 3 bits": (Quantizer("q", 3),),
}


@pytest.mark.parametrize("fold", [False, True], ids=["unfolded", "folded"])
@pytest.mark.parametrize("chain", CHAINS.values(), ids=CHAINS)
@pytest.mark.parametrize("seed", range(4))
def test_threshold_gives_what_the_chain_gives_for_every_sum(chain: tuple[Any, ...], fold: bool, seed: int) -> None:
    norm = batch_norm(np.random.default_rng(seed), 8)
    layers = (norm.folded() if fold else norm, *chain)
    threshold = folded_to_threshold(layers, 8, 400)
    x = np.arange(-400, 401)[:, None].repeat(8, axis=1)
    right: Array = x
    for layer in layers:
        right = layer.apply(right)
    assert (threshold.apply(x) == right).all()
    assert threshold.rising is not None
    assert set(threshold.rising) == {True, False}


@pytest.mark.parametrize("bits", [1, 2, 3, 8])
def test_quantizer_by_its_formula(bits: int) -> None:
    r = np.random.default_rng(bits).uniform(0, 1, 200)
    codes = Quantizer("q", bits).apply(r)
    levels = 2**bits - 1
    assert (codes == [round(levels * value) for value in r.tolist()]).all()
    assert np.abs(codes / levels - r).max() <= 0.5 / levels + 1e-15


def test_activations() -> None:
    x = np.array([-2.0, -0.1, 0.0, 0.3])
    assert Tanh("t").apply(x) == pytest.approx([(tanh(v) + 1) / 2 for v in x])
    assert Sign("s").apply(x).tolist() == [-1, -1, 1, 1]


def test_multi_level_threshold_counts_levels() -> None:
    t = Threshold("t", np.array([[0], [10], [5]]), Format(2, Coding.UNSIGNED), rising=np.array([True]))
    assert t.apply(np.array([[0], [1], [6], [11]])).ravel().tolist() == [0, 1, 2, 3]


# --- a whole network of reals and codes -------------------------------------------------------------------------------


def dorefa(random: np.random.Generator, folded: bool) -> BitwiseNetwork:
    """2:3 weights and activations, padding, groups, both poolings, normalization unfolded or as thresholds."""
    weight_format, input_format = Format(2, Coding.BIPOLAR), Format(3, Coding.UNSIGNED)
    weights = [random.choice([-3, -1, 1, 3], size) for size in ((8, 1, 3, 3), (8, 4, 3, 3), (5, 72))]
    conv0 = Weighted(Convolution("conv0", 1, 8, 3, padding=1, bias=False), weights[0], weight_format, PIXELS)
    conv1 = Weighted(Convolution("conv1", 8, 8, 3, 1, 1, 2, False), weights[1], weight_format, input_format)
    fc = Weighted(FullyConnected("fc", 72, 5, bias=False), weights[2], weight_format, input_format)
    chains = []
    for layer, unit in ((conv0, 1 / 3 / 255), (conv1, 1 / 3 / 7)):
        gamma, beta, mean = random.normal(0, 1, (3, 8))
        norm = BatchNorm(f"bn-{layer.name}", gamma, beta, mean, random.uniform(0.1, 2, 8), unit=unit)
        chain = (norm, Tanh(f"tanh-{layer.name}"), Quantizer(f"q-{layer.name}", 3))
        chains.append((folded_to_threshold(chain, 8, layer.largest_sum),) if folded else chain)
    layers = (conv0, *chains[0], Pool("pool0", "average", 2, 2), conv1, *chains[1], Pool("pool1", "max", 2, 2), fc)
    return BitwiseNetwork("dorefa", "random", (1, 12, 12), PIXELS, layers, tuple("abcde"))


def test_network_of_thresholds_equals_network_of_reals_and_plain_loops(
    plain_convolution: Callable[[Weighted, Array], Array],
) -> None:
    images = np.random.default_rng(1).integers(0, 256, (6, 1, 12, 12))
    unfolded, folded = (dorefa(np.random.default_rng(2), fold) for fold in (False, True))
    scores = infer(unfolded, images).scores
    assert (infer(folded, images).scores == scores).all()
    assert len(np.unique(scores)) > 5
    conv0, conv1, fc = unfolded.weighted
    norms = [layer for layer in unfolded.layers if isinstance(layer, BatchNorm)]
    for image, right in zip(images, scores, strict=True):
        x = image
        for layer, norm, kind in ((conv0, norms[0], "average"), (conv1, norms[1], "max")):
            sums = plain_convolution(layer, x) * norm.unit
            scale = norm.gamma / np.sqrt(norm.variance + 1e-5)
            y = (sums - norm.mean[:, None, None]) * scale[:, None, None] + norm.beta[:, None, None]
            codes = np.rint(7 * (np.tanh(y) + 1) / 2).astype(int)
            blocks = codes.reshape(8, codes.shape[1] // 2, 2, codes.shape[2] // 2, 2)
            x = blocks.sum(axis=(2, 4)) // 4 if kind == "average" else blocks.max(axis=(2, 4))
        assert (plain_convolution(fc, x).ravel() == right).all()


# --- refused ----------------------------------------------------------------------------------------------------------

FC = Weighted(FullyConnected("fc", 4, 2, bias=False), np.ones((2, 4), int), SIGN, PIXELS)
ONES = np.ones(2)


def network(*layers: InferenceLayer, classes: tuple[str, ...] = ("a", "b")) -> BitwiseNetwork:
    return BitwiseNetwork("net", "none", (1, 2, 2), PIXELS, layers, classes)


def weighted(weights: Array, bias: Array | None = None, **shape: Any) -> Weighted:
    return Weighted(Convolution("conv", 2, 3, 2, bias=False, **shape), weights, Format(2, Coding.UNSIGNED), SIGN, bias)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: weighted(np.full((3, 2, 2, 2), 4)), r"layer conv: weight 4: must be 0 to 3 \(2-bit unsigned\)"),
        (lambda: weighted(np.zeros((3, 2, 2, 2))), "layer conv: weights of type float64: must be whole numbers"),
        (lambda: weighted(np.zeros((3, 2, 2), int)), r"weights of shape \(3, 2, 2\) .*: must be \(3, 2, 2, 2\)"),
        (lambda: weighted(np.zeros((3, 2, 2, 2), int), np.zeros(3, int)), "layer conv: bias given: its shape has bias"),
        (
            lambda: Weighted(FullyConnected("fc", 1, 1), np.ones((1, 1), int), SIGN, SIGN),
            "layer fc: bias missing: its shape has bias = True",
        ),
        (lambda: LookUp("px", np.zeros(9, int), SIGN), r"layer px: values of shape \(9,\) .*: must be \(256,\)"),
        (lambda: LookUp("px", np.zeros(256, int), SIGN), "layer px: value 0: must be odd"),
        (lambda: Threshold("t", np.zeros((2, 3), int), SIGN), r"layer t: thresholds .*\(2, 3\): must be .* \(1, chann"),
        (lambda: BatchNorm("bn", ONES, ONES, ONES, np.ones(3)), r"layer bn: variance of shape \(3,\)"),
        (lambda: BatchNorm("bn", ONES, ONES, ONES, -ONES), "layer bn: variance .* -0.99999: must be > 0"),
        (lambda: BatchNorm("bn", ONES * np.nan, ONES, ONES, ONES), "layer bn: gamma = nan: must be finite"),
        (lambda: ScaleShift("ss", ONES, ONES * np.inf), "layer ss: shift = inf: must be finite"),
        (lambda: folded_to_threshold([], 1, 1), "threshold folding: the chain is empty"),
        (lambda: folded_to_threshold([Tanh("t")], 1, 1), "the chain ends in Tanh: must end in a Sign or Quantizer"),
        (
            lambda: network(FC, Threshold("t", np.ones((1, 3), int), SIGN)),
            "network net, layer t: thresholds for 3 chan",
        ),
        (lambda: network(FC, Quantizer("q", 2)), "network net, layer q: its inputs are integers: must be reals"),
        (lambda: network(FC, Pool("p", "or", 1, 1)), "network net, layer p: OR pooling of integers: must be one bit"),
        (lambda: network(Pool("p", "or", 1, 1), FC), "OR pooling of 8-bit unsigned: must be one bit"),
        (lambda: network(Tanh("t"), FC), "network net, layer fc: its inputs are reals: must be 8-bit unsigned"),
        (lambda: network(FC, FC), "network net: 2 layers named fc: names must differ"),
        (lambda: network(FC, classes=("a",)), "network net: 1 classes: must be 2, its outputs"),
        (lambda: network(weighted(np.zeros((3, 2, 2, 2), int))), "network net, layer conv: in_channels = 2: must be 1"),
        (
            lambda: BitwiseNetwork("net", "none", (1, 3, 3), PIXELS, (Pool("p", "average", 3, 1), FC), ("a", "b")),
            "network net, layer fc: in_features = 4: must be 1",
        ),
        (
            lambda: BitwiseNetwork("net", "none", (1, 4, 4), PIXELS, (Pool("p", "average", 3, 1), FC), ("a", "b")),
            "network net, layer p: average over 3 × 3: the Shifter divides by powers of two",
        ),
        (
            lambda: network(Pool("p", "max", 1, 3, padding=1), FC),
            "network net, layer p: padding = 1: must be below its kernel, 1",
        ),
    ],
)
def test_what_does_not_fit_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(InputError, match=message) as error:
        make()
    assert "\n" not in str(error.value)


def test_images_that_do_not_fit() -> None:
    net = network(FC)
    with pytest.raises(InputError, match=r"network net: images of shape \(1, 2, 2\): must be \(images, 1, 2, 2\)"):
        infer(net, np.zeros((1, 2, 2), int))
    with pytest.raises(InputError, match="network net: image value 256: must be 0 to 255"):
        infer(net, np.full((1, 1, 2, 2), 256))
    with pytest.raises(InputError, match="seed = -1"):
        infer(net, np.zeros((1, 1, 2, 2), int), seed=-1)
    with pytest.raises(InputError, match=r"labels of shape \(3,\): must be \(2,\)"):
        infer(net, np.zeros((2, 1, 2, 2), int)).accuracy(np.zeros(3, int))


def test_no_images() -> None:
    assert infer(network(FC), np.zeros((0, 1, 2, 2), int)).scores.shape == (0, 2)
