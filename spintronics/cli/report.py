"""``spintronics report``."""

from pathlib import Path
from typing import Annotated

import typer

from spintronics.cli.app import app


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(help="Results folder of a run.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", show_default="FOLDER/report.html")
    ] = None,
) -> None:
    """Write a run's page again: one HTML file that needs no network; needs no simulator.

    Links to tables, decks and waveforms start at the page: keep it in the results folder where you need them.

    Example: spintronics report results/imce
    """
    from spintronics.report.html import write_page
    from spintronics.report.results import Results

    path = output if output is not None else folder / "report.html"
    write_page(Results.load(folder), path)
    print(path)
