"""Quantities against conversions done by hand, and text that is no quantity."""

import math
import re
import time

import pytest

from spintronics.units import parse


@pytest.mark.parametrize(
    ("text", "unit", "si"),
    [
        ("10 ohm*um^2", "ohm*m^2", 1e-11),
        ("10 Ω·µm^2", "ohm*m^2", 1e-11),
        ("1 ohm um**2", "ohm*m^2", 1e-12),
        ("200 uohm*cm", "ohm*m", 2e-6),
        ("0.126 fF", "F", 1.26e-16),
        ("120 uA", "A", 1.2e-4),
        ("1.0e6 A/m", "A/m", 1e6),
        ("1.3 mJ/m^2", "J/m^2", 1.3e-3),
        ("1.3 erg/cm^2", "J/m^2", 1.3e-3),
        ("45nm", "m", 4.5e-8),
        (" -.5 ns ", "s", -5e-10),
        ("0.372 um^2", "m^2", 3.72e-13),
        ("27 degC", "K", 300.15),
        ("5 %", "", 0.05),
        ("1.712", "", 1.712),
        (3, "", 3.0),
        (0.1, "", 0.1),
    ],
)
def test_quantity_in_si(text: object, unit: str, si: float) -> None:
    assert parse(text, unit) == pytest.approx(si, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "unit", "wanted"),
    [
        ("10 V", "ohm*m^2", 'a quantity in ohm*m^2, such as "10 ohm*um^2"'),
        ("10 ohm*um", "ohm*m^2", 'a quantity in ohm*m^2, such as "10 ohm*um^2"'),
        ("1 m^2", "m", 'a quantity in m, such as "45 nm"'),
        ("1 degC*m", "m", 'a quantity in m, such as "45 nm"'),
        ("3 nm", "", "a plain number, such as 0.1"),
    ],
)
def test_wrong_dimension_names_the_right_one(text: str, unit: str, wanted: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"wrong unit; write {wanted}")):
        parse(text, unit)


@pytest.mark.parametrize("bare", [10, 1e-11, "10", "1e-11", 0])
def test_bare_number_is_refused_where_a_unit_belongs(bare: object) -> None:
    with pytest.raises(ValueError, match=r'has no unit; write a quantity in ohm\*m\^2, such as "10 ohm\*um\^2"'):
        parse(bare, "ohm*m^2")


@pytest.mark.parametrize("value", [True, False, None, [], {}, ["1 nm"], {"value": "1 nm"}, 1j, b"1 nm"])
@pytest.mark.parametrize("unit", ["m", ""])
def test_what_is_neither_number_nor_text_is_refused(value: object, unit: str) -> None:
    with pytest.raises(ValueError, match="not a quantity"):
        parse(value, unit)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "nm",
        "ten nm",
        "1,5 nm",  # a decimal comma must not turn into 15 nm
        "1 0 nm",
        "4_5 nm",
        "0x10 nm",
        "1 nm # comment",
        "1 nm; 2",
        "1 nm + 2 nm",
        "(1 nm",
        "1 nm)",
        "[1] nm",
        "'1 nm'",
        "(-1)**0.5 nm",
        "10**10**9 nm",  # must not be worked out
        "1 nm**9**9**9",
        "1 nm**999999999",
        "1 furlongs_per_flea",
        "__import__('os')",
        "__import__('os').system('true') nm",
        "lambda: 1",
        "1 nm\x00",
        "1 " + "nm*" * 20_000 + "nm",
        "(" * 100_000,
        "x" * 1_000_000,
        "9" * 5000 + "x",
    ],
)
def test_text_that_is_no_quantity_is_refused_at_once(text: str) -> None:
    started = time.perf_counter()
    with pytest.raises(ValueError, match='not a quantity; write a number and a unit, such as "45 nm"'):
        parse(text, "m")
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize("value", ["inf", "nan", "-inf", "1e400", math.inf, math.nan, 10**400, "9" * 400])
def test_number_that_is_not_finite_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="not a finite number"):
        parse(value, "")


@pytest.mark.parametrize("text", ["1e400 nm", "9" * 400 + " nm"])
def test_quantity_that_is_not_finite_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a finite number"):
        parse(text, "m")
