"""Netlists: the circuits that travel with the package, and a user's own that take their places."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

from spintronics.errors import InputError
from spintronics.resources import NETLISTS

SHIPPED = "shipped"
# What a netlist is made of.  Elements without those that could start a program or load a file (a: code models,
# n: compiled devices), and without bare transistors: nfet and pfet are what areas and mismatch know.
_OF_A_NETLIST = re.compile(
    r"\s*(\*(?!#)|\$|\+|\.(subckt|ends|model|params?)\b|[bcdefghiklrstvwx]\S*\s|$)", re.IGNORECASE
)
_RULE = "not in a netlist; it has .subckt, .ends, .param, .model, transistors as nfet and pfet, and other elements"
_END_OF_LINE = re.compile(r"\s*(?:;|//|(?<=[\s,])\$(?:\s|$)).*")  # comment
_PARAMETER = re.compile(r"(\w+)=(?:\{([^}]*)\}|(\S+))")
_DIGITS = r"(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?"
_TERM = rf"(?:[a-z_]\w*|{_DIGITS}[a-z]*)"
_PRODUCT = re.compile(rf"{_TERM}(?:[*/]{_TERM})*")
_NUMBER = re.compile(rf"({_DIGITS})(meg|[tgkmunpf]?)[a-z]*")
_SUFFIX = {"t": 1e12, "g": 1e9, "meg": 1e6, "k": 1e3, "": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9, "p": 1e-12, "f": 1e-15}


@dataclass(frozen=True)
class Placed:
    """One transistor of a netlist.

    Attributes:
        name: of its instance, in lower case.
        width: m; length: m, None where the netlist leaves it to the technology.
        copies: in parallel.
    """

    name: str
    polarity: Literal["nmos", "pmos"]
    width: float
    length: float | None
    copies: int


def netlist_names() -> tuple[str, ...]:
    """Names of all netlists, ``"sense_cell_p"``, ``"generated/she_mtj"``: what a user's own may be called."""
    return tuple(sorted(p.relative_to(NETLISTS).with_suffix("").as_posix() for p in NETLISTS.glob("**/*.spice")))


@cache
def shipped_netlist(name: str) -> str:
    """Text of ``netlists/<name>.spice``.

    Raises:
        InputError: no such netlist; the message lists those there are.
    """
    path = NETLISTS / f"{name}.spice"
    if not path.is_file():
        raise InputError(f"{path}: no such netlist; there are: {', '.join(netlist_names())}")
    return path.read_text(encoding="utf-8")


def own_netlists(folder: Path) -> dict[str, str]:
    """A user's netlists by name; those that equal the shipped ones are left out.

    Args:
        folder: its files are called as the shipped ones are, ``generated/…`` too; hidden files and .md are passed over.
    Returns:
        Text of each: statements on one line and in lower case, comments of whole lines as they are.
    Raises:
        InputError: the folder or a file that cannot be used: file and line, what was found, what would be right.
    """
    try:
        entries = sorted(folder.iterdir())
        entries += sorted((folder / "generated").iterdir()) if (folder / "generated").is_dir() else []
    except OSError as error:
        raise InputError(f"{error.filename}: cannot be read: {error.strerror}") from None
    files = [p for p in entries if p != folder / "generated" and p.name[0] != "." and p.suffix.lower() != ".md"]
    known = {f"{name}.spice": name for name in netlist_names()}
    if not files:
        raise InputError(f"{folder}: no netlist in it; it may have: {', '.join(known)}")
    found = {}
    for path in files:
        file = path.relative_to(folder).as_posix()
        if file not in known:
            near = get_close_matches(file.lower(), known, n=3) or list(known)
            raise InputError(f"{path}: takes the place of no shipped netlist; did you mean {' or '.join(near)}?")
        shipped = shipped_netlist(known[file])
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
            raise InputError(f"{path}: cannot be read: {reason}; must be a text file in UTF-8") from None
        if text != shipped:
            found[known[file]] = _checked(path, text, shipped)
    return found


def require_lines(path: Path, text: str, allowed: re.Pattern[str], rule: str) -> None:
    """What goes into decks may define, and nothing else: no commands, no other files.

    Args:
        allowed: how every line must start; rule: what stands in the message where one does not.
    Raises:
        InputError: such a line, or a continuation of nothing; names file and line.
    """
    begun = False
    for number, line in enumerate(text.splitlines(), start=1):
        start = line.lstrip()[:2]
        if not allowed.match(line):
            found = "*#" if start == "*#" else line.split()[0][:40]
            raise InputError(f"{path}:{number}: {found}: {rule}")
        if start.startswith("+") and not begun:
            raise InputError(f"{path}:{number}: +: continues no line of this file; remove it, or what comes before it")
        begun = begun or (bool(start) and start[0] not in "*$")


def placed_in(text: str, parameters: Mapping[str, float]) -> tuple[Placed, ...]:
    """All transistors of a netlist's text.

    Args:
        parameters: values of its parameters; those not given have the value of the ``.subckt`` line.
    """
    return _placed_in(text, tuple(sorted(parameters.items())))


