"""A network of the zoo as a trainable module, quantized as the array will compute it, and its export to whole numbers.

Each layer with weights is followed by batch normalization, then by the pooling that follows it in the network, then by
(tanh(x) + 1)/2 and the quantizer; the last one by a scale and a bias alone.  First and last layer have weights of 8
bits (`EDGE_BITS`), and the first sees 8-bit pixels: DoReFa-Net leaves both un-quantized, which an array cannot.
Gradients are quantized behind every layer but those two.  Dropout stands before the first fully connected layer.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from spintronics.errors import InputError
from spintronics.networks.bits import GRADIENT_BITS, BitWidths
from spintronics.networks.inference import (
    PIXELS,
    BatchNorm,
    BitwiseNetwork,
    Coding,
    Format,
    Quantizer,
    ScaleShift,
    Tanh,
    Weighted,
)
from spintronics.networks.inference.layers import InferenceLayer
from spintronics.networks.layers import Convolution, FullyConnected, Network, Pool
from spintronics.training.quantizers import (
    FULL,
    quantize_activations,
    quantize_gradient,
    quantize_weights,
    weight_codes,
)

EDGE_BITS = 8
"""Of the weights of the first and the last layer, but in 32:32."""
_PIXEL_LEVELS = 255


@dataclass(frozen=True)
class Block:
    """A layer with weights and what follows it up to the next one.

    Attributes:
        shape: without bias: what follows it has one.
        pools: behind its normalization.
        weight_bits, input_bits, gradient_bits: 32 for un-quantized; of inputs: those that it gets.
        dropout: whether it stands before this layer.
        last: a scale and a bias follow, and nothing else.
    """

    shape: Convolution | FullyConnected
    pools: tuple[Pool, ...]
    weight_bits: int
    input_bits: int
    gradient_bits: int
    dropout: bool
    last: bool

    @property
    def input_unit(self) -> float:
        """What one step of its inputs is worth; pixels are from 0 to 1."""
        return 1 / Format(self.input_bits, Coding.UNSIGNED).highest


def blocks_of(network: Network, widths: BitWidths) -> tuple[Block, ...]:
    """A network's layers as blocks.

    Raises:
        InputError: not a chain, or layers other than convolutions, pooling and fully connected ones.
    """
    kinds = (Convolution, FullyConnected, Pool)
    if not network.is_chain or not all(isinstance(layer, kinds) for layer in network.layers):
        raise InputError(f"network {network.name}: must be a chain of convolutions, pooling and fully connected layers")
    for layer in network.layers:
        if isinstance(layer, Convolution | Pool) and layer.end_padding:
            where = f"network {network.name}, layer {layer.name}"
            raise InputError(f"{where}: end_padding = {layer.end_padding}: must be 0")
    if isinstance(network.layers[0], Pool):
        raise InputError(f"network {network.name}: begins with {network.layers[0].name}: must begin with weights")
    weighted = [n for n, layer in enumerate(network.layers) if not isinstance(layer, Pool)]
    full = widths == BitWidths(FULL, FULL)
    if isinstance(network.layers[-1], Pool):
        raise InputError(f"network {network.name}: ends with {network.layers[-1].name}: must end with weights")
    blocks: list[Block] = []
    for index, start in enumerate(weighted):
        stop = weighted[index + 1] if index + 1 < len(weighted) else len(network.layers)
        first, last = index == 0, index + 1 == len(weighted)
        shape = network.layers[start]
        assert isinstance(shape, Convolution | FullyConnected)
        blocks.append(
            Block(
                replace(shape, bias=False),
                tuple(layer for layer in network.layers[start + 1 : stop] if isinstance(layer, Pool)),
                EDGE_BITS if (first or last) and not full else widths.weights,
                PIXELS.bits if first else widths.inputs,
                FULL if first or last or full else GRADIENT_BITS,
                isinstance(shape, FullyConnected) and all(isinstance(b.shape, Convolution) for b in blocks),
                last,
            )
        )
    return tuple(blocks)


class QuantizedNetwork(nn.Module):
    """The module.  Input: pixels from 0 to 255, (images, channels, height, width); output: (images, classes).

    Args:
        network: shapes; a chain.
        widths: W:I of all layers but the first and last.
        dropout: share of the inputs of the first fully connected layer that training leaves out.
    """

    def __init__(self, network: Network, widths: BitWidths, dropout: float) -> None:
        super().__init__()
        self.network, self.widths, self.dropout = network, widths, dropout
        self.blocks = blocks_of(network, widths)
        self.weights = nn.ParameterList()
        self.norms = nn.ModuleList()
        for block in self.blocks:
            size = _weight_size(block.shape)
            weights = torch.empty(size)
            nn.init.kaiming_uniform_(weights, nonlinearity="linear")
            if len(size) == 4:
                # Faster on a CPU: benchmarks/bench_training.py.
                weights = weights.contiguous(memory_format=torch.channels_last)
            self.weights.append(nn.Parameter(weights))
            if not block.last:
                self.norms.append(nn.BatchNorm2d(size[0]))
        # Quantized weights reach from −1 to 1 however many inputs there are: scores would begin far apart.
        spread = 1.0 if self.blocks[-1].weight_bits == FULL else (3 / size[1]) ** 0.5
        self.scale = nn.Parameter(torch.tensor(spread))
        self.bias = nn.Parameter(torch.zeros(size[0]))

    def forward(self, pixels: Tensor) -> Tensor:
        """Scores."""
        *_, scores = self.activations(pixels)
        return scores.flatten(1)

    def activations(self, pixels: Tensor) -> Iterator[Tensor]:
        """What leaves each block, (images, channels, height, width)."""
        x = pixels / _PIXEL_LEVELS
        for n, (block, weights) in enumerate(zip(self.blocks, self.weights, strict=True)):
            if block.dropout:
                x = nn.functional.dropout(x, self.dropout, self.training)
            x = _weigh(block.shape, x, quantize_weights(weights, block.weight_bits))
            if block.last:
                yield self.scale * x + self.bias[:, None, None]
                return
            x = self.norms[n](quantize_gradient(x, block.gradient_bits))
            for pool in block.pools:
                x = _pool(pool, x)
            x = quantize_activations(x, self.widths.inputs)
            yield x

    def exported(self, dataset: str, classes: tuple[str, ...]) -> BitwiseNetwork:
        """The same network in whole numbers, for the array.

        Args:
            dataset, classes: what it was trained on.
        Raises:
            InputError: 32:32, which has no whole numbers.
        """
        if FULL in (self.widths.weights, self.widths.inputs):
            raise InputError(f"network {self.network.name} {self.widths}: un-quantized: has no whole-number form")
        layers: list[InferenceLayer] = []
        for n, (block, weights) in enumerate(zip(self.blocks, self.weights, strict=True)):
            codes, unit = weight_codes(weights.double(), block.weight_bits)
            name = block.shape.name
            whole = codes.round().to(torch.int64).cpu().numpy().astype(np.int16)
            input_format = Format(block.input_bits, Coding.UNSIGNED)
            layers.append(Weighted(block.shape, whole, Format(block.weight_bits, Coding.BIPOLAR), input_format))
            sum_unit = unit * block.input_unit
            if block.last:
                bias = _array(self.bias)
                layers.append(ScaleShift(f"{name}_bias", np.full(len(bias), sum_unit * self.scale.item()), bias))
                break
            norm = self.norms[n]
            assert isinstance(norm, nn.BatchNorm2d)
            assert norm.running_mean is not None
            assert norm.running_var is not None
            gamma, beta, mean, variance = map(_array, (norm.weight, norm.bias, norm.running_mean, norm.running_var))
            layers.append(BatchNorm(f"{name}_norm", gamma, beta, mean, variance, norm.eps, sum_unit))
            layers += [*block.pools, Tanh(f"{name}_tanh"), Quantizer(f"{name}_codes", self.widths.inputs)]
        name = f"{self.network.name} {self.widths}"
        return BitwiseNetwork(name, dataset, self.network.input_shape, PIXELS, tuple(layers), classes)


def _array(tensor: Tensor) -> npt.NDArray[np.float64]:
    array: npt.NDArray[np.float64] = tensor.detach().double().cpu().numpy()
    return array


def _weight_size(shape: Convolution | FullyConnected) -> tuple[int, ...]:
    if isinstance(shape, FullyConnected):
        return shape.out_features, shape.in_features
    return shape.out_channels, shape.in_channels // shape.groups, shape.kernel, shape.kernel


def _weigh(shape: Convolution | FullyConnected, x: Tensor, weights: Tensor) -> Tensor:
    if isinstance(shape, FullyConnected):
        return nn.functional.linear(x.flatten(1), weights)[:, :, None, None]
    return nn.functional.conv2d(x, weights, None, shape.stride, shape.padding, groups=shape.groups)


def _pool(pool: Pool, x: Tensor) -> Tensor:
    sizes = (pool.kernel, pool.stride, pool.padding)
    return nn.functional.avg_pool2d(x, *sizes) if pool.kind == "average" else nn.functional.max_pool2d(x, *sizes)
