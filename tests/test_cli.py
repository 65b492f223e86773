"""The command: what it says, its exit status, and every bad input as one line that leaves results whole."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from spintronics.resources import MODELS, NETLISTS, PIPELINES

COMMAND = Path(sys.executable).with_name("spintronics")
TECHNOLOGY = MODELS / "technology" / "imce45.toml"


@dataclass(frozen=True)
class Answer:
    """What the command did: exit status and what it printed."""

    status: int
    out: str
    err: str


Spintronics = Callable[..., Answer]


@pytest.fixture
def spintronics(spintronics: Callable[..., tuple[int, str, str]]) -> Spintronics:
    """The command, its answers with names."""
    return lambda *arguments: Answer(*spintronics(*arguments))


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A folder that an earlier run filled."""
    folder = tmp_path / "results"
    (folder / "tables").mkdir(parents=True)
    (folder / "tables" / "device.csv").write_text("quantity,value\n")
    (folder / "notes.txt").write_text("a user's")
    manifest = {"status": "complete", "outputs": ["tables/device.csv"]}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def require_one_line(answer: Answer, *words: str) -> None:
    assert answer.status == 2
    assert answer.err.startswith("error: ")
    assert answer.err.endswith("\n")
    assert answer.err.count("\n") == 1
    assert "Traceback" not in answer.err
    assert answer.out == ""
    for word in words:
        assert word in answer.err


BAD_SETTINGS = {
    "unknown key of the pipeline": (["--set", "colour=1"], ["colour: unknown key", "thermal_angles", "imce.toml"]),
    "unknown key of a section": (
        ["--set", "technology.junction.colour=1"],
        ["technology.junction.colour", "there are: junction."],
    ),
    "unknown section": (["--set", "technology.colour.tmr=1"], ["technology.colour.tmr: unknown key"]),
    "section without a key": (["--set", "technology.junction=1"], ["technology.junction: unknown key"]),
    "wrong unit": (["--set", "technology.junction.ra=10 V"], ['junction.ra = "10 V": wrong unit', "10 ohm*um^2"]),
    "no unit": (["--set", "technology.junction.ra=10"], ['junction.ra = "10": has no unit', "10 ohm*um^2"]),
    "no quantity": (["--set", "technology.junction.ra=__import__('os')"], ["junction.ra", "not a quantity"]),
    "line break": (["--set", "technology.junction.ra=1\nohm"], ["junction.ra", "wrong unit"]),
    "negative RA": (["--set", "technology.junction.ra=-10 ohm*um^2"], ["junction.ra", "-10 ohm*um^2", "must be > 0"]),
    "TMR of zero": (["--set", "technology.junction.tmr=0"], ["junction.tmr", "must be > 0"]),
    "negative TMR": (["--set", "technology.junction.tmr=-1.2"], ["junction.tmr", "must be > 0"]),
    "endless TMR": (["--set", "technology.junction.tmr=inf"], ["junction.tmr", "not a finite number"]),
    "unknown corner": (["--set", "technology.cmos.corner=tt"], ["cmos.corner", "'nominal', 'ss' or 'ff'"]),
    "two rows": (["--set", "technology.array.rows=2"], ["array.rows", "must be >= 3"]),
    "fan-in of zero": (["--set", "fan_in=0"], ["fan_in = 0", "within 1 … 8"]),
    "one fan-in of zero": (["--set", "fan_in=[2, 0]"], ["fan_in = 0", "within 1 … 8"]),
    "fan-in too large": (["--set", "fan_in=9"], ["fan_in = 9", "within 1 … 8"]),
    "no fan-in": (["--set", "fan_in=[]"], ["fan_in = []: must have at least 1 value"]),
    "fan-in in words": (["--set", "fan_in=two"], ["fan_in", '"two"', "integer"]),
    "no trials": (["--trials", "0"], ["trials = 0", "must be >= 1"]),
    "negative trials": (["--trials", "-7"], ["trials = -7", "must be >= 1"]),
    "half a trial": (["--set", "trials=0.5"], ["trials = 0.5", "integer"]),
    "trials as a power": (["--set", "trials=1e3"], ["trials = 1000.0: must be an integer, such as 1000"]),
    "seed that is none": (["--set", "seed=true"], ["seed = true: must be an integer"]),
    "name that is a number": (["--set", "name=5"], ["name = 5: must be text"]),
    "negative seed": (["--seed", "-1"], ["seed = -1", "must be >= 0"]),
    "no angles": (["--set", "thermal_angles=0"], ["thermal_angles = 0", "must be >= 1"]),
    "no workers": (["--workers", "0"], ["workers = 0", "at least 1"]),
    "negative workers": (["--workers", "-2"], ["workers = -2", "at least 1"]),
    "setting without a value": (["--set", "trials"], ["--set trials: write KEY=VALUE"]),
    "setting with an empty value": (["--set", "trials="], ["--set trials=: write KEY=VALUE"]),
    "setting without a key": (["--set", "=1"], ["--set =1: write KEY=VALUE"]),
    "unknown network": (["--set", 'networks=["vgg"]'], ['"vgg"', "alexnet, svhn, lenet"]),
    "no network": (["--set", "networks=[]"], ["networks = []", "at least 1"]),
    "bit widths in words": (["--set", "bit_widths=binary"], ['"binary"', "W:I", "1:2"]),
    "weights of no bits": (["--set", 'bit_widths=["0:1"]'], ["weights = 0", "1 to 32"]),
    "inputs of 33 bits": (["--set", 'bit_widths=["1:33"]'], ["inputs = 33", "1 to 32"]),
    "unknown first layer": (["--set", "first_layer=none"], ["first_layer", "'seed' or 'practical'"]),
    "name that leads elsewhere": (["--set", "name=../elsewhere"], ["name", "../elsewhere"]),
    "name of the folder above": (["--set", "name=.."], ['name = ".."']),
    "unknown technology": (["--set", "technology=imce46"], ["imce46", "imce45"]),
    "missing PDK file": (
        ["--set", "technology.cmos.cards=/nowhere/nmos.inc"],
        ["cmos.cards", "/nowhere/nmos.inc", "imce45"],
    ),
    "PDK of a user there is not": (
        ["--set", "technology.cmos.cards=~nobody.at.all/pdk"],
        ["cmos.cards", "no such file"],
    ),
    "missing netlists": (
        ["--set", "technology.circuits.netlists=/nowhere/own"],
        ["circuits.netlists", "/nowhere/own", "no such folder"],
    ),
    "model that the cards do not have": (
        ["--set", "technology.cmos.nmos=nmos_vtx"],
        ["cmos.nmos", "nmos_vtx", "found nmos_vtg"],
    ),
}


