"""Memory: capacities, organization, sums and composition; costs are made up, geometry is the technology's."""

from collections.abc import Callable

import pytest

from spintronics.array import Memory, SubArray, parse_capacity
from spintronics.characterize.device_table import ActionCost, DeviceTable
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
    assert memory(MIB + 1).floorplan.banks == 2
    assert memory(1).floorplan.placed == 4


@pytest.mark.parametrize("capacity", [1, MIB // 64, MIB, 5 * MIB, 64 * MIB])
def test_the_grid_of_every_level_holds_its_leaves_and_the_chip_is_no_smaller_than_its_blocks(
    memory: Made, capacity: int
) -> None:
    found = memory(capacity)
    width, height = found.floorplan.size
    holes = 1
    for _, columns, rows, _, _ in found.floorplan.levels:
        holes *= columns * rows
    assert holes >= found.floorplan.placed
    computed = sum(found.compute_area_parts.values())
    blocks = sum(a for name, a in found.area_parts.items() if name not in ("column multiplexers", "H-tree repeaters"))
    assert width * height == pytest.approx((blocks + computed) * holes / found.floorplan.placed)


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
    found = Memory(SubArray(imce45, leaky), MIB, 64)
    assert found.leakage_parts["row path"] == pytest.approx(64 * 2e-6)
    assert found.leakage_parts["H-tree repeaters"] > 0


@pytest.mark.parametrize("word", [0, -1, 513])
def test_a_word_that_is_no_part_of_a_row_is_refused(memory: Made, word: int) -> None:
    with pytest.raises(InputError, match=rf"word = {word} bits: must be from 1 to 512"):
        memory(word=word)
    with pytest.raises(InputError, match="capacity = 0 bits"):
        memory(0)
