"""Sub-array: adders of a bit-counter by their known count, areas and costs by their rules."""

import pytest

from spintronics.array import SubArray, full_adders_to_count
from spintronics.characterize.device_table import ActionCost, DeviceTable
from spintronics.technology import Technology


def made_up_table() -> DeviceTable:
    """Costs of round numbers, in no way realistic."""
    bit = ActionCost({"word line": 1e-15, "bit line": 10e-15}, 1e-9)
    gate = ActionCost({"gate": 1e-15}, 1e-10)
    return DeviceTable(bit, bit.repeated(2), bit.repeated(3), bit.repeated(3), gate, gate, gate)


def sub_array(**overrides: str) -> SubArray:
    return SubArray(Technology.load("imce45", {k.replace("__", "."): v for k, v in overrides.items()}), made_up_table())


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


def test_a_row_pays_its_word_line_whole_and_the_rest_per_bit() -> None:
    array = sub_array()
    cost = array.row(array.table.read, 100)
    assert cost.parts["word line"] == pytest.approx(array.columns * 1e-15)
    assert cost.parts["bit line"] == pytest.approx(100 * 10e-15)


def test_area_is_the_sum_of_its_parts_and_grows_with_rows_and_columns() -> None:
    base = sub_array()
    assert base.area == pytest.approx(sum(base.area_parts.values()))
    assert all(part > 0 for part in base.area_parts.values())
    assert sub_array(array__rows="512").area > base.area
    assert sub_array(array__columns="1024").area > base.area
    cells = sub_array(cell__area="0.14 um^2")
    assert cells.area_parts["cells"] == pytest.approx(256 * 512 * 0.14e-12)


def test_sense_amplifier_area_is_beside_the_drawn_one() -> None:
    drawn = 2.37e-12  # m², drawn sense amplifier of OpenNVRAM on FreePDK45: another circuit, the same order
    assert 0.3 < sub_array().area_parts["sense amplifiers"] / 512 / drawn < 3
