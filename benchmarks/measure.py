"""What the benchmarks share: CPU and wall time of a block, ngspice processes included, and aligned tables."""

import os
import resource
import time
from collections.abc import Sequence


class Stopwatch:
    """CPU and wall time spent inside a ``with`` block, s; CPU counts this process and its finished children.

    >>> with Stopwatch() as watch:
    ...     _ = sum(range(1000))
    >>> watch.wall > 0
    True
    """

    cpu = 0.0
    wall = 0.0

    def __enter__(self) -> "Stopwatch":
        self._start = (_cpu(), time.perf_counter())
        return self

    def __exit__(self, *_: object) -> None:
        self.cpu, self.wall = _cpu() - self._start[0], time.perf_counter() - self._start[1]


def _cpu() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(u.ru_utime + u.ru_stime for u in used)


def machine() -> str:
    """Cores and load, which the figures below it depend on."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{cores} cores, load average {os.getloadavg()[0]:.2f} at the start"


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns aligned: the first to the left, the others to the right."""
    widths = [max(len(line[n]) for line in (head, *rows)) for n in range(len(head))]
    for line in (head, *rows):
        cells = [line[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(line[1:], widths[1:], strict=True))]
        print("  " + "  ".join(cells).rstrip())
