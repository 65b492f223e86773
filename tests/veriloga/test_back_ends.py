"""Subcircuit in ngspice, NumPy function and compiled model give the same currents, charges and derivatives."""

import ctypes
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from spintronics.ngspice import Simulator
from spintronics.resources import MODELS
from spintronics.veriloga import (
    BuildError,
    Equations,
    ModelError,
    NoCCompiler,
    Subcircuit,
    build_osdi,
    device_netlist,
    evaluate,
    lower,
    read_equations,
)
from spintronics.veriloga.osdi import c_compiler

pytest.importorskip("openvaf_py", reason="openvaf-py has wheels for Python 3.11 and 3.12 alone")

FloatArray = npt.NDArray[np.float64]
Netlist = Callable[[Path, Mapping[str, float]], Subcircuit]
HERE = Path(__file__).with_name("models")
DEVICES = {
    "diode": (HERE / "diode.va", {}),
    "varactor": (HERE / "varactor.va", {}),
    "memristor": (HERE / "memristor.va", {}),
    "mtj": (HERE / "mtj.va", {}),
    "she_mtj": (MODELS / "veriloga/she_mtj.va", {"easy": 1.0}),
    "stt_mtj": (MODELS / "veriloga/stt_mtj.va", {"easy": 1.0}),
}
POINTS = 20
LIMITED = 1  # EVAL_RET_FLAG_LIM


@pytest.fixture(params=DEVICES, scope="module")
def device(request: pytest.FixtureRequest) -> Equations:
    return read_equations(*DEVICES[request.param])


def folded(device: Equations) -> dict[str, float]:
    return next(values for path, values in DEVICES.values() if path == device.path)


def points(device: Equations) -> dict[str, FloatArray]:
    random = np.random.default_rng(1)
    return {node: random.uniform(-0.7, 0.7, POINTS) for node in device.nodes}


def some_parameters(device: Equations) -> dict[str, float]:
    """Every other parameter a little off its default, inside its range."""
    return {p.name: 0.97 * p.default for p in device.parameters[::2] if 0.97 * p.default in p.range}


@pytest.mark.parametrize("time", [0.0, 1e-9])
def test_derivatives_against_finite_differences(device: Equations, time: float) -> None:
    at = points(device)
    p = some_parameters(device)
    exact = evaluate(device, at, p, time)
    for by in device.nodes:
        step = 1e-5
        up, down = (evaluate(device, at | {by: at[by] + s}, p, time) for s in (step, -step))
        for node in device.nodes:
            for values, derivatives in (("currents", "conductances"), ("charges", "capacitances")):
                above, below = getattr(up, values)[node], getattr(down, values)[node]
                found = getattr(exact, derivatives).get((node, by), np.zeros(POINTS))
                noise = 1e-10 * np.abs(getattr(exact, values)[node]).max()
                assert found * 2 * step == pytest.approx(above - below, rel=1e-5, abs=noise), (node, by)


def test_currents_of_a_device_sum_to_zero() -> None:
    device = read_equations(HERE / "varactor.va", {})
    found = evaluate(device, points(device), {})
    assert sum(found.currents.values()) == pytest.approx(0, abs=1e-18)
    assert sum(found.charges.values()) == pytest.approx(0, abs=1e-27)


def test_evaluate_broadcasts() -> None:
    device = read_equations(HERE / "diode.va", {})
    found = evaluate(device, {"a": np.linspace(0, 0.7, 5)[:, None], "c": 0.0}, {}, temperature=[280.0, 300.0, 320.0])
    assert found.currents["a"].shape == (5, 3)
    assert (np.diff(found.currents["a"][1:], axis=1) < 0).all()  # a larger kT/q


def test_evaluate_refuses_what_is_not_the_devices() -> None:
    device = read_equations(HERE / "diode.va", {})
    with pytest.raises(ModelError, match=r"diode\.va: voltages: exactly those of a, c are needed; wrong: c$"):
        evaluate(device, {"a": 0.0}, {})
    with pytest.raises(ModelError, match=r"no parameter 'is'; there are: isat, n"):
        evaluate(device, {"a": 0.0, "c": 0.0}, {"is": 1e-14})
    with pytest.raises(ModelError, match=r"parameter n = 20: must be from \[1:10\]"):
        evaluate(device, {"a": 0.0, "c": 0.0}, {"n": 20})


