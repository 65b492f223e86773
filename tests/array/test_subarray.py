"""Sub-array: adders of a bit-counter by their known count, areas and costs by their rules."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from spintronics.array import SubArray, full_adders_to_count
from spintronics.array.subarray import ACTIONS
from spintronics.characterize.device_table import ActionCost, DeviceTable, OperationFailed
from spintronics.circuits.blocks import quantizer
from spintronics.circuits.datapath import processing_blocks, sub_array_blocks
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
    assert array.operation("read", 1).parts["row decoder"] == 0  # made up so


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
    array = SubArray(imce45, leaky)
    parts = array.leakage_parts
    row_path = ("row decoder", "word line drivers", "second row decoder port")
    assert sum(parts[name] for name in row_path) == pytest.approx(2e-6)
    assert parts["bit-counter"] == 5e-6
    assert parts["result latches"] == pytest.approx(512 * 2 * 2e-9)
    per_metre = 1e-9 / (90e-9 + 180e-9)  # NMOS and PMOS of the smallest inverter
    driver = sum(transistor_widths(imce45, "write_driver", {"w": imce45.write.driver_width}))
    assert parts["write drivers"] == pytest.approx(512 * driver * per_metre)
    assert array.leakage == pytest.approx(sum(parts.values()))


def test_leakage_of_a_block_that_is_not_in_the_table_is_that_of_its_gates(
    imce45: Technology, leaky: DeviceTable
) -> None:
    _, shifter, accumulator = sub_array_blocks(512)
    adder, register, xor, nand, inverter = 5e-9, 6e-9, 3e-9, 2e-9, 1e-9
    parts = SubArray(imce45, leaky).leakage_parts
    assert parts["sum"] == pytest.approx(47 * adder + 48 * register + xor + nand + inverter)
    gates = {gate.netlist: n for gate, n in shifter.gate_counts.items()}
    assert parts["shifter"] == pytest.approx(gates["mux2"] * 4e-9 + gates["inverter"] * inverter)
    assert SubArray(imce45, leaky).block_leakage(accumulator) == parts["sum"]


def test_leakage_and_area_have_the_same_blocks_in_memory_and_computing(imce45: Technology, leaky: DeviceTable) -> None:
    array = SubArray(imce45, leaky)
    for use, parts in (("memory", array.memory_leakage_parts), ("compute", array.compute_leakage_parts)):
        assert set(parts) == {f.name for f in array.footprints if f.use == use and f.name != "cells"}
        assert all(watt > 0 for watt in parts.values())
    assert array.memory_leakage == pytest.approx(array.leakage - sum(array.compute_leakage_parts.values()))


def without(table: DeviceTable, *actions: str) -> DeviceTable:
    return replace(table, entries=tuple(e for e in table.entries if e.action not in actions))


@pytest.mark.parametrize("action", ACTIONS)
def test_a_table_that_lacks_an_action_is_refused(table: DeviceTable, action: str) -> None:
    with pytest.raises(OperationFailed, match=f"made up: no action '{action}'; .*; spintronics characterize "):
        sub_array(without(table, action))


def test_all_actions_that_lack_are_named_and_gates_where_a_block_is_composed_of_them(
    made_up: Callable[..., DeviceTable], imce45: Technology, table: DeviceTable
) -> None:
    with pytest.raises(OperationFailed, match="no action 'select write', 'nand2', 'full_adder'; there are"):
        sub_array(without(table, "nand2", "select write", "full_adder"))
    blocks = (*sub_array_blocks(512), *processing_blocks())
    whole = made_up({block.name: ActionCost({}, 1e-9) for block in blocks})
    gates = ("full_adder", "mux2", "d_flip_flop", "xor2", "nor2")
    assert SubArray(imce45, without(whole, *gates)).accumulate(8).latency == 1e-9
    with pytest.raises(OperationFailed, match="no action 'xor2', 'full_adder', 'd_flip_flop'; there are"):
        SubArray(imce45, without(whole, *gates, "sum"))


@pytest.mark.parametrize("action", ["inverter", "nand2", "row path at rest", "full_adder"])
def test_an_entry_without_leakage_is_refused(table: DeviceTable, action: str) -> None:
    entries = tuple(replace(e, leakage=None) if e.action == action else e for e in table.entries)
    with pytest.raises(OperationFailed, match=f"made up: {action}: leakage: missing"):
        sub_array(replace(table, entries=entries)).leakage  # noqa: B018


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
