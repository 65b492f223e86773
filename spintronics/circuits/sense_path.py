"""The sense path at DC: k cells on one bit line against a reference branch, one operating point per trial."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from spintronics.cards import ModelCards
from spintronics.circuits.library import SENSE_CELLS, Deck, new_circuit, nominal_junction, sense_cell
from spintronics.circuits.mismatch import Mismatch, Transistor, transistors_of, with_mismatch
from spintronics.errors import InputError
from spintronics.technology import HeavyMetal, Junction, Technology

if TYPE_CHECKING:
    from PySpice.Spice.Netlist import Circuit

FloatArray = npt.NDArray[np.float64]
MAX_FAN_IN = 8
BRANCHES = 16  # solved at each sweep point of the trials; more no longer fit the cache


class Operation(StrEnum):
    """What the sense amplifier decides; the value is the name in tables."""

    READ = "read"
    AND = "AND"
    OR = "OR"

    def boundary(self, fan_in: int) -> tuple[int, int]:
        """Numbers of antiparallel cells just below and just above the reference.

        >>> Operation.AND.boundary(2), Operation.OR.boundary(2), Operation.READ.boundary(1)
        ((1, 2), (0, 1), (0, 1))
        """
        return (fan_in - 1, fan_in) if self is Operation.AND else (0, 1)

    @property
    def enable(self) -> str:
        """Enable signal of this operation's reference: ``en_m``, ``en_and`` or ``en_or``."""
        return {"read": "en_m", "AND": "en_and", "OR": "en_or"}[self.value]


def operations_of(fan_in: int) -> tuple[Operation, ...]:
    """Operations with that many cells on the bit line: read for one, OR and AND for more."""
    return (Operation.READ,) if fan_in == 1 else (Operation.OR, Operation.AND)


def check_fan_in(fan_in: int) -> int:
    """The fan-in itself.

    Raises:
        InputError: not within 1 … 8.
    """
    if not 1 <= fan_in <= MAX_FAN_IN:
        raise InputError(f"fan_in = {fan_in}: must be within 1 … {MAX_FAN_IN}")
    return fan_in


def state_name(fan_in: int, antiparallel: int) -> str:
    """Name of a state of the cells on a bit line: ``"P-AP"`` for one antiparallel cell of two."""
    return "-".join(["P"] * (fan_in - antiparallel) + ["AP"] * antiparallel)


def branch_resistance(
    junction: Junction, heavy_metal: HeavyMetal, parallel: int, antiparallel: int, current: float
) -> float:
    """Resistance of cells in parallel on one bit line at a read current, access transistors left out, Ω.

    Each cell is its junction in series with half of the heavy metal; R_AP is taken at the bias that the current
    puts across it (TMR falls with voltage).

    Args:
        parallel, antiparallel: how many cells in each state, at least one in all.
        current: total read current, A.

    >>> t = Technology.load("imce45")
    >>> cell = branch_resistance(t.operating_junction, t.heavy_metal, 1, 0, 15e-6)
    >>> round(cell - t.operating_junction.r_p - t.heavy_metal.resistance / 2)
    0
    """
    from scipy.optimize import brentq  # slow to import

    series = heavy_metal.resistance / 2
    r_p = junction.r_p + series
    if antiparallel == 0:
        return r_p / parallel

    def total(v_junction: float) -> tuple[float, float]:
        each = v_junction / junction.r_ap(v_junction)
        line = v_junction + each * series
        return line, antiparallel * each + parallel * line / r_p

    most = current * junction.r_ap()  # no junction can see more than the whole current through R_AP(0)
    v_junction = float(brentq(lambda v: total(v)[1] - current, 0.0, most, xtol=1e-15, rtol=1e-14))
    line, _ = total(v_junction)
    return line / current


