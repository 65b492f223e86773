"""Transient testbench of a logic gate: every transition between its input vectors, loaded by a copy of itself."""

from dataclasses import dataclass
from itertools import pairwise, product

from spintronics.cards import ModelCards
from spintronics.circuits.library import Deck, new_circuit
from spintronics.technology import Technology

EDGE = 20e-12  # rise and fall of the inputs, s; assumed, about a fan-out-of-4 edge at 45 nm
PERIOD = 0.5e-9  # one input vector, s; assumed: a 2 GHz data path


@dataclass(frozen=True)
class Gate:
    """A logic netlist: its data inputs, outputs, and whether it has a clock."""

    netlist: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    clocked: bool = False

    def expected(self, vector: tuple[int, ...]) -> tuple[int, ...]:
        """Outputs for one input vector."""
        if self.netlist == "full_adder":
            return (sum(vector) % 2, sum(vector) // 2)
        if self.netlist == "mux2":
            a, b, select = vector
            return (b if select else a,)
        return vector


FULL_ADDER = Gate("full_adder", ("a", "b", "c"), ("sum", "carry"))
MULTIPLEXER = Gate("mux2", ("a", "b", "select"), ("out",))
FLIP_FLOP = Gate("d_flip_flop", ("d",), ("q",), clocked=True)


def all_transitions(bits: int) -> list[tuple[int, ...]]:
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


@dataclass(frozen=True)
class LogicBench:
    """A gate through every transition of its inputs, one ``PERIOD`` each.

    Its outputs drive the inputs of a copy on another supply, so that its energy holds the load that a like gate is.
    Nodes: the gate's own pin names; ``i(vgate)`` is its supply.
    """

    technology: Technology
    cards: ModelCards
    gate: Gate

    @property
    def vectors(self) -> list[tuple[int, ...]]:
        """Input vector in each period."""
        return all_transitions(len(self.gate.inputs))

    def edge(self, n: int) -> float:
        """Middle of the edge that starts period n, s: of the inputs, or of the clock."""
        return n * PERIOD + (0.25 * PERIOD if self.gate.clocked else 0.0) + EDGE / 2

    def deck(self) -> Deck:
        """The testbench as a deck."""
        t, gate = self.technology, self.gate
        circuit = new_circuit(f"{gate.netlist}, every transition", t, self.cards, (gate.netlist,))
        gnd, vdd = circuit.gnd, t.cmos.supply
        circuit.V("gate", "vdd_gate", gnd, vdd)
        circuit.V("load", "vdd_load", gnd, vdd)
        for position, name in enumerate(gate.inputs):
            circuit.V(f"input_{name}", name, gnd, self._steps([v[position] * vdd for v in self.vectors]))
        clock: tuple[str, ...] = ()
        if gate.clocked:
            high = PERIOD / 2 - EDGE
            circuit.V("clk", "clk", gnd, f"pulse(0 {vdd} {0.25 * PERIOD} {EDGE} {EDGE} {high} {PERIOD})")
            clock = ("clk",)
        circuit.X("gate", gate.netlist, *gate.inputs, *clock, *gate.outputs, "vdd_gate", "0")
        load_inputs = [gate.outputs[n % len(gate.outputs)] for n in range(len(gate.inputs))]
        load_outputs = [f"load_{name}" for name in gate.outputs]
        circuit.X("load", gate.netlist, *load_inputs, *clock, *load_outputs, "vdd_load", "0")
        saved = ("i(vgate)", *(f"v({name})" for name in (*gate.inputs, *gate.outputs)))
        end = len(self.vectors) * PERIOD
        return Deck(circuit, f".tran 5p {end:.6g} 0 10p", saved, t.cmos.temperature, "reltol=1e-3 method=gear")

    def _steps(self, levels: list[float]) -> str:
        points = [f"0 {levels[0]}"]
        for n, (before, after) in enumerate(pairwise(levels), start=1):
            if after != before:
                points += [f"{n * PERIOD:.6g} {before}", f"{n * PERIOD + EDGE:.6g} {after}"]
        return f"pwl({' '.join(points)})"
