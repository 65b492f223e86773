"""Netlists: the circuits that travel with the package, and a user's own that take their places."""

import re
from collections.abc import Iterable, Iterator, Mapping
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
_VALUE = re.compile(r"(\w+)=(\{[^}]*\}|'[^']*'|\S+)")  # of .param; bare, ngspice too takes it to the next blank
_DIGITS = r"(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?"
_TERM = rf"(?:[a-z_]\w*|{_DIGITS}[a-z]*)"
_PRODUCT = re.compile(rf"{_TERM}(?:[*/]{_TERM})*")
_NUMBER = re.compile(rf"({_DIGITS})(meg|[tgkmunpf]?)[a-z]*")
_SUFFIX = {"t": 1e12, "g": 1e9, "meg": 1e6, "k": 1e3, "": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9, "p": 1e-12, "f": 1e-15}
LEAST, MOST = 1e-9, 1e-3  # m, of a transistor's w and l; assumed: none is beyond, but 90 without its n is


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
    Raises:
        InputError: sizes that no transistor has, with these parameters.
    """
    return _placed_in(text, tuple(sorted(parameters.items())))


@lru_cache(maxsize=4096)  # a sweep of geometries asks for the same gates thousands of times
def _placed_in(text: str, parameters: tuple[tuple[str, float], ...]) -> tuple[Placed, ...]:
    (_, header), *body = _statements(text)
    values = _with_params(body, {**_defaults(header), **dict(parameters)})
    try:
        return tuple(_transistor(statement, values) for _, statement in body if statement.startswith("x"))
    except ValueError as error:
        raise InputError(f"netlist {_name_and_ports(header)[0]}: {error}") from None


def _checked(path: Path, text: str, shipped: str) -> str:
    """The text of a user's netlist, one that the shipped one's instances and callers can use."""
    require_lines(path, text, _OF_A_NETLIST, _RULE)
    statements = list(_statements(text))
    (_, header), *shipped_body, _ = _statements(shipped)
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
    values, named = _with_params(body, _defaults(begin)), set(given)
    for number, statement in body:
        if statement.startswith((".subckt", ".ends")):
            raise InputError(f"{path}:{number}: {statement.split()[0]}: a netlist is one subcircuit: {right}")
        if statement.startswith("x"):
            try:
                _transistor(statement, values)
            except ValueError as error:
                raise InputError(f"{path}:{number}: {error}") from None
        for key in _params(statement):
            if key in named:
                raise InputError(f"{path}:{number}: .param {key}: has a value already; must have a name of its own")
            named.add(key)
    used = _touched(body)
    bare = [port for port in ports if port in _touched(shipped_body) - used]
    if bare:
        raise InputError(
            f"{path}:{first}: .subckt {name}: no element is on {' '.join(bare)}; each port of these must have one, "
            f"as in the shipped netlist"
        )
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


def _params(statement: str) -> dict[str, str]:
    """What a ``.param`` statement gives, by name; nothing of any other.

    >>> _params(".param wide={2 * w} k=3/2")
    {'wide': '2*w', 'k': '3/2'}
    """
    if not statement.startswith(".param"):
        return {}
    return {key: re.sub(r"[\s{}']", "", value) for key, value in _VALUE.findall(statement)}


def _with_params(body: Iterable[tuple[int, str]], values: Mapping[str, float]) -> dict[str, float]:
    """Values of parameters, and of the ``.param`` that are products of them and of one another, in any order."""
    known = dict(values)
    given = {key: value for _, statement in body for key, value in _params(statement).items()}
    for _ in given:
        for key, value in given.items():
            if key not in known and (product := _product(value, known)) is not None:
                known[key] = product
    return known


def _touched(body: Iterable[tuple[int, str]]) -> set[str]:
    """Names that elements have as nodes; what stands in braces or after w= is none."""
    elements = (statement for _, statement in body if statement[0] != ".")
    words = (_PARAMETER.sub("", e) if e[0] == "x" else re.sub(r"\{[^}]*\}", "", e) for e in elements)
    return {word for found in words for word in re.findall(r"\w+", found.partition(" ")[2])}


def _transistor(statement: str, values: Mapping[str, float]) -> Placed:
    """The transistor that an instance line places.

    Raises:
        ValueError: an instance of something else, or sizes that are no products of numbers and parameters, or that
            no transistor has.
    """
    name, *nodes, kind = _PARAMETER.split(statement)[0].split()
    given = {key: (braced or plain).replace(" ", "") for key, braced, plain in _PARAMETER.findall(statement)}
    if kind not in ("nfet", "pfet") or len(nodes) != 4 or not {"w"} <= set(given) <= {"w", "l", "copies"}:
        raise ValueError(
            f"{name} … {kind}: must be {name} DRAIN GATE SOURCE BULK nfet (or pfet) w={{…}}, and may have l and copies"
        )
    sizes = {}
    for key, expression in given.items():
        size = _product(expression, values)
        if size is None:
            there = f" and {', '.join(values)}" if values else ""
            raise ValueError(f"{name}: {key}={{{expression}}}: must be a product of numbers{there}")
        if key != "copies" and not LEAST <= size <= MOST:
            raise ValueError(f"{name}: {key}={{{expression}}}: {size:g} m; must be within 1 nm … 1 mm, as 90n or 1.2u")
        sizes[key] = size
    copies = round(sizes.get("copies", 1.0), 9)  # 0.1*30 is whole
    if copies < 1 or copies % 1:
        raise ValueError(f"{name}: copies={{{given['copies']}}}: {copies:g}; must be a whole number of 1 or more")
    polarity: Literal["nmos", "pmos"] = "nmos" if kind == "nfet" else "pmos"
    return Placed(name, polarity, sizes["w"], sizes.get("l"), int(copies))


def _product(expression: str, values: Mapping[str, float]) -> float | None:
    """Value of a product of numbers and parameters; None of anything else, and of a division by nothing.

    >>> _product("2*w/4", {"w": 90e-9}), _product("w+1", {"w": 90e-9})
    (4.5e-08, None)
    """
    if not _PRODUCT.fullmatch(expression):
        return None
    product = 1.0
    for operator, word in re.findall(rf"([*/]?)({_TERM})", expression):
        if word not in values and not _NUMBER.fullmatch(word):
            return None
        number = values[word] if word in values else _number(word)
        if operator == "/" and not number:
            return None
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