@pytest.mark.parametrize("name", BAD_SETTINGS)
def test_bad_setting_is_one_line_and_leaves_results_whole(name: str, spintronics: Spintronics, results: Path) -> None:
    arguments, words = BAD_SETTINGS[name]
    before = content(results)
    require_one_line(spintronics("run", "imce", "--out", results, *arguments), *words)
    assert content(results) == before


@pytest.mark.parametrize("pipeline", ["nowhere", "nowhere/mine.toml", ".", "~nobody.at.all/mine.toml", ""])
def test_unknown_pipeline_lists_those_there_are(pipeline: str, spintronics: Spintronics) -> None:
    require_one_line(spintronics("run", pipeline), f"{pipeline}: no such file", "imce")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("trials = ", ["not valid TOML", "Invalid value"]),
        ("", ["experiment = 'missing': must be one of imce, write"]),
        ('name = "mine"\nname = "twice"', ["not valid TOML"]),
        ("\udcff", ["not valid TOML"]),
    ],
)
def test_pipeline_file_that_is_none_is_named(
    text: str, words: list[str], spintronics: Spintronics, tmp_path: Path
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    require_one_line(spintronics("run", path), str(path), *words)


def test_missing_key_of_a_pipeline_file_is_named(spintronics: Spintronics, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    lines = (PIPELINES / "imce.toml").read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(line for line in lines if not line.startswith("seed")), encoding="utf-8")
    require_one_line(spintronics("run", path), str(path), "seed: missing")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "tmr = ",
            'colour = { value = 1, source = "x" }\ntmr = ',
            ["junction.colour: unknown key", "half_tmr_voltage"],
        ),
        ('"10.58 ohm*um^2"', '"10.58 V"', ["junction.ra", "wrong unit", "ohm*m^2"]),
        ("value = 1.712, source", "value = 1.712, origin", ["junction.tmr", "source"]),
        ("[junction]", "[junction", ["not valid TOML"]),
    ],
)
def test_bad_technology_file_is_named(
    old: str, new: str, words: list[str], spintronics: Spintronics, results: Path, tmp_path: Path
) -> None:
    text = TECHNOLOGY.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    before = content(results)
    require_one_line(spintronics("run", "imce", "--out", results, "--set", f"technology={path}"), str(path), *words)
    assert content(results) == before


