"""Other sizes of a sub-array: what stays, what grows, and that a sweep goes through."""

from collections.abc import Callable

import pytest

from spintronics.array import SubArray, resized, sweep
from spintronics.array.subarray import full_adders_to_count
from spintronics.cards import locate
from spintronics.characterize import operations
from spintronics.characterize.device_table import ActionCost, DeviceTable
from spintronics.circuits.sense_path import Operation
from spintronics.errors import InputError
from spintronics.ngspice import Simulator
from spintronics.technology import Technology


@pytest.fixture(scope="module")
def sub_array(imce45: Technology, made_up: Callable[..., DeviceTable]) -> SubArray:
    read = ActionCost({"word line": 1e-15, "bit line": 80e-15, "clock": 3e-15}, 8.1e-9)
    logic = ActionCost({"word line": 2e-15, "bit line": 40e-15, "clock": 3e-15}, 4.1e-9)
    write = ActionCost({"word line": 1e-15, "write supply": 100e-15}, 2.6e-9)
    gate = ActionCost({"gate": 1e-15}, 1e-10)
    gates = dict.fromkeys(("full_adder", "mux2", "d_flip_flop"), gate)
    return SubArray(imce45, made_up({"read": read, "AND": logic, "write": write, **gates, "bit-counter": gate}))


def test_its_own_size_is_itself(sub_array: SubArray) -> None:
    assert resized(sub_array, 256, 512) is sub_array


def test_twice_the_rows_take_twice_as_long_to_develop(sub_array: SubArray) -> None:
    taller, sense = resized(sub_array, 512, 512), sub_array.technology.sense
    read, logic, write = (taller.table.action(name) for name in ("read", "AND", "write"))
    assert read.latency == pytest.approx(8.1e-9 + sense.read_develop_time)
    assert logic.latency == pytest.approx(4.1e-9 + sense.logic_develop_time)
    held = sense.current * 1.0 * sense.read_develop_time  # at the supply of 1 V
    assert dict(read.parts) == pytest.approx({"word line": 1e-15, "bit line": 80e-15 + held, "clock": 3e-15})
    assert write == sub_array.table.action("write")
    assert taller.area_parts["cells"] == pytest.approx(2 * sub_array.area_parts["cells"])


def test_twice_the_columns_leave_a_column_as_it_was_and_count_more(sub_array: SubArray) -> None:
    wider = resized(sub_array, 256, 1024)
    assert wider.table.action("AND") == sub_array.table.action("AND")
    ratio = wider.bit_count(1024).energy / sub_array.bit_count(512).energy
    assert ratio == pytest.approx(full_adders_to_count(1024) / full_adders_to_count(512))


def test_sweep_is_monotone(sub_array: SubArray) -> None:
    sizes = (64, 128, 256, 512)
    by_rows = sweep(sub_array, sizes, (512,))
    by_columns = sweep(sub_array, (256,), sizes)
    for points, grows, falls in (
        (by_rows, ("read_energy", "and_energy", "read_latency", "and_latency", "leakage"), ("overhead",)),
        (by_columns, ("leakage",), ("area_per_bit",)),
    ):
        for name in (*grows, *falls):
            values = [getattr(p, name) for p in points]
            assert values == sorted(values, reverse=name in falls), name
    assert [(p.rows, p.columns) for p in by_rows] == [(rows, 512) for rows in sizes]


def test_scaled_costs_are_those_that_ngspice_finds_with_half_the_rows(
    imce45: Technology, made_up: Callable[..., DeviceTable]
) -> None:
    def sensed(technology: Technology) -> operations.OperationResult:
        return operations.sense(technology, locate(technology), Simulator(), Operation.AND, (0, 1))

    less = imce45.with_values({"array.rows": 128, "sense.logic_develop_time": imce45.sense.logic_develop_time / 2})
    found, half = sensed(imce45), sensed(less)
    assert found.cost is not None
    scaled = resized(SubArray(imce45, made_up({"AND": found.cost})), 128, 512).table.action("AND")
    assert half.cost is not None
    assert scaled.energy == pytest.approx(half.cost.energy, rel=0.02)
    assert scaled.latency == pytest.approx(half.cost.latency, rel=0.02)
    assert half.developed == pytest.approx(found.developed, rel=0.03)  # the same margin: it is the same operation


@pytest.mark.parametrize("size", [(2, 512), (0, 512), (256, 0), (256, 1), (256, 10**12), (-1, 5)])
def test_sizes_that_are_none_are_refused(sub_array: SubArray, size: tuple[int, int]) -> None:
    with pytest.raises(InputError, match=r"array\.(rows|columns) = "):
        resized(sub_array, *size)
