"""``spintronics sweep``."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from spintronics.cli.app import app
from spintronics.cli.options import Out, Scheduler, Settings, Workers, overrides_of
from spintronics.cli.output import Bars, print_rows


@app.command()
def sweep(
    pipeline: Annotated[str, typer.Argument(help="Name of a pipeline (imce) or a path to your own TOML file.")],
    over: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE,VALUE", help="Key to sweep; repeatable.", show_default="the table [sweep]"),
    ] = None,
    objective: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TEXT",
            help='"min TABLE.COLUMN" or "max TABLE.COLUMN[LABEL=VALUE]"; repeatable.',
            show_default="the table [sweep]",
        ),
    ] = None,
    listed: Annotated[
        bool, typer.Option("--list", help="First values together, then second ones; not every combination.")
    ] = False,
    out: Out = None,
    workers: Workers = None,
    settings: Settings = None,
    scheduler: Scheduler = None,
) -> None:
    """Run a pipeline at every point of a grid or a list; simulate what a key changes, and nothing twice.

    Example: spintronics sweep sense_margin --set trials=1000 --over technology.junction.tmr=1.0,1.5,2.0
    """
    from spintronics.ngspice import default_workers
    from spintronics.pipeline import load_pipeline
    from spintronics.pipeline.sweep import SweepRun, load_sweep

    overrides = overrides_of(settings)
    where = load_sweep(pipeline, overrides_of(over, "--over"), objective or (), listed)
    chosen, technology = load_pipeline(pipeline, overrides)
    folder = out if out is not None else Path("results") / f"{chosen.name}_sweep"
    count = workers if workers is not None else default_workers()
    try:
        with Bars() as bars:
            run = SweepRun(
                *(chosen, technology, folder, count, bars.stage, overrides),
                scheduler=scheduler,
                sweep=where,
                source=pipeline,
            )
            results = run.execute()
    except KeyboardInterrupt:
        print("interrupted; the same command goes on with what has been simulated", file=sys.stderr)
        raise typer.Exit(130) from None
    print_rows(results["points"])
    print(f"\nresults in {folder}")
