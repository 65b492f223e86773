"""A Verilog-A file as equations: for each node the current and the charge that leave it into the device.

Every back end (subcircuit, compiled model, Python function) starts from here.  The subset: nodes with Kirchhoff's
current law, currents and charges as functions of node voltages, parameters, time and temperature, branches on
conditions, loops whose passes constants decide, and white noise.  What is outside is refused with file, line and
construct; flicker noise, noise from a table and $bound_step() are named in ``unmodelled``.
"""

import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from spintronics.veriloga.compiler import compile_model
from spintronics.veriloga.errors import ModelError
from spintronics.veriloga.expressions import Expression, Graph
from spintronics.veriloga.mir import NOWHERE, Execution, Unsupported
from spintronics.veriloga.source import Range, Source, WhiteNoise

_VOLTAGE = re.compile(r"V\((\w+)(?:,(\w+))?\)")
_NOISE = re.compile(r"(White|Flicker)Noise\b.*\bidx: (\d+)")
_MOST_PLACES = 3
_REAL, _INTEGER = 0, 1  # OSDI's parameter types, the two low bits of its flags
_KINDS = {
    "Implicit": (
        "idt(), or a product of ddt() or flicker noise with the solution",
        r"\b(idt|idtmod|ddt|flicker_noise)\b",
    ),
    "BranchCurrent": ("a current or a voltage contribution as an unknown", r"\bV\s*\([^)]*\)\s*<\+|<\+.*\bI\s*\("),
}


@dataclass(frozen=True)
class Parameter:
    """A real parameter that the equations use.

    Attributes:
        default: in ``unit``.
        unit, description: as the source's attributes say; may be empty.
        range: what its ``from`` and ``exclude`` allow.
    """

    name: str
    default: float
    unit: str
    description: str
    range: Range


@dataclass(frozen=True)
class NodeEquation:
    """Kirchhoff's current law of one node: ``current`` + d/dt ``charge`` leave the node into the device."""

    node: str
    current: Expression
    charge: Expression


@dataclass(frozen=True)
class Derivative:
    """Derivatives of a node's current and charge by the voltage of node ``by``: conductance, S, and capacitance, F."""

    node: str
    by: str
    conductance: Expression
    capacitance: Expression

    @property
    def is_zero(self) -> bool:
        return self.conductance.is_constant(0) and self.capacitance.is_constant(0)


@dataclass(frozen=True)
class Noise:
    """A white noise source: ``white_noise(power)`` wherever the file contributes it.

    Attributes:
        name: as in the source; may be empty.
        gains: by node, the noise current that leaves it into the device: density gain², A²/Hz; the nodes of one source
            are correlated, with these signs.
    """

    name: str
    gains: Mapping[str, Expression]


@dataclass(frozen=True)
class Equations:
    """A device.

    Attributes:
        path: the .va file.
        ports: in the order of the module's declaration.
        parameters: those used, in the order of their declaration.
        equations: one per node, ports first.
        derivatives: those that are not zero everywhere (OpenVAF's, exact).
        noise: white sources, one per call of white_noise().
        unmodelled: what the equations do not hold, in words: noise of other kinds, white noise where a macro with
            white_noise() is used twice, $bound_step().
        graph: the expressions' graph, for a back end to add to.
    """

    path: Path
    name: str
    ports: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    equations: tuple[NodeEquation, ...]
    derivatives: tuple[Derivative, ...]
    noise: tuple[Noise, ...]
    unmodelled: tuple[str, ...]
    graph: Graph

    @property
    def nodes(self) -> tuple[str, ...]:
        """Ports, then inner nodes."""
        return tuple(equation.node for equation in self.equations)

    def values(self, given: Mapping[str, float]) -> dict[str, float]:
        """Every parameter's value: the given one or the default.

        Raises:
            ModelError: no parameter of that name, or a value outside the parameter's range.
        """
        check_parameters(self.path, self.parameters, given)
        return {p.name: float(given.get(p.name, p.default)) for p in self.parameters}


def check_parameters(path: Path, parameters: tuple[Parameter, ...], given: Mapping[str, float]) -> None:
    """Raises ModelError where a given parameter does not exist or is outside its range."""
    known = {p.name: p for p in parameters}
    for name, value in given.items():
        if name not in known:
            raise ModelError(path, f"no parameter {name!r}; there are: {', '.join(known) or 'none'}")
        _check_range(path, name, value, known[name].range)


