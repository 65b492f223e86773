"""The command itself: how it starts, and how its errors read."""

import signal
import sys
from typing import Annotated, Any

import typer

_UsageError: Any = typer.BadParameter.__bases__[0]  # typer shows this base class of its usage errors only so

app = typer.Typer(
    help="From a spin-Hall MTJ, through ngspice, to a CNN computed inside the memory array.",
    epilog="Exit status: 0 done; 2 something given cannot be used, is missing or failed; 130 stopped with Ctrl-C.",
    add_completion=True,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Entry point: errors a user can act on are one line on stderr and exit status 2."""
    from spintronics.errors import SpintronicsError

    signal.signal(signal.SIGTERM, _stop)
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
    except MemoryError as error:
        sys.exit(_complain(f"out of memory: {error}: take fewer images, trials or decisions at once"))


def _stop(*_: object) -> None:
    """A batch system's end of time is the user's Ctrl-C: what was begun is cleared up and said."""
    raise KeyboardInterrupt("terminated")


def _complain(message: str) -> int:
    print(f"error: {' '.join(message.split())}", file=sys.stderr)
    return 2


def _say_version(wanted: bool) -> None:
    if wanted:
        from spintronics import __version__

        print(f"spintronics {__version__}")
        raise typer.Exit


@app.callback()
def _commands(
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """From a spin-Hall MTJ, through ngspice, to a CNN computed inside the memory array."""
