"""Sense path against ideal resistors, an independent root solve, and the full cell with its Verilog-A junction."""

import re

import numpy as np
import pytest
from scipy.optimize import brentq

from spintronics import cards
from spintronics.circuits.library import Deck, free_layer, new_circuit, transistors
from spintronics.circuits.mismatch import Mismatch
from spintronics.circuits.sense_path import (
    Operation,
    SensePath,
    branch_resistance,
    operations_of,
    reference_resistance,
    state_name,
)
from spintronics.errors import InputError
from spintronics.ngspice import Simulator
from spintronics.technology import Technology

IDEAL = (
    ".subckt {name} drain gate source bulk w=1 l=1 copies=1\n"
    "b1 drain source i=v(drain,source)*(v(gate) > 0.5 ? 1e4 : 1e-15)\n.ends {name}"
)
CONSTANT_TMR = {"junction.half_tmr_voltage": "1e9 V"}


def with_ideal_switches(technology: Technology, text: str) -> str:
    """The deck with every transistor replaced by a switch: 0.1 mΩ where its gate is high, open else."""
    real = transistors(technology, cards.locate(technology))
    assert real in text
    return text.replace(real, "\n".join(IDEAL.format(name=name) for name in ("nfet", "pfet")))


def closed_form(technology: Technology, r_p: np.ndarray, tmr: np.ndarray, antiparallel: int) -> np.ndarray:
    """Voltage of resistors in parallel behind half a bit line, by hand; TMR constant."""
    r_mtj = np.array(r_p)
    if antiparallel:
        r_mtj[:, -antiparallel:] *= 1 + tmr[:, -antiparallel:]
    cells = 1 / (1 / (r_mtj + technology.heavy_metal.resistance / 2)).sum(axis=1)
    return technology.sense.current * (cells + technology.array.rows / 2 * technology.array.bit_line_resistance)


@pytest.mark.parametrize("fan_in", [1, 2, 3])
def test_trials_of_ideal_switches_are_resistors_in_parallel(fan_in: int) -> None:
    technology = Technology.load("imce45", CONSTANT_TMR)
    random = np.random.default_rng(fan_in)
    r_p = technology.junction.r_p * random.normal(1, 0.05, (41, fan_in))
    tmr = technology.junction.tmr * random.normal(1, 0.10, (41, fan_in))
    path = SensePath(technology, cards.locate(technology), fan_in)
    waves = Simulator().run(with_ideal_switches(technology, path.trials(r_p, tmr).text()))
    for antiparallel in range(fan_in + 1):
        expected = closed_form(technology, r_p, tmr, antiparallel)
        assert path.sense_voltages(waves, len(r_p), antiparallel) == pytest.approx(expected, rel=2e-7)


@pytest.mark.parametrize("trials", [1, 2, 3, 41])
def test_every_trial_gets_its_own_voltage_whatever_their_number(trials: int) -> None:
    technology = Technology.load("imce45", CONSTANT_TMR)
    random = np.random.default_rng(trials)
    r_p = technology.junction.r_p * random.normal(1, 0.05, (trials, 2))
    tmr = technology.junction.tmr * random.normal(1, 0.10, (trials, 2))
    path = SensePath(technology, cards.locate(technology), 2)
    waves = Simulator().run(with_ideal_switches(technology, path.trials(r_p, tmr, (1,)).text()))
    found = path.sense_voltages(waves, trials, 1)
    assert found == pytest.approx(closed_form(technology, r_p, tmr, 1), rel=2e-7)


def test_tmr_falls_with_the_voltage_across_each_junction() -> None:
    technology = Technology.load("imce45")
    deck = SensePath(technology, cards.locate(technology), 1).nominal(Operation.READ)
    found = float(Simulator().run(with_ideal_switches(technology, deck.text()))["v(bl1)"][0])
    i, j = technology.sense.current, technology.junction

    def excess(v: float) -> float:
        return v - i * (j.ra / j.area) * (1 + j.tmr / (1 + (v / j.half_tmr_voltage) ** 2))

    v_junction = brentq(excess, 0.0, 1.0, xtol=1e-15)
    series = technology.heavy_metal.resistance / 2 + technology.array.rows / 2 * technology.array.bit_line_resistance
    assert found == pytest.approx(v_junction + i * series, rel=1e-6)


