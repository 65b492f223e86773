"""``spintronics table``."""

from pathlib import Path
from typing import Annotated

import typer

from spintronics.cli.app import app
from spintronics.cli.options import AsJson, Style
from spintronics.cli.plot import RUN


@app.command()
def table(
    name: Annotated[
        str, typer.Argument(help="Part of a device table: operations, write, row, logic; any table of a run.")
    ],
    source: Annotated[
        Path,
        typer.Option("--from", metavar="PATH", help="A results folder of a run, or a device table's file."),
    ] = RUN,
    style: Style = "text",
    as_json: AsJson = False,
) -> None:
    """Print a part of a device table, or a table of a run; needs no simulator.

    Example: spintronics table sense_margin --from results/imce --format latex
    """
    from spintronics.characterize.device_table import DeviceTable
    from spintronics.cli.output import print_json, print_rows
    from spintronics.errors import InputError
    from spintronics.report import tables
    from spintronics.report.results import Results

    if not source.exists():
        raise InputError(f"{source}: no such folder or device table; spintronics run imce writes one, or give --from")
    results = Results.load(source) if source.is_dir() else None
    path = source / "device_table.toml" if results else source
    if results and (name in results.table_names or name not in _parts(path)):
        rows = list(results.table(name))
    else:
        rows = tables.device_entries(DeviceTable.load(path), name)
    if as_json:
        print_json(rows)
    else:
        print_rows(rows, style)


def _parts(path: Path) -> set[str]:
    """Parts of the device table that a run left; none where it left none."""
    from spintronics.characterize.device_table import DeviceTable

    return {entry.group for entry in DeviceTable.load(path).entries} if path.is_file() else set()
