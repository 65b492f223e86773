"""``spintronics doctor``."""

import typer

from spintronics.cli.app import app


@app.command()
def doctor() -> None:
    """Say what is there, what is missing, and how to get it.

    Exit status 0 where everything that a run needs is there, 2 where something is missing.
    """
    from spintronics.doctor import examine

    findings = examine()
    for f in findings:
        mark = "ok" if f.ok else ("missing" if f.needed else "absent")
        print(f"{mark:8}{f.subject:16}{f.found}" + (f"; {f.remedy}" if f.remedy else ""))
    if not all(f.ok for f in findings if f.needed):
        raise typer.Exit(2)
