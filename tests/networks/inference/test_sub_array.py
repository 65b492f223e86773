"""A layer through rows and columns: its sums, and its actions against both other counts of them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from spintronics.accelerator.mapping import map_layer
from spintronics.errors import InputError
from spintronics.networks import BitWidths, Convolution, FirstLayer, Network, and_operations, load
from spintronics.networks.datasets import ImageSet
from spintronics.networks.inference import (
    BitwiseNetwork,
    Coding,
    Engine,
    Format,
    PlaneAnds,
    SubArray,
    Weighted,
    infer,
    run_in_sub_arrays,
)
from spintronics.networks.inference.engines import accumulate
from spintronics.networks.inference.packing import Words
from spintronics.networks.layers import LayerWork

Array = npt.NDArray[Any]


def work_of(layer: Weighted, image: Array) -> LayerWork:
    return Network("n", "none", image.shape, (layer.shape,)).work[0]  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [(16, 64), (40, 7), (512, 512)], ids=str)
@pytest.mark.parametrize("seed", range(20))
def test_sums_and_actions(
    seed: int,
    size: tuple[int, int],
    random_layer: Callable[[int], tuple[Weighted, Array]],
    plain_convolution: Callable[[Weighted, Array], Array],
) -> None:
    layer, (image, _) = random_layer(seed)
    sums, actions = run_in_sub_arrays(layer, image, SubArray(*size))
    assert (sums == plain_convolution(layer, image)).all()
    work = work_of(layer, image)
    mapped = map_layer(work, layer.weight_format.bits, layer.input_format.bits, *size)
    assert actions.row_ands == mapped.row_ands
    assert actions.row_writes == mapped.row_writes
    assert actions.row_reads == mapped.row_reads
    assert actions.sub_arrays == mapped.groups * len(mapped.segments) * mapped.copies
    assert actions.and_operations == work.macs * layer.weight_format.bits * layer.input_format.bits
    kernel_bits = sum(bits * rows for bits, rows in actions.kernel_writes.items())
    assert kernel_bits == work.weights * layer.weight_format.bits
    segments = -(-layer.dot_length // size[1])
    windows = work.positions * layer.groups
    bipolar = layer.weight_format.coding is Coding.BIPOLAR
    assert actions.input_bitcounts == bipolar * windows * segments * layer.input_format.bits
    assert actions.input_bitcounts == bipolar * sum(mapped.input_counts.values())


def test_a_network_run_makes_the_ands_that_the_cost_model_counts() -> None:
    """LeNet at 2:3, 8 bits into the first layer: the actions of the mapped run, and the ANDs that the hook sees."""
    random = np.random.default_rng(1)
    counted = and_operations(load("lenet"), BitWidths(2, 3), FirstLayer.PRACTICAL)
    assert len(counted) == 4
    for row, work, shape in zip(
        counted, load("lenet").work, (s for s in load("lenet").layers if hasattr(s, "bias")), strict=True
    ):
        weight_format = Format(row.w_bits, Coding.UNSIGNED)
        input_format = Format(row.input_bits, Coding.UNSIGNED)
        taps = (shape.kernel, shape.kernel) if isinstance(shape, Convolution) else ()
        inputs = (work.dot_length // (shape.kernel**2 if isinstance(shape, Convolution) else 1),)
        weights = random.integers(0, 4, (work.out_channels, *inputs, *taps))
        layer = Weighted(shape, weights, weight_format, input_format, np.zeros(work.out_channels, int))
        image = random.integers(0, 2**row.input_bits, work.input_shape)
        seen = 0

        def hook(ands: PlaneAnds) -> Words:
            nonlocal seen
            seen += ands.bits.shape[0] * ands.bits.shape[1] * ands.layer.dot_length
            return ands.bits

        sums, actions = run_in_sub_arrays(layer, image, SubArray(512, 512))
        hooked = accumulate(Engine.PLANES, layer, image.transpose(1, 2, 0)[None], hook=hook)
        assert (hooked[0].transpose(2, 0, 1) == sums).all()
        assert actions.and_operations == seen == row.and_operations


def test_trained_network_in_sub_arrays(cnv: BitwiseNetwork, svhn: ImageSet) -> None:
    """Layers conv4 to fc8 of cnvW1A1, on what reaches them of a real image: the same scores, the ANDs of 1:1."""
    counted = {row.layer: row for row in and_operations(cnv.network, BitWidths(1, 1), FirstLayer.PRACTICAL)}
    image = svhn.images[:1]
    x: Array = image.transpose(0, 2, 3, 1)
    mapped = False
    for layer in cnv.layers:
        mapped = mapped or layer.name == "conv4"
        if isinstance(layer, Weighted) and mapped:
            sums, actions = run_in_sub_arrays(layer, x[0].transpose(2, 0, 1), SubArray(512, 512))
            assert actions.and_operations == counted[layer.name].and_operations
            x = sums.transpose(1, 2, 0)[None]
        elif isinstance(layer, Weighted):
            x = accumulate(Engine.BLAS, layer, x)
        elif hasattr(layer, "apply"):
            x = layer.apply(x)
        else:
            blocks = x.reshape(1, x.shape[1] // 2, 2, x.shape[2] // 2, 2, -1)
            x = blocks.max(axis=(2, 4))
    assert (x.ravel() == infer(cnv, image).scores.ravel()).all()


def test_refused(random_layer: Callable[[int], tuple[Weighted, Array]]) -> None:
    layer, (image, _) = random_layer(3)
    with pytest.raises(InputError, match="do not fit in 1 rows: must be at least"):
        run_in_sub_arrays(layer, image, SubArray(1, 8))
    with pytest.raises(InputError, match=r"layer layer: input \d+: must be"):
        run_in_sub_arrays(layer, np.full_like(image, 2**12), SubArray(64, 8))
    with pytest.raises(InputError, match="sub-array: columns = 0: must be a whole number ≥ 1"):
        SubArray(8, 0)
