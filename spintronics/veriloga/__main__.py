"""``python -m spintronics.veriloga MODEL.va [--fold NAME=VALUE]... [-o FILE]``"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from spintronics.errors import InputError
from spintronics.veriloga.subcircuit import lower


def _assignment(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    return name, float(value)


_assignment.__name__ = "NAME=VALUE"  # what argparse calls a text that is none


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the subcircuit of a Verilog-A model.

    Returns:
        Exit status: 0, or 2 with one line on standard error where the model cannot be used.
    """
    parser = argparse.ArgumentParser(
        prog="python -m spintronics.veriloga", description="Writes a Verilog-A model as a subcircuit for ngspice."
    )
    parser.add_argument("model", type=Path, metavar="MODEL.va")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="default: standard output")
    parser.add_argument(
        "--fold",
        type=_assignment,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="parameter with a fixed value, folded into the equations; may be given again",
    )
    options = parser.parse_args(arguments)
    try:
        text = lower(options.model, dict(options.fold)).text
        if options.output is None:
            sys.stdout.write(text)
        else:
            options.output.write_text(text, encoding="utf-8")
    except (InputError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