def test_ngspice_gives_numpys_currents(device: Equations, netlist: Netlist) -> None:
    lowered, at, p = netlist(device.path, folded(device)), points(device), some_parameters(device)
    driven = [port for port in device.ports if port not in ("mx", "my", "mz", "w", "theta", "phi")]
    lines = []
    for n in range(POINTS):
        lines.append(lowered.instance(str(n), [f"{port}{n}" for port in device.ports], p))
        lines += [f"v{port}{n} {port}{n} 0 {float(at[port][n])!r}" for port in driven]
    waves = Simulator().run(
        f"* points\n{lowered.text}" + "\n".join(lines) + "\n.options reltol=1e-12 abstol=1e-20 vntol=1e-15 gmin=1e-30"
        "\n.op\n.end\n"
    )

    def solved(node: str) -> FloatArray:
        names = [(f"v({node}{n})", f"v(x{n}.{node})", f"v(n.x{n}.n1#{node})") for n in range(POINTS)]
        return np.array([waves[name][0] for of_point in names for name in of_point if name in waves])

    expected = evaluate(device, {node: solved(node) for node in device.nodes}, p)
    largest = max(np.abs(expected.currents[port]).max() for port in driven)
    for port in driven:
        found = np.array([-waves[f"i(v{port}{n})"][0] for n in range(POINTS)])
        assert found == pytest.approx(expected.currents[port], rel=1e-9, abs=1e-16 + 1e-14 * largest), port


# Compiled models


def require_compiler() -> None:
    try:
        c_compiler()
    except NoCCompiler as error:
        pytest.skip(str(error))


class Node(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("units", ctypes.c_char_p),
        ("residual_units", ctypes.c_char_p),
        ("offsets", ctypes.c_uint32 * 4),
        ("is_flow", ctypes.c_bool),
    )


class Entry(ctypes.Structure):
    _fields_ = (
        ("row", ctypes.c_uint32),
        ("column", ctypes.c_uint32),
        ("react", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
    )


class Parameter(ctypes.Structure):
    _fields_ = (
        ("names", ctypes.POINTER(ctypes.c_char_p)),
        ("aliases", ctypes.c_uint32),
        ("description", ctypes.c_char_p),
        ("units", ctypes.c_char_p),
        ("flags", ctypes.c_uint32),
        ("length", ctypes.c_uint32),
    )


class NoiseSource(ctypes.Structure):
    _fields_ = (("name", ctypes.c_char_p), ("plus", ctypes.c_uint32), ("minus", ctypes.c_uint32))


class SimulationInfo(ctypes.Structure):
    _fields_ = (
        ("parameters", ctypes.c_void_p * 4),
        ("time", ctypes.c_double),
        ("solution", ctypes.POINTER(ctypes.c_double)),
        ("states", ctypes.c_void_p * 2),
        ("flags", ctypes.c_uint32),
    )


class Errors(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint32), ("count", ctypes.c_uint32), ("errors", ctypes.POINTER(ctypes.c_uint32 * 2)))


def function(*arguments: type, result: type | None = None) -> type:
    return ctypes.CFUNCTYPE(result, *arguments)


P, D, U = ctypes.c_void_p, ctypes.c_double, ctypes.c_uint32
DOUBLES = ctypes.POINTER(ctypes.c_double)


class Descriptor(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("nodes_count", U),
        ("terminals_count", U),
        ("nodes", ctypes.POINTER(Node)),
        ("entries_count", U),
        ("entries", ctypes.POINTER(Entry)),
        ("collapsible_count", U),
        ("collapsible", P),
        ("collapsed_offset", U),
        ("noise", ctypes.POINTER(NoiseSource)),
        ("noise_count", U),
        ("parameters_count", U),
        ("instance_parameters_count", U),
        ("variables_count", U),
        ("parameters", ctypes.POINTER(Parameter)),
        ("places_offset", U),
        ("resistive_offset", U),
        ("states_count", U),
        ("states_offset", U),
        ("bound_step_offset", U),
        ("instance_size", U),
        ("model_size", U),
        ("access", function(P, P, U, U, result=P)),
        ("setup_model", function(P, P, P, ctypes.POINTER(Errors))),
        ("setup_instance", function(P, P, P, D, U, P, ctypes.POINTER(Errors))),
        ("eval", function(P, P, P, ctypes.POINTER(SimulationInfo), result=U)),
        ("load_noise", function(P, P, D, DOUBLES)),
        ("load_residual_resist", function(P, P, DOUBLES)),
        ("load_residual_react", function(P, P, DOUBLES)),
        ("load_limits", P * 2),
        ("load_spice_rhs_dc", function(P, P, DOUBLES, DOUBLES)),
        ("load_spice_rhs_tran", function(P, P, DOUBLES, DOUBLES, D)),
        ("load_jacobian_resist", function(P, P)),
        ("load_jacobian_react", function(P, P, D)),
        ("load_jacobian_tran", function(P, P, D)),
    )