def _check_range(path: Path, name: str, value: float, allowed: Range, place: str = "") -> None:
    if value not in allowed:
        raise ModelError(path, f"{place}parameter {name} = {value:g}: must be {allowed}")


def read_equations(path: Path, structural: Mapping[str, float]) -> Equations:
    """Equations of the one module in a Verilog-A file.

    Args:
        path: the .va file.
        structural: parameters with a fixed value, which is folded into the equations.
    Raises:
        ModelError: the file cannot be compiled, uses what is outside the subset (with its line where it is found), or
            has no parameter of that name; or the value is outside the parameter's range.
        CompilerMissing: openvaf-py is not installed.
    """
    module = compile_model(path)
    source = Source.read(path)
    dropped = source.dropped()
    if dropped is not None:
        raise ModelError(path, f"{dropped[0]}: {dropped[1]}; not in the subset that can be lowered")
    declared = {p["name"]: p for p in module.get_osdi_descriptor()["params"]}
    for name, value in structural.items():
        if name not in declared:
            raise ModelError(path, f"no parameter {name!r} to fold; there are: {', '.join(declared) or 'none'}")
        if not isfinite(value):
            raise ModelError(path, f"parameter {name} = {value:g}: must be finite")
        if declared[name]["flags"] & 3 == _INTEGER and value != int(value):
            raise ModelError(path, f"parameter {name} = {value:g}: must be an integer")
        place = _places(source, Unsupported("", _declaration(name)))
        _check_range(path, name, value, source.ranges.get(name, Range()), place)
    try:
        device = _read(module, source, declared, structural)
    except Unsupported as construct:
        raise ModelError(
            path, f"{_places(source, construct)}{construct}; not in the subset that can be lowered"
        ) from None
    except RecursionError:
        raise ModelError(path, "expressions nested too deep to be lowered, such as of a loop of many passes") from None
    return device


def _read(module: Any, source: Source, declared: Mapping[str, Any], structural: Mapping[str, float]) -> Equations:
    graph = Graph()
    with_nodes, calls = source.with_noise_nodes()
    if len(calls) < sum(words.startswith("white") for words in _declared_noise(module)):
        calls = ()  # a macro with white_noise() is used twice: one call, two sources
    if calls:
        module, source = _compiled(with_nodes), with_nodes

    def equations(module: Any) -> Equations:
        return _Reader(module, source, declared, structural, graph, calls).equations()

    device = equations(module)
    _refuse_hidden_state(device, source, equations)
    return device


def _compiled(source: Source) -> Any:
    """Module of a source whose text differs from the file's."""
    with tempfile.TemporaryDirectory(prefix="spintronics-") as folder:
        copy = Path(folder, source.path.name)
        copy.write_text(source.text, encoding="utf-8")
        return compile_model(copy, quiet=True)


def _declared_noise(module: Any) -> list[str]:
    """``white noise a to b, name`` of each noise source."""
    kinds = {int(found[2]): found[1].lower() for n in module.callback_names if (found := _NOISE.match(n))}
    descriptor = module.get_osdi_descriptor()
    words = []
    for n, noise in enumerate(descriptor["noise_sources"]):
        plus, minus = (_node_name(descriptor["nodes"], noise[end]) for end in ("node1", "node2"))
        words.append(f"{kinds.get(n, 'other')} noise {plus} to {minus}" + (noise["name"] and f", {noise['name']}"))
    return words


def _places(source: Source, construct: Unsupported) -> str:
    """``line 8: `` of the construct; ``line 8 or line 12: `` where it may be either; nothing where it is not found."""
    found = source.places(construct.pattern)
    place, of = construct.place
    if of > 1:
        found = [found[place]] if len(found) == of else []
    places = list(dict.fromkeys(found))
    if len(places) > _MOST_PLACES:
        places = [*places[: _MOST_PLACES - 1], "later"]
    return f"{' or '.join(places)}: " if places else ""


