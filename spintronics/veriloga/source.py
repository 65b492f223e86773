"""What is read from a Verilog-A file's text because OpenVAF does not tell it.

Line numbers of constructs, ranges of parameters, declarations of variables, and event statements.  Comments and
strings are blanked first; macros are followed one level deep, where they stand for a number.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

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


class Source:
    """Text of one .va file.

    >>> text = "module m(a);\\n  parameter real r = 1k from (0:inf) exclude 50;  // from (1:2)\\nendmodule"
    >>> source = Source(Path("m.va"), text)
    >>> source.line(r"\\bparameter\\b"), str(source.ranges["r"])
    (2, 'from (0:inf) exclude 50')
    """

    def __init__(self, path: Path, text: str):
        self.path, self._text = path, text
        self._code = _BLANKED.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)

    def line(self, pattern: str, place: int = 0) -> int | None:
        """Line of the pattern's match number ``place`` in the code; None where there is none."""
        found = [match.start() for match in re.finditer(pattern, self._code)]
        return self._code.count("\n", 0, found[place]) + 1 if place < len(found) else None

    def count(self, pattern: str) -> int:
        return len(re.findall(pattern, self._code))

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
        """The text with other initial values of variables, and its relative includes made absolute."""
        text, end = [], 0
        for start, name, stop in self._declared():
            if name in values:
                text += [self._text[end:start], f" {name} = {values[name]!r}"]
                end = stop
        whole = "".join(text) + self._text[end:]
        return re.sub(r'(`include\s+")([^"]+)"', self._absolute, whole)

    def _absolute(self, found: re.Match[str]) -> str:
        included = self.path.parent / found[2]
        return f'{found[1]}{included.resolve()}"' if included.is_file() else found[0]

    def timed_event(self) -> tuple[int, str] | None:
        """Line and words of an event statement that means something else when it is executed at each evaluation.

        OpenVAF does that.  The same comes out where the event is ``initial_step`` and its variables depend on
        parameters alone and are assigned nowhere else.
        """
        for event in _EVENT.finditer(self._body):
            line = self._body.count("\n", 0, event.start()) + 1
            statement = _statement(self._body, event.end())
            around = self._body[: event.start()] + self._body[event.end() + len(statement) :]
            elsewhere = set(_ASSIGNMENT.findall(_VARIABLES.sub(";", around)))
            again = [name for name in _ASSIGNMENT.findall(statement) if name in elsewhere]
            if event[1] != "initial_step":
                return line, f"the event {event[1]}"
            if _SOLUTION.search(statement):
                return line, "an initial_step that reads the solution"
            if again:
                return line, f"variable {again[0]}, assigned in initial_step and elsewhere: hidden state"
        return None


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
