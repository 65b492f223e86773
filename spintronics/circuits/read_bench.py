"""Transient testbench of read, AND and OR: word lines, bit line, reference, latch, each on a supply of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from spintronics.cards import ModelCards
from spintronics.circuits.library import Deck, new_circuit, nominal_junction, word_line
from spintronics.circuits.sense_path import Operation, branch_resistance, reference_resistance
from spintronics.technology import Technology

if TYPE_CHECKING:
    from PySpice.Spice.Netlist import Circuit

PARTS = (
    "sot_cell_2t1r",
    "junction_p",
    "junction_ap",
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
# A truncation error far below ngspice's default (trtol 7): edges then give energies that balance within 1 %.
OPTIONS = "reltol=1e-4 trtol=1 method=trap"

Place = Literal["near", "middle", "far"]


@dataclass(frozen=True)
class Surroundings:
    """What is around the selected cells of a column.

    Args:
        unselected: bit in every unselected row; 0 = parallel, the better conductor.
        place: where on the bit line the selected cells are; near is the sense amplifier's end.
        grounded: write bit line, and source lines of the unselected rows: grounded, or left floating.
    """

    unselected: int = 0
    place: Place = "middle"
    grounded: bool = True


NOMINAL = Surroundings()


@dataclass(frozen=True)
class ReadBench:
    """One column through one read, AND or OR, from idle to idle.

    Word lines are whole: one driver, the wires and read transistors of every column.  The enables are a column's slice
    of driver and load; the bias generator serves all columns.  Both lines of the latch carry the same capacitance.
    The reference is in the middle of its line, with parallel cells around it.

    Commands fall at ``START``; the latch is clocked the operation's develop time later; everything is released
    ``DECIDE`` after that.  Nodes: ``bl``, ``ref``, ``out``, ``outb``, ``word<k>``, ``clk_b``.

    Args:
        operation: READ with one stored bit, AND or OR with two or more.
        stored: bits in the selected cells; 1 = antiparallel.
        around: the unselected rows and idle lines, and the selected cells' place.
    """

    technology: Technology
    cards: ModelCards
    operation: Operation
    stored: tuple[int, ...]
    around: Surroundings = NOMINAL

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

    @property
    def commands(self) -> Mapping[str, str]:
        """Command sources, each with the supply whose drivers it switches."""
        words = {f"word{n}_command": "word_line" for n in range(len(self.stored))}
        return {**words, "enable_command": "enable", "idle_command": "enable", "clk_b_command": "clock"}

    def deck(self) -> Deck:
        """The testbench as a deck."""
        t = self.technology
        circuit = new_circuit(f"{self.operation} of {''.join(map(str, self.stored))}", t, self.cards, PARTS)
        supplies(circuit, t, self.SUPPLIES)
        active = (START, self.decided_time)
        line_driver(circuit, t, "enable", True, active, SLICE)
        line_driver(circuit, t, "clk_b", False, (self.clock_time, self.decided_time), 2 * SLICE, "clock")
        enables = {e: "enable" if self.operation.enable == e else "0" for e in ("en_m", "en_and", "en_or")}
        column(circuit, t, self.stored, self.around, enables, active)
        return Deck(
            circuit,
            f".tran 10p {self.end:.6g} 0 20p",
            ("v(bl)", "v(ref)", "v(out)", "v(outb)", "v(word0)", "v(clk_b)", *powers(self.SUPPLIES, self.commands)),
            t.cmos.temperature,
            OPTIONS,
        )


def supplies(circuit: "Circuit", technology: Technology, names: tuple[str, ...]) -> None:
    """A supply of VDD for each contributor: source ``v<name>`` at node ``vdd_<name>``."""
    for name in names:
        circuit.V(name, f"vdd_{name}", circuit.gnd, technology.cmos.supply)


def powers(names: tuple[str, ...], commands: Mapping[str, str]) -> tuple[str, ...]:
    """What to save for the energy of every source."""
    return tuple(f"i(v{name})" for name in (*names, *commands)) + tuple(f"v({name})" for name in commands)


def line_driver(
    circuit: "Circuit",
    technology: Technology,
    line: str,
    rises: bool,
    toggles: tuple[float, ...],
    width: float,
    supply: str = "enable",
) -> None:
    """A line with its driver and the command source in front of it.

    Args:
        rises: whether the line goes to VDD at the first toggle; its driver inverts.
        toggles: times at which the command changes, s.
        width: NMOS of the driver, m.
        supply: contributor that pays.
    """
    command = command_source(circuit, technology, line, rises, toggles)
    circuit.X(line, "line_driver", command, line, f"vdd_{supply}", "0", w=width)


def command_source(
    circuit: "Circuit", technology: Technology, name: str, falls: bool, toggles: tuple[float, ...]
) -> str:
    """Source ``v<name>_command`` that changes between ground and VDD; gives its node.

    Args:
        falls: whether it rests at VDD.
        toggles: times of its changes, s.
    """
    high, node = falls, f"{name}_command"
    points = [f"0 {technology.cmos.supply * high:g}"]
    for time in toggles:
        points.append(f"{time:.7g} {technology.cmos.supply * high:g}")
        high = not high
        points.append(f"{time + EDGE:.7g} {technology.cmos.supply * high:g}")
    circuit.V(node, node, circuit.gnd, f"pwl({' '.join(points)})")
    return node


def column(
    circuit: "Circuit",
    technology: Technology,
    stored: tuple[int, ...],
    around: Surroundings,
    enables: Mapping[str, str],
    active: tuple[float, float],
) -> None:
    """Selected cells with their word lines, both lines of the latch, reference branches, bias and latch.

    Args:
        enables: node at the gate of each reference branch, by ``en_m``, ``en_and``, ``en_or``.
        active: from when to when word lines and read currents are on, s.
    """
    t, k = technology, len(stored)
    line_driver(circuit, t, "idle", False, active, SLICE)
    _idle_lines(circuit, t, around, t.array.rows - k)
    sense_input(circuit, t, "vdd_bit_line", "bl", k, around.unselected, "sl_idle")
    sense_input(circuit, t, "vdd_reference", "ref", k, 0, "0")
    nominal_junction(circuit, t)
    place = {"near": "bl", "middle": "bl_middle", "far": "bl_far"}[around.place]
    strip = {"r_half": t.heavy_metal.resistance / 2}
    for n, bit in enumerate(stored):
        word = command_source(circuit, t, f"word{n}", True, active)
        word_line(circuit, t, word, f"word{n}", t.cell.read_width)
        lines = ("wbl", "0", place, f"word{n}", f"cell{n}_t1", f"cell{n}_t3", "0")
        circuit.X(f"cell{n}", "sot_cell_2t1r", *lines, w_write=t.cell.write_width, w_read=t.cell.read_width)
        ports = (f"cell{n}_t1", "0", f"cell{n}_t3", "g_p")
        if bit:
            v_half = t.operating_junction.half_tmr_voltage
            circuit.X(f"junction{n}", "junction_ap", *ports, "tmr", v_half=v_half, **strip)
        else:
            circuit.X(f"junction{n}", "junction_p", *ports, **strip)
    fan_in = max(k, 2)
    circuit.X(
        "reference",
        "reference_branch",
        "ref_middle",
        *(enables[e] for e in ("en_m", "en_and", "en_or")),
        *("0", "0"),
        r_m=reference_resistance(t, Operation.READ, 1),
        r_and=reference_resistance(t, Operation.AND, fan_in),
        r_or=reference_resistance(t, Operation.OR, fan_in),
        w_read=t.cell.read_width,
        fan_in=fan_in,
    )
    read_bias(circuit, t, "vdd_bias")
    inputs = ("bl", "ref", "clk_b", "out", "outb", "vdd_sense_amplifier", "0")
    circuit.X("latch", "sense_amplifier", *inputs, w=t.sense.latch_width)


def read_bias(circuit: "Circuit", technology: Technology, supply: str) -> None:
    """Generator of node ``bias``, the gate voltage of every read current source."""
    sense = technology.sense
    circuit.X("bias", "read_bias", "bias", supply, "0", w=sense.source_width, l=sense.source_length)
    circuit.I("bias", "bias", circuit.gnd, sense.current)


def sense_input(
    circuit: "Circuit", technology: Technology, supply: str, node: str, fan_in: int, unselected: int, source_line: str
) -> None:
    """Read current source, line and discharge transistor on one input of the latch, both switched by ``idle``.

    Nodes: ``<node>`` the latch's end of the line, ``<node>_middle`` where the cells are, ``<node>_far``.

    Args:
        supply: node of the read current source's supply.
        fan_in: selected cells, which are not on it yet.
        unselected: bit in all other cells of the line.
        source_line: node of their source lines.
    """
    t = technology
    mirror = {"w": t.sense.source_width, "l": t.sense.source_length}
    circuit.X(f"source_{node}", "read_current_source", node, "bias", "idle", supply, **mirror)
    circuit.X(
        f"line_{node}",
        "bit_line",
        *(node, f"{node}_middle", f"{node}_far", source_line, "0"),
        r_wire=max(t.array.rows * t.array.bit_line_resistance, 1e-3),
        c_wire=t.array.rows * t.array.bit_line_capacitance,
        unselected=t.array.rows - fan_in,
        w_read=t.cell.read_width,
        r_cell=branch_resistance(t.operating_junction, t.heavy_metal, 1 - unselected, unselected, t.sense.current),
    )
    circuit.X(f"discharge_{node}", "nfet", node, "idle", "0", "0", w="180n")


def _idle_lines(circuit: "Circuit", technology: Technology, around: Surroundings, unselected: int) -> None:
    """Write bit line, source lines of the unselected rows, and the write transistors between them, all off."""
    t = technology
    for line in ("wbl", "sl_idle"):
        circuit.C(line, line, circuit.gnd, t.array.rows * t.array.bit_line_capacitance)
        if around.grounded:
            circuit.R(line, line, circuit.gnd, 1e-3)
    circuit.X("idle_writes", "nfet", "wbl", "0", "strips", "0", w=t.cell.write_width, copies=unselected)
    circuit.R("strips", "strips", "sl_idle", t.heavy_metal.resistance / unselected)
