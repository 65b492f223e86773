"""Operations as transients: write, read and logic on every input, their results, energies and latencies."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import numpy.typing as npt

from spintronics.cards import ModelCards
from spintronics.characterize.device_table import OK, ActionCost, Entry
from spintronics.circuits.read_bench import NOMINAL, START, ReadBench, Surroundings
from spintronics.circuits.sense_path import Operation
from spintronics.circuits.write_bench import WriteBench
from spintronics.circuits.xor_bench import XorBench
from spintronics.magnetics import Macrospin
from spintronics.ngspice import NgspiceError, Simulator, Waves
from spintronics.technology import Technology

FloatArray = npt.NDArray[np.float64]
NO_WAVES = Waves({}, "time")
COMPLEMENTS = {Operation.AND: "NAND", Operation.OR: "NOR"}
"""What the latch's other output is, by operation."""
RAIL = 0.1  # of the supply: an output nearer to neither rail is no bit; assumed, well within a gate's noise margin


@dataclass(frozen=True)
class OperationResult:
    """One operation on one input.

    Attributes:
        operation: ``"write"``, ``"read"``, ``"AND"``, ``"NAND"``, ``"OR"``, ``"NOR"`` or ``"XOR"``.
        inputs: stored bits, or the bit written.
        result: what came out: ``"0"``, ``"1"``, or ``"?"`` where the latch's outputs are not at opposite rails, the
            cell is between its states, or the simulator failed.
        expected: what should have come out.
        cost: energy by supply and line driver with the sources that command it, and latency: command to result, or
            command to the end of the write pulse (write); None where the operation failed.
        waves: the transient; empty where the simulator failed.
        developed: bit line over reference when the latch is clocked, V; NaN for a write.  XOR decides twice: the one
            of smaller margin.
        margin: ``developed`` in the direction of the right decision, V; negative on the wrong side.
        status: ``ok``, or why the operation failed.
    """

    operation: str
    inputs: str
    result: str
    expected: str
    cost: ActionCost | None
    waves: Waves
    developed: float = float("nan")
    margin: float = float("nan")
    status: str = OK


def energy(waves: Waves, source: str, level: float) -> float:
    """Energy that a constant voltage source delivers over the transient, J: −V ∫ i dt.

    Args:
        source: name of the source; its current is ``i(v<source>)``.
        level: its voltage, V.
    """
    return float(-level * np.trapezoid(waves[f"i(v{source})"], waves.x))


def command_energy(waves: Waves, command: str) -> float:
    """Energy that a command source delivers over the transient, J: −∫ v i dt; its node has its name."""
    return float(-np.trapezoid(waves[f"v({command})"] * waves[f"i(v{command})"], waves.x))


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
    """Write one bit over its opposite, from the root-mean-square thermal angle in the plane.

    A transient that fails in the simulator is a failed write, with ngspice's words in its status.
    """
    spin = Macrospin.of(technology)
    bench = WriteBench(
        technology, cards, bit, voltage, (2 * spin.thermal_stability) ** -0.5, 0.0, technology.write.pulse_width
    )
    deck = bench.deck()
    commands = ("word_command", "enable_command")
    saved = (*deck.save, *(f"{kind}{name})" for name in commands for kind in ("v(", "i(v")))
    try:
        waves = simulator.run(replace(deck, save=saved).text())
    except NgspiceError as error:
        return _not_run("write", str(bit), str(bit), str(error))
    final = float(waves["v(my)"][-1])
    result = "?" if abs(final) < 0.5 else str(int(final < 0))
    vdd = technology.cmos.supply
    word_line = energy(waves, "word_line", level=vdd) + command_energy(waves, "word_command")
    parts = {
        "write supply": energy(waves, "write_supply", level=voltage if bit else -voltage),
        "word line": word_line / technology.array.columns,
        "driver enable": energy(waves, "enable", level=vdd)
        + energy(waves, "enable_low", level=0.0 if bit else -voltage)
        + command_energy(waves, "enable_command"),
    }
    why = (
        "the magnetization did not end in the new state: raise write.current or write.pulse_width; "
        "a positive heavy_metal.spin_hall_angle writes the other way round"
    )
    return _judged("write", str(bit), result, str(bit), ActionCost(parts, bench.pulse_end - START), waves, why)


def sense(
    technology: Technology, cards: ModelCards, simulator: Simulator, operation: Operation, stored: tuple[int, ...]
) -> OperationResult:
    """Read, AND or OR of the stored bits, through the latch.

    Raises:
        NgspiceError: the transient failed in the simulator.
    """
    bench = ReadBench(technology, cards, operation, stored)
    return latch_results(bench, simulator.run(bench.deck().text()))[0]


