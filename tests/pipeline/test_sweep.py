"""Sweeps: where they go, what they simulate again, and what they say of it."""

import csv
import inspect
import re
import subprocess
import sys
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from spintronics.errors import InputError
from spintronics.ngspice import DeckError, Simulator
from spintronics.pipeline import RUNS, Run
from spintronics.pipeline.cache import CachedSimulator
from spintronics.pipeline.sweep import Sweep, load_sweep
from spintronics.report import sweeps
from spintronics.report.sweeps import Objective, Point

COMMAND = Path(sys.executable).with_name("spintronics")
DECK = "divider\nv1 in 0 1\nr1 in out 1k\nr2 out 0 {r}\n.op\n.end\n"


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "tables" / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def command(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([COMMAND, "sweep", *arguments], capture_output=True, text=True, check=False, timeout=120)


# --- cache ------------------------------------------------------------------------------------------------------------


def test_same_deck_is_run_once_and_gives_the_same_bits(tmp_path: Path) -> None:
    cached = CachedSimulator(cache=tmp_path)
    first, again = (cached.run(DECK.format(r="3k")) for _ in range(2))
    assert dict(cached.count) == {"run": 1, "reused": 1}
    assert list(again) == list(first)
    assert again.axis == first.axis
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert float(again["v(out)"][0]) == pytest.approx(0.75)


def test_any_change_of_a_deck_is_run(tmp_path: Path) -> None:
    cached = CachedSimulator(cache=tmp_path)
    for r in ("3k", "3.0k", "1k"):
        assert float(cached.run(DECK.format(r=r))["v(out)"][0]) == pytest.approx(0.5 if r == "1k" else 0.75)
    assert dict(cached.count) == {"run": 3}


def test_deck_that_fails_is_not_remembered(tmp_path: Path) -> None:
    cached = CachedSimulator(cache=tmp_path)
    for _ in range(2):
        with pytest.raises(DeckError):
            cached.run("bad\nx1 a b missing\n.op\n.end\n")
    assert dict(cached.count) == {"run": 2}


def test_broken_result_is_run_again(tmp_path: Path) -> None:
    cached = CachedSimulator(cache=tmp_path)
    cached.run(DECK.format(r="3k"))
    [held] = tmp_path.iterdir()
    held.write_bytes(held.read_bytes()[:100])
    assert float(cached.run(DECK.format(r="3k"))["v(out)"][0]) == pytest.approx(0.75)
    assert dict(cached.count) == {"run": 2}


def test_another_simulator_has_its_own_results(tmp_path: Path) -> None:
    ours = CachedSimulator(cache=tmp_path)
    other = CachedSimulator(installation=type(ours.installation)(ours.installation.path, "99"), cache=tmp_path)
    ours.run(DECK.format(r="3k"))
    other.run(DECK.format(r="3k"))
    assert dict(other.count) == {"run": 1}
    assert isinstance(other, Simulator)


# --- where it goes ----------------------------------------------------------------------------------------------------


def test_grid_is_every_combination_in_order() -> None:
    points = Sweep(over={"a": [1, 2], "technology.b.c": ["1 nm", "2 nm", "3 nm"], "d": [[1, 2]]}).points()
    assert points == [
        {"a": str(a), "technology.b.c": c, "d": "[1, 2]"} for a, c in product((1, 2), ("1 nm", "2 nm", "3 nm"))
    ]


def test_list_takes_the_first_of_each_then_the_second() -> None:
    points = Sweep(mode="list", over={"a": [1, 2], "b": [3.5, True]}).points()
    assert points == [{"a": "1", "b": "3.5"}, {"a": "2", "b": "true"}]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("over = { trials = [] }", "sweep: over.trials = "),
        ("over = {}", "sweep: over = "),
        (
            'mode = "list"\nover = { trials = [1, 2], seed = [1] }',
            "as many values of every key; trials has 2, seed has",
        ),
        ('mode = "walk"\nover = { trials = [1] }', 'sweep: mode = "walk"'),
        ("over = { trials = [1] }\ncolour = 1", "sweep: colour: unknown key; must be one of mode, over, objectives"),
        ("objectives = []", "sweep: over: missing"),
    ],
)
def test_bad_table_is_one_line(table: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f'experiment = "sense_margin"\n[sweep]\n{table}\n')
    with pytest.raises(InputError, match=r"pipeline file .*mine\.toml: ") as caught:
        load_sweep(path, {}, (), listed=False)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_too_many_points_are_refused() -> None:
    with pytest.raises(ValueError, match="10000 points; must be at most 1000"):
        Sweep(over={"a": list(range(100)), "b": list(range(100))})


