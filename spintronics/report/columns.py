"""What a column's name says: its words, its unit, and whether it holds numbers."""

UNITS = {name: name for name in ("fJ", "pJ", "ns", "ms", "mV", "nW", "MiB", "ps", "mm", "mW", "V", "A")} | {
    "uJ": "µJ",
    "uW": "µW",
    "uA": "µA",
    "um2": "µm²",
    "mm2": "mm²",
    "ohm": "Ω",
    "C": "°C",
}
"""Units by the ending of a column's name."""
COUNTS = frozenset({"fan_in", "trials", "failures", "w_bits", "i_bits", "point"})
"""Columns without a unit that hold numbers and are counted with."""


def heading(column: str) -> tuple[str, str]:
    """Words and unit of a column's name.

    >>> heading("nominal_margin_mV"), heading("fan_in")
    (('nominal margin', 'mV'), ('fan in', ''))
    """
    words, _, last = column.rpartition("_")
    return (words.replace("_", " "), UNITS[last]) if words and last in UNITS else (column.replace("_", " "), "")


def holds_numbers(column: str) -> bool:
    """Whether every cell that is filled must be a number.

    >>> holds_numbers("energy_fJ"), holds_numbers("fan_in"), holds_numbers("inputs")
    (True, True, False)
    """
    return column in COUNTS or bool(heading(column)[1])
