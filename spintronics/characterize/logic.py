"""Logic gates of the compute path: energy per input vector and worst delay."""

import numpy as np

from spintronics.cards import ModelCards
from spintronics.characterize.device_table import ActionCost, OperationFailed
from spintronics.characterize.operations import settling
from spintronics.circuits.logic_bench import PERIOD, Gate, LogicBench
from spintronics.ngspice import Simulator
from spintronics.technology import Technology


def gate_cost(technology: Technology, cards: ModelCards, simulator: Simulator, gate: Gate) -> ActionCost:
    """Mean supply energy of a gate over all transitions of its inputs, and its longest delay.

    Equally likely transitions are random inputs: the toggle rate of a bit-counter on random data.

    Raises:
        OperationFailed: an output is wrong at the end of a period; names the gate, the inputs and the output.
    """
    bench = LogicBench(technology, cards, gate)
    waves = simulator.run(bench.deck().text())
    vdd = technology.cmos.supply
    vectors = bench.vectors
    delays = [0.0]
    for n, vector in enumerate(vectors[1:], start=1):
        taken = (n + 1) * PERIOD - 1e-12
        for output, wanted in zip(gate.outputs, gate.expected(vector), strict=True):
            wave = waves[f"v({output})"]
            found = float(np.interp(taken, waves.x, wave))
            if (found > vdd / 2) != wanted:
                raise OperationFailed(
                    f"{gate.netlist}: {output} = {found:.2f} V for inputs {vector} after {PERIOD:.3g} s, "
                    f"expected {wanted}"
                )
            delays.append(settling(waves.x, wave, vdd / 2, bench.edge(n), taken) - bench.edge(n))
    run = waves.x >= bench.edge(1) - PERIOD / 4
    total = float(-np.trapezoid(waves["i(vgate)"][run] * vdd, waves.x[run]))
    return ActionCost({gate.netlist: total / (len(vectors) - 1)}, max(delays))
