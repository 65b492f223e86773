"""A Verilog-A file as equations: for each node the current and the charge that leave it into the device.

Every back end (subcircuit, compiled model, Python function) starts from here.  The subset: nodes with Kirchhoff's
current law, currents and charges as functions of node voltages, parameters, time and temperature, branches on
conditions, and loops whose passes constants decide.  What is outside is refused with file, line and construct.
"""

import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spintronics.veriloga.compiler import compile_model
from spintronics.veriloga.errors import ModelError
from spintronics.veriloga.expressions import Expression, Graph
from spintronics.veriloga.mir import NOWHERE, Execution, Unsupported
from spintronics.veriloga.source import Range, Source

_VOLTAGE = re.compile(r"V\((\w+)(?:,(\w+))?\)")
_NOISE = re.compile(r"(White|Flicker)Noise\b.*\bidx: (\d+)")
_REAL, _INTEGER = 0, 1  # OSDI's parameter types, the two low bits of its flags
_KINDS = {
    "Implicit": ("idt(), or a product of ddt() or noise with the solution", r"\b(idt|ddt|\w+_noise)\b"),
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


@dataclass(frozen=True)
class Noise:
    """A noise current that the source declares; OpenVAF does not hand out its spectral density.

    Attributes:
        kind: ``white`` or ``flicker``.
        name: as in the source; may be empty.
        nodes: between which it flows.
    """

    kind: str
    name: str
    nodes: tuple[str, str]


@dataclass(frozen=True)
class Equations:
    """A device.

    Attributes:
        path: the .va file.
        ports: in the order of the module's declaration.
        parameters: those used, in the order of their declaration.
        equations: one per node, ports first.
        derivatives: those that are not zero everywhere (OpenVAF's, exact).
        noise: declared sources, which the equations do not hold.
        graph: the expressions' graph, for a back end to add to.
    """

    path: Path
    name: str
    ports: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    equations: tuple[NodeEquation, ...]
    derivatives: tuple[Derivative, ...]
    noise: tuple[Noise, ...]
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


def _check_range(path: Path, name: str, value: float, allowed: Range) -> None:
    if value not in allowed:
        raise ModelError(path, f"parameter {name} = {value:g}: must be {allowed}")


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
    source = Source(path, path.read_text(encoding="utf-8", errors="replace"))
    declared = {p["name"]: p for p in module.get_osdi_descriptor()["params"]}
    for name, value in structural.items():
        if name not in declared:
            raise ModelError(path, f"no parameter {name!r} to fold; there are: {', '.join(declared) or 'none'}")
        if declared[name]["flags"] & 3 == _INTEGER and value != int(value):
            raise ModelError(path, f"parameter {name} = {value:g}: must be an integer")
        _check_range(path, name, value, source.ranges.get(name, Range()))
    try:
        device = _Reader(module, source, declared, structural, Graph()).equations()
        _refuse_hidden_state(device, source, declared, structural)
    except Unsupported as construct:
        raise ModelError(
            path, f"{_line(source, construct)}{construct}; not in the subset that can be lowered"
        ) from None
    except RecursionError:
        raise ModelError(path, "expressions nested too deep to be lowered, such as of a loop of many passes") from None
    return device


def _line(source: Source, construct: Unsupported) -> str:
    """``line 8: `` where the construct is found in the source without doubt."""
    place, of = construct.place
    found = source.line(construct.pattern, place if source.count(construct.pattern) == of else 0)
    certain = of == 1 or source.count(construct.pattern) in (1, of)
    return f"line {found}: " if found is not None and certain else ""


def _refuse_hidden_state(
    device: Equations, source: Source, declared: Mapping[str, Any], structural: Mapping[str, float]
) -> None:
    """Refuses variables that keep a value from one evaluation to the next.

    OpenVAF reads a variable that is not assigned yet as its initial value, at each evaluation: the equations are
    wrong without a word.  So they are read again with other initial values; where that changes them, a variable is
    read before it is assigned.
    """
    event = source.timed_event()
    if event is not None:
        raise Unsupported(f"line {event[0]}: {event[1]}", NOWHERE)

    def differs(variables: tuple[str, ...]) -> bool:
        values = {name: 1009.0 + 2 * n for n, name in enumerate(variables)}
        with tempfile.TemporaryDirectory(prefix="spintronics-") as folder:
            copy = Path(folder, source.path.name)
            copy.write_text(source.starting_with({n: int(v) for n, v in values.items()}), encoding="utf-8")
            module = compile_model(copy, quiet=True)
        try:
            other = _Reader(module, source, declared, structural, device.graph).equations()
        except Unsupported:
            return True  # it was not before
        return not all(
            _same(mine, others)
            for one, two in zip(device.equations, other.equations, strict=True)
            for mine, others in ((one.current, two.current), (one.charge, two.charge))
        )

    if source.variables and differs(source.variables):
        names = [name for name in source.variables if differs((name,))]
        which = f"variable {names[0]}" if names else "a variable"
        pattern = rf"\b(?:real|integer)\b[^;]*\b{names[0]}\b" if names else NOWHERE
        raise Unsupported(f"{which}, read before it is assigned: hidden state", pattern)


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
        self, module: Any, source: Source, declared: Mapping[str, Any], structural: Mapping[str, float], graph: Graph
    ):
        self._module, self._source, self._declared, self._structural = module, source, declared, structural
        self._graph = graph
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
        equations = tuple(
            NodeEquation(r["node_name"], value(_ssa_name(r["resist_var"])), value(_ssa_name(r["react_var"])))
            for r in system["residuals"]
        )
        derivatives = tuple(
            Derivative(
                j["row_node_name"],
                j["col_node_name"],
                value(_ssa_name(j["resist_var"])),
                value(_ssa_name(j["react_var"])),
            )
            for j in system["jacobian"]
        )
        return Equations(
            self._source.path,
            self._module.name,
            tuple(system["terminals"]),
            self._parameters(),
            equations,
            derivatives,
            self._noise(),
            self._graph,
        )

    def _parameters(self) -> tuple[Parameter, ...]:
        defaults = self._module.get_param_defaults()  # of those with a number, by lower-case name
        parameters = []
        for name, p in self._declared.items():
            if name in self._used:
                if name.lower() not in defaults:
                    raise Unsupported(f"parameter {name}, whose default is not a number", _declaration(name))
                allowed = self._source.ranges.get(name, Range())
                parameters.append(Parameter(name, defaults[name.lower()], p["units"], p["description"], allowed))
        return tuple(parameters)

    def _noise(self) -> tuple[Noise, ...]:
        kinds = {int(found[2]): found[1].lower() for n in self._module.callback_names if (found := _NOISE.match(n))}
        nodes = self._module.get_osdi_descriptor()["nodes"]
        return tuple(
            Noise(kinds.get(n, "other"), s["name"], (_node_name(nodes, s["node1"]), _node_name(nodes, s["node2"])))
            for n, s in enumerate(self._module.get_osdi_descriptor()["noise_sources"])
        )

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
        return self._graph.voltage(*nodes)


def _later(function: Callable[..., Expression], *arguments: str) -> Callable[[], Expression]:
    return lambda: function(*arguments)


def _ssa_name(variable: str) -> str:
    """``v12`` for openvaf-py's ``mir_12``."""
    return "v" + variable.removeprefix("mir_")


def _declaration(parameter: str) -> str:
    return rf"\bparameter\b[^;]*\b{re.escape(parameter)}\s*="


def _node_name(nodes: list[dict[str, Any]], index: int) -> str:
    return nodes[index]["name"] if index < len(nodes) else "0"  # beyond the nodes: ground
