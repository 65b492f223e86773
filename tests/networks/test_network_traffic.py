"""Buffer traffic against literal sliding of windows, and by hand."""

from math import prod

import pytest

from spintronics.networks import (
    NETWORKS,
    Addition,
    BitWidths,
    Concatenation,
    Convolution,
    FirstLayer,
    FullyConnected,
    LayerTraffic,
    Network,
    Normalization,
    Pool,
    buffer_traffic,
    inner_values,
    load,
    value_bits,
)


def test_chain_by_hand() -> None:
    network = Network(
        "n", "none", (3, 9, 9),
        (
            Pool("p0", "average", 3, 3),  # of the image, so still 8 bits
            Convolution("c", 3, 4, kernel=2, padding=1),
            Pool("p1", "max", 2, 2),
            FullyConnected("f", 16, 5, bias=False),
        ),
    )  # fmt: skip
    w, i = 2, 3
    assert buffer_traffic(network, BitWidths(w, i), FirstLayer.PRACTICAL) == (
        LayerTraffic("n", "p0", 3 * 81 * 8, 3 * 81 * 8, 0, 27 * 8),
        LayerTraffic("n", "c", 27 * 8, 16 * 12 * 8, 4 * 12 * w + 4 * 32, 4 * 16 * i),
        LayerTraffic("n", "p1", 64 * i, 64 * i, 0, 16 * i),
        LayerTraffic("n", "f", 16 * i, 16 * i, 80 * w, 5 * 32),
    )


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_windows_match_sliding(groups: int) -> None:
    network = Network("n", "none", (4, 7, 7), (Convolution("c", 4, 4, kernel=3, stride=2, groups=groups),))
    (row,) = buffer_traffic(network, BitWidths(1, 1), FirstLayer.SEED)
    reads = sum(1 for y in range(0, 5, 2) for x in range(0, 5, 2) for channel in range(4) for tap in range(9))
    assert row.windows == reads * 32  # whatever the groups: each channel is in one of them


def test_addition_reads_both_and_shortcut_reads_the_image() -> None:
    network = Network(
        "n", "none", (2, 4, 4),
        (
            Convolution("a", 2, 3, kernel=1),
            Normalization("b", 3),
            Convolution("s", 2, 3, kernel=1, source="input"),
            Addition("sum", ("b", "s")),
            FullyConnected("f", 48, 2),
        ),
    )  # fmt: skip
    rows = {row.layer: row for row in buffer_traffic(network, BitWidths(1, 2), FirstLayer.PRACTICAL)}
    assert rows["a"].inputs == rows["s"].inputs == 2 * 16 * 8
    assert rows["b"].inputs == rows["b"].outputs == 48 * 2
    assert rows["sum"].inputs == rows["sum"].windows == 2 * 48 * 2
    assert rows["sum"].outputs == 48 * 2


def test_concatenation_moves_nothing() -> None:
    layers = (Convolution("a", 2, 3, 1), Concatenation("both", ("a", "input")), FullyConnected("f", 80, 2))
    rows = buffer_traffic(Network("n", "none", (2, 4, 4), layers), BitWidths(1, 2), FirstLayer.PRACTICAL)
    assert (rows[1].inputs, rows[1].windows, rows[1].weights, rows[1].outputs) == (0, 0, 0, 0)


def test_results_keep_the_width_of_a_sum_through_the_layers_behind_the_last_weights() -> None:
    layers = (
        Convolution("a", 2, 3, 1),
        Convolution("b", 3, 5, 1),
        Convolution("side", 2, 5, 1, source="input"),
        Addition("plus", ("b", "side")),
        Pool("mean", "average", 4, 4),
    )
    network = Network("n", "none", (2, 4, 4), layers)
    assert inner_values(network) == {"input", "a"}
    bits = value_bits(network, BitWidths(1, 2), FirstLayer.PRACTICAL, sum_bits=20)
    assert bits == {"input": 8, "a": 2, **dict.fromkeys(("b", "side", "plus", "mean"), 20)}
    rows = {row.layer: row for row in buffer_traffic(network, BitWidths(1, 2), FirstLayer.PRACTICAL)}
    assert rows["b"].outputs == rows["side"].outputs == 80 * 32
    assert (rows["mean"].inputs, rows["mean"].outputs) == (80 * 32, 5 * 32)


@pytest.mark.parametrize("name", NETWORKS)
def test_invariants(name: str) -> None:
    network, widths = load(name), BitWidths(2, 3)
    rows = buffer_traffic(network, widths, FirstLayer.PRACTICAL)
    assert [row.layer for row in rows] == [layer.name for layer in network.layers]
    assert rows[0].inputs == prod(network.input_shape) * 8
    weights = sum(work.weights * 2 + work.biases * 32 for work in network.work)
    assert sum(row.weights for row in rows) == weights
    for row, before in zip(rows[1:], rows, strict=False):
        if network.is_chain:
            assert row.inputs == before.outputs