def test_card_file_without_the_named_models_is_named(spintronics: Spintronics, results: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.inc"
    path.write_text(".model n1 nmos level=54\n")
    before = content(results)
    answer = spintronics("run", "imce", "--out", results, "--set", f"technology.cmos.cards={path}")
    require_one_line(answer, "cmos.nmos", "nmos_vtg", str(path), "found n1")
    assert content(results) == before


def test_absent_ngspice_says_how_to_get_it(no_ngspice: None, spintronics: Spintronics, results: Path) -> None:
    before = content(results)
    answer = spintronics("run", "imce", "--out", results, "--trials", "10")
    require_one_line(answer, "ngspice", "PATH", "apt-get install ngspice", "SPINTRONICS_NGSPICE")
    assert content(results) == before


def test_old_ngspice_says_which_is_needed(old_ngspice: Path, spintronics: Spintronics, results: Path) -> None:
    before = content(results)
    answer = spintronics("run", "imce", "--out", results, "--trials", "10")
    require_one_line(answer, str(old_ngspice), "version 26", "at least 36")
    assert content(results) == before


@pytest.mark.parametrize("below", ["", "results", "deep/results"])
def test_output_folder_that_cannot_be_is_named(below: str, spintronics: Spintronics, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a user's")
    folder = tmp_path / "file" / below
    require_one_line(
        spintronics("run", "imce", "--trials", "10", "--out", folder), "output folder", str(folder), "file"
    )
    assert (tmp_path / "file").read_text() == "a user's"


@pytest.mark.parametrize("command", ["run sense_margin", "sweep margin_sweep", "characterize"])
def test_a_file_is_no_output_folder(command: str, spintronics: Spintronics, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a user's")
    answer = spintronics(*command.split(), "--out", tmp_path / "file")
    require_one_line(answer, f"output folder {tmp_path / 'file'}: cannot be written: is below a file, or is one")


@pytest.mark.parametrize(
    "manifest",
    [
        "[]",
        "{}",
        "no JSON",
        '{"outputs": 1}',
        '{"outputs": [1]}',
        '{"outputs": ["../notes.txt"]}',
        '{"outputs": ["/etc/hostname"]}',
    ],
)
def test_somebody_elses_manifest_is_left_alone(manifest: str, spintronics: Spintronics, tmp_path: Path) -> None:
    folder = tmp_path / "results"
    folder.mkdir()
    (tmp_path / "notes.txt").write_text("a user's")
    (folder / "manifest.json").write_text(manifest)
    before = content(tmp_path)
    answer = spintronics("run", "imce", "--trials", "10", "--out", folder)
    require_one_line(answer, str(folder / "manifest.json"), "not the manifest of a run", "--out")
    assert content(tmp_path) == before


@pytest.mark.parametrize(
    "arguments", [["run"], ["stroll"], ["run", "imce", "--trials", "ten"], ["run", "imce", "--nowhere"]]
)
def test_misuse_of_the_command_is_one_line(arguments: list[str], spintronics: Spintronics) -> None:
    answer = spintronics(*arguments)
    require_one_line(answer, "spintronics --help")


def test_installed_command_gives_one_line_too(tmp_path: Path) -> None:
    command = [COMMAND, "run", "imce", "--set", "technology.junction.tmr=0"]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    require_one_line(Answer(answer.returncode, answer.stdout, answer.stderr), "junction.tmr", "must be > 0")
    assert list(tmp_path.iterdir()) == []


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys\n"
        "from spintronics import cli\n"
        "sys.argv = ['spintronics', '--help']\n"
        "try:\n"
        "    cli.main()\n"
        "finally:\n"
        "    heavy = {'numpy', 'scipy', 'pydantic', 'pint', 'matplotlib', 'pyarrow', 'PySpice'}\n"
        "    print('imported:', *sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert answer.returncode == 0
    assert answer.stderr == "imported:\n"
    assert "run" in answer.stdout
    assert "doctor" in answer.stdout


def test_run_explains_its_options(spintronics: Spintronics) -> None:
    answer = spintronics("run", "--help")
    assert answer.status == 0
    for option in ("--out", "--trials", "--seed", "--workers", "--set"):
        assert option in answer.out


def findings(answer: Answer) -> dict[str, tuple[str, str]]:
    """Subject → mark and the rest of the line."""
    lines = [line.split(maxsplit=1) for line in answer.out.splitlines()]
    return {rest[:16].strip(): (mark, rest[16:]) for mark, rest in lines}


def test_doctor_finds_everything_that_the_tests_need(spintronics: Spintronics) -> None:
    answer = spintronics("doctor")
    found = findings(answer)
    assert (answer.status, answer.err) == (0, "")
    for subject in ("Python", "PySpice", "numpy", "scipy", "matplotlib", "pyarrow", "ngspice", "BSIM4", "model cards"):
        assert found[subject][0] == "ok"
    assert found["Python"][1].startswith(".".join(map(str, sys.version_info[:3])))
    assert {"XSPICE", "OSDI", "cores"} <= set(found)
    assert "imce45_nominal" in found["model cards"][1]
    assert found["netlists"][1].endswith(str(NETLISTS))


def test_doctor_without_ngspice_says_how_to_get_it(no_ngspice: None, spintronics: Spintronics) -> None:
    answer = spintronics("doctor")
    assert answer.status == 2
    mark, text = findings(answer)["ngspice"]
    assert mark == "missing"
    assert "apt-get install ngspice" in text
    assert "Traceback" not in answer.out + answer.err


def test_doctor_refuses_an_old_ngspice(old_ngspice: Path, spintronics: Spintronics) -> None:
    answer = spintronics("doctor")
    assert answer.status == 2
    assert findings(answer)["ngspice"][0] == "missing"
    assert "version 26; at least 36 is needed" in answer.out
