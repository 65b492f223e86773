"""One run of a pipeline into one folder: claimed, cleared, its files whole, its manifest true."""

import fcntl
import json
import os
import platform
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from spintronics import cards as model_cards
from spintronics.characterize.device_table import OK, Entry, OperationFailed
from spintronics.circuits.compiled import with_compiled_devices
from spintronics.circuits.library import netlists_digest
from spintronics.errors import InputError, SpintronicsError
from spintronics.montecarlo.workers import dask_workers
from spintronics.ngspice import NgspiceError, Simulator, has_osdi
from spintronics.pipeline.cache import CachedSimulator
from spintronics.pipeline.definition import Pipeline
from spintronics.pipeline.evidence import KeptDeck
from spintronics.report.files import make_folder, whole_file, write_whole
from spintronics.report.html import write_page
from spintronics.report.results import DECK_INDEX, Results
from spintronics.report.rows import Row, as_csv, as_markdown, slides
from spintronics.technology import Technology

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TRIALS = "trials"  # folder of the trial stores
Advance = Callable[[int], None]
Progress = Callable[[str, int], Advance]
"""``progress(stage, total)`` gives a function to call with each amount done."""


def _outputs_of(manifest: Path) -> list[str]:
    """What an earlier run wrote, from its manifest; nothing outside its folder."""
    try:
        outputs = json.loads(manifest.read_text(encoding="utf-8"))["outputs"]
        if all(not Path(name).is_absolute() and ".." not in Path(name).parts for name in outputs):
            return list(outputs)
    except (ValueError, TypeError, KeyError):
        pass
    raise InputError(f"{manifest}: not the manifest of a run; move it away or choose another folder with --out")


class PartsFailed(SpintronicsError):
    """Operations failed, and what rests on them was left out; everything else of the run is there.

    Attributes:
        tables: those that were written, by name.
    """

    def __init__(self, message: str, written: Mapping[str, Sequence[Row]]) -> None:
        super().__init__(message)
        self.tables = written