def _refuse_hidden_state(device: Equations, source: Source, equations: Callable[[Any], Equations]) -> None:
    """Refuses variables that keep a value from one evaluation to the next.

    OpenVAF reads a variable that is not assigned yet as its initial value, at each evaluation: the equations are
    wrong without a word.  So they are read again with other initial values; where that changes them, a variable is
    read before it is assigned.
    """
    event = source.timed_event()
    if event is not None:
        raise Unsupported(f"{event[0]}: {event[1]}", NOWHERE)

    def differs(variables: tuple[str, ...]) -> bool:
        values = {name: 1009.0 + 2 * n for n, name in enumerate(variables)}
        module = _compiled(Source(source.path, source.starting_with({n: int(v) for n, v in values.items()})))
        try:
            other = equations(module)
        except Unsupported:
            return True  # it was not before
        mine, others = _values(device), _values(other)
        return mine.keys() != others.keys() or not all(_same(x, others[place]) for place, x in mine.items())

    if source.variables and differs(source.variables):
        names = [name for name in source.variables if differs((name,))]
        which = f"variable {names[0]}" if names else "a variable"
        pattern = rf"\b(?:real|integer)\b[^;]*\b{names[0]}\b" if names else NOWHERE
        raise Unsupported(f"{which}, read before it is assigned: hidden state", pattern)


def _values(device: Equations) -> dict[tuple[str, str], Expression]:
    values = {(kind, e.node): x for e in device.equations for kind, x in (("I", e.current), ("Q", e.charge))}
    return values | {(f"noise {n}", node): x for n, s in enumerate(device.noise) for node, x in s.gains.items()}


def _same(one: Expression, other: Expression) -> bool:
    """Whether two expressions of a graph are equal wherever they are needed: in ``c ? (c ? x : y) : z`` y is not."""
    seen: set[tuple[Expression, Expression, frozenset[tuple[Expression, bool]]]] = set()
    waiting: list[tuple[Expression, Expression, frozenset[tuple[Expression, bool]]]] = [(one, other, frozenset())]
    while waiting:
        pair = waiting.pop()
        a, b, known = pair
        if a is b or pair in seen:
            continue
        seen.add(pair)
        a, b = _chosen(a, known), _chosen(b, known)
        if a is b:
            continue
        if a.op != b.op or a.is_leaf or b.is_leaf or len(a.arguments) != len(b.arguments):
            return False
        if a.op == "select" and a.arguments[0] is b.arguments[0]:
            condition = a.arguments[0]
            waiting.append((a.arguments[1], b.arguments[1], known | {(condition, True)}))
            waiting.append((a.arguments[2], b.arguments[2], known | {(condition, False)}))
        else:
            waiting.extend((x, y, known) for x, y in zip(a.arguments, b.arguments, strict=True))
    return True


def _chosen(x: Expression, known: frozenset[tuple[Expression, bool]]) -> Expression:
    while x.op == "select":
        if (x.arguments[0], True) in known:
            x = x.arguments[1]
        elif (x.arguments[0], False) in known:
            x = x.arguments[2]
        else:
            break
    return x


