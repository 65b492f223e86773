"""Codings exhaustively: every value, its planes, and the identity that turns a product into ANDs."""

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from spintronics.errors import InputError
from spintronics.networks.inference import Coding, Format

Array = npt.NDArray[Any]
FORMATS = [Format(bits, coding) for bits, coding in product(range(1, 10), Coding)]


@pytest.mark.parametrize("format", FORMATS, ids=str)
def test_every_value_comes_back_and_is_the_sum_of_its_planes(
    format: Format, every_value: Callable[[Format], Array]
) -> None:
    values = every_value(format)
    codes = format.codes(values)
    assert sorted(codes.tolist()) == list(range(2**format.bits))
    assert (format.values(codes) == values).all()
    assert (format.lowest, format.highest) == (values[0], values[-1])
    assert format.values(codes).dtype == format.dtype
    planes = [codes.astype(int) >> n & 1 for n in range(format.bits)]
    assert (sum(p * b for p, b in zip(format.plane_weights, planes, strict=True)) + format.offset == values).all()


@pytest.mark.parametrize("coding", Coding)
def test_widest_format(coding: Coding) -> None:
    f = Format(32, coding)
    ends = np.array([f.lowest, f.highest])
    assert (f.values(f.codes(ends)) == ends).all()


@pytest.mark.parametrize(
    ("format", "values", "message"),
    [
        (Format(2, Coding.UNSIGNED), [0, 4], r"weight 4: must be 0 to 3 \(2-bit unsigned\)"),
        (Format(2, Coding.TWOS_COMPLEMENT), [-3, 0], r"weight -3: must be -2 to 1 \(2-bit two's complement\)"),
        (Format(1, Coding.BIPOLAR), [1, 0], r"weight 0: must be odd, -1 to 1 \(1-bit bipolar\)"),
        (Format(1, Coding.UNSIGNED), [0.0, 1.0], r"weights of type float64: must be whole numbers \(1-bit unsigned\)"),
    ],
)
def test_values_outside_a_format_are_refused(format: Format, values: list[float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        format.check("weight", np.array(values))


def test_unsigned_bytes_are_checked_as_they_are() -> None:
    with pytest.raises(InputError, match="pixel 255: must be -128 to 127"):
        Format(8, Coding.TWOS_COMPLEMENT).check("pixel", np.array([255], np.uint8))


@pytest.mark.parametrize("bits", [0, 33, 1.5])
def test_widths_out_of_range(bits: int) -> None:
    with pytest.raises(InputError, match="must be a whole number from 1 to 32"):
        Format(bits, Coding.UNSIGNED)
