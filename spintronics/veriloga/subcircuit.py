"""Device equations as a subcircuit for stock ngspice: behavioural sources, resistors and capacitors.

Values that several equations share become auxiliary nodes (a current source into 1 Ohm), what depends on parameters
only becomes ``.param`` lines, and charges become capacitors: ngspice's ddt() lags a step and has no Jacobian.
``$abstime`` becomes the voltage of a ramp: ngspice's own ``time`` holds the swept value in a .dc sweep.
A white noise source is the thermal noise of 1 Ohm to ground, scaled to the model's density by a B-source: its current
is 0 but in .noise.  All else is without noise (``noisy=0``).  The subcircuit multiplies by its ``m`` itself: ngspice's
own multiplies resistors and capacitors alone.  The header names what of the model is not there.
"""

import math
import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from spintronics.veriloga.equations import Equations, Parameter, check_parameters, read_equations
from spintronics.veriloga.errors import ModelError
from spintronics.veriloga.expressions import Expression, Graph, Level

GROUND = "0"
_WIDTH = 118
_BINARY = {"add": ("+", 1), "sub": ("-", 1), "mul": ("*", 2), "div": ("/", 2)}
_TESTS = {"eq": "==", "ne": "!=", "lt": "<", "gt": ">", "le": "<=", "ge": ">="}
_TRUTHS = frozenset((*_TESTS, "not"))
_SMALLEST_DIVISOR = 1e-20
_THERMAL = 4 * 1.38064852e-23  # density of 1 Ohm over the temperature, V²/(Hz K), with ngspice's constant
_ATOM = 3  # binds tighter than every binary operator
# ngspice reads names without regard to case, and these are its own in an expression or on a subcircuit's line.
_RESERVED = re.compile(
    r"abs|a?(cos|sin|tan)h?|agauss|and|aunif|boltz|c|ceil|ddt|e|echarge|exp|false|floor|gauss|hertz|i|idt|int|kelvin"
    r"|length|limit|ln|log|log10|m|max|min|nint|no|not|or|pi|planck|pow|pwl|pwr|sgn|sqr|sqrt|temp|temper|ternary_fcn"
    r"|time|true|u|u2|unif|uramp|v|vec|yes"
)


@dataclass(frozen=True)
class Subcircuit:
    """A subcircuit for ngspice.

    Attributes:
        name: after ``.subckt``.
        ports: in order.
        parameters: name → default, SI units.
        text: the file: a header for people, then ``.subckt`` to ``.ends``.
        path: the .va file.
        declared: the parameters with their ranges.
    """

    name: str
    ports: tuple[str, ...]
    parameters: Mapping[str, float]
    text: str
    path: Path
    declared: tuple[Parameter, ...]

    def instance(self, name: str, nodes: Sequence[str], parameters: Mapping[str, float]) -> str:
        """The line of an instance, ``xname nodes… subcircuit parameters…``.

        Raises:
            ModelError: not as many nodes as ports, no such parameter, or a value outside its range.
        """
        if len(nodes) != len(self.ports):
            raise ModelError(
                self.path,
                f"instance {name}: {len(nodes)} nodes for the {len(self.ports)} ports of {self.name}: "
                + ", ".join(self.ports),
            )
        check_parameters(self.path, self.declared, parameters)
        values = [f"{parameter}={value!r}" for parameter, value in parameters.items()]
        return " ".join([f"x{name}", *nodes, self.name, *values])


def lower(path: Path, structural: Mapping[str, float]) -> Subcircuit:
    """The device of a Verilog-A file as a subcircuit; the same file gives the same text.

    Args:
        path: a .va file with one module.
        structural: parameters to fold into the equations, name → value; the others stay parameters of the subcircuit.
    Raises:
        ModelError: the file cannot be compiled or lowered; the message names the file and the construct.
        CompilerMissing: openvaf-py is not installed.

    >>> from spintronics.resources import MODELS
    >>> lower(MODELS / "veriloga/she_mtj.va", {"easy": 1}).ports
    ('t1', 't2', 't3', 'hx', 'hy', 'hz', 'mx', 'my', 'mz')
    """
    return lower_equations(read_equations(path, structural), structural)


