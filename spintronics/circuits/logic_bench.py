"""Testbenches of a logic gate: every transition between its input vectors, and each vector at rest."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise, product
from typing import TYPE_CHECKING

from spintronics.cards import ModelCards
from spintronics.circuits.library import Deck, new_circuit
from spintronics.technology import Technology

if TYPE_CHECKING:
    from PySpice.Spice.Netlist import Circuit

Bits = tuple[int, ...]

EDGE = 20e-12  # rise and fall of the inputs, s; assumed, about a fan-out-of-4 edge at 45 nm
REST = 20e-9  # time in which a clocked gate comes to rest, s; assumed, hundreds of its delays
# ngspice's own chgtol, 10 fC, is more than a gate's nodes hold: with it energies are up to 2.7 % off balance.
OPTIONS = "reltol=1e-3 trtol=1 chgtol=1e-16 method=trap"
PERIOD = 0.5e-9  # one input vector, s; assumed: a 2 GHz data path


@dataclass(frozen=True)
class Gate:
    """A logic netlist: its data inputs, outputs, truth table, and whether it has a clock."""

    netlist: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    function: Callable[[Bits], Bits]
    clocked: bool = False

    def expected(self, vector: Bits) -> Bits:
        """Outputs for one input vector; of a clocked gate, after the clock's edge.

        >>> FULL_ADDER.expected((1, 0, 1))
        (0, 1)
        """
        return self.function(vector)

    @property
    def vectors(self) -> list[Bits]:
        """Every input vector, counting up with the first input as the most significant bit."""
        return list(product((0, 1), repeat=len(self.inputs)))


INVERTER = Gate("inverter", ("a",), ("out",), lambda v: (1 - v[0],))
NAND2 = Gate("nand2", ("a", "b"), ("out",), lambda v: (int(not all(v)),))
NAND3 = Gate("nand3", ("a", "b", "c"), ("out",), lambda v: (int(not all(v)),))
NAND4 = Gate("nand4", ("a", "b", "c", "d"), ("out",), lambda v: (int(not all(v)),))
NOR2 = Gate("nor2", ("a", "b"), ("out",), lambda v: (int(not any(v)),))
XOR2 = Gate("xor2", ("a", "b"), ("out",), lambda v: (v[0] ^ v[1],))
FULL_ADDER = Gate("full_adder", ("a", "b", "c"), ("sum", "carry"), lambda v: (sum(v) % 2, sum(v) // 2))
MULTIPLEXER = Gate("mux2", ("a", "b", "select"), ("out",), lambda v: (v[1] if v[2] else v[0],))
FLIP_FLOP = Gate("d_flip_flop", ("d",), ("q",), lambda v: v, clocked=True)

LOGIC_GATES = (INVERTER, NAND2, NOR2, XOR2, FULL_ADDER, MULTIPLEXER, FLIP_FLOP)
"""What the blocks of the compute path are made of."""


def all_transitions(bits: int) -> list[Bits]:
    """Closed walk over every ordered pair of input vectors, each transition once (an Eulerian circuit).

    >>> all_transitions(1)
    [(0,), (0,), (1,), (1,), (0,)]
    """
    vectors = list(product((0, 1), repeat=bits))
    unused = {vector: list(reversed(vectors)) for vector in vectors}
    path, walk = [vectors[0]], []
    while path:
        if unused[path[-1]]:
            path.append(unused[path[-1]].pop())
        else:
            walk.append(path.pop())
    return walk[::-1]


def steps(levels: list[float]) -> str:
    """A source that takes one level per ``PERIOD``, with edges of ``EDGE``, as ngspice reads it.

    >>> steps([0.0, 0.0, 1.0])
    'pwl(0 0.0 1e-09 0.0 1.02e-09 1.0)'
    """
    points = [f"0 {levels[0]}"]
    for n, (before, after) in enumerate(pairwise(levels), start=1):
        if after != before:
            points += [f"{n * PERIOD:.6g} {before}", f"{n * PERIOD + EDGE:.6g} {after}"]
    return f"pwl({' '.join(points)})"


@dataclass(frozen=True)
class LogicBench:
    """A gate through every transition of its inputs, one ``PERIOD`` each.

    Its outputs drive the inputs of ``fan_out`` copies on another supply, behind ammeters that tell their charge.
    Nodes: the gate's own pin names; sources: ``vgate`` its supply, ``vinput_<pin>``, ``vclk``; ammeters
    ``vload_<pin>``.

    Args:
        fan_out: copies of the gate that its outputs drive, each output the copies' inputs in turn.
    """

    technology: Technology
    cards: ModelCards
    gate: Gate
    fan_out: int = 1

    @property
    def vectors(self) -> list[Bits]:
        """Input vector in each period."""
        return all_transitions(len(self.gate.inputs))

    def edge(self, n: int) -> float:
        """Middle of the edge that starts period n, s: of the inputs, or of the clock."""
        return n * PERIOD + (0.25 * PERIOD if self.gate.clocked else 0.0) + EDGE / 2

    def deck(self, also_save: tuple[str, ...] = ()) -> Deck:
        """Transient through all transitions; ``also_save`` names vectors to keep beside the sources and the pins."""
        t, gate = self.technology, self.gate
        circuit = self._circuit("every transition")
        gnd, vdd = circuit.gnd, t.cmos.supply
        for position, name in enumerate(gate.inputs):
            circuit.V(f"input_{name}", name, gnd, steps([v[position] * vdd for v in self.vectors]))
        if gate.clocked:
            high = PERIOD / 2 - EDGE
            for clock in ("clk", "clk_load"):
                circuit.V(clock, clock, gnd, f"pulse(0 {vdd} {0.25 * PERIOD} {EDGE} {EDGE} {high} {PERIOD})")
        circuit.V("load", "vdd_load", gnd, vdd)
        for output in gate.outputs:
            circuit.V(f"load_{output}", output, f"{output}_to_load", 0)
        driven = [f"{gate.outputs[n % len(gate.outputs)]}_to_load" for n in range(len(gate.inputs))]
        for copy in range(self.fan_out):
            clock_pin = ("clk_load",) if gate.clocked else ()
            outputs = [f"load{copy}_{output}" for output in gate.outputs]
            circuit.X(f"load{copy}", gate.netlist, *driven, *clock_pin, *outputs, "vdd_load", "0")
        saved = (
            *("i(vgate)", *self._currents, *(f"i(vload_{output})" for output in gate.outputs)),
            *(f"v({name})" for name in (*gate.inputs, *gate.outputs)),
            *also_save,
        )
        end = len(self.vectors) * PERIOD
        return Deck(circuit, f".tran 5p {end:.6g} 0 5p", saved, t.cmos.temperature, OPTIONS)

    def rest(self) -> Deck:
        """The gate at rest, unloaded, over :attr:`rest_vectors`: read at :meth:`rest_point`.

        Operating points; of a clocked gate, whose state its past decides, the ends of long periods of a transient.
        """
        t, gate = self.technology, self.gate
        circuit = self._circuit("every vector at rest")
        gnd, vdd = circuit.gnd, t.cmos.supply
        points = self.rest_vectors
        numbers = [(0, 0.0)]
        for n in range(1, len(points)):
            numbers += [(n - 1, n * REST), (n, n * REST + EDGE)]
        staircase = " ".join(f"{time:.6g} {n}" for n, time in numbers)
        circuit.V("point", "point", gnd, f"pwl({staircase})" if gate.clocked else 0)
        for position, name in enumerate((*gate.inputs, *self._clock)):
            levels = ", ".join(f"{n}, {point[position] * vdd}" for n, point in enumerate(points))
            # A source in series is an ammeter: ngspice gives the current of a B-source no name of its own.
            circuit.B(f"level_{name}", f"level_{name}", gnd, v=f"pwl(v(point), {levels})")
            source = name if name in self._clock else f"input_{name}"
            circuit.V(source, name, f"level_{name}", 0)
        saved = ("i(vgate)", *self._currents, *(f"v({output})" for output in gate.outputs))
        over_time = f".tran 5p {len(points) * REST:.6g} 0 {REST / 20:.6g}"
        analysis = over_time if gate.clocked else f".dc vpoint 0 {len(points) - 1} 1"
        return Deck(circuit, analysis, saved, t.cmos.temperature, "reltol=1e-4 abstol=1e-15 vntol=1e-8 method=gear")

    def rest_point(self, n: int) -> float:
        """Where on the sweep variable of :meth:`rest` the nth of :attr:`rest_vectors` is at rest."""
        return (n + 1) * REST - EDGE if self.gate.clocked else n

    @property
    def rest_vectors(self) -> list[Bits]:
        """Points of :meth:`rest`: each vector; of a clocked gate each three times, with the clock low, high and low.

        The clock comes last; once it has been high, the gate's state follows from the vector.
        """
        clocks: tuple[Bits, ...] = ((0,), (1,), (0,)) if self.gate.clocked else ((),)
        return [vector + clock for vector in self.gate.vectors for clock in clocks]

    @property
    def _clock(self) -> tuple[str, ...]:
        return ("clk",) if self.gate.clocked else ()

    @property
    def _currents(self) -> tuple[str, ...]:
        return (*(f"i(vinput_{name})" for name in self.gate.inputs), *(f"i(v{clock})" for clock in self._clock))

    def _circuit(self, what: str) -> "Circuit":
        """The gate on its supply; inputs open."""
        gate = self.gate
        circuit = new_circuit(f"{gate.netlist}, {what}", self.technology, self.cards, (gate.netlist,))
        circuit.V("gate", "vdd_gate", circuit.gnd, self.technology.cmos.supply)
        circuit.X("gate", gate.netlist, *gate.inputs, *self._clock, *gate.outputs, "vdd_gate", "0")
        return circuit
