"""A results folder, read again: its manifest and its tables."""

import csv
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

from spintronics.errors import InputError
from spintronics.report.rows import Row

DECKS = "decks"
"""Folder of the decks."""
WAVEFORMS = "waveforms"
"""Folder of the transients' vectors."""
DECK_INDEX = f"{DECKS}/index.json"
"""Decks of each table: a list for each of its rows, of :class:`Deck`'s attributes."""
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


@dataclass(frozen=True)
class Results:
    """What a run left in its folder.

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
            InputError: no manifest there, a file that is none, or results of another version.
        """
        folder = Path(folder)
        path = folder / "manifest.json"
        try:
            manifest = json.loads(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            raise InputError(
                f"results folder {folder}: no manifest.json; give a folder that spintronics run wrote"
            ) from None
        except (OSError, ValueError) as error:
            raise InputError(f"{path}: cannot be read: {error}") from None
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

    def files(self, folder: str, suffix: str) -> list[str]:
        """Names of the run's files below one of its folders, in the order in which they were written."""
        names = dict.fromkeys(self.manifest["outputs"])
        return [n for n in names if n.startswith(f"{folder}/") and n.endswith(suffix) and (self.folder / n).is_file()]

    @property
    def table_names(self) -> list[str]:
        """Names of the tables that are there."""
        return [Path(name).stem for name in self.files("tables", ".csv")]

    def table(self, name: str) -> list[Row]:
        """Rows of a table; a column is of numbers where each of its cells is one or empty.

        Raises:
            InputError: no such table; the message offers those nearest in name.
        """
        known = self.table_names
        if name not in known:
            near = get_close_matches(name, known, n=3, cutoff=0.7)
            hint = f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join(known) or 'none'}"
            raise InputError(f"results folder {self.folder}: no table {name!r}; {hint}")
        with (self.folder / "tables" / f"{name}.csv").open(newline="", encoding="utf-8") as file:
            lines = list(csv.DictReader(file))
        columns = list(lines[0]) if lines else []
        numeric = {c for c in columns if all(_NUMBER.fullmatch(line[c]) for line in lines if line[c])}
        return [{c: _value(line[c], c in numeric) for c in columns} for line in lines]

    @cached_property
    def _decks(self) -> Mapping[str, Any]:
        path = self.folder / DECK_INDEX
        try:
            found = json.loads(path.read_text(encoding="utf-8")) if DECK_INDEX in self.manifest["outputs"] else {}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise InputError(f"{path}: cannot be read: {error}") from None
        return found if isinstance(found, dict) else {}

    def decks(self, table: str, row: int) -> list[Deck]:
        """Decks behind a row of a table, of those whose files are there."""
        rows = self._decks.get(table, ())
        found = rows[row] if row < len(rows) else ()
        decks = (Deck(**named) for named in found)
        return [
            deck if (self.folder / deck.waveforms).is_file() else replace(deck, waveforms="")
            for deck in decks
            if (self.folder / deck.file).is_file()
        ]

    def tables(self) -> dict[str, Sequence[Row]]:
        """All tables by name."""
        return {name: self.table(name) for name in self.table_names}


def _value(cell: str, numeric: bool) -> str | int | float | None:
    if cell == "":
        return None
    if not numeric:
        return cell
    found = _NUMBER.fullmatch(cell)
    return float(cell) if found and any(found.groups()) else int(cell)
