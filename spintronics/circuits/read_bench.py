"""Transient testbench of read, AND and OR: word lines, bit line, reference, latch, each on a supply of its own."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from spintronics.cards import ModelCards
from spintronics.circuits.library import SENSE_CELLS, Deck, new_circuit, nominal_junction, sense_cell, word_line
from spintronics.circuits.sense_path import Operation, branch_resistance, reference_resistance
from spintronics.technology import Technology

if TYPE_CHECKING:
    from PySpice.Spice.Netlist import Circuit

PARTS = (
    *SENSE_CELLS,
    "bit_line",
    "reference_branch",
    "read_current_source",
    "read_bias",
    "sense_amplifier",
    "line_driver",
)
EDGE = 20e-12  # rise and fall of the commands, s; assumed, about a fan-out-of-4 edge at 45 nm
START = 0.2e-9  # first command edge, s
DECIDE = 0.6e-9  # latch clock low, s; assumed, several times its decision time
SLICE = 90e-9  # NMOS of a column's slice of an enable driver, m; assumed, the narrowest transistor
RECOVER = 1.2e-9  # lines discharged and latch reset after the operation, s; assumed


@dataclass(frozen=True)
class ReadBench:
    """One column through one read, AND or OR, from idle to idle.

    Word lines are whole: one driver, the wires and read transistors of every column.  The enables are a column's slice
    of driver and load; the bias generator serves all columns.  Both lines of the latch carry the same capacitance.

    Commands fall at ``START``; the latch is clocked the operation's develop time later; everything is released
    ``DECIDE`` after that.  Nodes: ``bl``, ``ref``, ``out``, ``outb``, ``word<k>``, ``clk_b``.

    Args:
        operation: READ with one stored bit, AND or OR with two or more.
        stored: bits in the selected cells; 1 = antiparallel.
    """

    technology: Technology
    cards: ModelCards
    operation: Operation
    stored: tuple[int, ...]

    SHARED = ("word_line", "bias")
    """Supplies that serve all columns at once."""
    SUPPLIES = ("word_line", "enable", "bit_line", "reference", "bias", "sense_amplifier", "clock")

    @property
    def clock_time(self) -> float:
        """When the latch is clocked, s."""
        sense = self.technology.sense
        return START + (sense.read_develop_time if self.operation is Operation.READ else sense.logic_develop_time)

    @property
    def decided_time(self) -> float:
        """When the latch's result is taken, s: just before its clock is released."""
        return self.clock_time + DECIDE

    @property
    def end(self) -> float:
        """End of the transient, s."""
        return self.decided_time + RECOVER

    def deck(self) -> Deck:
        """The testbench as a deck."""
        t, k = self.technology, len(self.stored)
        vdd, sense = t.cmos.supply, t.sense
        circuit = new_circuit(
            f"{self.operation} of {''.join(map(str, self.stored))}",
            t,
            self.cards,
            PARTS,
        )
        gnd = circuit.gnd
        for supply in self.SUPPLIES:
            circuit.V(supply, f"vdd_{supply}", gnd, vdd)
        release = self.decided_time

        def command(name: str, idle: float, start: float) -> str:
            active = vdd - idle
            node = f"{name}_command"
            width = release - start - EDGE
            circuit.V(node, node, gnd, f"pulse({idle} {active} {start} {EDGE} {EDGE} {width} 1)")
            return node

        for n in range(k):
            node = command(f"word{n}", vdd, START)
            word_line(circuit, t, node, f"word{n}", t.cell.read_width)
        circuit.X("enable", "line_driver", command("enable", vdd, START), "enable", "vdd_enable", "0", w=SLICE)
        circuit.X("idle", "line_driver", command("idle", 0.0, START), "idle", "vdd_enable", "0", w=SLICE)
        circuit.X(
            "clock", "line_driver", command("clock", 0.0, self.clock_time), "clk_b", "vdd_clock", "0", w=2 * SLICE
        )

        self._lines(circuit, "bit_line", "bl", k)
        self._lines(circuit, "reference", "ref", k)
        nominal_junction(circuit, t)
        for n, bit in enumerate(self.stored):
            sense_cell(circuit, t, f"cell{n}", bit, "bl_cell", f"word{n}", "g_p", "tmr")
        midpoint = reference_resistance(t, self.operation, k)
        circuit.X(
            "reference",
            "reference_branch",
            "ref_cell",
            *("enable" if self.operation.enable == e else "0" for e in ("en_m", "en_and", "en_or")),
            *("0", "0"),
            **dict.fromkeys(("r_m", "r_and", "r_or"), midpoint),
            w_read=t.cell.read_width,
            fan_in=k,
        )
        mirror = {"w": sense.source_width, "l": sense.source_length}
        circuit.X("bias", "read_bias", "bias", "vdd_bias", "0", **mirror)
        circuit.I("bias", "bias", gnd, sense.current)
        circuit.X(
            "latch",
            "sense_amplifier",
            "bl",
            "ref",
            "clk_b",
            "out",
            "outb",
            "vdd_sense_amplifier",
            "0",
            w=sense.latch_width,
        )
        currents = [f"i(v{s})" for s in self.SUPPLIES]
        saved = ["v(bl)", "v(ref)", "v(out)", "v(outb)", "v(word0)", "v(clk_b)", *currents]
        return Deck(
            circuit,
            f".tran 10p {self.end:.6g} 0 20p",
            tuple(name.lower() for name in saved),
            t.cmos.temperature,
            "reltol=1e-4 method=gear",
        )

    def _lines(self, circuit: "Circuit", supply: str, node: str, fan_in: int) -> None:
        """Read current source, line and discharge transistor on one input of the latch."""
        t = self.technology
        mirror = {"w": t.sense.source_width, "l": t.sense.source_length}
        circuit.X(f"source_{node}", "read_current_source", node, "bias", "idle", f"vdd_{supply}", **mirror)
        circuit.X(
            f"line_{node}",
            "bit_line",
            *(node, f"{node}_cell", f"{node}_far", "0", "0"),
            r_wire=t.array.rows * t.array.bit_line_resistance,
            c_wire=t.array.rows * t.array.bit_line_capacitance,
            unselected=t.array.rows - fan_in,
            w_read=t.cell.read_width,
            r_cell=branch_resistance(t.operating_junction, t.heavy_metal, 1, 0, t.sense.current),
        )
        circuit.X(f"discharge_{node}", "nfet", node, "idle", "0", "0", w="180n")
