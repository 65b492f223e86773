"""Blocks composed from gates: activity by a plain count, glitches by hand, the whole beside all its transistors."""

from collections import Counter
from itertools import pairwise, product

import numpy as np
import pytest

from spintronics import cards
from spintronics.characterize.blocks import (
    Library,
    activity,
    block_figures,
    longest_path,
    pin_load,
    transistor_figures,
)
from spintronics.characterize.device_table import OperationFailed
from spintronics.characterize.logic import GateFigures, gate_library
from spintronics.circuits.blocks import Block, Wiring, accumulator, batch_norm, bit_counter
from spintronics.circuits.logic_bench import FLIP_FLOP, FULL_ADDER, INVERTER, LOGIC_GATES, NAND2, PERIOD, XOR2, Gate
from spintronics.ngspice import Simulator
from spintronics.technology import Technology

PS = 1e-12
STEPS = 15  # of a whole block in ngspice


@pytest.fixture(scope="module")
def library() -> Library:
    technology = Technology.load("imce45")
    return gate_library(technology, cards.locate(technology), Simulator(), 2, (INVERTER, NAND2, XOR2, FULL_ADDER))


def made_up(gate: Gate, delay: float) -> tuple[GateFigures, GateFigures]:
    """Figures of round numbers: 1 fJ for every transition, pins of 1 fF, a delay that no load changes."""
    size = len(gate.vectors)
    arcs = {(pin, out): delay for pin in (*gate.inputs, "clk") for out in gate.outputs}
    light, heavy = (
        GateFigures(
            gate,
            fan_out,
            dict.fromkeys(gate.outputs, fan_out * 1e-15),
            dict.fromkeys(gate.inputs, 1e-15),
            np.full((size, size), 1e-15),
            arcs,
            delay,
            np.full(size, 1e-9),
        )
        for fan_out in (1, 2)
    )
    return light, heavy


def made_up_library(delay: float) -> Library:
    return {gate: made_up(gate, delay) for gate in LOGIC_GATES}


def hazard(inverters: int) -> Block:
    """a nand (a through an odd number of inverters): always 1, but for a glitch when a rises."""
    wiring = Wiring()
    (a,) = wiring.inputs(1)
    delayed = a
    for _ in range(inverters):
        delayed = wiring.inverted(delayed)
    out = wiring.inverted(wiring.nand(a, delayed))
    return wiring.block("hazard", [a], [out])


def test_settled_activity_by_a_plain_count() -> None:
    block = batch_norm(3, 2)
    vectors = np.random.default_rng(5).integers(0, 2, (30, len(block.inputs)))
    expected: Counter[tuple[int, tuple[int, ...], tuple[int, ...]]] = Counter()
    seen = []
    for vector in vectors:
        nets = {0: 0, 1: 1} | dict(zip(block.inputs, map(int, vector), strict=True))
        for instance in block.gates:
            given = tuple(nets[n] for n in instance.inputs)
            nets |= zip(instance.outputs, instance.gate.expected(given), strict=True)
        seen.append(nets)
    for before, after in pairwise(seen):
        for n, instance in enumerate(block.gates):
            expected[n, tuple(before[i] for i in instance.inputs), tuple(after[i] for i in instance.inputs)] += 1
    found = activity(block, made_up_library(20 * PS), vectors).settled
    for gate, counts in found.items():
        instances = [n for n, instance in enumerate(block.gates) if instance.gate is gate]
        for k, n in enumerate(instances):
            for (i, before), (j, after) in product(enumerate(gate.vectors), repeat=2):
                assert counts[k, i, j] == expected[n, before, after]


def test_a_hazard_as_long_as_the_gate_passes_and_a_shorter_one_does_not() -> None:
    rising = [[0], [1]]
    # Three inverters of 20 ps hold the NAND's inputs at 11 for 60 ps: its output falls and rises, the last gate twice.
    slow = made_up_library(20 * PS)
    passed = activity(hazard(3), slow, rising)
    last = 3  # of four inverters
    assert passed.timed[INVERTER][last].sum() == 2
    assert passed.settled[INVERTER][last, 1, 1] == 1
    # An inverter of 5 ps in front of a NAND of 20 ps: too short.
    swallowed = activity(hazard(1), {**slow, INVERTER: made_up(INVERTER, 5 * PS)}, rising)
    assert swallowed.timed[INVERTER][1].sum() == 0
    assert swallowed.timed[NAND2].sum() == 1


