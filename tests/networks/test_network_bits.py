"""Bit widths, the slides' complexity table, and which layer has the most ANDs."""

import pytest

from spintronics.errors import InputError
from spintronics.networks import (
    CONFIGURATIONS,
    BitWidths,
    Convolution,
    FirstLayer,
    Network,
    and_operations,
    load,
    training_step,
)

SLIDES = {"1:1": (1, 9), "1:2": (2, 10), "1:3": (3, 11), "1:4": (4, 12), "2:2": (4, 20)}
"""W:I → complexity of inference and of training (8-bit gradients), from the IMCE slides' table."""


@pytest.mark.parametrize("text", SLIDES)
def test_complexity_matches_slides(text: str) -> None:
    widths = BitWidths.parse(text)
    assert (widths.inference_complexity, widths.training_complexity()) == SLIDES[text]


def test_training_complexity_with_other_gradients() -> None:
    assert BitWidths(2, 3).training_complexity(gradient_bits=4) == 14


@pytest.mark.parametrize("text", [*SLIDES, "32:32", "32:1"])
def test_parse_is_inverse_of_str(text: str) -> None:
    assert str(BitWidths.parse(text)) == text


@pytest.mark.parametrize("text", ["", "1", "1;2", "1:2:3", "a:b", "-1:2", " 1:2", "1:2\n", "1.5:2", "100:2", "²:1"])
def test_parse_refuses_what_is_not_two_numbers(text: str) -> None:
    with pytest.raises(InputError, match="must be W:I, each 1 to 32"):
        BitWidths.parse(text)


@pytest.mark.parametrize(("text", "message"), [("0:1", "weights = 0"), ("1:0", "inputs = 0"), ("33:1", "weights = 33")])
def test_widths_out_of_range(text: str, message: str) -> None:
    with pytest.raises(InputError, match=rf"bit widths: {message}: must be a whole number from 1 to 32"):
        BitWidths.parse(text)


@pytest.mark.parametrize("first_layer", FirstLayer)
@pytest.mark.parametrize("text", SLIDES)
def test_convention_replaces_the_first_input_width_only(text: str, first_layer: FirstLayer) -> None:
    network, widths = load("svhn"), BitWidths.parse(text)
    rows = and_operations(network, widths, first_layer)
    assert [row.layer for row in rows] == [work.name for work in network.work]
    assert [row.input_bits for row in rows] == [{"seed": 32, "practical": 8}[first_layer]] + [widths.inputs] * 7
    assert {row.w_bits for row in rows} == {widths.weights}
    for row, work in zip(rows, network.work, strict=True):
        assert row.and_operations == work.macs * row.w_bits * row.input_bits


def first_layer_dominates(network: Network, text: str, first_layer: FirstLayer) -> bool:
    first, *others = and_operations(network, BitWidths.parse(text), first_layer)
    return all(first.and_operations > other.and_operations for other in others)


@pytest.mark.parametrize("name", ["alexnet", "svhn", "lenet"])
@pytest.mark.parametrize("text", SLIDES)
def test_first_layer_has_most_ands_under_seed(name: str, text: str) -> None:
    assert first_layer_dominates(load(name), text, FirstLayer.SEED)


@pytest.mark.parametrize(
    ("name", "holds"), [("alexnet", ["1:1"]), ("svhn", ["1:1", "1:2", "1:3", "2:2"]), ("lenet", ["1:1"])]
)
def test_first_layer_has_most_ands_under_practical_only_here(name: str, holds: list[str]) -> None:
    network = load(name)
    assert [text for text in SLIDES if first_layer_dominates(network, text, FirstLayer.PRACTICAL)] == holds


def test_configurations_are_the_slides() -> None:
    assert [str(widths) for widths in CONFIGURATIONS] == ["32:32", *SLIDES]


@pytest.mark.parametrize("text", SLIDES)
def test_training_step_is_the_slides_complexity_where_inputs_have_i_bits(text: str) -> None:
    """Layers between: forward and input gradient together are macs · (W·I + W·G), the table's factor."""
    network, widths = load("svhn"), BitWidths.parse(text)
    for row, work in list(zip(training_step(network, widths, FirstLayer.SEED), network.work, strict=True))[1:]:
        assert row.forward + row.input_gradient == work.macs * SLIDES[text][1]
        assert row.weight_gradient == work.macs * widths.inputs * 8
        assert row.total == row.forward + row.input_gradient + row.weight_gradient


def test_first_layer_passes_no_gradient_on() -> None:
    first = training_step(load("lenet"), BitWidths(2, 2), FirstLayer.PRACTICAL, gradient_bits=4)[0]
    assert (first.forward, first.input_gradient, first.weight_gradient) == (288_000 * 16, 0, 288_000 * 32)


@pytest.mark.parametrize("w", [1, 2])
def test_gradient_ands_match_counting_bit_pairs(w: int) -> None:
    """A 1 × 1 convolution of 2 channels to 3 on one pixel: 6 products in each of the three passes."""
    network = Network("n", "none", (2, 1, 1), (Convolution("a", 2, 2, 1), Convolution("b", 2, 3, 1)))
    row = training_step(network, BitWidths(w, 3), FirstLayer.PRACTICAL, gradient_bits=5)[1]
    pairs = {(i, o) for i in range(2) for o in range(3)}
    assert row.forward == len([0 for _ in pairs for _ in range(w) for _ in range(3)])
    assert row.input_gradient == len([0 for _ in pairs for _ in range(w) for _ in range(5)])
    assert row.weight_gradient == len([0 for _ in pairs for _ in range(3) for _ in range(5)])
