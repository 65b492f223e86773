"""Varied transistors against plain ones at a shifted gate, the card's own threshold shift, and scaled currents."""

import numpy as np
import pytest

from spintronics import cards
from spintronics.circuits.library import Deck, new_circuit
from spintronics.circuits.mismatch import Transistor, transistors_of, with_mismatch
from spintronics.ngspice import Simulator
from spintronics.technology import Technology

SIGN = {"nmos": 1, "pmos": -1}
BIASES = ((0.05, 0.5), (0.1, 1.0), (0.6, 0.4), (1.0, 0.7), (1.0, 1.0))  # drain and gate, V, of an NMOS


def drain_currents(technology: Technology, polarity: str, vt: float, beta: float) -> np.ndarray:
    """Currents of read_bias' diode transistor, rewired as a lone transistor, at every bias, A."""
    model_cards = cards.locate(technology)
    transistor = Transistor("read_bias", "xbias.xdiode", polarity, 180e-9, 50e-9)  # type: ignore[arg-type]
    varied = with_mismatch(technology, model_cards, [transistor])
    circuit = new_circuit("lone transistor", technology, varied, ("read_bias",))
    for n, (drain, gate) in enumerate(BIASES):
        circuit.V(f"d{n}", f"d{n}", circuit.gnd, SIGN[polarity] * drain)
        circuit.V(f"g{n}", f"g{n}", circuit.gnd, SIGN[polarity] * gate)
        circuit.X(f"m{n}", f"{polarity[0]}fet_varied", f"d{n}", f"g{n}", "0", "0", w="180n")
        circuit.I(f"vt{n}", circuit.gnd, f"xm{n}.dvt", vt)
        circuit.I(f"beta{n}", circuit.gnd, f"xm{n}.dbeta", beta)
    save = tuple(f"i(vd{n})" for n in range(len(BIASES)))
    waves = Simulator().run(Deck(circuit, ".op", save, technology.cmos.temperature, "reltol=1e-7").text())
    return np.array([float(waves[name][0]) for name in save])


def of_the_card(technology: Technology, polarity: str, delvto: float = 0.0, gate_shift: float = 0.0) -> np.ndarray:
    """Currents of the plain model with BSIM4's own threshold shift, or with other gate voltages, A."""
    model_cards = cards.locate(technology)
    circuit = new_circuit("plain transistor", technology, model_cards, ())
    lines = []
    side = technology.cmos.diffusion_length
    for n, (drain, gate) in enumerate(BIASES):
        circuit.V(f"d{n}", f"d{n}", circuit.gnd, SIGN[polarity] * drain)
        circuit.V(f"g{n}", f"g{n}", circuit.gnd, SIGN[polarity] * gate + gate_shift)
        lines.append(
            f"m{n} d{n} g{n} 0 0 {getattr(model_cards, polarity)} w=180n l=50n delvto={delvto} "
            f"ad={180e-9 * side} as={180e-9 * side} pd={2 * (180e-9 + side)} ps={2 * (180e-9 + side)}"
        )
    circuit.raw_spice += "\n" + "\n".join(lines)
    save = tuple(f"i(vd{n})" for n in range(len(BIASES)))
    waves = Simulator().run(Deck(circuit, ".op", save, technology.cmos.temperature, "reltol=1e-7").text())
    return np.array([float(waves[name][0]) for name in save])


@pytest.mark.parametrize("polarity", ["nmos", "pmos"])
def test_threshold_shift_moves_the_curve_along_the_gate_voltage(imce45: Technology, polarity: str) -> None:
    for vt in (-0.03, 0.0, 0.03):
        expected = of_the_card(imce45, polarity, gate_shift=-vt)
        assert drain_currents(imce45, polarity, vt, 0.0) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("polarity", ["nmos", "pmos"])
def test_threshold_shift_is_the_models_own_where_the_threshold_rules(imce45: Technology, polarity: str) -> None:
    near = 2  # drain 0.6 V, gate 0.4 V; far above, the model's mobility falls with its threshold as well
    still = of_the_card(imce45, polarity)[near]
    for vt in (-0.03, 0.03):
        change = of_the_card(imce45, polarity, delvto=vt)[near] - still
        assert drain_currents(imce45, polarity, vt, 0.0)[near] - still == pytest.approx(change, rel=0.15)


@pytest.mark.parametrize("polarity", ["nmos", "pmos"])
def test_current_factor_scales_the_drain_current_at_every_bias(imce45: Technology, polarity: str) -> None:
    still = drain_currents(imce45, polarity, 0.01, 0.0)
    for beta in (-0.1, 0.07):
        assert drain_currents(imce45, polarity, 0.01, beta) == pytest.approx((1 + beta) * still, rel=1e-5)


def test_sizes_are_those_of_the_netlist(imce45: Technology) -> None:
    latch = {t.name: t for t in transistors_of(imce45, "sense_amplifier", "xlatch", {"w": 180e-9})}
    assert len(latch) == 15
    gate = imce45.cmos.gate_length
    assert latch["xlatch.xtail"] == Transistor("sense_amplifier", "xlatch.xtail", "pmos", 720e-9, gate)
    assert latch["xlatch.xin_bl"].area == pytest.approx(360e-9 * 50e-9)
    assert latch["xlatch.xout_n"] == Transistor("sense_amplifier", "xlatch.xout_n", "nmos", 90e-9, gate)
    enable = transistors_of(imce45, "reference_branch", "xref", {"w_read": 150e-9, "fan_in": 3.0}, ("xen_or",))
    assert [(t.name, t.copies) for t in enable] == [("xref.xen_or", 3)]
    assert enable[0].area == pytest.approx(3 * 150e-9 * 50e-9)


def test_only_named_transistors_are_varied(imce45: Technology) -> None:
    mirror = transistors_of(imce45, "read_current_source", "xs", {"w": 1e-6, "l": 2e-7}, ("xmirror",))
    text = with_mismatch(imce45, cards.locate(imce45), mirror).compiled["read_current_source"]
    lines = [line for line in text.splitlines() if line.startswith("x")]
    assert [("varied" in line) for line in lines] == [False, True]
    assert not with_mismatch(imce45, cards.locate(imce45), ()).compiled
