"""The trial store: what it gives back, what it refuses, and runs that were stopped in the middle."""

import errno
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from spintronics.characterize import sense_margin
from spintronics.errors import InputError
from spintronics.montecarlo import JunctionTrials
from spintronics.montecarlo.chunks import FailedTrial, SolvedChunk
from spintronics.netlists import shipped_netlist
from spintronics.pipeline.store import TrialStore
from spintronics.resources import MODELS
from spintronics.technology import Technology

COMMAND = Path(sys.executable).with_name("spintronics")
ORIGIN = {"technology": "made up", "technology_sha256": "a" * 64, "seed": "7"}
SIZE = sense_margin.CHUNK


def chunk(first: int, size: int = SIZE, failed: tuple[int, ...] = ()) -> SolvedChunk:
    stream = np.random.default_rng(first)
    values = stream.normal(size=(size, 3))
    values[list(failed)] = np.nan
    junctions = JunctionTrials(stream.normal(size=(size, 2)), stream.normal(size=(size, 2)), first + 1, 7, first)
    return SolvedChunk(junctions, values, tuple(FailedTrial(first + n, f"no convergence at {n}") for n in failed))


def store(folder: Path, trials: int = 2 * SIZE + 100, **origin: str) -> TrialStore:
    return TrialStore(folder / "fan_in_2", 2, trials, ORIGIN | origin)


def filled(folder: Path) -> TrialStore:
    found = store(folder)
    for written in (chunk(2 * SIZE, 100, failed=(5,)), chunk(0), chunk(SIZE)):
        found.write(written)
    return found


def test_trials_come_back_bit_for_bit_in_order(tmp_path: Path) -> None:
    read = filled(tmp_path).read()
    chunks = [chunk(0), chunk(SIZE), chunk(2 * SIZE, 100, failed=(5,))]
    for ours, name in ((read.junctions.r_p, "r_p"), (read.junctions.tmr, "tmr")):
        theirs = np.concatenate([getattr(c.junctions, name) for c in chunks])
        assert ours.tobytes() == theirs.tobytes()
    assert np.array_equal(read.v_sense, np.concatenate([c.values for c in chunks]), equal_nan=True)
    assert read.junctions.redrawn == 3 * SIZE + 3
    assert read.failed == (FailedTrial(2 * SIZE + 5, "no convergence at 5"),)
    assert len(read.v_solved) == 2 * SIZE + 99


def test_files_say_what_they_hold(tmp_path: Path) -> None:
    filled(tmp_path)
    files = sorted((tmp_path / "fan_in_2").iterdir())
    assert [file.name for file in files] == ["000000000.parquet", "000005000.parquet", "000010000.parquet"]
    schema = pq.read_schema(files[1])
    units = {field.name: field.metadata[b"unit"].decode() for field in schema}
    assert units["r_p_0"] == "ohm"
    assert units["tmr_1"] == "1"
    assert units["v_sense_P-AP"] == "V"
    about = {key.decode(): value.decode() for key, value in schema.metadata.items()}
    assert about["technology_sha256"] == "a" * 64
    assert (about["seed"], about["first"], about["fan_in"]) == ("7", "5000", "2")
    assert pq.read_table(tmp_path / "fan_in_2").num_rows == 2 * SIZE + 100  # all of them as one data set


def test_done_is_what_is_whole(tmp_path: Path) -> None:
    found = filled(tmp_path)
    assert found.done() == {0, SIZE, 2 * SIZE}
    (tmp_path / "fan_in_2" / "000005000.parquet").unlink()
    aside = tmp_path / "fan_in_2" / ".000005000.parquet.abc.parquet"
    aside.write_bytes(b"half of it")
    assert found.done() == {0, 2 * SIZE}
    assert not aside.exists()
    assert store(tmp_path, 3 * SIZE).done() == {0}  # the last chunk of the shorter run is too short for this one
    with pytest.raises(InputError, match=r"000005000\.parquet is missing; run again with --resume"):
        found.read()


@pytest.mark.parametrize(
    ("origin", "message"),
    [
        (
            {"technology_sha256": "b" * 64},
            "its technology_sha256 is aaaaaaaaaaaa, this run's is bbbbbbbbbbbb; trials of",
        ),
        ({"seed": "8"}, "its seed is 7, this run's is 8"),
        ({"ngspice": "99"}, "its ngspice is nothing, this run's is 99"),
    ],
)
def test_store_of_another_origin_is_refused(tmp_path: Path, origin: dict[str, str], message: str) -> None:
    filled(tmp_path)
    other = store(tmp_path, **origin)
    for act in (other.done, other.read):
        with pytest.raises(InputError, match=message):
            act()


