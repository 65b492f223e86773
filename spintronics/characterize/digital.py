"""Everything digital of the sub-array as entries of the device table: gates, blocks of gates, the row path."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from spintronics.cards import ModelCards
from spintronics.characterize.area import block_area, parts_area, transistor_area
from spintronics.characterize.blocks import BlockFigures, block_figures
from spintronics.characterize.device_table import OK, ActionCost, Entry
from spintronics.characterize.logic import FAN_OUTS, GateFigures, gate_figures
from spintronics.characterize.row_path import RowFigures, RowLeakage, row_figures, row_leakage
from spintronics.circuits.datapath import (
    ACCUMULATOR_BITS,
    ACTIVATION,
    BATCH_NORM,
    QUANTIZER,
    SHIFT_STAGES,
    processing_blocks,
    sub_array_blocks,
)
from spintronics.circuits.logic_bench import LOGIC_GATES, Gate
from spintronics.circuits.row_bench import UNIT_GATE, Activation, Port, RowDecoder
from spintronics.errors import SpintronicsError
from spintronics.ngspice import Simulator
from spintronics.technology import Technology

BitVectors = npt.NDArray[np.uint8]
T = TypeVar("T")

VECTORS = 200  # input vectors that a block's switching activity is counted over; assumed
PLACES = (0, 1, 1, 2)  # shifts m + n in the order in which 2-bit inputs and weights bring them


def bits_of(numbers: npt.ArrayLike, width: int) -> BitVectors:
    """Numbers as rows of bits, least significant first, in two's complement.

    >>> bits_of([5, -1], 4)
    array([[1, 0, 1, 0], [1, 1, 1, 1]], dtype=uint8)
    """
    values = np.asarray(numbers, np.int64)
    return (values[:, None] >> np.arange(width) & 1).astype(np.uint8)


def sub_array_data(latches: npt.ArrayLike) -> tuple[BitVectors, BitVectors, BitVectors]:
    """Inputs of bit-counter, Shifter and Sum when the latches give these bits one after the other.

    The counts are shifted by ``PLACES`` in turn and added up from zero.

    Args:
        latches: results of the columns, (vectors, columns).
    """
    latched = np.asarray(latches, np.uint8)
    counts = latched.sum(axis=1, dtype=np.int64)
    places = np.resize(PLACES, len(counts))
    addends = counts << places
    held = np.concatenate(([0], np.cumsum(addends)[:-1]))
    return (
        latched,
        np.hstack((bits_of(counts, latched.shape[1].bit_length()), bits_of(places, SHIFT_STAGES))),
        np.hstack((bits_of(addends, ACCUMULATOR_BITS), bits_of(held, ACCUMULATOR_BITS))),
    )


def random_data(technology: Technology, seed: int) -> dict[str, BitVectors]:
    """Input vectors of every block by its name: ANDs of random bits, and what follows from their counts.

    A latch result is 1 with probability 1/4, as the AND of two random bits is, and is held until the next: a counter
    that sees the latches' reset to all ones between two results takes 3.5 times the energy.  Quantizer: any fraction.
    Batch normalization: any value, one scale and shift.  Activation: −2 to 2.
    """
    random = np.random.default_rng(seed)
    columns = technology.array.columns
    latches = random.random((VECTORS, columns)) < 0.25
    value, scale = BATCH_NORM
    constants = np.tile(random.integers(0, 2, 2 * scale + value, np.uint8), (VECTORS, 1))
    values = random.integers(0, 2, (VECTORS, value), np.uint8)
    bits, fraction = ACTIVATION
    activations = bits_of(random.integers(-(2 << fraction), 2 << fraction, VECTORS), bits)
    names = [block.name for block in (*sub_array_blocks(columns), *processing_blocks())]
    data = (
        *sub_array_data(latches),
        random.integers(0, 2, (VECTORS, QUANTIZER[1]), np.uint8),
        np.hstack((values, constants)),
        activations[:, -1:],
        activations,
    )
    return dict(zip(names, data, strict=True))


@dataclass(frozen=True)
class DigitalFigures:
    """Gates, blocks and row path of a technology.

    Attributes:
        gates: figures of each gate at fan-out 1, 2 and 4; of those that work.
        blocks: figures of each block by its name; of those whose gates all work.
        rows: figures of each activation that works.
        row_leakage: of the row path at rest; None where it is not right there.
        failures: why the others failed, by the name of gate (netlist), block or activation.
    """

    technology: Technology
    gates: Mapping[Gate, tuple[GateFigures, ...]]
    blocks: Mapping[str, BlockFigures]
    rows: Mapping[Activation, RowFigures]
    row_leakage: RowLeakage | None
    failures: Mapping[str, str]

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The device table's entries, failed ones with their reason and no cost."""
        return (*self._gate_entries(), *self._block_entries(), *self._row_entries())

    def _gate_entries(self) -> list[Entry]:
        found = []
        for gate in LOGIC_GATES:
            name, figures = gate.netlist, self.gates.get(gate)
            found.append(
                Entry(
                    group="logic",
                    action=name,
                    case="",
                    unit="one gate, one clock" if gate.clocked else "one gate, one random input vector",
                    testbench="spintronics.circuits.logic_bench",
                    cost=figures[0].cost if figures else None,
                    leakage=figures[0].mean_leakage if figures else None,
                    area=transistor_area(self.technology, name, **UNIT_GATE),
                    status=self.failures.get(name, OK),
                )
            )
        return found

    def _block_entries(self) -> list[Entry]:
        found = []
        for block in (*sub_array_blocks(self.technology.array.columns), *processing_blocks()):
            figures = self.blocks.get(block.name)
            found.append(
                Entry(
                    group="block",
                    action=block.name,
                    case="",
                    unit=f"one result of {len(block.inputs)} input bits",
                    testbench="spintronics.circuits.logic_bench, composed by spintronics.characterize.blocks",
                    cost=figures.cost if figures else None,
                    leakage=figures.leakage if figures else None,
                    area=block_area(self.technology, block),
                    status=self.failures.get(block.name, OK),
                )
            )
        return found

    def _row_entries(self) -> list[Entry]:
        """Up to the word line drivers' inputs: driver and line are in the operations' own testbenches."""
        decoder = RowDecoder(self.technology)
        areas = {port: parts_area(self.technology, decoder.port_gates(port)) for port in Port}
        leakage = self.row_leakage.total if self.row_leakage else None
        found = []
        for activation in Activation:
            figures = self.rows.get(activation)
            found.append(
                Entry(
                    group="row",
                    action=f"select {activation}",
                    case="",
                    unit="one activation, every address bit changed, up to the word line drivers' inputs",
                    testbench="spintronics.circuits.row_bench",
                    cost=select_cost(figures) if figures else None,
                    area=sum(areas[port] for port in activation.ports),
                    status=self.failures.get(f"select {activation}", OK),
                )
            )
        rest = ActionCost({}, 0.0) if self.row_leakage else None
        found.append(
            Entry(
                group="row",
                action="row path at rest",
                case="",
                unit="decoder ports and all rows' gates and drivers, no time passing: its leakage is what it costs",
                testbench="spintronics.circuits.row_bench",
                cost=rest,
                leakage=leakage,
                area=sum(areas.values()),
                status=self.failures.get("row path at rest", OK),
            )
        )
        return found


