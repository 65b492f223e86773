"""One operating point per trial of the fan-in-2 branch: trials as a sweep, against PySpice and ngspice's own loop.

Every method solves the same circuit (P-AP state, imce45) for the same drawn junctions, and the sense voltages are
compared.  Each measurement is a fresh Python process with everything imported and one trial solved beforehand; CPU
includes ngspice processes, deck building and reading back.  The methods take turns; medians are printed.

Sweep       SensePath's deck in chunks, one ngspice process at a time.  Once with the P-AP branch alone, once as the
            sense margins are computed: a trial there solves every state (P-P, P-AP, AP-AP), and counts as three
            branches.
PySpice     circuit.simulator(...).operating_point() on the shared library, one run per trial.  ``tuned``: built
            once, four source values set per trial, comments dropped from the deck, one thread.  ``circuit per
            trial``: built anew in every trial, one thread.  ``as it comes``: the same with as many OpenMP threads as
            ngspice takes, which spin on so small a circuit.
ngspice     alter (three times), op, print and destroy per trial in one .control script written out line by line,
            comments dropped, one thread.

Only ``as it comes`` is PySpice untouched, and its spinning varies much from machine to machine; its first two rows
are the fairer ones.
"""

import ctypes.util
import logging
import multiprocessing
import os
import re
import subprocess
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from measure import Stopwatch, machine, print_table

from spintronics import cards
from spintronics.characterize.sense_margin import CHUNK, solve_trials
from spintronics.circuits.library import SENSE_CELLS, new_circuit, sense_cell
from spintronics.circuits.sense_path import SensePath
from spintronics.montecarlo import JunctionTrials, draw_junctions
from spintronics.ngspice import Simulator
from spintronics.technology import Technology

if TYPE_CHECKING:
    from PySpice.Spice.Netlist import Circuit

FloatArray = npt.NDArray[np.float64]

FAN_IN = 2
NODE = "bl1"  # one of the two cells antiparallel: P-AP
SEED = 1
REPETITIONS = 3
TOLERANCE = 2e-5  # about a microvolt; ngspice's vntol is 1 µV, the sweep's 10 µV

technology = Technology.load("imce45")
path = SensePath(technology, cards.locate(technology), FAN_IN)


@dataclass(frozen=True)
class Measurement:
    """CPU and wall time of all trials, s, and the sense voltages of P-AP, V."""

    cpu: float
    wall: float
    v_sense: FloatArray


@dataclass(frozen=True)
class Method:
    """A way to solve trials.

    Attributes:
        branches: solved per trial.
        required: least ratio of its CPU time per branch to the sweep's; None for the sweep itself.
        threads: limit on ngspice's threads; None leaves it as installed.
    """

    name: str
    solve: Callable[[int], Measurement]
    trials: int
    branches: int = 1
    required: float | None = None
    threads: int | None = 1


def drawn(trials: int) -> JunctionTrials:
    """The same first trials for every method."""
    return draw_junctions(technology.junction, technology.variation, FAN_IN, trials, SEED)


# --- trials as a sweep ------------------------------------------------------------------------------------------------


def sweep_all_states(trials: int) -> Measurement:
    """As the sense margins are computed."""

    def solve(count: int) -> FloatArray:
        return solve_trials(technology, path.cards, Simulator(), FAN_IN, count, SEED, workers=1).v_sense[:, 1]

    solve(2)
    with Stopwatch() as watch:
        v_sense = solve(trials)
    return Measurement(watch.cpu, watch.wall, v_sense)


def sweep_one_state(trials: int) -> Measurement:
    """The same without the other two states."""

    def solve(simulator: Simulator, chunk: JunctionTrials) -> FloatArray:
        waves = simulator.run(path.trials(chunk.r_p, chunk.tmr, (1,)).text())
        return path.sense_voltages(waves, len(chunk), 1)

    solve(Simulator(), drawn(2))
    junctions = drawn(trials)
    with Stopwatch() as watch:
        v_sense = np.concatenate(Simulator().map(solve, junctions.chunks(CHUNK), workers=1))
    return Measurement(watch.cpu, watch.wall, v_sense)


