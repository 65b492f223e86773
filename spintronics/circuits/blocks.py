"""Blocks of the compute path as gates and nets: bit-counter, shifter, Sum, quantizer, batch normalization, activation.

Numbers are bits, least significant first; signed ones are two's complement.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from spintronics.cards import ModelCards
from spintronics.circuits.library import Deck, new_circuit
from spintronics.circuits.logic_bench import (
    FLIP_FLOP,
    FULL_ADDER,
    INVERTER,
    MULTIPLEXER,
    NAND2,
    NOR2,
    OPTIONS,
    PERIOD,
    XOR2,
    Gate,
    steps,
)
from spintronics.technology import Technology

BitArray = npt.NDArray[np.uint8]
IndexArray = npt.NDArray[np.int64]

LOW, HIGH = 0, 1  # nets tied to ground and to the supply
BUFFERED = 8  # pins that one buffer of a wide select line drives; assumed


@dataclass(frozen=True)
class Instance:
    """One gate of a block: which nets its pins are on, in the order of its netlist."""

    gate: Gate
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True)
class Block:
    """Gates in an order in which every net is driven before it is used; nets 0 and 1 are ground and supply.

    Attributes:
        name: of the block.
        inputs: nets from outside, in the order of the bits of an input vector.
        outputs: nets of the result, least significant first.
        gates: combinational gates.
        registers: flip-flops, each on the net of its ``d``; their ``q`` are inputs.
        nets: number of nets.
    """

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    gates: tuple[Instance, ...]
    registers: tuple[int, ...]
    nets: int

    @cached_property
    def gate_counts(self) -> dict[Gate, int]:
        """Gates and flip-flops by kind."""
        counts = {gate: len(rows) for gate, (rows, _) in self.by_gate.items()}
        return counts | ({FLIP_FLOP: len(self.registers)} if self.registers else {})

    @cached_property
    def by_gate(self) -> dict[Gate, tuple[IndexArray, IndexArray]]:
        """Input and output nets of all instances of each gate: (instances, pins)."""
        return _grouped(self.gates)

    def settle(self, vectors: npt.ArrayLike) -> BitArray:
        """Value of every net once settled, (nets, vectors).

        Args:
            vectors: input bits, (vectors, inputs).

        >>> counter = bit_counter(3)
        >>> counter.settle([[1, 1, 0]])[list(counter.outputs)].T
        array([[0, 1]], dtype=uint8)
        """
        given = np.asarray(vectors, np.uint8)
        values = np.zeros((self.nets, len(given)), np.uint8)
        values[HIGH] = 1
        values[list(self.inputs)] = given.T
        for level in self._levels:
            for gate, (inputs, outputs) in level.items():
                values[outputs] = truth_table(gate)[codes(values, inputs)].swapaxes(1, 2)
        return values

    def numbers(self, vectors: npt.ArrayLike) -> list[int]:
        """Results as unsigned Python integers, of any width."""
        bits = self.settle(vectors)[list(self.outputs)]
        return [sum(int(bit) << n for n, bit in enumerate(column)) for column in bits.T]

    @cached_property
    def _levels(self) -> list[dict[Gate, tuple[IndexArray, IndexArray]]]:
        """Gates that can be evaluated at once, in order."""
        depth = np.zeros(self.nets, np.int64)
        levels: list[list[Instance]] = []
        for instance in self.gates:
            level = int(max(depth[n] for n in instance.inputs))
            depth[list(instance.outputs)] = level + 1
            if level == len(levels):
                levels.append([])
            levels[level].append(instance)
        return [_grouped(level) for level in levels]


def _grouped(gates: Sequence[Instance]) -> dict[Gate, tuple[IndexArray, IndexArray]]:
    kinds = dict.fromkeys(instance.gate for instance in gates)
    return {
        kind: (
            np.array([i.inputs for i in gates if i.gate is kind]),
            np.array([i.outputs for i in gates if i.gate is kind]),
        )
        for kind in kinds
    }


def truth_table(gate: Gate) -> BitArray:
    """Outputs of a gate by the index of its input vector: (vectors, outputs).

    >>> truth_table(NAND2).ravel()
    array([1, 1, 1, 0], dtype=uint8)
    """
    return np.array([gate.expected(vector) for vector in gate.vectors], np.uint8)


def codes(values: BitArray, inputs: IndexArray) -> BitArray:
    """Index of the input vector that each instance sees, first input the highest bit: (instances, vectors)."""
    code = values[inputs[:, 0]]
    for pin in range(1, inputs.shape[1]):
        code = 2 * code + values[inputs[:, pin]]
    return code


@dataclass
class Wiring:
    """A block under construction: every method places gates and returns the nets they drive."""

    gates: list[Instance] = field(default_factory=list)
    nets: int = 2

    def inputs(self, count: int) -> list[int]:
        """New nets that come from outside."""
        self.nets += count
        return list(range(self.nets - count, self.nets))

    def place(self, gate: Gate, *inputs: int) -> tuple[int, ...]:
        """One gate; nets of its outputs."""
        outputs = tuple(self.inputs(len(gate.outputs)))
        self.gates.append(Instance(gate, inputs, outputs))
        return outputs

    def inverted(self, a: int) -> int:
        """not a; ties stay ties."""
        return {LOW: HIGH, HIGH: LOW}[a] if a in (LOW, HIGH) else self.place(INVERTER, a)[0]

    def nand(self, a: int, b: int) -> int:
        """not (a·b)."""
        return self.place(NAND2, a, b)[0]

    def both(self, a: int, b: int) -> int:
        """a·b."""
        return self.inverted(self.nand(a, b))

    def either(self, a: int, b: int) -> int:
        """a + b."""
        return self.inverted(self.place(NOR2, a, b)[0])

    def half_adder(self, a: int, b: int) -> tuple[int, int]:
        """Sum and carry of two bits."""
        if HIGH in (a, b):
            other = b if a == HIGH else a
            return self.inverted(other), other
        return self.place(XOR2, a, b)[0], self.both(a, b)

    def full_adder(self, a: int, b: int, c: int) -> tuple[int, int]:
        """Sum and carry of three bits."""
        total, carry = self.place(FULL_ADDER, a, b, c)
        return total, carry

    def add_columns(self, columns: Sequence[Sequence[int]]) -> list[int]:
        """Sum of columns of bits of one weight each, modulo 2 to the number of columns: a Wallace tree.

        3:2 compressors level by level until no column holds more than two bits, then a ripple-carry adder.
        Source: Wallace, IEEE Transactions on Electronic Computers EC-13, 14 (1964).
        """
        heap = [[net for net in column if net != LOW] for column in columns]
        while any(len(column) > 2 for column in heap):
            after: list[list[int]] = [[] for _ in [*heap, None]]
            for weight, column in enumerate(heap):
                taken = len(column) - len(column) % 3
                for n in range(0, taken, 3):
                    total, carry = self.full_adder(*column[n : n + 3])
                    after[weight].append(total)
                    after[weight + 1].append(carry)
                after[weight] += column[taken:]
            heap = after[: len(heap)]
        result, carry_in = [], LOW
        for column in heap:
            bits = [net for net in (*column, carry_in) if net != LOW]
            carry_in = LOW
            if len(bits) == 3:
                total, carry_in = self.full_adder(*bits)
            elif len(bits) == 2:
                total, carry_in = self.half_adder(*bits)
            else:
                total = bits[0] if bits else LOW
            result.append(total)
        return result

    def spread(self, net: int, pins: int) -> list[int]:
        """One net per pin, behind buffers of two inverters where there are more than ``BUFFERED`` pins."""
        if pins <= BUFFERED:
            return [net] * pins
        trunk = self.inverted(net)
        leaves = [self.inverted(trunk) for _ in range(-(-pins // BUFFERED))]
        return [leaves[n // BUFFERED] for n in range(pins)]

    def block(self, name: str, inputs: Sequence[int], outputs: Sequence[int], registers: Sequence[int] = ()) -> Block:
        """The finished block."""
        return Block(name, tuple(inputs), tuple(outputs), tuple(self.gates), tuple(registers), self.nets)


def bit_counter(bits: int) -> Block:
    """Number of ones among ``bits`` inputs: a tree of 3:2 compressors and a ripple-carry adder.

    >>> bit_counter(7).gate_counts[FULL_ADDER], len(bit_counter(512).outputs)
    (4, 10)
    """
    wiring = Wiring()
    inputs = wiring.inputs(bits)
    columns: list[list[int]] = [[] for _ in range(bits.bit_length())]
    columns[0] = inputs
    return wiring.block("bit-counter", inputs, wiring.add_columns(columns))


def shifter(bits: int, width: int, stages: int) -> Block:
    """Left shift of a ``bits``-bit number by 0 … 2^stages − 1 places into ``width`` bits: a logarithmic barrel shifter.

    Inputs: the number, then the places.  Multiplexers whose result is always 0 are left out.

    >>> shift = shifter(3, 8, 3)
    >>> shift.numbers([[1, 0, 1, 0, 1, 0]])   # 5 << 2
    [20]
    """
    wiring = Wiring()
    number, places = wiring.inputs(bits), wiring.inputs(stages)
    value = [*number, *[LOW] * (width - bits)]
    for stage, select in enumerate(places):
        step = 1 << stage
        shifted = [*[LOW] * step, *value][:width]
        used = [n for n in range(width) if (value[n], shifted[n]) != (LOW, LOW)]
        selects = dict(zip(used, wiring.spread(select, len(used)), strict=True))
        value = [
            wiring.place(MULTIPLEXER, value[n], shifted[n], selects[n])[0] if n in selects else LOW
            for n in range(width)
        ]
    return wiring.block("shifter", [*number, *places], value)


def accumulator(width: int) -> Block:
    """Sum register of ``width`` bits and the ripple-carry adder before it.  Inputs: the addend, then the register."""
    wiring = Wiring()
    addend, held = wiring.inputs(width), wiring.inputs(width)
    total = wiring.add_columns(list(zip(addend, held, strict=True)))
    return wiring.block("sum", [*addend, *held], total, total)


def quantizer(bits: int, fraction: int) -> Block:
    """Quantizer of r = x/2^fraction to a code c of ``bits`` bits: c = round((2^bits − 1)·r), r_o = c/(2^bits − 1).

    (2^bits − 1)·x is a shift and a subtraction.  A half is rounded up; it occurs at r = 1/2 alone.
    Source of the function: IMCE slides (ASP-DAC 2018), DPU.

    Args:
        bits: of the code, fewer than ``fraction``: then the largest x gives the largest code.

    >>> quantizer(2, 4).numbers([[0, 0, 1, 0], [1, 1, 1, 1]])   # 4/16 and 15/16 of 3
    [1, 3]
    """
    wiring = Wiring()
    x = wiring.inputs(fraction)
    width = fraction + bits
    minuend = [*[LOW] * bits, *x]
    subtrahend = [*[wiring.inverted(net) for net in x], *[HIGH] * bits]
    columns = [[a, b] for a, b in zip(minuend, subtrahend, strict=True)]
    columns[0].append(HIGH)  # two's complement of x
    columns[fraction - 1].append(HIGH)  # a half
    return wiring.block("quantizer", x, wiring.add_columns(columns)[fraction:width])


def batch_norm(value_bits: int, scale_bits: int) -> Block:
    """value · scale + shift, all signed fixed point: an array of partial products (Baugh–Wooley) and a Wallace tree.

    Inputs: the value, the scale, the shift (``value_bits + scale_bits`` bits).  The result has one bit more than the
    shift and cannot overflow.  Scale γ/√(σ² + ε) and shift β − μ·γ/√(σ² + ε) are constants of a trained network.
    Source of the partial products: Baugh and Wooley, IEEE Transactions on Computers C-22, 1045 (1973).

    >>> half = batch_norm(2, 2)
    >>> half.numbers([[1, 0, 1, 1, 0, 1, 0, 0]])   # 1 · (−1) + 2
    [1]
    """
    wiring = Wiring()
    shift_bits = value_bits + scale_bits
    value, scale, shift = (wiring.inputs(n) for n in (value_bits, scale_bits, shift_bits))
    columns: list[list[int]] = [[] for _ in range(shift_bits + 1)]
    offset = 0  # of the negative terms: −b·2^n = (not b)·2^n − 2^n
    for i, v in enumerate(value):
        for j, s in enumerate(scale):
            negative = (i == value_bits - 1) != (j == scale_bits - 1)
            columns[i + j].append(wiring.nand(v, s) if negative else wiring.both(v, s))
            offset -= negative << (i + j)
    for n, b in enumerate(shift[:-1]):
        columns[n].append(b)
    columns[shift_bits - 1].append(wiring.inverted(shift[-1]))
    offset -= 1 << (shift_bits - 1)
    for n, column in enumerate(columns):
        if offset >> n & 1:
            column.append(HIGH)
    return wiring.block("batch norm", [*value, *scale, *shift], wiring.add_columns(columns))


def sign_activation() -> Block:
    """1 where a signed number is not negative: an inverter on its sign bit."""
    wiring = Wiring()
    (sign,) = wiring.inputs(1)
    return wiring.block("activation, sign", [sign], [wiring.inverted(sign)])


def clipped_activation(bits: int, fraction: int) -> Block:
    """(x + 1)/2 of a signed number x with ``fraction`` fraction bits, clipped to [0, 1): the seed's (tanh(x) + 1)/2 in
    three straight pieces.

    The result is a fraction of ``fraction + 1`` bits, all ones where x ≥ 1.

    Args:
        bits: of the number, at least two more than ``fraction``.

    >>> clipped_activation(5, 2).numbers([[0, 1, 0, 0, 0], [0, 0, 0, 1, 1], [1, 0, 1, 1, 0]])   # 0.5, −2, 3.25
    [6, 0, 7]
    """
    wiring = Wiring()
    x = wiring.inputs(bits)
    raised, carry = list(x[:fraction]), HIGH  # x + 1, without the carry out of the sign
    for net in x[fraction:-1]:
        total, carry = wiring.half_adder(net, carry)
        raised.append(total)
    negative = wiring.both(x[-1], wiring.inverted(carry))  # sign of x + 1: a carry into the sign takes it away
    over = wiring.both(wiring.inverted(x[-1]), carry)  # x + 1 wrapped into the sign
    for net in raised[fraction + 1 :]:
        over = wiring.either(over, net)
    kept = wiring.inverted(negative)
    full, shown = wiring.spread(over, fraction + 1), wiring.spread(kept, fraction + 1)
    outputs = [wiring.both(wiring.either(raised[n], full[n]), shown[n]) for n in range(fraction + 1)]
    return wiring.block("activation, clipped", x, outputs)


@dataclass(frozen=True)
class BlockBench:
    """All transistors of a block of combinational gates, one input vector a ``PERIOD``.

    Nodes: ``net<n>``; sources: ``vblock`` the supply, ``vinput<n>`` on net n.  Outputs are open.
    """

    technology: Technology
    cards: ModelCards
    block: Block
    vectors: tuple[tuple[int, ...], ...]

    def deck(self) -> Deck:
        """Transient through the vectors."""
        t, block = self.technology, self.block
        netlists = tuple(gate.netlist for gate in block.by_gate)
        circuit = new_circuit(f"{block.name}, {len(block.inputs)} inputs", t, self.cards, netlists)
        vdd = t.cmos.supply
        circuit.V("block", "vdd", circuit.gnd, vdd)
        for position, net in enumerate(block.inputs):
            circuit.V(f"input{net}", f"net{net}", circuit.gnd, steps([v[position] * vdd for v in self.vectors]))
        names = {LOW: "0", HIGH: "vdd"}
        for n, instance in enumerate(block.gates):
            pins = (names.get(net, f"net{net}") for net in (*instance.inputs, *instance.outputs))
            circuit.X(f"gate{n}", instance.gate.netlist, *pins, "vdd", "0")
        saved = (
            *("i(vblock)", *(f"i(vinput{net})" for net in block.inputs)),
            *(f"v(net{net})" for net in (*block.inputs, *block.outputs)),
        )
        end = len(self.vectors) * PERIOD
        return Deck(circuit, f".tran 5p {end:.6g} 0 5p", saved, t.cmos.temperature, OPTIONS)
