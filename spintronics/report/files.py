"""Files that are whole or not there: written aside, then renamed; and what is wrong with one that is read."""

import csv
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spintronics.errors import InputError


def make_folder(path: Path) -> None:
    """An output folder, made where it is missing.

    Raises:
        InputError: it cannot be.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        below = isinstance(error, FileExistsError | NotADirectoryError)
        reason = "is below a file, or is one; give a folder" if below else error.strerror
        raise InputError(f"output folder {path}: cannot be written: {reason}") from None


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yields a temporary path beside ``path``; renamed to it on success, removed on any error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    aside = Path(name)
    try:
        yield aside
        aside.chmod(0o644)
        aside.replace(path)
    except OSError as error:  # a write to a full disk names no file
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
    finally:
        aside.unlink(missing_ok=True)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Around everything that reads a run's file and takes it apart: damage becomes one line that names the file.

    Raises:
        InputError: it is missing, cannot be read, or does not hold what a run writes.
    """
    try:
        yield
    except UnicodeDecodeError as error:
        raise _damaged(path, f"not text in UTF-8, at byte {error.start}") from None
    except FileNotFoundError:
        raise InputError(f"{path}: is missing; run the pipeline again") from None
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else _first_line(error)
        raise InputError(f"{path}: cannot be read: {reason}") from None
    except KeyError as error:
        raise _damaged(path, f"no {error.args[0]!r}") from None
    except (ValueError, TypeError, LookupError, AttributeError, csv.Error) as error:  # Arrow's and JSON's among them
        raise _damaged(path, _first_line(error)) from None


def _damaged(path: Path, what: str) -> InputError:
    return InputError(f"{path}: cannot be read: {what}; it is not as a run writes it: run the pipeline again")


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def write_whole(path: Path, text: str) -> None:
    """Write a text file, whole or not at all."""
    with whole_file(path) as aside:
        aside.write_text(text, encoding="utf-8")
