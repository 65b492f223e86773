"""Writes docs/reference/: the keys of a technology file and the options of every command, from the code itself.

``python tools/write_reference.py`` writes them; with ``--check`` it says which are out of step, and exits with 1.
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typer
from pydantic.fields import FieldInfo

from spintronics import cli
from spintronics.technology import SECTIONS, Technology, fields_by_key, unit_of_key

REFERENCE = Path(__file__).parents[1] / "docs" / "reference"
GENERATED = "<!-- written by tools/write_reference.py -->\n"


def technology_keys() -> str:
    """Every key: unit, what is allowed, default, value and source in imce45."""
    imce45 = Technology.load("imce45")
    lines = [
        "# Keys of a technology file",
        "",
        'A technology is a TOML file; every entry is `key = { value = …, source = "…" }`. A value with a dimension is '
        'text with its unit, such as `"10.58 ohm*um^2"`: any unit of the dimension does; the SI unit is in the table. '
        "`--set technology.SECTION.KEY=VALUE` replaces one for a run. Unknown keys are refused.",
        "",
    ]
    for section in SECTIONS:
        about = (_kind(section).__doc__ or "").strip().splitlines()[0]
        lines += [f"## {section}", "", about, "", *_header("key", "SI unit", "allowed", "default", "imce45", "source")]
        for key, entry in fields_by_key().items():
            if key.startswith(f"{section}."):
                name = key.partition(".")[2]
                value = getattr(getattr(imce45, section), name)
                lines.append(
                    _row(
                        f"`{name}`",
                        unit_of_key(key).replace("*", "·"),
                        _allowed(entry),
                        "needed" if entry.is_required() else _shown(entry.default),
                        _shown(value),
                        imce45.sources.get(key, ""),
                    )
                )
        lines.append("")
    return "\n".join(lines)


def commands() -> str:
    """Every command: what it does, its arguments and options."""
    group: Any = typer.main.get_command(cli.app)
    lines = [
        "# Commands",
        "",
        group.epilog,
        "Errors that you can act on are one line on standard error. "
        "`spintronics --install-completion` sets up completion for your shell.",
        "",
    ]
    for name, command in _walked("spintronics", group):
        about, _, example = command.help.partition("Example: ")
        lines += [f"## {name}", "", " ".join(about.split("\n\n")[0].split()), ""]
        lines += [" ".join(part.split()) + "\n" for part in about.strip().split("\n\n")[1:]]
        lines += [f"    {example.strip()}", ""] if example else []
        shown = [p for p in command.params if p.name != "help"]
        lines += [*_header("argument or option", "what", "default"), *map(_parameter, shown), ""] if shown else []
    return "\n".join(lines)


def _walked(prefix: str, group: Any) -> Iterable[tuple[str, Any]]:
    for name, command in sorted(group.commands.items()):
        if hasattr(command, "commands"):
            yield from _walked(f"{prefix} {name}", command)
        else:
            yield f"{prefix} {name}", command


def _parameter(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        name, default = f"`{(parameter.metavar or parameter.name).upper()}`", "" if parameter.required else "optional"
    else:
        name = ", ".join(f"`{option}`" for option in parameter.opts)
    if parameter.param_type_name != "argument" or parameter.show_default:
        given = parameter.show_default if isinstance(parameter.show_default, str) else parameter.default
        default = "" if given in (None, False) or callable(given) else str(given)
        default = "needed" if parameter.required and not default else default
    return _row(name, parameter.help or "", default)


def _kind(section: str) -> type:
    annotation: Any = Technology.model_fields[section].annotation
    return next(kind for kind in (annotation, *get_args(annotation)) if isinstance(kind, type))


def _allowed(entry: FieldInfo) -> str:
    """Limits of the field, or the words that it may be."""
    if get_origin(entry.annotation) is Literal:
        return ", ".join(map(str, get_args(entry.annotation)))
    found = dict.fromkeys(_limits(entry))
    kinds = {int: "whole number", str: "text"}
    words = [kinds[entry.annotation]] if entry.annotation in kinds else []  # type: ignore[index]
    return ", ".join([*words, *found])


def _limits(entry: FieldInfo) -> Iterable[str]:
    inner = (m for kind in get_args(entry.annotation) for m in getattr(kind, "__metadata__", ()))
    for info in (entry, *(m for m in inner if isinstance(m, FieldInfo))):
        for limit in info.metadata:
            for name, sign in (("gt", ">"), ("ge", "≥"), ("lt", "<"), ("le", "≤")):
                if hasattr(limit, name):
                    yield f"{sign} {getattr(limit, name):g}"


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, tuple):
        return " ".join(str(list(row)) for row in value)
    return "none" if value is None else str(value)


def _header(*names: str) -> list[str]:
    return [_row(*names), _row(*("---" for _ in names))]


def _row(*cells: str) -> str:
    return f"| {' | '.join(' '.join(cell.split()).replace('|', '/') for cell in cells)} |"


def main() -> int:
    """Write or check both pages."""
    stale = []
    for name, text in (("technology.md", technology_keys()), ("command.md", commands())):
        path, whole = REFERENCE / name, GENERATED + text.rstrip() + "\n"
        if "--check" not in sys.argv[1:]:
            path.write_text(whole, encoding="utf-8")
        elif not path.is_file() or path.read_text(encoding="utf-8") != whole:
            stale.append(str(path))
    if stale:
        print(f"out of step: {', '.join(stale)}; run python tools/write_reference.py", file=sys.stderr)
    return int(bool(stale))


if __name__ == "__main__":
    sys.exit(main())
