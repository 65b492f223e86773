"""A table that a keyboard asks and a notebook shows."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import overload

from spintronics.errors import InputError
from spintronics.report.columns import heading
from spintronics.report.rows import FORMATS, Row


class Table(Sequence[Row]):
    """Rows by number, columns by name; shows itself in a notebook.

    Args:
        rows: mappings from column to text, number or None; all of the same columns, units in the columns' names.

    >>> table = Table([{"operation": "AND", "margin_mV": 17.72}, {"operation": "OR", "margin_mV": None}])
    >>> table["margin_mV"], table[0]["operation"]
    ([17.72, None], 'AND')
    >>> print(table.to("csv"), end="")
    operation,margin_mV
    AND,17.72
    OR,
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = list(rows)

    @overload
    def __getitem__(self, key: int) -> Row: ...
    @overload
    def __getitem__(self, key: slice) -> "Table": ...
    @overload
    def __getitem__(self, key: str) -> list[str | int | float | None]: ...
    def __getitem__(self, key: int | slice | str) -> "Row | Table | list[str | int | float | None]":
        """A row, some rows, or a column.

        Raises:
            InputError: no such column; the message lists those there are.
        """
        if isinstance(key, slice):
            return Table(self._rows[key])
        if isinstance(key, int):
            return self._rows[key]
        if key not in self.columns:
            raise InputError(f"table: no column {key!r}; there are: {', '.join(self.columns)}")
        return [row[key] for row in self._rows]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return list(self._rows[0]) if self._rows else []

    def to(self, style: str) -> str:
        """The table as ``"text"``, ``"csv"``, ``"markdown"`` or ``"latex"``.

        Raises:
            InputError: no such style.
        """
        if style not in FORMATS:
            raise InputError(f"table style {style!r}: must be one of {', '.join(FORMATS)}")
        return FORMATS[style](self._rows)

    def __eq__(self, other: object) -> bool:
        """The same rows, whether the other is a table or a list."""
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return self.to("text") if self._rows else "Table([])"

    def _repr_html_(self) -> str:
        heads = (" ".join(filter(None, heading(column))) for column in self.columns)
        head = "".join(f"<th>{escape(words)}</th>" for words in heads)
        body = "".join(f"<tr>{''.join(map(_html_cell, row.values()))}</tr>" for row in self._rows)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _html_cell(value: str | int | float | None) -> str:
    if isinstance(value, float):
        return f"<td>{value:.4g}</td>" if value == value else "<td>–</td>"
    return "<td>–</td>" if value is None else f"<td>{escape(str(value))}</td>"
