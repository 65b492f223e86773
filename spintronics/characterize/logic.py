"""Logic gates of the compute path: energy of every transition, delay, leakage of every vector, from ngspice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from spintronics.cards import ModelCards
from spintronics.characterize.device_table import ActionCost, OperationFailed
from spintronics.characterize.operations import settling
from spintronics.circuits.logic_bench import LOGIC_GATES, PERIOD, Bits, Gate, LogicBench
from spintronics.ngspice import Simulator, Waves
from spintronics.technology import Technology

FloatArray = npt.NDArray[np.float64]
EARLY = 1e-12  # taken before an edge starts, s
FAN_OUTS = (1, 2, 4)  # copies of the gate as load, between which a block's gates are interpolated


@dataclass(frozen=True)
class GateFigures:
    """What one gate costs under one load.  A vector's index is its value with the first input as the highest bit.

    Energy is accounted by charge, so that the energies of all gates of a block add up to what its supply gives:
    a gate pays the charge that its own supply gives without what goes into the load of its outputs, and the charge that
    flows into those of its inputs that end high, whatever gate drives them.

    Attributes:
        gate: which.
        fan_out: copies of the gate that its outputs drove.
        load: capacitance behind each output, F: mean charge of a rising edge over VDD.
        pin: capacitance of each input, F, the same way.
        energy: of each transition, by vector before and after, J; without leakage.  Of a clocked gate: of one cycle.
        arcs: longest delay (50 % to 50 %) from each input alone (of a clocked gate: from the clock) to each output, s.
        worst_delay: longest over all transitions, several inputs at once among them, s.
        leakage: power at rest of each vector, W; without the load's.
    """

    gate: Gate
    fan_out: int
    load: Mapping[str, float]
    pin: Mapping[str, float]
    energy: FloatArray
    arcs: Mapping[tuple[str, str], float]
    worst_delay: float
    leakage: FloatArray

    @property
    def mean_energy(self) -> float:
        """Mean over all transitions, equally likely (random inputs), J."""
        return float(self.energy.mean())

    @property
    def cost(self) -> ActionCost:
        """One random input vector (of a clocked gate: one clock cycle): dynamic energy and longest delay."""
        return ActionCost({self.gate.netlist: self.mean_energy}, self.worst_delay)

    @property
    def mean_leakage(self) -> float:
        """Mean over the input vectors, W."""
        return float(self.leakage.mean())

    @property
    def worst_leakage(self) -> float:
        """Largest over the input vectors, W."""
        return float(self.leakage.max())


def gate_figures(
    technology: Technology, cards: ModelCards, simulator: Simulator, gate: Gate, fan_out: int = 1
) -> GateFigures:
    """A gate through every transition of its inputs, and at rest at every vector.

    Args:
        fan_out: copies of the gate that its outputs drive, each output the copies' inputs in turn.
    Raises:
        OperationFailed: an output is wrong at the end of a period; names the gate, the inputs and the output.

    >>> from spintronics import cards
    >>> from spintronics.circuits.logic_bench import NAND2
    >>> technology = Technology.load("imce45")
    >>> figures = gate_figures(technology, cards.locate(technology), Simulator(), NAND2)
    >>> 0.1e-15 < figures.mean_energy < 1e-15, 1e-9 < figures.mean_leakage < 1e-8
    (True, True)
    """
    bench = LogicBench(technology, cards, gate, fan_out)
    vdd = technology.cmos.supply
    leakage = _leakage(bench, simulator.run(bench.rest().text()))
    waves = simulator.run(bench.deck().text())
    vectors, index = bench.vectors, {vector: n for n, vector in enumerate(gate.vectors)}
    size = len(index)
    energy = np.zeros((size, size))
    rising: dict[str, list[float]] = {name: [] for name in (*gate.inputs, *gate.outputs)}
    delays: dict[tuple[str, str], float] = {}
    worst = 0.0
    for n, (before, after) in enumerate(pairwise(vectors), start=1):
        start, taken = n * PERIOD, (n + 1) * PERIOD - 1e-12
        _require_right(gate, vdd, waves, taken, after, f"after {before} and {PERIOD:.3g} s")
        own = charge_of(waves, "vgate", start, taken)
        if gate.clocked:
            own += _charge_while_rising(waves, "vclk", bench.edge(n), taken)
        for position, name in enumerate(gate.inputs):
            if after[position]:
                charge = charge_of(waves, f"vinput_{name}", start, taken)
                own += charge
                if not before[position]:
                    rising[name].append(charge)
        was, becomes = gate.expected(before), gate.expected(after)
        changed = [name for position, name in enumerate(gate.inputs) if before[position] != after[position]]
        for position, output in enumerate(gate.outputs):
            if becomes[position]:
                charge = -charge_of(waves, f"vload_{output}", start, taken)  # an ammeter, from the gate to its load
                own -= charge
                if not was[position]:
                    rising[output].append(charge)
            settled = settling(waves.x, waves[f"v({output})"], vdd / 2, bench.edge(n), taken) - bench.edge(n)
            worst = max(worst, settled)
            if was[position] != becomes[position] and (gate.clocked or len(changed) == 1):
                arc = ("clk" if gate.clocked else changed[0], output)
                delays[arc] = max(delays.get(arc, 0.0), settled)
        energy[index[before], index[after]] = own * vdd - leakage[index[after]] * (taken - start)
    capacitance = {name: float(np.mean(charges)) / vdd for name, charges in rising.items()}
    return GateFigures(
        gate,
        fan_out,
        {name: capacitance[name] for name in gate.outputs},
        {name: capacitance[name] for name in gate.inputs},
        energy,
        delays,
        worst,
        leakage,
    )


def gate_library(
    technology: Technology,
    cards: ModelCards,
    simulator: Simulator,
    workers: int,
    gates: Sequence[Gate] = LOGIC_GATES,
) -> dict[Gate, tuple[GateFigures, ...]]:
    """Figures of gates at fan-out 1, 2 and 4, lightest load first.

    Raises:
        OperationFailed: as :func:`gate_figures`.
    """
    cases = [(gate, fan_out) for gate in gates for fan_out in FAN_OUTS]
    figures = simulator.map(lambda sim, case: gate_figures(technology, cards, sim, *case), cases, workers)
    return {gate: tuple(f for f in figures if f.gate is gate) for gate in gates}


def gate_cost(technology: Technology, cards: ModelCards, simulator: Simulator, gate: Gate) -> ActionCost:
    """Mean dynamic energy of a gate over all transitions of its inputs, and its longest delay, at fan-out 1.

    Equally likely transitions are random inputs: the toggle rate of a bit-counter on random data.

    Raises:
        OperationFailed: as :func:`gate_figures`.
    """
    return gate_figures(technology, cards, simulator, gate).cost


def _leakage(bench: LogicBench, rest: Waves) -> FloatArray:
    """Power at rest of each vector, W: what the supply and the inputs that are high give."""
    gate, vdd = bench.gate, bench.technology.cmos.supply
    pins = [*(f"vinput_{name}" for name in gate.inputs), *(("vclk",) if gate.clocked else ())]
    per_vector = len(bench.rest_vectors) // len(gate.vectors)
    settled = min(per_vector, 2)  # of a clocked gate: clock high and low, after it took the vector
    leakage: FloatArray = np.zeros(len(gate.vectors))
    for k, vector in enumerate(gate.vectors):
        for n in range((k + 1) * per_vector - settled, (k + 1) * per_vector):
            at = bench.rest_point(n)
            _require_right(gate, vdd, rest, at, vector, "at rest")
            given = float(np.interp(at, rest.x, rest["i(vgate)"]))
            for pin, bit in zip(pins, bench.rest_vectors[n], strict=True):
                given += bit * float(np.interp(at, rest.x, rest[f"i({pin})"]))
            leakage[k] -= vdd * given / settled
    return leakage


def _require_right(gate: Gate, vdd: float, waves: Waves, at: float, vector: Bits, how: str) -> None:
    """Outputs within a tenth of VDD of their level where the sweep variable is ``at``."""
    for output, wanted in zip(gate.outputs, gate.expected(vector), strict=True):
        found = float(np.interp(at, waves.x, waves[f"v({output})"]))
        if abs(found - wanted * vdd) > 0.1 * vdd:
            raise OperationFailed(
                f"{gate.netlist}: {output} = {found:.2f} V for inputs {vector} {how}, expected {wanted}"
            )


def charge_of(waves: Waves, source: str, start: float, stop: float) -> float:
    """Charge that a source gives between two times, C."""
    inside = (waves.x > start) & (waves.x < stop)
    time = np.concatenate(([start], waves.x[inside], [stop]))
    return -float(np.trapezoid(np.interp(time, waves.x, waves[f"i({source})"]), time))


def _charge_while_rising(waves: Waves, clock: str, edge: float, taken: float) -> float:
    """Charge that the clock gives while it is high, C."""
    return charge_of(waves, clock, edge - PERIOD / 8, min(edge + PERIOD / 2 - PERIOD / 8, taken))
