"""Margins and failure probabilities against fan-in, in ngspice."""

import csv
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from spintronics import cards
from spintronics.characterize.fan_in import Corner, FanInMargin, lost_at, margins_by_fan_in
from spintronics.circuits.sense_path import Operation, branch_resistance
from spintronics.ngspice import Simulator
from spintronics.report import rates
from spintronics.technology import Technology

WIDE = {"variation.sigma_ra": "0.08", "junction.tmr": "1.3"}


@pytest.fixture(scope="module")
def margins() -> tuple[FanInMargin, ...]:
    technology = Technology.load("imce45", WIDE)
    return margins_by_fan_in(technology, cards.locate(technology), Simulator(), (1, 2, 4), 4000, seed=1, workers=2)


def of(margins: tuple[FanInMargin, ...], operation: Operation) -> list[FanInMargin]:
    return [m for m in margins if m.operation is operation]


def test_every_operation_of_every_fan_in_is_there(margins: tuple[FanInMargin, ...]) -> None:
    assert [(m.operation.value, m.fan_in) for m in margins] == [
        *(("read", 1), ("OR", 2), ("AND", 2), ("OR", 4), ("AND", 4))
    ]


@pytest.mark.parametrize("operation", [Operation.AND, Operation.OR])
def test_margin_shrinks_and_failures_grow_with_fan_in(margins: tuple[FanInMargin, ...], operation: Operation) -> None:
    two, four = of(margins, operation)
    assert two.nominal > four.nominal > 0
    assert two.p < four.p


def test_nominal_margin_is_near_that_of_the_junctions_alone(margins: tuple[FanInMargin, ...]) -> None:
    """Half of what two states differ by across junctions and heavy metal; access transistors take some of it."""
    t = Technology.load("imce45", WIDE)
    for m in margins:
        resistances = [
            branch_resistance(t.operating_junction, t.heavy_metal, m.fan_in - n, n, t.sense.current)
            for n in m.operation.boundary(m.fan_in)
        ]
        assert m.nominal == pytest.approx(t.sense.current * (resistances[1] - resistances[0]) / 2, rel=0.25)


def test_trials_and_importance_sampling_agree(margins: tuple[FanInMargin, ...]) -> None:
    for m in margins:
        assert m.trials is not None
        assert m.rare is not None
        assert m.rare.low <= m.trials.high
        assert m.rare.high >= m.trials.low


def test_fan_in_at_which_a_rate_is_lost_is_the_first_beyond_it(margins: tuple[FanInMargin, ...]) -> None:
    two, four = of(margins, Operation.OR)
    between = (two.p * four.p) ** 0.5
    assert lost_at(margins, Operation.OR, between) == 4
    assert lost_at(margins, Operation.OR, two.p / 2) == 2
    assert lost_at(margins, Operation.OR, 0.5) is None
    rows = rates.fan_in_limits([Corner(1.3, 0.08, margins)], [between])
    assert [row["lost_at_fan_in"] for row in rows if row["operation"] == "OR"] == [4]


def test_nothing_fails_without_spread() -> None:
    technology = Technology.load("imce45", {"variation.sigma_ra": "0.001", "variation.sigma_tmr": "0.001"})
    [only] = margins_by_fan_in(technology, cards.locate(technology), Simulator(), (1,), 0, seed=1, workers=1)
    assert (only.p, only.rare, only.trials, only.low) == (0.0, None, None, None)
    [row] = rates.fan_in([only])
    assert row["p_fail"] == 0.0
    assert row["p_fail_high"] is None


def test_pipeline_writes_tables_and_figures(tmp_path: Path) -> None:
    command = Path(sys.executable).with_name("spintronics")
    settings = {"trials": "200", "fan_in": "[2, 3]", "tmr": "[1.3]", "sigma_ra": "[0.05, 0.08]"}
    more = [text for key, value in settings.items() for text in ("--set", f"{key}={value}")]
    answer = subprocess.run(
        [command, "run", "fan_in", "--out", tmp_path, *more], capture_output=True, text=True, check=False, timeout=120
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stderr == ""
    with (tmp_path / "tables" / "fan_in.csv").open(newline="", encoding="utf-8") as file:
        assert [(row["operation"], row["fan_in"]) for row in csv.DictReader(file)] == [
            *(("OR", "2"), ("AND", "2"), ("OR", "3"), ("AND", "3"))
        ]
    with (tmp_path / "tables" / "fan_in_limits.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    # The technology's own corner and two of the grid, two operations, three targets.
    assert len(rows) == 3 * 2 * 3
    for name in ("fan_in", "fan_in_corners"):
        ElementTree.parse(tmp_path / "figures" / f"{name}.svg")
