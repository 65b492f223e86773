"""A results folder, read again: its manifest and its tables."""

import csv
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from html import escape
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spintronics.errors import InputError
from spintronics.report.columns import holds_numbers
from spintronics.report.files import reading
from spintronics.report.rows import Row
from spintronics.report.table import Table

if TYPE_CHECKING:
    from spintronics.report.plots import Drawing

DECKS = "decks"
"""Folder of the decks."""
WAVEFORMS = "waveforms"
"""Folder of the transients' vectors."""
DECK_INDEX = f"{DECKS}/index.json"
"""Decks of each table: a list for each of its rows, of :class:`Deck`'s attributes."""
SPARED = (f"{WAVEFORMS}/", "points/", "report.html")
"""What a page is written without: waveforms may be removed, a sweep's points have manifests of their own."""
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?")  # "01" is two stored bits


@dataclass(frozen=True)
class Deck:
    """A deck behind a row of a table.

    Attributes:
        file: its name from the run's folder.
        title: of the deck.
        runs: how many decks of that title were run for the row; this is the first.
        waveforms: name of its vectors' file; empty where there is none.
    """

    file: str
    title: str
    runs: int
    waveforms: str


@dataclass(frozen=True, repr=False)
class Results:
    """What a run left in its folder; shows itself in a notebook.

    Attributes:
        folder: of the run.
        manifest: ``manifest.json``: inputs, versions, names of all files.
    """

    folder: Path
    manifest: Mapping[str, Any]

    @classmethod
    def load(cls, folder: str | Path) -> "Results":
        """Results of a run of this version.

        Raises:
            InputError: no manifest there, one that cannot be read or is none, or results of another version.
        """
        folder = Path(folder)
        path = folder / "manifest.json"
        with reading(path):
            try:
                manifest = json.loads(path.read_text(encoding="utf-8"))
            except (FileNotFoundError, NotADirectoryError):
                raise InputError(
                    f"results folder {folder}: no manifest.json; give a folder that spintronics run wrote"
                ) from None
        try:
            theirs, outputs = manifest["versions"]["spintronics-imce"], [Path(name) for name in manifest["outputs"]]
        except (TypeError, KeyError):
            raise InputError(f"{path}: not the manifest of a run; give a folder that spintronics run wrote") from None
        if any(name.is_absolute() or ".." in name.parts for name in outputs):
            raise InputError(f"{path}: names files outside its folder; give a folder that spintronics run wrote")
        ours = version("spintronics-imce")
        if theirs != ours:
            raise InputError(
                f"results folder {folder}: made by spintronics {theirs}, this is {ours}: run the pipeline again, "
                "or use that version"
            )
        return cls(folder, manifest)

    @property
    def experiment(self) -> str:
        """Which experiment it was."""
        return str(self.manifest.get("pipeline", {}).get("experiment", "unknown"))

    @property
    def name(self) -> str:
        """What the run is called."""
        return str(self.manifest.get("pipeline", {}).get("name", self.folder.name))

    def require_whole(self) -> None:
        """Refuse a complete run of which files are gone; a page is written without waveforms.

        Raises:
            InputError: files that the manifest names are not there.
        """
        if self.manifest.get("status") != "complete":
            return  # it says itself how far it came
        needed = [name for name in dict.fromkeys(self.manifest["outputs"]) if not name.startswith(SPARED)]
        gone = [name for name in needed if not (self.folder / name).is_file()]
        if gone:
            raise InputError(
                f"results folder {self.folder}: {gone[0]} is missing, {len(gone)} of {len(needed)} files that "
                "manifest.json names; run the pipeline again"
            )

    def files(self, folder: str, suffix: str) -> list[str]:
        """Names of the run's files below one of its folders, in the order in which they were written."""
        names = dict.fromkeys(self.manifest["outputs"])
        return [n for n in names if n.startswith(f"{folder}/") and n.endswith(suffix) and (self.folder / n).is_file()]

    @property
    def table_names(self) -> list[str]:
        """Names of the tables that are there."""
        return [Path(name).stem for name in self.files("tables", ".csv")]

    def wrote(self, table: str) -> bool:
        """Whether the run wrote a table, be it there or not."""
        return f"tables/{table}.csv" in self.manifest["outputs"]

    def table_path(self, name: str) -> Path:
        """Where a table's rows lie."""
        return self.folder / "tables" / f"{name}.csv"

    def table(self, name: str) -> Table:
        """A table; a column is of numbers where each of its cells is one or empty.

        Raises:
            InputError: no such table; the message offers those nearest in name. Or its file is missing or damaged: not
                text, a row that is not as long as the header, words where there must be numbers.
        """
        if not self.wrote(name):
            known = self.table_names
            near = get_close_matches(name, known, n=3, cutoff=0.7)
            hint = f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join(known) or 'none'}"
            raise InputError(f"results folder {self.folder}: no table {name!r}; {hint}")
        with reading(self.table_path(name)):
            return Table(_rows(self.table_path(name)))

    @cached_property
    def _decks(self) -> Mapping[str, Sequence[Sequence[Deck]]]:
        path = self.folder / DECK_INDEX
        if DECK_INDEX not in self.manifest["outputs"] or not path.exists():
            return {}
        with reading(path):
            found = json.loads(path.read_text(encoding="utf-8"))
            return {table: [[Deck(**named) for named in row] for row in rows] for table, rows in found.items()}

    def decks(self, table: str, row: int) -> list[Deck]:
        """Decks behind a row of a table, of those whose files are there."""
        rows = self._decks.get(table, ())
        return [
            deck if (self.folder / deck.waveforms).is_file() else replace(deck, waveforms="")
            for deck in (rows[row] if row < len(rows) else ())
            if (self.folder / deck.file).is_file()
        ]

    def tables(self) -> dict[str, Sequence[Row]]:
        """All tables by name."""
        return {name: self.table(name) for name in self.table_names}

    def plot(
        self, name: str, operation: str | None = None, fan_in: int | None = None, style: str = "screen"
    ) -> "Drawing":
        """What ``spintronics plot NAME`` draws: :func:`spintronics.report.plots.draw`."""
        from spintronics.report.plots import draw

        return draw(self, name, operation, fan_in, style)

    @property
    def _technology(self) -> str:
        return str(self.manifest.get("technology", {}).get("name", "none"))

    def __repr__(self) -> str:
        about = f"{self.experiment}, technology {self._technology}, {len(self.table_names)} tables"
        return f"Results({str(self.folder)!r}: {about})"

    def _repr_html_(self) -> str:
        words = {"experiment": self.experiment, "technology": self._technology, "tables": ", ".join(self.table_names)}
        rows = "".join(f"<tr><th>{key}</th><td>{escape(value)}</td></tr>" for key, value in words.items())
        return f"<table><caption>{escape(str(self.folder))}</caption><tbody>{rows}</tbody></table>"


