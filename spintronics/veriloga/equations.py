"""A Verilog-A file as equations: for each node the current and the charge that leave it into the device.

Every back end (subcircuit, compiled model, Python function) starts from here.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spintronics.veriloga.compiler import compile_model
from spintronics.veriloga.errors import ModelError
from spintronics.veriloga.expressions import Expression, Graph
from spintronics.veriloga.mir import Execution, Unsupported

_VOLTAGE = re.compile(r"V\((\w+)(?:,(\w+))?\)")
_REAL = 0  # OSDI's parameter type, the two low bits of its flags


@dataclass(frozen=True)
class Parameter:
    """A real parameter that the equations use.

    Attributes:
        default: in ``unit``.
        unit, description: as the source's attributes say; may be empty.
    """

    name: str
    default: float
    unit: str
    description: str


@dataclass(frozen=True)
class NodeEquation:
    """Kirchhoff's current law of one node: ``current`` + d/dt ``charge`` leave the node into the device."""

    node: str
    current: Expression
    charge: Expression


@dataclass(frozen=True)
class Equations:
    """A device.

    Attributes:
        ports: in the order of the module's declaration.
        parameters: those used, in the order of their declaration.
        equations: one per node, ports and inner nodes.
        graph: the expressions' graph, for a back end to add to.
    """

    name: str
    ports: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    equations: tuple[NodeEquation, ...]
    graph: Graph


def read_equations(path: Path, structural: Mapping[str, float]) -> Equations:
    """Equations of the one module in a Verilog-A file.

    Args:
        path: the .va file.
        structural: parameters with a fixed value, which is folded into the equations.
    Raises:
        ModelError: the file cannot be compiled, uses what is outside the subset, or has no parameter of that name.
        CompilerMissing: openvaf-py is not installed.
    """
    module = compile_model(path)
    declared = {p["name"]: p for p in module.get_osdi_descriptor()["params"]}
    for name in structural:
        if name not in declared:
            raise ModelError(path, f"no parameter {name!r} to fold; there are: {', '.join(declared) or 'none'}")
    try:
        return _Reader(module, declared, structural).equations()
    except Unsupported as construct:
        raise ModelError(path, f"{construct}; not in the subset that can be lowered") from None


class _Reader:
    """Joins the two MIR functions of a module: its set-up, which depends on parameters only, and its evaluation."""

    def __init__(self, module: Any, declared: Mapping[str, Any], structural: Mapping[str, float]):
        self._module, self._declared, self._structural = module, declared, structural
        self._graph = Graph()
        self._used: set[str] = set()

    def equations(self) -> Equations:
        system = self._module.get_dae_system()
        for node in system["nodes"]:
            if node["kind"] != "KirchoffLaw":
                raise Unsupported(f"unknown {node['name']} ({node['kind']}), such as of a voltage contribution V() <+")
        if system["collapsible_pairs"]:
            raise Unsupported("nodes that a parameter joins, such as by V() <+ 0")
        self._nodes = frozenset(node["name"] for node in system["nodes"])
        evaluation = self._evaluation()
        equations = tuple(
            NodeEquation(
                r["node_name"],
                evaluation.value(_ssa_name(r["resist_var"])),
                evaluation.value(_ssa_name(r["react_var"])),
            )
            for r in system["residuals"]
        )
        defaults = self._module.get_param_defaults()  # by lower-case name
        parameters = tuple(
            Parameter(name, defaults[name.lower()], p["units"], p["description"])
            for name, p in self._declared.items()
            if name in self._used
        )
        return Equations(self._module.name, tuple(system["terminals"]), parameters, equations, self._graph)

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
        raise Unsupported(f"{name} ({kind.replace('_', ' ')})")

    def _parameter(self, name: str) -> Expression:
        if name in self._structural:
            return self._graph.constant(self._structural[name])
        if self._declared[name]["flags"] & 3 != _REAL:
            raise Unsupported(f"parameter {name}, which is not real; make it real or fold it")
        self._used.add(name)
        return self._graph.parameter(name)

    def _voltage(self, name: str) -> Expression:
        found = _VOLTAGE.fullmatch(name)
        nodes = [node for node in found.groups() if node] if found else []
        if not nodes or not self._nodes.issuperset(nodes):
            raise Unsupported(f"{name}, which is not the voltage of nodes")
        return self._graph.voltage(*nodes)


def _later(function: Callable[..., Expression], *arguments: str) -> Callable[[], Expression]:
    return lambda: function(*arguments)


def _ssa_name(variable: str) -> str:
    """``v12`` for openvaf-py's ``mir_12``."""
    return "v" + variable.removeprefix("mir_")
