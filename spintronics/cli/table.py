"""``spintronics table``."""

from pathlib import Path
from typing import Annotated

import typer

from spintronics.cli.app import app


@app.command()
def table(
    name: Annotated[str, typer.Argument(help="Part of the device table: operations, write, row or logic.")],
    source: Annotated[
        Path, typer.Option("--from", metavar="FILE", help="A device table that characterize wrote.")
    ] = Path("results/characterize/device_table.toml"),
    style: Annotated[str, typer.Option("--format", help="text, csv, markdown or latex.")] = "text",
) -> None:
    """Print a part of a device table; needs no simulator.

    Example: spintronics table operations --format latex
    """
    from spintronics.characterize.device_table import DeviceTable
    from spintronics.cli.output import print_rows
    from spintronics.report import tables

    print_rows(tables.device_entries(DeviceTable.load(source), name), style)
