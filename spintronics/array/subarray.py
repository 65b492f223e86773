"""A computational sub-array: row operations composed from the device table, area from layout rules."""

from dataclasses import dataclass
from functools import cache, cached_property
from math import ceil, log2

from spintronics.characterize.device_table import ActionCost, DeviceTable
from spintronics.circuits.library import transistor_widths
from spintronics.circuits.read_bench import SLICE
from spintronics.technology import Technology

SHARED = ("word line", "bias")  # contributors of an operation that serve all columns at once
ACCUMULATOR_BITS = 48  # of the Sum register, and of what the Shifter gives it; checked against every layer mapped
SHIFT_STAGES = 6  # barrel stages: shifts of 0 … 63 cover m + n for 32-bit inputs and weights


@cache
def full_adders_to_count(bits: int) -> int:
    """Full adders in a tree that counts the ones among ``bits`` inputs.

    Three signals of one weight become one of that weight and one of the next; a pair left over takes an adder too.

    >>> [full_adders_to_count(n) for n in (1, 2, 3, 7)]
    [0, 1, 1, 4]
    """
    adders, column = 0, bits
    while column > 1:
        carries = 0
        while column > 1:
            used = min(column, 3)
            column -= used - 1
            carries += 1
        adders += carries
        column = carries
    return adders


@dataclass(frozen=True)
class SubArray:
    """Rows × columns of 2T1R cells with a latch in every column, and bit-counter, Shifter and Sum below them.

    Args:
        technology: geometry and layout rules.
        table: costs per bit and per gate; a row operation is its columns in parallel.
    """

    technology: Technology
    table: DeviceTable

    @property
    def rows(self) -> int:
        """Rows of cells."""
        return self.technology.array.rows

    @property
    def columns(self) -> int:
        """Columns of cells, each with its own sense amplifier."""
        return self.technology.array.columns

    def row(self, action: ActionCost, bits: int) -> ActionCost:
        """An action on ``bits`` columns of a row: what columns share is paid for the whole row, the rest per bit."""
        return ActionCost(
            {name: energy * (self.columns if name in SHARED else bits) for name, energy in action.parts.items()},
            action.latency,
        )

    def bit_count(self, bits: int) -> ActionCost:
        """Count the ones of ``bits`` latch outputs; energy of random inputs, delay of the tree's depth in adders."""
        depth = ceil(log2(max(bits, 2)))
        adder = self.table.full_adder
        return ActionCost({"bit-counter": full_adders_to_count(bits) * adder.energy}, 2 * depth * adder.latency)

    def shift(self, bits: int) -> ActionCost:
        """Shift a count over ``bits`` inputs to its weight: its bits through every stage of the barrel.

        The barrel is as wide as the Sum; the bits that are zero before and after a shift do not toggle.
        """
        width = bits.bit_length()
        mux = self.table.multiplexer
        return ActionCost({"shifter": width * SHIFT_STAGES * mux.energy}, SHIFT_STAGES * mux.latency)

    def accumulate(self, width: int) -> ActionCost:
        """Add to a ``width``-bit sum and register it: ripple adder and flip-flops."""
        adder, register = self.table.full_adder, self.table.flip_flop
        return ActionCost({"sum": width * (adder.energy + register.energy)}, width * adder.latency + register.latency)

    @cached_property
    def area_parts(self) -> dict[str, float]:
        """Area by block, m²; the parts sum to :attr:`area`.

        Cells by their layout area; transistor blocks by a stated rule: a transistor occupies one contacted gate
        pitch times its width plus the row overhead.  Not in: row decoder, H-tree, routing outside the blocks.
        """
        t, sense = self.technology, self.technology.sense
        latch = self._block("sense_amplifier", w=sense.latch_width)
        source = self._block("read_current_source", w=sense.source_width, l=sense.source_length)
        reference = self._block("reference_branch", w_read=t.cell.read_width, fan_in=2)
        driver = self._block("write_driver", w=t.write.driver_width)
        word_line = self._block("line_driver", w=t.array.word_line_driver_width)
        enables = 2 * self._block("line_driver", w=SLICE) + self._block("line_driver", w=2 * SLICE)
        counter = full_adders_to_count(self.columns) * self._block("full_adder", w=90e-9)
        stages = ACCUMULATOR_BITS * SHIFT_STAGES * self._block("mux2", w=90e-9)
        bit_of_sum = self._block("full_adder", w=90e-9) + self._block("d_flip_flop", w=90e-9)
        return {
            "cells": self.rows * self.columns * t.cell.area,
            "sense amplifiers": self.columns * latch,
            "read currents and references": self.columns * (2 * source + reference),
            "write drivers": self.columns * driver,
            "word line drivers": 2 * self.rows * word_line,
            "enable drivers": self.columns * enables,
            "bit-counter": counter,
            "shifter": stages,
            "sum": ACCUMULATOR_BITS * bit_of_sum,
        }

    @property
    def area(self) -> float:
        """Area, m²."""
        return sum(self.area_parts.values())

    def _block(self, netlist: str, **parameters: float) -> float:
        cmos = self.technology.cmos
        widths = transistor_widths(netlist, parameters)
        return sum(cmos.contacted_gate_pitch * (width + cmos.row_overhead) for width in widths)