class _Reader:
    """Joins the two MIR functions of a module: its set-up, which depends on parameters only, and its evaluation."""

    def __init__(
        self,
        module: Any,
        source: Source,
        declared: Mapping[str, Any],
        structural: Mapping[str, float],
        graph: Graph,
        noise: tuple[WhiteNoise, ...],
    ):
        self._module, self._source, self._declared, self._structural = module, source, declared, structural
        self._graph, self._noise = graph, noise
        self._used: set[str] = set()

    def equations(self) -> Equations:
        system = self._module.get_dae_system()
        for node in system["nodes"]:
            if node["kind"] != "KirchoffLaw":
                words, pattern = _KINDS.get(node["kind"], ("", NOWHERE))
                raise Unsupported(f"unknown {node['name']} ({node['kind']}){words and ': '}{words}", pattern)
        if system["collapsible_pairs"]:
            raise Unsupported("nodes that a parameter joins: V() <+ 0", r"\bV\s*\([^)]*\)\s*<\+")
        self._nodes = frozenset(node["name"] for node in system["nodes"])
        value = self._evaluation().value
        sources = {call.node for call in self._noise}
        equations = tuple(
            NodeEquation(r["node_name"], value(_ssa_name(r["resist_var"])), value(_ssa_name(r["react_var"])))
            for r in system["residuals"]
            if r["node_name"] not in sources
        )
        derivatives = [
            Derivative(
                j["row_node_name"],
                j["col_node_name"],
                value(_ssa_name(j["resist_var"])),
                value(_ssa_name(j["react_var"])),
            )
            for j in system["jacobian"]
        ]
        noise = (
            Noise(call.name, {d.node: d.conductance for d in derivatives if d.by == call.node}) for call in self._noise
        )
        return Equations(
            self._source.path,
            self._module.name,
            tuple(system["terminals"]),
            self._parameters(),
            equations,
            tuple(d for d in derivatives if d.by not in sources and not d.is_zero),
            tuple(n for n in noise if n.gains),
            self._unmodelled(),
            self._graph,
        )

    def _unmodelled(self) -> tuple[str, ...]:
        largest_step = ["largest step of $bound_step()"] if self._module.has_bound_step else []
        return (*_declared_noise(self._module), *largest_step)

    def _parameters(self) -> tuple[Parameter, ...]:
        defaults = self._module.get_param_defaults()  # of those with a number, by lower-case name
        parameters = []
        for name, p in self._declared.items():
            if name in self._used:
                if name.lower() not in defaults:
                    raise Unsupported(f"parameter {name}, whose default is not a number", _declaration(name))
                default, allowed = defaults[name.lower()], self._source.ranges.get(name, Range())
                if default not in allowed:
                    raise Unsupported(f"parameter {name} = {default:g}, which is not {allowed}", _declaration(name))
                parameters.append(Parameter(name, default, p["units"], p["description"], allowed))
        return tuple(parameters)

    def _evaluation(self) -> Execution:
        m = self._module
        setup_function = m.get_init_mir_instructions()
        setup = Execution(
            setup_function,
            self._inputs(m.init_param_names, m.init_param_kinds, m.init_param_value_indices),
            self._graph,
        )
        inputs = self._inputs(m.param_names, m.param_kinds, m.param_value_indices)
        index_of = dict(m.get_all_func_params())
        for cached in setup_function["cache_mapping"]:
            inputs[f"v{index_of[cached['eval_param']]}"] = _later(setup.value, cached["init_value"])
        return Execution(m.get_mir_instructions(), inputs, self._graph)

    def _inputs(self, names: list[str], kinds: list[str], indices: list[int]) -> dict[str, Callable[[], Expression]]:
        return {f"v{i}": _later(self._input, name, kind) for name, kind, i in zip(names, kinds, indices, strict=True)}

    def _input(self, name: str, kind: str) -> Expression:
        match kind:
            case "param":
                return self._parameter(name)
            case "voltage":
                return self._voltage(name)
            case "abstime":
                return self._graph.time()
            case "temperature":
                return self._graph.temperature()
            case "sysfun" if name == "mfactor":
                return self._graph.constant(1)  # a subcircuit's own m= multiplies from outside
        function = {"param_given": "param_given", "port_connected": "port_connected"}.get(kind)
        if function is not None:
            raise Unsupported(f"${function}({name})", rf"\${function}\b")
        raise Unsupported(f"{name} ({kind.replace('_', ' ')})", rf"\b{re.escape(name)}\b")

    def _parameter(self, name: str) -> Expression:
        if name in self._structural:
            return self._graph.constant(self._structural[name])
        if self._declared[name]["flags"] & 3 != _REAL:
            raise Unsupported(f"parameter {name}, which is not real; make it real or fold it", _declaration(name))
        self._used.add(name)
        return self._graph.parameter(name)

    def _voltage(self, name: str) -> Expression:
        found = _VOLTAGE.fullmatch(name)
        nodes = [node for node in found.groups() if node] if found else []
        if not nodes or not self._nodes.issuperset(nodes):
            raise Unsupported(f"{name}, which is not the voltage of nodes", re.escape(name))
        if nodes[0] in {call.node for call in self._noise}:
            return self._graph.constant(0)  # the equations are those without noise
        return self._graph.voltage(*nodes)


def _later(function: Callable[..., Expression], *arguments: str) -> Callable[[], Expression]:
    return lambda: function(*arguments)


def _ssa_name(variable: str) -> str:
    """``v12`` for openvaf-py's ``mir_12``."""
    return "v" + variable.removeprefix("mir_")


def _declaration(parameter: str) -> str:
    return rf"\bparameter\b[^;]*\b{re.escape(parameter)}\s*="


def _node_name(nodes: list[dict[str, Any]], index: int | str) -> str:
    return nodes[index]["name"] if isinstance(index, int) and index < len(nodes) else "0"  # else it is ground
