"""Blocks as gates: their function, exhaustively where they are small, against integers where they are wide."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from math import floor

import numpy as np
import pytest

from spintronics.circuits.blocks import (
    Block,
    accumulator,
    batch_norm,
    bit_counter,
    clipped_activation,
    quantizer,
    shifter,
    sign_activation,
)
from spintronics.circuits.logic_bench import FULL_ADDER


def every_vector(block: Block) -> list[tuple[int, ...]]:
    return list(product((0, 1), repeat=len(block.inputs)))


def number(bits: Sequence[int]) -> int:
    return sum(int(bit) << n for n, bit in enumerate(bits))


def signed(bits: Sequence[int]) -> int:
    return number(bits) - (int(bits[-1]) << len(bits))


def as_signed(value: int, width: int) -> int:
    return value - (value >> (width - 1) << width)


def random_vectors(block: Block, count: int = 300) -> list[list[int]]:
    random = np.random.default_rng(7)
    vectors = random.integers(0, 2, (count, len(block.inputs)))
    vectors[0], vectors[1] = 0, 1
    return vectors.tolist()


@pytest.mark.parametrize("bits", range(1, 11))
def test_counter_counts_every_pattern(bits: int) -> None:
    counter = bit_counter(bits)
    vectors = every_vector(counter)
    assert counter.numbers(vectors) == [number(v).bit_count() for v in vectors]


@pytest.mark.parametrize("bits", [100, 512])
def test_wide_counter_against_integers(bits: int) -> None:
    counter = bit_counter(bits)
    vectors = random_vectors(counter)
    assert counter.numbers(vectors) == [number(v).bit_count() for v in vectors]


@pytest.mark.parametrize("k", range(2, 10))
def test_counter_of_a_power_of_two_less_one_takes_n_minus_k_adders(k: int) -> None:
    # Known: a full adder turns three bits into two; 2^k − 1 inputs end as k bits.
    counts = bit_counter(2**k - 1).gate_counts
    assert counts == {FULL_ADDER: 2**k - 1 - k}


@pytest.mark.parametrize(("bits", "width", "stages"), [(4, 10, 3), (3, 5, 3), (1, 8, 3)])
def test_shifter_shifts_every_number_by_every_place(bits: int, width: int, stages: int) -> None:
    block = shifter(bits, width, stages)
    vectors = every_vector(block)
    assert block.numbers(vectors) == [(number(v[:bits]) << number(v[bits:])) % 2**width for v in vectors]


def test_wide_shifter_against_integers() -> None:
    block = shifter(10, 48, 6)
    vectors = random_vectors(block)
    assert block.numbers(vectors) == [(number(v[:10]) << number(v[10:])) % 2**48 for v in vectors]


@pytest.mark.parametrize("width", [1, 4])
def test_accumulator_adds_every_pair(width: int) -> None:
    block = accumulator(width)
    vectors = every_vector(block)
    assert block.numbers(vectors) == [(number(v[:width]) + number(v[width:])) % 2**width for v in vectors]
    assert len(block.registers) == width


def test_wide_accumulator_against_integers() -> None:
    block = accumulator(48)
    vectors = random_vectors(block)
    assert block.numbers(vectors) == [(number(v[:48]) + number(v[48:])) % 2**48 for v in vectors]


@pytest.mark.parametrize(("bits", "fraction"), [(1, 6), (2, 6), (3, 7), (5, 8), (8, 10)])
def test_quantizer_rounds_every_fraction(bits: int, fraction: int) -> None:
    block = quantizer(bits, fraction)
    vectors = every_vector(block)
    steps = 2**bits - 1
    exact = [floor(steps * Fraction(number(v), 2**fraction) + Fraction(1, 2)) for v in vectors]
    assert block.numbers(vectors) == exact
    assert block.numbers([[1] * fraction]) == [steps]


@pytest.mark.parametrize(("value_bits", "scale_bits"), [(3, 3), (4, 2), (2, 4)])
def test_multiply_add_of_every_number(value_bits: int, scale_bits: int) -> None:
    block = batch_norm(value_bits, scale_bits)
    width = value_bits + scale_bits
    vectors = every_vector(block)
    found = [as_signed(n, width + 1) for n in block.numbers(vectors)]
    assert found == [signed(v[:value_bits]) * signed(v[value_bits:width]) + signed(v[width:]) for v in vectors]


def test_wide_multiply_add_against_integers() -> None:
    block = batch_norm(16, 8)
    vectors = random_vectors(block)
    vectors += [[*[0] * 15, 1, *[0] * 7, 1, *[0] * 23, 1], [*[0] * 15, 1, *[0] * 7, 1, *[1] * 23, 0]]  # the extremes
    found = [as_signed(n, 25) for n in block.numbers(vectors)]
    assert found == [signed(v[:16]) * signed(v[16:24]) + signed(v[24:]) for v in vectors]


@pytest.mark.parametrize(("bits", "fraction"), [(4, 2), (6, 2), (7, 4), (10, 8)])
def test_activation_clips_every_number(bits: int, fraction: int) -> None:
    block = clipped_activation(bits, fraction)
    vectors = every_vector(block)
    one = 2 ** (fraction + 1)  # of the result
    exact = [min(max(signed(v) + 2**fraction, 0), one - 1) for v in vectors]
    assert block.numbers(vectors) == exact


def test_sign_activation_is_one_from_zero_up() -> None:
    assert sign_activation().numbers([[0], [1]]) == [1, 0]
