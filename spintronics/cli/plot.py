"""``spintronics plot``."""

from pathlib import Path
from typing import Annotated

import typer

from spintronics.cli.app import app
from spintronics.cli.options import FilesAsJson

SENSE_MARGIN = "sense-margin"
OPERATIONS = {"memory": "read", "read": "read", "or": "OR", "and": "AND"}


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
    source: Annotated[Path, typer.Option("--from", metavar="FOLDER", help="Results folder of a run.")] = Path(
        "results/imce"
    ),
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
    from difflib import get_close_matches

    from spintronics.cli.output import print_files
    from spintronics.errors import InputError
    from spintronics.report import plots
    from spintronics.report.breakdowns import breakdowns
    from spintronics.report.histograms import of_results
    from spintronics.report.results import Results

    plots.style_of(style)
    if operation is not None and operation.lower() not in OPERATIONS:
        raise InputError(f"--op {operation}: must be memory, or, and")
    if name != SENSE_MARGIN and (operation, fan_in) != (None, None):
        raise InputError(f"--op and --fan-in: of {SENSE_MARGIN} alone; found plot {name}")
    results = Results.load(source)
    if name == SENSE_MARGIN:
        chosen = OPERATIONS[operation.lower()] if operation else None
        figure = plots.sense_margin(of_results(results), chosen, fan_in, style)
    else:
        found = breakdowns(results.tables())
        if name not in found:
            near = get_close_matches(name, (SENSE_MARGIN, *found), n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join((SENSE_MARGIN, *found))}"
            raise InputError(f"plot {name}: nothing of that name in {source}; {hint}")
        figure = plots.breakdown(found[name], style)
    path = output if output is not None else Path(f"{name}.svg")
    plots.save(figure, path, style)
    print_files([path], as_json)
