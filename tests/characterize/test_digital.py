"""Gates, blocks and row path as entries of the device table."""

import re

import numpy as np
import pytest

from spintronics import cards
from spintronics.characterize.device_table import OK, DeviceTable, OperationFailed
from spintronics.characterize.digital import (
    DigitalFigures,
    digital_figures,
    random_data,
    select_cost,
    sub_array_data,
)
from spintronics.circuits.datapath import sub_array_blocks
from spintronics.circuits.row_bench import Activation
from spintronics.ngspice import Simulator
from spintronics.technology import Technology


def characterized(**keys: str) -> DigitalFigures:
    small = {"array.rows": "16", "array.columns": "32"} | {k.replace("__", "."): v for k, v in keys.items()}
    technology = Technology.load("imce45", small)
    return digital_figures(technology, cards.locate(technology), Simulator(), 2, seed=1)


@pytest.fixture(scope="module")
def nominal() -> DigitalFigures:
    return characterized()


def test_every_entry_has_its_cost_and_area(nominal: DigitalFigures) -> None:
    assert not nominal.failures
    table = DeviceTable.of(nominal.technology, nominal.entries)
    for entry in table.entries:
        assert entry.status == OK
        assert entry.cost is not None
        assert entry.area is not None
        assert entry.area > 0
        assert entry.unit
        if entry.action != "row path at rest":
            assert entry.cost.energy > 0
            assert 0 < entry.cost.latency < 5e-9
    assert DeviceTable.from_toml(table.to_toml()) == table


def test_row_entries_leave_the_word_line_to_the_operations(nominal: DigitalFigures) -> None:
    figures = nominal.rows[Activation.TWO_ROWS]
    cost = select_cost(figures)
    assert cost.energy + figures.cost.parts["word line"] == pytest.approx(figures.cost.energy, rel=1e-9, abs=0)
    assert cost.latency < figures.cost.latency


def test_latches_become_counts_shifts_and_sums(imce45: Technology) -> None:
    latches = np.random.default_rng(2).integers(0, 2, (9, 512))
    counter, shift, total = sub_array_blocks(imce45.array.columns)
    ones, shifts, sums = sub_array_data(latches)
    counts = latches.sum(axis=1)
    places = [0, 1, 1, 2, 0, 1, 1, 2, 0]
    assert counter.numbers(ones) == counts.tolist()
    assert shift.numbers(shifts) == [c << p for c, p in zip(counts.tolist(), places, strict=True)]
    assert total.numbers(sums) == np.cumsum(counts << np.array(places)).tolist()


def test_data_follow_the_seed(imce45: Technology) -> None:
    one, again, other = (random_data(imce45, seed) for seed in (1, 1, 2))
    for name in one:
        assert (one[name] == again[name]).all()
    assert (one["bit-counter"] != other["bit-counter"]).any()
    assert one["bit-counter"].mean() == pytest.approx(0.25, abs=0.01)


def test_what_fails_is_named_and_the_rest_is_there() -> None:
    starved = characterized(cmos__supply="0.5 V")  # the full adder is too slow for its period
    assert starved.failures["full_adder"].startswith("full_adder: ")
    assert re.match(r"needs (xor2|full_adder), which failed: (xor2|full_adder): ", starved.failures["sum"])
    table = DeviceTable.of(starved.technology, starved.entries)
    assert table.action("inverter").energy > 0
    with pytest.raises(OperationFailed, match="bit-counter: needs full_adder, which failed: full_adder: "):
        table.action("bit-counter")
    assert {e.action for e in table.failed} == set(starved.failures)