def test_reference_of_ideal_switches_lies_midway() -> None:
    technology = Technology.load("imce45", CONSTANT_TMR)
    for operation, fan_in in ((Operation.READ, 1), (Operation.OR, 2), (Operation.AND, 2), (Operation.AND, 3)):
        deck = SensePath(technology, cards.locate(technology), fan_in).nominal(operation)
        waves = Simulator().run(with_ideal_switches(technology, deck.text()))
        low, high = (float(waves[f"v(bl{n})"][0]) for n in operation.boundary(fan_in))
        assert float(waves["v(ref)"][0]) == pytest.approx((low + high) / 2, rel=1e-6)


def test_reference_resistances_without_bias_are_the_midpoints_of_the_slides() -> None:
    technology = Technology.load("imce45", CONSTANT_TMR)
    half = technology.heavy_metal.resistance / 2
    p, ap = technology.junction.r_p + half, technology.junction.r_ap() + half
    assert reference_resistance(technology, Operation.READ, 1) == pytest.approx((p + ap) / 2)
    assert reference_resistance(technology, Operation.OR, 2) == pytest.approx((p / 2 + p * ap / (p + ap)) / 2)
    assert reference_resistance(technology, Operation.AND, 2) == pytest.approx((p * ap / (p + ap) + ap / 2) / 2)


def test_branch_resistance_at_bias_satisfies_kirchhoff() -> None:
    technology = Technology.load("imce45")
    j, half, current = technology.junction, technology.heavy_metal.resistance / 2, 40e-6
    voltage = current * branch_resistance(j, technology.heavy_metal, 1, 2, current)

    def cell(antiparallel: bool) -> float:
        def excess(i: float) -> float:
            v = voltage - i * half
            return i - v / (j.r_ap(v) if antiparallel else j.r_p)

        return float(brentq(excess, 0.0, current, xtol=1e-18))

    assert cell(False) + 2 * cell(True) == pytest.approx(current, rel=1e-9)


@pytest.mark.parametrize(("bit", "state"), [(0, 1.0), (1, -1.0)])
def test_sense_cell_is_the_full_cell_with_its_verilog_a_junction(bit: int, state: float) -> None:
    technology = Technology.load("imce45")
    model_cards = cards.locate(technology)
    h = technology.heavy_metal
    circuit = new_circuit("full cell", technology, model_cards, ("sot_cell_2t1r", "generated/she_mtj"))
    circuit.V("word", "word", circuit.gnd, technology.cmos.supply)
    circuit.I("read", circuit.gnd, "bl", technology.sense.current)
    circuit.R("line", "bl", "rbl", technology.array.rows / 2 * technology.array.bit_line_resistance)
    widths = {"w_write": technology.cell.write_width, "w_read": technology.cell.read_width}
    circuit.X("cell", "sot_cell_2t1r", "0", "0", "rbl", "word", "t1", "t3", "0", **widths)
    circuit.X(
        "junction",
        "she_mtj",
        *("t1", "0", "t3", "0", "0", "0", "mx", "my", "mz"),
        **free_layer(technology, int(state), 0.0, 0.0),
        l_hm=h.length,
        w_hm=h.width,
        t_hm=h.thickness,
        rho_hm=h.resistivity,
    )
    deck = Deck(circuit, ".op", ("v(bl)",), technology.cmos.temperature, "reltol=1e-6")
    full = float(Simulator().run(deck.text())["v(bl)"][0])
    nominal = Simulator().run(SensePath(technology, model_cards, 1).nominal(Operation.READ).text())
    # The write transistor that the sense cell leaves out leaks a little: a few microvolts.
    assert float(nominal[f"v(bl{bit})"][0]) == pytest.approx(full, abs=20e-6)