def lower_equations(device: Equations, structural: Mapping[str, float]) -> Subcircuit:
    """The subcircuit of equations that have been read already with ``structural``; see ``lower``."""
    path = device.path
    _check_names(path, device)
    try:
        lines = [
            *_header(path, device, structural),
            *_wrapped(f".subckt {device.name} {' '.join(device.ports)}"),
            *_wrapped(" ".join(["m=1", *(f"{p.name}={_number(p.default)}" for p in device.parameters)]), first="+ "),
            *_Writer(device).body(),
            f".ends {device.name}",
        ]
    except _NotFinite as found:
        raise ModelError(path, f"a constant that is {found}, such as of 1/0 or ln(-1); ngspice has none") from None
    except RecursionError:
        raise ModelError(path, "expressions nested too deep to be written, such as of a loop of many passes") from None
    return Subcircuit(
        device.name,
        device.ports,
        {p.name: p.default for p in device.parameters},
        "\n".join(lines) + "\n",
        path,
        device.parameters,
    )


def _check_names(path: Path, device: Equations) -> None:
    for names, what in (
        ([p.name for p in device.parameters], "parameter"),
        ([equation.node for equation in device.equations], "node"),
    ):
        seen: dict[str, str] = {}
        for name in names:
            lower_case = name.lower()
            if what == "parameter" and _RESERVED.fullmatch(lower_case):
                raise ModelError(path, f"{what} {name!r} is a name of ngspice's own; rename it")
            if lower_case in seen:
                raise ModelError(path, f"{what}s {seen[lower_case]!r} and {name!r} are one name to ngspice; rename one")
            seen[lower_case] = name


def _header(path: Path, device: Equations, structural: Mapping[str, float]) -> Iterator[str]:
    folded = "".join(f" --fold {name}={_number(value)}" for name, value in structural.items())
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("//"):
            break
        yield f"* {line.removeprefix('//').removeprefix(' ')}".rstrip()
    yield "*"
    yield f"* Generated from {path.name}; change that, then: spintronics veriloga lower {path.name}{folded} -o FILE"
    yield "*"
    if device.unmodelled:
        yield "* Of the model, not in this subcircuit"
        yield from (f"*   {words}" for words in device.unmodelled)
        yield "*"
    yield from _parameter_table(device.parameters)


def _parameter_table(parameters: tuple[Parameter, ...]) -> Iterator[str]:
    width = max((len(p.name) for p in parameters), default=1)
    yield "* Parameters"
    yield f"*   {'m':{width}} = 1                 devices in parallel"
    for p in parameters:
        yield f"*   {p.name:{width}} = {_number(p.default):9} {p.unit:7} {p.description}".rstrip()


def _wrapped(text: str, first: str = "") -> list[str]:
    if not text:
        return []
    return textwrap.wrap(
        text, _WIDTH, initial_indent=first, subsequent_indent="+ ", break_long_words=False, break_on_hyphens=False
    )


class _NotFinite(Exception):
    """A number that cannot be written; the text is the number."""


def _number(value: float) -> str:
    """15 digits: all that a double surely holds, and 60n is 6e-08 rather than 6.000000000000001e-08."""
    if not math.isfinite(value):
        raise _NotFinite(value)
    return f"{value:.15g}"


@dataclass(frozen=True)
class Branch:
    """A value that leaves node ``plus`` and arrives at node ``minus``."""

    plus: str
    minus: str
    value: Expression

    @property
    def label(self) -> str:
        return self.plus if self.minus == GROUND else f"{self.plus}_{self.minus}"

    @property
    def resistance(self) -> Expression | None:
        """What its own voltage is divided by, where that is fixed by parameters."""
        match self.value.op, self.value.arguments:
            case "div", (voltage, fixed) if self.is_voltage(voltage) and fixed.level <= Level.PARAMETER:
                return fixed
        return None

    def is_beside(self, other: "Branch") -> bool:
        """Whether both are between the same nodes."""
        return {self.plus, self.minus} == {other.plus, other.minus}

    def is_voltage(self, x: Expression) -> bool:
        return x.op == "voltage" and (*x.names, GROUND)[:2] == (self.plus, self.minus)


