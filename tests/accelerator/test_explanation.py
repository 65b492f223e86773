"""Explanations: every level sums to the one above, leaves are counts times the table, sensitivities are shares."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from spintronics.accelerator import METRICS, NetworkCost, Node, explain, network_cost, sensitivity
from spintronics.accelerator.explanation import Metric
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


def test_counting_and_transfers_can_be_followed_by_hand(array_of: Callable[..., SubArray]) -> None:
    array = array_of(
        **{"bit-counter": ActionCost({"gates": 2e-12}, 5e-10), "nand2": ActionCost({"gate": 5e-16}, 1e-11)}
    )
    cost = lenet(array)
    root, row_ands, line = explain(cost, "energy"), 24 * 24 * 20 * 8, cost.floorplan.line
    counting = by_name(root, "conv1", "bit-counter", "ones of a row AND")
    adders = by_name(counting, "bit-counter")
    assert adders.value == pytest.approx(row_ands * 22 / 511 * 2e-12)  # trees over 25 and 512 columns
    assert adders.how.startswith("share 22/511 of the full adders x 2e-12 J; ")
    latches = by_name(counting, "result latches")
    assert latches.value == pytest.approx(row_ands * 25 * 4 * 5e-16)
    assert latches.how.startswith("25 columns x 4 transitions of a nand2 x 5e-16 J; ")
    sent = by_name(root, "conv1", "H-tree", "input planes to sub-arrays")
    assert sent.value == pytest.approx(24 * 24 * 25 * 8 * 2 * line.energy)
    lengths = 0.0
    for part in sent.parts:
        match = re.match(r"2 paths x (\S+) mm x (\S+) J/mm a bit; .*wires\.(\w+)_capacitance", part.how)
        assert match is not None
        assert part.name == f"{match[3]} wire"
        assert part.value == pytest.approx(24 * 24 * 25 * 8 * 2 * float(match[1]) * float(match[2]), rel=1e-3)
        lengths += float(match[1])
    assert lengths == pytest.approx(line.length * 1e3, rel=1e-3)
    pooled = by_name(root, "conv1", "pooling", "comparisons")
    assert [part.how.split(";")[0] for part in pooled.parts] == ["2 full_adder x 1e-15 J", "2 mux2 x 1e-15 J"]


def test_counting_composed_of_gates_can_be_followed_by_hand(array_of: Callable[..., SubArray]) -> None:
    array = array_of()
    entries = tuple(entry for entry in array.table.entries if entry.action != "bit-counter")
    root = explain(lenet(SubArray(array.technology, replace(array.table, entries=entries))), "energy")
    counting = by_name(root, "conv1", "bit-counter", "ones of a row AND", "bit-counter")
    assert counting.how.startswith("22 full_adder x 1e-15 J; ")


def test_a_charge_names_the_entry_of_its_row_decoding(array_of: Callable[..., SubArray]) -> None:
    root = explain(lenet(array_of()), "energy")
    assert by_name(root, "conv1", "row decoder", "row ANDs").how.endswith("select for AND; select two rows: none")


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


@pytest.mark.parametrize("rows", [3724, 3725, 4096])
def test_an_input_at_its_end_is_moved_down(array_of: Callable[..., SubArray], rows: int) -> None:
    """A row decoder has 4096 rows at most, so that from 3725 on a tenth more is out of range."""

    def latency(array: SubArray) -> float:
        assert array.area > 0  # where too many rows are refused
        return array.table.action("AND").latency

    array = array_of(rows=rows)
    found = {s.input: s for s in sensitivity(latency, array, "latency", most=100)}
    assert found["array.rows"].value == rows
    assert found["array.rows"].elasticity == pytest.approx(array.technology.sense.logic_develop_time / latency(array))


@pytest.mark.parametrize("metric", METRICS)
def test_the_largest_sub_array_is_explained(array_of: Callable[..., SubArray], metric: Metric) -> None:
    near, end = (
        {
            s.input: s.elasticity
            for s in sensitivity(lambda a: getattr(lenet(a), metric), array_of(rows=rows), metric, 100)
        }
        for rows in (3700, 4096)
    )
    assert end["array.rows"] == pytest.approx(near["array.rows"], abs=0.1)


def test_the_ten_inputs_that_move_most_come_first(array_of: Callable[..., SubArray]) -> None:
    array = array_of()
    for metric in METRICS:
        found = sensitivity(lambda a, m=metric: getattr(lenet(a), m), array, metric)
        assert len(found) == 10
        assert [abs(s.elasticity) for s in found] == sorted((abs(s.elasticity) for s in found), reverse=True)
    area = {s.input: s.elasticity for s in sensitivity(lambda a: lenet(a).area, array, "area")}
    assert 0.5 < area["cell.area"] < 1
