"""Chunks on a Dask cluster of two worker processes: the same bits as on this machine, whatever dies."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("distributed", reason="needs dask.distributed (extra cluster)")

COMMAND = Path(sys.executable).with_name("spintronics")
RUN = ["run", "sense_margin", "--set", "fan_in=2", "--trials", "32000", "--seed", "3"]
CLUSTER = """
import sys
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        print(cluster.scheduler_address, *(worker.pid for worker in cluster.workers.values()), flush=True)
        sys.stdin.read()
"""


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[int]]]:
    """Address of a scheduler, and its workers' processes."""
    script = tmp_path / "cluster.py"
    script.write_text(CLUSTER)
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    address, *pids = process.stdout.readline().split()
    yield address, [int(pid) for pid in pids]
    process.communicate("")


def contents(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file() and path.name != "manifest.json")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same run on this machine."""
    folder = tmp_path_factory.mktemp("here") / "run"
    subprocess.run([COMMAND, *RUN, "--out", folder], check=True, capture_output=True, timeout=120)
    return folder


def test_cluster_gives_the_same_bits(cluster: tuple[str, list[int]], here: Path, tmp_path: Path) -> None:
    answer = subprocess.run(
        [COMMAND, *RUN, "--out", tmp_path / "run", "--scheduler", cluster[0]],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert answer.returncode == 0, answer.stderr
    assert contents(tmp_path / "run") == contents(here)


def test_worker_that_dies_loses_nothing(cluster: tuple[str, list[int]], here: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    run = subprocess.Popen(
        [COMMAND, *RUN, "--out", folder, "--scheduler", cluster[0]], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 90
    while not list(folder.glob("trials/*/[0-9]*.parquet")):
        assert time.monotonic() < deadline
        assert run.poll() is None
        time.sleep(0.01)
    os.kill(cluster[1][0], signal.SIGKILL)
    _, said = run.communicate(timeout=120)
    assert run.returncode == 0, said
    assert contents(folder) == contents(here)


def test_run_begun_here_is_resumed_on_a_cluster(cluster: tuple[str, list[int]], here: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(here, folder)
    for name in ("000005000", "000030000"):
        (folder / "trials" / "fan_in_2" / f"{name}.parquet").unlink()
    answer = subprocess.run(
        [COMMAND, *RUN, "--out", folder, "--resume", "--scheduler", cluster[0]],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert answer.returncode == 0, answer.stderr
    assert contents(folder) == contents(here)


@pytest.mark.parametrize(
    ("pipeline", "scheduler", "message"),
    [
        ("sense_margin", "tcp://127.0.0.1:9", "error: --scheduler tcp://127.0.0.1:9: does not answer: "),
        ("sense_margin", "nonsense://here", "error: --scheduler nonsense://here: write tcp://host:port"),
        ("write", "tcp://127.0.0.1:9", "error: --scheduler: experiment write has no stored trials; run it without"),
    ],
)
def test_scheduler_that_does_not_answer_is_one_line(
    pipeline: str, scheduler: str, message: str, tmp_path: Path
) -> None:
    answer = subprocess.run(
        [COMMAND, "run", pipeline, "--out", tmp_path / "run", "--scheduler", scheduler],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert answer.returncode == 2
    assert answer.stderr.startswith(message)
    assert answer.stderr.count("\n") == 1
    assert not (tmp_path / "run").exists()
