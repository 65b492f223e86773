"""DoReFa-Net's quantizers of weights, activations and gradients, each with the gradient that training takes it to have.

    quantize_k(r) = round((2^k − 1) r)/(2^k − 1), r from 0 to 1; gradient: that of r (straight-through)

Source: Zhou et al., DoReFa-Net, arXiv:1606.06160, equations 5 to 12.
"""

from typing import Any, cast

import torch
from torch import Tensor

FULL = 32
"""Bits that stand for un-quantized."""


class _StraightThrough(torch.autograd.Function):
    """One thing forward, another's gradient."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, shown: Tensor) -> Tensor:
        return shown

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return gradients[0], None


def _shown(value: Tensor, shown: Tensor) -> Tensor:
    """``shown``, with the gradient of ``value``."""
    return cast(Tensor, _StraightThrough.apply(value, shown.detach()))


def quantize(r: Tensor, bits: int) -> Tensor:
    """quantize_k of values from 0 to 1, ties to the even code; straight-through gradient.

    >>> quantize(torch.tensor([0.0, 0.4, 0.6, 1.0]), 2)
    tensor([0.0000, 0.3333, 0.6667, 1.0000])
    """
    levels = 2**bits - 1
    return _shown(r, torch.round(r * levels) / levels)


def quantize_activations(x: Tensor, bits: int) -> Tensor:
    """(tanh(x) + 1)/2, quantized: the slides' activation ahead of DoReFa-Net's quantizer; not quantized at 32 bits."""
    bounded = (torch.tanh(x) + 1) / 2
    return bounded if bits == FULL else quantize(bounded, bits)


def quantize_weights(weights: Tensor, bits: int) -> Tensor:
    """Weights of a layer at a bit width.

    1 bit: sign(w)·E(|w|), with the gradient of w.  k bits: 2·quantize_k(tanh(w)/(2·max|tanh(w)|) + 1/2) − 1.
    32 bits: the weights themselves.

    >>> quantize_weights(torch.tensor([0.5, -1.5, 0.0]), 1)
    tensor([ 0.6667, -0.6667,  0.6667])
    """
    if bits == FULL:
        return weights
    codes, unit = weight_codes(weights, bits)
    if bits == 1:
        return _shown(weights, codes * unit)
    bounded = torch.tanh(weights)
    return 2 * quantize(bounded / (2 * bounded.abs().max()) + 0.5, bits) - 1


def weight_codes(weights: Tensor, bits: int) -> tuple[Tensor, float]:
    """The whole numbers of quantized weights, odd from −(2^k − 1) to 2^k − 1, and what one of them is worth.

    >>> codes, unit = weight_codes(torch.tensor([0.5, -1.5, 0.0]), 2)
    >>> codes.tolist(), unit
    ([1.0, -3.0, 1.0], 0.3333333333333333)
    """
    weights = weights.detach()
    if bits == 1:
        return torch.where(weights >= 0, 1.0, -1.0).to(weights.dtype), float(weights.abs().mean())
    levels = 2**bits - 1
    bounded = torch.tanh(weights)
    return 2 * torch.round((bounded / (2 * bounded.abs().max()) + 0.5) * levels) - levels, 1 / levels


def quantize_gradient(x: Tensor, bits: int) -> Tensor:
    """x itself; its gradient comes back quantized, stochastically: `quantized_gradient`.  At 32 bits as it is."""
    return x if bits == FULL else cast(Tensor, _GradientQuantizer.apply(x, bits))


class _GradientQuantizer(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, bits: int) -> Tensor:
        ctx.bits = bits
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        # Near 1/2, bfloat16 is no finer than a step of 8 bits: there the noise would not round without bias.
        exact = gradients[0].to(torch.promote_types(gradients[0].dtype, torch.float32))
        return quantized_gradient(exact, ctx.bits, torch.rand_like(exact) - 0.5).to(gradients[0].dtype), None


def quantized_gradient(gradient: Tensor, bits: int, noise: Tensor) -> Tensor:
    """f(dr) = 2·m·[quantize_k(dr/(2m) + 1/2 + σ/(2^k − 1)) − 1/2], m the largest |dr| of each image.

    Args:
        gradient: images first.
        noise: σ, uniform from −1/2 to 1/2, which makes the rounding unbiased.

    >>> quantized_gradient(torch.tensor([[1.0, 0.25]]), 1, torch.zeros(1, 2))
    tensor([[1., 1.]])
    """
    largest = gradient.abs().flatten(1).amax(1).view(-1, *(1,) * (gradient.dim() - 1))
    shifted = gradient / (2 * largest).clamp_min(torch.finfo(gradient.dtype).tiny) + 0.5 + noise / (2**bits - 1)
    return 2 * largest * (quantize(shifted.clamp(0, 1), bits) - 0.5)