# --- one circuit, plain source values ---------------------------------------------------------------------------------


def branch() -> "Circuit":
    """The P-AP branch alone, as SensePath has it, but its junctions' values are plain voltage sources."""
    t = technology
    circuit = new_circuit("sense path, one branch", t, path.cards, SENSE_CELLS)
    circuit.V("word", "word", circuit.gnd, t.cmos.supply)
    circuit.I(NODE, circuit.gnd, NODE, t.sense.current)
    circuit.R(NODE, NODE, "cell", t.array.rows / 2 * t.array.bit_line_resistance)
    for k in range(FAN_IN):
        circuit.V(f"g_p{k}", f"g_p{k}", circuit.gnd, 1e3 / t.junction.r_p)
        circuit.V(f"tmr{k}", f"tmr{k}", circuit.gnd, t.junction.tmr)
        sense_cell(circuit, t, f"cell{k}", int(k == FAN_IN - 1), "cell", "word", f"g_p{k}", f"tmr{k}")
    return circuit


def set_junctions(circuit: "Circuit", r_p: FloatArray, tmr: FloatArray) -> None:
    """Values of one trial."""
    for k in range(FAN_IN):
        circuit[f"Vg_p{k}"].dc_value = 1e3 / float(r_p[k])
        circuit[f"Vtmr{k}"].dc_value = float(tmr[k])


def without_comments(text: str) -> str:
    """A netlist's lines less empty ones and comments."""
    return "\n".join(line for line in text.splitlines() if line.strip() and not line.startswith("*"))


# --- PySpice ----------------------------------------------------------------------------------------------------------


def simulator_of(circuit: "Circuit") -> Any:
    """PySpice's simulator on the shared library, silent, with the sweep's temperature and tolerance."""
    from PySpice.Spice.NgSpice.Shared import NgSpiceShared

    if "NGSPICE_LIBRARY_PATH" not in os.environ:
        NgSpiceShared.LIBRARY_PATH = shared_library()  # PySpice looks for libngspice.so, a development link
    logging.disable(logging.CRITICAL)
    celsius = technology.cmos.temperature - 273.15
    simulator = circuit.simulator(simulator="ngspice-shared", temperature=celsius, nominal_temperature=celsius)
    simulator.options(reltol=1e-6)
    simulator.save([f"v({NODE})"])
    return simulator


@cache
def shared_library() -> str | None:
    """Name of libngspice, None where there is none."""
    return os.environ.get("NGSPICE_LIBRARY_PATH") or ctypes.util.find_library("ngspice")


def pyspice_tuned(trials: int) -> Measurement:
    """One circuit, its four values set per trial."""
    circuit = branch()
    circuit.raw_spice = without_comments(circuit.raw_spice)
    simulator = simulator_of(circuit)
    simulator.operating_point()
    junctions = drawn(trials)
    v_sense = np.empty(trials)
    with Stopwatch() as watch:
        for n in range(trials):
            set_junctions(circuit, junctions.r_p[n], junctions.tmr[n])
            v_sense[n] = float(simulator.operating_point()[NODE][0])
    return Measurement(watch.cpu, watch.wall, v_sense)


def pyspice_untuned(trials: int) -> Measurement:
    """A circuit per trial."""
    simulator_of(branch()).operating_point()
    junctions = drawn(trials)
    v_sense = np.empty(trials)
    with Stopwatch() as watch:
        for n in range(trials):
            circuit = branch()
            set_junctions(circuit, junctions.r_p[n], junctions.tmr[n])
            v_sense[n] = float(simulator_of(circuit).operating_point()[NODE][0])
    return Measurement(watch.cpu, watch.wall, v_sense)


# --- ngspice's own loop -----------------------------------------------------------------------------------------------


