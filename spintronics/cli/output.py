"""What commands show: progress bars and tables."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spintronics.pipeline import Advance
    from spintronics.report.tables import Row


class Bars:
    """Progress bars on a terminal; nothing where the output is none."""

    def __enter__(self) -> "Bars":
        self._progress = None
        if sys.stderr.isatty():
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
        if progress is None:
            return lambda _: None
        task = progress.add_task(name, total=total, rate="")

        def advance(amount: int) -> None:
            progress.advance(task, amount)
            speed = progress.tasks[task].speed
            progress.update(task, rate=f"{speed:,.0f}/s" if speed else "")

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
    *("write", "write_energy", "write_current", "write_error_rate", "read_disturb"),
    *("fan_in", "fan_in_limits"),
)


def print_tables(results: "Mapping[str, Sequence[Row]]") -> None:
    """The main tables of a run: a narrow terminal scrolls or cuts, a file keeps all."""
    for name in (name for name in SHOWN if name in results):
        print(f"\n{name.replace('_', ' ')}")
        print_rows(results[name], indent="  ")


def print_rows(rows: "Sequence[Row]", style: str = "text", indent: str = "") -> None:
    """One table as text, csv, markdown or latex.

    Raises:
        InputError: no such style.
    """
    from spintronics.errors import InputError
    from spintronics.report.tables import FORMATS

    if style not in FORMATS:
        raise InputError(f"--format {style}: must be one of {', '.join(FORMATS)}")
    sys.stdout.writelines(f"{indent}{line}\n" for line in FORMATS[style](rows).splitlines())