def _signed_terms(x: Expression, graph: Graph, sign: int = 1) -> Iterator[tuple[Expression, int]]:
    match x.op, x.arguments:
        case "add" | "sub", (left, right):
            yield from _signed_terms(left, graph, sign)
            yield from _signed_terms(right, graph, sign if x.op == "add" else -sign)
        case "neg", (y,):
            yield from _signed_terms(y, graph, -sign)
        case "constant", () if x.value < 0:
            yield graph.constant(-x.value), -sign
        case "mul", (factor, y) if factor.op == "constant" and factor.value < 0:
            yield graph.apply("mul", graph.constant(-factor.value), y), -sign
        case _:
            yield x, sign


def branches(values: Mapping[str, Expression], graph: Graph) -> list[Branch]:
    """Node sums as branches: a term that leaves one node and arrives at another is one branch between the two."""
    terms = {node: list(_signed_terms(value, graph)) for node, value in values.items() if not value.is_constant(0)}
    places: dict[Expression, list[tuple[str, int]]] = {}
    for node, signed in terms.items():
        for term, sign in signed:
            places.setdefault(term, []).append((node, sign))
    found, between = [], set()
    for term, where in places.items():
        if sorted(sign for _, sign in where) == [-1, 1] and where[0][0] != where[1][0]:
            (plus, _), (minus, _) = sorted(where, key=lambda place: -place[1])
            found.append(Branch(plus, minus, term))
            between.add(term)
    for node, signed in terms.items():
        rest = [(term, sign) for term, sign in signed if term not in between]
        if len(rest) == len(signed):
            found.append(Branch(node, GROUND, values[node]))
        elif rest:
            total = graph.constant(0)
            for term, sign in rest:
                total = graph.apply("add" if sign > 0 else "sub", total, term)
            found.append(Branch(node, GROUND, total))
    return found