def latch_results(bench: ReadBench, waves: Waves) -> list[OperationResult]:
    """Read, AND or OR from the latch's output; then, for AND and OR, NAND or NOR from its complementary output.

    Both outputs are taken, and must be complementary.  Reset puts both at VDD; they are valid once one has fallen.
    """
    operation = bench.operation
    parts = _parts(bench, waves)
    decision = _fall(bench, waves, bench.clock_time)
    developed = _developed(waves, bench.clock_time)
    key = "read_develop_time" if operation is Operation.READ else "logic_develop_time"
    outputs = _outputs(operation, bench.stored)
    right = outputs[0][2]
    return [
        _judged(
            name,
            "".join(map(str, bench.stored)),
            _bit(bench, waves, output),
            str(expected),
            ActionCost(parts, decision - START),
            waves,
            _raise_margin(developed, key),
            developed,
            developed if right else -developed,
        )
        for name, output, expected in outputs
    ]


def xor_result(bench: XorBench, waves: Waves) -> OperationResult:
    """XOR of two stored bits: OR, then AND with the word lines still on, and the gate behind the latch.

    Two sense steps and a gate: the lines are charged once, so it takes less than an OR and then an AND.
    """
    clocked, half = bench.clock_times[1], bench.technology.cmos.supply / 2
    settled = settling(waves.x, waves["v(xor)"], half, clocked, bench.decided_time)
    latency = max(_fall(bench, waves, clocked), settled) - START
    gaps = [_developed(waves, time) for time in bench.clock_times]
    right = (any(bench.stored), all(bench.stored))
    margin, developed = min((gap if bit else -gap, gap) for gap, bit in zip(gaps, right, strict=True))
    return _judged(
        "XOR",
        "".join(map(str, bench.stored)),
        _bit(bench, waves, "xor"),
        str(sum(bench.stored) % 2),
        ActionCost(_parts(bench, waves), latency),
        waves,
        _raise_margin(developed, "logic_develop_time"),
        developed,
        margin,
    )


def truth_table(
    technology: Technology, cards: ModelCards, simulator: Simulator, operation: Operation, stored: tuple[int, ...]
) -> OperationResult:
    """One row of the truth table of read, AND or OR: :func:`sense`, with a failure of the simulator as its status."""
    return _rows(simulator, ReadBench(technology, cards, operation, stored))[0]


def sense_cases(operation: Operation) -> tuple[tuple[int, ...], ...]:
    """Stored bits of every row of the truth table: one bit for read, two for AND and OR.

    >>> sense_cases(Operation.AND)
    ((0, 0), (0, 1), (1, 0), (1, 1))
    """
    return tuple(product((0, 1), repeat=1 if operation is Operation.READ else 2))


def right_bit(operation: Operation, stored: tuple[int, ...]) -> int:
    """What read, AND or OR of the stored bits should give.

    >>> [right_bit(operation, (0, 1)) for operation in (Operation.AND, Operation.OR)]
    [0, 1]
    """
    return int(all(stored) if operation is Operation.AND else any(stored))


def written(
    technology: Technology, cards: ModelCards, simulator: Simulator, supplies: Mapping[int, float | str], workers: int
) -> list[OperationResult]:
    """Write '0' and '1'; one that fails says why in its status and takes nothing else with it.

    Args:
        supplies: by bit, V, or why there is none (see :func:`spintronics.characterize.writing.write_supplies`).
    """

    def one(sim: Simulator, bit: int) -> OperationResult:
        supply = supplies[bit]
        if isinstance(supply, str):
            return _not_run("write", str(bit), str(bit), supply)
        return write(technology, cards, sim, bit, supply)

    return simulator.map(one, sorted(supplies), workers)


def operations(
    technology: Technology, cards: ModelCards, simulator: Simulator, supplies: Mapping[int, float | str], workers: int
) -> list[OperationResult]:
    """Write '0' and '1', read '0' and '1', AND, NAND, OR, NOR and XOR on every pair of inputs.

    One that fails says why in its status and takes nothing else with it.  Arguments as :func:`written`.
    """
    return [
        *written(technology, cards, simulator, supplies, workers),
        *sensed(technology, cards, simulator, NOMINAL, workers),
    ]


def sensed(
    technology: Technology, cards: ModelCards, simulator: Simulator, around: Surroundings, workers: int
) -> list[OperationResult]:
    """Truth tables of read, AND, NAND, OR, NOR and XOR, each through its whole transient.

    Args:
        around: unselected rows, idle lines and the selected cells' place.
    """
    benches: list[ReadBench | XorBench] = [
        ReadBench(technology, cards, operation, stored, around)
        for operation in Operation
        for stored in sense_cases(operation)
    ]
    benches += [XorBench(technology, cards, stored, around) for stored in sense_cases(Operation.AND)]
    rows = [row for found in simulator.map(_rows, benches, workers) for row in found]
    order = ("read", "AND", "NAND", "OR", "NOR", "XOR")
    return sorted(rows, key=lambda row: order.index(row.operation))


def entry(result: OperationResult) -> Entry:
    """An operation's result as an entry of the device table."""
    bench = {"write": "write_bench", "XOR": "xor_bench"}.get(result.operation, "read_bench")
    return Entry(
        "write" if result.operation == "write" else "operations",
        result.operation,
        result.inputs,
        "one column",
        f"spintronics.circuits.{bench}",
        result.cost,
        status=result.status,
    )


