"""``spintronics init``."""

from pathlib import Path
from typing import Annotated

import typer

from spintronics.cli.app import app
from spintronics.cli.options import FilesAsJson


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Where to write them.", show_default="this folder")] = Path(),
    pipeline: Annotated[str, typer.Option(help="Pipeline to start from.")] = "imce",
    technology: Annotated[str, typer.Option(help="Technology to start from.")] = "imce45",
    name: Annotated[str, typer.Option(help="What to call both.")] = "mine",
    netlists: Annotated[bool, typer.Option("--netlists", help="Copy the circuits too, to change.")] = False,
    as_json: FilesAsJson = False,
) -> None:
    """Write a commented technology and a pipeline of your own to start from; nothing is overwritten.

    Example: spintronics init mine && spintronics run mine/pipeline.toml
    """
    from spintronics.cli.output import print_files
    from spintronics.pipeline.start import write_start

    written = write_start(folder, pipeline, technology, name, netlists)
    print_files(written, as_json)
    if not as_json:
        print(f"change what you like, then: spintronics run {written[-1]}")
