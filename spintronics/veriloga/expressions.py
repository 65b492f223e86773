"""Expressions of a device's equations as a directed acyclic graph with shared parts.

Equal expressions of one graph are one object (hash-consing), so that a value used twice is found by identity.
Constants are folded on the way in.  A graph belongs to one lowering; numbers count from 0 in each.
"""

import math
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum


class Level(IntEnum):
    """What a value depends on; an expression has the highest level among its arguments."""

    CONSTANT = 0
    PARAMETER = 1  # fixed once an instance's parameters are
    SOLUTION = 2  # node voltages, time or temperature


@dataclass(frozen=True, eq=False)
class Expression:
    """A node of the graph; compare with ``is``.

    Attributes:
        op: ``constant``, ``parameter``, ``voltage``, ``time``, ``temperature``, or a key of ``OPERATIONS``,
            ``select`` (condition, where true, where false).
        arguments: operands of an operation.
        names: the parameter's name, or the one or two nodes of a voltage.
        value: of a constant.
        number: order of creation in its graph.
    """

    op: str
    arguments: tuple["Expression", ...]
    names: tuple[str, ...]
    value: float
    level: Level
    number: int

    @property
    def is_leaf(self) -> bool:
        return not self.arguments

    def is_constant(self, value: float) -> bool:
        return self.op == "constant" and self.value == value


OPERATIONS: Mapping[str, Callable[..., float]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "neg": operator.neg,
    "not": operator.not_,
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "gt": operator.gt,
    "le": operator.le,
    "ge": operator.ge,
    "exp": math.exp,
    "ln": math.log,
    "log10": math.log10,
    "sqrt": math.sqrt,
    "abs": abs,
    "floor": math.floor,
    "ceil": math.ceil,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "asin": math.asin,
    "acos": math.acos,
    "atan": math.atan,
    "sinh": math.sinh,
    "cosh": math.cosh,
    "tanh": math.tanh,
    "asinh": math.asinh,
    "acosh": math.acosh,
    "atanh": math.atanh,
    "pow": math.pow,
}

_LARGEST_POWER = 16


def in_order(roots: Iterable[Expression]) -> list[Expression]:
    """The roots and all that they are made of, each once, arguments before what uses them."""
    found: set[Expression] = set()
    waiting = list(roots)
    while waiting:
        x = waiting.pop()
        if x not in found:
            found.add(x)
            waiting.extend(x.arguments)
    return sorted(found, key=lambda x: x.number)


@dataclass
class Graph:
    """Maker and keeper of the expressions of one device.

    >>> g = Graph()
    >>> x, y = g.voltage("a"), g.parameter("r")
    >>> g.apply("div", x, y) is g.apply("div", x, y)
    True
    >>> g.apply("mul", g.constant(2), g.constant(3)).value
    6.0
    """

    _known: dict[tuple[object, ...], Expression] = field(default_factory=dict)

    def constant(self, value: float) -> Expression:
        return self._node("constant", value=float(value), level=Level.CONSTANT)

    def parameter(self, name: str) -> Expression:
        return self._node("parameter", names=(name,), level=Level.PARAMETER)

    def voltage(self, *nodes: str) -> Expression:
        """Voltage of one node, or of the first over the second."""
        return self._node("voltage", names=nodes, level=Level.SOLUTION)

    def time(self) -> Expression:
        return self._node("time", level=Level.SOLUTION)

    def temperature(self) -> Expression:
        """Of the circuit, K."""
        return self._node("temperature", level=Level.SOLUTION)

    def select(self, condition: Expression, true: Expression, false: Expression) -> Expression:
        if condition.op == "constant":
            return true if condition.value else false
        if true.op == "neg" and true.arguments[0] is false and condition is self.apply("lt", false, self.constant(0)):
            return self.apply("abs", false)  # as OpenVAF writes it out
        return true if true is false else self._node("select", (condition, true, false))

    def negative(self, x: Expression) -> Expression:
        return x.arguments[0] if x.op == "neg" else self.apply("neg", x)

    def apply(self, op: str, *arguments: Expression) -> Expression:
        """An operation of ``OPERATIONS``, folded where its result is plain.

        Raises:
            ArithmeticError, ValueError: a constant operation without a value, such as 1/0 or ln(-1).
        """
        simple = self._simplified(op, arguments)
        if simple is not None:
            return simple
        if all(x.op == "constant" for x in arguments):
            return self.constant(OPERATIONS[op](*(x.value for x in arguments)))
        return self._node(op, arguments)

    def _simplified(self, op: str, arguments: tuple[Expression, ...]) -> Expression | None:
        match op, arguments:
            case ("add", (x, y)) if x.is_constant(0) or y.is_constant(0):
                return y if x.is_constant(0) else x
            case ("sub", (x, y)) if y.is_constant(0):
                return x
            case ("sub", (x, y)) if x.is_constant(0):
                return self.negative(y)
            case ("mul", (x, y)) if x.is_constant(0) or y.is_constant(0):
                return self.constant(0)
            case ("mul", (x, y)) if x.is_constant(1) or y.is_constant(1):
                return y if x.is_constant(1) else x
            case ("div", (x, y)) if y.is_constant(1):
                return x
            case ("neg", (x,)) if x.op == "neg":
                return x.arguments[0]
            case ("abs", (x,)) if x.op in ("abs", "sqrt"):
                return x
            case ("pow", (x, y)) if y.value in range(1, _LARGEST_POWER + 1):
                return self._product(x, int(y.value))
        return None

    def _product(self, x: Expression, count: int) -> Expression:
        """x to a whole power as products: simulators differ in what pow() makes of a negative base."""
        if count == 1:
            return x
        half = self._product(x, count // 2)
        square = self.apply("mul", half, half)
        return self.apply("mul", square, x) if count % 2 else square

    def _node(
        self,
        op: str,
        arguments: tuple[Expression, ...] = (),
        names: tuple[str, ...] = (),
        value: float = math.nan,
        level: Level | None = None,
    ) -> Expression:
        # Numbers stand for the arguments: an object's address would differ between runs.  A constant's text keeps
        # -0 and 0 apart.
        key = (op, tuple(x.number for x in arguments), names, repr(value))
        if key not in self._known:
            deepest = max((x.level for x in arguments), default=Level.CONSTANT) if level is None else level
            self._known[key] = Expression(op, arguments, names, value, deepest, len(self._known))
        return self._known[key]
