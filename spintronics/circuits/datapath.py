"""The design's digital blocks: what counts, shifts and adds below a sub-array, and what processes its sums."""

from functools import cache

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

ACCUMULATOR_BITS = 48  # of the Sum register, and of what the Shifter gives it; assumed
SHIFT_STAGES = 6  # barrel stages: shifts of 0 … 63 cover m + n for 32-bit inputs and weights
QUANTIZER = (8, 16)  # bits of the code, of the fraction; assumed
BATCH_NORM = (16, 8)  # bits of value and scale; assumed
ACTIVATION = (25, 8)  # bits of what batch normalization gives, and of its fraction; assumed


@cache
def sub_array_blocks(columns: int) -> tuple[Block, Block, Block]:
    """Bit-counter, Shifter and Sum below a number of columns."""
    return (
        bit_counter(columns),
        shifter(columns.bit_length(), ACCUMULATOR_BITS, SHIFT_STAGES),
        accumulator(ACCUMULATOR_BITS),
    )


@cache
def processing_blocks() -> tuple[Block, ...]:
    """Quantizer, batch normalization and activations of the digital processing unit, one result at a time."""
    return (quantizer(*QUANTIZER), batch_norm(*BATCH_NORM), sign_activation(), clipped_activation(*ACTIVATION))