def test_broken_file_is_refused_with_its_name(tmp_path: Path) -> None:
    found = filled(tmp_path)
    path = tmp_path / "fan_in_2" / "000000000.parquet"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(InputError, match=r"000000000\.parquet: not a Parquet file: .*; remove it and resume"):
        found.done()


def test_full_disk_leaves_nothing_half_written(tmp_path: Path) -> None:
    """A file size limit stands for a full disk: the write ends in the middle."""
    found = store(tmp_path)
    found.write(chunk(0))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
        with pytest.raises(OSError, match=r"000005000\.parquet") as caught:
            found.write(chunk(SIZE))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert caught.value.errno == errno.EFBIG
    assert [path.name for path in (tmp_path / "fan_in_2").iterdir()] == ["000000000.parquet"]
    assert found.done() == {0}


# --- whole runs -------------------------------------------------------------------------------------------------------

RUN = ["run", "sense_margin", "--set", "fan_in=[1, 2]", "--trials", "22000", "--seed", "3"]


def command(folder: Path, *more: str) -> "subprocess.CompletedProcess[str]":
    arguments = [COMMAND, *RUN, "--out", folder, *more]
    return subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing interrupts."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    answer = command(folder)
    assert answer.returncode == 0, answer.stderr
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """Every file but the manifest, which holds times."""
    paths = (path for path in folder.rglob("*") if path.is_file() and path.name != "manifest.json")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def finished(folder: Path) -> int:
    return len(list(folder.glob("trials/*/[0-9]*.parquet")))


