"""Row decoder with two-row activation, and its testbenches: one activation of the critical rows, and its truth table.

    address ─ address buffers ─ predecoder (NAND, driver) ─ predecoded lines ─ row gate ─┐
    second address ─ … a port of its own …                              ─ row gate ─ NAND ─ buffer ─ driver ─ read line
    (address) ─ … gated by write …                                      ─ row gate ─ ──── ─ buffer ─ driver ─ write line

Computing needs two read word lines at once.  A second predecoded address bus runs along the rows; each row has a row
gate on either bus, and a NAND of both (active low) selects the row for its one read word line driver.  Read, write and
the second port each gate the first group of their address: with both rails low no line of that group rises.  The other
groups of the first address serve read and write.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from math import ceil, sqrt
from typing import TYPE_CHECKING

from spintronics.cards import ModelCards
from spintronics.circuits.library import Deck, new_circuit, transistor_widths, word_line
from spintronics.circuits.logic_bench import INVERTER, NAND2, NAND3, NAND4, Gate
from spintronics.errors import InputError
from spintronics.technology import Array, Technology

if TYPE_CHECKING:
    from PySpice.Spice.Netlist import Circuit

UNIT = 90e-9  # NMOS of a logic gate, m; assumed, the narrowest transistor
RAIL = 180e-9  # NMOS of the driver of an address rail, m; assumed
GATE_CAPACITANCE = 1e-9  # F per m of gate width, to size drivers of wires alone; assumed
LARGEST = 4096  # rows: four groups of three bits
EDGE = 20e-12  # rise and fall of addresses and enables, s; assumed, about a fan-out-of-4 edge at 45 nm
START = 0.2e-9  # edge of address and enable, s
ACTIVE = 1.0e-9  # a word line is held this long, s; assumed, several times the latency
RECOVER = 0.8e-9  # back at rest after the enable has fallen, s; assumed
PARTS_OF_A_PORT = ("address", "predecode", "row_gates")  # contributors, each on a supply of its own


class Activation(StrEnum):
    """What one action of the row path raises."""

    READ = "read"
    WRITE = "write"
    TWO_ROWS = "two rows"

    @property
    def ports(self) -> tuple["Port", ...]:
        """Ports that take part."""
        return {
            Activation.READ: (Port.READ,),
            Activation.WRITE: (Port.WRITE,),
            Activation.TWO_ROWS: (Port.READ, Port.SECOND),
        }[self]


class Port(StrEnum):
    """A way to select a row: read and write share an address, the second read port has its own."""

    READ = "read"
    WRITE = "write"
    SECOND = "second"

    @property
    def address(self) -> str:
        """Name of the address that it takes."""
        return "second" if self is Port.SECOND else "first"


@dataclass(frozen=True)
class RowDecoder:
    """Structure and sizes of the row decoder of a sub-array.

    >>> decoder = RowDecoder(Technology.load("imce45"))
    >>> decoder.groups, decoder.row_gate.netlist
    ((3, 3, 2), 'nand3')
    """

    technology: Technology

    def __post_init__(self) -> None:
        if self.array.rows > LARGEST:
            raise InputError(
                f"technology.array.rows = {self.array.rows}: the row decoder has up to four groups of three address "
                f"bits; must be <= {LARGEST}"
            )

    @property
    def array(self) -> Array:
        """Rows, columns and their wires."""
        return self.technology.array

    @property
    def bits(self) -> int:
        """Address bits."""
        return (self.array.rows - 1).bit_length()

    @property
    def groups(self) -> tuple[int, ...]:
        """Address bits of each predecoder, two or three, lowest bits first."""
        count = ceil(self.bits / 3)
        return tuple(self.bits // count + (n < self.bits % count) for n in range(count))

    @property
    def row_gate(self) -> Gate:
        """Gate of one row on one bus, a line of each group on its inputs; its output is low in the selected row."""
        return (INVERTER, NAND2, NAND3, NAND4)[len(self.groups) - 1]

    @staticmethod
    def predecode_gate(bits: int) -> Gate:
        """Gate of one predecoded line, ahead of its driver."""
        return {2: NAND2, 3: NAND3}[bits]

    def line(self, group: int, row: int) -> int:
        """Which line of a group selects a row."""
        return row >> sum(self.groups[:group]) & (1 << self.groups[group]) - 1

    def row_gates(self, group: int, port: Port) -> int:
        """Row gates on each line of a group: those of its port; lines that read and write share carry both."""
        shared = 2 if group > 0 and port is not Port.SECOND else 1
        return shared * ceil(self.array.rows / (1 << self.groups[group]))

    def line_driver_width(self, group: int, port: Port) -> float:
        """NMOS of the driver of a predecoded line, m: between a unit gate and its row gates and wire."""
        gates = self.row_gates(group, port) * sum(transistor_widths(self.technology, self.row_gate.netlist, UNIT_GATE))
        wire = self.array.rows * self.array.bit_line_capacitance / GATE_CAPACITANCE
        return between(gates / len(self.groups) + wire)

    @property
    def buffer_width(self) -> float:
        """NMOS of the inverter ahead of a word line driver, m."""
        return between(3 * self.array.word_line_driver_width)

    @staticmethod
    def owner(port: Port, group: int) -> Port:
        """Port that the lines of a group are built for: write takes all but its first group from read."""
        return Port.READ if port is Port.WRITE and group > 0 else port

    def own_groups(self, port: Port) -> range:
        """Groups that are built for a port."""
        return range(1) if port is Port.WRITE else range(len(self.groups))

    def port_gates(self, port: Port) -> list[tuple[str, dict[str, float], int]]:
        """Netlists of a port with their parameters and how many: address buffers, predecoders, row gates."""
        found: list[tuple[str, dict[str, float], int]] = []
        for group in self.own_groups(port):
            lines = 1 << self.groups[group]
            found += [
                ("address_buffer", {"w": UNIT, "w_rail": RAIL}, self.groups[group]),
                (self.predecode_gate(self.groups[group]).netlist, UNIT_GATE, lines),
                ("inverter", {"w": self.line_driver_width(group, port), "copies": 1}, lines),
            ]
        return [*found, (self.row_gate.netlist, UNIT_GATE, self.array.rows)]


UNIT_GATE = {"w": UNIT, "copies": 1}


def between(load: float) -> float:
    """NMOS width of an inverter that stands between a unit inverter and a load, m: equal effort on both sides.

    Args:
        load: gate width that it drives, m.
    """
    return max(UNIT, sqrt(3 * UNIT * load) / 3)


@dataclass(frozen=True)
class RowBench:
    """One activation from rest to rest: address and enable change at ``START``, the enable falls ``ACTIVE`` later.

    Every address bit changes, which is the longest path and nearly the most that can toggle.  Predecoders, their lines
    and the selected rows are whole; the other row gates on a line hang on it with their other inputs low.  A predecoded
    line has the wire of the rows: as a bit line has, capacitance halved at both ends.

    Nodes: ``word<n>`` the word lines, ``command<n>`` their drivers' inputs, ``select<n>``; ``<port>_<group>_line<n>``.
    Supplies (``v<name>``): :attr:`supplies`; sources ``v<address>_a<n>`` and ``venable_<port>``.
    """

    technology: Technology
    cards: ModelCards
    activation: Activation

    PARTS = ("address_buffer", "inverter", "line_driver", "nand2", "nand3", "nand4")

    @cached_property
    def decoder(self) -> RowDecoder:
        """Structure and sizes."""
        return RowDecoder(self.technology)

    @property
    def supplies(self) -> tuple[str, ...]:
        """Supplies by contributor: word line drivers and buffers, then those of each port."""
        ports = [f"{port}_{part}" for port in self.activation.ports for part in PARTS_OF_A_PORT]
        return ("word_line", "buffer", "select", *ports)

    @property
    def rows(self) -> tuple[int, ...]:
        """Row that each port selects: the last, and for the second port the one that differs from it in the top bit."""
        top = self.technology.array.rows - 1
        return (top, top ^ 1 << (self.decoder.bits - 1))[: len(self.activation.ports)]

    @property
    def word_lines(self) -> tuple[str, ...]:
        """Nodes of the word lines that rise."""
        return tuple(f"word{row}" for row in self.rows)

    @property
    def sources(self) -> tuple[str, ...]:
        """Sources of addresses and enables, with their node's name."""
        addresses = [f"{port.address}_a{n}" for port in self.activation.ports for n in range(self.decoder.bits)]
        return (*addresses, *(f"enable_{port}" for port in self.activation.ports))

    @property
    def edge(self) -> float:
        """Middle of the edge of address and enable, s."""
        return START + EDGE / 2

    def deck(self) -> Deck:
        """The activation as a transient."""
        t, decoder = self.technology, self.decoder
        circuit = new_circuit(f"row path, {self.activation}", t, self.cards, self.PARTS)
        gnd, vdd = circuit.gnd, t.cmos.supply
        for supply in self.supplies:
            circuit.V(supply, f"vdd_{supply}", gnd, vdd)
        end = START + ACTIVE + RECOVER
        for port, row in zip(self.activation.ports, self.rows, strict=True):
            for n in range(decoder.bits):
                after = (row >> n & 1) * vdd
                node = f"{port.address}_a{n}"
                circuit.V(node, node, gnd, f"pwl(0 {vdd - after} {START:.6g} {vdd - after} {START + EDGE:.6g} {after})")
            pulse = f"pulse(0 {vdd} {START} {EDGE} {EDGE} {ACTIVE - EDGE} 1)"
            circuit.V(f"enable_{port}", f"enable_{port}", gnd, pulse)
            supplies = {part: f"vdd_{port}_{part}" for part in PARTS_OF_A_PORT}
            _port(circuit, t, decoder, port, range(len(decoder.groups)), supplies)
            _row_gate_loads(circuit, decoder, port, supplies["row_gates"])
            _row_gate(circuit, decoder, port, row, supplies["row_gates"])
            other = () if port is Port.WRITE else ("vdd_select",)
            _select(circuit, decoder, row, (f"{port}_row{row}_b", *other), "vdd_select", "vdd_buffer")
            width = t.cell.write_width if port is Port.WRITE else t.cell.read_width
            word_line(circuit, t, f"command{row}", f"word{row}", width)
            circuit.X(f"word{row}_column", "nfet", "0", f"word{row}", "0", "0", w=width)  # the one under test elsewhere
        saved = (
            *(f"i(v{name})" for name in (*self.supplies, *self.sources)),
            *(f"v({node})" for node in (*self.sources, *self.word_lines)),
            *(f"v({node}{row})" for node in ("command", "select") for row in self.rows),
        )
        return Deck(circuit, f".tran 5p {end:.6g} 0 5p", tuple(saved), t.cmos.temperature, "reltol=1e-3 method=trap")


