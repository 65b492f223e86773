"""Devices compiled for OSDI, the binary interface through which ngspice loads Verilog-A models as machine code.

``openvaf-r`` compiles the file where it is on PATH.  Elsewhere the equations are written as C for OSDI 0.3 (osdi.h,
osdi_device.c) and a C compiler builds them.  In both, the parameters are those of a ``.model`` card.  White noise is
there in both, flicker noise with openvaf-r alone.
"""

import json
import math
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal

from spintronics.veriloga.equations import Equations, read_equations
from spintronics.veriloga.errors import BuildError, NoCCompiler
from spintronics.veriloga.expressions import Expression, Level, in_order
from spintronics.veriloga.source import Interval, Range, Source
from spintronics.veriloga.subcircuit import GROUND, Branch, branches, lower_equations

_OPERATORS = {"add": "+", "sub": "-", "mul": "*", "div": "/"}
_TESTS = {"eq": "==", "ne": "!=", "lt": "<", "gt": ">", "le": "<=", "ge": ">="}
_NAMES = {"ln": "log", "abs": "fabs"}  # the others are called the same in C
_FLAGS = ("-std=gnu11", "-O2", "-fPIC", "-shared", "-fno-math-errno", "-w")
_TIMEOUT = 300.0
# Names that a .model card gives to ngspice's own devices and to those of XSPICE: a module of such a name is not found.
_MODEL_TYPES = re.compile(
    r"[rcld]|npn|pnp|[np](jf|mf|hfet|mos|soi)|vdmos[np]?|c?sw|urc|ltra|txl|cpl|res|cap|ind"
    r"|d_\w+|(adc|dac|bidi)_bridge|real_\w+|gain|summer|mult|divide|c?limit|ilimit|int|[cl]meter|sine|square|triangle"
    r"|oneshot|pwl|pwlts|hyst|s_?xfer|slew|core|lcouple|[ap]switch|zener|sidiode|multi_input_pwl|file_?source|delay"
    r"|astate|spice2poly|potentiometer|memristor|capacitoric|inductoric|seegenerator"
)


@dataclass(frozen=True)
class DeviceNetlist:
    """A device as ngspice takes it: a subcircuit of the module's name, ports and parameters in either kind.

    Attributes:
        kind: ``osdi``: the subcircuit wraps the compiled model; ``subcircuit``: it holds the equations themselves.
        text: the subcircuit.
        library: what ngspice must load before the deck is read (``pre_osdi``); None for ``subcircuit``.
        note: how it was made, or why it is not the compiled model.
    """

    kind: Literal["osdi", "subcircuit"]
    text: str
    library: Path | None
    note: str


def device_netlist(path: Path, structural: Mapping[str, float], osdi: bool, folder: Path) -> DeviceNetlist:
    """The device of a Verilog-A file, compiled where that can be used, else as a subcircuit, with the reason.

    Args:
        structural: parameters to fold into the equations.
        osdi: whether the ngspice that runs it has OSDI.
        folder: keeps compiled models; one that is there already is not built again.
    Raises:
        ModelError, CompilerMissing: as of ``lower``.
    """
    device = read_equations(path, structural)
    subcircuit = lower_equations(device, structural)
    if not osdi:
        return DeviceNetlist("subcircuit", subcircuit.text, None, "this ngspice has no OSDI: subcircuit")
    vaf = shutil.which("openvaf-r")
    try:
        made_from = f"{vaf}\n{Source.read(path).text}" if vaf else c_source(device)
        digest = sha256("\n".join((made_from, os.environ.get("CC", ""), *_FLAGS)).encode()).hexdigest()[:16]
        library = folder / f"{device.name}-{digest}.osdi"
        if library.is_file():
            note = f"compiled model {library}, built before"
        else:
            folder.mkdir(parents=True, exist_ok=True)
            note = f"compiled model {library}, built with {_build(device, library)}"
    except (BuildError, NoCCompiler, OSError) as error:
        return DeviceNetlist("subcircuit", subcircuit.text, None, f"{error}: subcircuit")
    values = {p.name: f"{{{p.name}}}" for p in device.parameters}
    if vaf:  # it compiles the file as it stands
        values |= {name: repr(value) for name, value in structural.items()}
    return DeviceNetlist("osdi", "\n".join(_wrapper(device, values)) + "\n", library, note)


def _wrapper(device: Equations, values: Mapping[str, str]) -> Iterator[str]:
    yield f".subckt {device.name} {' '.join(device.ports)}"
    yield "+ m=1"
    yield from (f"+ {p.name}={p.default!r}" for p in device.parameters)
    yield f"n1 {' '.join(device.ports)} compiled m={{m}}"  # else ngspice takes an instance's m, and says nothing
    yield f".model compiled {device.name}"
    yield from (f"+ {name}={value}" for name, value in values.items())
    yield f".ends {device.name}"


