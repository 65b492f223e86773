"""What commands show: progress bars and tables."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from spintronics.pipeline import Advance
    from spintronics.report.rows import Row


class Bars:
    """Progress bars on a terminal; nothing where the output is none.

    Args:
        verbose: lines in their place, which stay: a stage as it starts, and its time when it is done.
    """

    def __init__(self, verbose: bool = False) -> None:
        self._verbose = verbose

    def __enter__(self) -> "Bars":
        self._progress = None
        if sys.stderr.isatty() and not self._verbose:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            self._progress = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[rate]}"),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress:
            self._progress.stop()

    def stage(self, name: str, total: int) -> "Advance":
        """A bar for one stage."""
        progress = self._progress
        if self._verbose:
            return _spoken(name, total)
        if progress is None:
            return lambda _: None
        task = progress.add_task(name, total=total, rate="")

        def advance(amount: int) -> None:
            progress.advance(task, amount)
            speed = progress.tasks[task].speed
            progress.update(task, rate=f"{speed:,.0f}/s" if speed else "")

        return advance


def _spoken(name: str, total: int) -> "Advance":
    from time import perf_counter

    start, done = perf_counter(), 0
    print(f"{name}: {total:,}", file=sys.stderr, flush=True)

    def advance(amount: int) -> None:
        nonlocal done
        done += amount
        if done >= total > done - amount:
            print(f"{name}: done in {perf_counter() - start:.1f} s", file=sys.stderr, flush=True)

    return advance


SHOWN = (
    *("device", "sense_margin", "operations", "storage", "energy", "comparison", "claims"),
    *(
        "device_table",
        "half_selected",
        "read_point",
        "develop_time",
        "errors",
        "latch_offset",
        "patterns",
        "corner_spread",
    ),
    *("write", "write_energy", "write_current", "write_error_rate", "write_thermal", "read_disturb"),
    *("fan_in", "fan_in_limits"),
)


def print_tables(results: "Mapping[str, Sequence[Row]]") -> None:
    """The main tables of a run: a narrow terminal scrolls or cuts, a file keeps all."""
    for name in (name for name in SHOWN if name in results):
        print(f"\n{name.replace('_', ' ')}")
        print_rows(results[name], indent="  ")


def print_json(document: object) -> None:
    """One JSON document; NaN, which JSON does not have, becomes null."""
    import json

    print(json.dumps(_without_nan(document), ensure_ascii=False, indent=2, allow_nan=False))


def print_files(paths: "Sequence[Path]", as_json: bool) -> None:
    """Files that a command wrote, one a line; or ``{"files": […]}``."""
    if as_json:
        print_json({"files": [str(path) for path in paths]})
    else:
        print(*paths, sep="\n")


def _without_nan(value: object) -> object:
    from collections.abc import Mapping

    if isinstance(value, Mapping):
        return {str(key): _without_nan(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(inner) for inner in value]
    return None if isinstance(value, float) and value != value else value


def print_rows(rows: "Sequence[Row]", style: str = "text", indent: str = "") -> None:
    """One table as text, csv, markdown or latex."""
    from spintronics.report.rows import FORMATS

    sys.stdout.writelines(f"{indent}{line}\n" for line in FORMATS[style](rows).splitlines())
