"""Choice of read current and develop time, against the LLG, closed forms and the transient itself."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from spintronics import cards
from spintronics.characterize import operations
from spintronics.characterize.device_table import OK, OperationFailed
from spintronics.characterize.read_point import MOST_DISTURB, ReadPoint, best_point, develop_time, read_points
from spintronics.characterize.sense_margin import nominal_margin
from spintronics.circuits.read_bench import DECIDE, ReadBench
from spintronics.circuits.sense_path import Operation
from spintronics.magnetics import Macrospin, Pulse, trajectory
from spintronics.ngspice import Simulator
from spintronics.technology import Technology


@pytest.fixture(scope="module")
def technology() -> Technology:
    return Technology.load("imce45")


@pytest.fixture(scope="module")
def points(technology: Technology) -> list[ReadPoint]:
    currents = np.array([5e-6, 8e-6, 10e-6, 25e-6])
    return read_points(technology, cards.locate(technology), Simulator(), currents, trials=1000, seed=1, workers=2)


def test_precession_grows_above_the_critical_read_current_and_dies_below(technology: Technology) -> None:
    """All of the current through the junction, half of it counted in the strip: what the disturb is computed from."""
    spin = Macrospin.of(technology)
    start = np.array([np.sin(0.02), np.cos(0.02), 0.0])
    times = np.linspace(0, 10e-9, 2001)
    sizes = []
    for share in (0.9, 1.1):
        current = share * spin.critical_read_current
        m = trajectory(spin.free_layer, Pulse(strip=current / 2, junction=current), start, times, 1e-7)
        late = np.abs(m[0][times > 8e-9]).max()
        sizes.append(late / np.abs(m[0][times < 2e-9]).max())
    assert sizes[0] < 0.8
    assert sizes[1] > 1.2


def test_margin_grows_and_headroom_falls_with_the_current(points: list[ReadPoint]) -> None:
    for less, more in pairwise(points):
        assert more.margin > less.margin or more.headroom < 0
        assert more.headroom < less.headroom
        assert more.disturb > less.disturb
        assert less.disturb_logic < less.disturb_read


def test_disturb_of_an_and_is_that_of_its_parallel_cells_current(
    technology: Technology, points: list[ReadPoint]
) -> None:
    """Solved for the current, Néel–Brown gives what flows through the P cell of P-AP in ngspice."""
    technology = technology.with_values({"sense.current": points[2].current})
    spin = Macrospin.of(technology)
    bench = ReadBench(technology, cards.locate(technology), Operation.AND, (0, 1))
    deck = replace(bench.deck(), save=("v(cell0_t3)", "v(xjunction0.mid)"))
    waves = Simulator().run(deck.text())
    volts = np.interp(bench.clock_time, waves.x, waves["v(cell0_t3)"] - waves["v(xjunction0.mid)"])
    time = technology.sense.logic_develop_time + DECIDE
    barrier = np.log(time / 1e-9 / points[2].disturb_logic)
    current = spin.critical_read_current * (1 - barrier / spin.thermal_stability)
    assert current == pytest.approx(volts / technology.operating_junction.r_p, rel=0.05, abs=0)


def test_best_point_has_the_largest_margin_that_keeps_the_rules(points: list[ReadPoint]) -> None:
    best = best_point(points)
    assert best.current == pytest.approx(8e-6, abs=0)
    assert (best.status, best.disturb < MOST_DISTURB) == (OK, True)
    assert "disturb of" in points[2].status
    assert "headroom" in points[3].status


def test_no_point_within_the_rules_is_said(points: list[ReadPoint]) -> None:
    with pytest.raises(OperationFailed, match="no read current keeps the rules; 10 µA: disturb of"):
        best_point(points[2:])


def test_an_operation_clocked_at_the_develop_time_has_that_share(technology: Technology) -> None:
    """The time found on one long transient, given to another: 80 % of the nominal margin, not more, not less."""
    model_cards, simulator = cards.locate(technology), Simulator()
    time = develop_time(technology, model_cards, simulator, Operation.AND, 0.8)
    hasty = technology.with_values({"sense.logic_develop_time": time})
    margins = [operations.sense(hasty, model_cards, simulator, Operation.AND, bits).margin for bits in ((0, 1), (1, 1))]
    nominal = nominal_margin(technology, model_cards, simulator, Operation.AND, 2)
    assert min(margins) == pytest.approx(0.8 * nominal, rel=0.01, abs=0)


def test_a_share_that_leakage_takes_is_refused(technology: Technology) -> None:
    hot = technology.with_values({"cmos.temperature": 398.15, "cmos.corner": "ff"})
    with pytest.raises(OperationFailed, match="less than 98% of the nominal margin"):
        develop_time(hot, cards.locate(hot), Simulator(), Operation.READ, 0.98)
