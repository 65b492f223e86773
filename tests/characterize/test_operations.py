"""Operations in ngspice: truth tables, and energies against what currents and times give by hand."""

import re
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from spintronics import cards
from spintronics.characterize import operations, writing
from spintronics.characterize.device_table import OK, ActionCost, DeviceTable, OperationFailed, equally_likely
from spintronics.circuits.read_bench import DECIDE, NOMINAL, START, ReadBench, Surroundings
from spintronics.circuits.sense_path import Operation
from spintronics.circuits.xor_bench import XorBench
from spintronics.ngspice import NgspiceError, Simulator
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
    return operations.operations(
        technology, cards.locate(technology), Simulator(), dict(enumerate(voltages)), workers=2
    )


def test_every_operation_gives_its_truth_table(results: list[operations.OperationResult]) -> None:
    table = {(r.operation, r.inputs): r.result for r in results}
    expected = {(op, str(b)): str(b) for op in ("write", "read") for b in (0, 1)}
    for a, b in product((0, 1), repeat=2):
        bits = {"AND": a & b, "NAND": 1 - (a & b), "OR": a | b, "NOR": 1 - (a | b), "XOR": a ^ b}
        expected |= {(operation, f"{a}{b}"): str(bit) for operation, bit in bits.items()}
    assert table == expected
    assert {r.status for r in results} == {OK}


def test_both_outputs_of_the_latch_stand_at_opposite_rails(
    technology: Technology, results: list[operations.OperationResult]
) -> None:
    for r in results:
        if r.operation in ("AND", "OR"):
            at = START + technology.sense.logic_develop_time + DECIDE
            out, outb = (float(np.interp(at, r.waves.x, r.waves[f"v({n})"])) for n in ("out", "outb"))
            assert out + outb == pytest.approx(technology.cmos.supply, abs=0.01)
            assert abs(out - outb) > 0.98 * technology.cmos.supply


def test_exclusive_or_is_two_sense_steps_and_a_gate(
    technology: Technology, results: list[operations.OperationResult]
) -> None:
    """Composed of OR, AND and the gate's own energy; the lines, charged once, make it a little less."""
    cost = {(r.operation, r.inputs): r.cost for r in results if r.cost}
    for inputs in ("00", "01", "10", "11"):
        gate = ActionCost({"exclusive or": cost["XOR", inputs].parts["exclusive or"]}, DECIDE - 80e-12)
        composed = cost["OR", inputs].then(cost["AND", inputs]).then(gate)
        assert 0.95 < cost["XOR", inputs].energy / composed.energy < 1
        assert cost["XOR", inputs].latency == pytest.approx(composed.latency, rel=0.02, abs=0)


def test_a_step_waits_for_the_reset_before_it(technology: Technology) -> None:
    """The second decision starts from a latch at VDD on both sides, the first one held in the D latch."""
    bench = XorBench(technology, cards.locate(technology), (0, 0))
    waves = Simulator().run(bench.deck().text())
    before = bench.clock_times[1] - 10e-12
    levels = [float(np.interp(before, waves.x, waves[f"v({n})"])) for n in ("out", "outb", "nor")]
    assert levels == pytest.approx([1, 1, 1], abs=0.02)


def test_energies_are_positive_and_their_parts_sum(results: list[operations.OperationResult]) -> None:
    for r in results:
        assert r.cost is not None
        assert r.cost.energy == pytest.approx(sum(r.cost.parts.values()), rel=1e-9, abs=0)
        assert all(np.isfinite(part) and part >= 0 for part in r.cost.parts.values())


def test_line_energy_is_supply_times_read_current_times_time(
    technology: Technology, results: list[operations.OperationResult]
) -> None:
    for r in results:
        if r.operation in ("read", "AND", "OR"):
            by_hand = technology.cmos.supply * technology.sense.current * (develop_time(technology, r) + DECIDE)
            # The mirror's finite output resistance and switching edges leave a few per cent.
            assert r.cost.parts["bit line"] == pytest.approx(by_hand, rel=0.08, abs=0)
            assert r.cost.parts["reference"] == pytest.approx(by_hand, rel=0.08, abs=0)


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


def test_command_sources_are_paid_for(technology: Technology) -> None:
    """A line's energy is its supply's and that of the source in front of its driver: about C V² of its gates."""
    bench = ReadBench(technology, cards.locate(technology), Operation.AND, (0, 1))
    waves = Simulator().run(bench.deck().text())
    row = operations.latch_results(bench, waves)[0]
    assert row.cost is not None
    clock = operations.energy(waves, "clock", level=technology.cmos.supply)
    command = operations.command_energy(waves, "clk_b_command")
    assert row.cost.parts["clock"] == clock + command
    assert 0.02e-15 < command < 1e-15


