"""Memory: capacities, organization, sums and composition; costs are made up, geometry is the technology's."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from math import ceil

import pytest

from spintronics.array import Memory, SubArray, parse_capacity
from spintronics.array.memory import LARGEST, grid
from spintronics.characterize.device_table import ActionCost, DeviceTable, OperationFailed
from spintronics.circuits.datapath import processing_blocks, sub_array_blocks
from spintronics.errors import InputError
from spintronics.technology import Technology

BIT = ActionCost({"word line": 1e-15, "bit line": 10e-15}, 5e-9)
SELECT = ActionCost({"predecode": 3e-13}, 2e-10)
GATE = ActionCost({"gate": 1e-15}, 1e-11)
COSTS = {
    **dict.fromkeys(("read", "write", "AND"), BIT),
    **dict.fromkeys(("full_adder", "mux2", "d_flip_flop", "inverter"), GATE),
    **dict.fromkeys(("select read", "select write", "select two rows"), SELECT),
}
MIB = 8 * 2**20
Made = Callable[..., Memory]


@pytest.fixture
def memory(imce45: Technology, made_up: Callable[..., DeviceTable]) -> Made:
    def made(capacity: int = MIB, word: int = 64) -> Memory:
        return Memory(SubArray(imce45, made_up(COSTS)), capacity, word)

    return made


@pytest.mark.parametrize(
    ("text", "bits"), [("1MB", 8 * 2**20), ("64 kB", 64 * 8192), ("1Gb", 2**30), ("16B", 128), ("2MiB", 2**24)]
)
def test_capacities(text: str, bits: int) -> None:
    assert parse_capacity(text) == bits


@pytest.mark.parametrize("text", ["", "1", "0MB", "-1MB", "1TB", "1.5MB", "MB"])
def test_what_is_no_capacity(text: str) -> None:
    with pytest.raises(InputError, match=r"capacity .* must be a whole number"):
        parse_capacity(text)


def test_a_mebibyte_is_one_bank_of_sixteen_mats_of_four_sub_arrays(memory: Made) -> None:
    plan = memory().floorplan
    assert (plan.banks, plan.mats, plan.placed) == (1, 16, 64)
    more = memory(MIB + 1).floorplan
    assert (more.banks, more.mats, more.placed) == (2, 17, 68)
    assert memory(64).floorplan.placed == 4


@pytest.mark.parametrize("capacity", [64, MIB // 64, MIB, 5 * MIB, 64 * MIB])
def test_the_grid_of_every_level_holds_its_leaves_and_the_chip_is_no_smaller_than_its_blocks(
    memory: Made, capacity: int
) -> None:
    found = memory(capacity)
    width, height = found.floorplan.size
    places = 1
    for _, columns, rows, _, _, filled in found.floorplan.levels:
        assert filled <= columns * rows
        places *= columns * rows
    assert places >= found.floorplan.placed
    computed = sum(found.compute_area_parts.values())
    blocks = sum(a for name, a in found.area_parts.items() if name not in ("column multiplexers", "H-tree repeaters"))
    assert width * height == pytest.approx((blocks + computed) * places / found.floorplan.placed)


def test_read_is_its_steps_in_series(memory: Made) -> None:
    found = memory()
    line = found.floorplan.line
    assert found.mux == 8
    assert found.address_bits == 17  # 2^20 bytes in words of 2^3
    assert found.read.latency == pytest.approx(2 * line.latency + 2e-10 + 5e-9 + 3 * 1e-11)
    assert found.read.energy == pytest.approx(
        (17 + 64) * line.energy + 3e-13 + 512 * 1e-15 + 64 * 10e-15 + 64 * 3 * 1e-15
    )
    assert found.write.latency == pytest.approx(line.latency + 2e-10 + 5e-9)
    assert found.logic("AND").energy == pytest.approx(2 * 17 * line.energy + 3e-13 + 512 * 11e-15)


def test_more_capacity_is_larger_slower_and_leaks_more(memory: Made) -> None:
    sizes = [memory(MIB * 4**n) for n in range(4)]
    for figure in (
        lambda m: sum(m.area_parts.values()),
        lambda m: m.read.latency,
        lambda m: m.read.energy,
        lambda m: m.write.energy,
        lambda m: m.wire_area,
    ):
        values = [figure(m) for m in sizes]
        assert values == sorted(values)
        assert values[0] < values[-1]


def test_a_wider_word_takes_more_energy_and_no_multiplexer_at_full_width(memory: Made) -> None:
    energies = [memory(word=word).read.energy for word in (8, 64, 512)]
    assert energies == sorted(energies)
    assert memory(word=512).read.parts["column multiplexer"] == 0


def test_leakage_is_that_of_all_sub_arrays(imce45: Technology, leaky: DeviceTable) -> None:
    array = SubArray(imce45, leaky)
    found = Memory(array, MIB, 64)
    parts = dict(found.leakage_parts)
    assert parts.pop("H-tree repeaters") > 0
    assert parts.pop("column multiplexers") == pytest.approx(64 * 64 * 7 * 4e-9)  # mux2: 4 nW; 8 columns a bit
    assert parts == pytest.approx({name: 64 * watt for name, watt in array.memory_leakage_parts.items()})
    assert sum(found.compute_leakage_parts.values()) == pytest.approx(64 * (array.leakage - array.memory_leakage))


def test_leakage_has_the_components_of_area_but_cells_and_corners(imce45: Technology, leaky: DeviceTable) -> None:
    found = Memory(SubArray(imce45, leaky), MIB, 64)
    assert set(found.area_parts) - set(found.leakage_parts) == {"cells", "corners"}
    assert set(found.leakage_parts) < set(found.area_parts)
    assert set(found.compute_leakage_parts) == set(found.compute_area_parts)


def test_every_mat_more_is_about_a_mat_larger_and_leaks_as_much_more(imce45: Technology, leaky: DeviceTable) -> None:
    mats = range(1, 70)
    sizes = [Memory(SubArray(imce45, leaky), n * MIB // 16, 64) for n in mats]
    assert [m.floorplan.placed for m in sizes] == [4 * n for n in mats]
    for figure in (lambda m: sum(m.area_parts.values()), lambda m: sum(m.leakage_parts.values())):
        values = [figure(m) for m in sizes]
        steps = [after - before for before, after in pairwise(values)]
        assert min(steps) > 0
        assert max(steps) < 3 * values[0]  # a bank is sixteen; its first mat brings a branch of the chip


@pytest.mark.parametrize("size", [(1.0, 1.0), (4.0, 1.0), (0.54, 0.41), (1.0, 30.0)])
def test_grid_is_the_best_of_all(size: tuple[float, float]) -> None:
    width, height = size
    for count in range(1, 200):
        every = ((n, ceil(count / n)) for n in range(1, count + 1))
        assert grid(count, *size) == min(every, key=lambda shape: shape[0] * width + shape[1] * height)


def test_the_largest_chip_is_laid_out_at_once(memory: Made) -> None:
    plan = memory(LARGEST).floorplan
    assert plan.placed == LARGEST // (256 * 512)
    assert plan.wire > 0


def test_a_memory_without_the_multiplexer_is_refused_where_it_needs_one(
    imce45: Technology, made_up: Callable[..., DeviceTable]
) -> None:
    blocks = (*sub_array_blocks(512), *processing_blocks())
    table = made_up({**COSTS, **{block.name: GATE for block in blocks}})
    array = SubArray(imce45, replace(table, entries=tuple(e for e in table.entries if e.action != "mux2")))
    assert Memory(array, MIB, 512).area_parts["column multiplexers"] == 0
    with pytest.raises(OperationFailed, match="no action 'mux2'"):
        Memory(array, MIB, 64)


@pytest.mark.parametrize("word", [0, -1, 513])
def test_a_word_that_is_no_part_of_a_row_is_refused(memory: Made, word: int) -> None:
    with pytest.raises(InputError, match=rf"word = {word} bits: must be from 1 to 512"):
        memory(word=word)
    with pytest.raises(InputError, match="capacity = 0 bits"):
        memory(0)
