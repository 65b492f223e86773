"""Worst patterns around a read: truth tables hold, and margins move as the wires say."""

import numpy as np
import pytest

from spintronics import cards
from spintronics.characterize.device_table import OK
from spintronics.characterize.operations import sense
from spintronics.characterize.read_patterns import PatternMargin, pattern_margins, source_line_rise, worst_pattern
from spintronics.circuits.read_bench import NOMINAL, Surroundings
from spintronics.circuits.sense_path import Operation
from spintronics.ngspice import Simulator
from spintronics.technology import Technology

FAR, ALL_AP = Surroundings(0, "far", False), Surroundings(1)


@pytest.fixture(scope="module")
def technology() -> Technology:
    return Technology.load("imce45")


@pytest.fixture(scope="module")
def margins(technology: Technology) -> list[PatternMargin]:
    return pattern_margins(technology, cards.locate(technology), Simulator(), 2, (NOMINAL, FAR, ALL_AP))


def test_truth_tables_hold_in_every_pattern(margins: list[PatternMargin]) -> None:
    assert {(m.operation, m.status) for m in margins} == {(op, OK) for op in ("read", "AND", "OR", "XOR")}
    assert all(m.energy is not None and m.developed > 0 for m in margins)


def test_cells_at_the_far_end_lose_half_the_lines_drop(technology: Technology, margins: list[PatternMargin]) -> None:
    """The wire from middle to end, at the read current, adds to the bit line and not to the reference."""
    array = technology.array
    drop = technology.sense.current * array.rows / 2 * array.bit_line_resistance
    for operation in ("AND", "OR"):
        nominal, worst = worst_pattern(margins, operation)
        assert worst.around == FAR
        assert nominal.around == NOMINAL
        assert nominal.developed - worst.developed == pytest.approx(drop, rel=0.05, abs=0)


def test_the_unselected_rows_bits_do_not_matter(margins: list[PatternMargin]) -> None:
    """An off transistor's gigaohms stand before either junction."""
    by = {(m.operation, m.around): m.developed for m in margins}
    for operation in ("read", "AND", "OR"):
        assert by[operation, ALL_AP] == pytest.approx(by[operation, NOMINAL], abs=5e-6)


def test_leakage_of_the_unselected_rows_is_seen(technology: Technology) -> None:
    """At 125 °C a read of AP ends lower beside 256 rows than beside 8, on a line without wire and given time."""
    wire = {"array.bit_line_resistance": 0.0, "array.bit_line_capacitance": 0.0}
    hot = technology.with_values({"cmos.temperature": 398.15, "sense.read_develop_time": 30e-9, **wire})
    few, many = (
        sense(t, cards.locate(t), Simulator(), Operation.READ, (1,)).developed
        for t in (hot.with_values({"array.rows": 8}), hot)
    )
    assert many < few - 1e-3


def test_source_line_rise_against_the_ladder() -> None:
    """Node by node: n cells between two straps, the same current into each node."""
    for cells in (17, 63):
        conductance = (np.diag(np.full(cells, 2.0)) - np.eye(cells, k=1) - np.eye(cells, k=-1)) / 2.46
        ladder = np.linalg.solve(conductance, np.full(cells, 10e-6)).max()
        assert source_line_rise(10e-6, 2.46, cells + 1) == pytest.approx(ladder, rel=1e-9, abs=0)
