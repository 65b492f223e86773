"""Writes into both cells: currents, times, energies and errors against hand, closed forms and the integrator."""

from dataclasses import replace
from math import exp

import numpy as np
import pytest
from scipy.stats import binomtest

from spintronics import cards
from spintronics.characterize import writing
from spintronics.characterize.device_table import OperationFailed
from spintronics.magnetics import Macrospin
from spintronics.ngspice import Simulator
from spintronics.technology import Technology


@pytest.fixture(scope="module")
def technology() -> Technology:
    return Technology.load("imce45")


@pytest.fixture(scope="module")
def spin(technology: Technology) -> Macrospin:
    return Macrospin.of(technology)


@pytest.fixture(scope="module")
def sot(technology: Technology, spin: Macrospin) -> list[writing.Writes]:
    angles = spin.thermal_angles(8, seed=11)
    return writing.rated_writes(technology, cards.locate(technology), Simulator(), angles, 2)


@pytest.fixture(scope="module")
def stt(technology: Technology, spin: Macrospin) -> list[writing.Writes]:
    assert technology.stt
    angles = spin.thermal_angles(2, seed=1)
    return [
        writing.stt_writes(technology, technology.stt, cards.locate(technology), Simulator(), bit, angles, 2)
        for bit in (0, 1)
    ]


def test_sot_cell_switches_at_its_current_in_about_a_nanosecond(
    technology: Technology, sot: list[writing.Writes]
) -> None:
    assert [w.bit for w in sot] == [0, 1]
    for w in sot:
        assert w.current == pytest.approx(technology.write.current, rel=0.01)
        assert w.failures == 0
        assert 0.5e-9 < w.times.mean() < 1.5e-9


def test_parts_of_the_energy_are_what_ohms_law_gives(technology: Technology, sot: list[writing.Writes]) -> None:
    heat = technology.heavy_metal.resistance * technology.write.current**2 * technology.write.pulse_width
    for w in sot:
        assert w.parts["heavy metal"] == pytest.approx(heat, rel=0.05)
        assert all(joules > 0 for joules in w.parts.values())
        assert w.energy == pytest.approx(sum(w.parts.values()))
    assert sot[0].parts["bit line and half-selected rows"] > 3 * sot[1].parts["bit line and half-selected rows"]


def test_stt_cell_writes_both_ways_and_out_of_p_more_slowly(
    spin: Macrospin, stt: list[writing.Writes], sot: list[writing.Writes]
) -> None:
    zero, one = stt
    assert (zero.failures, one.failures) == (0, 0)
    for w in stt:
        assert (
            w.current > spin.free_layer.critical_junction_current(1 if w.bit else -1) * 0.8
        )  # the junction's resistance moves with m
    assert one.times.mean() > 3 * zero.times.mean()
    assert min(w.energy for w in stt) > max(w.energy for w in sot)


def test_write_errors_agree_with_the_integrator(technology: Technology, spin: Macrospin) -> None:
    """Frozen thermal angles and the cell's own current: ngspice against the LLG in NumPy, other angles."""
    context = (technology, cards.locate(technology), Simulator())
    count, width = 40, 1.0e-9
    [voltage] = writing.write_voltages(*context, 1, np.array([technology.write.current]))
    cell = writing.sot_writes(*context, 1, voltage, width, spin.thermal_angles(count, seed=21), 2)
    in_cell = binomtest(cell.failures, count).proportion_ci(0.99)
    frozen, thermal = (
        int(np.isnan(writing.integrated_times(technology, cell, 1000, 5, thermal)).sum()) for thermal in (False, True)
    )
    by_llg = binomtest(frozen, 1000).proportion_ci(0.99)
    assert in_cell.low < by_llg.high
    assert by_llg.low < in_cell.high
    assert 200 < thermal < frozen < 850  # neither all nor none; the field helps slow angles along


def test_writes_with_the_thermal_field_are_the_integrators(technology: Technology) -> None:
    """The same initial angles and the same field, write by write: the circuit's m against stochastic Heun."""
    context = (technology, cards.locate(technology), Simulator(), 0)
    [voltage] = writing.write_voltages(*context, np.array([technology.write.current]))
    cell = writing.thermal_writes(*context, voltage, 1e-9, 8, 4, 2)
    expected = writing.integrated_times(technology, cell, 8, 4, thermal=True)
    both = np.isfinite(cell.times) & np.isfinite(expected)
    assert np.sum(np.isnan(cell.times) == np.isnan(expected)) >= 7
    assert both.sum() >= 4
    apart = np.abs(cell.times - expected)[both]
    assert np.median(apart) < 4e-12
    assert np.median(apart) < 0.05 * cell.times[both].std()
    other = writing.integrated_times(technology, cell, 8, 5, thermal=True)
    assert np.nanmedian(np.abs(cell.times - other)) > 20e-12  # draws do matter


def test_integrator_follows_the_cells_own_current(technology: Technology, sot: list[writing.Writes]) -> None:
    for w in sot:
        pulse = writing.current_pulse(w)
        assert pulse.strip * pulse.height(w.waves.x) == pytest.approx(w.waves["i(vheavy_metal)"], abs=1e-9)


def test_a_cell_that_is_never_written_is_refused(technology: Technology, sot: list[writing.Writes]) -> None:
    never = replace(sot[0], times=np.full(3, np.nan))
    with pytest.raises(OperationFailed, match=r"write 0: none of 3 writes .*write\.current"):
        writing.require_switched([sot[1], never])


def test_a_current_out_of_reach_names_what_to_widen(technology: Technology) -> None:
    with pytest.raises(OperationFailed, match=r"cell\.write_width"):
        writing.write_voltages(technology, cards.locate(technology), Simulator(), 1, np.array([2e-3]))


def test_read_disturb_follows_the_lowered_barrier() -> None:
    assert writing.read_disturb(30.0, 100e-6, 50e-6, 10e-9) == pytest.approx(10 * exp(-15.0), rel=1e-5)
    assert writing.read_disturb(30.0, 10e-6, 50e-6, 10e-9) == pytest.approx(1.0, abs=1e-4)
