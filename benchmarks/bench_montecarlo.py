"""Speed and memory of trials at scale: a million trials, the store, a rare event, and a Dask cluster of this machine.

Every figure is of a process of its own, its children (ngspice) counted.  The store's overhead is the CPU time of its
writing and reading over that of the whole run, and the wall time of runs with and without it.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from measure import machine, print_table

from spintronics import cards
from spintronics.characterize import sense_margin
from spintronics.characterize.rare_events import failure_rate
from spintronics.circuits.sense_path import Operation
from spintronics.montecarlo.chunks import SolvedChunk
from spintronics.montecarlo.workers import local_workers
from spintronics.ngspice import Simulator, default_workers
from spintronics.pipeline.store import TrialStore
from spintronics.technology import Technology

T = TypeVar("T")
TRIALS = 1_000_000
FEWER = 200_000  # of the comparisons
FAN_IN = 2
COMMAND = Path(sys.executable).with_name("spintronics")
RARE = {"variation.sigma_ra": "0.04", "variation.sigma_tmr": "0.07"}  # where AND fails about once in 1e9
CLUSTER = """
import sys
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()
"""


def chunks(keep: Callable[[SolvedChunk], None], trials: int) -> float:
    """Wall time of all chunks, each handed to ``keep``, s."""
    technology = Technology.load("imce45")
    start = time.perf_counter()
    with local_workers(default_workers()) as workers:
        context = (technology, cards.locate(technology), Simulator())
        for chunk in sense_margin.solved_chunks(*context, FAN_IN, trials, 1, workers):
            keep(chunk)
    return time.perf_counter() - start


def without_store(trials: int) -> float:
    """Trials that are thrown away."""
    return chunks(lambda _: None, trials)


def with_store(trials: int) -> tuple[float, float]:
    """Wall time with a store, and the time that writing and reading it took, s."""
    with tempfile.TemporaryDirectory() as folder:
        store, spent = TrialStore(Path(folder), FAN_IN, trials, {}), 0.0

        def write(chunk: SolvedChunk) -> None:
            nonlocal spent
            start = time.thread_time()
            store.write(chunk)
            spent += time.thread_time() - start

        wall = chunks(write, trials)
        start = time.perf_counter()
        store.read()
        reading = time.perf_counter() - start
        return wall + reading, spent + reading


def rare_event(_: int) -> tuple[float, float, float, float]:
    """Wall time of a failure probability near 1e-9, s; it, its relative error, and the interval's half width."""
    technology = Technology.load("imce45", RARE)
    model_cards, simulator = cards.locate(technology), Simulator()
    start = time.perf_counter()
    rare = failure_rate(technology, model_cards, simulator, FAN_IN, Operation.AND, 1, default_workers())
    return time.perf_counter() - start, rare.p, rare.relative_error, (rare.high / rare.low) ** 0.5


def pipeline(trials: int, *more: str) -> tuple[float, float]:
    """Wall time of the whole command, s, and its peak memory, MB, ngspice left out."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = ["run", "sense_margin", "--trials", str(trials), "--set", f"fan_in={FAN_IN}", "--out", folder]
        start = time.perf_counter()
        process = subprocess.Popen([COMMAND, *arguments, *more], stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            raise SystemExit(f"the run ended with {status}")
        return time.perf_counter() - start, usage.ru_maxrss / 1024


def on_cluster(trials: int) -> tuple[float, float]:
    """The same on a Dask cluster of two worker processes on this machine."""
    with tempfile.NamedTemporaryFile("w", suffix=".py") as script:
        script.write(CLUSTER)
        script.flush()
        cluster = subprocess.Popen(
            [sys.executable, "-W", "ignore", script.name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert cluster.stdout is not None
        address = cluster.stdout.readline().strip()
        found = pipeline(trials, "--scheduler", address, "--workers", "2")
        cluster.communicate("")
    return found


def alone(measure: Callable[[int], T], trials: int) -> T:
    """One measurement in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(measure, trials).result()


def main() -> None:
    """Measure, print."""
    print(f"trials of fan-in {FAN_IN}, all {FAN_IN + 1} states, imce45")
    print(machine())
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else TRIALS
    wall, memory = alone(pipeline, trials)
    rows = [[f"sense_margin, {trials:,} trials, with its tables", f"{wall:.1f} s", f"{memory:.0f} MB"]]
    plain = min(alone(without_store, FEWER) for _ in range(2))
    stored, spent = min(alone(with_store, FEWER) for _ in range(2))
    rows.append([f"{FEWER:,} trials without a store", f"{plain:.1f} s", f"{FEWER / plain:,.0f} trials/s"])
    rows.append([f"{FEWER:,} trials with a store", f"{stored:.1f} s", f"{spent / stored:.1%} of it in the store"])
    seconds, p, error, half = alone(rare_event, 0)
    rows.append(["AND, importance sampling", f"{seconds:.1f} s", f"{p:.2e}, ×/÷ {half:.2f} (σ {error:.1%})"])
    here, _ = min(alone(pipeline, FEWER) for _ in range(2))
    dask, _ = min(alone(on_cluster, FEWER) for _ in range(2))
    rows.append([f"{FEWER:,} trials, Dask of 2 workers", f"{dask:.1f} s", f"{dask / here - 1:+.0%} on {here:.1f} s"])
    print_table(["what", "wall", "found"], rows)


if __name__ == "__main__":
    main()
