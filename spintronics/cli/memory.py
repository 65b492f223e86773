"""``spintronics memory``."""

from typing import Annotated

import typer

from spintronics.cli.app import app
from spintronics.cli.device import TABLE, From, OfTechnology, Style, sub_array_of
from spintronics.cli.options import AsJson, Settings

CAPACITY, WORD = "1MB", 64


@app.command()
def memory(
    capacity: Annotated[
        str | None, typer.Option(help="Capacity: 64KB, 1MB, 1Gb; powers of 1024.", show_default=CAPACITY)
    ] = None,
    word: Annotated[int | None, typer.Option(help="Bits read or written at once.", show_default=str(WORD))] = None,
    rows: Annotated[
        list[int] | None, typer.Option(help="Rows of a sub-array; repeatable: a sweep instead of one memory.")
    ] = None,
    columns: Annotated[
        list[int] | None, typer.Option(help="Columns of a sub-array; repeatable: a sweep instead of one memory.")
    ] = None,
    source: From = TABLE,
    technology: OfTechnology = None,
    settings: Settings = None,
    style: Style = "text",
    as_json: AsJson = False,
) -> None:
    """Area, latency, energy and leakage of a memory, and what computing adds; needs no simulator.

    A sweep over rows and columns scales the costs of the characterized size; it has no capacity and no word.

    Example: spintronics memory --capacity 1MB --word 64
    """
    from spintronics.array import Memory, parse_capacity, sweep
    from spintronics.cli.output import print_json, print_rows
    from spintronics.errors import InputError
    from spintronics.report import system

    array = sub_array_of(source, technology, settings)
    if rows or columns:
        for option, given in (("--capacity", capacity), ("--word", word)):
            if given is not None:
                raise InputError(f"{option} {given}: must be left out of a sweep over --rows or --columns")
        points = sweep(array, rows or [array.rows], columns or [array.columns])
        found = system.geometry(points)
    else:
        found = system.memory(
            Memory(array, parse_capacity(CAPACITY if capacity is None else capacity), WORD if word is None else word)
        )
    if as_json:
        print_json(found)
    else:
        print_rows(found, style)
