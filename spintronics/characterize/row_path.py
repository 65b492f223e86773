"""The row path: energy by contributor, latency and leakage of raising one or two word lines, from ngspice."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from spintronics.cards import ModelCards
from spintronics.characterize.device_table import ActionCost, OperationFailed
from spintronics.characterize.logic import charge_of
from spintronics.characterize.operations import crossing
from spintronics.circuits.row_bench import ACTIVE, EDGE, START, Activation, RowBench, rest_deck
from spintronics.ngspice import Simulator, Waves
from spintronics.technology import Technology


@dataclass(frozen=True)
class RowFigures:
    """One activation of the row path, from rest to rest; every address bit changes.

    Attributes:
        cost: dynamic energy by contributor; latency from the address's edge to the later word line, both at VDD/2.
            ``word line`` is the driver, its line and the columns' access transistors.
        stages: when the later row's select, driver input and line cross VDD/2, s after the address's edge.
    """

    activation: Activation
    cost: ActionCost
    stages: Mapping[str, float]


def row_figures(technology: Technology, cards: ModelCards, simulator: Simulator, activation: Activation) -> RowFigures:
    """Energy and latency of one activation.

    Raises:
        OperationFailed: a word line is not high while it is held, or not low before and after; names the row.
    """
    bench = RowBench(technology, cards, activation)
    waves = simulator.run(bench.deck().text())
    vdd = technology.cmos.supply
    for row, line in zip(bench.rows, bench.word_lines, strict=True):
        for when, wanted in ((START, 0), (START + ACTIVE, 1), (float(waves.x[-1]), 0)):
            found = float(np.interp(when, waves.x, waves[f"v({line})"]))
            if abs(found - wanted * vdd) > 0.1 * vdd:
                raise OperationFailed(
                    f"row path, {activation}: word line of row {row} at {found:.2f} V after {when:.3g} s, "
                    f"expected {wanted * vdd:g} V"
                )
    parts = {
        name.removeprefix("read_").removeprefix("write_").replace("_", " "): _dynamic(waves, name, vdd)
        for name in bench.supplies
    }
    first, *rest = (_given_by_inputs(waves, bench, port.address, port, vdd) for port in activation.ports)
    parts["address"] += first
    for extra in rest:
        parts["second address"] += extra
    stages = {
        stage: max(_rise(waves, f"v({node}{row})", bench.edge, vdd) for row in bench.rows)
        for stage, node in (("select", "select"), ("driver input", "command"), ("word line", "word"))
    }
    return RowFigures(activation, ActionCost(parts, stages["word line"]), stages)


@dataclass(frozen=True)
class RowLeakage:
    """Power of the row path at rest, all word lines low, W.

    Attributes:
        ports: address buffers and predecoders of read, write and second port.
        row: gates, buffers and drivers of one row.
        total: ports and all rows.
    """

    ports: float
    row: float
    total: float


def row_leakage(technology: Technology, cards: ModelCards, simulator: Simulator) -> RowLeakage:
    """Static supply power of the whole row path.

    Raises:
        OperationFailed: a word line is not low at rest.
    """
    waves = simulator.run(rest_deck(technology, cards).text())
    vdd, rows = technology.cmos.supply, technology.array.rows
    for name, values in waves.items():
        if name.startswith("v(word") and abs(values[0]) > 0.1 * vdd:
            raise OperationFailed(f"row path at rest: {name} = {values[0]:.2f} V, expected 0 V")
    ports, row = (-vdd * float(waves[f"i(v{supply})"][0]) for supply in ("ports", "row"))
    return RowLeakage(ports, row, ports + rows * row)


def _dynamic(waves: Waves, supply: str, vdd: float) -> float:
    """Energy that a supply gives over the transient, without what it gave at rest before, J."""
    end = float(waves.x[-1])
    return vdd * (charge_of(waves, f"v{supply}", START, end) + (end - START) * float(waves[f"i(v{supply})"][0]))


def _given_by_inputs(waves: Waves, bench: RowBench, address: str, port: str, vdd: float) -> float:
    """Energy that the drivers of address and enable take: VDD times the charge into the pins that rise, J."""
    held = START + ACTIVE / 2
    names = [name for name in bench.sources if name.startswith(f"{address}_a") or name == f"enable_{port}"]
    rising = [name for name in names if np.interp(held, waves.x, waves[f"v({name})"]) > vdd / 2]
    return vdd * sum(charge_of(waves, f"v{name}", START, held) for name in rising)


def _rise(waves: Waves, vector: str, edge: float, vdd: float) -> float:
    return crossing(waves.x, waves[vector], vdd / 2, edge - EDGE / 2) - edge
