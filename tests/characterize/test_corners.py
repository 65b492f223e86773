"""Corners: what must move which way, by first principles; a corner that fails says so and takes no other with it."""

from dataclasses import replace

import pytest

from spintronics import cards
from spintronics.characterize import corners
from spintronics.characterize.corners import Corner, Design
from spintronics.characterize.device_table import OK
from spintronics.circuits.sense_path import Operation, reference_resistance
from spintronics.ngspice import Simulator
from spintronics.technology import Technology

ROOM = Corner("nominal", 1.0, 300.15)
DESIGN_VOLTAGES = (0.27, 0.3)  # V, about what imce45 writes with


def results(technology: Technology, *which: Corner) -> dict[tuple[Corner, str], corners.CornerResult]:
    design = Design.of(technology, DESIGN_VOLTAGES)
    found = corners.sweep(technology, cards.locate(technology), Simulator(), design, which, workers=2)
    return {(r.corner, r.action): r for r in found}


def test_every_condition_is_there_once(imce45: Technology) -> None:
    every = corners.all_corners(imce45)
    assert len(set(every)) == len(every) == 3 * 3 * 4 + 4
    assert {c.of(imce45).cmos.corner for c in every} == {"nominal", "ss", "ff"}
    assert {round(c.of(imce45).cmos.supply, 3) for c in every} == {0.9, 1.0, 1.1}


def test_a_warm_junction_has_less_margin_and_a_lower_supply_takes_less_energy(imce45: Technology) -> None:
    warm, low = replace(ROOM, temperature=398.15), replace(ROOM, supply=0.9)
    found = results(imce45, ROOM, warm, low)
    assert all(r.status == OK for r in found.values())
    for action in ("read", "OR", "AND"):
        at_room, when_warm, when_low = (found[corner, action] for corner in (ROOM, warm, low))
        assert None not in (at_room.margin, when_warm.margin, at_room.energy, when_low.energy)
        # TMR falls with temperature, and the references follow: the gap between the states shrinks.
        assert when_warm.margin < at_room.margin  # type: ignore[operator]
        # At most C V² and at least I V t: between 0.9 and 0.81.
        assert 0.8 < when_low.energy / at_room.energy < 0.95  # type: ignore[operator]
        assert at_room.fixed_margin == pytest.approx(at_room.margin, rel=1e-6)


def test_a_reference_that_does_not_follow_loses_what_the_junctions_move(imce45: Technology) -> None:
    # P‖P at 1.1 × RA against the nominal reference, by hand, access transistors left out: the gap is what is left of
    # the difference in resistance times the read current.
    thick = replace(ROOM, ra=1.1)
    found = results(imce45, ROOM, thick)[thick, "OR"]
    t = thick.of(imce45)
    half = t.heavy_metal.resistance / 2
    low = (t.operating_junction.r_p + half) / 2
    by_hand = (reference_resistance(imce45, Operation.OR, 2) - low) * t.sense.current
    assert found.fixed_margin == pytest.approx(by_hand, abs=0.4e-3)
    assert found.fixed_margin < 0.6 * found.margin  # type: ignore[operator]


def test_a_corner_that_cannot_be_says_why_and_leaves_the_others(imce45: Technology) -> None:
    impossible = replace(ROOM, temperature=500.0)
    found = results(imce45, impossible, ROOM)
    assert found[ROOM, "read"].status == OK
    failed = found[impossible, "read"]
    assert "cmos.temperature" in failed.status
    assert (failed.energy, failed.latency, failed.margin) == (None, None, None)


def test_an_operation_that_fails_in_a_corner_is_in_no_average(imce45: Technology) -> None:
    hasty = imce45.with_values({"sense.logic_develop_time": 3e-11})
    found = results(hasty, ROOM)
    assert found[ROOM, "AND"].status != OK
    assert found[ROOM, "AND"].energy is None
    assert found[ROOM, "read"].status == OK
