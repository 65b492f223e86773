"""``spintronics report``."""

from pathlib import Path
from typing import Annotated

import typer

from spintronics.cli.app import app
from spintronics.cli.options import FilesAsJson


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(help="Results folder of a run.")],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="The page.", show_default="FOLDER/report.html"),
    ] = None,
    as_json: FilesAsJson = False,
) -> None:
    """Write a run's page again: one HTML file that needs no network; needs no simulator.

    Links to tables, decks and waveforms start at the page: keep it in the results folder where you need them.

    Example: spintronics report results/imce
    """
    from spintronics.cli.output import print_files
    from spintronics.report.html import write_page
    from spintronics.report.results import Results

    path = output if output is not None else folder / "report.html"
    results = Results.load(folder)
    results.require_whole()
    write_page(results, path)
    print_files([path], as_json)
