"""Transient testbench of a write into the 1T1R STT cell, to stand beside the SOT cell's."""

from dataclasses import dataclass

from spintronics.cards import ModelCards
from spintronics.circuits.library import Deck, free_layer, new_circuit, word_line
from spintronics.circuits.write_bench import EDGE, LEAD, RELAX, START
from spintronics.technology import SttCell, Technology


@dataclass(frozen=True)
class SttWriteBench:
    """One 1T1R cell through one write; bit line and source line driven by inverters on supplies of their own.

    Nodes: ``bl``, ``sl``, ``wl``, ``pin``, ``my`` (+1 = P, −1 = AP).  ``i(vjunction)`` is the current from the pinned
    to the free layer; positive writes '1' (AP).

    Args:
        cell: the technology's [stt] section.
        bit: written; 1 raises the source line, 0 the bit line.
        theta, phi: initial angles of the magnetization about the easy axis, rad; it starts in the opposite state.
    """

    technology: Technology
    cell: SttCell
    cards: ModelCards
    bit: int
    theta: float
    phi: float

    SUPPLIES = ("bit_line", "source_line", "word_line")

    @property
    def pulse_start(self) -> float:
        """Command of the raised line, s."""
        return START + LEAD

    @property
    def pulse_end(self) -> float:
        """End of the write pulse, s."""
        return self.pulse_start + self.cell.pulse_width

    @property
    def end(self) -> float:
        """End of the transient, s."""
        return self.pulse_end + LEAD + RELAX

    def deck(self) -> Deck:
        """The transient; 1 ps at most a step, as the magnetization needs."""
        t, cell, array = self.technology, self.cell, self.technology.array
        parts = ("stt_cell_1t1r", "generated/stt_mtj", "line_driver")
        circuit = new_circuit(f"STT write {self.bit}", t, self.cards, parts)
        gnd, vdd = circuit.gnd, t.cmos.supply
        for supply in self.SUPPLIES:
            circuit.V(supply, f"vdd_{supply}", gnd, vdd)
        word_width = self.pulse_end + LEAD - START - EDGE
        circuit.V("word_command", "word_command", gnd, f"pulse({vdd} 0 {START} {EDGE} {EDGE} {word_width} 1)")
        word_line(circuit, t, "word_command", "wl", cell.access_width)
        pulse = f"pulse({vdd} 0 {self.pulse_start} {EDGE} {EDGE} {cell.pulse_width - EDGE} 1)"
        for line, supply, raised in (("bl", "bit_line", self.bit == 0), ("sl", "source_line", self.bit == 1)):
            circuit.V(f"{line}_command", f"{line}_command", gnd, pulse if raised else vdd)
            circuit.X(line, "line_driver", f"{line}_command", line, f"vdd_{supply}", "0", w=cell.driver_width)
            circuit.R(line, line, f"{line}_cell", max(array.rows / 2 * array.bit_line_resistance, 1e-3))
            circuit.C(line, line, gnd, array.rows * array.bit_line_capacitance)
        circuit.X("cell", "stt_cell_1t1r", "sl_cell", "wl", "pin", "0", w=cell.access_width)
        circuit.V("junction", "pin", "junction", 0)
        parameters = free_layer(t, 1 if self.bit else -1, self.theta, self.phi) | {"ra": cell.ra, "tmr0": cell.tmr}
        circuit.X("junction", "stt_mtj", "junction", "bl_cell", "0", "0", "0", "mx", "my", "mz", **parameters)
        if array.rows > 1:  # drains of the other rows' access transistors, on the source line
            circuit.X("unselected", "nfet", "sl_cell", "0", "others", "0", w=cell.access_width, copies=array.rows - 1)
            circuit.R("unselected", "others", "bl_cell", cell.ra / t.junction.area / (array.rows - 1))
        saved = [f"i(v{s})" for s in (*self.SUPPLIES, "junction")]
        saved += [f"v({node})" for node in ("bl", "sl", "bl_cell", "sl_cell", "pin", "wl", "mx", "my", "mz")]
        return Deck(
            circuit, f".tran 10p {self.end:.6g} 0 1p", tuple(saved), t.cmos.temperature, "reltol=1e-4 method=trap"
        )
