"""A technology and a pipeline of a user's own, to start from."""

import re
from pathlib import Path

from spintronics.errors import InputError
from spintronics.report.files import write_whole
from spintronics.resources import MODELS, PIPELINES, find

_NAME = re.compile(r"\w[\w.-]*")


def write_start(folder: Path, pipeline: str, technology: str, name: str) -> tuple[Path, Path]:
    """``technology.toml`` and ``pipeline.toml``: copies with all their comments, under a new name.

    Args:
        pipeline, technology: names of those that travel with the package, or paths, to copy.
        name: what both call themselves.
    Raises:
        InputError: one of the files is there already, a name that cannot be used, or nothing to copy.
    """
    if not _NAME.fullmatch(name):
        raise InputError(f'name = "{name}": must be letters, digits, ".", "-" and "_"')
    paths = folder / "technology.toml", folder / "pipeline.toml"
    for path in paths:
        if path.exists():
            raise InputError(f"{path}: is there already; give another folder")
    sources = find(technology, MODELS / "technology", ".toml"), find(pipeline, PIPELINES, ".toml")
    own_technology, own_pipeline = (source.read_text(encoding="utf-8") for source in sources)
    head = f"# Started from {technology}; every value has its unit and its source: write down yours.\n"
    write_whole(paths[0], head + _with(own_technology, "name", name, sources[0]))
    own_pipeline = _with(own_pipeline, "name", name, sources[1])
    head = f"# Started from {pipeline}; spintronics run {paths[1]} runs it.\n"
    write_whole(paths[1], head + _with(own_pipeline, "technology", "technology.toml", sources[1]))
    return paths


def _with(text: str, key: str, value: str, path: Path) -> str:
    """The file's text with the value of a key at its top level changed."""
    changed, found = re.subn(rf'^{key} = "[^"]*"', f'{key} = "{value}"', text, count=1, flags=re.MULTILINE)
    if not found:
        raise InputError(f'{path}: no line {key} = "…" to change; start from another file')
    return changed