def reference_resistance(technology: Technology, operation: Operation, fan_in: int) -> float:
    """Midpoint of the resistances of the two states that an operation tells apart, at the read current, Ω."""
    low, high = (
        branch_resistance(
            technology.operating_junction, technology.heavy_metal, fan_in - n, n, technology.sense.current
        )
        for n in operation.boundary(fan_in)
    )
    return (low + high) / 2


@dataclass(frozen=True)
class SensePath:
    """k cells on one bit line, read with an ideal current; or the reference branch in their place.

    Nodes: ``bl<n>`` is the sense node with n of the k cells antiparallel (``bl<n>_<lane>`` in trials); every state is
    solved in one deck, with the same junctions.  Source: ``idx``, the sweep point.
    Netlists: sense_cell_p, sense_cell_ap, reference_branch.

    Args:
        fan_in: k, 1 … 8.

    Raises:
        InputError: fan-in out of range.
    """

    technology: Technology
    cards: ModelCards
    fan_in: int

    def __post_init__(self) -> None:
        check_fan_in(self.fan_in)

    @property
    def transistors(self) -> tuple[Transistor, ...]:
        """Those that mismatch may be given for: each cell's read transistor, then each operation's enable transistor.

        Their names are those of :class:`spintronics.circuits.decision_bench.DecisionBench`: the same seed draws the
        same transistors.
        """
        cells = [
            [replace(t, name=f"xcell{k}.{name}") for name, t in self._read_transistors.items()]
            for k in range(self.fan_in)
        ]
        enables = [self._parts("reference_branch", "xreference", o.enable) for o in operations_of(self.fan_in)]
        return tuple(t for found in (*cells, *enables) for t in found)

    @property
    def _read_transistors(self) -> dict[str, Transistor]:
        """Those of a cell by name: the same ones in either state."""
        parallel, antiparallel = (
            {t.name.partition(".")[2]: replace(t, part=SENSE_CELLS[0]) for t in self._parts(cell, "x")}
            for cell in SENSE_CELLS
        )
        if list(parallel.items()) != list(antiparallel.items()):
            raise InputError(
                f"netlists {' and '.join(SENSE_CELLS)}: for mismatch both must have the same transistors in one order; "
                f"found {', '.join(parallel)} and {', '.join(antiparallel)}, or other sizes"
            )
        return parallel

    def _parts(self, part: str, instance: str, enable: str = "") -> tuple[Transistor, ...]:
        parameters = {"w_read": self.technology.cell.read_width, "fan_in": float(self.fan_in)}
        return transistors_of(self.technology, part, instance, parameters, (f"x{enable}",) if enable else ())

    def trials(
        self,
        r_p: FloatArray,
        tmr: FloatArray,
        states: tuple[int, ...] | None = None,
        mismatch: Mismatch | None = None,
    ) -> Deck:
        """Deck that solves one operating point per trial and state.

        A swept source is the index into tables of junction values: piecewise-linear functions, read at the integers
        only.  The trials are dealt out to lanes, copies of the line with tables of their own: a sweep point solves a
        trial of each, for one round of what ngspice does per point.  Tables of more than about 1000 points parse
        slowly.  Read the result with :meth:`sense_voltages`.

        Args:
            r_p: parallel resistances, Ω, shape (trials, k).
            tmr: TMR at zero bias, same shape.
            states: numbers of antiparallel cells to solve; 0 … k by default.
            mismatch: of :attr:`transistors` in the same trials; every operation's reference is solved beside the states
                then, at ``ref_<operation>_<lane>``: :meth:`reference_voltages`.
        """
        operations = operations_of(self.fan_in) if mismatch else ()
        parts = (*SENSE_CELLS, *(("reference_branch",) if mismatch else ()))
        cards = self._varied_cards if mismatch else self.cards
        wanted = states or tuple(self._states)
        some = f", {' and '.join(map(str, wanted))} antiparallel" if states else ""
        circuit = self._circuit(f"sense path, fan-in {self.fan_in}{some}, {len(r_p)} trials", parts, cards)
        circuit.V("idx", "idx", circuit.gnd, 0)
        dealt = _dealt(len(r_p), BRANCHES // (len(wanted) + len(operations)))
        for lane, own in enumerate(dealt):
            junctions = []
            for k in range(self.fan_in):
                junctions.append((f"g_p{k}_{lane}", f"tmr{k}_{lane}"))
                circuit.B(junctions[k][0], junctions[k][0], circuit.gnd, v=_table(1e3 / r_p[own, k]))
                if k >= self.fan_in - max(wanted):  # a cell that is antiparallel in some state
                    circuit.B(junctions[k][1], junctions[k][1], circuit.gnd, v=_table(tmr[own, k]))
            for antiparallel in wanted:
                self._branch(circuit, f"bl{antiparallel}_{lane}", antiparallel, junctions)
            for operation in operations:
                name = f"ref_{operation.lower()}_{lane}"
                self._reference(
                    circuit, name, name, operation, reference_resistance(self.technology, operation, self.fan_in)
                )
            if mismatch:
                self._drive(circuit, lane, own, mismatch, wanted)
        nodes = (*(f"bl{n}" for n in wanted), *(f"ref_{operation.lower()}" for operation in operations))
        saved = tuple(f"v({node}_{lane})" for lane in range(len(dealt)) for node in nodes)
        return self._deck(circuit, f".dc vidx 0 {dealt.shape[1] - 1} 1", saved)

    def _drive(
        self, circuit: "Circuit", lane: int, own: npt.NDArray[np.intp], mismatch: Mismatch, wanted: tuple[int, ...]
    ) -> None:
        """Mismatch of one lane: a table per transistor and quantity, and a linear source from it to every instance."""
        enables = [f"xref_{o.lower()}_{lane}.x{o.enable}" for o in operations_of(self.fan_in)]
        read = self._read_transistors
        cells = [[f"xbl{n}_{lane}_{k}.{name}" for n in wanted] for k in range(self.fan_in) for name in read]
        for column, instances in enumerate((*cells, *([enable] for enable in enables))):
            for quantity, values in (("dvt", mismatch.vt), ("dbeta", mismatch.beta)):
                table = f"{quantity}{column}_{lane}"
                circuit.B(table, table, circuit.gnd, v=_table(values[own, column]))
                for n, instance in enumerate(instances):
                    node = f"{instance}.{quantity}"
                    circuit.VCCS(f"{table}_{n}", circuit.gnd, node, table, circuit.gnd, transconductance=1)

    def sense_voltages(self, waves: Mapping[str, FloatArray], trials: int, antiparallel: int) -> FloatArray:
        """Sense voltage of each trial in one state, V, shape (trials,), from the result of :meth:`trials`."""
        return _dealt_back(waves, f"bl{antiparallel}", trials)

    def reference_voltages(self, waves: Mapping[str, FloatArray], trials: int, operation: Operation) -> FloatArray:
        """Reference voltage of each trial, V, shape (trials,), from the result of :meth:`trials` with mismatch."""
        return _dealt_back(waves, f"ref_{operation.lower()}", trials)

    def nominal(self, operation: Operation, reference: float | None = None) -> Deck:
        """Deck with every junction at its nominal value, and this operation's reference at node ``ref``.

        Args:
            reference: its resistance, Ω; :func:`reference_resistance` by default.
        """
        t = self.technology
        title = f"sense path, fan-in {self.fan_in}, nominal, {operation}"
        circuit = self._circuit(title, (*SENSE_CELLS, "reference_branch"), self.cards)
        nominal_junction(circuit, t)
        for antiparallel in self._states:
            self._branch(circuit, f"bl{antiparallel}", antiparallel, [("g_p", "tmr")] * self.fan_in)
        resistance = reference_resistance(t, operation, self.fan_in) if reference is None else reference
        self._reference(circuit, "reference", "ref", operation, resistance)
        return self._deck(circuit, ".op", (*(f"v(bl{n})" for n in self._states), "v(ref)"))

    @property
    def _states(self) -> range:
        return range(self.fan_in + 1)

    @property
    def _varied_cards(self) -> ModelCards:
        """Cards with which the read and enable transistors can be moved from outside."""
        parts = [self._parts(cell, "x") for cell in SENSE_CELLS]
        parts += [self._parts("reference_branch", "x", o.enable) for o in operations_of(self.fan_in)]
        return with_mismatch(self.technology, self.cards, (t for found in parts for t in found))

    def _circuit(self, title: str, parts: tuple[str, ...], cards: ModelCards) -> "Circuit":
        circuit = new_circuit(title, self.technology, cards, parts)
        circuit.V("word", "word", circuit.gnd, self.technology.cmos.supply)
        return circuit

    def _read_line(self, circuit: "Circuit", node: str) -> None:
        """Read current into ``node``, and the wire from there to the cells in the middle of the column."""
        array = self.technology.array
        circuit.I(node, circuit.gnd, node, self.technology.sense.current)
        circuit.R(node, node, f"{node}_cell", max(array.rows / 2 * array.bit_line_resistance, 1e-3))

    def _reference(self, circuit: "Circuit", name: str, node: str, operation: Operation, resistance: float) -> None:
        """The reference branch of an operation on a line of its own."""
        self._read_line(circuit, node)
        circuit.X(
            name,
            "reference_branch",
            f"{node}_cell",
            *("word" if operation.enable == enable else "0" for enable in ("en_m", "en_and", "en_or")),
            "0",
            "0",
            **dict.fromkeys(("r_m", "r_and", "r_or"), resistance),
            w_read=self.technology.cell.read_width,
            fan_in=self.fan_in,
        )

    def _branch(self, circuit: "Circuit", node: str, antiparallel: int, junctions: list[tuple[str, str]]) -> None:
        """The k cells with the last ``antiparallel`` of them in AP, on a line of their own."""
        self._read_line(circuit, node)
        for k, (g_p, tmr) in enumerate(junctions):
            bit = int(k >= self.fan_in - antiparallel)
            sense_cell(circuit, self.technology, f"{node}_{k}", bit, f"{node}_cell", "word", g_p, tmr)

    def _deck(self, circuit: "Circuit", analysis: str, saved: tuple[str, ...]) -> Deck:
        # A step below vntol ends Newton's iteration: voltages are within 10 µV, most within 1 µV, of those at 1 nV.
        return Deck(circuit, analysis, saved, self.technology.cmos.temperature, "reltol=1e-6 vntol=1e-5")


def _dealt(trials: int, lanes: int) -> npt.NDArray[np.intp]:
    """Trials of each lane in order, shape (lanes, sweep points); the last one fills up what is short of a whole sweep.

    At least two points: a sweep over a single one is no sweep to ngspice.

    >>> _dealt(5, 2).tolist(), _dealt(1, 2).tolist()
    ([[0, 1, 2], [3, 4, 4]], [[0, 0]])
    """
    lanes = min(lanes, ceil(trials / 2))
    points = max(2, ceil(trials / lanes))
    return np.minimum(np.arange(lanes * points), trials - 1).reshape(lanes, points)


def _dealt_back(waves: Mapping[str, FloatArray], node: str, trials: int) -> FloatArray:
    """Voltage of a node in each trial, from its lanes."""
    lanes = sum(name.startswith(f"v({node}_") for name in waves)
    return np.concatenate([waves[f"v({node}_{lane})"] for lane in range(lanes)])[:trials]


def _table(values: FloatArray) -> str:
    """Expression that is the n-th value at sweep point n; nine digits, far below what the iteration leaves."""
    pairs = np.column_stack([np.arange(len(values)), values]).ravel()
    return f"pwl(v(idx),{','.join(['%d,%.9g'] * len(values)) % tuple(pairs)})"
