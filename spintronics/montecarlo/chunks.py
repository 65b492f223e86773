"""Trials in chunks on any executor: what fails is tried again, then cut down to the trials that cannot be solved."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from spintronics.montecarlo.variation import JunctionTrials
from spintronics.ngspice import DeckError

FloatArray = npt.NDArray[np.float64]
MOST_FAILED = 16  # trials of one chunk that cannot be solved; with more, the deck is at fault and not a trial


@dataclass(frozen=True)
class FailedTrial:
    """A trial without an operating point.

    Attributes:
        trial: its number in the run.
        message: ngspice's own, and where its deck was kept.
    """

    trial: int
    message: str


@dataclass(frozen=True)
class SolvedChunk:
    """Trials and what was found for each.

    Attributes:
        values: shape (trials, quantities); NaN in the rows of failed trials.
        failed: in rising order.
    """

    junctions: JunctionTrials
    values: FloatArray
    failed: tuple[FailedTrial, ...] = ()


@dataclass
class _Chunk:
    """A chunk of which parts are still out."""

    junctions: JunctionTrials
    out: int = 1
    solved: dict[int, FloatArray] = field(default_factory=dict)
    failed: list[FailedTrial] = field(default_factory=list)

    def whole(self) -> SolvedChunk:
        width = next(iter(self.solved.values())).shape[1]
        values = np.full((len(self.junctions), width), np.nan)
        for start, found in self.solved.items():
            values[start : start + len(found)] = found
        return SolvedChunk(self.junctions, values, tuple(sorted(self.failed, key=lambda f: f.trial)))


@dataclass(frozen=True)
class _Part:
    chunk: _Chunk
    start: int
    stop: int
    tries: int = 0


def solve_chunks(
    solve: Callable[[JunctionTrials], FloatArray],
    chunks: Iterable[JunctionTrials],
    executor: Executor,
    in_flight: int,
    lost: tuple[type[Exception], ...] = (BrokenExecutor,),
) -> Iterator[SolvedChunk]:
    """Every chunk as it is finished, in any order.

    A chunk whose deck fails, hangs or takes its worker with it is solved once more, then in halves, quarters and so
    on, until the trials that cannot be solved stand alone: they are recorded and the rest goes on.  What a chunk
    gives does not depend on the executor, nor on the order.

    Args:
        solve: shape (trials, quantities) of some trials; picklable for executors of other processes.
        chunks: drawn when a worker is free for them.
        in_flight: chunks handed to the executor at once.
        lost: what it means that a worker has died.
    Raises:
        DeckError: more than 16 trials of one chunk, or all of them, cannot be solved; that of the last one.
        Exception: anything else that ``solve`` raises, at once.
    """
    failures: tuple[type[Exception], ...] = (DeckError, *lost)
    left, again = iter(chunks), deque[_Part]()
    out: dict[Future[FloatArray], _Part] = {}

    def next_part() -> _Part | None:
        if again:
            return again.popleft()
        junctions = next(left, None)
        return None if junctions is None else _Part(_Chunk(junctions), 0, len(junctions))

    try:
        while True:
            while len(out) < in_flight and (part := next_part()) is not None:
                future = executor.submit(solve, part.chunk.junctions.part(part.start, part.stop))
                out[future] = part
            if not out:
                return
            finished, _ = wait(out, return_when=FIRST_COMPLETED)
            for future in finished:
                part = out.pop(future)
                try:
                    part.chunk.solved[part.start] = future.result()
                    part.chunk.out -= 1
                except failures as error:
                    again.extend(_after_failure(part, error))
                if part.chunk.out == 0:
                    yield part.chunk.whole()
    finally:
        for future in out:
            future.cancel()


def _after_failure(part: _Part, error: Exception) -> tuple[_Part, ...]:
    """What to solve next of a part that failed."""
    chunk, size = part.chunk, part.stop - part.start
    if part.tries == 0:
        return (_Part(chunk, part.start, part.stop, 1),)
    if size > 1:
        chunk.out += 1
        middle = part.start + size // 2
        return (_Part(chunk, part.start, middle, 1), _Part(chunk, middle, part.stop, 1))
    chunk.out -= 1
    chunk.failed.append(FailedTrial(chunk.junctions.first + part.start, str(error) or type(error).__name__))
    if len(chunk.failed) == min(MOST_FAILED + 1, len(chunk.junctions)):
        raise error
    return ()
