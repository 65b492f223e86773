"""Quantizers against DoReFa-Net's equations written out in NumPy, gradients against finite differences."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch, the extra train")

from spintronics.training.quantizers import (  # noqa: E402
    quantize,
    quantize_activations,
    quantize_gradient,
    quantize_weights,
    quantized_gradient,
    weight_codes,
)

Array = npt.NDArray[np.float64]
W = np.random.default_rng(1).normal(0, 0.7, (6, 5))


def differentiate(f: Callable[[Array], float], x: Array) -> Array:
    """Central differences of a scalar function."""
    slopes = np.empty_like(x)
    for index in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[index] = 1e-6
        slopes[index] = (f(x + step) - f(x - step)) / 2e-6
    return slopes


def gradient(f: Callable[[Any], Any], x: Array, upstream: Array) -> Array:
    tensor = torch.tensor(x, requires_grad=True)
    f(tensor).backward(torch.tensor(upstream))
    found: Array = tensor.grad.numpy()
    return found


@pytest.mark.parametrize("bits", range(1, 9))
def test_quantize(bits: int) -> None:
    r = np.linspace(0, 1, 1001)
    right = np.array([round((2**bits - 1) * value) / (2**bits - 1) for value in r])
    assert quantize(torch.tensor(r), bits).numpy() == pytest.approx(right, abs=1e-15)
    upstream = np.random.default_rng(2).normal(size=r.shape)
    assert (gradient(lambda x: quantize(x, bits), r, upstream) == upstream).all()


def test_weights_of_one_bit() -> None:
    right = np.where(W >= 0, 1, -1) * np.abs(W).mean()
    assert quantize_weights(torch.tensor(W), 1).numpy() == pytest.approx(right)
    upstream = np.random.default_rng(2).normal(size=W.shape)
    assert (gradient(lambda w: quantize_weights(w, 1), W, upstream) == upstream).all()


@pytest.mark.parametrize("bits", [2, 3, 8])
def test_weights_of_more_bits(bits: int) -> None:
    levels = 2**bits - 1
    bounded = np.tanh(W) / (2 * np.abs(np.tanh(W)).max()) + 0.5
    right = 2 * np.rint(levels * bounded) / levels - 1
    assert quantize_weights(torch.tensor(W), bits).numpy() == pytest.approx(right)
    upstream = np.random.default_rng(2).normal(size=W.shape)
    smooth = differentiate(lambda w: float((upstream * np.tanh(w)).sum() / np.abs(np.tanh(w)).max()), W)
    assert gradient(lambda w: quantize_weights(w, bits), W, upstream) == pytest.approx(smooth, rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("bits", [1, 2, 8])
def test_codes_are_the_weights(bits: int) -> None:
    codes, unit = weight_codes(torch.tensor(W), bits)
    assert set(codes.numpy().ravel()) <= set(range(-(2**bits) + 1, 2**bits, 2))
    assert (codes * unit).numpy() == pytest.approx(quantize_weights(torch.tensor(W), bits).numpy(), rel=1e-12)


@pytest.mark.parametrize("bits", [1, 3, 32])
def test_activations(bits: int) -> None:
    x = np.linspace(-3, 3, 61)
    bounded = (np.tanh(x) + 1) / 2
    right = bounded if bits == 32 else np.rint(bounded * (2**bits - 1)) / (2**bits - 1)
    assert quantize_activations(torch.tensor(x), bits).numpy() == pytest.approx(right)
    slopes = differentiate(lambda x: float((np.tanh(x) + 1).sum() / 2), x)
    assert gradient(lambda x: quantize_activations(x, bits), x, np.ones_like(x)) == pytest.approx(slopes, abs=1e-8)


def test_thirty_two_bits_are_none() -> None:
    w = torch.tensor(W)
    assert quantize_weights(w, 32) is w
    assert quantize_gradient(w, 32) is w


def test_gradient_by_hand() -> None:
    """Equation 12 with the noise given, each image by its own largest."""
    random = np.random.default_rng(3)
    dr = random.normal(size=(4, 3, 2)) * np.array([1, 10, 1e-3, 1]).reshape(4, 1, 1)
    noise = random.uniform(-0.5, 0.5, dr.shape)
    found = quantized_gradient(torch.tensor(dr), 8, torch.tensor(noise)).numpy()
    for image, given, quantized in zip(dr, noise, found, strict=True):
        m = np.abs(image).max()
        r = np.clip(image / (2 * m) + 0.5 + given / 255, 0, 1)
        assert quantized == pytest.approx(2 * m * (np.rint(255 * r) / 255 - 0.5))


def test_gradient_rounding_is_unbiased() -> None:
    """Ends of the range aside, where the paper's clipping pulls inwards; 4 standard errors."""
    dr = np.array([[1.0, 0.3, -0.123, 0.004]])
    many = np.repeat(dr, 40_000, axis=0)
    x = torch.zeros(many.shape, dtype=torch.float64, requires_grad=True)
    torch.manual_seed(1)
    quantize_gradient(x, 4).backward(torch.tensor(many))
    means, step = x.grad.numpy().mean(axis=0), 2 / 15
    assert (np.abs(means - dr[0])[1:] < 4 * step / 2 / 200).all()
    assert np.unique(x.grad.numpy()[:, 2].round(12)).size == 2


def test_gradient_rounding_is_unbiased_in_mixed_precision() -> None:
    """Gradients a tenth and less of a step of 8 bits, as bfloat16 hands them over."""
    dr = torch.tensor([[1.0, 1e-3, -5e-4]]).bfloat16().repeat(40_000, 1)
    x = torch.zeros(dr.shape, dtype=torch.bfloat16, requires_grad=True)
    torch.manual_seed(1)
    quantize_gradient(x, 8).backward(dr)
    means, step = x.grad.float().mean(dim=0).numpy(), 2 / 255
    assert (np.abs(means - dr[0].float().numpy())[1:] < 4 * step / 2 / 200).all()


def test_gradient_of_nothing() -> None:
    assert (quantized_gradient(torch.zeros(2, 3), 8, torch.zeros(2, 3)).numpy() == 0).all()
