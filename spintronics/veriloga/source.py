"""What is read from a Verilog-A file's text because OpenVAF does not tell it.

Places of constructs, ranges of parameters, declarations of variables, event statements, and powers of white noise.
Files that it includes are read in place; comments and strings are blanked first; macros are followed one level deep,
where they stand for a number.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

_INCLUDE = re.compile(r'`include\s+"([^"]+)"')
_BLANKED = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.S)
_PARAMETER = re.compile(r"\bparameter\s+(?:real\b|integer\b|string\b)?\s*([^;]*);")
_PART = re.compile(r"\b(from|exclude)\s*(?:([\[(])([^:\[\]]*):([^:\[\]]*?)([\])])|([^\s,;]+))")
_NUMBER = re.compile(r"([+-]?)\s*(inf|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([TGMKkmunpfa]?)")
_SCALES = {
    "": 1.0,
    "T": 1e12,
    "G": 1e9,
    "M": 1e6,
    "K": 1e3,
    "k": 1e3,
    "m": 1e-3,
    "u": 1e-6,
    "n": 1e-9,
    "p": 1e-12,
    "f": 1e-15,
    "a": 1e-18,
}
_FUNCTION = re.compile(r"\banalog\s+function\b.*?\bendfunction\b", re.S)
_VARIABLES = re.compile(r"(?:\b(parameter|localparam)\s+)?\b(?:real|integer)\s+(\w[^;]*);")
_EVENT = re.compile(r"@\s*\(\s*(\w+)[^)]*(?:\([^)]*\)[^)]*)?\)\s*")
_ASSIGNMENT = re.compile(r"\b([A-Za-z_]\w*)\s*=(?!=)")
_SOLUTION = re.compile(r"\$abstime\b|\b[VI]\s*\(")
# What OpenVAF takes and leaves out of the equations.
_DROPPED = re.compile(r"\b(absdelay|transition)\b")
_INSTANCE = re.compile(
    r"^[ \t]*(?!(?:macro)?module\b|else\b|end\b)([A-Za-z_]\w*)\s+(?:#\s*\([^;]*\)\s*)?\w+\s*\([^;<=]*\)\s*;", re.M
)
_WHITE_NOISE = re.compile(r"\bwhite_noise\s*(?=\()")
_MODULE = re.compile(r"\bmodule\b[^;]*;")


@dataclass(frozen=True)
class Interval:
    """Numbers from ``low`` to ``high``, each end inside or not.

    >>> str(Interval(0, math.inf, False, False))
    '(0:inf)'
    >>> 0 in Interval(0, 1, True, False)
    True
    """

    low: float = -math.inf
    high: float = math.inf
    with_low: bool = True
    with_high: bool = True

    def __contains__(self, value: float) -> bool:
        above = value >= self.low if self.with_low else value > self.low
        below = value <= self.high if self.with_high else value < self.high
        return above and below

    def __str__(self) -> str:
        if self.low == self.high:
            return f"{self.low:g}"
        return f"{'(['[self.with_low]}{self.low:g}:{self.high:g}{')]'[self.with_high]}"


@dataclass(frozen=True)
class Range:
    """What a parameter may be: within one of ``allowed`` (anything where that is empty) and in none of ``excluded``."""

    allowed: tuple[Interval, ...] = ()
    excluded: tuple[Interval, ...] = ()

    def __contains__(self, value: float) -> bool:
        within = not self.allowed or any(value in interval for interval in self.allowed)
        return within and not any(value in interval for interval in self.excluded)

    def __str__(self) -> str:
        return " ".join([f"from {i}" for i in self.allowed] + [f"exclude {i}" for i in self.excluded])


@dataclass(frozen=True)
class WhiteNoise:
    """A call of white_noise() that stands as the voltage of a node.

    Attributes:
        node: whose voltage has a density of 1 V²/Hz.
        name: as in the source; may be empty.
    """

    node: str
    name: str


class Source:
    """Text of one .va file and of what it includes.

    Args:
        path: the .va file.
        text: with the included files in place.
        origins: file and number of each line of ``text``; those of ``path`` itself by default.

    >>> text = "module m(a);\\n  parameter real r = 1k from (0:inf) exclude 50;  // from (1:2)\\nendmodule"
    >>> source = Source(Path("m.va"), text)
    >>> source.places(r"\\bparameter\\b"), str(source.ranges["r"])
    (['line 2'], 'from (0:inf) exclude 50')
    """

    def __init__(self, path: Path, text: str, origins: Sequence[tuple[Path, int]] = ()):
        self.path, self.text = path, text
        self._origins = origins
        self._code = _blanked(text)

    @classmethod
    def read(cls, path: Path) -> "Source":
        """The file with those in place that lie where it includes them from; the compiler brings the others."""
        lines = list(_lines(path, ()))
        return cls(path, "\n".join(text for text, _, _ in lines), [(file, number) for _, file, number in lines])

    def places(self, pattern: str) -> list[str]:
        """Lines of the pattern's matches in the code, ``line 8`` or ``line 3 of mine.inc``; one may come twice."""
        return [self._place(match.start()) for match in re.finditer(pattern, self._code)]

    def _place(self, position: int) -> str:
        line = self._code.count("\n", 0, position)
        file, number = self._origins[line] if self._origins else (self.path, line + 1)
        return f"line {number}" if file == self.path else f"line {number} of {file.name}"

    @cached_property
    def ranges(self) -> Mapping[str, Range]:
        """Of the parameters that have one.  A bound that is not a number, such as another parameter, is left open."""
        ranges = {}
        for declaration in _PARAMETER.finditer(self._code):
            for item in _split(declaration[1]):
                name = item.partition("=")[0].strip()
                parts: dict[str, list[Interval]] = {"from": [], "exclude": []}
                for part in _PART.finditer(item):
                    interval = self._interval(part)
                    if interval is not None:
                        parts[part[1]].append(interval)
                if any(parts.values()):
                    ranges[name] = Range(tuple(parts["from"]), tuple(parts["exclude"]))
        return ranges

    def _interval(self, part: re.Match[str]) -> Interval | None:
        _, opening, low, high, closing, single = part.groups()
        excluded = part[1] == "exclude"
        if single is not None:
            value = self._number(single)
            return None if value is None else Interval(value, value)
        ends = self._number(low), self._number(high)
        if excluded and None in ends:
            return None
        return Interval(
            -math.inf if ends[0] is None else ends[0],
            math.inf if ends[1] is None else ends[1],
            opening == "[" or ends[0] is None,
            closing == "]" or ends[1] is None,
        )

    def _number(self, text: str) -> float | None:
        text = text.strip()
        if text.startswith("`"):
            text = self._macros.get(text[1:], "")
        found = _NUMBER.fullmatch(text)
        if found is None:
            return None
        sign, digits, scale = found.groups()
        return float(digits) * _SCALES[scale] * (-1 if sign == "-" else 1)

    @cached_property
    def _macros(self) -> Mapping[str, str]:
        return {name: text.strip() for name, text in re.findall(r"^\s*`define[ \t]+(\w+)[ \t]+(.*)$", self._code, re.M)}

    @cached_property
    def _body(self) -> str:
        """Code outside functions, whose variables start anew in each call."""
        return _FUNCTION.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), self._code)

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """Variables that could keep a value between evaluations: those that are assigned, outside functions."""
        assigned = set(_ASSIGNMENT.findall(_VARIABLES.sub(";", self._body)))
        declared = dict.fromkeys(name for _, name, _ in self._declared())
        return tuple(name for name in declared if name in assigned)

    def _declared(self) -> Iterator[tuple[int, str, int]]:
        """Start, name and end of each declared variable, with its initial value."""
        for declaration in _VARIABLES.finditer(self._body):
            if declaration[1]:
                continue
            start = declaration.start(2)
            for item in _split(declaration[2]):
                yield start, item.partition("=")[0].strip(), start + len(item)
                start += len(item) + 1

    def starting_with(self, values: Mapping[str, float]) -> str:
        """The text with other initial values of variables."""
        text, end = [], 0
        for start, name, stop in self._declared():
            if name in values:
                text += [self.text[end:start], f" {name} = {values[name]!r}"]
                end = stop
        return "".join(text) + self.text[end:]

    def with_noise_nodes(self) -> tuple["Source", tuple[WhiteNoise, ...]]:
        """The source with each ``white_noise(power)`` as ``(sqrt(abs(power))*V(node))``, a node of its own for each.

        The compiler then tells by how much each node's voltage moves the currents: the root of the noise's density.
        """
        calls: list[WhiteNoise] = []
        text, end = [], 0
        for call in _WHITE_NOISE.finditer(self._code):
            stop = _closing(self._code, call.end())
            inside = slice(call.end() + 1, stop)
            power = _split(self._code[inside])[0]
            name = re.search(r'"([^"]*)"', self.text[inside][len(power) :])
            calls.append(WhiteNoise(self._unused(f"noise{len(calls) + 1}"), name[1] if name else ""))
            text += [self.text[end : call.start()]]
            text += [f"(sqrt(abs({self.text[inside][: len(power)]}))*V({calls[-1].node}))"]
            end = stop + 1
        whole = "".join(text) + self.text[end:]
        module = _MODULE.search(_blanked(whole))
        if module and calls:
            nodes = ", ".join(call.node for call in calls)
            whole = f"{whole[: module.end()]} electrical {nodes};{whole[module.end() :]}"
        return Source(self.path, whole, self._origins), tuple(calls)

    def _unused(self, name: str) -> str:
        while re.search(rf"\b{name}\b", self._code):
            name += "_"
        return name

    def dropped(self) -> tuple[str, str] | None:
        """Place and words of a construct that OpenVAF leaves out without a word: a delay, an instance of a module."""
        for pattern, words in ((_DROPPED, ""), (_INSTANCE, "an instance of ")):
            found = pattern.search(self._body)
            if found:
                return self._place(found.start(1)), words + found[1]
        return None

    def timed_event(self) -> tuple[str, str] | None:
        """Place and words of an event statement that means something else when it is executed at each evaluation.

        OpenVAF does that.  The same comes out where the event is ``initial_step`` and its variables depend on
        parameters alone and are assigned nowhere else.
        """
        for event in _EVENT.finditer(self._body):
            place = self._place(event.start())
            statement = _statement(self._body, event.end())
            around = self._body[: event.start()] + self._body[event.end() + len(statement) :]
            elsewhere = set(_ASSIGNMENT.findall(_VARIABLES.sub(";", around)))
            again = [name for name in _ASSIGNMENT.findall(statement) if name in elsewhere]
            if event[1] != "initial_step":
                return place, f"the event {event[1]}"
            if _SOLUTION.search(statement):
                return place, "an initial_step that reads the solution"
            if again:
                return place, f"variable {again[0]}, assigned in initial_step and elsewhere: hidden state"
        return None


