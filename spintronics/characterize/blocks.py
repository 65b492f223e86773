"""Energy, delay and leakage of blocks: switching activity on given data, times what ngspice found for each gate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from spintronics.cards import ModelCards
from spintronics.characterize.device_table import ActionCost, OperationFailed
from spintronics.characterize.logic import EARLY, FloatArray, GateFigures, charge_of
from spintronics.characterize.operations import settling
from spintronics.circuits.blocks import BitArray, Block, BlockBench, IndexArray, codes, truth_table
from spintronics.circuits.logic_bench import EDGE, FLIP_FLOP, PERIOD, Gate
from spintronics.ngspice import Simulator
from spintronics.technology import Technology

Library = Mapping[Gate, Sequence[GateFigures]]

TICK = 5e-12  # resolution of delays in the count of glitches, s; assumed, below the fastest gate's delay


@dataclass(frozen=True)
class BlockActivity:
    """Transitions of every gate of a block over a sequence of input vectors: (instances, before, after) by gate.

    Attributes:
        settled: without glitches: each gate goes from one settled input vector to the next.
        timed: with each gate's own delay: glitches are there, but for pulses too short for a gate.
        steps: transitions of the block that were counted.
    """

    settled: Mapping[Gate, IndexArray]
    timed: Mapping[Gate, IndexArray]
    steps: int


def activity(block: Block, library: Library, vectors: npt.ArrayLike) -> BlockActivity:
    """Transitions of every gate between consecutive input vectors.

    Args:
        library: figures of every kind of gate in the block at several loads, lightest first.
        vectors: input bits in the order in which they come, (vectors, inputs); two or more.
    Raises:
        OperationFailed: with delays the block settles to something else than its truth table, or never.
    """
    values = block.settle(vectors)
    settled = {
        gate: _transitions(codes(values[:, :-1], inputs), codes(values[:, 1:], inputs), len(gate.vectors))
        for gate, (inputs, _) in block.by_gate.items()
    }
    timed = _timed(block, library, values)
    if block.registers:
        data = values[list(block.registers)]
        clocked = {FLIP_FLOP: _transitions(data[:, :-1], data[:, 1:], 2)}
        settled, timed = settled | clocked, timed | clocked
    return BlockActivity(settled, timed, values.shape[1] - 1)


def _timed(block: Block, library: Library, values: BitArray) -> dict[Gate, IndexArray]:
    """Transitions when a gate takes its inputs once they have been still for its delay; all steps at once.

    That is an inertial delay: what changes and changes back, or changes twice, within it is one event or none.
    """
    before, after = values[:, :-1], values[:, 1:]
    now = before.copy()
    taken = {gate: codes(now, inputs) for gate, (inputs, _) in block.by_gate.items()}
    shown = dict(taken)  # input vector of each instance one tick ago
    waited = {gate: np.zeros(code.shape, np.int16) for gate, code in taken.items()}
    ticks = {gate: _ticks(block, library, gate) for gate in taken}
    counts = {gate: np.zeros((len(code), *[len(gate.vectors)] * 2), np.int64) for gate, code in taken.items()}
    now[list(block.inputs)] = after[list(block.inputs)]
    while True:  # a block has no loops: it settles
        following, still = now.copy(), True
        for gate, (inputs, outputs) in block.by_gate.items():
            code = codes(now, inputs)
            differs = code != taken[gate]
            still &= not differs.any()
            waited[gate] = np.where(differs, np.where(code == shown[gate], waited[gate] + 1, 1), 0).astype(np.int16)
            shown[gate] = code
            due = waited[gate] >= ticks[gate][:, None]
            if due.any():
                answered = np.where(due, code, taken[gate])
                counts[gate] += _transitions(taken[gate], answered, len(gate.vectors))
                taken[gate], waited[gate][due] = answered, 0
                following[outputs] = truth_table(gate)[answered].swapaxes(1, 2)
        if still and np.array_equal(following, now):
            break
        now = following
    if not np.array_equal(now, after):
        raise OperationFailed(f"{block.name}: with delays it does not settle to its truth table")
    for count in counts.values():  # a gate that takes the same inputs again makes no event
        vectors = np.arange(count.shape[1])
        count[:, vectors, vectors] = 0
    return counts


def _ticks(block: Block, library: Library, gate: Gate) -> IndexArray:
    """Delay of each instance, mean of its arcs at its load, in ticks; at least one."""
    load = pin_load(block, library)
    _, outputs = block.by_gate[gate]
    delays = [
        np.mean(
            [
                _arc(library[gate], pin, name, load[net])
                for name, net in zip(gate.outputs, nets, strict=True)
                for pin in gate.inputs
            ]
        )
        for nets in outputs
    ]
    return np.maximum(1, np.round(np.array(delays) / TICK)).astype(np.int64)


def _arc(figures: Sequence[GateFigures], pin: str, output: str, load: float) -> float:
    """Delay from an input to an output at a load on that output, s."""
    return float(_weights(load, [f.load[output] for f in figures]) @ [f.arcs[pin, output] for f in figures])


def _transitions(before: BitArray, after: BitArray, size: int) -> IndexArray:
    """How often each instance goes from one vector to another: (instances, before, after)."""
    instances = len(before)
    pair = before.astype(np.int64) * size + after + size * size * np.arange(instances)[:, None]
    return np.bincount(pair.ravel(), minlength=instances * size * size).reshape(instances, size, size)


@dataclass(frozen=True)
class BlockFigures:
    """What one action of a block costs: one new input vector of the given data.

    Attributes:
        cost: dynamic energy with glitches, by kind of gate, and latency of the longest path.
        settled_energy: dynamic energy without glitches, J.
        leakage: W, at rest, mean over each gate's input vectors.
    """

    block: Block
    cost: ActionCost
    settled_energy: float
    leakage: float


def block_figures(block: Block, library: Library, vectors: npt.ArrayLike) -> BlockFigures:
    """Cost of a block on given data, composed from its gates.

        E = Σ over gates, Σ over their transitions (before, after) of E_gate(before, after; load) / steps

    A gate's energy and delay are interpolated in the capacitance on its outputs: the input pins that hang on them
    (straight on beyond the lightest and the heaviest load of the library).  Wires between gates have none.
    Measured against all transistors of a block in ngspice, 20 random vectors each (8- and 15-bit counters, 3 × 3 and
    5 × 4 bit multiply-adds, quantizer, clipped activation, a 4-bit shifter; benchmarks/bench_digital.py): energy −9 to
    +9 %, of the counters −4 to +1 %; without glitches 5 to 34 % too low.  The longest path is +2 and +7 % beside the
    longest delay found in the counters and −13 % in the shifter, whose edges are slower than the standard; elsewhere it
    is up to 42 % above, being a path that no vector took.

    Args:
        library: figures of every kind of gate in the block at several loads, lightest first.
        vectors: input bits in the order in which they come, (vectors, inputs).
    """
    counted = activity(block, library, vectors)
    load = pin_load(block, library)
    parts, settled = {}, 0.0
    for gate, timed in counted.timed.items():
        energy = _energies(block, gate, library[gate], load)
        parts[gate.netlist] = float((timed * energy).sum()) / counted.steps
        settled += float((counted.settled[gate] * energy).sum()) / counted.steps
    leakage = sum(number * library[gate][0].mean_leakage for gate, number in block.gate_counts.items())
    return BlockFigures(block, ActionCost(parts, longest_path(block, library)), settled, leakage)


def pin_load(block: Block, library: Library) -> FloatArray:
    """Capacitance of the input pins on each net, F."""
    load = np.zeros(block.nets)
    for gate, (inputs, _) in block.by_gate.items():
        for position, name in enumerate(gate.inputs):
            np.add.at(load, inputs[:, position], library[gate][0].pin[name])
    if block.registers:
        np.add.at(load, list(block.registers), library[FLIP_FLOP][0].pin["d"])
    return load


def _energies(block: Block, gate: Gate, figures: Sequence[GateFigures], load: FloatArray) -> FloatArray:
    """Energy of every transition of every instance of a gate at its load, J: (instances, before, after)."""
    if gate.clocked:
        return figures[0].energy[None]
    _, outputs = block.by_gate[gate]
    known = [sum(f.load.values()) for f in figures]
    weights = np.array([_weights(load[nets].sum(), known) for nets in outputs])
    energies: FloatArray = np.einsum("nf,fab->nab", weights, np.array([f.energy for f in figures]))
    return energies


def _weights(load: float, known: Sequence[float]) -> FloatArray:
    """Weights of the figures at known loads that interpolate linearly to a load, straight on beyond the ends."""
    n = min(max(int(np.searchsorted(known, load)), 1), len(known) - 1)
    part = (load - known[n - 1]) / (known[n] - known[n - 1])
    weights = np.zeros(len(known))
    weights[n - 1], weights[n] = 1 - part, part
    return weights


def longest_path(block: Block, library: Library) -> float:
    """Latest arrival of any output or register input after the inputs (or the clock), s: static timing.

    Delay of a gate from each input alone to each output, interpolated in that output's load; edges of the standard
    steepness.  Paths that no data takes count too.
    """
    load = pin_load(block, library)
    start = library[FLIP_FLOP][0].worst_delay if block.registers else 0.0
    arrival = np.full(block.nets, start)
    for instance in block.gates:
        for name, net in zip(instance.gate.outputs, instance.outputs, strict=True):
            arrival[net] = max(
                arrival[source] + _arc(library[instance.gate], pin, name, load[net])
                for pin, source in zip(instance.gate.inputs, instance.inputs, strict=True)
            )
    return float(max(arrival[list(block.outputs)]))


@dataclass(frozen=True)
class TransistorFigures:
    """A whole block in ngspice, over a sequence of vectors.

    Attributes:
        energies: of each step, by the accounting of :class:`GateFigures`, leakage included, J.
        delays: last crossing of VDD/2 of any output after the inputs' edge, s; 0 where none changes.
    """

    energies: FloatArray
    delays: FloatArray


def transistor_figures(
    technology: Technology, cards: ModelCards, simulator: Simulator, block: Block, vectors: Sequence[tuple[int, ...]]
) -> TransistorFigures:
    """All transistors of a block of combinational gates through a sequence of vectors, one ``PERIOD`` each.

    Raises:
        OperationFailed: an output is wrong at the end of a period; names block, output and vector.
    """
    waves = simulator.run(BlockBench(technology, cards, block, tuple(vectors)).deck().text())
    vdd = technology.cmos.supply
    wanted = block.settle(vectors)[list(block.outputs)]
    energies, delays = [], []
    for n, (_, after) in enumerate(pairwise(vectors), start=1):
        start, stop = n * PERIOD, (n + 1) * PERIOD - EARLY
        given = charge_of(waves, "vblock", start, stop)
        given += sum(
            charge_of(waves, f"vinput{net}", start, stop) for net, bit in zip(block.inputs, after, strict=True) if bit
        )
        energies.append(given * vdd)
        edge = start + EDGE / 2
        settled = []
        for net, bit in zip(block.outputs, wanted[:, n], strict=True):
            wave = waves[f"v(net{net})"]
            found = float(np.interp(stop, waves.x, wave))
            if (found > vdd / 2) != bit:
                raise OperationFailed(
                    f"{block.name}: output net {net} = {found:.2f} V for inputs {''.join(map(str, after))} after "
                    f"{PERIOD:.3g} s, expected {bit}"
                )
            settled.append(settling(waves.x, wave, vdd / 2, edge, stop) - edge)
        delays.append(max(settled))
    return TransistorFigures(np.array(energies), np.array(delays))
