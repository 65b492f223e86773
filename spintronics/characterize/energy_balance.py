"""Energy balance of a testbench: what its sources deliver against what its elements dissipate and keep."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from spintronics.circuits.library import Deck
from spintronics.ngspice import Simulator, Waves

FloatArray = npt.NDArray[np.float64]
# Quantities of a BSIM4 instance: channel; drain and source leakage to the body; gate leakage; voltages and charges.
CURRENTS = ("id", "ibd", "ibs", "isub", "igidl", "igisl", "igs", "igd", "igb", "igcs", "igcd")
VOLTAGES = ("vds", "vgs", "vbs")
CHARGES = ("qd", "qg", "qb", "qs")
_ELEMENT = re.compile(r"i\(@(?P<name>(?P<kind>[mrcb])[^\[]*)\[(id|i)\]\)")
# In the generated junction, what computes the magnetization is made of elements too; 1 V there is no volt.
_EQUATION = re.compile(r"_(n\d+|m[xyz])$")
_SUBCIRCUIT = re.compile(r"^\.subckt\s+(?P<name>\S+)(?P<ports>[^\n]*)\n(?P<body>.*?)^\.ends[^\n]*$", re.M | re.S | re.I)
_SOURCE = re.compile(r"^(?P<name>[VIB]\S+) (?P<plus>\S+) (?P<minus>\S+) (?P<value>\S+)", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True)
class EnergyBalance:
    """Energies of one transient, J; of a sweep of operating points, powers summed over the points, W.

    Attributes:
        delivered: by source, voltage and current sources alike; negative where one absorbs.
        dissipated: in ``channels``, ``leakage`` (gates, body, GIDL), ``resistors`` and ``junctions`` (tunnel barriers).
        stored: what the capacitors of the netlists keep at the end over the start.  Charge in transistors is not in it:
            a transient that ends as it starts keeps none.
        charge_model: ∫ Σ v·dq over the terminals of all transistors.  Over a cycle nothing for real charges; BSIM4's
            terminal charges derive from no energy (its capacitances are not reciprocal) and take or give some.
    """

    delivered: Mapping[str, float]
    dissipated: Mapping[str, float]
    stored: float
    charge_model: float

    @property
    def total(self) -> float:
        """Delivered by all sources."""
        return sum(self.delivered.values())

    @property
    def error(self) -> float:
        """What is not accounted for, of the energy delivered."""
        return 1 - (sum(self.dissipated.values()) + self.stored + self.charge_model) / self.total


def energy_balance(simulator: Simulator, deck: Deck, start: float = 0.0, end: float = float("inf")) -> EnergyBalance:
    """Energy of every source against the Joule heat of every element, each from its own currents and voltages.

        source: −∫ v i dt,   transistor: ∫ |i_d v_ds| dt and its leakages,   resistor: ∫ v i dt,   barrier: ∫ v i dt

    The two sides share node voltages, but no current: a source's is the solution's, a transistor's the model's own
    static current at its bias.

    Args:
        deck: a transient or a sweep, with the generated junction subcircuits or fixed ones, not compiled models; its
            transistors matched, as mismatch brings in sources that are no energy.
        start, end: of a transient, s: only what lies between; the circuit should be in one state at both.
    Raises:
        NgspiceError: the simulation failed.
    """
    found = [_ELEMENT.fullmatch(name) for name in simulator.run(_with(deck, ".op", ("all",), "savecurrents").text())]
    elements: dict[str, list[str]] = {"m": [], "r": [], "c": [], "b": []}
    for match in found:
        if match and not _EQUATION.search(match["name"]) and match["name"] not in elements[match["kind"]]:
            elements[match["kind"]].append(match["name"])
    barriers = [name for name in elements["b"] if "." in name]  # one of no subcircuit is a source
    wanted = [f"@{name}[{q}]" for name in elements["m"] for q in (*CURRENTS, *VOLTAGES, *CHARGES)]
    wanted += [f"@{name}[p]" for name in (*elements["r"], *elements["c"])]
    wanted += [f"@{name}[i]" for name in elements["b"]]
    waves = simulator.run(_with(deck, deck.analysis, ("all", *wanted), "").text())
    netlist = _Netlist.of(str(deck.circuit))
    inside = (waves.x >= start) & (waves.x <= end)

    def total(power: FloatArray) -> float:
        kept = power[inside]
        return float(np.trapezoid(kept, waves.x[inside]) if waves.axis == "time" else kept.sum())

    heat = [_transistor_heat(waves, name) for name in elements["m"]]
    return EnergyBalance(
        delivered={
            source["name"].lower(): -total(_voltage(waves, source["plus"], source["minus"]) * _current(waves, source))
            for source in _SOURCE.finditer(netlist.top)
        },
        dissipated={
            "channels": sum(total(channel) for channel, _ in heat),
            "leakage": sum(total(leakage) for _, leakage in heat),
            "resistors": sum(total(_device(waves, name, "p")) for name in elements["r"]),
            "junctions": sum(
                total(_voltage(waves, *netlist.terminals(name)) * _device(waves, name, "i")) for name in barriers
            ),
        },
        stored=sum(total(_device(waves, name, "p")) for name in elements["c"]),
        charge_model=sum(_charge_work(waves, name, inside) for name in elements["m"]) if waves.axis == "time" else 0.0,
    )


def _with(deck: Deck, analysis: str, save: tuple[str, ...], option: str) -> Deck:
    return replace(deck, analysis=analysis, save=save, options=f"{deck.options} {option}")


def _device(waves: Waves, name: str, quantity: str) -> FloatArray:
    """A quantity of an element; ngspice writes it with the mark of its dimension, ``i()``, ``v()``, or with none."""
    inner = f"@{name}[{quantity}]"
    return next(waves[key] for key in (inner, f"i({inner})", f"v({inner})") if key in waves)


def _voltage(waves: Waves, plus: str, minus: str) -> FloatArray:
    at = [np.zeros_like(waves.x) if node == "0" else waves[f"v({node})"] for node in (plus, minus)]
    return at[0] - at[1]


def _current(waves: Waves, source: re.Match[str]) -> FloatArray:
    """From plus through the source to minus, A."""
    kind, name = source["name"][0].lower(), source["name"]
    if kind == "v":
        return waves[f"i({name})"]
    return _device(waves, name.lower(), "i") if kind == "b" else np.full_like(waves.x, float(source["value"]))


def _transistor_heat(waves: Waves, name: str) -> tuple[FloatArray, FloatArray]:
    """Power in the channel and in all leakage paths, W; every path dissipates, whatever sign the model gives it."""
    i = {quantity: _device(waves, name, quantity) for quantity in CURRENTS}
    v_ds, v_gs, v_bs = (_device(waves, name, quantity) for quantity in VOLTAGES)
    v_gd, v_bd, v_gb = v_gs - v_ds, v_bs - v_ds, v_gs - v_bs
    paths = [(v_bd, ("ibd", "igidl", "isub")), (v_bs, ("ibs", "igisl"))]
    paths += [(v_gs, ("igs", "igcs")), (v_gd, ("igd", "igcd")), (v_gb, ("igb",))]
    leakage = sum((np.abs(v * i[quantity]) for v, quantities in paths for quantity in quantities), np.zeros_like(v_ds))
    return np.abs(i["id"] * v_ds), leakage


def _charge_work(waves: Waves, name: str, inside: npt.NDArray[np.bool_]) -> float:
    """∫ Σ v·dq over a transistor's terminals, J; the charges add up to 0, so that the source's does not enter.

    The model has drain and source by the sign of the channel's voltage; and no charges at the operating point.
    """
    v_ds, v_gs, v_bs = (_device(waves, name, quantity) for quantity in VOLTAGES)
    q_d, q_g, q_b, q_s = (_device(waves, name, quantity) for quantity in CHARGES)
    work = 0.0
    for voltage, charge in ((v_ds, np.where(v_ds >= 0, q_d, q_s)), (v_gs, q_g), (v_bs, q_b)):
        settled = np.concatenate((charge[1:2], charge[1:]))
        work += float(np.trapezoid(voltage[inside], settled[inside]))
    return work


@dataclass(frozen=True)
class _Netlist:
    """A deck's text: what is at its top level, and ports and body of each subcircuit."""

    top: str
    subcircuits: Mapping[str, tuple[list[str], str]]

    @classmethod
    def of(cls, text: str) -> "_Netlist":
        joined = re.sub(r"\n\+", " ", text)
        found = {
            s["name"].lower(): ([p for p in s["ports"].split() if "=" not in p], s["body"])
            for s in _SUBCIRCUIT.finditer(joined)
        }
        return cls(_SUBCIRCUIT.sub("", joined), found)

    def terminals(self, element: str) -> Iterator[str]:
        """First two nodes of an element ``b.xcell.b_t3_mid``, by their names at the top level."""
        _, *path, name = element.split(".")
        body, outside, prefix = self.top, dict[str, str](), ""
        for instance in path:
            nodes = _nodes(body, instance)
            ports, body = self.subcircuits[nodes.pop().lower()]
            names = [outside.get(node, f"{prefix}{node}") for node in nodes]
            outside, prefix = dict(zip(ports, names, strict=True)) | {"0": "0"}, f"{prefix}{instance}."
        return (outside.get(node, f"{prefix}{node}") for node in _nodes(body, name)[:2])


def _nodes(body: str, name: str) -> list[str]:
    """Words after an element's name, up to its parameters: of an instance its nodes and its subcircuit."""
    line = re.search(rf"^{re.escape(name)}\s+(.*)$", body, re.MULTILINE | re.IGNORECASE)
    assert line is not None, f"{name}: not in the deck"
    return re.split(r"\s+(?=\S*=)", line[1])[0].split()