def drawn(technology: Technology, fan_in: int, trials: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(fan_in)
    r_p = technology.junction.r_p * random.normal(1, 0.05, (trials, fan_in))
    return r_p, technology.junction.tmr * random.normal(1, 0.10, (trials, fan_in))


@pytest.mark.parametrize("fan_in", [1, 2])
def test_mismatch_of_zero_is_no_mismatch(fan_in: int) -> None:
    technology = Technology.load("imce45")
    path, values = SensePath(technology, cards.locate(technology), fan_in), drawn(technology, fan_in, 7)
    nothing = np.zeros((7, len(path.transistors)))
    plain = Simulator().run(path.trials(*values).text())
    varied = Simulator().run(path.trials(*values, mismatch=Mismatch(path.transistors, nothing, nothing)).text())
    for n in range(fan_in + 1):
        assert path.sense_voltages(varied, 7, n) == pytest.approx(path.sense_voltages(plain, 7, n), rel=1e-6)
    for operation in operations_of(fan_in):
        reference = Simulator().run(path.nominal(operation).text())["v(ref)"][0]
        assert path.reference_voltages(varied, 7, operation) == pytest.approx(reference, rel=1e-6)


def test_threshold_shift_is_a_lower_word_line() -> None:
    """The same shift of all transistors, another in each trial, against decks whose word line is that much lower."""
    technology = Technology.load("imce45")
    path = SensePath(technology, cards.locate(technology), 2)
    shifts = np.array([-0.06, 0.0, 0.02, 0.1])
    nominal = (np.full((4, 2), technology.operating_junction.r_p), np.full((4, 2), technology.operating_junction.tmr))
    vt = np.repeat(shifts[:, None], len(path.transistors), axis=1)
    waves = Simulator().run(path.trials(*nominal, mismatch=Mismatch(path.transistors, vt, 0 * vt)).text())
    for operation in operations_of(2):
        text = path.nominal(operation).text()
        assert text.count("Vword word 0 1.0\n") == 1
        for n, shift in enumerate(shifts):
            lower = Simulator().run(text.replace("Vword word 0 1.0\n", f"Vword word 0 {1 - shift}\n"))
            found = path.reference_voltages(waves, 4, operation)[n]
            assert found == pytest.approx(float(lower["v(ref)"][0]), rel=2e-6)
            for state in range(3):
                assert path.sense_voltages(waves, 4, state)[n] == pytest.approx(lower[f"v(bl{state})"][0], rel=2e-6)


@pytest.mark.parametrize("fan_in", [1, 2])
def test_current_factor_of_each_ideal_transistor_scales_its_conductance(fan_in: int) -> None:
    """Transistors replaced by switches of 3 kΩ: each trial is resistors in parallel."""
    technology = Technology.load("imce45", CONSTANT_TMR)
    path, (r_p, tmr) = SensePath(technology, cards.locate(technology), fan_in), drawn(technology, fan_in, 9)
    beta = np.random.default_rng(5).normal(0, 0.1, (9, len(path.transistors)))
    deck = path.trials(r_p, tmr, mismatch=Mismatch(path.transistors, 0 * beta, beta)).text()
    switch = "b1 inner source i=v(inner,source)*(v(moved) > 0.5 ? 1/3k : 1e-15)\n"
    deck, count = re.subn(r"^m1 inner moved source bulk .*\n\+.*\n", switch, deck, flags=re.MULTILINE)
    assert count == 2
    waves = Simulator().run(deck.replace("reltol=1e-6 vntol=1e-5", "reltol=1e-9 vntol=1e-9"))
    line = technology.array.rows / 2 * technology.array.bit_line_resistance
    on = 3e3 / (1 + beta)
    for n in range(fan_in + 1):
        cells = r_p * np.where(np.arange(fan_in) >= fan_in - n, 1 + tmr, 1) + technology.heavy_metal.resistance / 2
        expected = technology.sense.current * (1 / (1 / (cells + on[:, :fan_in])).sum(axis=1) + line)
        assert path.sense_voltages(waves, 9, n) == pytest.approx(expected, rel=1e-6)
    for k, operation in enumerate(operations_of(fan_in)):
        reference = reference_resistance(technology, operation, fan_in) + on[:, fan_in + k] + line
        found = path.reference_voltages(waves, 9, operation)
        assert found == pytest.approx(technology.sense.current * reference, rel=1e-4)  # disabled legs leak


@pytest.mark.parametrize("fan_in", [0, -1, 9])
def test_fan_in_out_of_range_is_refused(fan_in: int) -> None:
    technology = Technology.load("imce45")
    with pytest.raises(InputError, match=f"fan_in = {fan_in}: must be within 1 … 8"):
        SensePath(technology, cards.locate(technology), fan_in)


def test_states_are_named_low_resistance_first() -> None:
    assert [state_name(2, n) for n in range(3)] == ["P-P", "P-AP", "AP-AP"]
