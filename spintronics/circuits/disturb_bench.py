"""Transient testbench of the cells beside a write: one on its bit line, on an idle row, one on its word line."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from spintronics.cards import ModelCards
from spintronics.circuits.library import Deck, free_layer, heavy_metal
from spintronics.circuits.write_bench import WriteBench
from spintronics.technology import Technology

if TYPE_CHECKING:
    from PySpice.Spice.Netlist import Circuit

PLACES = ("column", "row")


@dataclass(frozen=True)
class DisturbBench:
    """The write of one cell, and two half-selected cells with junctions of their own.

    ``column``: on the written bit line, at the driver's end, where it is furthest from ground; its word line is off.
    ``row``: on the written word line; its own bit line is idle: both transistors of its driver off, both write
    supplies behind them.  Both start in the state that the write leaves behind, as the written cell does.
    Nodes: ``my_<place>``; ``i(vstrip_<place>)`` is the current through the strip.

    Args:
        bit: written.
        voltages: write supplies of '0' and '1', magnitudes, V.
        theta, phi: initial angles of all three magnetizations about the easy axis, rad.
    """

    technology: Technology
    cards: ModelCards
    bit: int
    voltages: tuple[float, float]
    theta: float
    phi: float

    @property
    def write(self) -> WriteBench:
        """The write beside them."""
        t = self.technology
        voltage, pulse = self.voltages[self.bit], t.write.pulse_width
        return WriteBench(t, self.cards, self.bit, voltage, self.theta, self.phi, pulse)

    def deck(self) -> Deck:
        """The write's transient with both cells in it."""
        t, deck = self.technology, self.write.deck()
        circuit, gnd = deck.circuit, deck.circuit.gnd
        self._cell(circuit, "column", "wbl", "unselected")
        negative, positive = self.voltages
        circuit.V("idle_wp", "idle_wp", gnd, positive)
        circuit.V("idle_wn", "idle_wn", gnd, -negative)
        lines = ("wbl_idle", "0", "idle_wn", "idle_wp", "idle_wn", "0")
        circuit.X("idle_driver", "write_driver", *lines, w=t.write.driver_width)
        circuit.C("wbl_idle", "wbl_idle", gnd, t.array.rows * t.array.bit_line_capacitance)
        off, half = t.array.rows - 1, "half_selected_idle"
        circuit.X("idle_rows", "nfet", "wbl_idle", "unselected", half, "0", w=t.cell.write_width, copies=off)
        circuit.R("idle_rows", half, gnd, t.heavy_metal.resistance / off)
        self._cell(circuit, "row", "wbl_idle", "wwl")
        saved = [f"{kind}_{place})" for place in PLACES for kind in ("v(my", "i(vstrip")]
        return replace(deck, save=(*deck.save, *saved))

    def _cell(self, circuit: "Circuit", place: str, bit_line: str, word_line: str) -> None:
        t = self.technology
        lines = (bit_line, word_line, "0", "0", f"t1_{place}", f"t3_{place}", "0")
        circuit.X(place, "sot_cell_2t1r", *lines, w_write=t.cell.write_width, w_read=t.cell.read_width)
        circuit.V(f"strip_{place}", f"t1_{place}", f"strip_{place}", 0)
        magnetization = (f"m{axis}_{place}" for axis in "xyz")
        circuit.X(
            f"junction_{place}",
            "she_mtj",
            *(f"strip_{place}", "0", f"t3_{place}", "0", "0", "0", *magnetization),
            **free_layer(t, 1 if self.bit else -1, self.theta, self.phi),
            **heavy_metal(t),
        )
