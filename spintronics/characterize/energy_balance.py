"""Energy balance of a testbench: what its sources deliver against what its elements dissipate and keep."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from spintronics.circuits.library import Deck
from spintronics.ngspice import Simulator, Waves

FloatArray = npt.NDArray[np.float64]
# Quantities of a BSIM4 instance: channel; drain and source leakage to the body; gate leakage; their voltages.
CURRENTS = ("id", "ibd", "ibs", "isub", "igidl", "igisl", "igs", "igd", "igb", "igcs", "igcd")
VOLTAGES = ("vds", "vgs", "vbs")
_ELEMENT = re.compile(r"i\(@(?P<name>(?P<kind>[mrcb])[^\[]*)\[(id|i)\]\)")
# In the generated junction, what computes the magnetization is made of elements too; 1 V there is no volt.
_EQUATION = re.compile(r"_(n\d+|m[xyz])$")
_SUBCIRCUIT = re.compile(r"^\.subckt.*?^\.ends[^\n]*$", re.MULTILINE | re.DOTALL | re.IGNORECASE)
_SOURCE = re.compile(r"^(?P<name>[VI]\S+) (?P<plus>\S+) (?P<minus>\S+) (?P<value>\S+)", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True)
class EnergyBalance:
    """Energies of one transient, J.

    Attributes:
        delivered: by source, voltage and current sources alike; negative where one absorbs.
        dissipated: in ``channels``, ``leakage`` (gates, body, GIDL), ``resistors`` and ``junctions`` (tunnel barriers).
        stored: what the capacitors of the netlists keep at the end over the start.  Charge in transistors is not in it:
            a testbench that ends as it starts keeps none.
    """

    delivered: Mapping[str, float]
    dissipated: Mapping[str, float]
    stored: float

    @property
    def error(self) -> float:
        """(delivered − dissipated − stored) / delivered."""
        total = sum(self.delivered.values())
        return (total - sum(self.dissipated.values()) - self.stored) / total


def energy_balance(simulator: Simulator, deck: Deck) -> EnergyBalance:
    """Energy of every source against the Joule heat of every element, each from its own currents and voltages.

        source: −∫ v i dt,   transistor: ∫ |i_d v_ds| dt and its leakages,   resistor: ∫ v i dt,   barrier: ∫ v i dt

    The two sides share node voltages, but no current: a source's is the solution's, a transistor's the model's own
    static current at its bias.  BSIM4 charges are not those of capacitors (their capacitances are not reciprocal), so
    a driver's cycle closes to a few tenths of a per cent, however small the step.

    Args:
        deck: a transient with the generated junction subcircuits or fixed ones, not compiled models.
    Raises:
        NgspiceError: the transient failed.
    """
    found = [_ELEMENT.fullmatch(name) for name in simulator.run(_with(deck, ".op", ("all",), "savecurrents").text())]
    elements: dict[str, list[str]] = {"m": [], "r": [], "c": [], "b": []}
    for match in found:
        if match and not _EQUATION.search(match["name"]) and match["name"] not in elements[match["kind"]]:
            elements[match["kind"]].append(match["name"])
    wanted = [f"@{name}[{q}]" for name in elements["m"] for q in (*CURRENTS, *VOLTAGES)]
    wanted += [f"@{name}[p]" for name in (*elements["r"], *elements["c"])]
    wanted += [f"@{name}[i]" for name in elements["b"]]
    waves = simulator.run(_with(deck, deck.analysis, ("all", *wanted), "").text())
    text = _SUBCIRCUIT.sub("", str(deck.circuit))

    def total(power: FloatArray) -> float:
        return float(np.trapezoid(power, waves.x))

    heat = [_transistor_heat(waves, name) for name in elements["m"]]
    return EnergyBalance(
        delivered={
            source["name"].lower(): -total(_voltage(waves, source["plus"], source["minus"]) * _current(waves, source))
            for source in _SOURCE.finditer(text)
        },
        dissipated={
            "channels": sum(total(channel) for channel, _ in heat),
            "leakage": sum(total(leakage) for _, leakage in heat),
            "resistors": sum(total(_device(waves, name, "p")) for name in elements["r"]),
            "junctions": sum(total(_barrier_heat(waves, name, text)) for name in elements["b"]),
        },
        stored=sum(total(_device(waves, name, "p")) for name in elements["c"]),
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
    if source["name"][0] in "vV":
        return waves[f"i({source['name']})"]
    return np.full_like(waves.x, float(source["value"]))


def _transistor_heat(waves: Waves, name: str) -> tuple[FloatArray, FloatArray]:
    """Power in the channel and in all leakage paths, W; every path dissipates, whatever sign the model gives it."""
    i = {quantity: _device(waves, name, quantity) for quantity in CURRENTS}
    v_ds, v_gs, v_bs = (_device(waves, name, quantity) for quantity in VOLTAGES)
    v_gd, v_bd, v_gb = v_gs - v_ds, v_bs - v_ds, v_gs - v_bs
    paths = [(v_bd, ("ibd", "igidl", "isub")), (v_bs, ("ibs", "igisl"))]
    paths += [(v_gs, ("igs", "igcs")), (v_gd, ("igd", "igcd")), (v_gb, ("igb",))]
    leakage = sum((np.abs(v * i[quantity]) for v, quantities in paths for quantity in quantities), np.zeros_like(v_ds))
    return np.abs(i["id"] * v_ds), leakage


def _barrier_heat(waves: Waves, name: str, text: str) -> FloatArray:
    """Power in a tunnel barrier, W: element ``b_t3_mid`` of a junction whose third port is t3."""
    instance = name.split(".")[1]
    ports = re.search(rf"^{instance} (\S+) (\S+) (\S+)", text, re.MULTILINE | re.IGNORECASE)
    assert ports is not None, f"{name}: no instance {instance} in the deck"
    return _voltage(waves, ports[3], f"{instance}.mid") * _device(waves, name, "i")