def device_table_at(source: Path) -> Path:
    """Where a device table lies: the file itself, or that of a run of this version.

    Raises:
        InputError: no such file, or a folder that is not such a run's.
    """
    path = Results.load(source).folder / "device_table.toml" if source.is_dir() else source
    if not path.is_file():
        raise InputError(f"device table {path}: no such file: run spintronics characterize first, or give --from")
    return path


def _rows(path: Path) -> list[Row]:
    """Rows of a csv file; ValueError where they are not those of a table."""
    with path.open(newline="", encoding="utf-8") as file:
        columns, *lines = filter(None, csv.reader(file))
    for number, line in enumerate(lines, start=1):
        if len(line) != len(columns):
            raise ValueError(f"row {number} has {len(line)} cells, the header {len(columns)}")
    cells = [dict(zip(columns, line, strict=True)) for line in lines]
    numeric = {c for c in columns if all(_NUMBER.fullmatch(of_row[c]) for of_row in cells if of_row[c])}
    for column in (c for c in columns if c not in numeric and holds_numbers(c)):
        for number, of_row in enumerate(cells, start=1):
            if of_row[column] and not _is_number(of_row[column]):
                raise ValueError(f"row {number}: {column} = {of_row[column]!r}: must be a number")
    return [{c: _value(of_row[c], c in numeric) for c in columns} for of_row in cells]


def _is_number(cell: str) -> bool:
    """A number, or a list of them as a sweep's values may be, ``[2, 3]``."""
    try:
        for part in cell.removeprefix("[").removesuffix("]").split(","):
            float(part)
    except ValueError:
        return False
    return True


def _value(cell: str, numeric: bool) -> str | int | float | None:
    if cell == "":
        return None
    if not numeric:
        return cell
    found = _NUMBER.fullmatch(cell)
    return float(cell) if found and any(found.groups()) else int(cell)
