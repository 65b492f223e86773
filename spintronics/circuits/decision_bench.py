"""Clocked testbenches of many decisions: one long transient, a new trial in each clock cycle.

Every trial's values (junctions, thresholds, current factors, or the two line voltages) are piecewise-linear sources
that step once a cycle, while nothing is selected.  From the start of a cycle:

    0                           word lines, enable and read currents off, lines discharged, latch reset
    RELEASE … SETTLED           the trial's values taken on
    RECOVER                     selected: read currents into bit line and reference
    RECOVER + develop time      latch clocked
    period                      result read, DECIDE after the clock; the next cycle starts

Cycle 0 is run in: it has the first trial's values and is not read.  A latch that starts from its operating point, with
a tail fully discharged, has an offset of its own, a millivolt or two away.

The integration is held to what the decisions need.  ngspice's own ``chgtol`` of 10 fC is more than these nodes hold:
with it, at ``reltol=1e-3``, a balanced latch decides by its rounding errors.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from spintronics.cards import ModelCards
from spintronics.circuits.library import SENSE_CELLS, Deck, new_circuit, sense_cell
from spintronics.circuits.mismatch import Mismatch, Transistor, transistors_of, with_mismatch
from spintronics.circuits.read_bench import DECIDE, EDGE, RECOVER, read_bias, sense_input
from spintronics.circuits.sense_path import Operation, check_fan_in, reference_resistance
from spintronics.errors import InputError
from spintronics.technology import Technology

if TYPE_CHECKING:
    from PySpice.Spice.Netlist import Circuit

FloatArray = npt.NDArray[np.float64]

RELEASE = 100e-12  # trailing edge of the commands, s: nothing depends on it, and a steep one costs steps
SETTLED = 200e-12  # from the release, s: long before anything is selected
RESET = 0.4e-9  # of the latch alone, s; assumed, several times what its nodes need
# Found by the offsets of single latches against steps of 2 ps: see benchmarks/bench_decisions.py.
OPTIONS = "reltol=1e-3 chgtol=1e-16 vntol=1e-4 abstol=1e-8 trtol=3 bypass=1"
LONGEST_STEP = 0.5e-9  # s


def step_table(values: FloatArray, period: float) -> str:
    """Source that holds trial k's value from ``SETTLED`` in its cycle to ``RELEASE`` in the next, and ramps between.

    >>> step_table(np.array([1.0, 2.0]), 1e-9)
    'pwl(0 1 2.1e-09 1 2.2e-09 2)'
    """
    points = [f"0 {values[0]:.9g}"]
    for k in range(1, len(values)):
        start = (k + 1) * period
        points.append(f"{start + RELEASE:.12g} {values[k - 1]:.9g} {start + SETTLED:.12g} {values[k]:.9g}")
    return f"pwl({' '.join(points)})"


def _command(idle: float, active: float, start: float, period: float) -> str:
    """Active from ``start`` in each cycle to its end; the edges take ``EDGE`` and ``RELEASE`` from there."""
    return f"pulse({idle} {active} {start:.12g} {EDGE} {RELEASE} {period - start - EDGE:.12g} {period:.12g})"


class Clocked(Protocol):
    """A bench with one trial in each cycle."""

    @property
    def clock_time(self) -> float:
        """When in each cycle the latch is clocked, s."""

    @property
    def period(self) -> float:
        """Length of a cycle, s: the result is read at its end."""


def outcomes(bench: Clocked, waves: Mapping[str, FloatArray], trials: int) -> tuple[FloatArray, FloatArray]:
    """What came out of each cycle of a bench's transient, two arrays of shape (trials,), V.

    Returns:
        v(out) − v(outb) when the result is read; v(bl) − v(ref) when the latch is clocked.
    """
    cycles = bench.period * np.arange(1, trials + 1)

    def difference(at: float, plus: str, minus: str) -> FloatArray:
        values: FloatArray = np.interp(cycles + at, waves["time"], waves[f"v({plus})"] - waves[f"v({minus})"])
        return values

    return difference(bench.period, "out", "outb"), difference(bench.clock_time, "bl", "ref")


@dataclass(frozen=True)
class LatchBench:
    """The latch alone, its two inputs held by sources: 15 transistors.

    Nodes: ``bl``, ``ref``, ``clk_b``, ``out``, ``outb``.  Netlist: sense_amplifier.
    """

    technology: Technology
    cards: ModelCards

    @property
    def clock_time(self) -> float:
        """When in each cycle the latch is clocked, s."""
        return RESET

    @property
    def period(self) -> float:
        """Length of a cycle, s."""
        return self.clock_time + DECIDE

    @property
    def transistors(self) -> tuple[Transistor, ...]:
        """Those that mismatch may be given for: all of the latch."""
        return _latch_transistors(self.technology)

    def deck(self, bl: FloatArray, ref: FloatArray, mismatch: Mismatch | None) -> Deck:
        """Deck of one cycle per trial, and one to run in.

        Args:
            bl, ref: inputs, V, shape (trials,).
            mismatch: of :attr:`transistors` in the same trials; None for none.
        """
        t = self.technology
        circuit = _circuit(f"latch, {len(bl)} decisions", t, self.cards, ("sense_amplifier",), mismatch)
        circuit.V("bl", "bl", circuit.gnd, step_table(bl, self.period))
        circuit.V("ref", "ref", circuit.gnd, step_table(ref, self.period))
        _clocked_latch(circuit, t, self.clock_time, self.period)
        _drive(circuit, mismatch, self.period)
        return _deck(circuit, t, (len(bl) + 1) * self.period)


@dataclass(frozen=True)
class DecisionBench:
    """One column through a read, AND or OR in each cycle: the whole read path, from idle to idle.

    Cells, bit line, reference branch, mirrors, discharge transistors and latch are those of
    :class:`spintronics.circuits.read_bench.ReadBench`; word lines, enable and clock are ideal sources with edges of
    ``EDGE`` (their drivers delay both lines alike).
    Nodes: ``bl``, ``ref``, ``clk_b``, ``out``, ``outb``.

    Args:
        operation: READ with one stored bit, AND or OR with two or more.
        stored: bits in the selected cells; 1 = antiparallel.

    Raises:
        InputError: bits other than 0 and 1, or not as many as the operation takes.
    """

    technology: Technology
    cards: ModelCards
    operation: Operation
    stored: tuple[int, ...]

    def __post_init__(self) -> None:
        bits = len(self.stored)
        check_fan_in(bits)
        if (bits == 1) != (self.operation is Operation.READ) or not set(self.stored) <= {0, 1}:
            takes = "one bit" if self.operation is Operation.READ else "two or more bits"
            raise InputError(f"{self.operation} of {self.stored}: takes {takes}, each 0 or 1")

    @property
    def clock_time(self) -> float:
        """When in each cycle the latch is clocked, s."""
        sense = self.technology.sense
        return RECOVER + (sense.read_develop_time if self.operation is Operation.READ else sense.logic_develop_time)

    @property
    def period(self) -> float:
        """Length of a cycle, s."""
        return self.clock_time + DECIDE

    @property
    def transistors(self) -> tuple[Transistor, ...]:
        """Those that mismatch may be given for.

        The latch, the read transistors of the selected cells, the reference's enable transistor that is on, both
        mirrors and the diode that biases them.  The mirrors' switches are left out: fully on, twice as wide and in the
        source of a long transistor; so is everything that is off.
        """
        t, cell = self.technology, {"w_read": self.technology.cell.read_width}
        mirror = {"w": t.sense.source_width, "l": t.sense.source_length}
        found = _latch_transistors(t)
        for n, bit in enumerate(self.stored):
            found += transistors_of(t, SENSE_CELLS[bit], f"xcell{n}", cell)
        reference = cell | {"fan_in": float(len(self.stored))}
        found += transistors_of(t, "reference_branch", "xreference", reference, (f"x{self.operation.enable}",))
        for line in ("bl", "ref"):
            found += transistors_of(t, "read_current_source", f"xsource_{line}", mirror, ("xmirror",))
        return found + transistors_of(t, "read_bias", "xbias", mirror, ("xdiode",))

    def deck(self, r_p: FloatArray, tmr: FloatArray, mismatch: Mismatch | None) -> Deck:
        """Deck of one cycle per trial, and one to run in.

        Args:
            r_p: parallel resistances, Ω, shape (trials, cells).
            tmr: TMR at zero bias, same shape.
            mismatch: of :attr:`transistors` in the same trials; None for none.
        """
        t, trials = self.technology, len(r_p)
        title = f"{self.operation} of {''.join(map(str, self.stored))}, {trials} decisions"
        circuit = _circuit(title, t, self.cards, _PARTS, mismatch)
        gnd, vdd, period = circuit.gnd, t.cmos.supply, self.period
        circuit.V("select", "select", gnd, _command(0.0, vdd, RECOVER, period))
        circuit.V("idle", "idle", gnd, _command(vdd, 0.0, RECOVER, period))
        for n, bit in enumerate(self.stored):
            g_p, tmr_node = f"g_p{n}", f"tmr{n}"
            circuit.V(g_p, g_p, gnd, step_table(1e3 / r_p[:, n], period))
            circuit.V(tmr_node, tmr_node, gnd, step_table(tmr[:, n], period))
            sense_cell(circuit, t, f"cell{n}", bit, "bl_middle", "select", g_p, tmr_node)
        circuit.X(
            "reference",
            "reference_branch",
            "ref_middle",
            *("select" if self.operation.enable == e else "0" for e in ("en_m", "en_and", "en_or")),
            *("0", "0"),
            **dict.fromkeys(("r_m", "r_and", "r_or"), reference_resistance(t, self.operation, len(self.stored))),
            w_read=t.cell.read_width,
            fan_in=len(self.stored),
        )
        read_bias(circuit, t, "vdd")
        for node in ("bl", "ref"):
            sense_input(circuit, t, "vdd", node, len(self.stored), 0, "0")
        _clocked_latch(circuit, t, self.clock_time, period)
        _drive(circuit, mismatch, period)
        return _deck(circuit, t, (trials + 1) * period)


_PARTS = (*SENSE_CELLS, "bit_line", "reference_branch", "read_current_source", "read_bias", "sense_amplifier")


def _latch_transistors(technology: Technology) -> tuple[Transistor, ...]:
    return transistors_of(technology, "sense_amplifier", "xlatch", {"w": technology.sense.latch_width})


def _circuit(
    title: str, technology: Technology, cards: ModelCards, parts: tuple[str, ...], mismatch: Mismatch | None
) -> "Circuit":
    """Circuit with the parts in it, the transistors that differ among them varied."""
    varied = with_mismatch(technology, cards, mismatch.transistors if mismatch else ())
    circuit = new_circuit(title, technology, varied, parts)
    circuit.V("supply", "vdd", circuit.gnd, technology.cmos.supply)
    return circuit


def _clocked_latch(circuit: "Circuit", technology: Technology, clock_time: float, period: float) -> None:
    circuit.V("clock", "clk_b", circuit.gnd, _command(technology.cmos.supply, 0.0, clock_time, period))
    nodes = ("bl", "ref", "clk_b", "out", "outb", "vdd", "0")
    circuit.X("latch", "sense_amplifier", *nodes, w=technology.sense.latch_width)


def _drive(circuit: "Circuit", mismatch: Mismatch | None, period: float) -> None:
    """Currents of each trial into the nodes of the varied transistors."""
    if mismatch:
        for n, transistor in enumerate(mismatch.transistors):
            circuit.I(f"vt{n}", circuit.gnd, transistor.threshold_node, step_table(mismatch.vt[:, n], period))
            circuit.I(f"beta{n}", circuit.gnd, transistor.factor_node, step_table(mismatch.beta[:, n], period))


def _deck(circuit: "Circuit", technology: Technology, end: float) -> Deck:
    saved = ("v(bl)", "v(ref)", "v(out)", "v(outb)")
    analysis = f".tran {LONGEST_STEP} {end:.12g} 0 {LONGEST_STEP}"
    return Deck(circuit, analysis, saved, technology.cmos.temperature, OPTIONS)
