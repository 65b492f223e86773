"""``spintronics veriloga lower`` and ``osdi``: files, exit status, one line for each error, nothing half-written."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from spintronics.resources import MODELS
from spintronics.veriloga import NoCCompiler, lower
from spintronics.veriloga.osdi import c_compiler

pytest.importorskip("openvaf_py", reason="openvaf-py has wheels for Python 3.11 and 3.12 alone")

COMMAND = Path(sys.executable).with_name("spintronics")
DIODE = Path(__file__).with_name("models") / "diode.va"


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([COMMAND, "veriloga", *arguments], capture_output=True, text=True, check=False)


def test_lower_writes_the_file(tmp_path: Path) -> None:
    output = tmp_path / "diode.spice"
    done = command("lower", DIODE, "--fold", "n=1.5", "--fold", "tt=0", "-o", output)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert output.read_text() == lower(DIODE, {"n": 1.5, "tt": 0}).text
    assert "spintronics veriloga lower diode.va --fold n=1.5 --fold tt=0 -o FILE" in output.read_text()


def test_lower_prints_without_a_file() -> None:
    assert command("lower", DIODE).stdout == lower(DIODE, {}).text


def test_osdi_builds(tmp_path: Path) -> None:
    try:
        c_compiler()
    except NoCCompiler as error:
        pytest.skip(str(error))
    output = tmp_path / "diode.osdi"
    done = command("osdi", DIODE, "-o", output)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{output}: built with ")
    assert output.read_bytes()[:4] in (b"\x7fELF", b"\xcf\xfa\xed\xfe")
    assert list(tmp_path.iterdir()) == [output]


@pytest.mark.parametrize("kind", ["lower", "osdi"])
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--fold", "n"], "--fold n: write NAME=VALUE"),
        (["--fold", "isat=x"], "--fold isat=x: write NAME=VALUE"),
        (["--fold", "n=0.5"], "diode.va: line 9: parameter n = 0.5: must be from [1:10]"),
        (["--fold", "nn=1"], "no parameter 'nn' to fold"),
        (["--fold", "vj=inf"], "parameter vj = inf: must be finite"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_written(kind: str, options: list[str], said: str, tmp_path: Path) -> None:
    done = command(kind, DIODE, *options, "-o", tmp_path / "out")
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_syntax_error_is_one_line_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "wrong.va"
    path.write_text("module wrong(a);\n  inout a;\n  electrical a\nendmodule\n")
    for kind in ("lower", "osdi"):
        done = command(kind, path, "-o", tmp_path / "out")
        assert done.returncode == 2
        assert done.stderr.startswith(f"error: {path}: line ")
        assert done.stderr.count("\n") == 1
        assert [p.name for p in tmp_path.iterdir()] == ["wrong.va"]


def test_a_file_that_is_no_model_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "noise.va"
    path.write_bytes(bytes(range(256)))
    for kind in ("lower", "osdi"):
        done = command(kind, path, "-o", tmp_path / "out")
        assert done.returncode == 2
        assert done.stderr.startswith(f"error: {path}: ")
        assert done.stderr.count("\n") == 1
        assert [p.name for p in tmp_path.iterdir()] == ["noise.va"]


def test_parameters_of_the_projects_own_models_stay_in_their_range() -> None:
    done = command("lower", MODELS / "veriloga/she_mtj.va", "--fold", "alpha=2")  # declared in an included file
    assert done.returncode == 2
    assert done.stderr.endswith("she_mtj.va: line 22 of free_layer.vams: parameter alpha = 2: must be from (0:1)\n")


def test_folder_that_is_not_there(tmp_path: Path) -> None:
    compiler = any(map(shutil.which, ("cc", "gcc", "clang")))
    for kind in ("lower", "osdi") if compiler else ("lower",):
        done = command(kind, DIODE, "-o", tmp_path / "nowhere/out")
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1
        assert "nowhere" in done.stderr
