"""Shapes and counts against literal enumeration, and errors that name network and layer."""

from dataclasses import replace
from itertools import product

import pytest

from spintronics.errors import InputError
from spintronics.networks import (
    Addition,
    Convolution,
    FullyConnected,
    Layer,
    Network,
    Normalization,
    Pool,
    as_convolution,
    depthwise,
    load,
)


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


@pytest.mark.parametrize(("kernel", "stride", "end"), [(3, 2, 1), (2, 2, 1), (3, 1, 2)])
def test_padding_behind_the_input(kernel: int, stride: int, end: int) -> None:
    layers = (Convolution("c", 3, 2, kernel, stride, end_padding=end), Pool("p", "max", 2, 1, end_padding=1))
    size = len(range(0, 8 + end - kernel + 1, stride))
    assert Network("n", "none", (3, 8, 8), layers).shapes == ((2, size, size), (2, size, size))


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
        ((Pool("c1", "sum", 2, 2),), "kind = 'sum': must be 'max', 'average' or 'or'"),  # type: ignore[arg-type]
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


def residual() -> Network:
    """A block that halves the map, with a projection as its shortcut."""
    return Network(
        "mine", "none", (3, 6, 6),
        (
            Convolution("a", 3, 8, 3, stride=2, padding=1, bias=False),
            Normalization("b", 8),
            depthwise("c", 8, kernel=3, padding=1, bias=False),
            Convolution("s", 3, 8, 1, stride=2, bias=False, source="input"),
            Addition("sum", ("c", "s")),
            FullyConnected("f", 72, 10, bias=False),
        ),
    )  # fmt: skip


def test_branches_and_additions() -> None:
    network = residual()
    assert network.sources == (("input",), ("a",), ("b",), ("input",), ("c", "s"), ("sum",))
    assert network.input_shapes == (
        ((3, 6, 6),), ((8, 3, 3),), ((8, 3, 3),), ((3, 6, 6),), ((8, 3, 3), (8, 3, 3)), ((8, 3, 3),)
    )  # fmt: skip
    assert not network.is_chain
    assert [work.name for work in network.work] == ["a", "c", "s", "f"]
    depthwise_taps = taps(Convolution("c", 8, 8, 3, padding=1, groups=8), 3, 3)
    assert [work.macs for work in network.work] == [9 * 8 * 27, len(depthwise_taps), 9 * 8 * 3, 720]
    assert network.parameters == 8 * 27 + 8 * 9 + 24 + 720 + 2 * 8


def test_chain_may_name_the_layer_before() -> None:
    assert Network("n", "none", (3, 6, 6), (CONV, FullyConnected("f", 128, 2, source="c1"))).is_chain


@pytest.mark.parametrize("name", ["alexnet", "lenet", "svhn", "vgg16"])
def test_fully_connected_layers_as_convolutions_do_the_same_work(name: str) -> None:
    """As the slides compute them."""
    network = load(name)
    layers = tuple(
        as_convolution(layer, before[0]) if isinstance(layer, FullyConnected) else layer
        for layer, before in zip(network.layers, network.input_shapes, strict=True)
    )
    converted = replace(network, layers=layers)
    assert all(isinstance(layer, Convolution | Pool) for layer in converted.layers)
    assert converted.shapes == network.shapes
    assert [(work.macs, work.parameters, work.dot_length) for work in converted.work] == [
        (work.macs, work.parameters, work.dot_length) for work in network.work
    ]


@pytest.mark.parametrize("shape", [(3, 4, 6), (3, 5, 5)])
def test_as_convolution_refuses_other_inputs(shape: tuple[int, int, int]) -> None:
    with pytest.raises(InputError, match=r"layer f: input 3 × . × .: must be square, of 72 values"):
        as_convolution(FullyConnected("f", 72, 2), shape)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ((CONV, Addition("p", ("c1",))), r"layer p: addends = \('c1',\): must be two layers or more"),
        ((CONV, Addition("p", ("c1", "input"))), "layer p: input is 3 × 6 × 6: must be 8 × 4 × 4 like c1"),
        ((CONV, Addition("p", ("c1", "c9"))), "layer p: source c9: must be input or the name of an earlier layer"),
        ((Convolution("c1", 8, 8, 3, source="c2"), CONV), "2 layers named c1"),
        ((Convolution("c0", 8, 8, 3, source="c1"), CONV), "layer c0: source c1: must be input or the name of an ear"),
        ((CONV, Convolution("c2", 3, 8, 3, source="input")), "layer c1: its output is not used: a later layer must"),
        ((CONV, Normalization("n", 3)), "layer n: channels = 3: must be 8, the channels of its input"),
        ((CONV, Normalization("n", 0)), "layer n: channels = 0: must be a whole number ≥ 1"),
        ((Convolution("input", 3, 8, 3),), "network mine: a layer named input: that is the network's input"),
    ],
)
def test_wiring_errors(layers: tuple[Layer, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Network("mine", "none", (3, 6, 6), layers)


@pytest.mark.parametrize(
    ("shape", "layers", "message"),
    [
        ((1, 1, 1), (FullyConnected("fc", 1, 2**24 + 1),), r"layer fc: out_features = 16777217: must be ≤ 16777216"),
        ((1, 1, 1), (FullyConnected("fc", 1, 10**5000),), r"layer fc: out_features = over 10\^20: must be ≤ 16777216"),
        ((2**24 + 1, 1, 1), (FullyConnected("fc", 1, 1),), r"input channels = 16777217: must be ≤ 16777216"),
        (
            (2**11, 2**10, 2**11),
            (FullyConnected("fc", 1, 1),),
            r"input: 2048 × 1024 × 2048 values: must be ≤ 2147483648",
        ),
        ((1, 2**12, 2**12), (FullyConnected("fc", 2**24, 129),), r"layer fc: 16777216 × 129 weights: must be ≤ 214748"),
        (
            (1, 2**12, 2**12),
            (Convolution("conv", 1, 129, kernel=1),),
            r"layer conv: 129 × 4096 × 4096 values: must be ≤ 2147483648",
        ),
        ((1, 8, 8), (Convolution("conv", 1, 4, 2**12, padding=2**12),), None),
        ((1, 8, 8), (Convolution("conv", 1, 129, 2**12, padding=2**11),), r"layer conv: 4096 × 4096 × 1 × 129 weights"),
        ((1, 8, 8), (Convolution("conv", 1, 4, 3, stride=2**24 + 1),), r"layer conv: stride = 16777217: must be ≤"),
    ],
)
def test_sizes_beyond_any_network_are_refused(
    shape: tuple[int, int, int], layers: tuple[Layer, ...], message: str | None
) -> None:
    if message is None:
        assert Network("net", "none", shape, layers).parameters == 4 * 2**24 + 4
        return
    with pytest.raises(InputError, match=message):
        Network("net", "none", shape, layers)
