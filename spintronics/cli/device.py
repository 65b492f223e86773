"""What the commands on memory and networks start from: a device table and its technology."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spintronics.cli.options import Style as Style  # of the commands here, as of table

if TYPE_CHECKING:
    from spintronics.array import SubArray

TABLE = Path("results/characterize/device_table.toml")
From = Annotated[
    Path, typer.Option("--from", metavar="PATH", help="A device table that characterize wrote, or a results folder.")
]
OfTechnology = Annotated[
    str | None,
    typer.Option("--technology", help="Technology of the table, by name or path.", show_default="the table's name"),
]


def sub_array_of(source: Path, technology: str | None, settings: list[str] | None) -> "SubArray":
    """The sub-array that a device table was made for.

    Raises:
        InputError: no such file, a folder that is no run's of this version, or a technology with other values than
            the one that was characterized.
    """
    from spintronics.array import SubArray
    from spintronics.characterize.device_table import DeviceTable
    from spintronics.cli.options import overrides_of
    from spintronics.errors import InputError
    from spintronics.report.results import device_table_at
    from spintronics.technology import Technology

    table = DeviceTable.load(device_table_at(source))
    overrides = {}
    for key, value in overrides_of(settings).items():
        if not key.startswith("technology."):
            raise InputError(f"--set {key}={value}: must be a key of the technology, such as technology.junction.tmr")
        overrides[key.removeprefix("technology.")] = value
    chosen = Technology.load(technology or table.technology, overrides)
    table.require(chosen)
    return SubArray(chosen, table)
