"""Operations as transients: write, read, AND and OR on every input, their results, energies and latencies."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from spintronics.cards import ModelCards
from spintronics.characterize.device_table import ActionCost, OperationFailed
from spintronics.circuits.read_bench import START, ReadBench
from spintronics.circuits.sense_path import Operation
from spintronics.circuits.write_bench import WriteBench
from spintronics.magnetics import Macrospin
from spintronics.ngspice import Simulator, Waves
from spintronics.technology import Technology

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class OperationResult:
    """One operation on one input.

    Attributes:
        operation: ``"write"``, ``"read"``, ``"AND"`` or ``"OR"``.
        inputs: stored bits (read, AND, OR) or the bit written.
        result: what came out: ``"0"``, ``"1"``, or ``"?"`` where the latch did not decide or the cell is between.
        expected: what should have come out.
        cost: energy by supply and line driver, and latency: command to result (read, AND, OR), or command to the
            end of the write pulse (write).
        waves: the transient.
        developed: bit line over reference when the latch is clocked, V; NaN for a write.
    """

    operation: str
    inputs: str
    result: str
    expected: str
    cost: ActionCost
    waves: Waves
    developed: float = float("nan")


def energy(waves: Waves, source: str, level: float) -> float:
    """Energy that a constant voltage source delivers over the transient, J: −V ∫ i dt.

    Args:
        source: name of the source; its current is ``i(v<source>)``.
        level: its voltage, V.
    """
    return float(-level * np.trapezoid(waves[f"i(v{source})"], waves.x))


def crossing(time: FloatArray, values: FloatArray, level: float, after: float) -> float:
    """First time from ``after`` on at which the values cross a level (linear interpolation), s; NaN where never."""
    side = values > level
    crossed = np.nonzero((side[1:] != side[:-1]) & (time[1:] >= after))[0]
    if not crossed.size:
        return float("nan")
    n = crossed[0]
    part = (level - values[n]) / (values[n + 1] - values[n])
    return float(time[n] + part * (time[n + 1] - time[n]))


def settling(time: FloatArray, values: FloatArray, level: float, after: float, before: float) -> float:
    """Last time within an interval at which the values cross a level (linear interpolation), s; ``after`` if never."""
    side = values > level
    crossed = np.nonzero((side[1:] != side[:-1]) & (time[:-1] >= after) & (time[1:] <= before))[0]
    return crossing(time, values, level, float(time[crossed[-1] + 1])) if crossed.size else after


def write(technology: Technology, cards: ModelCards, simulator: Simulator, bit: int, voltage: float) -> OperationResult:
    """Write one bit over its opposite, from the root-mean-square thermal angle in the plane."""
    spin = Macrospin.of(technology)
    bench = WriteBench(
        technology, cards, bit, voltage, (2 * spin.thermal_stability) ** -0.5, 0.0, technology.write.pulse_width
    )
    waves = simulator.run(bench.deck().text())
    final = float(waves["v(my)"][-1])
    parts = {
        "write supply": energy(waves, "write_supply", level=voltage if bit else -voltage),
        "word line": energy(waves, "word_line", level=technology.cmos.supply) / technology.array.columns,
        "driver enable": energy(waves, "enable", level=technology.cmos.supply)
        + energy(waves, "enable_low", level=0.0 if bit else -voltage),
    }
    result = "?" if abs(final) < 0.5 else str(int(final < 0))
    return OperationResult("write", str(bit), result, str(bit), ActionCost(parts, bench.pulse_end - START), waves)


def sense(
    technology: Technology, cards: ModelCards, simulator: Simulator, operation: Operation, stored: tuple[int, ...]
) -> OperationResult:
    """Read, AND or OR of the stored bits, through the latch."""
    bench = ReadBench(technology, cards, operation, stored)
    waves = simulator.run(bench.deck().text())
    vdd = technology.cmos.supply
    columns = technology.array.columns
    parts = {
        s.replace("_", " "): energy(waves, s, level=vdd) / (columns if s in ReadBench.SHARED else 1)
        for s in ReadBench.SUPPLIES
    }
    at = bench.decided_time
    out, outb = (float(np.interp(at, waves.x, waves[f"v({n})"])) for n in ("out", "outb"))
    decided = abs(out - outb) > 0.8 * vdd
    falls = "outb" if out > outb else "out"
    decision = crossing(waves.x, waves[f"v({falls})"], vdd / 2, bench.clock_time)
    expected = all(stored) if operation is Operation.AND else any(stored)
    return OperationResult(
        operation.value,
        "".join(map(str, stored)),
        str(int(out > outb)) if decided else "?",
        str(int(expected)),
        ActionCost(parts, decision - START),
        waves,
        float(np.interp(bench.clock_time, waves.x, waves["v(bl)"] - waves["v(ref)"])),
    )


def operations(
    technology: Technology, cards: ModelCards, simulator: Simulator, voltages: tuple[float, float], workers: int
) -> list[OperationResult]:
    """Write '0' and '1', read '0' and '1', AND and OR on every pair of inputs.

    Args:
        voltages: write supplies for '0' and '1', V (see :func:`spintronics.characterize.writing.write_voltages`).
    """
    senses: list[tuple[Operation, tuple[int, ...]]] = [(Operation.READ, (bit,)) for bit in (0, 1)]
    senses += [(op, pair) for op in (Operation.AND, Operation.OR) for pair in product((0, 1), repeat=2)]
    written = simulator.map(lambda sim, bit: write(technology, cards, sim, bit, voltages[bit]), (0, 1), workers)
    return written + simulator.map(lambda sim, s: sense(technology, cards, sim, *s), senses, workers)


def require_right(results: Sequence[OperationResult]) -> None:
    """Nothing is costed with an operation that gives a wrong result.

    Raises:
        OperationFailed: names the first such operation, its inputs and what came out.
    """
    for r in results:
        if r.result != r.expected:
            found = "no decision" if r.result == "?" else f"result {r.result}"
            if r.operation == "write":
                why = (
                    "the magnetization did not end in the new state: raise write.current or write.pulse_width; "
                    "a positive heavy_metal.spin_hall_angle writes the other way round"
                )
            else:
                key = "read_develop_time" if r.operation == "read" else "logic_develop_time"
                why = (
                    f"{r.developed * 1e3:.2f} mV between bit line and reference when the latch is clocked: raise "
                    f"sense.{key}, sense.current or junction.tmr"
                )
            raise OperationFailed(f"{r.operation} of {r.inputs}: {found}, expected {r.expected}; {why}")
