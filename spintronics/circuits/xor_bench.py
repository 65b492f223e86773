"""Transient testbench of the exclusive OR: two decisions, OR then AND, on one bit line, and the gate behind them."""

from collections.abc import Mapping
from dataclasses import dataclass

from spintronics.cards import ModelCards
from spintronics.circuits.library import Deck, new_circuit
from spintronics.circuits.read_bench import (
    DECIDE,
    NOMINAL,
    OPTIONS,
    PARTS,
    RECOVER,
    SLICE,
    START,
    ReadBench,
    Surroundings,
    column,
    command_source,
    line_driver,
    powers,
    supplies,
)
from spintronics.technology import Technology

GATE = 90e-9  # NMOS of the latch that holds the first decision and of the gate, m; assumed, the narrowest transistor
HOLD = 0.4e-9  # latch clock to hold command, s; assumed, some decision times within DECIDE


@dataclass(frozen=True)
class XorBench:
    """One column through a ⊕ b = OR and not AND, from idle to idle.

    The word lines and read currents stay on for both decisions.  First the OR reference: the sense amplifier's
    complementary output, NOR, goes through a D latch that is then closed.  The sense amplifier is reset, the AND
    reference takes over, and after another develop time the second decision is AND; ``xor`` = not (NOR or AND).
    Nodes: as in ReadBench, and ``hold``, ``nor``, ``xor``.

    Args:
        stored: two bits; 1 = antiparallel.
        around: as in ReadBench.
    """

    technology: Technology
    cards: ModelCards
    stored: tuple[int, ...]
    around: Surroundings = NOMINAL

    SHARED = ReadBench.SHARED
    SUPPLIES = (*ReadBench.SUPPLIES, "exclusive_or")

    @property
    def clock_times(self) -> tuple[float, float]:
        """When the latch is clocked, for OR and for AND, s."""
        develop = self.technology.sense.logic_develop_time
        return START + develop, START + 2 * develop + DECIDE

    @property
    def decided_time(self) -> float:
        """When the result is taken, s."""
        return self.clock_times[1] + DECIDE

    @property
    def end(self) -> float:
        """End of the transient, s."""
        return self.decided_time + RECOVER

    @property
    def commands(self) -> Mapping[str, str]:
        """Command sources, each with the supply whose drivers it switches."""
        words = {f"word{n}_command": "word_line" for n in range(2)}
        enables = dict.fromkeys(("en_or_command", "en_and_command", "idle_command"), "enable")
        return {**words, **enables, "clk_b_command": "clock", "hold_command": "exclusive_or"}

    def deck(self) -> Deck:
        """The testbench as a deck."""
        t = self.technology
        first, second = self.clock_times
        circuit = new_circuit(f"XOR of {self.stored[0]}{self.stored[1]}", t, self.cards, (*PARTS, "d_latch", "nor2"))
        supplies(circuit, t, self.SUPPLIES)
        line_driver(circuit, t, "en_or", True, (START, first + DECIDE), SLICE)
        line_driver(circuit, t, "en_and", True, (first + DECIDE, self.decided_time), SLICE)
        clocks = (first, first + DECIDE, second, self.decided_time)
        line_driver(circuit, t, "clk_b", False, clocks, 2 * SLICE, "clock")
        enables = {"en_m": "0", "en_and": "en_and", "en_or": "en_or"}
        column(circuit, t, self.stored, self.around, enables, (START, self.decided_time))
        hold = command_source(circuit, t, "hold", False, (first + HOLD, self.decided_time))
        circuit.X("hold", "d_latch", "outb", hold, "nor", "vdd_exclusive_or", "0", w=GATE)
        circuit.X("gate", "nor2", "nor", "out", "xor", "vdd_exclusive_or", "0", w=GATE)
        nodes = ("bl", "ref", "out", "outb", "nor", "xor", "clk_b")
        saved = (*(f"v({node})" for node in nodes), *powers(self.SUPPLIES, self.commands))
        return Deck(circuit, f".tran 10p {self.end:.6g} 0 20p", saved, t.cmos.temperature, OPTIONS)
