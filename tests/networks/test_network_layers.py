"""Shapes and counts against literal enumeration, and errors that name network and layer."""

from itertools import product

import pytest

from spintronics.errors import InputError
from spintronics.networks import Convolution, FullyConnected, Layer, Network, Pool


def windows(size: int, kernel: int, stride: int, padding: int) -> list[int]:
    """Where a window may start along one axis, found by sliding it until it leaves the padded input."""
    starts = []
    start = -padding
    while start + kernel <= size + padding:
        starts.append(start)
        start += stride
    return starts


def taps(layer: Convolution, height: int, width: int) -> list[tuple[int, int, int, int, int]]:
    """(row, column, output channel, input channel, tap) of every multiplication of a convolution, one by one."""
    per_group_in = layer.in_channels // layer.groups
    per_group_out = layer.out_channels // layer.groups
    return [
        (row, column, out, channel, tap)
        for row, column in product(
            windows(height, layer.kernel, layer.stride, layer.padding),
            windows(width, layer.kernel, layer.stride, layer.padding),
        )
        for out in range(layer.out_channels)
        for channel in range(layer.in_channels)
        if channel // per_group_in == out // per_group_out
        for tap in range(layer.kernel * layer.kernel)
    ]


@pytest.mark.parametrize(("stride", "padding", "groups"), list(product((1, 2, 3), (0, 1, 2), (1, 2))))
@pytest.mark.parametrize("kernel", [1, 2, 3])
@pytest.mark.parametrize("size", [(5, 7), (6, 6)])
def test_convolution_counts_match_enumeration(
    size: tuple[int, int], kernel: int, stride: int, padding: int, groups: int
) -> None:
    layer = Convolution("conv", 4, 6, kernel, stride, padding, groups)
    network = Network("n", "none", (4, *size), (layer,))
    multiplications = taps(layer, *size)
    (work,) = network.work
    assert work.macs == network.macs == len(multiplications)
    assert work.positions == len({(row, column) for row, column, *_ in multiplications})
    assert work.weights == len({(out, channel, tap) for *_, out, channel, tap in multiplications})
    assert work.dot_length == len({(channel, tap) for *_, out, channel, tap in multiplications if out == 0})
    assert work.activations_in == 4 * size[0] * size[1]
    assert work.activations_out == len({(row, column, out) for row, column, out, *_ in multiplications})


@pytest.mark.parametrize(("kernel", "stride", "padding"), [(2, 2, 0), (3, 2, 0), (3, 2, 1), (2, 3, 0)])
def test_pool_shape_matches_enumeration(kernel: int, stride: int, padding: int) -> None:
    network = Network("n", "none", (3, 7, 8), (Pool("pool", "max", kernel, stride, padding), Convolution("c", 3, 1, 1)))
    expected = (3, len(windows(7, kernel, stride, padding)), len(windows(8, kernel, stride, padding)))
    assert network.shapes[0] == network.work[0].input_shape == expected


def test_fully_connected_is_a_convolution_over_its_whole_input() -> None:
    shape = (3, 5, 5)
    (dense,) = Network("n", "none", shape, (FullyConnected("layer", 75, 10),)).work
    (conv,) = Network("n", "none", shape, (Convolution("layer", 3, 10, kernel=5),)).work
    for count in ("input_shape", "output_shape", "positions", "dot_length", "weights", "biases", "macs"):
        assert getattr(dense, count) == getattr(conv, count), count


@pytest.mark.parametrize("layer", [Convolution("x", 3, 8, 3, bias=False), FullyConnected("x", 75, 8, bias=False)])
def test_without_bias_parameters_are_weights(layer: Layer) -> None:
    network = Network("n", "none", (3, 5, 5), (layer,))
    assert network.work[0].biases == 0
    assert network.parameters == network.work[0].weights


CONV = Convolution("c1", 3, 8, 3)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ((Convolution("c1", 3, 8, 9),), "kernel = 9: must be ≤ 6, its input is 6 × 6 with padding 0"),
        ((Convolution("c1", 3, 8, 9, padding=1),), "kernel = 9: must be ≤ 8, its input is 6 × 6 with padding 1"),
        ((Convolution("c1", 4, 8, 3),), "in_channels = 4: must be 3"),
        ((Convolution("c1", 3, 0, 3),), "out_channels = 0: must be a whole number ≥ 1"),
        ((Convolution("c1", -3, 8, 3),), "in_channels = -3: must be a whole number ≥ 1"),
        ((Convolution("c1", 3, 8, 0),), "kernel = 0: must be a whole number ≥ 1"),
        ((Convolution("c1", 3, 8, 2.5),), "kernel = 2.5: must be a whole number ≥ 1"),  # type: ignore[arg-type]
        ((Convolution("c1", 3, 8, 3, stride=0),), "stride = 0: must be a whole number ≥ 1"),
        ((Convolution("c1", 3, 8, 3, padding=-1),), "padding = -1: must be a whole number ≥ 0"),
        ((Convolution("c1", 3, 8, 3, groups=0),), "groups = 0: must be a whole number ≥ 1"),
        ((Convolution("c1", 3, 8, 3, groups=2),), "groups = 2: must divide in_channels = 3"),
        ((Convolution("c1", 3, 8, 3, groups=3),), "groups = 3: must divide out_channels = 8"),
        ((FullyConnected("c1", 100, 8),), "in_features = 100: must be 108, its input is 3 × 6 × 6"),
        ((FullyConnected("c1", 108, 0),), "out_features = 0: must be a whole number ≥ 1"),
        ((Pool("c1", "max", 7, 2),), "kernel = 7: must be ≤ 6"),
        ((Pool("c1", "sum", 2, 2),), "kind = 'sum': must be 'max' or 'average'"),  # type: ignore[arg-type]
    ],
)
def test_layer_errors_name_network_and_layer(layers: tuple[Layer, ...], message: str) -> None:
    with pytest.raises(InputError) as error:
        Network("mine", "none", (3, 6, 6), layers)
    assert str(error.value).startswith(f"network mine, layer c1: {message}")


def test_error_names_the_later_layer_that_does_not_chain() -> None:
    with pytest.raises(InputError, match=r"network mine, layer c2: in_channels = 3: must be 8"):
        Network("mine", "none", (3, 6, 6), (CONV, Convolution("c2", 3, 8, 3)))


@pytest.mark.parametrize(
    ("shape", "layers", "message"),
    [
        ((3, 0, 6), (CONV,), "network mine: input height = 0: must be a whole number ≥ 1"),
        ((3, 6), (CONV,), r"network mine: input_shape = \(3, 6\): must be \(channels, height, width\)"),
        ((3, 6, 6), (CONV, CONV), "network mine: 2 layers named c1"),
        ((3, 6, 6), (), "network mine: no layer has weights"),
        ((3, 6, 6), (Pool("p", "max", 2, 2),), "network mine: no layer has weights"),
    ],
)
def test_network_errors(shape: tuple[int, int, int], layers: tuple[Layer, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Network("mine", "none", shape, layers)
