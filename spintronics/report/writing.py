"""Writes a command's results: tables as csv and markdown, figures as svg and png."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spintronics.report.files import whole_file, write_whole
from spintronics.report.tables import Row, as_csv, as_markdown

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write_results(folder: Path, tables: Mapping[str, Sequence[Row]], figures: "Mapping[str, Figure]") -> None:
    """Write tables/NAME.csv, tables/NAME.md, figures/NAME.svg and figures/NAME.png, each whole or not at all."""
    for name, rows in tables.items():
        write_whole(folder / "tables" / f"{name}.csv", as_csv(rows))
        write_whole(folder / "tables" / f"{name}.md", as_markdown(rows))
    if not figures:
        return
    import matplotlib as mpl

    from spintronics.report.figures import STYLE

    formats: tuple[tuple[str, dict[str, Any]], ...] = (("svg", {"metadata": {"Date": None}}), ("png", {"dpi": 160}))
    for name, figure in figures.items():
        for suffix, options in formats:
            with whole_file(folder / "figures" / f"{name}.{suffix}") as aside, mpl.rc_context(STYLE):
                figure.savefig(aside, **options)