class Compiled:
    """A .osdi file driven as a simulator drives it: node n is place n + 1 of the vectors, place 0 is ground."""

    def __init__(self, library: Path):
        self._library = ctypes.CDLL(str(library))
        self.descriptor = Descriptor.in_dll(self._library, "OSDI_DESCRIPTORS")
        d = self.descriptor
        self.nodes = [d.nodes[n].name.decode() for n in range(d.nodes_count)]
        self.model, self.instance = (ctypes.create_string_buffer(size) for size in (d.model_size, d.instance_size))

    def version(self) -> tuple[int, int]:
        major, minor = (U.in_dll(self._library, f"OSDI_VERSION_{part}").value for part in ("MAJOR", "MINOR"))
        return major, minor

    def set_up(self, parameters: Mapping[str, float], factor: float, temperature: float = 300.15) -> list[str]:
        """Names of the parameters that the model finds out of bounds."""
        d, errors = self.descriptor, Errors()
        names = [d.parameters[n].names[0].decode() for n in range(d.parameters_count)]
        for name, value in {**parameters, "$mfactor": factor}.items():
            of_instance = name == "$mfactor"
            place = d.access(
                self.instance if of_instance else None, self.model, names.index(name), 5 if of_instance else 1
            )
            ctypes.cast(place, DOUBLES)[0] = value
        d.setup_model(None, self.model, None, ctypes.byref(errors))
        wrong = [names[errors.errors[n][1]] for n in range(errors.count)]
        d.setup_instance(None, self.instance, self.model, temperature, d.terminals_count, None, ctypes.byref(errors))
        assert errors.count == 0
        places = (U * d.nodes_count).from_buffer(self.instance, d.places_offset)
        places[:] = range(1, d.nodes_count + 1)
        self._elements = np.zeros((2, d.entries_count))
        for n in range(d.entries_count):
            for kind, offset in enumerate((d.resistive_offset + n * ctypes.sizeof(P), d.entries[n].react)):
                if offset != 2**32 - 1:
                    P.from_buffer(self.instance, offset).value = self._elements[kind, n:].ctypes.data
        return wrong

    def _solution(self, voltages: Mapping[str, float]) -> FloatArray:
        return np.array([0.0, *(voltages[node] for node in self.nodes)])

    def flags(self, voltages: Mapping[str, float], time: float) -> int:
        """What an evaluation returns."""
        solution = self._solution(voltages)
        info = SimulationInfo(time=time, solution=solution.ctypes.data_as(DOUBLES))
        flags = self.descriptor.eval(None, self.instance, self.model, ctypes.byref(info))
        assert isinstance(flags, int)
        return flags

    def evaluate(self, voltages: Mapping[str, float], time: float) -> tuple[FloatArray, ...]:
        """Currents and charges by node; Jacobian of both by entry; right-hand side of a transient at alpha = 2e12."""
        d = self.descriptor
        self.flags(voltages, time)
        solution = self._solution(voltages)
        vectors = np.zeros((3, len(solution)))
        to = [vector.ctypes.data_as(DOUBLES) for vector in vectors]
        d.load_residual_resist(self.instance, self.model, to[0])
        d.load_residual_react(self.instance, self.model, to[1])
        d.load_spice_rhs_tran(self.instance, self.model, to[2], solution.ctypes.data_as(DOUBLES), 2e12)
        self._elements[:] = 0
        d.load_jacobian_resist(self.instance, self.model)
        d.load_jacobian_react(self.instance, self.model, 1.0)
        assert (vectors[:, 0] == 0).all()
        return vectors[0, 1:], vectors[1, 1:], *self._elements.copy(), vectors[2, 1:]

    def noise(self) -> list[tuple[str, str, str, float]]:
        """Name, nodes and density of each source where the model was last evaluated."""
        d = self.descriptor
        density = np.zeros(d.noise_count)
        d.load_noise(self.instance, self.model, 1e6, density.ctypes.data_as(DOUBLES))
        nodes = dict(enumerate(self.nodes)) | {2**32 - 1: "0"}
        sources = [d.noise[n] for n in range(d.noise_count)]
        return [
            (s.name.decode(), nodes[s.plus], nodes[s.minus], float(x)) for s, x in zip(sources, density, strict=True)
        ]


