"""Sub-array: adders of a bit-counter by their known count, areas and costs by their rules."""

from collections.abc import Callable

import pytest

from spintronics.array import SubArray, full_adders_to_count
from spintronics.characterize.device_table import ActionCost, DeviceTable
from spintronics.circuits.blocks import quantizer
from spintronics.circuits.library import transistor_widths
from spintronics.circuits.logic_bench import FULL_ADDER
from spintronics.technology import Technology


@pytest.fixture(scope="module")
def table(made_up: Callable[..., DeviceTable]) -> DeviceTable:
    """Costs of round numbers, in no way realistic."""
    bit = ActionCost({"word line": 1e-15, "bit line": 10e-15}, 1e-9)
    gate = ActionCost({"gate": 1e-15}, 1e-10)
    return made_up(
        {"read": bit, "write": bit, "AND": bit, **dict.fromkeys(("full_adder", "mux2", "d_flip_flop"), gate)}
    )


def sub_array(table: DeviceTable, **overrides: str) -> SubArray:
    return SubArray(Technology.load("imce45", {k.replace("__", "."): v for k, v in overrides.items()}), table)


@pytest.mark.parametrize("k", range(1, 11))
def test_counter_of_a_power_of_two_less_one_takes_n_minus_k_adders(k: int) -> None:
    # Known: a full adder turns three bits into two; 2^k − 1 inputs end as k bits.
    assert full_adders_to_count(2**k - 1) == 2**k - 1 - k


@pytest.mark.parametrize("bits", [2, 5, 36, 512])
def test_counter_adders_by_building_the_tree(bits: int) -> None:
    columns, adders = {0: bits}, 0
    while any(count > 1 for count in columns.values()):
        weight = min(w for w, count in columns.items() if count > 1)
        columns[weight] -= min(columns[weight], 3) - 1
        columns[weight + 1] = columns.get(weight + 1, 0) + 1
        adders += 1
    assert full_adders_to_count(bits) == adders


def test_a_row_pays_its_word_line_whole_and_the_rest_per_bit(table: DeviceTable) -> None:
    array = sub_array(table)
    cost = array.row(table.action("read"), 100)
    assert cost.parts["word line"] == pytest.approx(array.columns * 1e-15)
    assert cost.parts["bit line"] == pytest.approx(100 * 10e-15)


def test_an_operation_decodes_its_row_first(made_up: Callable[..., DeviceTable], imce45: Technology) -> None:
    bit = ActionCost({"bit line": 10e-15}, 4e-9)
    selects = {
        "select write": ActionCost({"predecode": 1e-13, "buffer": 2e-13}, 1e-10),
        "select two rows": ActionCost({"predecode": 5e-13}, 3e-10),
    }
    array = SubArray(imce45, made_up({"read": bit, "write": bit, "AND": bit, **selects}))
    write, logic = array.operation("write", 64), array.operation("AND", 512)
    assert dict(write.parts) == pytest.approx({"row decoder": 3e-13, "bit line": 64 * 10e-15})
    assert write.latency == pytest.approx(4.1e-9)
    assert logic.energy == pytest.approx(5e-13 + 512 * 10e-15)
    assert logic.latency == pytest.approx(4.3e-9)
    assert array.operation("read", 1).parts["row decoder"] == 0  # not in this table


def test_blocks_come_from_the_table_or_else_from_its_gates(
    made_up: Callable[..., DeviceTable], imce45: Technology, table: DeviceTable
) -> None:
    whole = {
        "bit-counter": ActionCost({"full_adder": 3e-12}, 1e-9),
        "shifter": ActionCost({"mux2": 1e-13}, 2e-10),
        "sum": ActionCost({"full_adder": 1e-13, "d_flip_flop": 2e-13}, 2e-9),
    }
    known = SubArray(imce45, made_up(whole))
    assert known.bit_count(512).energy == pytest.approx(3e-12)
    assert known.bit_count(100).energy == pytest.approx(3e-12 * full_adders_to_count(100) / full_adders_to_count(512))
    assert known.shift(7) == ActionCost({"shifter": 1e-13}, 2e-10)
    assert known.accumulate(8).energy == pytest.approx(3e-13)
    composed = sub_array(table)
    assert composed.bit_count(7).energy == pytest.approx(4 * 1e-15)  # 4 adders count 7 bits
    assert composed.accumulate(8).energy == pytest.approx(8 * 2e-15)
    assert composed.accumulate(8).latency == pytest.approx(9e-10)


def test_a_block_that_is_not_in_the_table_is_the_sum_of_its_gates(table: DeviceTable) -> None:
    block = quantizer(2, 4)
    adders = block.gate_counts[FULL_ADDER]
    composed = sub_array(table)
    assert composed.block(block).energy == pytest.approx(adders * 1e-15)
    assert "composed" in composed.origin(block.name)
    assert composed.origin("AND") == "none"


def test_leakage_is_that_of_the_table_and_of_transistors_like_its_inverter(
    imce45: Technology, leaky: DeviceTable
) -> None:
    parts = SubArray(imce45, leaky).leakage_parts
    assert parts["row path"] == 2e-6
    assert parts["bit-counter"] == 5e-6
    per_metre = 1e-9 / (90e-9 + 180e-9)  # NMOS and PMOS of the smallest inverter
    driver = sum(transistor_widths(imce45, "write_driver", {"w": imce45.write.driver_width}))
    assert parts["write drivers"] == pytest.approx(512 * driver * per_metre)
    assert parts["shifter"] == 0  # not in this table
    assert SubArray(imce45, leaky).leakage == pytest.approx(sum(parts.values()))


def test_memory_and_what_computing_adds_are_the_whole_area(table: DeviceTable) -> None:
    array = sub_array(table)
    assert array.memory_area * (1 + sum(array.overhead_parts.values())) == pytest.approx(array.area)
    assert {"bit-counter", "shifter", "sum"} < set(array.overhead_parts)
    assert "cells" not in array.overhead_parts


def test_the_rectangle_holds_all_blocks_and_a_small_corner(table: DeviceTable) -> None:
    width, height = sub_array(table).size
    assert 1 < width * height / sub_array(table).area < 1.02


def test_area_is_the_sum_of_its_parts_and_grows_with_rows_and_columns(table: DeviceTable) -> None:
    base = sub_array(table)
    assert base.area == pytest.approx(sum(base.area_parts.values()))
    assert all(part > 0 for part in base.area_parts.values())
    assert sub_array(table, array__rows="512").area > base.area
    assert sub_array(table, array__columns="1024").area > base.area
    cells = sub_array(table, cell__area="0.14 um^2")
    assert cells.area_parts["cells"] == pytest.approx(256 * 512 * 0.14e-12)


def test_sense_amplifier_area_is_beside_the_drawn_one(table: DeviceTable) -> None:
    drawn = 2.37e-12  # m², drawn sense amplifier of OpenNVRAM on FreePDK45: another circuit, the same order
    assert 0.3 < sub_array(table).area_parts["sense amplifiers"] / 512 / drawn < 3
