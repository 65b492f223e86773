"""``spintronics table``."""

from pathlib import Path
from typing import Annotated

import typer

from spintronics.cli.app import app
from spintronics.cli.options import AsJson


@app.command()
def table(
    name: Annotated[
        str, typer.Argument(help="Part of a device table: operations, write, row, logic; any table of a run.")
    ],
    source: Annotated[
        Path,
        typer.Option("--from", metavar="PATH", help="A device table that characterize wrote, or a results folder."),
    ] = Path("results/characterize/device_table.toml"),
    style: Annotated[str, typer.Option("--format", help="text, csv, markdown or latex.")] = "text",
    as_json: AsJson = False,
) -> None:
    """Print a part of a device table, or a table of a run; needs no simulator.

    Example: spintronics table sense_margin --from results/imce --format latex
    """
    from spintronics.characterize.device_table import DeviceTable
    from spintronics.cli.output import print_json, print_rows
    from spintronics.report import tables
    from spintronics.report.results import Results

    if source.is_dir():
        rows = Results.load(source).table(name)
    else:
        rows = tables.device_entries(DeviceTable.load(source), name)
    if as_json:
        print_json(rows)
    else:
        print_rows(rows, style)