@pytest.mark.parametrize("time", [0.0, 1e-9])
@pytest.mark.parametrize("factor", [1.0, 3.0])
def test_compiled_model_gives_numpys_values(device: Equations, time: float, factor: float, tmp_path: Path) -> None:
    require_compiler()
    build_osdi(device.path, folded(device), tmp_path / "device.osdi")
    compiled = Compiled(tmp_path / "device.osdi")
    assert compiled.version() == (0, 3)
    assert tuple(compiled.nodes) == device.nodes
    assert compiled.descriptor.name.decode() == device.name
    assert compiled.descriptor.terminals_count == len(device.ports)
    p, at = some_parameters(device), points(device)
    assert compiled.set_up(p, factor, 320.0) == []
    expected = evaluate(device, at, p, time, 320.0)
    entries = [
        (compiled.nodes[e.row], compiled.nodes[e.column])
        for e in compiled.descriptor.entries[: len(device.derivatives)]
    ]
    assert set(entries) == set(expected.conductances) | set(expected.capacitances)
    for n in range(POINTS):
        v = {node: float(values[n]) for node, values in at.items()}
        currents, charges, conductances, capacitances, right = compiled.evaluate(v, time)
        zero = np.zeros(POINTS)
        i, q = (np.array([factor * x[node][n] for node in device.nodes]) for x in (expected.currents, expected.charges))
        g = np.array([factor * expected.conductances.get(entry, zero)[n] for entry in entries])
        c = np.array([factor * expected.capacitances.get(entry, zero)[n] for entry in entries])
        for found, wanted in ((currents, i), (charges, q), (conductances, g), (capacitances, c)):
            assert found == pytest.approx(wanted, rel=1e-12, abs=1e-14 * np.abs(wanted).max())
        for row, node in enumerate(device.nodes):
            terms = [0.0] + [(g[k] + 2e12 * c[k]) * v[by] for k, (of, by) in enumerate(entries) if of == node]
            assert right[row] == pytest.approx(sum(terms) - i[row], rel=1e-9, abs=1e-12 * np.abs(terms).max())


@pytest.mark.parametrize("factor", [1.0, 3.0])
def test_compiled_model_gives_numpys_noise(device: Equations, factor: float, tmp_path: Path) -> None:
    require_compiler()
    build_osdi(device.path, folded(device), tmp_path / "device.osdi")
    compiled = Compiled(tmp_path / "device.osdi")
    compiled.set_up({}, factor, 320.0)
    at = {node: float(values[0]) for node, values in points(device).items()}
    compiled.evaluate(at, 0.0)
    expected = evaluate(device, at, {}, 0.0, 320.0)
    found = compiled.noise()
    assert [name for name, *_ in found] == [source.name for source in device.noise]
    for (_, plus, minus, density), gains in zip(found, expected.noise, strict=True):
        assert set(gains) == {plus, minus} - {"0"}
        assert density == pytest.approx(factor * float(gains[plus]) ** 2, rel=1e-12)
    if device.name == "she_mtj":
        assert {name: (plus, minus) for name, plus, minus, _ in found} == {
            "t1 to mid": ("t1", "mid"),
            "mid to t2": ("mid", "t2"),
            "junction": ("t3", "mid"),
        }


def test_noise_in_two_branches_is_not_compiled(tmp_path: Path) -> None:
    path = tmp_path / "device.va"
    path.write_text(
        '`include "disciplines.vams"\nmodule device(a, b);\n  inout a, b;\n  electrical a, b;\n  real n;\n'
        "  analog begin\n"
        '    n = white_noise(1e-20, "both");\n    I(a) <+ V(a) + n;\n    I(b) <+ V(b) + 2*n;\n  end\nendmodule\n'
    )
    found = device_netlist(path, {}, True, tmp_path / "cache")
    assert found.kind == "subcircuit"
    assert "noise 'both' flows in 2 branches" in found.note