@lru_cache(maxsize=4096)  # a sweep of geometries asks for the same gates thousands of times
def _placed_in(text: str, parameters: tuple[tuple[str, float], ...]) -> tuple[Placed, ...]:
    statements = list(_statements(text))
    values = {**_defaults(statements[0][1]), **dict(parameters)}
    return tuple(_transistor(statement, values) for _, statement in statements if statement.startswith("x"))


def _checked(path: Path, text: str, shipped: str) -> str:
    """The text of a user's netlist, one that the shipped one's instances and callers can use."""
    require_lines(path, text, _OF_A_NETLIST, _RULE)
    statements = list(_statements(text))
    (_, header), *_ = _statements(shipped)
    name, *ports = _name_and_ports(header)
    right = f".subckt {name} {' '.join(ports)}"
    if not statements:
        raise InputError(f"{path}: no subcircuit in it; must be {right} … .ends")
    (first, begin), *body, (last, end) = (statements[0], *statements[1:-1], statements[-1])
    if not begin.startswith(".subckt ") or _name_and_ports(begin) != [name, *ports]:
        found = _PARAMETER.split(begin)[0].strip()
        raise InputError(f"{path}:{first}: {found}: must be {right}")
    given = dict.fromkeys(key for key, *_ in _PARAMETER.findall(begin))
    missing = [f"{key}={braced or plain}" for key, braced, plain in _PARAMETER.findall(header) if key not in given]
    if missing:
        raise InputError(f"{path}:{first}: .subckt {name}: lacks parameters that it is given: {' '.join(missing)}")
    if end not in (".ends", f".ends {name}") or last == first:
        raise InputError(f"{path}:{last}: {end.split()[0]} …: must end with .ends {name}")
    values = _defaults(begin)
    for number, statement in body:
        if statement.startswith((".subckt", ".ends")):
            raise InputError(f"{path}:{number}: {statement.split()[0]}: a netlist is one subcircuit: {right}")
        if statement.startswith("x"):
            try:
                _transistor(statement, values)
            except (ValueError, ZeroDivisionError) as error:
                raise InputError(f"{path}:{number}: {error}") from None
    return "\n".join(line for _, line in _folded(text))


def _folded(text: str) -> list[tuple[int, str]]:
    """Lines with their numbers: comments as they are; statements whole and in lower case, without comments behind."""
    lines: list[tuple[int, str]] = []
    statement = 0
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if line and not line.startswith(("*", "$")):
            line = re.sub(r"\s*=\s*", "=", " ".join(_END_OF_LINE.sub("", line).lower().split()))
            if line.startswith("+"):
                lines[statement] = (lines[statement][0], f"{lines[statement][1]} {line[1:].strip()}")
                continue
            statement = len(lines)
        lines.append((number, line))
    return lines


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Statements with the numbers of their first lines, as :func:`_folded`."""
    return ((number, line) for number, line in _folded(text) if line and not line.startswith(("*", "$")))


def _name_and_ports(subckt: str) -> list[str]:
    return [word for word in _PARAMETER.split(subckt)[0].split()[1:] if word != "params:"]


def _defaults(subckt: str) -> dict[str, float]:
    """Parameters of a ``.subckt`` line that are plain numbers."""
    found = {key: braced or plain for key, braced, plain in _PARAMETER.findall(subckt)}
    return {key: _number(value) for key, value in found.items() if _NUMBER.fullmatch(value)}


def _transistor(statement: str, values: Mapping[str, float]) -> Placed:
    """The transistor that an instance line places.

    Raises:
        ValueError: an instance of something else, or sizes that are not products of numbers and parameters.
    """
    name, *nodes, kind = _PARAMETER.split(statement)[0].split()
    given = {key: (braced or plain).replace(" ", "") for key, braced, plain in _PARAMETER.findall(statement)}
    if kind not in ("nfet", "pfet") or len(nodes) != 4 or not {"w"} <= set(given) <= {"w", "l", "copies"}:
        raise ValueError(
            f"{name} … {kind}: must be {name} DRAIN GATE SOURCE BULK nfet (or pfet) w={{…}}, and may have l and copies"
        )
    sizes = {key: _product(name, key, value, values) for key, value in given.items()}
    if min(sizes.values()) <= 0:
        raise ValueError(f"{name}: w, l and copies must be > 0")
    polarity: Literal["nmos", "pmos"] = "nmos" if kind == "nfet" else "pmos"
    return Placed(name, polarity, sizes["w"], sizes.get("l"), round(sizes.get("copies", 1.0)))


def _product(name: str, key: str, expression: str, values: Mapping[str, float]) -> float:
    product, words = 1.0, re.findall(rf"([*/]?)({_TERM})", expression)
    known = all(word in values or _NUMBER.fullmatch(word) for _, word in words)
    if not known or not _PRODUCT.fullmatch(expression):
        there = f" and {', '.join(values)}" if values else ""
        raise ValueError(f"{name}: {key}={{{expression}}}: must be a product of numbers{there}")
    for operator, word in words:
        number = values[word] if word in values else _number(word)
        product = product / number if operator == "/" else product * number
    return product


def _number(text: str) -> float:
    """A number as SPICE has it.

    >>> [f"{_number(text):g}" for text in ("90n", "1.5meg", "2e-7")]
    ['9e-08', '1.5e+06', '2e-07']
    """
    match = _NUMBER.fullmatch(text)
    assert match is not None, text
    return float(match[1]) * _SUFFIX[match[2]]
