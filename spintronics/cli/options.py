"""Options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer


def _known_style(style: str) -> str:
    """Refused here, before a command has printed or computed anything."""
    from spintronics.errors import InputError
    from spintronics.report.rows import FORMATS

    if style not in FORMATS:
        raise InputError(f"--format {style}: must be one of {', '.join(FORMATS)}")
    return style


Out = Annotated[Path | None, typer.Option(help="Results folder.", show_default="results/NAME")]
Seed = Annotated[int | None, typer.Option(help="Seed of every draw.", show_default="the pipeline's")]
Workers = Annotated[int | None, typer.Option(help="ngspice processes at once.", show_default="all cores")]
Resume = Annotated[bool, typer.Option("--resume", help="Keep the trials that are there and solve the others.")]
Scheduler = Annotated[
    str | None,
    typer.Option(help="Dask scheduler whose workers solve the trials, tcp://host:port.", show_default="this machine"),
]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Say what is being done, and how long it took.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON for machines: whole figures, null where there is none.")]
FilesAsJson = Annotated[bool, typer.Option("--json", help="JSON for machines: the files that were written.")]
Style = Annotated[str, typer.Option("--format", help="text, csv, markdown or latex.", callback=_known_style)]
Pipeline = Annotated[str, typer.Argument(help="Name of a pipeline (imce) or a path to your own TOML file.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Any key, such as technology.junction.tmr=1.2; repeatable."),
]


def overrides_of(settings: list[str] | None, option: str = "--set") -> dict[str, str]:
    """Values by key, of ``--set`` options and the like.

    Raises:
        InputError: one that is not KEY=VALUE.
    """
    from spintronics.errors import InputError

    overrides: dict[str, str] = {}
    for setting in settings or []:
        key, equals, value = setting.partition("=")
        if not (key and equals and value):
            raise InputError(f"{option} {setting}: write KEY=VALUE, such as technology.junction.tmr=1.2")
        overrides[key.strip()] = value.strip()
    return overrides