def test_compiled_model_refuses_parameters_out_of_bounds(tmp_path: Path) -> None:
    require_compiler()
    build_osdi(HERE / "diode.va", {}, tmp_path / "diode.osdi")
    assert Compiled(tmp_path / "diode.osdi").set_up({"n": 20.0, "mj": 0.0, "isat": 1e-15}, 1.0) == ["n", "mj"]


def test_compiled_model_asks_for_another_iteration_until_its_slopes_predict_it(tmp_path: Path) -> None:
    require_compiler()
    build_osdi(HERE / "diode.va", {}, tmp_path / "diode.osdi")
    compiled = Compiled(tmp_path / "diode.osdi")
    compiled.set_up({}, 1.0)
    steps = (0.5, 0.5 + 1e-3, 0.5 + 1e-3 + 1e-8, 0.5 + 1e-3 + 1e-8)
    assert [compiled.flags({"a": v, "c": 0.0}, 0.0) for v in steps] == [LIMITED, LIMITED, 0, 0]


# Where nothing can be compiled


def test_netlist_for_an_ngspice_without_osdi(tmp_path: Path) -> None:
    found = device_netlist(HERE / "diode.va", {}, False, tmp_path / "cache")
    assert (found.kind, found.library) == ("subcircuit", None)
    assert found.note == "this ngspice has no OSDI: subcircuit"
    assert found.text == lower(HERE / "diode.va", {}).text
    assert not (tmp_path / "cache").exists()


def test_compiled_netlist_is_built_once(tmp_path: Path) -> None:
    require_compiler()
    first, second = (device_netlist(HERE / "diode.va", {}, True, tmp_path) for _ in range(2))
    assert first.kind == second.kind == "osdi"
    assert first.library == second.library
    assert "built with" in first.note
    assert "built before" in second.note
    assert "n1 a c compiled m={m}\n.model compiled junction_diode\n+ isat={isat}\n" in first.text
    assert [path.name for path in tmp_path.iterdir()] == [first.library.name if first.library else ""]


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (None, "no C compiler: nowhere-cc not found"),
        ("echo 'device.c:3:1: error: no' >&2; exit 1", "device.c:3:1: error: no"),
    ],
)
def test_failed_build_falls_back_and_says_so(
    script: str | None, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken-cc"
    broken.write_text(f"#!/bin/sh\n{script}\n")
    broken.chmod(0o755)
    monkeypatch.setenv("CC", "nowhere-cc" if script is None else str(broken))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")  # no openvaf-r
    with pytest.raises(NoCCompiler if script is None else BuildError, match=said):
        build_osdi(HERE / "diode.va", {}, tmp_path / "diode.osdi")
    assert [path.name for path in tmp_path.iterdir()] == ["broken-cc"]
    found = device_netlist(HERE / "diode.va", {}, True, tmp_path / "cache")
    assert found.kind == "subcircuit"
    assert said in found.note
    assert found.text == lower(HERE / "diode.va", {}).text
    assert list((tmp_path / "cache").iterdir()) == []


def test_openvaf_r_is_used_where_it_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    compiler = tools / "openvaf-r"
    compiler.write_text('#!/bin/sh\necho "$1" > "$3"\n')
    compiler.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    assert build_osdi(HERE / "diode.va", {}, tmp_path / "diode.osdi") == "openvaf-r"
    assert (tmp_path / "diode.osdi").read_text() == f"{HERE / 'diode.va'}\n"
    found = device_netlist(HERE / "diode.va", {"n": 1.5}, True, tmp_path / "cache")
    assert found.note.endswith("built with openvaf-r")
    assert "\n+ n=1.5\n" in found.text


@pytest.mark.parametrize("name", ["d", "memristor", "d_gate"])
def test_name_of_ngspices_own_is_not_compiled(name: str, tmp_path: Path) -> None:
    path = tmp_path / "device.va"
    path.write_text((HERE / "diode.va").read_text().replace("junction_diode", name))
    found = device_netlist(path, {}, True, tmp_path / "cache")
    assert found.kind == "subcircuit"
    assert f"module {name!r}" in found.note
