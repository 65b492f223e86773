"""Both engines against plain int64 convolution, over random layers of every option; exactness; the hook."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from spintronics.errors import InputError
from spintronics.networks import Convolution, FullyConnected
from spintronics.networks.inference import Coding, Engine, ErrorModel, Format, PlaneAnds, StaticFaults, Weighted
from spintronics.networks.inference.engines import Disturbance, accumulate
from spintronics.networks.inference.packing import Words

Array = npt.NDArray[Any]
BIT = Format(1, Coding.UNSIGNED)
RandomLayer = Callable[[int], tuple[Weighted, Array]]


def channels_last(images: Array) -> Array:
    return images.transpose(0, 2, 3, 1)


@pytest.mark.parametrize("engine", Engine)
@pytest.mark.parametrize("seed", range(80))
def test_sums_equal_plain_convolution(
    seed: int, engine: Engine, random_layer: RandomLayer, plain_convolution: Callable[[Weighted, Array], Array]
) -> None:
    layer, images = random_layer(seed)
    sums = accumulate(engine, layer, channels_last(images))
    assert sums.dtype in (np.int32, np.int64)
    assert (sums.transpose(0, 3, 1, 2) == np.stack([plain_convolution(layer, image) for image in images])).all()
    bias = np.zeros(1, int) if layer.bias is None else layer.bias
    assert np.abs(sums - bias).max() <= layer.largest_sum


def test_sums_equal_integer_convolution_in_torch(random_layer: RandomLayer) -> None:
    """Five hundred layers, 1 to 8 bits and more, every coding, stride, padding and number of groups, both engines."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    for seed in range(500):
        layer, images = random_layer(seed)
        x, weights = torch.tensor(images.astype(np.int64)), torch.tensor(layer.weights.astype(np.int64))
        bias = None if layer.bias is None else torch.tensor(layer.bias.astype(np.int64))
        if isinstance(layer.shape, Convolution):
            sizes = {"stride": layer.shape.stride, "padding": layer.shape.padding, "groups": layer.shape.groups}
            right = torch.nn.functional.conv2d(x, weights, bias, **sizes).numpy()
        else:
            right = (x.flatten(1) @ weights.T + (0 if bias is None else bias)).numpy()[:, :, None, None]
        for engine in Engine:
            sums = accumulate(engine, layer, channels_last(images))
            assert (sums.transpose(0, 3, 1, 2) == right).all(), (seed, engine)


@pytest.mark.parametrize("groups", [1, 2])
def test_whole_words_of_channels(groups: int, plain_convolution: Callable[[Weighted, Array], Array]) -> None:
    """64 channels and more in a group are packed pixel by pixel, not window by window."""
    random = np.random.default_rng(groups)
    shape = Convolution("conv", 128 * groups, 2 * groups, 3, stride=2, padding=1, groups=groups, bias=False)
    bipolar = Format(2, Coding.BIPOLAR)
    layer = Weighted(shape, random.choice([-3, -1, 1, 3], (2 * groups, 128, 3, 3)), bipolar, bipolar)
    images = random.choice([-3, -1, 1, 3], (2, 128 * groups, 6, 5))
    right = np.stack([plain_convolution(layer, image) for image in images]).transpose(0, 2, 3, 1)
    errors = ErrorModel(0.01, 0.02, 0.005, 0.01)
    for engine in Engine:
        assert (accumulate(engine, layer, channels_last(images)) == right).all()
    planes, blas = (
        accumulate(engine, layer, channels_last(images), Disturbance(errors, np.random.default_rng(1)))
        for engine in Engine
    )
    assert (planes == blas).all()
    assert (planes != right).any()


def test_random_layers_have_every_option(random_layer: RandomLayer) -> None:
    layers = [random_layer(seed)[0] for seed in range(80)]
    pairs = {(layer.weight_format.coding, layer.input_format.coding) for layer in layers}
    convolutions = [layer.shape for layer in layers if isinstance(layer.shape, Convolution)]
    assert len(pairs) == 9
    assert len(layers) > len(convolutions)
    assert {c.groups > 1 for c in convolutions} == {c.bias for c in convolutions} == {True, False}
    assert {c.stride for c in convolutions} == {1, 2, 3}
    assert {c.padding for c in convolutions} == {0, 1, 2}
    padded_bipolar = [la for la in layers if la.input_format.coding is Coding.BIPOLAR and la.shape in convolutions]
    assert any(isinstance(layer.shape, Convolution) and layer.shape.padding for layer in padded_bipolar)


