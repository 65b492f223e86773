"""Storage against the slides' figures, and its invariants."""

import pytest

from spintronics.networks import (
    BitWidths,
    Convolution,
    FullyConnected,
    Network,
    Normalization,
    Pool,
    double_precision,
    load,
    quantized,
    single_precision,
    storage_table,
)

WIDTHS = [BitWidths.parse(text) for text in ("1:1", "1:2", "1:3", "1:4", "2:2", "8:8")]


def test_alexnet_matches_slides() -> None:
    row = quantized(load("alexnet"), BitWidths(1, 1))
    assert round(row.total_mib, 1) == 39.7  # slides, "39.7MB"
    assert round(row.ratio_to_double) == 12  # slides
    assert round(row.ratio_to_single) == 6  # slides
    assert round(single_precision(load("alexnet")).total_mib, 2) == 237.95
    assert round(double_precision(load("alexnet")).total_mib, 2) == 475.91


def test_alexnet_parts_by_hand() -> None:
    row = quantized(load("alexnet"), BitWidths(1, 1))
    conv1, fc8, parameters = 96 * 3 * 11 * 11 + 96, 1000 * 4096 + 1000, 62_378_344
    maps = 96 * 55 * 55 + 256 * 27 * 27 + (384 + 384 + 256) * 13 * 13
    assert row.parts_bits == {
        "first_last_layers": 64 * (conv1 + fc8),
        "middle_layers": parameters - conv1 - fc8,
        "normalizations": 0,
        "input": 64 * 3 * 227 * 227,
        "feature_maps": maps,
    }
    assert round(row.total_mib, 2) == 39.72


def test_weights_scale_with_w_and_feature_maps_with_i() -> None:
    base, wide = (quantized(load("svhn"), widths) for widths in (BitWidths(1, 1), BitWidths(3, 5)))
    assert wide.middle_layers_bits == 3 * base.middle_layers_bits
    assert wide.feature_maps_bits == 5 * base.feature_maps_bits
    assert wide.first_last_layers_bits == base.first_last_layers_bits
    assert wide.input_bits == base.input_bits


def test_scales_and_shifts_of_normalizations_keep_their_width() -> None:
    network = Network(
        "n", "none", (1, 4, 4),
        (Convolution("a", 1, 2, 1), Normalization("b", 2), Convolution("c", 2, 3, 1), FullyConnected("d", 48, 5)),
    )  # fmt: skip
    row = quantized(network, BitWidths(2, 3))
    assert row.parts_bits == {
        "first_last_layers": 64 * (2 + 2 + 48 * 5 + 5), "middle_layers": 2 * (6 + 3), "normalizations": 64 * 4,
        "input": 64 * 16, "feature_maps": 3 * (2 + 3) * 16,
    }  # fmt: skip


@pytest.mark.parametrize("name", ["alexnet", "svhn", "lenet", "resnet18"])
def test_invariants(name: str) -> None:
    rows = storage_table([load(name)], WIDTHS)
    double, single = rows[:2]
    assert double.total_bits == 2 * single.total_bits == 64 * load(name).parameters
    for row in rows:
        assert min(row.parts_bits.values()) >= 0
        assert row.total_bits == sum(row.parts_bits.values())
        assert row.total_mib == pytest.approx(sum(row.parts_mib.values()), rel=1e-12)
        assert row.total_mib * row.ratio_to_double == pytest.approx(double.total_mib, rel=1e-12)
        assert row.total_mib * row.ratio_to_single == pytest.approx(single.total_mib, rel=1e-12)


def test_table_has_a_row_per_network_and_configuration() -> None:
    rows = storage_table([load("svhn"), load("lenet")], (BitWidths(32, 32), BitWidths(1, 2)))
    assert [(row.network, row.configuration) for row in rows] == [
        (name, configuration) for name in ("svhn", "lenet") for configuration in ("double", "single", "1:2")
    ]


def test_only_layer_is_first_and_last_once() -> None:
    row = quantized(Network("n", "none", (1, 2, 2), (FullyConnected("fc", 4, 3),)), BitWidths(1, 1))
    assert row.parts_bits == {
        "first_last_layers": 64 * 15, "middle_layers": 0, "normalizations": 0, "input": 64 * 4, "feature_maps": 0
    }  # fmt: skip


def test_own_output_of_a_network_that_ends_in_a_convolution_is_no_feature_map() -> None:
    layers = (Convolution("a", 1, 2, 3), Pool("p", "average", 2, 2), Convolution("b", 2, 5, 2))
    row = quantized(Network("n", "none", (1, 6, 6), layers), BitWidths(1, 3))
    assert row.feature_maps_bits == 3 * 2 * 4 * 4
