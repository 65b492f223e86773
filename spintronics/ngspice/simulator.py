"""Runs decks in ngspice processes and reads what they found."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import numpy as np

from spintronics.errors import InputError
from spintronics.ngspice.errors import ConvergenceError, DeckError, DeckTimeout
from spintronics.ngspice.installation import Installation, find_ngspice
from spintronics.ngspice.rawfile import RawFileError, Waves, read_raw

ROOM = 1_000_000  # bytes of temporary space that a deck and its result may take
T = TypeVar("T")
R = TypeVar("R")

# ngspice warns and fails with the same exit status, so its words are read.  First match in its output wins.
_DIVERGED = re.compile(
    r"timestep too small|singular matrix|no convergence|gmin stepping failed|source stepping failed"
    r"|iteration limit reached|op.* simulation failed",
    re.IGNORECASE,
)
_FAILED = re.compile(
    r"error|fatal|too (?:few|many) parameters|unknown subckt|can't find|could not find|no such|undefined"
    r"|simulation\(s\) aborted",
    re.IGNORECASE,
)
# "Note: ... gmin stepping" and the like are progress, not failure, when the result is whole.
_HARMLESS = re.compile(r"^(note|warning|using sparse|doing analysis|reducing trtol)", re.IGNORECASE)


@dataclass(frozen=True)
class Simulator:
    """ngspice, run once per deck in a process of its own, one thread each.

    Args:
        installation: which ngspice; found on PATH by default.
        timeout: wall-clock limit of one deck, s; the process is killed past it.
        failed: folder that keeps the deck and the output of a run that failed; None keeps nothing.
        memory: limit of the process's address space, bytes; None for none.

    ngspice's OpenMP threads spin on small circuits and cost 10–100×, so every process gets one thread
    (OMP_THREAD_LIMIT=1) and parallelism comes from processes.

    >>> waves = Simulator().run("divider\\nv1 in 0 1\\nr1 in out 1k\\nr2 out 0 3k\\n.op\\n.end\\n")
    >>> round(float(waves["v(out)"][0]), 6)
    0.75
    """

    installation: Installation = field(default_factory=find_ngspice)
    timeout: float = 300.0
    failed: Path | None = None
    memory: int | None = None

    def run(self, deck: str) -> Waves:
        """Vectors of the deck's one analysis (.op, .dc or .tran).

        Raises:
            ConvergenceError, DeckTimeout, DeckError: with ngspice's own message.
        """
        title = title_of(deck)
        with tempfile.TemporaryDirectory(prefix="spintronics-") as folder:
            deck_path, raw_path = Path(folder, "deck.cir"), Path(folder, "deck.raw")
            try:
                deck_path.write_text(deck, encoding="utf-8")
            except OSError as error:
                where = tempfile.gettempdir()
                raise InputError(f"temporary folder {where}: {error.strerror}; set TMPDIR to another") from None
            try:
                process = subprocess.run(
                    [*self._limits, self.installation.path, "-n", "-b", "-r", raw_path, deck_path],
                    capture_output=True,
                    text=True,
                    errors="replace",
                    timeout=self.timeout,
                    cwd=folder,
                    env={**os.environ, "OMP_THREAD_LIMIT": "1", "LC_ALL": "C"},
                    check=False,
                    start_new_session=True,  # Ctrl-C is for the run: decks in flight end, and are not failures
                )
            except subprocess.TimeoutExpired as late:
                # Bytes, whatever text= says.
                said = b"\n".join(part for part in (late.stderr, late.stdout) if isinstance(part, bytes))
                kept = self._keep(deck, said.decode("utf-8", "replace"))
                raise DeckTimeout(title, f"not finished after {self.timeout:g} s", kept) from None
            output = process.stderr + "\n" + process.stdout
            try:
                waves = read_raw(raw_path)
            except FileNotFoundError:
                raise self._failure(title, deck, output, "wrote no result; is there an analysis line?") from None
            except RawFileError as error:
                free = shutil.disk_usage(folder).free
                full = f"; only {free} bytes are free in the temporary folder {tempfile.gettempdir()}"
                unsaid = f"{error}{full if free < ROOM else ''}"
                raise self._failure(title, deck, output, unsaid) from None
        aborted = "aborted" in output or "imestep too small" in output
        not_finite = [name for name, values in waves.items() if not np.isfinite(values).all()]
        if aborted or not_finite or process.returncode != 0:
            unsaid = f"values that are not finite in {', '.join(not_finite)}" if not_finite else "ended early"
            raise self._failure(title, deck, output, f"{unsaid}, exit status {process.returncode}")
        return waves

    @property
    def _limits(self) -> tuple[str, ...]:
        """Command that limits itself and becomes the one that follows; safe where threads start processes."""
        return ("/bin/sh", "-c", f'ulimit -v {self.memory // 1024}; exec "$@"', "sh") if self.memory else ()

    def map(
        self,
        task: Callable[["Simulator", T], R],
        items: Iterable[T],
        workers: int,
        done: Callable[[T], None] = lambda _: None,
    ) -> list[R]:
        """``[task(self, item) for item in items]`` with up to ``workers`` ngspice processes at once, order kept.

        A task builds its deck and reads its result in a thread here; the solving is in the ngspice processes.
        ``done(item)`` is called as each finishes.  The first error stops the rest and is raised.

        Raises:
            InputError: workers < 1.
        """
        if workers < 1:
            raise InputError(f"workers: must be at least 1, found {workers}")
        with ThreadPoolExecutor(workers) as pool:

            def submit(item: T) -> Future[R]:
                future = pool.submit(task, self, item)
                future.add_done_callback(lambda _: done(item))
                return future

            futures = [submit(item) for item in items]
            try:
                return [future.result() for future in futures]
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _failure(self, title: str, deck: str, output: str, otherwise: str) -> DeckError:
        lines = [line.strip() for line in output.splitlines() if line.strip()]
        diverged = _first(lines, _DIVERGED)
        kind = ConvergenceError if diverged else DeckError
        return kind(title, diverged or _first(lines, _FAILED) or otherwise, self._keep(deck, output))

    def _keep(self, deck: str, output: str) -> Path | None:
        if self.failed is None:
            return None
        self.failed.mkdir(parents=True, exist_ok=True)
        path = self.failed / f"{sha256(deck.encode()).hexdigest()[:12]}.cir"
        path.write_text(deck, encoding="utf-8")
        path.with_suffix(".log").write_text(output, encoding="utf-8")
        return path


def title_of(deck: str) -> str:
    """The deck's first line, without the command or the comment sign that it starts with.

    >>> title_of(".title AND of 01\\n.end"), title_of("* a divider\\n.end")
    ('AND of 01', 'a divider')
    """
    return deck.partition("\n")[0].removeprefix(".title").lstrip("* ").strip()


def _first(lines: Sequence[str], pattern: re.Pattern[str]) -> str | None:
    """First line that tells; where it ends in a colon, the two that it announces with it."""
    for n, line in enumerate(lines):
        if pattern.search(line) and not _HARMLESS.match(line):
            return " ".join(lines[n : n + 3]) if line.endswith(":") else line
    return None


def default_workers() -> int:
    """Cores that this process may use: one ngspice process each."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