def test_energy_is_transitions_times_energy() -> None:
    figures = block_figures(hazard(3), made_up_library(20 * PS), [[0], [1], [1]])
    # First step: three inverters once, NAND twice or more, last inverter twice; second step: nothing.
    timed = activity(hazard(3), made_up_library(20 * PS), [[0], [1], [1]]).timed
    events = sum(int(count.sum()) for count in timed.values())
    assert figures.cost.energy == pytest.approx(events * 1e-15 / 2, rel=1e-9, abs=0)
    assert events == 3 + 2 + 2
    assert figures.leakage == pytest.approx(5e-9, rel=1e-9, abs=0)


def test_load_and_longest_path_by_hand() -> None:
    block = hazard(3)
    load = pin_load(block, made_up_library(20 * PS))
    assert load[block.inputs[0]] == pytest.approx(2e-15, rel=1e-9, abs=0)  # first inverter and NAND
    assert load[block.outputs[0]] == 0
    assert longest_path(block, made_up_library(20 * PS)) == pytest.approx(5 * 20 * PS, rel=1e-9, abs=0)


def test_delay_is_interpolated_in_the_load() -> None:
    wiring = Wiring()
    (a,) = wiring.inputs(1)
    middle = wiring.inverted(a)
    ends = [wiring.inverted(middle) for _ in range(3)]
    block = wiring.block("fan-out of three", [a], ends)
    light, heavy = made_up(INVERTER, 10 * PS)[0], made_up(INVERTER, 20 * PS)[1]  # 10 ps at 1 fF, 20 ps at 2 fF
    assert longest_path(block, {INVERTER: (light, heavy)}) == pytest.approx(
        (30 + 0) * PS, rel=1e-9, abs=0
    )  # 3 fF, then none


def test_registers_are_clocked_once_a_step() -> None:
    block = accumulator(4)
    vectors = np.zeros((3, 8), np.uint8)
    vectors[1, 0] = 1
    counted = activity(block, made_up_library(20 * PS), vectors).timed[FLIP_FLOP]
    assert counted.sum() == 4 * 2
    assert counted[0, 0, 1] == counted[0, 1, 0] == 1
    assert longest_path(block, made_up_library(20 * PS)) > 4 * 20 * PS  # clock to q, then four bits of carry


@pytest.mark.parametrize(
    ("block", "low", "high"),
    [(bit_counter(7), 0.95, 1.05), (bit_counter(8), 0.95, 1.05), (batch_norm(3, 3), 0.90, 1.05)],
    ids=["7:3 counter", "8-bit counter", "3 × 3 bit multiply-add"],
)
def test_composed_block_beside_all_its_transistors(library: Library, block: Block, low: float, high: float) -> None:
    technology = Technology.load("imce45")
    random = np.random.default_rng(1)
    vectors = [tuple(map(int, v)) for v in random.integers(0, 2, (STEPS + 1, len(block.inputs)))]
    composed = block_figures(block, library, vectors)
    whole = transistor_figures(technology, cards.locate(technology), Simulator(), block, vectors)
    energy = whole.energies.mean() - composed.leakage * PERIOD
    assert low < composed.cost.energy / energy < high
    assert composed.settled_energy < 0.95 * energy  # glitches are part of it
    assert 0.9 < composed.cost.latency / whole.delays.max() < 1.4  # no vector need take the longest path


def test_a_block_too_slow_for_its_period_is_refused() -> None:
    starved = Technology.load("imce45", {"cmos.supply": "0.25 V"})
    with pytest.raises(OperationFailed, match=r"bit-counter: output net \d+ = -?0\.\d\d V for inputs \d{3} after"):
        transistor_figures(
            starved, cards.locate(starved), Simulator(), bit_counter(3), [(0, 0, 0), (1, 1, 1), (0, 0, 1), (1, 1, 0)]
        )
