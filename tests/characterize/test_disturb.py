"""Half-selected cells: currents against one transistor, probabilities against the closed form, and one that flips."""

from math import exp

import numpy as np
import pytest

from spintronics import cards
from spintronics.characterize.device_table import OK
from spintronics.characterize.disturb import LARGEST_TILT, Disturb, disturb_bound, half_selected
from spintronics.circuits.disturb_bench import DisturbBench
from spintronics.circuits.library import new_circuit
from spintronics.magnetics import Macrospin
from spintronics.ngspice import Simulator
from spintronics.technology import Technology

VOLTAGES = (0.258, 0.269)


@pytest.fixture(scope="module")
def technology() -> Technology:
    return Technology.load("imce45")


@pytest.fixture(scope="module")
def cells(technology: Technology) -> dict[tuple[str, int], Disturb]:
    found = half_selected(technology, cards.locate(technology), Simulator(), VOLTAGES, workers=2)
    return {(cell.place, cell.bit): cell for cell in found}


def test_half_selected_cells_stay(cells: dict[tuple[str, int], Disturb]) -> None:
    assert len(cells) == 4
    for cell in cells.values():
        assert cell.status == OK
        assert cell.tilt < LARGEST_TILT
        assert cell.idle <= cell.probability < cell.with_edges < 1e-12


@pytest.mark.parametrize("bit", [0, 1])
def test_column_cell_carries_what_its_write_transistor_leaks(technology: Technology, bit: int) -> None:
    """One transistor at DC, gate at 0, between the write bit line's own voltage and the strip to ground."""
    bench = DisturbBench(technology, cards.locate(technology), bit, VOLTAGES, 0.1, 0.0)
    waves = Simulator().run(bench.deck().text())
    late = bench.write.pulse_end - 0.2e-9
    volts, held = (float(np.interp(late, waves.x, waves[name])) for name in ("v(wbl)", "i(vstrip_column)"))
    circuit = new_circuit("leak", technology, cards.locate(technology), ())
    strip, width = technology.heavy_metal.resistance, technology.cell.write_width
    lines = f"vline line 0 {volts}\nxoff line 0 strip 0 nfet w={width}\nrstrip strip 0 {strip}\n.op\n.end\n"
    leak = float(Simulator().run(f"{circuit}\n{lines}")["v(strip)"][0]) / strip
    assert held == pytest.approx(leak, rel=0.02, abs=0)


def test_probability_is_neel_brown_at_the_held_current(
    technology: Technology, cells: dict[tuple[str, int], Disturb]
) -> None:
    spin = Macrospin.of(technology)
    cell = cells["column", 0]
    barrier = spin.thermal_stability * (1 - cell.held / spin.critical_write_current)
    assert cell.probability == pytest.approx(technology.write.pulse_width / 1e-9 * exp(-barrier), rel=1e-6, abs=0)
    assert cell.ratio == pytest.approx(cell.peak / spin.critical_write_current)


def test_bound_of_a_two_level_current_is_the_sum_of_its_parts() -> None:
    time = np.array([0.0, 1e-9, 1e-9, 3e-9])
    current = np.array([5e-6, 5e-6, -10e-6, -10e-6])
    by_hand = 1 * exp(-40 * 0.75) + 2 * exp(-40 * 0.5)
    assert disturb_bound(40.0, 20e-6, time, current) == pytest.approx(by_hand, rel=1e-6, abs=0)


def test_a_word_line_left_on_flips_the_column_cell(technology: Technology) -> None:
    careless = technology.with_values({"write.unselected_word_line": 1.0, "array.rows": 3})
    found = half_selected(careless, cards.locate(careless), Simulator(), (0.4, 0.4), workers=2)
    flipped = next(cell for cell in found if (cell.place, cell.bit) == ("column", 1))
    assert flipped.tilt > 1.5
    assert "m_y moves by" in flipped.status
