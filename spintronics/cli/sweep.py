"""``spintronics sweep``."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from spintronics.cli.app import app
from spintronics.cli.options import AsJson, Out, Pipeline, Scheduler, Seed, Settings, Verbose, Workers, overrides_of
from spintronics.cli.output import Bars, print_json, print_rows


@app.command()
def sweep(
    pipeline: Pipeline,
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
    seed: Seed = None,
    workers: Workers = None,
    settings: Settings = None,
    scheduler: Scheduler = None,
    verbose: Verbose = False,
    as_json: AsJson = False,
) -> None:
    """Run a pipeline at every point of a grid or a list; simulate what a key changes, and nothing twice.

    Example: spintronics sweep sense_margin --set trials=1000 --over technology.junction.tmr=1.0,1.5,2.0
    """
    from spintronics.ngspice import default_workers
    from spintronics.pipeline import load_pipeline
    from spintronics.pipeline.sweep import SweepRun, load_sweep

    overrides = overrides_of(settings)
    overrides |= {"seed": str(seed)} if seed is not None else {}
    where = load_sweep(pipeline, overrides_of(over, "--over"), objective or (), listed)
    chosen, technology = load_pipeline(pipeline, overrides)
    folder = out if out is not None else Path("results") / f"{chosen.name}_sweep"
    count = workers if workers is not None else default_workers()
    try:
        with Bars(verbose) as bars:
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
    if as_json:
        print_json({"folder": str(folder), "tables": results})
        return
    print_rows(results["points"])
    print(f"\nopen {folder / 'report.html'}\n\nresults in {folder}")
