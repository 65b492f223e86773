"""Operations in ngspice: truth tables, and energies against what currents and times give by hand."""

from itertools import product

import numpy as np
import pytest

from spintronics import cards
from spintronics.characterize import operations, writing
from spintronics.characterize.device_table import ActionCost, OperationFailed, equally_likely
from spintronics.circuits.read_bench import DECIDE
from spintronics.circuits.sense_path import Operation
from spintronics.ngspice import Simulator
from spintronics.technology import Technology


def develop_time(technology: Technology, result: operations.OperationResult) -> float:
    sense = technology.sense
    return sense.read_develop_time if result.operation == "read" else sense.logic_develop_time


@pytest.fixture(scope="module")
def technology() -> Technology:
    return Technology.load("imce45")


@pytest.fixture(scope="module")
def voltages(technology: Technology) -> tuple[float, float]:
    wanted = np.array([technology.write.current])
    zero, one = (
        float(writing.write_voltages(technology, cards.locate(technology), Simulator(), bit, wanted)[0])
        for bit in (0, 1)
    )
    return zero, one


@pytest.fixture(scope="module")
def results(technology: Technology, voltages: tuple[float, float]) -> list[operations.OperationResult]:
    return operations.operations(technology, cards.locate(technology), Simulator(), voltages, workers=2)


def test_every_operation_gives_its_truth_table(results: list[operations.OperationResult]) -> None:
    table = {(r.operation, r.inputs): r.result for r in results}
    expected = {(op, str(b)): str(b) for op in ("write", "read") for b in (0, 1)}
    for a, b in product((0, 1), repeat=2):
        expected["AND", f"{a}{b}"] = str(a & b)
        expected["OR", f"{a}{b}"] = str(a | b)
    assert table == expected


def test_energies_are_positive_and_their_parts_sum(results: list[operations.OperationResult]) -> None:
    for r in results:
        assert r.cost.energy == pytest.approx(sum(r.cost.parts.values()))
        assert all(np.isfinite(part) and part >= 0 for part in r.cost.parts.values())


def test_line_energy_is_supply_times_read_current_times_time(
    technology: Technology, results: list[operations.OperationResult]
) -> None:
    for r in results:
        if r.operation in ("read", "AND", "OR"):
            by_hand = technology.cmos.supply * technology.sense.current * (develop_time(technology, r) + DECIDE)
            # The mirror's finite output resistance and switching edges leave a few per cent.
            assert r.cost.parts["bit line"] == pytest.approx(by_hand, rel=0.08)
            assert r.cost.parts["reference"] == pytest.approx(by_hand, rel=0.08)


def test_write_energy_is_voltage_times_current_times_pulse(
    technology: Technology, voltages: tuple[float, float], results: list[operations.OperationResult]
) -> None:
    one = next(r for r in results if (r.operation, r.inputs) == ("write", "1"))
    by_hand = voltages[1] * technology.write.current * technology.write.pulse_width
    assert 1.0 < one.cost.parts["write supply"] / by_hand < 1.25  # edges, and leakage of the half-selected rows


def test_latency_is_the_develop_time_and_a_fast_decision(
    technology: Technology, results: list[operations.OperationResult]
) -> None:
    for r in results:
        if r.operation in ("read", "AND", "OR"):
            assert 10e-12 < r.cost.latency - develop_time(technology, r) < 100e-12


def test_a_write_pulse_too_short_is_reported_and_not_costed(voltages: tuple[float, float]) -> None:
    hasty = Technology.load("imce45", {"write.pulse_width": "0.3 ns"})
    result = operations.write(hasty, cards.locate(hasty), Simulator(), 1, voltages[1])
    assert result.result == "0"
    with pytest.raises(OperationFailed, match="write of 1: result 0, expected 1"):
        operations.require_right([result])


def test_and_of_three_cells_takes_the_bits_in_any_order(technology: Technology) -> None:
    for stored, wanted in (((1, 1, 1), "1"), ((1, 0, 1), "0"), ((0, 0, 0), "0")):
        found = operations.sense(technology, cards.locate(technology), Simulator(), Operation.AND, stored)
        assert found.result == wanted


def test_margin_left_to_develop_falls_exponentially_with_time() -> None:
    """Lines that charge through their cells: what is missing at t is squared, or less, at 2t."""
    missing = []
    for nanoseconds in (2, 4, 40):
        slow = Technology.load("imce45", {"sense.logic_develop_time": f"{nanoseconds} ns"})
        missing.append(operations.sense(slow, cards.locate(slow), Simulator(), Operation.AND, (1, 1)).developed)
    left = [1 - developed / missing[2] for developed in missing[:2]]
    assert 0 < left[1] < left[0] ** 2 < 0.5


def test_crossing_of_a_sine() -> None:
    time = np.linspace(0, 1, 1001)
    wave = np.sin(2 * np.pi * time)
    assert operations.crossing(time, wave, 0.5, 0.0) == pytest.approx(1 / 12, abs=1e-5)
    assert operations.crossing(time, wave, 0.5, 0.1) == pytest.approx(5 / 12, abs=1e-5)
    assert np.isnan(operations.crossing(time, wave, 2.0, 0.0))


def test_costs_compose_in_series_in_parallel_and_repeated() -> None:
    a, b = ActionCost({"x": 1.0, "y": 2.0}, 3.0), ActionCost({"y": 4.0}, 5.0)
    assert (dict(a.then(b).parts), a.then(b).latency) == ({"x": 1.0, "y": 6.0}, 8.0)
    assert (a.beside(b).energy, a.beside(b).latency) == (7.0, 5.0)
    assert (a.repeated(4).energy, a.repeated(4).latency) == (12.0, 12.0)
    assert (equally_likely([a, b]).energy, equally_likely([a, b]).latency) == (3.5, 5.0)