def _lines(path: Path, around: tuple[Path, ...]) -> Iterator[tuple[str, Path, int]]:
    """Lines of a file and of those that it includes, each with its file and number."""
    text = path.read_text(encoding="utf-8", errors="replace")
    for number, (line, code) in enumerate(zip(text.split("\n"), _blanked(text).split("\n"), strict=True), 1):
        found = _INCLUDE.search(line)
        included = path.parent / found[1] if found and code[found.start()] == "`" else None
        if found is None or included is None or not included.is_file():
            yield line, path, number
            continue
        yield line[: found.start()], path, number
        if included not in (path, *around):  # a guard leaves it out the second time
            yield from _lines(included, (path, *around))
        yield line[found.end() :], path, number


def _blanked(text: str) -> str:
    """The text with spaces for its comments and strings."""
    return _BLANKED.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)


def _closing(code: str, opening: int) -> int:
    """Place of the parenthesis that closes the one at ``opening``."""
    depth = 0
    for place in range(opening, len(code)):
        depth += (code[place] == "(") - (code[place] == ")")
        if depth == 0:
            return place
    return len(code)


def _split(items: str) -> list[str]:
    """At the commas outside brackets; (0:1] and [0:1) are brackets too."""
    parts, depth = [""], 0
    for character in items:
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _statement(code: str, start: int) -> str:
    """The statement that begins at ``start``: to its semicolon, or from begin to the end that closes it."""
    if not re.match(r"begin\b", code[start:]):
        return code[start : code.find(";", start) + 1]
    depth = 0
    for word in re.finditer(r"\b(begin|end)\b", code[start:]):
        depth += 1 if word[1] == "begin" else -1
        if depth == 0:
            return code[start : start + word.end()]
    return code[start:]