def test_a_margin_too_small_fails_alone_and_says_why(technology: Technology) -> None:
    """A TMR of 0.1 % leaves microvolts: AND and OR fail on some input; what fails is not costed, the rest is."""
    weak = technology.with_values({"junction.tmr": 0.001})
    found = operations.sensed(weak, cards.locate(weak), Simulator(), Surroundings(place="far"), workers=2)
    failed = [r for r in found if r.status != OK]
    assert 0 < len(failed) < len(found)
    for r in failed:
        assert r.cost is None
        assert re.match(rf"(no decision|result {1 - int(r.expected)}), expected {r.expected}; -?\d", r.status)
    table = DeviceTable.of(weak, map(operations.entry, found))
    assert len(table.failed) == len(failed)
    with pytest.raises(OperationFailed, match=f"{failed[0].operation} {failed[0].inputs}: "):
        table.action(failed[0].operation)


def test_a_latch_that_does_not_resolve_in_its_window_gives_no_result(technology: Technology) -> None:
    """At 0.45 V the latch is too slow: both outputs still stand where reset put them, which is no '1'."""
    slow = technology.with_values({"cmos.supply": 0.45})
    bench = ReadBench(slow, cards.locate(slow), Operation.AND, (1, 1))
    for r in operations.latch_results(bench, Simulator().run(bench.deck().text())):
        assert (r.result, r.cost) == ("?", None)
        assert r.status.startswith(f"no decision, expected {r.expected}; ")


def test_a_develop_time_of_nothing_is_a_failed_operation(technology: Technology) -> None:
    hasty = technology.with_values({"sense.logic_develop_time": 50e-12, "sense.read_develop_time": 50e-12})
    found = operations.sensed(hasty, cards.locate(hasty), Simulator(), NOMINAL, workers=2)
    failed = [r for r in found if r.status != OK]
    assert failed
    assert all("develop_time, sense.current or junction.tmr" in r.status for r in failed)
    assert all(np.isfinite(r.cost.latency) for r in found if r.cost)


def test_what_the_simulator_refuses_is_a_status_of_that_operation(technology: Technology) -> None:
    """No such transistor model: every deck fails, none stops the others."""
    broken = replace(cards.locate(technology), nmos="no_such_model")
    found = operations.operations(technology, broken, Simulator(), {0: 0.26, 1: 0.27}, workers=2)
    assert len(found) == 2 + 2 + 5 * 4
    for r in found:
        assert (r.result, r.cost, len(r.waves)) == ("?", None, 0)
        assert r.status.startswith("ngspice: ")
    one = operations.truth_table(technology, broken, Simulator(), Operation.AND, (1, 1))
    assert (one.operation, one.expected, one.cost) == ("AND", "1", None)
    with pytest.raises(NgspiceError):
        operations.sense(technology, broken, Simulator(), Operation.AND, (1, 1))


@pytest.mark.parametrize(
    "values",
    [
        {"cmos.supply": 0.9, "cmos.corner": "ss", "cmos.temperature": 233.15},
        {"cmos.supply": 1.1, "cmos.corner": "ff", "cmos.temperature": 398.15},
    ],
    ids=["slow and cold", "fast and hot"],
)
def test_truth_tables_hold_in_extreme_corners(technology: Technology, values: dict[str, str | float]) -> None:
    corner = technology.with_values(values)
    found = operations.sensed(corner, cards.locate(corner), Simulator(), NOMINAL, workers=2)
    assert {r.status for r in found} == {OK}


def test_truth_tables_hold_with_a_users_pdk(freepdk45: Path) -> None:
    t = Technology.load(
        "imce45", {"cmos.cards": str(freepdk45), "cmos.nmos": "NMOS_VTG", "cmos.pmos": "PMOS_VTG", "cmos.corner": "ss"}
    )
    found = operations.sensed(t, cards.locate(t), Simulator(), NOMINAL, workers=2)
    assert {r.status for r in found} == {OK}


def test_a_write_pulse_too_short_is_reported_and_not_costed(voltages: tuple[float, float]) -> None:
    hasty = Technology.load("imce45", {"write.pulse_width": "0.3 ns"})
    result = operations.write(hasty, cards.locate(hasty), Simulator(), 1, voltages[1])
    assert (result.result, result.cost) == ("0", None)
    assert result.status.startswith("result 0, expected 1; ")


def test_a_write_without_a_supply_says_why_and_the_other_goes_on(
    technology: Technology, voltages: tuple[float, float]
) -> None:
    supplies: dict[int, float | str] = {0: "1.5 V drives only 30 µA", 1: voltages[1]}
    zero, one = operations.written(technology, cards.locate(technology), Simulator(), supplies, workers=2)
    assert (zero.inputs, zero.result, zero.cost, zero.status) == ("0", "?", None, "1.5 V drives only 30 µA")
    assert (one.inputs, one.result, one.status) == ("1", "1", OK)


def test_what_rests_on_an_undeveloped_decision_is_refused_with_it(results: list[operations.OperationResult]) -> None:
    found = operations.refused(results, {"OR": "too early"})
    assert {r.operation for r in found if r.status == "too early"} == {"OR", "NOR", "XOR"}
    assert all((r.cost is None) == (r.status != OK) for r in found)
    unsolved = [replace(r, waves=operations.NO_WAVES, status="ngspice: no convergence") for r in results]
    assert operations.refused(unsolved, {"OR": "too early"}) == unsolved


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
