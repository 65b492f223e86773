"""Chunks whose decks fail, hang or lose their worker, with real ngspice decks."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from spintronics.montecarlo import JunctionTrials
from spintronics.montecarlo.chunks import MOST_FAILED, SolvedChunk, solve_chunks
from spintronics.montecarlo.workers import Workers, local_workers
from spintronics.ngspice import ConvergenceError, DeckError, Simulator

FloatArray = npt.NDArray[np.float64]
BAD = -1.0  # value of a trial that cannot be solved


def trials(values: FloatArray) -> JunctionTrials:
    return JunctionTrials(values[:, None], np.ones((len(values), 1)), 0, 1)


def dividers(values: FloatArray, rest: str = ".op") -> str:
    """A divider per trial; a negative resistance stands for a trial that cannot be solved."""
    lines = ["dividers", "v1 in 0 1"]
    for n, value in enumerate(values):
        lines += [f"ra{n} in out{n} 1k", f"rb{n} out{n} 0 {value:.15g}"]
    return "\n".join([*lines, rest, ".end", ""])


@dataclass(frozen=True)
class Solve:
    """Voltage of every divider: fails, hangs or kills its worker where one of them is bad."""

    how: str = "fails"
    once: Path | None = None
    simulator: Simulator = field(default_factory=lambda: Simulator(timeout=1.0))

    def __call__(self, junctions: JunctionTrials) -> FloatArray:
        values = junctions.r_p[:, 0]
        bad = (values == BAD).any()
        if bad and self.once is not None:
            bad = not self.once.exists()
            self.once.touch()
        if bad and self.how == "fails":
            self.simulator.run(dividers(values, "vbad in 0 2\n.op"))  # two sources across one node: singular
        if bad and self.how == "hangs":
            self.simulator.run(dividers(values, ".tran 1p 1 0 1p"))
        if bad and self.how == "kills":
            os.kill(os.getpid(), signal.SIGKILL)
        waves = self.simulator.run(dividers(np.abs(values)))
        return np.array([[waves[f"v(out{n})"][0]] for n in range(len(values))])


def solved(solve: Solve, values: FloatArray, size: int, workers: Workers) -> list[SolvedChunk]:
    found = solve_chunks(solve, trials(values).chunks(size), workers.executor, workers.in_flight, workers.lost)
    return sorted(found, key=lambda chunk: chunk.junctions.first)


@pytest.fixture
def two() -> Iterator[Workers]:
    with local_workers(2) as workers:
        yield workers


VALUES = np.linspace(1e3, 5e3, 70)


def test_every_chunk_is_solved_once(two: Workers) -> None:
    chunks = solved(Solve(), VALUES, 16, two)
    assert [chunk.junctions.first for chunk in chunks] == [0, 16, 32, 48, 64]
    values = np.concatenate([chunk.values[:, 0] for chunk in chunks])
    assert values == pytest.approx(VALUES / (VALUES + 1e3), rel=1e-6)
    assert not any(chunk.failed for chunk in chunks)


@pytest.mark.parametrize("how", ["fails", "hangs"])
def test_trials_that_cannot_be_solved_stand_alone(how: str, two: Workers) -> None:
    values = VALUES.copy()
    bad = [3, 20] if how == "fails" else [20]
    values[bad] = BAD
    chunks = solved(Solve(how, simulator=Simulator(timeout=0.3)), values, 8, two)
    found = np.concatenate([chunk.values[:, 0] for chunk in chunks])
    assert np.flatnonzero(np.isnan(found)).tolist() == bad
    good = np.isfinite(found)
    assert found[good] == pytest.approx(values[good] / (values[good] + 1e3), rel=1e-6)
    failed = [f for chunk in chunks for f in chunk.failed]
    assert [f.trial for f in failed] == bad
    said = "singular matrix|no convergence" if how == "fails" else "not finished after 0.3 s"
    assert all(any(word in f.message for word in said.split("|")) for f in failed)


def test_what_fails_once_is_not_recorded(tmp_path: Path, two: Workers) -> None:
    values = VALUES.copy()
    values[20] = BAD
    chunks = solved(Solve(once=tmp_path / "tried"), values[:30], 1, two)  # alone: no halves to be solved instead
    assert (tmp_path / "tried").exists()
    assert not any(chunk.failed for chunk in chunks)
    assert np.isfinite(np.concatenate([chunk.values for chunk in chunks])).all()


def test_deck_at_fault_ends_the_run(two: Workers) -> None:
    values = np.full(64, BAD)
    with pytest.raises(ConvergenceError, match="ngspice: dividers: "):
        solved(Solve(), values, 64, two)
    values = VALUES[:2].copy()
    values[:] = BAD  # all of a chunk smaller than the limit
    assert len(values) < MOST_FAILED
    with pytest.raises(DeckError):
        solved(Solve(), values, 16, two)


def test_ngspice_that_is_killed_is_run_again(two: Workers) -> None:
    """kill -9 of one ngspice while it runs: nothing is lost, nothing counted twice."""
    slow = SolveSlowly(Simulator(timeout=60))
    killed: list[int] = []

    def kill_one() -> None:
        for _ in range(400):
            children = Path(f"/proc/{os.getpid()}/task").glob("*/children")
            for pid in (int(text) for path in children for text in path.read_text().split()):
                if Path(f"/proc/{pid}/comm").read_text().strip() == "ngspice":
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)
                    return
            time.sleep(0.005)

    killer = threading.Thread(target=kill_one)
    killer.start()
    found = solve_chunks(slow, trials(VALUES).chunks(35), two.executor, 2, two.lost)
    chunks = sorted(found, key=lambda chunk: chunk.junctions.first)
    killer.join()
    assert killed
    assert not any(chunk.failed for chunk in chunks)
    values = np.concatenate([chunk.values[:, 0] for chunk in chunks])
    assert values == pytest.approx(VALUES / (VALUES + 1e3), rel=1e-6)


@dataclass(frozen=True)
class SolveSlowly:
    """As Solve, but ngspice takes some tenths of a second."""

    simulator: Simulator

    def __call__(self, junctions: JunctionTrials) -> FloatArray:
        values = junctions.r_p[:, 0]
        waves = self.simulator.run(
            dividers(values, ".tran 1n 100u 0 1n\n.save " + " ".join(f"v(out{n})" for n in range(len(values))))
        )
        return np.array([[waves[f"v(out{n})"][-1]] for n in range(len(values))])


def test_lost_worker_process_ends_in_its_own_error() -> None:
    """A broken pool cannot go on: the error is the pool's, not one of a trial."""
    values = VALUES.copy()
    values[3] = BAD
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool, pytest.raises(BrokenExecutor):
        list(solve_chunks(Solve("kills"), trials(values).chunks(16), pool, 2))


def test_chunks_are_drawn_as_workers_are_free() -> None:
    drawn: list[int] = []

    def chunks() -> Iterator[JunctionTrials]:
        for chunk in trials(VALUES).chunks(5):
            drawn.append(chunk.first)
            yield chunk

    with ThreadPoolExecutor(1) as pool:
        results = solve_chunks(Solve(), chunks(), pool, 2)
        next(results)
        assert len(drawn) <= 3
        assert len(list(results)) == 13


def test_memory_limit_ends_ngspice_and_nothing_else() -> None:
    deck = dividers(VALUES)
    with pytest.raises(DeckError):
        Simulator(memory=16 * 1024**2).run(deck)  # not enough to start in
    assert Simulator(memory=1024**3).run(deck)["v(out0)"][0] == pytest.approx(0.5)
