"""The ``spintronics`` command."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spintronics.pipeline import Advance
    from spintronics.report.tables import Row

_UsageError: Any = typer.BadParameter.__bases__[0]  # typer shows this base class of its usage errors only so

app = typer.Typer(
    help="From a spin-Hall MTJ, through ngspice, to a CNN computed inside the memory array.",
    add_completion=True,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Entry point: errors a user can act on are one line on stderr and exit status 2."""
    from spintronics.errors import SpintronicsError

    try:
        sys.exit(app(sys.argv[1:] or ["--help"], standalone_mode=False))
    except typer.Exit as stop:
        sys.exit(stop.exit_code)
    except _UsageError as error:
        sys.exit(_complain(f"{error.format_message()} (spintronics --help lists commands and options)"))
    except SpintronicsError as error:
        sys.exit(_complain(str(error)))
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        sys.exit(_complain(f"{where}{error.strerror or error}"))


def _complain(message: str) -> int:
    print(f"error: {' '.join(message.split())}", file=sys.stderr)
    return 2


@app.callback()
def _commands() -> None:
    """From a spin-Hall MTJ, through ngspice, to a CNN computed inside the memory array."""


@app.command()
def run(
    pipeline: Annotated[str, typer.Argument(help="Name of a pipeline (imce) or a path to your own TOML file.")],
    out: Annotated[Path | None, typer.Option(help="Results folder.", show_default="results/NAME")] = None,
    trials: Annotated[int | None, typer.Option(help="Trials per state.", show_default="the pipeline's")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of every draw.", show_default="the pipeline's")] = None,
    workers: Annotated[int | None, typer.Option(help="ngspice processes at once.", show_default="all cores")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Any key, such as technology.junction.tmr=1.2; repeatable."),
    ] = None,
) -> None:
    """Run a pipeline and write its tables, figures and trials.

    Example: spintronics run imce --trials 10000 --set technology.junction.tmr=1.2
    """
    from spintronics.errors import InputError
    from spintronics.ngspice import default_workers
    from spintronics.pipeline import load_pipeline, run_of

    overrides: dict[str, str] = {}
    for setting in settings or []:
        key, equals, value = setting.partition("=")
        if not (key and equals and value):
            raise InputError(f"--set {setting}: write KEY=VALUE, such as technology.junction.tmr=1.2")
        overrides[key.strip()] = value.strip()
    overrides |= {key: str(value) for key, value in (("trials", trials), ("seed", seed)) if value is not None}
    chosen, technology = load_pipeline(pipeline, overrides)
    folder = out if out is not None else Path("results") / chosen.name
    count = workers if workers is not None else default_workers()
    try:
        with _Bars() as bars:
            results = run_of(chosen, technology, folder, count, bars.stage, overrides).execute()
    except KeyboardInterrupt:
        print("interrupted; what was written is whole", file=sys.stderr)
        raise typer.Exit(130) from None
    _print_tables(results)
    print(f"\nresults in {folder}")


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


class _Bars:
    """Progress bars on a terminal; nothing where the output is none."""

    def __enter__(self) -> "_Bars":
        self._progress = None
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            self._progress = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[rate]}"),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress:
            self._progress.stop()

    def stage(self, name: str, total: int) -> "Advance":
        """A bar for one stage."""
        progress = self._progress
        if progress is None:
            return lambda _: None
        task = progress.add_task(name, total=total, rate="")

        def advance(amount: int) -> None:
            progress.advance(task, amount)
            speed = progress.tasks[task].speed
            progress.update(task, rate=f"{speed:,.0f}/s" if speed else "")

        return advance


SHOWN = (
    *("device", "sense_margin", "operations", "storage", "energy", "comparison", "claims"),
    *("write", "write_energy", "write_current", "write_error_rate", "read_disturb"),
)


def _print_tables(results: "Mapping[str, Sequence[Row]]") -> None:
    """The main tables as aligned text, never folded: a narrow terminal scrolls or cuts, a file keeps all."""
    for name in (name for name in SHOWN if name in results):
        rows = results[name]
        cells = [list(rows[0]), *([_short(value) for value in row.values()] for row in rows)]
        widths = [max(len(line[n]) for line in cells) for n in range(len(cells[0]))]
        print(f"\n{name.replace('_', ' ')}")
        for line in cells:
            print("  " + "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


def _short(value: str | int | float | None) -> str:
    return "-" if value is None or value != value else f"{value:.4g}" if isinstance(value, float) else str(value)
