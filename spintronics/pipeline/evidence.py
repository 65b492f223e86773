"""What stands behind a table: the decks of its rows; of operations the waveforms too."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from spintronics.characterize.device_table import Entry
from spintronics.characterize.operations import OperationResult
from spintronics.ngspice import Simulator, Waves
from spintronics.report.files import whole_file, write_whole
from spintronics.report.results import DECKS
from spintronics.report.tables import Row

WAVEFORMS = "waveforms"
T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class RecordingSimulator(Simulator):
    """Another simulator that keeps which deck each result is of.

    Args:
        inner: who runs the decks.
    """

    inner: Simulator = field(default_factory=Simulator)
    _decks: dict[int, tuple[Waves, str]] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, inner: Simulator) -> "RecordingSimulator":
        """Records what a simulator runs."""
        return cls(inner.installation, inner.timeout, inner.failed, inner.memory, inner)

    def run(self, deck: str) -> Waves:
        """As the other one's."""
        waves = self.inner.run(deck)
        self._decks[id(waves)] = (waves, deck)  # the result is kept too: its id is not given to another
        return waves

    def deck_of(self, waves: Waves) -> str | None:
        """The deck that a result is of; None where it was not run here."""
        return self._decks.get(id(waves), (waves, None))[1]


@dataclass(frozen=True)
class KeptDeck:
    """One deck, of those of a title that were run for one purpose.

    Attributes:
        purpose: what it was run for.
        title: of the deck; decks of one title differ in what is drawn or searched for.
        text: the first of them.
        runs: how many there were.
    """

    purpose: str
    title: str
    text: str
    runs: int = 1

    @property
    def name(self) -> str:
        """Of its file, from the run's folder.

        >>> KeptDeck("ss 0.9 VDD", "AND of 01", "").name
        'decks/ss_0.9_VDD_AND_of_01.cir'
        """
        words = re.sub(r"[^\w.+-]+", "_", f"{self.purpose} {self.title}".strip()).strip("_")
        return f"{DECKS}/{words}.cir"


@dataclass(frozen=True)
class DeckKeeper(Simulator):
    """Another simulator that keeps a deck of each title and purpose.

    Which one does not depend on which thread is faster: that of a map's first item.

    Args:
        inner: who runs the decks.
        purpose: what they are run for.
        naming: purpose of each item of a map that is started without one.
    """

    inner: Simulator = field(default_factory=Simulator)
    purpose: str = ""
    naming: Callable[[Any], str] | None = None
    _place: int = 0
    _kept: dict[tuple[str, str], tuple[int, KeptDeck]] = field(default_factory=dict, compare=False)
    _lock: Any = field(default_factory=Lock, compare=False)

    @classmethod
    def of(cls, inner: Simulator, naming: Callable[[Any], str] | None = None) -> "DeckKeeper":
        """Keeps what a simulator runs."""
        return cls(inner.installation, inner.timeout, inner.failed, inner.memory, inner, naming=naming)

    def about(self, purpose: str) -> "DeckKeeper":
        """The same for one purpose."""
        return replace(self, purpose=purpose)

    def run(self, deck: str) -> Waves:
        """As the other one's."""
        self.keep(deck)
        return replace(self.inner, timeout=self.timeout, failed=self.failed, memory=self.memory).run(deck)

    def keep(self, deck: str, runs: int = 1) -> None:
        """A deck that stands for so many of its title."""
        title = deck.partition("\n")[0].removeprefix(".title").lstrip("* ").strip()
        with self._lock:
            place, kept = self._kept.get((self.purpose, title), (self._place, KeptDeck(self.purpose, title, deck, 0)))
            text = min((place, kept.text), (self._place, deck))
            self._kept[self.purpose, title] = text[0], KeptDeck(self.purpose, title, text[1], kept.runs + runs)

    def map(
        self,
        task: Callable[[Simulator, T], R],
        items: Iterable[T],
        workers: int,
        done: Callable[[T], None] = lambda _: None,
    ) -> list[R]:
        """As the other one's, each item's decks in its place."""

        def kept(_: Simulator, numbered: tuple[int, T]) -> R:
            place, item = numbered
            purpose = self.naming(item) if self.naming and not self.purpose else self.purpose
            return task(replace(self, purpose=purpose, _place=place), item)

        return super().map(kept, enumerate(items), workers, lambda numbered: done(numbered[1]))

    def decks(self, purpose: str | None = None, *titles: str) -> list[KeptDeck]:
        """Kept decks, by purpose and title.

        Args:
            purpose: theirs; any where it is None.
            titles: what their titles start with; any where there are none.
        """
        return [
            kept
            for _, (_, kept) in sorted(self._kept.items())
            if purpose in (None, kept.purpose) and (not titles or kept.title.startswith(titles))
        ]


def of_device(rows: Iterable[Row], keeper: DeckKeeper) -> list[list[KeptDeck]]:
    """Decks behind the table ``device``: those of the bit's writes where ngspice found the figure."""
    return [
        keeper.decks(None, str(row["quantity"]).partition(":")[0]) if str(row["how"]).startswith("ngspice") else []
        for row in rows
    ]


def of_logic(entries: Iterable[Entry], keeper: DeckKeeper) -> list[list[KeptDeck]]:
    """Decks behind entries of gates and the row path; a block is composed of gates, an operation has its own files."""
    titles = {"logic": "{},", "row": "{}"}
    return [
        keeper.decks(None, titles[entry.group].format(entry.action.replace("select", "row path,")))
        if entry.group in titles
        else []
        for entry in entries
    ]


def write_evidence(
    output: Callable[[str], Path], recorder: RecordingSimulator, results: Iterable[OperationResult]
) -> None:
    """``decks/AND_01.cir`` and ``waveforms/AND_01.parquet`` of every transient that ran.

    Results of one transient, such as AND and NAND, have the files of the first of them.

    Args:
        output: path of an output of the run, by its name.
    """
    written = set()
    for result in results:
        deck = recorder.deck_of(result.waves)
        if deck is not None and id(result.waves) not in written:
            written.add(id(result.waves))
            name = f"{result.operation}_{result.inputs}"
            write_whole(output(f"{DECKS}/{name}.cir"), deck)
            _write_waves(output(f"{WAVEFORMS}/{name}.parquet"), result.waves)


def _write_waves(path: Path, waves: Waves) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    fields = [pa.field(name, pa.float64(), metadata={"unit": _unit(name)}) for name in waves]
    table = pa.table([pa.array(values) for values in waves.values()], schema=pa.schema(fields))
    with whole_file(path) as aside:
        pq.write_table(table, aside, compression="zstd", use_dictionary=False, write_statistics=False)


def _unit(vector: str) -> str:
    """SI unit of ngspice's vector by its name; empty for a device's own quantities."""
    return "s" if vector == "time" else {"v(": "V", "i(": "A"}.get(vector[:2], "")