def test_command_line_takes_the_place_of_the_table(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[sweep]\nobjectives = ['min a.b']\n[sweep.over]\ntrials = [1]\n")
    assert load_sweep(path, {}, (), listed=False).points() == [{"trials": "1"}]
    over = {"technology.junction.ra": "8 ohm*um^2, 9 ohm*um^2", "fan_in": "[1, 2], [1]"}
    given = load_sweep(path, over, ["max c.d", "min e.f"], listed=True)
    assert given.points() == [
        {"technology.junction.ra": "8 ohm*um^2", "fan_in": "[1, 2]"},
        {"technology.junction.ra": "9 ohm*um^2", "fan_in": "[1]"},
    ]
    assert given.objectives == ["max c.d", "min e.f"]


# --- what it says -----------------------------------------------------------------------------------------------------


def point(**columns: float | str) -> Point:
    return Point({"key": "1"}, {"t": [columns, {**columns, "a": 0.5, "name": "other"}]}, "ok", 1, 0)


def test_objective_is_the_worst_of_its_rows() -> None:
    held = point(a=2.0, name="one")
    for text, value in (("min t.a", 2.0), ("max t.a", 0.5), ("max t.a[name=one]", 2.0), ("min t.a[name=other]", 0.5)):
        assert Objective.parse(text).value(held) == value
    assert Objective.parse("min t.a").value(Point({}, {}, "failed", 0, 0)) is None
    assert Objective.parse("min t.b").value(held) is None  # another point may have it


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("smallest t.a", "write min or max, table.column"),
        ("min t", "write min or max"),
        ("min u.a", "objective u.a: no such table; there are: t"),
        ("min t.b", "objective t.b: no number there; columns are: a, name"),
        ("min t.a[name=none]", r"no number there"),
    ],
)
def test_objective_that_is_not_there_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Objective.parse(text).require_value(point(a=1.0, name="one"))


def test_objective_in_an_empty_table_is_refused() -> None:
    with pytest.raises(InputError, match=r"objective t\.a: no number there; table t is empty"):
        Objective.parse("min t.a").require_value(Point({}, {"t": []}, "ok", 0, 0))


def test_front_is_that_of_brute_force() -> None:
    values = np.random.default_rng(1).normal(size=(60, 3))
    points = [point(x=float(x), y=float(y), z=float(z)) for x, y, z in values]
    objectives = [Objective.parse(text) for text in ("min t.x", "max t.y", "min t.z")]
    scores = values * (-1, 1, -1)
    beaten = [any((other >= own).all() and (other > own).any() for other in scores) for own in scores]
    assert sweeps.front(points, objectives) == [not lost for lost in beaten]
    assert 0 < sum(beaten) < 60


def test_tidy_table_has_a_row_per_figure() -> None:
    entry: Mapping[str, float | str | int | None] = {"fan_in": 2, "state": "P-AP", "mean": 1.5, "none": None}
    [row] = sweeps.tidy([Point({"key": "1"}, {"t": [entry]}, "ok", 0, 0)])
    assert row == {
        "point": 0,
        "key": "1",
        "table": "t",
        "case": "fan_in=2; state=P-AP",
        "quantity": "mean",
        "value": 1.5,
    }


@pytest.mark.parametrize("kind", list(RUNS.values()))
def test_every_experiment_names_the_tables_that_it_writes(kind: type[Run]) -> None:
    written = set()
    for owner in kind.__mro__[:-1]:
        if owner is not Run:
            written |= set(re.findall(r'self\._table\(\s*"(\w+)"', inspect.getsource(owner)))
    assert kind.table_names == written


# --- whole sweeps -----------------------------------------------------------------------------------------------------

SWEEP = [
    *("sense_margin", "--set", "trials=400", "--set", "fan_in=2"),
    *("--over", "technology.junction.tmr=1.2,1.7", "--over", "technology.write.pulse_width=2 ns,3 ns"),
    *("--objective", "max sense_margin.nominal_margin_mV", "--objective", "min sense_voltage.sigma_mV"),
]


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sweep") / "out"
    answer = command(*SWEEP, "--out", folder)
    assert answer.returncode == 0, answer.stderr
    assert "on_front" in answer.stdout
    return folder


def test_key_that_no_deck_holds_simulates_nothing(swept: Path) -> None:
    found = rows(swept, "points")
    settings = [(row["technology.junction.tmr"], row["technology.write.pulse_width"]) for row in found]
    assert settings == list(product(("1.2", "1.7"), ("2 ns", "3 ns")))
    run = [int(row["decks_run"]) for row in found]
    assert run[0] > 0
    assert run[2] > 0
    assert run[1] == run[3] == 0  # the write pulse is in no deck of the sense path
    assert all(row["status"] == "ok" for row in found)


def test_points_are_those_of_single_runs(swept: Path, tmp_path: Path) -> None:
    alone = subprocess.run(
        [
            *(COMMAND, "run", "sense_margin", "--trials", "400", "--set", "fan_in=2", "--out", tmp_path / "alone"),
            *("--set", "technology.junction.tmr=1.7", "--set", "technology.write.pulse_width=2 ns"),
        ],
        capture_output=True,
        check=False,
    )
    assert alone.returncode == 0
    for name in ("sense_margin", "sense_voltage"):
        assert rows(swept / "points" / "002", name) == rows(tmp_path / "alone", name)
    one = [row for row in rows(swept, "sweep") if (row["point"], row["quantity"]) == ("2", "nominal_margin_mV")]
    assert {row["value"] for row in one} == {
        row["nominal_margin_mV"] for row in rows(tmp_path / "alone", "sense_margin")
    }


