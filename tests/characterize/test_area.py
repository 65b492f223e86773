"""Area by block: the rule by hand, sums, and figures of other tools beside ours."""

import pytest

from spintronics.characterize.area import (
    CELL_RANGE,
    FEATURE,
    area_overhead,
    block_area,
    cell_size,
    footprints,
    transistor_area,
)
from spintronics.circuits.blocks import accumulator, bit_counter
from spintronics.circuits.datapath import sub_array_blocks
from spintronics.technology import Technology


def test_area_of_an_inverter_by_hand(imce45: Technology) -> None:
    assert transistor_area(imce45, "inverter", w=90e-9, copies=1) == pytest.approx(
        190e-9 * (90 + 180 + 2 * 240) * 1e-9, rel=1e-9, abs=0
    )


def test_a_block_is_its_gates(imce45: Technology) -> None:
    adder, register = (transistor_area(imce45, name, w=90e-9) for name in ("full_adder", "d_flip_flop"))
    assert block_area(imce45, bit_counter(7)) == pytest.approx(4 * adder, rel=1e-9, abs=0)
    assert block_area(imce45, accumulator(9)) - block_area(imce45, accumulator(8)) == pytest.approx(
        adder + register, rel=1e-9, abs=0
    )


def test_a_cell_has_its_area_and_aspect(imce45: Technology) -> None:
    width, height = cell_size(imce45)
    assert width * height == pytest.approx(0.372e-12, rel=1e-9, abs=0)
    assert width / height == pytest.approx(2.7, rel=1e-9, abs=0)


def test_every_block_has_its_size_and_rule(imce45: Technology) -> None:
    found = footprints(imce45, sub_array_blocks(imce45.array.columns))
    assert len({f.name for f in found}) == len(found)
    for f in found:
        assert f.area > 0
        assert f.width * f.height == pytest.approx(f.area, rel=1e-9, abs=0)
        assert f.rule
    cells = found[0]
    assert cells.area_f2 / (256 * 512) == pytest.approx(184, rel=0.01, abs=0)
    assert {f.height for f in found if f.name in ("row decoder", "word line drivers")} == {cells.height}


def test_overhead_is_the_area_that_memory_alone_has_not(imce45: Technology) -> None:
    found = footprints(imce45, sub_array_blocks(imce45.array.columns))
    with_compute, memory = sum(f.area for f in found), sum(f.area for f in found if f.use == "memory")
    overhead = area_overhead(found)
    assert overhead.overhead == pytest.approx(with_compute / memory - 1, rel=1e-9, abs=0)
    assert sum(overhead.by_block.values()) == pytest.approx(overhead.overhead, rel=1e-9, abs=0)
    assert "cells" not in overhead.by_block
    assert overhead.by_block["bit-counter"] == max(overhead.by_block.values())


def test_overhead_falls_with_a_larger_cell() -> None:
    overheads = []
    for f2 in CELL_RANGE:
        t = Technology.load("imce45", {"cell.area": f"{f2 * FEATURE**2 * 1e12} um^2"})
        overheads.append(area_overhead(footprints(t, sub_array_blocks(t.array.columns))).overhead)
    assert overheads[0] > 2 * overheads[1] > 0


def test_row_decoder_beside_nvsim(imce45: Technology) -> None:
    nvsim = 1870e-12  # m², row decoder with its drivers of the 256 × 512 mat at 45 nm; one word line a row, ours two
    area = {f.name: f.area for f in footprints(imce45, sub_array_blocks(imce45.array.columns))}
    assert 0.5 < (area["row decoder"] + area["word line drivers"]) / nvsim < 2


def test_the_second_port_is_smaller_than_the_first_with_write(imce45: Technology) -> None:
    area = {f.name: f.area for f in footprints(imce45, sub_array_blocks(imce45.array.columns))}
    assert 0.2 * area["row decoder"] < area["second row decoder port"] < area["row decoder"]