def test_killed_run_resumes_to_the_same_bits(tmp_path: Path, whole: Path) -> None:
    folder = tmp_path / "run"
    run = subprocess.Popen([COMMAND, *RUN, "--out", folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while finished(folder) < 3:
        assert time.monotonic() < deadline
        assert run.poll() is None
        time.sleep(0.01)
    run.send_signal(signal.SIGKILL)
    run.wait()
    assert 3 <= finished(folder) < 10
    assert json.loads((folder / "manifest.json").read_text())["status"] == "running"
    kept = {path: path.stat().st_mtime_ns for path in folder.glob("trials/*/[0-9]*.parquet")}
    answer = command(folder, "--resume")
    assert answer.returncode == 0, answer.stderr
    assert contents(folder) == contents(whole)
    assert all(path.stat().st_mtime_ns == when for path, when in kept.items())  # not solved again


def test_complete_run_is_not_run_again(whole: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in whole.rglob("*")}
    answer = command(whole, "--resume")
    assert answer.returncode == 0
    assert "complete already" in answer.stdout
    assert {path: path.stat().st_mtime_ns for path in whole.rglob("*")} == before


def test_more_trials_go_on_from_fewer(tmp_path: Path, whole: Path) -> None:
    folder = tmp_path / "run"
    answer = command(folder, "--trials", "12000")
    assert answer.returncode == 0, answer.stderr
    answer = command(folder, "--resume")
    assert answer.returncode == 0, answer.stderr
    assert contents(folder) == contents(whole)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--set", "technology.junction.tmr=1.5"], "its technology_sha256 is .*; trials of two are not mixed"),
        (["--seed", "4"], "its seed is 3, this run's is 4"),
        (["--set", 'sampling="sobol"'], "its sampling is plain, this run's is sobol"),
    ],
)
def test_run_of_another_technology_does_not_resume(more: list[str], message: str, tmp_path: Path, whole: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(whole, folder)
    answer = command(folder, "--resume", *more)
    assert answer.returncode == 2
    assert re.search(f"^error: trial store .*{message}", answer.stderr)
    assert answer.stderr.count("\n") == 1


def test_run_with_other_netlists_does_not_resume(tmp_path: Path, whole: Path) -> None:
    folder, own = tmp_path / "run", tmp_path / "own"
    shutil.copytree(whole, folder)
    own.mkdir()
    for name in ("sense_cell_p", "sense_cell_ap"):
        (own / f"{name}.spice").write_text(shipped_netlist(name).replace("{w_read}", "{2*w_read}"))
    answer = command(folder, "--resume", "--set", f"technology.circuits.netlists={own}")
    assert answer.returncode == 2
    assert re.search(r"^error: trial store .*its netlists_sha256 is .*; trials of two are not mixed", answer.stderr)
    assert answer.stderr.count("\n") == 1


def test_nothing_to_resume_is_said(tmp_path: Path) -> None:
    answer = command(tmp_path / "nothing", "--resume")
    assert answer.returncode == 2
    assert answer.stderr == (
        f"error: output folder {tmp_path / 'nothing'}: no run to resume there; run it without --resume\n"
    )
    assert not (tmp_path / "nothing").exists()
    write = subprocess.run([COMMAND, "run", "write", "--resume"], capture_output=True, text=True, check=False)
    assert write.returncode == 2
    assert write.stderr == "error: --resume: experiment write has no stored trials; run it without\n"


def test_two_runs_into_one_folder_do_not_mix(tmp_path: Path, whole: Path) -> None:
    folder = tmp_path / "run"
    first = subprocess.Popen([COMMAND, *RUN, "--out", folder], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while finished(folder) < 1:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    second = command(folder, "--resume")
    assert second.returncode == 2
    assert "another run is writing there" in second.stderr
    first.communicate()
    assert first.returncode == 0
    assert contents(folder) == contents(whole)


@pytest.mark.parametrize("sampling", ["latin-hypercube", "sobol"])
def test_designs_run_end_to_end(sampling: str, tmp_path: Path) -> None:
    answer = command(tmp_path / "run", "--set", f"sampling={sampling}", "--trials", "1024", "--set", "fan_in=1")
    assert answer.returncode == 0, answer.stderr
    table = pq.read_table(tmp_path / "run" / "trials" / "fan_in_1")
    technology = Technology.load("imce45")
    mean = np.asarray(table.column("r_p_0")).mean() / technology.junction.r_p
    assert mean == pytest.approx(1, abs=2e-4)  # a tenth of what plain draws leave


def test_transistors_are_stored_and_resumed(tmp_path: Path) -> None:
    drawn = ("--set", "transistor_mismatch=true", "--set", "fan_in=2", "--trials", "6000")
    answer = command(tmp_path / "run", *drawn)
    assert answer.returncode == 0, answer.stderr
    before = contents(tmp_path / "run")
    schema = pq.read_schema(tmp_path / "run" / "trials" / "fan_in_2" / "000000000.parquet")
    units = {field.name: field.metadata[b"unit"].decode() for field in schema}
    assert units["dvt_xcell1.xread"] == units["v_reference_AND"] == "V"
    assert units["dbeta_xreference.xen_or"] == "1"
    (tmp_path / "run" / "trials" / "fan_in_2" / "000000000.parquet").unlink()
    assert command(tmp_path / "run", *drawn, "--resume").returncode == 0
    assert contents(tmp_path / "run") == before
    answer = command(tmp_path / "run", "--resume", "--set", "fan_in=2", "--trials", "6000")
    assert answer.returncode == 2
    assert "its varied is junctions and transistors, this run's is junctions; trials of two are not" in answer.stderr


def test_transistors_without_matching_coefficients_are_refused_before_anything_runs(tmp_path: Path) -> None:
    text = (MODELS / "technology" / "imce45.toml").read_text()
    (tmp_path / "mine.toml").write_text("\n".join(line for line in text.splitlines() if "a_beta_nmos" not in line))
    answer = command(
        tmp_path / "run", "--set", f"technology={tmp_path / 'mine.toml'}", "--set", "transistor_mismatch=true"
    )
    assert answer.returncode == 2
    assert answer.stderr.startswith("error: technology.variation.a_beta_nmos: missing; transistor mismatch needs ")
    assert not (tmp_path / "run").exists()


def test_a_batch_system_s_end_of_time_is_ctrl_c(tmp_path: Path) -> None:
    """SIGTERM leaves a manifest that says so and no scratch folder."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    command = [
        sys.executable,
        "-m",
        "spintronics",
        "run",
        "sense_margin",
        "--trials",
        "300000",
        "--out",
        tmp_path / "out",
    ]
    with subprocess.Popen(command, env={**os.environ, "TMPDIR": str(scratch)}, stderr=subprocess.PIPE) as process:
        trials = tmp_path / "out" / "trials"
        while process.poll() is None and not list(trials.glob("*/*.parquet")):
            time.sleep(0.1)
        process.terminate()
        _, said = process.communicate()
    assert process.returncode == 130
    assert b"--resume" in said
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["status"] == "failed"
    assert not list(scratch.iterdir())