@pytest.mark.parametrize("engine", Engine)
@pytest.mark.parametrize("taps", [4097, 4099])
def test_exact_on_both_sides_of_what_a_narrow_float_holds(taps: int, engine: Engine) -> None:
    """4097 · 4095 = 2^24 − 1, the largest sum in float32; 4099 · 4095 is odd and above, where there are no odds."""
    weights = np.full((1, taps), 4095)
    layer = Weighted(FullyConnected("fc", taps, 1, bias=False), weights, Format(12, Coding.UNSIGNED), BIT)
    assert layer.largest_sum == taps * 4095
    assert accumulate(engine, layer, np.ones((1, 1, 1, taps), np.int64)).item() == taps * 4095


@pytest.mark.parametrize("taps", [2895, 2896])
@pytest.mark.parametrize("images", [1, 2, 5])
def test_two_images_in_one_product(images: int, taps: int) -> None:
    """With 2895 taps of ±1, 2895 · (2 · 2895 + 2) < 2^24 ≤ 2896 · (2 · 2896 + 2): the largest sums that are shared."""
    random = np.random.default_rng(taps)
    sign = Format(1, Coding.BIPOLAR)
    weights = random.choice([-1, 1], (4, taps))
    layer = Weighted(FullyConnected("fc", taps, 4, bias=False), weights, sign, sign)
    x = random.choice([-1, 1], (images, taps))
    x[-1], x[0] = -weights[0], weights[0]
    sums = accumulate(Engine.BLAS, layer, x.reshape(images, 1, 1, taps))
    assert (sums.reshape(images, 4) == x @ weights.T).all()


@pytest.mark.parametrize("engine", Engine)
def test_two_images_with_a_bias_beyond_32_bits(engine: Engine) -> None:
    sign, bias = Format(1, Coding.BIPOLAR), np.array([2**31 - 1])
    layer = Weighted(FullyConnected("fc", 2, 1), np.array([[1, 1]]), sign, sign, bias)
    assert (accumulate(engine, layer, np.ones((2, 1, 1, 2), np.int64)) == 2**31 + 1).all()


@pytest.mark.parametrize("engine", Engine)
def test_two_images_whose_errors_add_more_than_32_bits(engine: Engine) -> None:
    f = Format(16, Coding.UNSIGNED)
    layer = Weighted(FullyConnected("fc", 4, 1, bias=False), np.zeros((1, 4), np.int64), f, f)
    always = Disturbance(ErrorModel(p00=1.0), np.random.default_rng(1))
    sums = accumulate(engine, layer, np.zeros((2, 1, 1, 4), np.int64), always)
    assert (sums == 4 * (2**16 - 1) ** 2).all()


@pytest.mark.parametrize("engine", Engine)
def test_exact_in_sums_of_more_than_32_bits(engine: Engine) -> None:
    weight, f = 2**20 - 1, Format(20, Coding.UNSIGNED)
    layer = Weighted(FullyConnected("fc", 4097, 1, bias=False), np.full((1, 4097), weight), f, f)
    x = np.ones((1, 1, 1, 4097), np.int64)
    x[..., -1] = weight
    assert accumulate(engine, layer, x).item() == 4096 * weight + weight * weight


def test_blas_refuses_what_it_cannot_prove_and_planes_computes_it() -> None:
    f = Format(27, Coding.UNSIGNED)
    layer = Weighted(FullyConnected("fc", 2, 1, bias=False), np.array([[2**27 - 1, 2**27 - 1]]), f, f)
    x = np.array([2**27 - 1, 1]).reshape(1, 1, 1, 2)
    with pytest.raises(InputError, match="layer fc: sums of up to 55 bits: engine blas is exact to 53"):
        accumulate(Engine.BLAS, layer, x)
    assert accumulate(Engine.PLANES, layer, x).item() == (2**27 - 1) * 2**27


def test_sums_beyond_64_bits_are_refused() -> None:
    f = Format(32, Coding.UNSIGNED)
    layer = Weighted(FullyConnected("fc", 4, 1, bias=False), np.full((1, 4), 2**32 - 1), f, f)
    with pytest.raises(InputError, match="layer fc: sums of up to 69 bits at 32:32: must be at most 63"):
        accumulate(Engine.PLANES, layer, np.ones((1, 1, 1, 4), np.int64))


