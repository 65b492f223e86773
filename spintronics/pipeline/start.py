"""A technology and a pipeline of a user's own, to start from."""

import re
from pathlib import Path

from spintronics.errors import InputError
from spintronics.netlists import netlist_names, shipped_netlist
from spintronics.report.files import write_whole
from spintronics.resources import MODELS, PIPELINES, find

OWN_NETLISTS = "netlists"  # the copies' folder
_NAME = re.compile(r"\w[\w.-]*")


def write_start(folder: Path, pipeline: str, technology: str, name: str, netlists: bool) -> tuple[Path, ...]:
    """``technology.toml`` and ``pipeline.toml``: copies with all their comments, under a new name.

    Args:
        pipeline, technology: names of those that travel with the package, or paths, to copy.
        name: what both call themselves.
        netlists: copies of the shipped netlists too, in ``netlists/``, which the technology then names.
    Returns:
        what was written; the pipeline last.
    Raises:
        InputError: one of the files is there already, a name that cannot be used, or nothing to copy.
    """
    if not _NAME.fullmatch(name):
        raise InputError(f'name = "{name}": must be letters, digits, ".", "-" and "_"')
    paths = folder / "technology.toml", folder / "pipeline.toml"
    copies = {folder / f"{OWN_NETLISTS}/{n}.spice": shipped_netlist(n) for n in netlist_names()} if netlists else {}
    for path in (*paths, *copies):
        if path.exists():
            raise InputError(f"{path}: is there already; give another folder")
    sources = find(technology, MODELS / "technology", ".toml"), find(pipeline, PIPELINES, ".toml")
    own_technology, own_pipeline = (source.read_text(encoding="utf-8") for source in sources)
    if netlists:
        own_technology = _with(own_technology, "netlists", OWN_NETLISTS, sources[0], within="{ value = ")
    head = f"# Started from {technology}; every value has its unit and its source: write down yours.\n"
    write_whole(paths[0], head + _with(own_technology, "name", name, sources[0]))
    own_pipeline = _with(own_pipeline, "name", name, sources[1])
    head = f"# Started from {pipeline}; spintronics run {paths[1]} runs it.\n"
    write_whole(paths[1], head + _with(own_pipeline, "technology", "technology.toml", sources[1]))
    for path, text in copies.items():
        write_whole(path, text)
    return (paths[0], *copies, paths[1])


def _with(text: str, key: str, value: str, path: Path, within: str = "") -> str:
    """The file's text with the value of a key changed; ``within`` stands before the value."""
    line = f"{key} = {within}"
    changed, found = re.subn(rf'^{re.escape(line)}"[^"]*"', f'{line}"{value}"', text, count=1, flags=re.MULTILINE)
    if not found:
        raise InputError(f'{path}: no line {line}"…" to change; start from another file')
    return changed
