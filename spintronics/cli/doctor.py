"""``spintronics doctor``."""

import typer

from spintronics.cli.app import app
from spintronics.cli.options import AsJson


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Say what is there, what is missing, and how to get it.

    Exit status 0 where everything that a run needs is there, 2 where something is missing.

    Example: spintronics doctor --json
    """
    from dataclasses import asdict

    from spintronics.cli.output import print_json
    from spintronics.doctor import examine

    findings = examine()
    if as_json:
        print_json([asdict(f) for f in findings])
    for f in () if as_json else findings:
        mark = "ok" if f.ok else ("missing" if f.needed else "absent")
        print(f"{mark:8}{f.subject:16}{f.found}" + (f"; {f.remedy}" if f.remedy else ""))
    if not all(f.ok for f in findings if f.needed):
        raise typer.Exit(2)
