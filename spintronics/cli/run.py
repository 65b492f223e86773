"""``spintronics run``, and running a pipeline for other commands."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spintronics.cli.app import app
from spintronics.cli.options import (
    AsJson,
    Out,
    Pipeline,
    Resume,
    Scheduler,
    Seed,
    Settings,
    Verbose,
    Workers,
    overrides_of,
)
from spintronics.cli.output import Bars, print_json, print_tables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spintronics.report.rows import Row


@app.command()
def run(
    pipeline: Pipeline,
    out: Out = None,
    trials: Annotated[
        int | None, typer.Option(help="Trials per state, where the pipeline has any.", show_default="the pipeline's")
    ] = None,
    seed: Seed = None,
    workers: Workers = None,
    settings: Settings = None,
    resume: Resume = False,
    scheduler: Scheduler = None,
    verbose: Verbose = False,
    as_json: AsJson = False,
) -> None:
    """Run a pipeline and write its tables, figures, trials and report.html.

    Example: spintronics run imce --trials 10000 --set technology.junction.tmr=1.2
    """
    overrides = overrides_of(settings)
    overrides |= {key: str(value) for key, value in (("trials", trials), ("seed", seed)) if value is not None}
    run_pipeline(pipeline, overrides, out, workers, resume, scheduler, verbose, as_json)


def run_pipeline(
    pipeline: str,
    overrides: "Mapping[str, str]",
    out: Path | None,
    workers: int | None,
    resume: bool = False,
    scheduler: str | None = None,
    verbose: bool = False,
    as_json: bool = False,
) -> "Mapping[str, Sequence[Row]]":
    """Run a pipeline, show its main tables and where the rest is; the tables by name."""
    from spintronics.ngspice import default_workers
    from spintronics.pipeline import RUNS, load_pipeline, run_of
    from spintronics.pipeline.run import PartsFailed

    chosen, technology = load_pipeline(pipeline, overrides)
    folder = out if out is not None else Path("results") / chosen.name
    count = workers if workers is not None else default_workers()
    failure = None
    try:
        with Bars(verbose) as bars:
            run = run_of(chosen, technology, folder, count, bars.stage, overrides, resume, scheduler)
            results: Mapping[str, Sequence[Row]] = run.execute()
    except PartsFailed as error:
        results, failure = error.tables, error
    except KeyboardInterrupt:
        how = "with --resume goes on" if RUNS[type(chosen)].keeps_trials else "starts again"
        print(f"interrupted; what was written is whole; the same command {how}", file=sys.stderr)
        raise typer.Exit(130) from None
    if as_json:
        print_json({"folder": str(folder), "tables": results})
    else:
        print_tables(results)
        if not results:
            print("complete already, and nothing has changed")
        page = folder / "report.html"
        if page.is_file():
            print(f"\nopen {page}")
        print(f"\nresults in {folder}")
    if failure:
        raise failure
    return results
