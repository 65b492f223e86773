"""Files that are whole or not there: written aside, then renamed."""

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


def write_whole(path: Path, text: str) -> None:
    """Write a text file, whole or not at all."""
    with whole_file(path) as aside:
        aside.write_text(text, encoding="utf-8")