def rest_deck(technology: Technology, cards: ModelCards) -> Deck:
    """Operating point at rest of all predecoders and of one row, its word lines low.

    Supplies: ``vports`` of address buffers and predecoders of all ports, ``vrow`` of one row's gates and drivers.
    """
    t, decoder = technology, RowDecoder(technology)
    circuit = new_circuit("row path at rest", t, cards, RowBench.PARTS)
    gnd, vdd = circuit.gnd, t.cmos.supply
    circuit.V("ports", "vdd_ports", gnd, vdd)
    circuit.V("row", "vdd_row", gnd, vdd)
    inputs = [f"{address}_a{n}" for address in ("first", "second") for n in range(decoder.bits)]
    for node in (*inputs, *(f"enable_{port}" for port in Port)):
        circuit.V(node, node, gnd, 0)
    row = 1  # not the one that address 0 would select
    for port in Port:
        _port(circuit, t, decoder, port, decoder.own_groups(port), dict.fromkeys(PARTS_OF_A_PORT, "vdd_ports"))
        _row_gate(circuit, decoder, port, row, "vdd_row")
    _row(circuit, t, decoder, row, "vdd_row")
    saved = ("i(vports)", "i(vrow)", f"v(word{row})", f"v(word{t.array.rows + row})")
    return Deck(circuit, ".op", saved, t.cmos.temperature, "reltol=1e-4 abstol=1e-15")


