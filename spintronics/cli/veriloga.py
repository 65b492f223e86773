"""``spintronics veriloga``."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from spintronics.cli.app import app

veriloga = typer.Typer(help="Write a Verilog-A device as what ngspice runs.")
app.add_typer(veriloga, name="veriloga")

_Model = Annotated[Path, typer.Argument(metavar="MODEL.va", help="A Verilog-A file with one module.")]
_Fold = Annotated[
    list[str] | None,
    typer.Option("--fold", metavar="NAME=VALUE", help="Parameter to fold into the equations; repeatable."),
]


@veriloga.command()
def lower(
    model: _Model,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="The netlist.", show_default="standard output")
    ] = None,
    fold: _Fold = None,
) -> None:
    """Write a subcircuit for any ngspice.

    Example: spintronics veriloga lower models/veriloga/she_mtj.va --fold easy=1 -o she_mtj.spice
    """
    from spintronics.veriloga import lower as lowered

    text = lowered(model, _assignments(fold)).text
    if output is None:
        sys.stdout.write(text)
    else:
        output.write_text(text, encoding="utf-8")


@veriloga.command()
def osdi(
    model: _Model,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE.osdi", help="The compiled model.")],
    fold: _Fold = None,
) -> None:
    """Compile for an ngspice with OSDI, with openvaf-r or else a C compiler.

    Example: spintronics veriloga osdi models/veriloga/she_mtj.va -o she_mtj.osdi
    """
    from spintronics.errors import SpintronicsError
    from spintronics.ngspice import find_ngspice, has_osdi
    from spintronics.veriloga import build_osdi

    compiler = build_osdi(model, _assignments(fold), output)
    print(f"{output}: built with {compiler}")
    try:
        ngspice = find_ngspice()
        if not has_osdi(ngspice):
            print(f"note: ngspice {ngspice.version} has no OSDI; spintronics veriloga lower writes what it runs")
    except SpintronicsError as error:
        print(f"note: {error}")


def _assignments(texts: list[str] | None) -> dict[str, float]:
    from spintronics.errors import InputError

    values = {}
    for text in texts or []:
        name, _, value = text.partition("=")
        try:
            values[name.strip()] = float(value)
        except ValueError:
            raise InputError(f"--fold {text}: write NAME=VALUE with a number, such as easy=1") from None
    return values
