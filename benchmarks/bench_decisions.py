"""One decision per clock cycle: its rate and its rightness, against the method that it grew from.

One cycle a trial  One long transient in which two junctions' values are piecewise-linear tables that step once a cycle
                   of 2 ns: two cells on a 5 fF line with ideal read currents, the same 15-transistor latch, ngspice's
                   defaults with ``reltol=1e-3 method=gear`` and a print step of 20 ps.  No transistor mismatch.  Once
                   with 100 cycles in the transient, once with 1000, which its tables make slower.
Latch alone        latch_decisions: junctions in the settled line voltages (alone, the like of the method above), and
                   mismatch of all 15 transistors.
Read path          decisions: cells, bit lines, mirrors, reference and latch, with mismatch.

Right: decisions on the side of the latch's input, where no transistor varies and the balanced latch has no other
answer.  Then the errors of the integration (offsets of latches against steps of 2 ps), and decisions of a random sample
of trials against the same trials run alone.  CPU counts ngspice, deck building and reading back, one process at a
time; the methods take turns; medians are printed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import numpy as np
import numpy.typing as npt
from measure import Stopwatch, machine, print_table

from spintronics import cards
from spintronics.characterize.decisions import Case, Varied, decisions, latch_decisions, latch_offsets
from spintronics.circuits import decision_bench
from spintronics.circuits.decision_bench import DecisionBench, outcomes
from spintronics.circuits.library import SENSE_CELLS, Deck, new_circuit, sense_cell
from spintronics.circuits.sense_path import Operation, reference_resistance
from spintronics.montecarlo import draw_junctions
from spintronics.montecarlo.mismatch import draw_mismatch
from spintronics.ngspice import Simulator
from spintronics.technology import Technology

FloatArray = npt.NDArray[np.float64]

SEED = 1
REPETITIONS = 3
REQUIRED_RATE, REQUIRED_RATIO = 200, 1.5
COMMON_MODE = 0.1
SAMPLE = 200

technology = Technology.load("imce45")
model_cards = cards.locate(technology)
CONTEXT = (technology, model_cards, Simulator())


def and_01(trials: int, varied: Varied = Varied.BOTH) -> Case:
    """What is decided here: the AND of the closest pair."""
    return Case(Operation.AND, (0, 1), trials, SEED, varied)


@dataclass(frozen=True)
class Method:
    """A way to decide; ``solve(trials)`` gives the share of right decisions, NaN where mismatch has its own say."""

    name: str
    solve: Callable[[int], float]
    trials: int


def one_cycle_a_trial(trials: int) -> float:
    """Share of right decisions of the one-cycle-a-trial method."""
    period, junctions = 2e-9, draw_junctions(technology.junction, technology.variation, 2, trials, SEED)
    circuit = new_circuit("one cycle a trial", technology, model_cards, (*SENSE_CELLS, "sense_amplifier"))

    def table(values: FloatArray) -> str:
        held = (
            f"{n * period + 1e-12:.7g} {v:.5g} {(n + 1) * period - 1e-12:.7g} {v:.5g}" for n, v in enumerate(values)
        )
        return f"pwl({' '.join(held)})"

    circuit.V("supply", "vdd", circuit.gnd, technology.cmos.supply)
    circuit.V("word", "word", circuit.gnd, technology.cmos.supply)
    circuit.V("clock", "clk_b", circuit.gnd, f"pulse({technology.cmos.supply} 0 0.5n 20p 20p 1.46n 2n)")
    for node in ("bl", "ref"):
        circuit.I(node, circuit.gnd, node, technology.sense.current)
        circuit.C(node, node, circuit.gnd, 5e-15)
    for cell, bit in enumerate((0, 1)):
        circuit.V(f"g_p{cell}", f"g_p{cell}", circuit.gnd, table(1e3 / junctions.r_p[:, cell]))
        circuit.V(f"tmr{cell}", f"tmr{cell}", circuit.gnd, table(junctions.tmr[:, cell]))
        sense_cell(circuit, technology, f"cell{cell}", bit, "bl", "word", f"g_p{cell}", f"tmr{cell}")
    circuit.R("ref", "ref", "leg", reference_resistance(technology, Operation.AND, 2))
    circuit.X("enable", "nfet", "leg", "word", "0", "0", w=2 * technology.cell.read_width)
    circuit.X(
        "latch", "sense_amplifier", "bl", "ref", "clk_b", "out", "outb", "vdd", "0", w=technology.sense.latch_width
    )
    saved = ("v(bl)", "v(ref)", "v(out)", "v(outb)")
    deck = Deck(circuit, f".tran 20p {trials * period}", saved, technology.cmos.temperature, "reltol=1e-3 method=gear")
    waves = Simulator().run(deck.text())

    def difference(at: float, plus: str, minus: str) -> FloatArray:
        values: FloatArray = np.interp(period * np.arange(trials) + at, waves.x, waves[plus] - waves[minus])
        return values

    right = (difference(1.95e-9, "v(out)", "v(outb)") > 0) == (difference(0.5e-9, "v(bl)", "v(ref)") > 0)
    return float(right.mean())


def latch_without_mismatch(trials: int) -> float:
    """The latch alone with junctions only."""
    found = latch_decisions(*CONTEXT, and_01(trials, Varied.JUNCTIONS), 1)
    return float((found.results == (found.developed > 0)).mean())


def latch_with_mismatch(trials: int) -> float:
    """The latch alone with everything."""
    latch_decisions(*CONTEXT, and_01(trials), 1)
    return float("nan")


def path_without_mismatch(trials: int) -> float:
    """The read path with junctions only."""
    found = decisions(*CONTEXT, and_01(trials, Varied.JUNCTIONS), 1)
    return float((found.results == (found.developed > 0)).mean())


def path_with_mismatch(trials: int) -> float:
    """The read path with everything."""
    decisions(*CONTEXT, and_01(trials), 1)
    return float("nan")


def rates() -> None:
    """CPU per decision of each method."""
    short = Method("one cycle a trial, 100 a deck", one_cycle_a_trial, 100)
    long = Method("one cycle a trial, 1000 a deck", one_cycle_a_trial, 1000)
    plain = Method("latch alone, junctions only", latch_without_mismatch, 400)
    latch = Method("latch alone, mismatch", latch_with_mismatch, 400)
    methods = [
        *(short, long, plain, latch),
        Method("read path, junctions only", path_without_mismatch, 200),
        Method("read path, mismatch", path_with_mismatch, 200),
    ]
    cpu: dict[str, list[float]] = {method.name: [] for method in methods}
    right: dict[str, float] = {}
    for _ in range(REPETITIONS):
        for method in methods:
            with Stopwatch() as watch:
                right[method.name] = method.solve(method.trials)
            cpu[method.name].append(watch.cpu / method.trials)
    each = {name: median(values) for name, values in cpu.items()}
    rows = []
    for method in methods:
        own = each[method.name]
        rows.append(
            [
                method.name,
                *(f"{own * 1e3:.2f}", f"{1 / own:.0f}"),
                *(f"{each[other.name] / own:.2f}" for other in (short, long)),
                "" if np.isnan(right[method.name]) else f"{right[method.name]:.0%}",
            ]
        )
    print_table(["method", "CPU ms/decision", "decisions/s", "× of 100", "× of 1000", "right"], rows)
    rate = 1 / each[latch.name]
    print(f"{latch.name}: {rate:.0f} decisions/s, {_verdict(rate, REQUIRED_RATE)} {REQUIRED_RATE}")
    for own in (plain, latch):
        for other in (short, long):
            ratio = each[other.name] / each[own.name]
            print(f"{own.name}: {ratio:.2f} × {other.name}, {_verdict(ratio, REQUIRED_RATIO)} {REQUIRED_RATIO}")


def _verdict(found: float, wanted: float) -> str:
    return "meets" if found >= wanted else "MISSES"


def integration_error(latches: int = 20) -> None:
    """Offsets found with the bench's options against steps of 2 ps."""
    run = (technology, model_cards, Simulator(), COMMON_MODE, latches, SEED, 1)
    found = latch_offsets(*run)
    kept = decision_bench.OPTIONS, decision_bench.LONGEST_STEP
    decision_bench.OPTIONS, decision_bench.LONGEST_STEP = "reltol=1e-4 chgtol=1e-18 method=gear", 2e-12
    error = found.offsets - latch_offsets(*run).offsets
    decision_bench.OPTIONS, decision_bench.LONGEST_STEP = kept
    print(
        f"offsets of {latches} latches (σ {found.sigma * 1e3:.1f} mV) against steps of 2 ps: "
        f"rms {error.std() * 1e3:.2f} mV, largest {np.abs(error).max() * 1e3:.2f} mV, "
        f"searched to {found.resolution * 1e3:.1f} mV"
    )