def test_sweep_goes_on_where_it_was(swept: Path) -> None:
    more = [text.replace("1.2,1.7", "1.2,1.7,2.0") for text in SWEEP]
    answer = command(*more, "--out", swept)
    assert answer.returncode == 0, answer.stderr
    run = [int(row["decks_run"]) for row in rows(swept, "points")]
    assert run[:4] == [0, 0, 0, 0]
    assert run[4] > 0
    ElementTree.parse(swept / "figures" / "pareto.svg")


@pytest.mark.parametrize("objective", ["min sense_margin.nothing", "min sense_margin.worst_margin_mV[operation=XOR]"])
def test_objective_without_figure_ends_the_sweep_at_its_first_point(objective: str, tmp_path: Path) -> None:
    answer = command(
        *("sense_margin", "--set", "trials=10", "--set", "fan_in=1", "--out", tmp_path / "out"),
        *("--over", "technology.junction.tmr=1.2,1.7", "--objective", objective),
    )
    assert answer.returncode == 2
    assert "no number there; columns are: operation, fan_in, " in answer.stderr
    assert [path.name for path in (tmp_path / "out" / "points").iterdir()] == ["000"]


def test_point_that_fails_is_a_row_and_the_rest_goes_on(tmp_path: Path) -> None:
    answer = command(
        *("sense_margin", "--set", "trials=10", "--set", "fan_in=1", "--out", tmp_path / "out"),
        *("--over", "technology.sense.current=10 uA,80 uA"),
    )
    assert answer.returncode == 0, answer.stderr
    good, bad = rows(tmp_path / "out", "points")
    assert good["status"] == "ok"
    assert "raises the bit line to" in bad["status"]
    assert {row["point"] for row in rows(tmp_path / "out", "sweep")} == {"0"}


def test_point_that_fails_in_part_keeps_its_tables(tmp_path: Path) -> None:
    """A pulse too short to switch costs the write its energy, and the device and its half-selected cells nothing.

    The objective is not at the point that failed: it is asked for at the first that did not.
    """
    answer = command(
        *("characterize", "--set", 'parts=["write"]', "--over", "technology.write.pulse_width=0.1 ns,2 ns"),
        *("--objective", "min device_table.energy_fJ[action=write]", "--out", tmp_path / "out"),
    )
    assert answer.returncode == 0, answer.stderr
    short, long = rows(tmp_path / "out", "points")
    assert "write 0: result 1, expected 0" in short["status"]
    assert (short["device_table.energy_fJ[action=write]"], short["on_front"]) == ("", "no")
    assert (long["status"], long["on_front"]) == ("ok", "yes")
    assert float(long["device_table.energy_fJ[action=write]"]) > 0
    found = {(row["point"], row["table"]) for row in rows(tmp_path / "out", "sweep")}
    kept = {"device", "half_selected"}
    assert found == {("0", name) for name in kept} | {("1", name) for name in (*kept, "device_table")}


def test_objective_that_a_later_point_has_not_is_left_out_there(tmp_path: Path) -> None:
    """One cell on the bit line has no AND: hours of other points are not lost for it."""
    answer = command(
        *("sense_margin", "--set", "trials=10", "--over", "fan_in=[2],[1]", "--out", tmp_path / "out"),
        *("--objective", "max sense_margin.nominal_margin_mV[operation=AND]"),
    )
    assert answer.returncode == 0, answer.stderr
    two, one = rows(tmp_path / "out", "points")
    assert float(two["sense_margin.nominal_margin_mV[operation=AND]"]) > 0
    assert (one["sense_margin.nominal_margin_mV[operation=AND]"], one["status"]) == ("", "ok")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sense_margin"], "no table [sweep]; write one, or give --over"),
        (["sense_margin", "--over", "trials"], "--over trials: write KEY=VALUE"),
        (["sense_margin", "--over", "technology.junction.tmrr=1,2"], "did you mean junction.tmr"),
        (["sense_margin", "--over", "technology.junction.tmr=1,-2"], "junction.tmr = "),
        (["sense_margin", "--over", "trials=10", "--objective", "best"], "objective 'best': write min or max"),
        (
            ["sense_margin", "--over", "trials=10", "--objective", "max sense_margn.worst_margin_mV"],
            "experiment sense_margin has no table sense_margn; did you mean sense_margin? there are: failed_trials, ",
        ),
        (["sense_margin", "--over", "trials=10", "--objective", "min energy.total_uJ"], "has no table energy; there"),
    ],
)
def test_bad_sweep_is_one_line_before_anything_runs(arguments: list[str], message: str, tmp_path: Path) -> None:
    answer = command(*arguments, "--out", tmp_path / "out")
    assert answer.returncode == 2
    assert message in answer.stderr
    assert answer.stderr.startswith("error: ")
    assert answer.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()
