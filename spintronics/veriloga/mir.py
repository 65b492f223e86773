"""Symbolic execution of OpenVAF's mid-level representation (MIR): static single assignment in basic blocks.

Only acyclic control flow has a closed expression: where branches meet, a phi becomes a selection on the branches'
conditions.  A loop is written out pass by pass, as long as constants alone decide whether there is another one.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from spintronics.veriloga.expressions import Expression, Graph

_MOST_PASSES = 256
NOWHERE = r"(?!)"
LOOP = r"\b(?:for|while|repeat)\b"


class Unsupported(Exception):
    """A construct outside the subset; the text names it.  Callers add the file.

    Attributes:
        pattern: regular expression of the construct in the source.
        place: which of the pattern's matches it is, of how many.
    """

    def __init__(self, construct: str, pattern: str, place: tuple[int, int] = (0, 1)):
        self.pattern, self.place = pattern, place
        super().__init__(construct)


Instruction = Mapping[str, Any]


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


_OUTSIDE = {
    "ficast": ("a real number rounded to an integer", r"\binteger\b"),
    "idiv": ("a division of integers", "/"),
    "irem": ("a remainder (%)", "%"),
    "frem": ("a remainder (%)", "%"),
}
_CALLS = {
    **dict.fromkeys(("StoreLimit", "BuiltinLimit"), "$limit"),
    **dict.fromkeys(("SimParam", "SimParamOpt"), "$simparam"),
    "Analysis": "analysis",
}


class Execution:
    """Values of one MIR function as expressions, computed when asked for.

    Args:
        function: from openvaf-py: ``blocks``, ``instructions`` and constants by SSA name.
        inputs: expression of an SSA input, by name; may raise Unsupported for inputs that have none.
        graph: where the expressions live.
    Raises:
        Unsupported: the function has a loop whose passes are not known.
    """

    def __init__(self, function: Mapping[str, Any], inputs: Mapping[str, Callable[[], Expression]], graph: Graph):
        self._graph, self._inputs = graph, inputs
        self._callees: Mapping[str, Any] = function.get("function_decls", {})
        self._constants: dict[str, float] = {
            **function["constants"],
            **function["int_constants"],
            **function["bool_constants"],
        }
        self._flow = Flow(function)
        self._values: dict[str, Expression] = {}
        self._write_out_loops()

    def value(self, name: str) -> Expression:
        """Expression of an SSA value.

        Raises:
            Unsupported: it needs a construct outside the subset.
        """
        name = self._flow.name_after_loops(name)
        if name not in self._values:
            self._values[name] = self._evaluate(name)
        return self._values[name]

    def _evaluate(self, name: str) -> Expression:
        if name in self._inputs:
            return self._inputs[name]()
        if name in self._constants:
            return self._graph.constant(self._constants[name])
        if name not in self._flow.definitions:
            raise Unsupported(f"value {name}, which nothing computes", NOWHERE)
        instruction = self._flow.definitions[name]
        opcode = instruction["opcode"]
        if opcode == "phi":
            return self._merge(instruction)
        if opcode == "call":
            callee = self._callees[instruction["func_ref"]]["name"]
            word = _CALLS.get(callee.partition("(")[0].partition(" ")[0], callee)
            raise Unsupported(f"a call of {word}", re.escape(word))
        operands = [self.value(operand) for operand in instruction["operands"]]
        if opcode in _COPIES:
            return operands[0]
        if opcode not in _OPERATIONS:
            words, pattern = _OUTSIDE.get(opcode, (f"operation {opcode}", rf"\b{opcode}\b"))
            raise Unsupported(words, pattern)
        try:
            return self._graph.apply(_OPERATIONS[opcode], *operands)
        except (ArithmeticError, ValueError):
            constants = ", ".join(f"{operand.value:g}" for operand in operands)
            name = _OPERATIONS[opcode]
            raise Unsupported(f"operation {name}({constants}), which has no value", rf"\b{name}\b") from None

    def _merge(self, phi: Instruction) -> Expression:
        """A phi as nested selections: walk from the nearest block that all its predecessors pass through."""
        block: str = phi["block"]
        ways = self._flow.predecessors[block]
        arriving = {entry["block"]: entry["value"] for entry in phi["phi_operands"] if entry["block"] in ways}
        if len(arriving) == 1:
            return self.value(*arriving.values())
        known: dict[str, Expression | None] = {}

        def along(source: str, target: str) -> Expression | None:
            if target == block:
                return self.value(arriving[source])
            if target not in known:
                known[target] = leaving(target)
            return known[target]

        def leaving(source: str) -> Expression | None:
            """The value where the way from here leads to the phi, else None."""
            end = self._flow.ends.get(source)
            if end is None:
                return None
            if end["opcode"] == "jmp":
                return along(source, end["destination"])
            condition = self.value(end["condition"])
            if condition.op == "constant":
                return along(source, end["true_block" if condition.value else "false_block"])
            true, false = along(source, end["true_block"]), along(source, end["false_block"])
            if true is None or false is None:
                return false if true is None else true
            return self._graph.select(condition, true, false)

        merged = leaving(self._flow.immediate_dominator(block))
        if merged is None:
            raise Unsupported(f"value {phi['result']}, which no way leads to", NOWHERE)
        return merged

    def _write_out_loops(self) -> None:
        headers = sorted(self._flow.loop_headers(), key=lambda name: int(name.removeprefix("block")))
        passes = dict.fromkeys(headers, 0)
        while header := next(iter(self._flow.loop_headers()), None):
            original = header.partition("#")[0]
            passes[original] += 1
            first = self._flow.peel(header)
            end = self._flow.ends[first]
            condition = self.value(end["condition"]) if end["opcode"] == "br" else None
            if condition is None or condition.op != "constant" or passes[original] > _MOST_PASSES:
                known = f"more than {_MOST_PASSES}" if passes[original] > _MOST_PASSES else "not known beforehand"
                raise Unsupported(f"a loop whose passes are {known}", LOOP, (headers.index(original), len(headers)))
            for name in self._flow.phis(first):  # so that value() never descends through more than one pass
                with suppress(Unsupported):
                    self.value(name)
            self._flow.decide(first, bool(condition.value), header)


class Flow:
    """Blocks of a MIR function, their instructions and the ways between them; passes of loops can be peeled off.

    Attributes:
        definitions: instruction by the SSA name that it computes.
        ends: the jump or branch that ends a block.
        predecessors: of the blocks that can be reached.
    """

    def __init__(self, function: Mapping[str, Any]):
        self.definitions: dict[str, Instruction] = {i["result"]: i for i in function["instructions"] if i.get("result")}
        self.ends: dict[str, Instruction] = {
            i["block"]: i for i in function["instructions"] if i["opcode"] in ("br", "jmp")
        }
        self._entry: str = next(name for name, block in function["blocks"].items() if not block["predecessors"])
        self._copies = 0
        self._last_pass: dict[str, str] = {}
        self._follow()

    def name_after_loops(self, name: str) -> str:
        """What a value of a loop that has been written out is called in the loop's last pass."""
        while name in self._last_pass:
            name = self._last_pass[name]
        return name

    def phis(self, block: str) -> list[str]:
        return [name for name, i in self.definitions.items() if i["block"] == block and i["opcode"] == "phi"]

    def loop_headers(self) -> list[str]:
        """Blocks that a way leads back to: outer loops before their inner ones, earlier ones before later ones."""
        return [b for b, place in self._place.items() if any(self._place[p] >= place for p in self.predecessors[b])]

    def immediate_dominator(self, block: str) -> str:
        """The nearest other block that every way to this one passes through."""
        return self._dominators[block]

    def peel(self, header: str) -> str:
        """Puts a copy of a loop's body before the loop, to be its first pass; the copy's header."""
        self._copies += 1
        members = self._members(header)
        inner = {name for name, i in self.definitions.items() if i["block"] in members}

        def value(name: str) -> str:
            return f"{name}#{self._copies}" if name in inner else name

        def block(name: str) -> str:
            return f"{name}#{self._copies}" if name in members else name

        def into_loop(name: str) -> str:
            return header if name == block(header) else name

        def into_copy(name: str) -> str:
            return block(header) if name == header else name

        for name, i in list(self.definitions.items()):
            if name in inner:
                self.definitions[value(name)] = _renamed(i, value, block)
            if i["opcode"] == "phi":
                ways = [e for e in i["phi_operands"] if e["block"] in self.predecessors.get(i["block"], ())]
                copies = [
                    {"block": block(e["block"]), "value": value(e["value"])} for e in ways if e["block"] in members
                ]
                self.definitions[name] = {**i, "phi_operands": ways + copies}
        for name, end in list(self.ends.items()):
            if name in members:
                self.ends[block(name)] = _turned(_renamed(end, value, block), into_loop)
            else:
                self.ends[name] = _turned(end, into_copy)
        self._follow()
        return block(header)

    def decide(self, block: str, truth: bool, loop: str) -> None:
        """Keeps one way of a branch; where the loop behind it is left for good, its last pass's values stand for it."""
        suffix = block.removeprefix(loop)
        members = self._members(loop)
        end = self.ends[block]
        self.ends[block] = {"opcode": "jmp", "destination": end["true_block" if truth else "false_block"]}
        self._follow()
        if loop not in self._place:
            for name, i in self.definitions.items():
                if i["block"] in members:
                    self._last_pass[name] = name + suffix

    def _follow(self) -> None:
        """Finds what can be reached, in reverse postorder, and the dominators."""
        order: list[str] = []
        seen, waiting = {self._entry}, [(self._entry, iter(self._successors(self._entry)))]
        while waiting:
            name, targets = waiting[-1]
            target = next(targets, None)
            if target is None:
                order.append(name)
                waiting.pop()
            elif target not in seen:
                seen.add(target)
                waiting.append((target, iter(self._successors(target))))
        order.reverse()
        self._place = {name: place for place, name in enumerate(order)}
        self.predecessors: dict[str, list[str]] = {name: [] for name in order}
        for name in order:
            for target in self._successors(name):
                self.predecessors[target].append(name)
        self._dominators = {self._entry: self._entry}  # the immediate one of each block
        for name in order[1:]:
            known = [p for p in self.predecessors[name] if p in self._dominators]  # all but the ways back
            nearest = known[0]
            for other in known[1:]:
                while nearest != other:
                    if self._place[nearest] > self._place[other]:
                        nearest = self._dominators[nearest]
                    else:
                        other = self._dominators[other]
            self._dominators[name] = nearest

    def _successors(self, block: str) -> tuple[str, ...]:
        end = self.ends.get(block, {})
        return tuple(dict.fromkeys(end[key] for key in _TARGETS if key in end))

    def _members(self, header: str) -> set[str]:
        """Blocks of the loop: those that lead back to its header without passing it."""
        members = {header}
        waiting = [p for p in self.predecessors[header] if self._place[p] >= self._place[header]]
        while waiting:
            name = waiting.pop()
            if name not in members:
                members.add(name)
                waiting.extend(self.predecessors[name])
        return members


_TARGETS = ("destination", "false_block", "true_block")


def _turned(end: Instruction, block: Callable[[str], str]) -> Instruction:
    return {**end, **{key: block(end[key]) for key in _TARGETS if key in end}}


def _renamed(i: Instruction, value: Callable[[str], str], block: Callable[[str], str]) -> Instruction:
    copy = {**_turned(i, block), "block": block(i["block"])}
    copy |= {key: value(i[key]) for key in ("result", "condition") if i.get(key)}
    if "operands" in i:
        copy["operands"] = [value(operand) for operand in i["operands"]]
    if "phi_operands" in i:
        copy["phi_operands"] = [{"block": block(e["block"]), "value": value(e["value"])} for e in i["phi_operands"]]
    return copy