def isolated(operation: Operation, stored: tuple[int, ...], trials: int = 400) -> None:
    """A random sample of the trials, each in a transient of its own."""
    found = decisions(*CONTEXT, Case(operation, stored, trials, SEED), 1)
    bench = DecisionBench(technology, model_cards, operation, stored)
    junctions = draw_junctions(technology.operating_junction, technology.variation, len(stored), trials, SEED)
    mismatch = draw_mismatch(technology.variation, bench.transistors, trials, SEED)
    differing, moved = 0, 0.0
    for n in np.random.default_rng(SEED).choice(trials, SAMPLE, replace=False):
        one = np.array([n])
        deck = bench.deck(junctions.r_p[one], junctions.tmr[one], mismatch.take(one))
        outputs, inputs = outcomes(bench, Simulator().run(deck.text()), 1)
        differing += int((outputs[0] > 0) != (found.results[n] == 1))
        moved = max(moved, abs(float(inputs[0] - found.developed[n])))
    bits = "".join(map(str, stored))
    print(
        f"{operation} of {bits}: {differing} of {SAMPLE} decisions differ from the trial run alone; "
        f"lines at most {moved * 1e6:.0f} µV apart when the latch is clocked"
    )


def main() -> None:
    """Measure and print."""
    print("decisions of the clocked latch and of the read path (imce45, AND of 01)")
    print(machine())
    rates()
    integration_error()
    isolated(Operation.READ, (1,))
    isolated(Operation.AND, (0, 1))


if __name__ == "__main__":
    main()
