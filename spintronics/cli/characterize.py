"""``spintronics characterize``."""

from typing import Annotated

import typer

from spintronics.cli.app import app
from spintronics.cli.options import AsJson, Out, Seed, Settings, Verbose, Workers, overrides_of
from spintronics.cli.run import run_pipeline


@app.command()
def characterize(
    only: Annotated[
        list[str] | None,
        typer.Option(
            help="One part: write, operations, logic, errors, patterns, read_point or corners; repeatable.",
            show_default="all",
        ),
    ] = None,
    technology: Annotated[
        str | None, typer.Option(help="Name of a technology or a path to your own TOML file.", show_default="imce45")
    ] = None,
    out: Out = None,
    seed: Seed = None,
    workers: Workers = None,
    settings: Settings = None,
    verbose: Verbose = False,
    as_json: AsJson = False,
) -> None:
    """Characterize every operation and logic block in ngspice and write the device table.

    Example: spintronics characterize --only operations --only logic --set technology.cmos.corner=ss
    """
    from pathlib import Path

    overrides = overrides_of(settings)
    if only:
        overrides["parts"] = str(only)
    if technology is not None:
        path = Path(technology)
        overrides["technology"] = str(path.resolve()) if path.is_file() else technology
    if seed is not None:
        overrides["seed"] = str(seed)
    run_pipeline("characterize", overrides, out, workers, verbose=verbose, as_json=as_json)
