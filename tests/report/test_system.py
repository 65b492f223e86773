"""Tables of memory and accelerator: sums, shares and the slides' figures beside ours."""

from collections.abc import Callable

import pytest

from spintronics.accelerator import NetworkCost, Node, network_cost
from spintronics.array import Memory, SubArray
from spintronics.characterize.device_table import ActionCost, DeviceTable
from spintronics.networks import BitWidths, FirstLayer, load
from spintronics.report import figures, system
from spintronics.technology import Technology

BIT = ActionCost({"word line": 1e-15, "bit line": 10e-15}, 5e-9)
GATE = ActionCost({"gate": 1e-15}, 1e-10)


@pytest.fixture(scope="module")
def sub_array(imce45: Technology, made_up: Callable[..., DeviceTable]) -> SubArray:
    gates = ("full_adder", "mux2", "d_flip_flop", "inverter")
    return SubArray(imce45, made_up({**dict.fromkeys(("read", "write", "AND"), BIT), **dict.fromkeys(gates, GATE)}))


@pytest.fixture(scope="module")
def cost(sub_array: SubArray) -> NetworkCost:
    return network_cost(load("svhn"), BitWidths(1, 1), FirstLayer.SEED, sub_array)


def test_memory_breakdowns_sum_to_their_totals(sub_array: SubArray) -> None:
    rows = system.memory(Memory(sub_array, 8 * 2**20, 64))
    added = ("area added for computing", "leakage added for computing")
    for figure in ("area", "leakage", *added, "read energy", "write energy", "AND of 512 columns energy"):
        total, *parts = (row for row in rows if row["figure"] == figure)
        assert total["component"] == "total"
        assert sum(float(row["value"] or 0) for row in parts) == pytest.approx(total["value"])
        assert sum(float(row["share"] or 0) for row in parts) == pytest.approx(1)
    assert not any(str(row["figure"]).startswith("OR ") for row in rows)  # not in this table
    sub_arrays = next(row["value"] for row in rows if row["component"] == "sub-arrays")
    assert sub_arrays == 64


def test_area_overhead_stands_beside_the_slides(sub_array: SubArray) -> None:
    total, *parts, largest = system.area_overhead(sub_array)
    assert total["seed"] == 0.154
    assert total["overhead"] == pytest.approx(sub_array.area / sub_array.memory_area - 1)
    assert sum(float(row["overhead"] or 0) for row in parts) == pytest.approx(total["overhead"])
    assert largest["seed"] == 0.6
    named = [row for row in parts if row["block"] == "sum" or "row decoder" in str(row["block"])]
    assert len(named) == 2
    assert largest["share"] == pytest.approx(sum(float(row["share"] or 0) for row in named))


def test_area_by_layer_adds_up(cost: NetworkCost) -> None:
    rows = system.area_by_layer([cost])
    assert sum(float(row["share"] or 0) for row in rows) == pytest.approx(1)
    assert sum(int(row["sub_arrays"] or 0) for row in rows) == cost.sub_arrays


def test_streamed_layers_have_no_area_of_their_own(sub_array: SubArray) -> None:
    streamed = network_cost(load("svhn"), BitWidths(1, 1), FirstLayer.SEED, sub_array, 1, 3)
    for row in (*system.layers(streamed), *system.area_by_layer([streamed])):
        assert row["area_mm2"] is None
        assert 1 <= int(row["sub_arrays"] or 0) <= 3


def test_layers_and_components_add_up_to_the_totals(cost: NetworkCost) -> None:
    totals = {row["figure"]: row["value"] for row in system.totals(cost)}
    energy = [row for row in system.components(cost) if row["figure"] == "energy"]
    area = [row for row in system.components(cost) if row["figure"] == "area"]
    assert sum(float(row["value"] or 0) for row in energy) == pytest.approx(totals["dynamic energy per image"])
    assert sum(float(row["value"] or 0) for row in area) == pytest.approx(totals["area"])
    layers = system.layers(cost)
    assert sum(float(row["energy_uJ"] or 0) for row in layers) == pytest.approx(totals["dynamic energy per image"])
    assert sum(float(row["latency_us"] or 0) for row in layers) == pytest.approx(1e3 * float(totals["latency"] or 0))


def test_a_tree_is_cut_at_its_depth() -> None:
    root = Node("all", 4.0, "J", "sum", (Node("half", 2.0, "J", "2 x 1 J", (Node("leaf", 2.0, "J", ""),)),))
    assert system.tree(root, 1) == "all: 4 J  100.0%  sum\n  half: 2 J   50.0%  2 x 1 J\n"
    assert system.tree(root, 2).count("\n") == 3


def test_area_figure_draws_every_layer_and_block(cost: NetworkCost, sub_array: SubArray) -> None:
    layers, blocks = figures.area(cost).axes
    heights = sorted(bar.get_height() for bar in layers.patches)  # type: ignore[attr-defined]
    assert heights == pytest.approx(sorted(layer.area * 1e6 for layer in cost.layers))
    widths = sum(bar.get_width() for bar in blocks.patches)  # type: ignore[attr-defined]
    assert widths == pytest.approx(100 * (sub_array.area / sub_array.memory_area - 1))