def alter_and_op(trials: int) -> Measurement:
    """One deck with a .control script."""
    ngspice = Simulator().installation.path
    junctions = drawn(trials)
    with Stopwatch() as watch, tempfile.TemporaryDirectory() as folder:
        script = ["set numdgt=12"]
        for r_p, tmr in zip(junctions.r_p.tolist(), junctions.tmr.tolist(), strict=True):
            script += [f"alter vg_p{k} = {1e3 / r_p[k]:.9g}" for k in range(FAN_IN)]
            script += [f"alter vtmr{FAN_IN - 1} = {tmr[FAN_IN - 1]:.9g}"]  # the parallel cell has none
            script += ["op", f"print v({NODE})", "destroy"]
        deck = [
            without_comments(str(branch())),
            f".options temp={technology.cmos.temperature - 273.15:.6g} reltol=1e-6",
            f".save v({NODE})",
            *(".control", *script, "quit 0", ".endc", ".end", ""),
        ]
        Path(folder, "deck.cir").write_text("\n".join(deck))
        output = subprocess.run(
            [ngspice, "-n", "-b", "deck.cir"], cwd=folder, capture_output=True, text=True, check=True
        ).stdout
        v_sense = np.array([float(v) for v in re.findall(rf"^v\({NODE}\) = (\S+)", output, re.MULTILINE)])
    return Measurement(watch.cpu, watch.wall, v_sense)


# --- all of them ------------------------------------------------------------------------------------------------------


def measured(method: Method) -> Measurement:
    """One measurement in a process of its own."""
    if method.threads is None:
        os.environ.pop("OMP_THREAD_LIMIT", None)
    else:
        os.environ["OMP_THREAD_LIMIT"] = str(method.threads)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(method.solve, method.trials).result()


def main() -> None:
    """Measure, compare, print."""
    print("trials of one fan-in-2 branch (P-AP, imce45): one operating point per trial")
    print(machine())
    alone = Method("sweep, P-AP alone", sweep_one_state, 20_000)
    methods = [
        alone,
        Method("sweep, all three states", sweep_all_states, 20_000, branches=FAN_IN + 1),
        Method("PySpice run, tuned", pyspice_tuned, 400, required=300),
        Method("PySpice run, circuit per trial", pyspice_untuned, 300, required=300),
        Method("PySpice run, as it comes", pyspice_untuned, 200, required=300, threads=None),
        Method("ngspice alter + op", alter_and_op, 3000, required=10),
    ]
    if shared_library() is None:
        print("no libngspice: PySpice is left out")
        methods = [method for method in methods if not method.name.startswith("PySpice")]
    results: dict[str, list[Measurement]] = {method.name: [] for method in methods}
    for _ in range(REPETITIONS):
        for method in methods:
            results[method.name].append(measured(method))

    def per_branch(method: Method) -> float:
        return median(r.cpu for r in results[method.name]) / (method.trials * method.branches)

    rows = []
    for method in methods:
        cpu, wall = (median(getattr(r, kind) for r in results[method.name]) for kind in ("cpu", "wall"))
        ratios = [per_branch(method) / per_branch(sweep) for sweep in methods[:2]]
        rows.append(
            [
                method.name,
                f"{method.trials}",
                f"{cpu / method.trials * 1e6:.1f}",
                f"{wall / method.trials * 1e6:.1f}",
                f"{per_branch(method) * 1e6:.1f}",
                *(f"{ratio:.1f}" for ratio in ratios),
                f">= {method.required:g}" if method.required else "",
            ]
        )
    print_table(
        ["method", "trials", "CPU µs/trial", "wall µs/trial", "CPU µs/branch", "× alone", "× all", "required"], rows
    )
    print("× alone, × all: CPU per branch over that of the sweep with P-AP alone, with all three states")

    reference = results[alone.name][0].v_sense
    worst: dict[str, float] = {}
    for method in methods:
        for result in results[method.name]:
            if len(result.v_sense) != method.trials:
                raise SystemExit(f"{method.name}: {len(result.v_sense)} voltages from {method.trials} trials")
            deviation = float(np.abs(result.v_sense / reference[: method.trials] - 1).max())
            worst[method.name] = max(worst.get(method.name, 0.0), deviation)
    name = max(worst, key=lambda key: worst[key])
    verdict = "within" if worst[name] <= TOLERANCE else "NOT within"
    print(f"largest relative deviation of a sense voltage: {worst[name]:.1e} ({name}), {verdict} {TOLERANCE:g}")


if __name__ == "__main__":
    main()