# --- hook -------------------------------------------------------------------------------------------------------------


def fully_connected(random: np.random.Generator, length: int = 70, outputs: int = 3) -> tuple[Weighted, Array]:
    weight_format, input_format = Format(2, Coding.UNSIGNED), Format(3, Coding.UNSIGNED)
    shape = FullyConnected("fc", length, outputs, bias=False)
    layer = Weighted(shape, random.integers(0, 4, (outputs, length)), weight_format, input_format)
    return layer, random.integers(0, 8, (5, 1, 1, length))


def test_hook_sees_every_and_of_the_formula() -> None:
    layer, x = fully_connected(np.random.default_rng(1))
    total = np.zeros((5, 3), np.int64)
    ands = 0

    def hook(seen: PlaneAnds) -> Words:
        nonlocal ands
        bits = np.unpackbits(seen.bits.view(np.uint8), axis=-1, bitorder="little")[..., :70]
        weights = layer.weights >> seen.weight_plane & 1
        inputs = x.reshape(5, 70) >> seen.input_plane & 1
        assert (bits == (weights[None] & inputs[:, None])).all()
        total[...] += 2 ** (seen.weight_plane + seen.input_plane) * bits.sum(axis=-1, dtype=np.int64)
        ands += bits.size
        return seen.bits

    sums = accumulate(Engine.PLANES, layer, x, hook=hook)
    assert (sums.reshape(5, 3) == total).all()
    assert ands == 5 * 3 * 70 * 2 * 3


def test_hook_alters_what_is_counted_within_the_dot_product_alone() -> None:
    layer, x = fully_connected(np.random.default_rng(2))

    def all_ones(seen: PlaneAnds) -> Words:
        return np.full_like(seen.bits, 2**64 - 1)

    assert (accumulate(Engine.PLANES, layer, x, hook=all_ones) == 70 * 3 * 7).all()


@pytest.mark.parametrize("static", [False, True])
def test_hook_where_there_are_no_ands_to_see(static: bool) -> None:
    layer, x = fully_connected(np.random.default_rng(3))
    readings = StaticFaults(ErrorModel()).readings(layer, np.random.default_rng(1)) if static else None
    engine = Engine.PLANES if static else Engine.BLAS
    with pytest.raises(InputError, match=f"layer fc: hook on engine {engine}: must be planes, without errors"):
        accumulate(engine, layer, x, readings, hook=lambda seen: seen.bits)


def test_hook_beside_errors_is_refused() -> None:
    layer, x = fully_connected(np.random.default_rng(3))
    errors = Disturbance(ErrorModel(p11=0.5), np.random.default_rng(1))
    with pytest.raises(InputError, match="layer fc: hook on engine planes: must be planes, without errors"):
        accumulate(Engine.PLANES, layer, x, errors, hook=lambda seen: seen.bits)


# --- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("p", [1e-3, 0.1])
@pytest.mark.parametrize("seed", range(12))
def test_engines_agree_on_disturbed_sums(seed: int, p: float, random_layer: RandomLayer) -> None:
    layer, images = random_layer(seed)
    x, errors = channels_last(images), ErrorModel(p, p / 2, p / 3, p / 4)
    planes, blas = (accumulate(engine, layer, x, Disturbance(errors, np.random.default_rng(seed))) for engine in Engine)
    assert (planes == blas).all()
    readings = StaticFaults(errors).readings(layer, np.random.default_rng(seed))
    planes, blas = (accumulate(engine, layer, x, readings) for engine in Engine)
    assert (planes == blas).all()


@pytest.mark.parametrize("engine", Engine)
@pytest.mark.parametrize("seed", range(12))
def test_errors_of_no_probability_change_nothing(seed: int, engine: Engine, random_layer: RandomLayer) -> None:
    layer, images = random_layer(seed)
    x, none = channels_last(images), ErrorModel()
    ideal = accumulate(engine, layer, x)
    assert (accumulate(engine, layer, x, Disturbance(none, np.random.default_rng(1))) == ideal).all()
    assert (accumulate(engine, layer, x, StaticFaults(none).readings(layer, np.random.default_rng(1))) == ideal).all()
