"""What stands behind a table: the decks of its rows, and the waveforms of those that are transients."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from threading import Lock, get_ident
from typing import Any, TypeVar

from spintronics.characterize.device_table import Entry
from spintronics.characterize.operations import COMPLEMENTS
from spintronics.ngspice import NgspiceError, Simulator, Waves, title_of
from spintronics.report.results import DECKS, WAVEFORMS, Deck
from spintronics.report.rows import Row

T = TypeVar("T")
R = TypeVar("R")
Place = tuple[int, ...]
_SAME_DECISION = {complement: operation.value for operation, complement in COMPLEMENTS.items()}


@dataclass(frozen=True)
class KeptDeck:
    """One deck, of those of a title that were run for one purpose.

    Attributes:
        purpose: what it was run for.
        title: of the deck; decks of one title differ in what is drawn or searched for.
        text: the first of them.
        waves: its result as a Parquet file, where it is a transient that came to its end; empty elsewhere.
        runs: how many there were.
    """

    purpose: str
    title: str
    text: str
    waves: bytes = field(default=b"", repr=False)
    runs: int = 1

    @property
    def indexed(self) -> Deck:
        """Names of its files from the run's folder, as the index has them.

        >>> KeptDeck("ss 0.9 VDD", "AND of 01", "").indexed.file
        'decks/ss_0.9_VDD_AND_01.cir'
        """
        words = f"{self.purpose} {self.title}".replace(" of ", " ").strip()
        stem = re.sub(r"[^\w.+-]+", "_", words).strip("_")
        waveforms = f"{WAVEFORMS}/{stem}.parquet" if self.waves else ""
        return Deck(f"{DECKS}/{stem}.cir", self.title, self.runs, waveforms)

    @property
    def files(self) -> dict[str, bytes]:
        """Its files by name: the deck's, and the waveforms' where there are any."""
        names = self.indexed
        return {names.file: self.text.encode(), **({names.waveforms: self.waves} if self.waves else {})}


@dataclass
class _Turn:
    """Numbers the decks of one thread; those that an executor runs while it waits share a number."""

    thread: int = field(default_factory=get_ident)
    number: int = 0

    def next(self) -> int:
        self.number += get_ident() == self.thread
        return self.number


@dataclass(frozen=True)
class DeckKeeper(Simulator):
    """Another simulator that keeps the first deck of each title and purpose, with its waveforms.

    Which one is first does not depend on which thread is faster: in a map it is the first item's.  Of decks that an
    executor solves in any order (chunks of trials) it is the first by the alphabet.

    Args:
        inner: who runs the decks.
        purpose: what they are run for.
        naming: purpose of each item of a map that is started without one.
    """

    inner: Simulator = field(default_factory=Simulator)
    purpose: str = ""
    naming: Callable[[Any], str] | None = None
    _place: Place = ()
    _turn: _Turn = field(default_factory=_Turn, compare=False)
    _kept: dict[tuple[str, str], tuple[Place, KeptDeck]] = field(default_factory=dict, compare=False)
    _lock: Any = field(default_factory=Lock, compare=False)

    @classmethod
    def of(cls, inner: Simulator, naming: Callable[[Any], str] | None = None) -> "DeckKeeper":
        """Keeps what a simulator runs."""
        return cls(inner.installation, inner.timeout, inner.failed, inner.memory, inner, naming=naming)

    def about(self, purpose: str) -> "DeckKeeper":
        """The same for one purpose."""
        return replace(self, purpose=purpose)

    def run(self, deck: str) -> Waves:
        """As the other one's; a deck that fails is kept too, without waveforms."""
        place = self._next_place
        inner = replace(self.inner, timeout=self.timeout, failed=self.failed, memory=self.memory)
        try:
            waves = inner.run(deck)
        except NgspiceError:
            self._take(place, deck, None)
            raise
        self._take(place, deck, waves)
        return waves

    def keep(self, deck: str, runs: int = 1) -> None:
        """A deck that stands for so many of its title, run elsewhere."""
        self._take(self._next_place, deck, None, runs)

    def map(
        self,
        task: Callable[[Simulator, T], R],
        items: Iterable[T],
        workers: int,
        done: Callable[[T], None] = lambda _: None,
    ) -> list[R]:
        """As the other one's, each item's decks in its place."""
        here = self._next_place

        def kept(_: Simulator, numbered: tuple[int, T]) -> R:
            number, item = numbered
            purpose = self.naming(item) if self.naming and not self.purpose else self.purpose
            return task(replace(self, purpose=purpose, _place=(*here, number), _turn=_Turn()), item)

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

    @property
    def _next_place(self) -> Place:
        return (*self._place, self._turn.next())

    def _take(self, place: Place, deck: str, waves: Waves | None, runs: int = 1) -> None:
        key = (self.purpose, title_of(deck))
        with self._lock:
            first, kept = self._kept.get(key, (place, None))
            before = kept.runs if kept else 0
            if kept is None or (place, deck) < (first, kept.text):
                # Packed at once: of the hundreds of transients that a run keeps, none stays in memory as it was read.
                packed = _packed(waves) if waves and waves.axis == "time" else b""
                first, kept = place, KeptDeck(*key, deck, packed)
            self._kept[key] = first, replace(kept, runs=before + runs)


def of_device(rows: Iterable[Row], keeper: DeckKeeper) -> list[list[KeptDeck]]:
    """Decks behind the table ``device``: those of the bit's writes where ngspice found the figure."""
    return [
        keeper.decks(None, str(row["quantity"]).partition(":")[0]) if str(row["how"]).startswith("ngspice") else []
        for row in rows
    ]


def of_operations(rows: Iterable[Row], keeper: DeckKeeper) -> list[list[KeptDeck]]:
    """Decks behind rows with ``operation`` and ``inputs``; NAND is the other output of AND's latch, NOR of OR's."""
    return [_of_operation(str(row["operation"]), str(row["inputs"]), keeper) for row in rows]


def of_entries(entries: Iterable[Entry], keeper: DeckKeeper) -> list[list[KeptDeck]]:
    """Decks behind entries of the device table; a block has none of its own, it is composed of gates."""

    def behind(entry: Entry) -> list[KeptDeck]:
        match entry.group:
            case "logic":
                return keeper.decks(None, f"{entry.action},")
            case "row":
                return keeper.decks(None, entry.action.replace("select", "row path,"))
            case "write" | "operations":
                return _of_operation(entry.action, entry.case, keeper)
            case _:
                return []

    return [behind(entry) for entry in entries]


def _of_operation(operation: str, inputs: str, keeper: DeckKeeper) -> list[KeptDeck]:
    decided = _SAME_DECISION.get(operation, operation)
    return keeper.decks("", f"{decided} {inputs}" if decided == "write" else f"{decided} of {inputs}")


def _packed(waves: Waves) -> bytes:
    """A Parquet file of the vectors as they are, with their units."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    fields = [pa.field(name, pa.float64(), metadata={"unit": _unit(name)}) for name in waves]
    table = pa.table([pa.array(values) for values in waves.values()], schema=pa.schema(fields))
    with pa.BufferOutputStream() as stream:
        # Neighbouring values share their first bytes: split, they take a fifth less, and none is rounded.
        pq.write_table(
            table,
            stream,
            compression="zstd",
            column_encoding="BYTE_STREAM_SPLIT",
            use_dictionary=False,
            write_statistics=False,
        )
        return bytes(stream.getvalue())


def _unit(vector: str) -> str:
    """SI unit of ngspice's vector by its name; empty for a device's own quantities."""
    return "s" if vector == "time" else {"v(": "V", "i(": "A"}.get(vector[:2], "")
