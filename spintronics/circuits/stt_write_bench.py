"""Transient testbench of a write into the 1T1R STT cell, to stand beside the SOT cell's."""

from dataclasses import dataclass

from spintronics.cards import ModelCards
from spintronics.circuits.library import Deck, free_layer, new_circuit
from spintronics.circuits.write_bench import WriteTransient
from spintronics.technology import SttCell, Technology


@dataclass(frozen=True)
class SttWriteBench(WriteTransient):
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
    def width(self) -> float:
        return self.cell.pulse_width

    def deck(self) -> Deck:
        """The transient."""
        t, cell, array = self.technology, self.cell, self.technology.array
        parts = ("stt_cell_1t1r", "generated/stt_mtj", "line_driver")
        circuit = new_circuit(f"STT write {self.bit}", t, self.cards, parts)
        gnd, vdd = circuit.gnd, t.cmos.supply
        for supply in self.SUPPLIES:
            circuit.V(supply, f"vdd_{supply}", gnd, vdd)
        self._word_line(circuit, "wl", cell.access_width)
        for line, supply, raised in (("bl", "bit_line", self.bit == 0), ("sl", "source_line", self.bit == 1)):
            circuit.V(f"{line}_command", f"{line}_command", gnd, self._pulse(vdd, 0) if raised else vdd)
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
        return self._transient(circuit, ("junction",), ("bl", "sl", "bl_cell", "sl_cell", "pin", "wl"), "10p")
