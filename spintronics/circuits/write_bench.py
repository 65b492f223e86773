"""Transient testbench of a write: driver, write bit line, word line, cell and the junction's magnetization."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from spintronics.cards import ModelCards
from spintronics.circuits.library import Deck, free_layer, heavy_metal, new_circuit, word_line
from spintronics.technology import Technology

if TYPE_CHECKING:
    from PySpice.Spice.Netlist import Circuit

FloatArray = npt.NDArray[np.float64]
EDGE = 20e-12  # rise and fall of the commands, s; assumed, about a fan-out-of-4 edge at 45 nm
START = 0.2e-9  # word line command, s
LEAD = 0.1e-9  # word line before and after the write pulse, s; assumed
RELAX = 1.0e-9  # after the pulse, for the magnetization to settle, s; assumed
FIELD_STEP = 1e-12  # s; between the values of a thermal field
HIGHEST_WRITE_VOLTAGE = 1.5  # V; end of the calibration sweep


class WriteTransient(ABC):
    """Commands of a write and its transient: the word line rises, the pulse comes, the magnetization settles."""

    technology: Technology
    SUPPLIES: tuple[str, ...]

    @property
    @abstractmethod
    def width(self) -> float:
        """Of the write pulse, s."""

    @property
    def pulse_start(self) -> float:
        """Command of the write pulse, s."""
        return START + LEAD

    @property
    def pulse_end(self) -> float:
        """End of the write pulse, s."""
        return self.pulse_start + self.width

    @property
    def end(self) -> float:
        """End of the transient, s."""
        return self.pulse_end + LEAD + RELAX

    def _word_line(self, circuit: "Circuit", line: str, access_width: float) -> None:
        """The word line of the written row, high from before the pulse to after it."""
        vdd, high = self.technology.cmos.supply, self.pulse_end + LEAD - START - EDGE
        command = f"pulse({vdd} 0 {START} {EDGE} {EDGE} {high} 1)"
        circuit.V("word_command", "word_command", circuit.gnd, command)
        word_line(circuit, self.technology, "word_command", line, access_width)

    def _pulse(self, rest: float, active: float) -> str:
        """Command of the write pulse."""
        return f"pulse({rest} {active} {self.pulse_start} {EDGE} {EDGE} {self.width - EDGE} 1)"

    def _transient(
        self, circuit: "Circuit", currents: tuple[str, ...], nodes: tuple[str, ...], print_step: str
    ) -> Deck:
        """1 ps at most a step, as the magnetization needs."""
        saved = [f"i(v{source})" for source in (*self.SUPPLIES, *currents)]
        saved += [f"v({node})" for node in (*nodes, "mx", "my", "mz")]
        analysis = f".tran {print_step} {self.end:.6g} 0 1p"
        return Deck(circuit, analysis, tuple(saved), self.technology.cmos.temperature, "reltol=1e-4 method=trap")


@dataclass(frozen=True)
class WriteBench(WriteTransient):
    """One cell through one write, with the other rows of its column half selected.

    Nodes: ``wbl``, ``wwl``, ``my`` (+1 = P, −1 = AP).  ``i(vheavy_metal)`` is the charge current through the strip,
    positive from the write bit line to the source line.

    Args:
        bit: written; 1 puts the write bit line at the positive supply.
        voltage: magnitude of that write supply, V (see :meth:`calibration`).
        theta, phi: initial angles of the magnetization about the easy axis, rad; it starts in the opposite state.
        pulse_width: s.
        field: on the free layer, such as the thermal one, A/m, shape (3, n): at the middles of steps of FIELD_STEP,
            linear between them; None for none.
    """

    technology: Technology
    cards: ModelCards
    bit: int
    voltage: float
    theta: float
    phi: float
    pulse_width: float
    field: FloatArray | None = None

    SUPPLIES = ("write_supply", "word_line", "enable")

    @property
    def width(self) -> float:
        return self.pulse_width

    def deck(self) -> Deck:
        """The transient."""
        t = self.technology
        circuit = self._circuit(f"write {self.bit}")
        gnd, vdd = circuit.gnd, t.cmos.supply
        circuit.V("write_supply", "write_supply", gnd, self._sign * self.voltage)
        low = min(self._sign * self.voltage, 0.0)  # the negative side's enable rests at its own supply
        for supply in ("word_line", "enable"):
            circuit.V(supply, f"vdd_{supply}", gnd, vdd)
        self._word_line(circuit, "wwl", t.cell.write_width)
        circuit.V("enable_command", "enable_command", gnd, self._pulse(vdd, low))
        circuit.V("enable_low", "enable_low", gnd, low)
        circuit.X("enable", "line_driver", "enable_command", "enable", "vdd_enable", "enable_low", w="540n")
        self._driver(circuit)
        return self._transient(circuit, ("enable_low", "heavy_metal"), ("wbl", "wbl_cell", "t1", "wwl"), "5p")

    def calibration(self) -> Deck:
        """Operating points over the write supply with everything on: which voltage drives the wanted current."""
        t = self.technology
        circuit = self._circuit(f"write {self.bit}, current against voltage")
        gnd, vdd = circuit.gnd, t.cmos.supply
        circuit.V("write_supply", "write_supply", gnd, 0)
        circuit.V("wwl", "wwl", gnd, vdd)
        circuit.V("enable", "enable", gnd, vdd)
        self._driver(circuit)
        last = self._sign * HIGHEST_WRITE_VOLTAGE
        sweep = f".dc vwrite_supply 0 {last} {last / 300}"
        return Deck(circuit, sweep, ("i(vheavy_metal)",), t.cmos.temperature, "reltol=1e-5")

    @property
    def _sign(self) -> int:
        return 1 if self.bit else -1

    def _driver(self, circuit: "Circuit") -> None:
        """Driver with this bit's side on ``enable`` and ``write_supply``; the other side is off and at ground."""
        supplies = ("write_supply", "0") if self.bit else ("0", "write_supply")
        enables = ("enable", "0") if self.bit else ("0", "enable")
        circuit.X("driver", "write_driver", "wbl", *enables, *supplies, "0", w=self.technology.write.driver_width)

    def _applied_field(self, circuit: "Circuit") -> tuple[str, ...]:
        """Nodes hx, hy, hz of the junction.

        Tables over the time in steps, not PWL sources: these would have ngspice stop at each of their points.
        """
        if self.field is None:
            return "0", "0", "0"
        circuit.V("step", "step", circuit.gnd, f"dc 0 pwl(0 0 1 {1 / FIELD_STEP:g})")
        for node, values in zip(("hx", "hy", "hz"), self.field, strict=True):
            points = ",".join(f"{n + 0.5:g},{value:.7g}" for n, value in enumerate(values))
            circuit.B(node, node, circuit.gnd, v=f"pwl(v(step),{points})")
        return "hx", "hy", "hz"

    def _circuit(self, title: str) -> "Circuit":
        """Cell, junction, write bit line and the half-selected rows."""
        t = self.technology
        array = t.array
        circuit = new_circuit(
            title, t, self.cards, ("sot_cell_2t1r", "generated/she_mtj", "write_driver", "line_driver")
        )
        gnd = circuit.gnd
        circuit.R("wbl", "wbl", "wbl_cell", max(array.rows / 2 * array.bit_line_resistance, 1e-3))
        circuit.C("wbl", "wbl", gnd, array.rows * array.bit_line_capacitance)
        circuit.X(
            "cell",
            "sot_cell_2t1r",
            "wbl_cell",
            "wwl",
            "0",
            "0",
            "t1",
            "t3",
            "0",
            w_write=t.cell.write_width,
            w_read=t.cell.read_width,
        )
        circuit.V("heavy_metal", "t1", "strip", 0)
        circuit.X(
            "junction",
            "she_mtj",
            *("strip", "0", "t3", *self._applied_field(circuit), "mx", "my", "mz"),
            **free_layer(t, 1 if self.bit else -1, self.theta, self.phi),
            **heavy_metal(t),
        )
        # The other rows of the column: their write transistors hang on the bit line with their word lines low.
        circuit.V("unselected", "unselected", gnd, t.write.unselected_word_line)
        if array.rows > 1:
            circuit.X(
                "unselected",
                "nfet",
                "wbl_cell",
                "unselected",
                "half_selected",
                "0",
                w=t.cell.write_width,
                copies=array.rows - 1,
            )
            circuit.R("unselected", "half_selected", gnd, t.heavy_metal.resistance / (array.rows - 1))
        return circuit