class _Writer:
    """Lines between ``.subckt`` and ``.ends``; auxiliary nodes and parameters are numbered in order of their lines."""

    def __init__(self, device: Equations):
        self._graph = device.graph
        self._currents = branches({e.node: e.current for e in device.equations}, device.graph)
        self._charges = branches({e.node: e.charge for e in device.equations}, device.graph)
        self._taken = {p.name.lower() for p in device.parameters} | {e.node.lower() for e in device.equations}
        self._thermal: list[Branch] = []  # noise that a resistor brings
        self._noise: list[list[Branch]] = []
        for noise in device.noise:
            source = branches(noise.gains, device.graph)
            if len(source) == 1 and self._is_thermal(source[0]):
                self._thermal += source
            else:
                self._noise.append(source)
        self._labels: Counter[str] = Counter()
        self._names: dict[Expression, str] = {}  # of the values that have a node or a .param line
        self._parameter_lines: list[str] = []
        self._node_lines: list[str] = []
        self._clock_name = self._new_name("clock")
        self._clock_lines: list[str] = []

    def body(self) -> list[str]:
        capacitances = [(branch, self._factor(branch, branch.value)) for branch in self._charges]
        roots = [branch.value for branch in self._currents]
        roots += [branch.value if linear is None else linear for branch, linear in capacitances]
        roots += [branch.value for source in self._noise for branch in source]
        self._uses = _count_uses(roots)
        currents = [line for branch in self._currents for line in self._current(branch)]
        charges = [line for branch, linear in capacitances for line in self._capacitor(branch, linear)]
        noise = [line for n, source in enumerate(self._noise, 1) for line in self._noise_source(n, source)]
        sections = (
            ("what parameters fix", self._parameter_lines),
            ("time in ps; 0 in operating points and DC sweeps", self._clock_lines),
            ("values that several equations share, 1 V = 1", self._node_lines),
            ("currents", currents),
            ("charges", charges),
            ("white noise: that of 1 Ohm, scaled to the model's density", noise),
        )
        return [line for title, lines in sections if lines for line in (f"* {title}", *lines)]

    def _current(self, branch: Branch) -> list[str]:
        resistance = branch.resistance
        if resistance is None:
            return self._element("B", branch, f"I={{m}} * {self._text(branch.value, 2)}")
        noisy = any(branch.is_beside(noise) for noise in self._thermal)
        return self._element("R", branch, f"{self._text(resistance)} m={{m}}" + ("" if noisy else " noisy=0"))

    def _is_thermal(self, noise: Branch) -> bool:
        """Whether it is the noise that ngspice gives a resistor of the device: 4 k T/R beside it."""
        power = noise.value.arguments[0] if noise.value.op == "sqrt" else noise.value
        power = power.arguments[0] if power.op == "abs" else power
        resistances = [branch.resistance for branch in self._currents if branch.is_beside(noise)]
        if any(branch.is_beside(noise) for branch in self._thermal):
            return False  # it has its noise
        match power.op, power.arguments:
            case "div", (thermal, resistance) if resistances == [resistance] and thermal.op == "mul":
                factor, temperature = thermal.arguments
                return temperature.op == "temperature" and math.isclose(factor.value, _THERMAL, rel_tol=1e-4)
        return False

    def _capacitor(self, branch: Branch, linear: Expression | None) -> list[str]:
        if linear is None:
            return self._element("C", branch, f"Q='{{m}} * {self._text(branch.value, 2)}'")
        return self._element("C", branch, f"{self._text(linear)} m={{m}}")

    def _element(self, kind: str, branch: Branch, value: str) -> list[str]:
        label = f"{kind}_{branch.label}"
        self._labels[label] += 1
        if self._labels[label] > 1:
            label += f"_{self._labels[label]}"
        return _wrapped(f"{label} {branch.plus} {branch.minus} {value}")

    def _noise_source(self, number: int, source: Sequence[Branch]) -> Iterator[str]:
        node = self._new_name(f"noise{number}")
        yield f"R_{node} {node} 0 1 m={{m}}"  # m devices: m gains of a noise with a density of 1/m
        for branch in source:
            current = f"{{m}} * {self._text(branch.value, 2)} * V({node}) / sqrt({_THERMAL:.15g} * (temper + 273.15))"
            # 0 without a look at the density in a transient, where it would cost a tenth of the time.
            yield from self._element(f"B_{node}", branch, f"I=((V({self._clock()}) > 0) ? 0 : ({current}))")

    def _factor(self, branch: Branch, x: Expression) -> Expression | None:
        """What multiplies the branch's own voltage in x, where x is linear in it and the factor is fixed."""
        if branch.is_voltage(x):
            return self._graph.constant(1)
        match x.op, x.arguments:
            case "neg", (y,):
                factor = self._factor(branch, y)
                return None if factor is None else self._graph.negative(factor)
            case "mul", (fixed, y) if fixed.level <= Level.PARAMETER:
                factor = self._factor(branch, y)
                return None if factor is None else self._graph.apply("mul", fixed, factor)
            case "mul" | "div", (y, fixed) if fixed.level <= Level.PARAMETER:
                factor = self._factor(branch, y)
                return None if factor is None else self._graph.apply(x.op, factor, fixed)
        return None

    def _text(self, x: Expression, binding: int = 0, in_parameter: bool = False) -> str:
        """x as ngspice reads it, in parentheses where it binds looser than ``binding``.

        In a device line a parameter is {name}; in a .param line it is its bare name.
        """
        if x.level is Level.PARAMETER and x.op != "neg" and (not in_parameter or self._is_shared(x)):
            name = x.names[0] if x.op == "parameter" else self._parameter_for(x)
            return name if in_parameter else f"{{{name}}}"
        if x.level is Level.SOLUTION and self._is_shared(x):
            return f"V({self._node_for(x)})"
        return self._written_out(x, binding, in_parameter)

    def _written_out(self, x: Expression, binding: int, in_parameter: bool) -> str:
        def text(y: Expression, inner: int = 0) -> str:
            return self._text(y, inner, in_parameter)

        match x.op:
            case "constant":
                number = _number(x.value)
                return f"({number})" if binding and number.startswith("-") else number
            case "parameter":
                return x.names[0]
            case "voltage":
                return f"V({','.join(x.names)})"
            case "time":
                seconds = f"1e-12 * V({self._clock()})"
                return f"({seconds})" if binding else seconds
            case "temperature":
                return "(temper + 273.15)"
            case "neg":
                return f"(-{text(x.arguments[0], _ATOM)})"
            case "not":
                return f"(!{text(x.arguments[0], _ATOM)})"
            case "select":
                condition, true, false = text(x.arguments[0]), *(text(y, _ATOM) for y in x.arguments[1:])
                return f"({condition} ? {true} : {false})"
            case op if op in _TESTS:
                left, right = (text(y) for y in x.arguments)
                return f"({left} {_TESTS[op]} {right})"
            case "div" if not in_parameter and self._needs_inverse(x.arguments[1]):
                inverse = self._graph.apply("div", self._graph.constant(1), x.arguments[1])
                product = f"{text(x.arguments[0], 2)} * {text(inverse, _ATOM)}"
                return f"({product})" if binding > 2 else product
            case op if op in _BINARY:
                symbol, own = _BINARY[op]
                left, right = text(x.arguments[0], own), text(x.arguments[1], own + 1)
                return f"({left} {symbol} {right})" if own < binding else f"{left} {symbol} {right}"
        return f"{x.op}({', '.join(text(y) for y in x.arguments)})"

    @staticmethod
    def _needs_inverse(divisor: Expression) -> bool:
        """Whether to multiply by the inverse: a B-source adds 1e-32 to every divisor, a .param line does not."""
        return divisor.level is Level.PARAMETER or 0 < abs(divisor.value) < _SMALLEST_DIVISOR

    def _is_shared(self, x: Expression) -> bool:
        worth = not x.is_leaf and not (x.op == "neg" and x.arguments[0].is_leaf) and x.op not in _TRUTHS
        return worth and self._uses[x] > 1

    def _parameter_for(self, x: Expression) -> str:
        if x not in self._names:
            value = self._written_out(x, 0, in_parameter=True)
            self._names[x] = self._new_name(f"k{len(self._parameter_lines) + 1}")
            self._parameter_lines.append(f".param {self._names[x]} = {{{value}}}")
        return self._names[x]

    def _node_for(self, x: Expression) -> str:
        if x not in self._names:
            value = self._written_out(x, 0, in_parameter=False)
            name = self._names[x] = self._new_name(f"n{len(self._node_lines) // 2 + 1}")
            self._node_lines.append("\n".join(_wrapped(f"B_{name} 0 {name} I={value}")))
            self._node_lines.append(f"R_{name} {name} 0 1 noisy=0")
        return self._names[x]

    def _clock(self) -> str:
        """Node whose voltage is the time in ps; 0 outside transients, where a source has its ``dc`` value."""
        if not self._clock_lines:
            name = self._clock_name
            self._clock_lines.append(f"V_{name} {name} 0 dc 0 pwl(0 0 1 1e12)")
        return self._clock_name

    def _new_name(self, stem: str) -> str:
        name = stem
        while name in self._taken:
            name += "_"
        return name


def _count_uses(roots: Iterable[Expression]) -> Counter[Expression]:
    """How often each value is an argument, counted once per expression that uses it, or a root."""
    uses: Counter[Expression] = Counter()
    waiting = list(roots)
    while waiting:
        x = waiting.pop()
        uses[x] += 1
        if uses[x] == 1:
            waiting.extend(x.arguments)
    return uses
