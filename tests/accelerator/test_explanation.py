"""Explanations: every level sums to the one above, leaves are counts times the table, sensitivities are shares."""

from collections.abc import Callable

import pytest

from spintronics.accelerator import METRICS, NetworkCost, Node, explain, network_cost, sensitivity
from spintronics.array import SubArray
from spintronics.characterize.device_table import ActionCost
from spintronics.networks import BitWidths, FirstLayer, load


def lenet(array: SubArray, **chip: int) -> NetworkCost:
    return network_cost(load("lenet"), BitWidths(1, 2), FirstLayer.PRACTICAL, array, **chip)


def by_name(node: Node, *names: str) -> Node:
    for name in names:
        node = next(part for part in node.parts if part.name == name)
    return node


@pytest.mark.parametrize("chip", [{}, {"parallelism": 2}, {"sub_arrays": 3}, {"sub_arrays": 100}])
@pytest.mark.parametrize("metric", METRICS)
def test_parts_sum_to_every_node(array_of: Callable[..., SubArray], metric: str, chip: dict[str, int]) -> None:
    cost = lenet(array_of(), **chip)
    root = explain(cost, metric)
    assert root.value == getattr(cost, metric)
    for _, node in root.walk():
        if node.parts and "overlap" not in node.how:
            assert sum(part.value for part in node.parts) == pytest.approx(node.value), node.name


def test_a_leaf_can_be_followed_by_hand(array_of: Callable[..., SubArray]) -> None:
    array = array_of(AND=ActionCost({"word line": 2e-15, "bit line": 30e-15}, 4e-9))
    root = explain(lenet(array), "energy")
    row_ands = 24 * 24 * 20 * 8  # positions, kernels, bits of LeNet's first layer; 25 columns each
    leaf = by_name(root, "conv1", "AND", "row ANDs", "bit line")
    assert leaf.value == pytest.approx(row_ands * 25 * 30e-15)
    assert leaf.how == "3e-14 J a column x 25 columns"
    word_line = by_name(root, "conv1", "AND", "row ANDs", "word line")
    assert word_line.value == pytest.approx(row_ands * 512 * 2e-15)
    assert word_line.how == "2e-15 J a column x 512 columns"
    assert by_name(root, "conv1", "AND", "row ANDs").how.startswith(f"{row_ands} x ")


def test_a_bottleneck_is_named(array_of: Callable[..., SubArray]) -> None:
    slow = explain(lenet(array_of(columns=100, read=ActionCost({"bit line": 1e-15}, 1e-5))), "latency")
    assert "fetch is the slowest" in by_name(slow, "conv2", "windows").how  # five rows a window and plane, one bank
    usual = explain(lenet(array_of()), "latency")
    assert "compute is the slowest" in by_name(usual, "conv1", "windows").how


def test_elasticity_of_an_action_is_its_share(array_of: Callable[..., SubArray]) -> None:
    array = array_of()
    cost = lenet(array)
    found = {s.input: s.elasticity for s in sensitivity(lambda a: lenet(a).energy, array, "energy", most=100)}
    assert found["AND, energy"] == pytest.approx(cost.energy_parts["AND"] / cost.energy)
    assert found["batch norm, energy"] == pytest.approx(cost.energy_parts["batch norm"] / cost.energy)
    assert found["wires.global_resistance"] == pytest.approx(0, abs=0.05)


def test_the_ten_inputs_that_move_most_come_first(array_of: Callable[..., SubArray]) -> None:
    array = array_of()
    for metric in METRICS:
        found = sensitivity(lambda a, m=metric: getattr(lenet(a), m), array, metric)
        assert len(found) == 10
        assert [abs(s.elasticity) for s in found] == sorted((abs(s.elasticity) for s in found), reverse=True)
    area = {s.input: s.elasticity for s in sensitivity(lambda a: lenet(a).area, array, "area")}
    assert 0.5 < area["cell.area"] < 1
