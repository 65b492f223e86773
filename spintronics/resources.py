"""Where the files that travel with the package lie: models/, netlists/ and pipelines/."""

from pathlib import Path

from spintronics.errors import InputError

_PACKAGE = Path(__file__).resolve().parent
# An installed wheel carries the three folders as package data; a checkout has them beside the package.
_ROOT = _PACKAGE / "data" if (_PACKAGE / "data").is_dir() else _PACKAGE.parent

MODELS = _ROOT / "models"
NETLISTS = _ROOT / "netlists"
PIPELINES = _ROOT / "pipelines"


def user_path(path: str | Path) -> Path:
    """A path as a user writes it, ``~`` expanded where there is such a home."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def find(name_or_path: str | Path, folder: Path, suffix: str) -> Path:
    """The file that a user means: a path to one of their own, or the name of one that travels with the package.

    Args:
        name_or_path: ``path/to/mine.toml`` or ``imce45``.
        folder: where the package's own files of this kind lie, such as ``MODELS / "technology"``.
        suffix: file suffix with its dot, ``".toml"``.
    Raises:
        InputError: neither exists; the message lists the names that do.

    >>> find("imce45", MODELS / "technology", ".toml").name
    'imce45.toml'
    """
    path = user_path(name_or_path)
    if path.is_file():
        return path.resolve()
    own = folder / f"{name_or_path}{suffix}"
    if path.name == str(name_or_path) and own.is_file():
        return own
    known = ", ".join(sorted(p.stem for p in folder.glob(f"*{suffix}")))
    raise InputError(f"{name_or_path}: no such file; give a path to a {suffix} file or one of: {known}")