@dataclass(frozen=True)
class SelectBench:
    """Truth table of a whole decoder: every row's gates, as operating points.

    Nodes: ``word<row>`` the read word line of a row, ``word<rows + row>`` its write word line.

    Args:
        cases: ports with the row that each selects, ``{Port.READ: 3, Port.SECOND: 5}``; none = at rest.
    """

    technology: Technology
    cards: ModelCards
    cases: tuple[dict[Port, int], ...]

    def deck(self) -> Deck:
        """Sweep over the cases; the swept value numbers them."""
        t, decoder = self.technology, RowDecoder(self.technology)
        circuit = new_circuit("row decoder, truth table", t, self.cards, RowBench.PARTS)
        gnd, vdd = circuit.gnd, t.cmos.supply
        circuit.V("all", "vdd_all", gnd, vdd)
        circuit.V("point", "point", gnd, 0)

        def drive(node: str, bits: Sequence[int]) -> None:
            levels = ", ".join(f"{n}, {bit * vdd}" for n, bit in enumerate(bits))
            circuit.B(node, node, gnd, v=f"pwl(v(point), {levels})")

        for address in ("first", "second"):
            rows = [next((row for port, row in case.items() if port.address == address), 0) for case in self.cases]
            for n in range(decoder.bits):
                drive(f"{address}_a{n}", [row >> n & 1 for row in rows])
        for port in Port:
            drive(f"enable_{port}", [int(port in case) for case in self.cases])
            _port(circuit, t, decoder, port, decoder.own_groups(port), dict.fromkeys(PARTS_OF_A_PORT, "vdd_all"))
        for row in range(t.array.rows):
            for port in Port:
                _row_gate(circuit, decoder, port, row, "vdd_all")
            _row(circuit, t, decoder, row, "vdd_all")
        saved = tuple(f"v(word{n})" for n in range(2 * t.array.rows))
        return Deck(circuit, f".dc vpoint 0 {len(self.cases) - 1} 1", saved, t.cmos.temperature, "reltol=1e-3")