def build_osdi(path: Path, structural: Mapping[str, float], output: Path) -> str:
    """Compiles a Verilog-A file to a .osdi file; the compiler that did it.

    Args:
        structural: parameters to fold into the equations; needs the C compiler, openvaf-r folds nothing.
        output: written whole or not at all.
    Raises:
        ModelError, CompilerMissing: as of ``lower``.
        NoCCompiler: neither openvaf-r nor a C compiler.
        BuildError: with the compiler's first error.
    """
    return _build(read_equations(path, structural), output, bool(structural))


def _build(device: Equations, output: Path, folded: bool = False) -> str:
    if _MODEL_TYPES.fullmatch(device.name.lower()):
        raise BuildError(device.path, f"module {device.name!r} has the name of a model type of ngspice; rename it")
    vaf = None if folded else shutil.which("openvaf-r")
    compiler = [vaf] if vaf else c_compiler()
    with tempfile.TemporaryDirectory(prefix=".osdi-", dir=output.parent) as folder:
        built = Path(folder, "device.osdi")
        if vaf:
            arguments: Sequence[str | Path] = [vaf, device.path, "-o", built]
        else:
            source = Path(folder, "device.c")
            source.write_text(c_source(device), encoding="utf-8")
            arguments = [*compiler, *_FLAGS, source, "-o", built, "-lm"]
        try:
            done = subprocess.run(
                arguments, capture_output=True, text=True, errors="replace", timeout=_TIMEOUT, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise BuildError(device.path, f"{compiler[0]}: {error}") from None
        if done.returncode != 0 or not built.is_file():
            lines = [line.strip() for line in (done.stderr + "\n" + done.stdout).splitlines() if line.strip()]
            said = next((line for line in lines if "error" in line.lower()), lines[0] if lines else "no output")
            raise BuildError(device.path, f"{compiler[0]} failed (exit status {done.returncode}): {said}")
        built.replace(output)
    return Path(compiler[0]).name


def c_compiler() -> list[str]:
    """$CC where set, else the first of cc, gcc and clang on PATH, with its arguments.

    Raises:
        NoCCompiler: there is none.
    """
    wanted = os.environ.get("CC")
    candidates = [shlex.split(wanted)] if wanted else [["cc"], ["gcc"], ["clang"]]
    for command in candidates:
        if shutil.which(command[0]):
            return command
    raise NoCCompiler(
        f"no C compiler: {wanted or 'cc, gcc, clang'} not found, nor openvaf-r; "
        "install one (Debian/Ubuntu: apt-get install gcc) or set CC"
    )


def c_source(device: Equations) -> str:
    """The device as one C file for OSDI 0.3; the same equations give the same text.

    Raises:
        BuildError: a noise source that flows in more than one branch, for which OSDI has no words.
    """
    index = {node: n for n, node in enumerate(device.nodes)}
    derivatives = device.derivatives
    outputs = [
        *((f"currents[{n}]", e.current) for n, e in enumerate(device.equations)),
        *((f"charges[{n}]", e.charge) for n, e in enumerate(device.equations)),
        *((f"conductances[{n}]", d.conductance) for n, d in enumerate(derivatives)),
        *((f"capacitances[{n}]", d.capacitance) for n, d in enumerate(derivatives)),
    ]
    noise = _noise_branches(device)
    fixed: list[str] = []
    writer, of_noise = _Writer(device, index, fixed), _Writer(device, index, fixed)
    for place, value in outputs:
        writer.output(place, value)
    for n, branch in enumerate(noise):
        of_noise.output(f"densities[{n}]", branch.value)
    sources = [
        f"NOISE({_text(name.name)}, {', '.join(_place(index, node) for node in (branch.plus, branch.minus))})"
        for name, branch in zip(device.noise, noise, strict=True)
    ]
    nodes = [f"NODE({n}, {_text(e.node)}, {int(not e.charge.is_constant(0))})" for n, e in enumerate(device.equations)]
    entries = [
        f"ENTRY({index[d.node]}, {index[d.by]}, {n}, {int(not d.capacitance.is_constant(0))})"
        for n, d in enumerate(derivatives)
    ]
    parameters = [
        f"PARAMETER({n}, {_text(p.name)}, {_number(p.default)}, {_condition(p.range)}, {_text(p.unit)}, "
        f"{_text(p.description)})"
        for n, p in enumerate(device.parameters)
    ]
    own = Path(__file__)
    return "\n".join(
        [
            f"/* Module {device.name}, generated from {device.path.name}. */",
            own.with_name("osdi.h").read_text(encoding="utf-8"),
            f"#define NAME {_text(device.name)}",
            f"enum {{ NODES = {len(index)}, PORTS = {len(device.ports)}, ENTRIES = {len(derivatives)} }};",
            f"enum {{ PARAMETERS = {len(device.parameters)}, FIXED = {len(fixed)}, NOISES = {len(noise)} }};",
            *_table("NODE_TABLE", nodes),
            *_table("ENTRY_TABLE", entries),
            *_table("PARAMETER_TABLE", parameters),
            *_table("NOISE_TABLE", sources),
            "",
            "static void fix(const double *p, double *k) {",
            *fixed,
            "}",
            "",
            "static void equations(const double *p, const double *k, const double *v, double time, double temperature,",
            "                      double *currents, double *charges, double *conductances, double *capacitances) {",
            *writer.lines,
            "}",
            "",
            "static void noise(const double *p, const double *k, const double *v, double time, double temperature,",
            "                  double *densities) {",
            *of_noise.lines,
            "}",
            "",
            own.with_name("osdi_device.c").read_text(encoding="utf-8"),
        ]
    )


def _noise_branches(device: Equations) -> list[Branch]:
    found = []
    for source in device.noise:
        first, *others = of_source = branches(source.gains, device.graph)
        value = first.value
        for other in others:
            if not other.is_beside(first):
                among = f"noise {source.name!r} flows in {len(of_source)} branches"
                raise BuildError(device.path, f"{among}; OSDI takes one")
            value = device.graph.apply("add" if other.plus == first.plus else "sub", value, other.value)
        found.append(Branch(first.plus, first.minus, value))
    return found


def _place(index: Mapping[str, int], node: str) -> str:
    return "UINT32_MAX" if node == GROUND else str(index[node])


def _table(name: str, rows: Sequence[str]) -> Iterator[str]:
    yield " \\\n  ".join([f"#define {name}", *rows])


def _text(words: str) -> str:
    return json.dumps(words, ensure_ascii=False)


def _number(value: float) -> str:
    if math.isnan(value):
        return "NAN"
    if math.isinf(value):
        return "INFINITY" if value > 0 else "(-INFINITY)"
    return f"({value!r})" if value < 0 else repr(value)


def _condition(allowed: Range) -> str:
    within = " || ".join(_inside(interval) for interval in allowed.allowed) or "1"
    return f"({within})" + "".join(f" && !{_inside(interval)}" for interval in allowed.excluded)


def _inside(i: Interval) -> str:
    low, high = (
        f"x {'>=' if i.with_low else '>'} {_number(i.low)}",
        f"x {'<=' if i.with_high else '<'} {_number(i.high)}",
    )
    return f"({low} && {high})"


class _Writer:
    """C statements of a function: what parameters fix goes into the array k, the rest is computed in each call.

    Args:
        fixed: statements that fill k, once per model; added to.
    """

    def __init__(self, device: Equations, index: Mapping[str, int], fixed: list[str]):
        self._index, self._fixed = index, fixed
        self._parameters = {p.name: n for n, p in enumerate(device.parameters)}
        self._names: dict[Expression, str] = {}
        self.lines: list[str] = []

    def output(self, place: str, value: Expression) -> None:
        for x in in_order([value]):
            if not x.is_leaf and x not in self._names:
                self._define(x)
        self.lines.append(f"  {place} = {self._reference(value)};")

    def _define(self, x: Expression) -> None:
        formula = self._formula(x)
        if x.level <= Level.PARAMETER:
            self._names[x] = f"k[{len(self._fixed)}]"
            self._fixed.append(f"  {self._names[x]} = {formula};")
        else:
            self._names[x] = f"x{x.number}"
            self.lines.append(f"  const double {self._names[x]} = {formula};")

    def _formula(self, x: Expression) -> str:
        a = [self._reference(y) for y in x.arguments]
        match x.op:
            case "neg":
                return f"-{a[0]}"
            case "not":
                return f"!{a[0]}"
            case "select":
                return f"{a[0]} ? {a[1]} : {a[2]}"
            case op if op in _OPERATORS or op in _TESTS:
                return f"{a[0]} {_OPERATORS.get(op) or _TESTS[op]} {a[1]}"
        return f"{_NAMES.get(x.op, x.op)}({', '.join(a)})"

    def _reference(self, x: Expression) -> str:
        match x.op:
            case "constant":
                return _number(x.value)
            case "parameter":
                return f"p[{self._parameters[x.names[0]]}]"
            case "voltage":
                return "(" + " - ".join(f"v[{self._index[node]}]" for node in x.names) + ")"
            case "time" | "temperature":
                return x.op
        return self._names[x]
