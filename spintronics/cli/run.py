"""``spintronics run``, and running a pipeline for other commands."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spintronics.cli.app import app
from spintronics.cli.options import Out, Resume, Scheduler, Seed, Settings, Workers, overrides_of
from spintronics.cli.output import Bars, print_tables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spintronics.report.tables import Row


@app.command()
def run(
    pipeline: Annotated[str, typer.Argument(help="Name of a pipeline (imce) or a path to your own TOML file.")],
    out: Out = None,
    trials: Annotated[int | None, typer.Option(help="Trials per state.", show_default="the pipeline's")] = None,
    seed: Seed = None,
    workers: Workers = None,
    settings: Settings = None,
    resume: Resume = False,
    scheduler: Scheduler = None,
) -> None:
    """Run a pipeline and write its tables, figures and trials.

    Example: spintronics run imce --trials 10000 --set technology.junction.tmr=1.2
    """
    overrides = overrides_of(settings)
    overrides |= {key: str(value) for key, value in (("trials", trials), ("seed", seed)) if value is not None}
    run_pipeline(pipeline, overrides, out, workers, resume, scheduler)


def run_pipeline(
    pipeline: str,
    overrides: "Mapping[str, str]",
    out: Path | None,
    workers: int | None,
    resume: bool = False,
    scheduler: str | None = None,
) -> "Mapping[str, Sequence[Row]]":
    """Run a pipeline, show its main tables and where the rest is; the tables by name."""
    from spintronics.ngspice import default_workers
    from spintronics.pipeline import load_pipeline, run_of

    chosen, technology = load_pipeline(pipeline, overrides)
    folder = out if out is not None else Path("results") / chosen.name
    count = workers if workers is not None else default_workers()
    try:
        with Bars() as bars:
            run = run_of(chosen, technology, folder, count, bars.stage, overrides, resume, scheduler)
            results = run.execute()
    except KeyboardInterrupt:
        print("interrupted; what was written is whole", file=sys.stderr)
        raise typer.Exit(130) from None
    print_tables(results)
    if not results:
        print("complete already, and nothing has changed")
    print(f"\nresults in {folder}")
    return results