def _port(
    circuit: "Circuit", t: Technology, decoder: RowDecoder, port: Port, groups: range, supplies: Mapping[str, str]
) -> None:
    """Address buffers, predecoders and predecoded lines of some groups of a port, near and far end of each line.

    Args:
        supplies: node of each of ``PARTS_OF_A_PORT``.
    """
    first = 0
    for group, bits in enumerate(decoder.groups):
        if group in groups:
            name = f"{decoder.owner(port, group)}_{group}"
            rails = []
            for bit in range(bits):
                rail = (f"{name}_low{bit}", f"{name}_high{bit}")
                enable = f"enable_{port}" if group == 0 else supplies["address"]
                pins = (f"{port.address}_a{first + bit}", enable, *reversed(rail), supplies["address"], "0")
                circuit.X(f"{name}_address{bit}", "address_buffer", *pins, w=UNIT, w_rail=RAIL)
                rails.append(rail)
            for line in range(1 << bits):
                at = [rail[line >> bit & 1] for bit, rail in enumerate(rails)]
                near, far = f"{name}_line{line}", f"{name}_line{line}_far"
                gate = decoder.predecode_gate(bits).netlist
                width = decoder.line_driver_width(group, port)
                circuit.X(f"{near}_gate", gate, *at, f"{near}_b", supplies["predecode"], "0", w=UNIT)
                circuit.X(f"{near}_driver", "inverter", f"{near}_b", near, supplies["predecode"], "0", w=width)
                wire = t.array.rows * t.array.bit_line_capacitance
                circuit.R(near, near, far, max(t.array.rows * t.array.bit_line_resistance, 1e-3))
                circuit.C(near, near, circuit.gnd, wire / 2)
                circuit.C(far, far, circuit.gnd, wire / 2)
        first += bits


def _row_gate_loads(circuit: "Circuit", decoder: RowDecoder, port: Port, supply: str) -> None:
    """The row gates of unselected rows, their other inputs low: half at either end of each line."""
    for group, bits in enumerate(decoder.groups):
        others = decoder.row_gates(group, port) - 1
        for line in range(1 << bits):
            node = f"{decoder.owner(port, group)}_{group}_line{line}"
            for end, copies in ((node, others // 2), (f"{node}_far", others - others // 2)):
                if copies:
                    rest = ["0"] * (len(decoder.groups) - 1)
                    pins = (end, *rest, f"{end}_gates", supply, "0")
                    circuit.X(f"{end}_gates", decoder.row_gate.netlist, *pins, w=UNIT, copies=copies)


def _row_gate(circuit: "Circuit", decoder: RowDecoder, port: Port, row: int, supply: str) -> None:
    """Row gate of a row on a port's lines; ``<port>_row<row>_b`` is low where it is selected."""
    lines = [f"{decoder.owner(port, g)}_{g}_line{decoder.line(g, row)}_far" for g in range(len(decoder.groups))]
    name = f"{port}_row{row}"
    circuit.X(name, decoder.row_gate.netlist, *lines, f"{name}_b", supply, "0", w=UNIT)


def _select(
    circuit: "Circuit", decoder: RowDecoder, word: int, selects: Sequence[str], supply: str, buffer: str
) -> None:
    """NAND (inverter for one) of active-low selects, and the buffer that drives ``command<word>``, low = line high."""
    gate = NAND2 if len(selects) > 1 else INVERTER
    circuit.X(f"select{word}", gate.netlist, *selects, f"select{word}", supply, "0", w=UNIT)
    circuit.X(f"buffer{word}", "inverter", f"select{word}", f"command{word}", buffer, "0", w=decoder.buffer_width)


def _row(circuit: "Circuit", t: Technology, decoder: RowDecoder, row: int, supply: str) -> None:
    """Both word line drivers of a row behind its selects: ``word<row>`` reads, ``word<rows + row>`` writes; no load."""
    ports = {row: (Port.READ, Port.SECOND), t.array.rows + row: (Port.WRITE,)}
    for word, selecting in ports.items():
        _select(circuit, decoder, word, [f"{port}_row{row}_b" for port in selecting], supply, supply)
        pins = (f"command{word}", f"word{word}", supply, "0")
        circuit.X(f"word{word}", "line_driver", *pins, w=t.array.word_line_driver_width)
