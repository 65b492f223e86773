"""OpenVAF, the Verilog-A compiler, behind one function (openvaf-py, imported when first used)."""

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from spintronics.veriloga.errors import CompilerMissing, ModelError

_STYLING = re.compile(r"\x1b\[[0-9;]*m")
# What it says of an error: the words, then the place, which may be in an included file.
_DIAGNOSTIC = re.compile(r"^error(?:\[\w+\])?: (?P<what>.*?)\n\s*-->\s*(?P<file>.+?):(?P<line>\d+):\d+", re.M | re.S)


def compile_model(path: Path, quiet: bool = False) -> Any:
    """The one module of a Verilog-A file, as openvaf-py's VaModule.

    Args:
        quiet: leave OpenVAF's warnings out of standard error.
    Raises:
        CompilerMissing: openvaf-py is not installed.
        ModelError: no such file, an error in it (with OpenVAF's line and words), or not exactly one module.
    """
    try:
        import openvaf_py  # an extra: what only runs generated netlists does without it
    except ImportError as error:
        raise CompilerMissing(
            "openvaf-py: not installed, needed to read Verilog-A; "
            "pip install 'spintronics-imce[veriloga]' (it has wheels for Python 3.11 and 3.12)"
        ) from error
    if not path.is_file():
        raise ModelError(path, "no such file")
    with tempfile.TemporaryFile() as printed:
        try:
            with _standard_error_into(printed):
                modules = openvaf_py.compile_va(str(path))
        except ValueError as error:
            raise ModelError(path, _first_error(path, _text(printed), str(error))) from None
        except BaseException as error:
            if type(error).__name__ != "PanicException":  # what a failure inside OpenVAF comes as
                raise
            raise ModelError(path, f"OpenVAF fails on it: {error}") from None
        if not quiet:
            sys.stderr.write(_text(printed))  # its warnings
    if len(modules) != 1:
        raise ModelError(path, f"{len(modules)} modules; exactly one per file is read")
    return modules[0]


@contextmanager
def _standard_error_into(file: IO[bytes]) -> Iterator[None]:
    """Collects what native code writes to file descriptor 2: OpenVAF prints its errors there and raises without."""
    sys.stderr.flush()
    kept = os.dup(2)
    os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return _STYLING.sub("", file.read().decode("utf-8", "replace"))


def _first_error(path: Path, output: str, otherwise: str) -> str:
    found = _DIAGNOSTIC.search(output)
    if found is None:
        return otherwise
    file = Path(found["file"]).name
    place = f"line {found['line']}" if file == path.name else f"line {found['line']} of {file}"
    return f"{place}: {' '.join(found['what'].split())}"