@dataclass
class Run(ABC):
    """One run of a pipeline into one folder.

    The manifest is written first, with status ``running``, and last, with ``complete`` or ``failed``; every other
    file appears whole or not at all.  Files that an earlier run left in the folder, by its manifest, are removed
    first, so that what lies there belongs together.

    Args:
        folder: results folder, made where missing.
        workers: ngspice processes at once.
        progress: called once per long stage.
        overrides: recorded in the manifest.
        resume: keep the trials that an earlier run in this folder has finished, and solve the others.
        scheduler: address of a Dask scheduler whose workers solve the trials; None for this machine.
        cache: folder with results of decks, to be used and added to; None for none.

    Attributes:
        table_names: of those that such a run may write.
    """

    keeps_trials: ClassVar[bool] = False
    table_names: ClassVar[frozenset[str]] = frozenset()

    pipeline: Pipeline
    technology: Technology
    folder: Path
    workers: int
    progress: Progress
    overrides: Mapping[str, str] = field(default_factory=dict)
    resume: bool = False
    scheduler: str | None = None
    cache: Path | None = None

    def __post_init__(self) -> None:
        self._seconds: dict[str, float] = {}
        self._outputs: list[str] = []
        self._figures: dict[str, Callable[[], Figure]] = {}
        self._tables: dict[str, Sequence[Row]] = {}
        self._decks: Counter[str] = Counter()
        self._deck_index: dict[str, list[list[dict[str, Any]]]] = {}
        self._failed: dict[str, str] = {}
        self._left_out: dict[str, str] = {}
        self._started = time.time()

    @abstractmethod
    def _prepare(self) -> None:
        """Look at every input before anything is run."""

    @abstractmethod
    def _stages(self) -> None:
        """Run the experiment's stages; tables and trials are written as they come, figures kept for the end."""

    def execute(self) -> dict[str, Sequence[Row]]:
        """Run every stage; the tables by name, none where a run to resume is complete and unchanged.

        Raises:
            PartsFailed: operations failed; everything that does not rest on them is written.
            SpintronicsError, OSError: the failure that stopped the run.
                With either the manifest says ``failed`` and why.
        """
        if self.workers < 1:
            raise InputError(f"workers = {self.workers}: must be at least 1")
        self._cards = model_cards.locate(self.technology)
        self._prepare()
        failed = self.folder / "failed"
        if self.cache:
            self._simulator: Simulator = CachedSimulator(failed=failed, cache=self.cache, count=self._decks)
        else:
            self._simulator = Simulator(failed=failed)
        osdi = has_osdi(self._simulator.installation)
        self._cards, self._devices = with_compiled_devices(self.technology, self._cards, osdi)
        for option, given in (("--resume", self.resume), ("--scheduler", self.scheduler)):
            if given and not self.keeps_trials:
                raise InputError(
                    f"{option}: experiment {self.pipeline.experiment} has no stored trials; run it without"
                )
        if self.scheduler:
            with dask_workers(self.scheduler):
                """It answers: known before anything is run."""
        with self._claim_folder():
            if self.resume:
                Results.load(self.folder)  # another version's is refused, as everywhere
                if self._is_complete():
                    return {}
            self._clear_folder()
            try:
                self._write_manifest("running")
                self._stages()
                with self._stage("figures"):
                    for name, draw in self._figures.items():
                        self._figure(name, draw())
                with self._stage("report"):
                    self._report()
                if self._problem:
                    raise PartsFailed(self._problem, self._tables)
            except BaseException as error:
                kept = (path for suffix in ("cir", "log") for path in (self.folder / "failed").glob(f"*.{suffix}"))
                self._outputs += sorted(path.relative_to(self.folder).as_posix() for path in kept)
                with suppress(OSError):  # the first error tells more than a manifest that a full disk has no room for
                    self._write_manifest("failed", str(error) or type(error).__name__)
                raise
            self._write_manifest("complete")
        return self._tables

    @property
    def outputs(self) -> tuple[str, ...]:
        """Files written so far, from the folder."""
        return tuple(self._outputs)

    @property
    def decks(self) -> tuple[int, int]:
        """How many decks ngspice has run, and how many results came from the cache; none counted without one."""
        return self._decks["run"], self._decks["reused"]

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self._seconds[name] = round(time.perf_counter() - start, 3)

    @contextmanager
    def _part(self, name: str) -> Iterator[None]:
        """Something that the other parts do not need: where an operation that it rests on failed, it is left out."""
        try:
            yield
        except (OperationFailed, NgspiceError) as error:
            self._left_out[name] = str(error)

    def _take_failures(self, entries: Iterable[Entry]) -> None:
        """Note the entries that failed, with their reasons."""
        self._failed |= {entry.name: entry.status for entry in entries if entry.status != OK}

    @property
    def _problem(self) -> str:
        """What failed first and why, how much else, and what was left out; empty where nothing failed."""
        first = next(iter((self._failed | self._left_out).items()), None)
        if first is None:
            return ""
        more = f"; {len(self._failed) - 1} more failed" if len(self._failed) > 1 else ""
        left_out = f"; left out: {', '.join(self._left_out)}" if self._left_out else ""
        return f"{first[0]}: {first[1]}{more}{left_out}; everything else is in {self.folder}"

    @contextmanager
    def _claim_folder(self) -> Iterator[None]:
        """The folder for this run alone.

        Raises:
            InputError: it cannot be written, another run is writing there, or there is nothing to resume.
        """
        if self.resume and not self._manifest.exists():
            raise InputError(f"output folder {self.folder}: no run to resume there; run it without --resume")
        make_folder(self.folder)
        try:
            lock = os.open(self.folder, os.O_RDONLY)
        except OSError as error:
            raise InputError(f"output folder {self.folder}: cannot be read: {error.strerror}") from None
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the system lets go of it when the run dies
            except OSError:
                raise InputError(
                    f"output folder {self.folder}: another run is writing there; wait for it or give another with --out"
                ) from None
            yield
        finally:
            os.close(lock)

    def _clear_folder(self) -> None:
        """Without what an earlier run left there; its trials stay where they are to be resumed.

        Raises:
            InputError: its manifest is not of a run.
        """
        names = _outputs_of(self._manifest) if self._manifest.exists() else []
        for name in names:
            if not (self.resume and name.startswith(f"{TRIALS}/")):
                (self.folder / name).unlink(missing_ok=True)
        for folder in {(self.folder / name).parent for name in names} - {self.folder}:
            for aside in folder.glob(".*.*"):  # what a killed run was writing
                aside.unlink()

    def _is_complete(self) -> bool:
        """Whether the run that lies there is this one, and has come to its end."""
        found = json.loads(self._manifest.read_text(encoding="utf-8")) if _outputs_of(self._manifest) else {}
        ours = json.loads(json.dumps(self._what()))
        whole = all((self.folder / name).exists() for name in found.get("outputs", ()))
        return found.get("status") == "complete" and whole and all(found.get(key) == ours[key] for key in ours)

    @property
    def _manifest(self) -> Path:
        return self.folder / "manifest.json"

    def _table(self, name: str, rows: Sequence[Row]) -> None:
        self._tables[name] = rows
        write_whole(self._output(f"tables/{name}.csv"), as_csv(rows))
        write_whole(self._output(f"tables/{name}.md"), as_markdown(rows))

    def _keep_decks(self, table: str, decks: Iterable[Sequence[KeptDeck]]) -> None:
        """Decks behind a table, for each of its rows, with their waveforms; several tables may share them."""
        of_rows = list(decks)
        files = {name: content for row in of_rows for deck in row for name, content in deck.files.items()}
        self._deck_index[table] = [[asdict(deck.indexed) for deck in row] for row in of_rows]
        new = [name for name in (*files, DECK_INDEX) if name not in self._outputs]
        self._outputs_to_come(new)
        files[DECK_INDEX] = json.dumps(self._deck_index, ensure_ascii=False).encode()
        for name in dict.fromkeys((*new, DECK_INDEX)):
            with whole_file(self.folder / name) as aside:
                aside.write_bytes(files[name])

    def _figure(self, name: str, figure: "Figure") -> None:
        import matplotlib as mpl

        from spintronics.report.figures import STYLE, settle

        with mpl.rc_context(STYLE):
            settle(figure)
        for suffix, options in (("svg", {"metadata": {"Date": None}}), ("png", {"dpi": 160})):
            with whole_file(self._output(f"figures/{name}.{suffix}")) as aside, mpl.rc_context(STYLE):
                figure.savefig(aside, **options)

    def _report(self) -> None:
        """The page of a finished run: nothing but the last manifest comes after it."""
        path = self._output("report.html")
        found = Results.load(self.folder)
        last = {"status": "failed", "reason": self._problem} if self._problem else {"status": "complete"}
        write_page(replace(found, manifest={**found.manifest, **last}), path)

    def _outputs_to_come(self, names: Iterable[str]) -> None:
        """Files that will be written one by one: the manifest knows of them before."""
        self._outputs += names
        self._write_manifest("running")

    def _output(self, name: str) -> Path:
        self._outputs.append(name)
        self._write_manifest("running")  # before the file itself: whatever stops the run, the manifest knows of it
        return self.folder / name

    def _what(self) -> dict[str, object]:
        """What the results depend on, as the manifest has it."""
        packages = ("spintronics-imce", "PySpice", "numpy", "scipy", "matplotlib", "pyarrow", "pydantic")
        return {
            "pipeline": self.pipeline.model_dump(mode="json"),
            "technology": self.technology.model_dump(mode="json"),
            "technology_sources": self.technology.sources,
            "technology_sha256": self.technology.digest(),
            "junction_models": self._devices,
            "cards": {"files": [p.name for p in self._cards.files], "sha256": self._cards.digest()},
            "netlists_sha256": netlists_digest(self.technology),
            "slides_sha256": sha256(json.dumps(slides(), sort_keys=True).encode()).hexdigest(),
            "versions": {
                "python": platform.python_version(),
                "ngspice": self._simulator.installation.version,
                **{name: version(name) for name in packages},
            },
        }

    def _write_manifest(self, status: str, reason: str | None = None) -> None:
        document = {
            "status": status,
            **({"reason": reason} if reason else {}),
            **({"failed": self._failed} if self._failed else {}),
            **({"left_out": self._left_out} if self._left_out else {}),
            **self._what(),
            "overrides": dict(self.overrides),
            "machine": {"system": f"{platform.system()} {platform.machine()}", "cores": os.cpu_count()},
            "workers": self.workers,
            **({"scheduler": self.scheduler} if self.scheduler else {}),
            "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._started)),
            "seconds": {**self._seconds, "total": round(time.time() - self._started, 3)},
            "outputs": self._outputs,
        }
        write_whole(self._manifest, json.dumps(document, indent=2, ensure_ascii=False) + "\n")