DECIDED_BY = {"XOR": ("AND", "OR")} | {name: (operation.value,) for operation, name in COMPLEMENTS.items()}
"""Operations whose decisions another one takes."""


def refused(results: Iterable[OperationResult], reasons: Mapping[str, str]) -> list[OperationResult]:
    """The results, those that rest on an operation which must not be costed with its reason and without cost.

    The reason takes the place of what the latch made of it; not of what the simulator said.

    Args:
        reasons: by operation (see :func:`spintronics.characterize.sense_margin.undeveloped`).
    """

    def reason(name: str) -> str | None:
        return next((reasons[by] for by in DECIDED_BY.get(name, (name,)) if by in reasons), None)

    return [
        replace(r, cost=None, status=why) if r.waves and (why := reason(r.operation)) is not None else r
        for r in results
    ]


def _parts(bench: ReadBench | XorBench, waves: Waves) -> dict[str, float]:
    """Energy by contributor: its supply and the sources that command its drivers; a column's share of what all use."""
    parts = {}
    for supply in bench.SUPPLIES:
        commands = [name for name, paid_by in bench.commands.items() if paid_by == supply]
        total = energy(waves, supply, level=bench.technology.cmos.supply)
        total += sum(command_energy(waves, name) for name in commands)
        share = bench.technology.array.columns if supply in bench.SHARED else 1
        parts[supply.replace("_", " ")] = total / share
    return parts


def _developed(waves: Waves, time: float) -> float:
    return float(np.interp(time, waves.x, waves["v(bl)"] - waves["v(ref)"]))


def _bit(bench: ReadBench | XorBench, waves: Waves, output: str) -> str:
    """The bit at an output when the result is taken; ``?`` between the rails, or where the latch has not decided.

    Before it decides, and where it never does, both outputs of the latch stand at VDD.
    """
    at = {o: float(np.interp(bench.decided_time, waves.x, waves[f"v({o})"])) for o in ("out", "outb", output)}
    levels = {o: level / bench.technology.cmos.supply for o, level in at.items()}
    settled = all(level < RAIL or level > 1 - RAIL for level in levels.values())
    decided = (levels["out"] > RAIL) != (levels["outb"] > RAIL)
    return str(int(levels[output] > RAIL)) if settled and decided else "?"


def _fall(bench: ReadBench | XorBench, waves: Waves, clocked: float) -> float:
    """When the first of the latch's outputs falls, s; NaN where none does."""
    half = bench.technology.cmos.supply / 2
    falls = [crossing(waves.x, waves[f"v({output})"], half, clocked) for output in ("out", "outb")]
    return min((time for time in falls if np.isfinite(time)), default=float("nan"))


def _raise_margin(developed: float, key: str) -> str:
    return (
        f"{developed * 1e3:.2f} mV between bit line and reference when the latch is clocked: raise sense.{key}, "
        "sense.current or junction.tmr, or cmos.supply for a faster latch"
    )


def _judged(
    operation: str,
    inputs: str,
    result: str,
    expected: str,
    cost: ActionCost,
    waves: Waves,
    why: str,
    developed: float = float("nan"),
    margin: float = float("nan"),
) -> OperationResult:
    """The result, without cost and with the reason where it is not the expected one."""
    if result == expected:
        return OperationResult(operation, inputs, result, expected, cost, waves, developed, margin)
    found = "no decision" if result == "?" else f"result {result}"
    status = f"{found}, expected {expected}; {why}"
    return OperationResult(operation, inputs, result, expected, None, waves, developed, margin, status)


def _not_run(operation: str, inputs: str, expected: str, why: str) -> OperationResult:
    return OperationResult(operation, inputs, "?", expected, None, NO_WAVES, status=why)


def _rows(simulator: Simulator, bench: ReadBench | XorBench) -> list[OperationResult]:
    """What a bench's transient gives, or its failure in the simulator as the status of each."""
    inputs = "".join(map(str, bench.stored))
    try:
        waves = simulator.run(bench.deck().text())
    except NgspiceError as error:
        if isinstance(bench, XorBench):
            return [_not_run("XOR", inputs, str(sum(bench.stored) % 2), str(error))]
        outputs = _outputs(bench.operation, bench.stored)
        return [_not_run(name, inputs, str(expected), str(error)) for name, _, expected in outputs]
    return [xor_result(bench, waves)] if isinstance(bench, XorBench) else latch_results(bench, waves)


def _outputs(operation: Operation, stored: tuple[int, ...]) -> list[tuple[str, str, int]]:
    """Functions that one decision gives: name, node of its output, and the bit that it should have."""
    bit = right_bit(operation, stored)
    complement = [(COMPLEMENTS[operation], "outb", 1 - bit)] if operation in COMPLEMENTS else []
    return [(operation.value, "out", bit), *complement]