def select_cost(figures: RowFigures) -> ActionCost:
    """An activation without its word line drivers and lines, up to the drivers' inputs."""
    parts = {name: energy for name, energy in figures.cost.parts.items() if name != "word line"}
    return ActionCost(parts, figures.stages["driver input"])


def purpose(case: tuple[Gate, int] | Activation) -> str:
    """What a deck of :func:`digital_figures` is run for, beside its title: a gate's fan-out."""
    return f"fan-out {case[1]}" if isinstance(case, tuple) else ""


def digital_figures(
    technology: Technology, cards: ModelCards, simulator: Simulator, workers: int, seed: int
) -> DigitalFigures:
    """Characterizes gates and row path in ngspice and composes the blocks; what fails is named and left out.

    Args:
        seed: of the blocks' input data.
    """
    failures: dict[str, str] = {}

    def tried(name: str, task: Callable[[], T]) -> T | None:
        try:
            return task()
        except SpintronicsError as error:
            failures[name] = str(error)
            return None

    def gate(sim: Simulator, case: tuple[Gate, int]) -> GateFigures | None:
        return tried(case[0].netlist, lambda: gate_figures(technology, cards, sim, *case))

    def row(sim: Simulator, activation: Activation) -> RowFigures | None:
        return tried(f"select {activation}", lambda: row_figures(technology, cards, sim, activation))

    heaviest_first = sorted(LOGIC_GATES, key=lambda g: -len(g.vectors))
    cases = [(g, fan_out) for g in heaviest_first for fan_out in reversed(FAN_OUTS)]
    found = dict(zip(cases, simulator.map(gate, cases, workers), strict=True))
    gates: dict[Gate, tuple[GateFigures, ...]] = {}
    for g in LOGIC_GATES:
        figures = [f for fan_out in FAN_OUTS if (f := found[g, fan_out]) is not None]
        if len(figures) == len(FAN_OUTS):
            gates[g] = tuple(figures)
    rows = dict(zip(Activation, simulator.map(row, Activation, workers), strict=True))
    leakage = tried("row path at rest", lambda: row_leakage(technology, cards, simulator))
    blocks = {}
    data = random_data(technology, seed)
    for block in (*sub_array_blocks(technology.array.columns), *processing_blocks()):
        missing = next((g for g in block.gate_counts if g not in gates), None)
        if missing is not None:
            failures[block.name] = f"needs {missing.netlist}, which failed: {failures[missing.netlist]}"
        else:
            blocks[block.name] = block_figures(block, gates, data[block.name])
    return DigitalFigures(
        technology, gates, blocks, {a: f for a, f in rows.items() if f is not None}, leakage, failures
    )
