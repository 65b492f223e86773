"""Physical quantities at the edge: text with a unit in, SI floats inside."""

import math
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pint

# A number, then unit names with whole powers, multiplied or divided.  Pint alone would also work out sums, powers
# of powers and "1,5 nm" (as 15 nm).
_FACTOR = r"[A-Za-zµμΩ°%_]+(?:(?:\^|\*\*)-?\d)?"
_QUANTITY = re.compile(
    rf"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*({_FACTOR}(?:(?:\s*[*/·]\s*|\s+){_FACTOR}){{0,9}})\s*", re.ASCII
)


@lru_cache(maxsize=1)
def _registry() -> "pint.UnitRegistry[float]":
    import pint  # half a second: only a run that reads quantities pays for it

    return pint.UnitRegistry(autoconvert_offset_to_baseunit=True)


@lru_cache(maxsize=4096)
def _si(text: str, unit: str) -> float:
    import pint

    parts = _QUANTITY.fullmatch(text)
    try:
        if not parts:
            raise ValueError(text)
        quantity: Any = _registry().Quantity(float(parts[1]), parts[2].replace("·", "*"))
    except (pint.errors.PintError, ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"not a quantity; write a number and a unit, such as {_example(unit)}") from error
    try:
        return float(quantity.to(unit).magnitude)
    except pint.errors.PintError:
        raise ValueError(f"wrong unit; write {_dimension(unit)}, such as {_example(unit)}") from None


def parse(value: Any, unit: str) -> float:
    """SI value of a quantity as a user writes it.

    Args:
        value: text such as ``"10 ohm*um^2"``; a bare number where ``unit`` is ``""`` (dimensionless) only.
        unit: the SI unit wanted, ``"ohm*m^2"``.
    Raises:
        ValueError: no unit, a unit of another dimension, or not a number; the message says what would be right.

    >>> f"{parse('10 ohm*um^2', 'ohm*m^2'):.4g}"
    '1e-11'
    >>> parse(0.05, "")
    0.05
    >>> parse("5 %", "")
    0.05
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError(f"not a quantity; write a number and a unit, such as {_example(unit)}")
    try:
        number = float(value)
    except ValueError:
        number = _si(str(value), unit or "dimensionless")
    except OverflowError:
        number = math.inf
    else:
        if unit:
            raise ValueError(f"has no unit; write {_dimension(unit)}, such as {_example(unit)}")
    if not math.isfinite(number):
        raise ValueError("not a finite number")
    return number


def _dimension(unit: str) -> str:
    return f"a quantity in {unit}" if unit != "dimensionless" else "a plain number"


def _example(unit: str) -> str:
    examples = {
        "m": '"45 nm"',
        "ohm*m^2": '"10 ohm*um^2"',
        "A": '"120 uA"',
        "s": '"1 ns"',
        "F": '"0.1 fF"',
        "1/K": '"1e-3 K^-1"',
    }
    return examples.get(unit, f'"1 {unit}"' if unit not in ("", "dimensionless") else "0.1")
