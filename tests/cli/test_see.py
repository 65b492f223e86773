"""report, plot, table, init, --json, -v and completion: what people see from the command line."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from spintronics import cli
from spintronics.cli.output import Bars
from spintronics.pipeline import load_pipeline
from spintronics.resources import NETLISTS, PIPELINES
from spintronics.technology import Technology

COMMAND = Path(sys.executable).with_name("spintronics")
Answer = tuple[int, str, str]


@pytest.fixture
def copied(imce_run: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "imce"
    shutil.copytree(imce_run, folder)
    return folder


def test_report_writes_the_run_s_page_again_bit_for_bit(spintronics: Callable[..., Answer], copied: Path) -> None:
    page = copied / "report.html"
    written = page.read_bytes()
    page.unlink()
    assert spintronics("report", copied) == (0, f"{page}\n", "")
    assert page.read_bytes() == written


@pytest.mark.usefixtures("no_ngspice")
def test_plot_needs_a_run_and_no_simulator(spintronics: Callable[..., Answer], imce_run: Path, tmp_path: Path) -> None:
    for name, starts in (("margin.svg", b"<?xml"), ("margin.pdf", b"%PDF"), ("margin.png", b"\x89PNG")):
        path = tmp_path / name
        wanted = ("sense-margin", "--op", "and", "--fan-in", "2", "--from", imce_run, "--style", "paper", "-o", path)
        assert spintronics("plot", *wanted) == (0, f"{path}\n", "")
        assert path.read_bytes().startswith(starts)
    for name in ("energy", "energy-by-layer", "area", "area-by-layer", "and-operations", "contributors"):
        path = tmp_path / f"{name}.svg"
        assert spintronics("plot", name, "--from", imce_run, "-o", path)[::2] == (0, "")
        assert path.stat().st_size > 5000


def test_a_run_s_table_is_printed(spintronics: Callable[..., Answer], imce_run: Path) -> None:
    status, out, err = spintronics("table", "sense_margin", "--from", imce_run, "--format", "csv")
    assert (status, err) == (0, "")
    assert out == (imce_run / "tables" / "sense_margin.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("report", "{tmp}"), "no manifest.json; give a folder that spintronics run wrote"),
        (("plot", "sense-margin", "--from", "{tmp}"), "no manifest.json"),
        (("plot", "enrgy", "--from", "{run}"), "did you mean energy?"),
        (("plot", "sense-margin", "--from", "{run}", "--op", "nand"), "--op nand: must be memory, or, and"),
        (("plot", "sense-margin", "--from", "{run}", "--fan-in", "7"), "no trials for any operation of 7"),
        (("plot", "energy", "--from", "{run}", "--fan-in", "2"), "--op and --fan-in: of sense-margin alone"),
        (("plot", "energy", "--from", "{run}", "--style", "poster"), "must be one of screen, paper"),
        (("plot", "energy", "--from", "{run}", "-o", "{tmp}/x.docx"), "must end in .svg"),
        (("table", "sense_margn", "--from", "{run}"), "did you mean sense_margin?"),
        (("init", "{run}/..", "--name", "../x"), 'name = "../x": must be letters'),
        (("init", "{tmp}", "--pipeline", "nowhere"), "nowhere: no such file"),
    ],
)
def test_bad_input_is_one_line(
    spintronics: Callable[..., Answer], imce_run: Path, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    status, out, err = spintronics(*(text.format(tmp=tmp_path, run=imce_run) for text in arguments))
    assert (status, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_json_has_whole_figures_and_null_where_there_is_none(
    spintronics: Callable[..., Answer], imce_run: Path, imce45: Technology
) -> None:
    status, out, _ = spintronics("table", "operations", "--json", "--from", imce_run / "device_table.toml")
    rows = json.loads(out)
    assert status == 0
    assert {row["action"] for row in rows} == {"read", "AND", "NAND", "OR", "NOR", "XOR"}
    assert rows[0]["p_error"] is None
    source = ("--from", imce_run / "device_table.toml")
    totals = json.loads(spintronics("evaluate", "lenet", "--json", *source)[1])["totals"]
    [energy] = [row["value"] for row in totals if row["figure"] == "dynamic energy per image"]
    tree = json.loads(spintronics("explain", "energy", "lenet", "--json", *source)[1])["tree"]
    assert tree["value"] * 1e6 == pytest.approx(energy, rel=1e-9)
    assert sum(part["value"] for part in tree["parts"]) == pytest.approx(tree["value"], rel=1e-9)
    assert json.loads(spintronics("memory", "--json", *source)[1])[0]["figure"] == "organization"
    assert {"Python", "ngspice"} <= {found["subject"] for found in json.loads(spintronics("doctor", "--json")[1])}


@pytest.mark.parametrize("pipeline", sorted(path.stem for path in PIPELINES.glob("*.toml")))
def test_init_writes_what_loads(spintronics: Callable[..., Answer], tmp_path: Path, pipeline: str) -> None:
    status, out, err = spintronics("init", tmp_path / "own", "--pipeline", pipeline, "--name", "own")
    assert (status, err) == (0, "")
    assert out.splitlines()[-1] == f"change what you like, then: spintronics run {tmp_path / 'own' / 'pipeline.toml'}"
    ours, technology = load_pipeline(tmp_path / "own" / "pipeline.toml")
    theirs, original = load_pipeline(pipeline)
    assert (ours.name, technology.name) == ("own", "own")
    assert ours.model_dump(exclude={"name", "technology"}) == theirs.model_dump(exclude={"name", "technology"})
    assert technology.model_dump(exclude={"name"}) == original.model_dump(exclude={"name"})
    assert technology.sources == original.sources
    text = (tmp_path / "own" / "technology.toml").read_text(encoding="utf-8")
    assert text.count("#") >= (PIPELINES.parent / "models/technology/imce45.toml").read_text(encoding="utf-8").count(
        "#"
    )
    before = {path: path.read_bytes() for path in (tmp_path / "own").iterdir()}
    assert spintronics("init", tmp_path / "own")[0] == 2  # a user's files stay
    assert {path: path.read_bytes() for path in (tmp_path / "own").iterdir()} == before


def test_init_copies_the_circuits_to_change(
    spintronics: Callable[..., Answer], tmp_path: Path, imce45: Technology
) -> None:
    status, out, err = spintronics("init", tmp_path, "--netlists", "--pipeline", "sense_margin")
    assert (status, err) == (0, "")
    assert str(tmp_path / "netlists" / "generated" / "she_mtj.spice") in out.splitlines()
    copies = {p.relative_to(tmp_path / "netlists") for p in (tmp_path / "netlists").rglob("*.spice")}
    assert copies == {p.relative_to(NETLISTS) for p in NETLISTS.rglob("*.spice")}
    found = Technology.load(tmp_path / "technology.toml")
    assert (found.circuits.netlists, found.netlists) == ("netlists", {})  # nothing changed yet
    path = tmp_path / "netlists" / "sense_cell_p.spice"
    path.write_text(path.read_text().replace("{w_read}", "{2*w_read}"))
    assert set(Technology.load(tmp_path / "technology.toml").netlists) == {"sense_cell_p"}
    (tmp_path / "technology.toml").unlink()
    (tmp_path / "pipeline.toml").unlink()
    assert spintronics("init", tmp_path, "--netlists")[0] == 2  # a user's circuits stay
    assert "{2*w_read}" in path.read_text()
    assert not (tmp_path / "technology.toml").exists()


def test_init_s_files_run_as_they_are_written(tmp_path: Path) -> None:
    """The sense margins with all their 100 000 trials; verbose says the stages, and the page is there."""
    written = subprocess.run([COMMAND, "init", "--pipeline", "sense_margin"], cwd=tmp_path, check=True, text=True)
    assert written.returncode == 0
    command = [COMMAND, "run", "pipeline.toml", "-v", "--set", "fan_in=2"]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300)
    assert answer.returncode == 0, answer.stderr
    assert re.fullmatch(r"sense margins: 100,000\nsense margins: done in [\d.]+ s\n", answer.stderr)
    assert answer.stdout.splitlines()[-1] == "results in results/mine"
    page = tmp_path / "results" / "mine" / "report.html"
    assert page.stat().st_size < 5e6


def test_verbose_lines_stay_and_name_the_stage(capsys: pytest.CaptureFixture[str]) -> None:
    with Bars(verbose=True) as bars:
        advance = bars.stage("writes", 3)
        advance(2)
        advance(1)
    assert re.fullmatch(r"writes: 3\nwrites: done in 0\.0 s\n", capsys.readouterr().err)


def test_every_command_has_help_with_an_example(spintronics: Callable[..., Answer]) -> None:
    names = [command.name or command.callback.__name__ for command in cli.app.registered_commands if command.callback]
    assert {"run", "characterize", "memory", "evaluate", "explain", "table", "plot", "report", "init"} <= set(names)
    for name in names:
        status, out, err = spintronics(name, "--help")
        assert (status, err) == (0, "")
        assert re.search(rf"Example: spintronics {name}\b", out), name


def test_help_states_the_exit_codes_and_the_version_is_told(spintronics: Callable[..., Answer]) -> None:
    out = " ".join(spintronics("--help")[1].split())
    assert "Exit status: 0 done; 2 something given" in out
    assert "130 stopped with Ctrl-C" in out
    assert spintronics("--version") == (0, "spintronics 0.1.0\n", "")


@pytest.mark.parametrize(
    ("words", "expected"), [("spintronics ch", "characterize"), ("spintronics plot --st", "--style")]
)
def test_a_shell_completes_commands_and_options(words: str, expected: str) -> None:
    asked = {"_SPINTRONICS_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    answer = subprocess.run([COMMAND], env={**os.environ, **asked}, capture_output=True, text=True, check=False)
    assert expected in answer.stdout.split()
    assert answer.stderr == ""


@pytest.mark.usefixtures("no_ngspice")
def test_a_results_folder_does_for_its_device_table(spintronics: Callable[..., Answer], imce_run: Path) -> None:
    file = imce_run / "device_table.toml"
    for command in (("memory", "--capacity", "64KB"), ("evaluate", "lenet"), ("explain", "area", "lenet")):
        assert spintronics(*command, "--from", imce_run) == spintronics(*command, "--from", file)
    status, out, err = spintronics("table", "write", "--from", imce_run, "--format", "csv")  # no table of the run
    assert (status, err) == (0, "")
    assert out == spintronics("table", "write", "--from", file, "--format", "csv")[1]


def test_an_incomplete_device_table_is_named(
    spintronics: Callable[..., Answer], imce_run: Path, tmp_path: Path
) -> None:
    text = (imce_run / "device_table.toml").read_text(encoding="utf-8")
    path = tmp_path / "part.toml"
    path.write_text(text.replace('action = "AND"', 'action = "none"'), encoding="utf-8")
    status, out, err = spintronics("evaluate", "lenet", "--from", path)
    assert (status, out) == (2, "")
    assert err.startswith(f"error: device table {path}: no action 'AND'")


def test_files_that_were_written_are_named_for_machines(
    spintronics: Callable[..., Answer], copied: Path, tmp_path: Path
) -> None:
    for command, names in (
        (("report", copied), [copied / "report.html"]),
        (("plot", "area", "--from", copied, "-o", tmp_path / "area.svg"), [tmp_path / "area.svg"]),
        (("init", tmp_path / "mine"), [tmp_path / "mine" / name for name in ("technology.toml", "pipeline.toml")]),
    ):
        status, out, err = spintronics(*command, "--json")
        assert (status, err) == (0, "")
        assert json.loads(out) == {"files": [str(name) for name in names]}


def test_results_of_another_version_are_refused_alike(spintronics: Callable[..., Answer], copied: Path) -> None:
    manifest = json.loads((copied / "manifest.json").read_text(encoding="utf-8"))
    manifest["versions"]["spintronics-imce"] = "99.0.0"
    (copied / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    before = {path: path.read_bytes() for path in copied.rglob("*") if path.is_file()}
    source = ("--from", copied)
    for command in (
        ("memory", *source),
        ("evaluate", "lenet", *source),
        ("explain", "area", "lenet", *source),
        ("accuracy", "mnist", "--data", copied, *source),
        ("table", "energy", *source),
        ("plot", "energy", *source),
        ("report", copied),
        ("run", "imce", "--trials", "10", "--resume", "--out", copied),
    ):
        status, out, err = spintronics(*command)
        assert (status, out) == (2, ""), command
        assert err.startswith(f"error: results folder {copied}: made by spintronics 99.0.0, this is 0.1.0: "), command
        assert err.count("\n") == 1
    assert {path: path.read_bytes() for path in copied.rglob("*") if path.is_file()} == before
    assert spintronics("memory", "--from", copied / "device_table.toml")[::2] == (0, "")
    (copied / "manifest.json").unlink()
    assert "no manifest.json" in spintronics("memory", *source)[2]


def test_a_page_of_half_a_run_is_not_written(spintronics: Callable[..., Answer], copied: Path) -> None:
    page = (copied / "report.html").read_bytes()
    shutil.rmtree(copied / "trials")
    status, out, err = spintronics("report", copied)
    assert (status, out) == (2, "")
    assert re.search(r"trials/fan_in_1/000000000\.parquet is missing, 3 of \d+ files that manifest\.json names", err)
    assert (copied / "report.html").read_bytes() == page
    assert spintronics("table", "energy", "--from", copied)[::2] == (0, "")


def test_table_and_plot_look_into_the_same_folder(
    spintronics: Callable[..., Answer], imce_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert spintronics("table", "logic") == (
        2,
        "",
        "error: results/imce: no such folder or device table; spintronics run imce writes one, or give --from\n",
    )
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "imce").symlink_to(imce_run)
    assert spintronics("plot", "area") == (0, "area.svg\n", "")
    for name in ("area", "row"):  # a table of the run, a part of its device table
        assert spintronics("table", name) == spintronics("table", name, "--from", imce_run)
        assert "results/imce" in spintronics("table", "--help")[1]


def test_a_deck_of_a_run_runs_as_the_how_to_says(imce_run: Path, tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "paper.md").read_text(encoding="utf-8")
    [command] = re.findall(r"`(ngspice [^`]+)`", page)
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "imce").symlink_to(imce_run)
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    answer = subprocess.run(command.split(), cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert answer.returncode == 0
    assert (tmp_path / "and.raw").stat().st_size > 1000
