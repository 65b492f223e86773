"""Symbolic execution of OpenVAF's mid-level representation (MIR): static single assignment in basic blocks.

Only acyclic control flow has a closed expression: where branches meet, a phi becomes a selection on the branches'
conditions.
"""

from collections.abc import Callable, Mapping
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Any

from spintronics.veriloga.expressions import Expression, Graph


class Unsupported(Exception):
    """A construct outside the subset; the text names it.  Callers add the file."""


_OPERATIONS = {
    **dict.fromkeys(("fadd", "iadd"), "add"),
    **dict.fromkeys(("fsub", "isub"), "sub"),
    **dict.fromkeys(("fmul", "imul"), "mul"),
    "fdiv": "div",  # idiv truncates: not here
    **dict.fromkeys(("fneg", "ineg"), "neg"),
    "bnot": "not",
    **{f"{kind}{test}": test for kind in "fi" for test in ("eq", "ne", "lt", "gt", "le", "ge")},
    "beq": "eq",
    "bne": "ne",
    "log": "log10",
    "fabs": "abs",
    **{
        name: name
        for name in (
            *("exp", "ln", "sqrt", "floor", "ceil", "pow"),
            *("sin", "cos", "tan", "asin", "acos", "atan"),
            *("sinh", "cosh", "tanh", "asinh", "acosh", "atanh"),
        )
    },
}
# Casts among real, integer and truth values keep the number: a graph knows only reals.  A cast from real to integer
# rounds and is not here.
_COPIES = frozenset(("optbarrier", "copy", "ifcast", "ibcast", "bfcast", "bicast", "fbcast"))


class Execution:
    """Values of one acyclic MIR function as expressions, computed when asked for.

    Args:
        function: from openvaf-py: ``blocks``, ``instructions`` and constants by SSA name.
        inputs: expression of an SSA input, by name; may raise Unsupported for inputs that have none.
        graph: where the expressions live.
    Raises:
        Unsupported: the function has a loop.
    """

    def __init__(self, function: Mapping[str, Any], inputs: Mapping[str, Callable[[], Expression]], graph: Graph):
        self._graph, self._inputs = graph, inputs
        self._predecessors: dict[str, list[str]] = {
            name: block["predecessors"] for name, block in function["blocks"].items()
        }
        self._callees: Mapping[str, Any] = function.get("function_decls", {})
        self._constants: dict[str, float] = {
            **function["constants"],
            **function["int_constants"],
            **function["bool_constants"],
        }
        self._definitions = {i["result"]: i for i in function["instructions"] if i.get("result")}
        self._ends = {i["block"]: i for i in function["instructions"] if i["opcode"] in ("br", "jmp")}
        self._values: dict[str, Expression] = {}
        try:
            self._order = tuple(TopologicalSorter(self._predecessors).static_order())
        except CycleError:
            raise Unsupported("a loop (while, for, repeat); write its passes out") from None

    def value(self, name: str) -> Expression:
        """Expression of an SSA value.

        Raises:
            Unsupported: it needs a construct outside the subset.
        """
        if name not in self._values:
            self._values[name] = self._evaluate(name)
        return self._values[name]

    def _evaluate(self, name: str) -> Expression:
        if name in self._inputs:
            return self._inputs[name]()
        if name in self._constants:
            return self._graph.constant(self._constants[name])
        if name not in self._definitions:
            raise Unsupported(f"value {name}, which nothing computes")
        instruction = self._definitions[name]
        opcode = instruction["opcode"]
        if opcode == "phi":
            return self._merge(instruction)
        if opcode == "call":
            raise Unsupported(f"a call of {self._callees[instruction['func_ref']]['name']}")
        operands = [self.value(operand) for operand in instruction["operands"]]
        if opcode in _COPIES:
            return operands[0]
        if opcode not in _OPERATIONS:
            raise Unsupported(f"operation {opcode}")
        try:
            return self._graph.apply(_OPERATIONS[opcode], *operands)
        except (ArithmeticError, ValueError):
            constants = ", ".join(f"{operand.value:g}" for operand in operands)
            raise Unsupported(f"operation {_OPERATIONS[opcode]}({constants}), which has no value") from None

    def _merge(self, phi: Mapping[str, Any]) -> Expression:
        """A phi as nested selections: walk from the nearest block that all its predecessors pass through."""
        block: str = phi["block"]
        arriving = {entry["block"]: entry["value"] for entry in phi["phi_operands"]}
        known: dict[str, Expression] = {}

        def along(source: str, target: str) -> Expression:
            if target == block:
                return self.value(arriving[source])
            if target not in known:
                known[target] = leaving(target)
            return known[target]

        def leaving(source: str) -> Expression:
            end = self._ends[source]
            if end["opcode"] == "jmp":
                return along(source, end["destination"])
            condition = self.value(end["condition"])
            if condition.op == "constant":
                return along(source, end["true_block" if condition.value else "false_block"])
            return self._graph.select(condition, along(source, end["true_block"]), along(source, end["false_block"]))

        return leaving(self._immediate_dominators[block])

    @cached_property
    def _immediate_dominators(self) -> Mapping[str, str]:
        dominators: dict[str, tuple[str, ...]] = {}  # of each block, from the entry down to itself
        for block in self._order:
            chains = [dominators[p] for p in self._predecessors[block]]
            common = [b for b in chains[0] if all(b in chain for chain in chains)] if chains else []
            dominators[block] = (*common, block)
        return {block: chain[-2] for block, chain in dominators.items() if len(chain) > 1}
