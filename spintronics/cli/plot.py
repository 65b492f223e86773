"""``spintronics plot``."""

from pathlib import Path
from typing import Annotated

import typer

from spintronics.cli.app import app
from spintronics.cli.options import FilesAsJson

RUN = Path("results/imce")
"""Where plot and table look without --from: what make reproduce writes."""


@app.command()
def plot(
    name: Annotated[
        str,
        typer.Argument(
            help="sense-margin, energy, energy-by-layer, area, area-by-layer, and-operations or contributors."
        ),
    ],
    operation: Annotated[
        str | None, typer.Option("--op", help="memory, or, and.", show_default="a panel for each")
    ] = None,
    fan_in: Annotated[
        int | None, typer.Option(help="Cells on the bit line.", show_default="all over one another")
    ] = None,
    source: Annotated[Path, typer.Option("--from", metavar="FOLDER", help="Results folder of a run.")] = RUN,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help=".svg, .pdf or .png.", show_default="NAME.svg"),
    ] = None,
    style: Annotated[str, typer.Option(help="screen, or paper: one column of two, 8 pt.")] = "screen",
    as_json: FilesAsJson = False,
) -> None:
    """Draw a figure from a run's data; needs no simulator.

    Example: spintronics plot sense-margin --op and --fan-in 2 --style paper -o margin.pdf
    """
    from spintronics.cli.output import print_files
    from spintronics.report import plots
    from spintronics.report.results import Results

    figure = plots.draw(Results.load(source), name, operation, fan_in, style)
    path = output if output is not None else Path(f"{name}.svg")
    plots.save(figure, path, style)
    print_files([path], as_json)
