"""Measures the curves of a MOSFET card in ngspice: drain currents, capacitances, temperature.

Every quantity is a magnitude in the n-channel sense: a p-channel device is driven through mirrored sources, so
that both types give positive currents over positive bias.
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from spintronics.cards import find_model
from spintronics.errors import InputError
from spintronics.ngspice import Simulator
from spintronics.ngspice.rawfile import FloatArray

Polarity = Literal["n", "p"]

NOMINAL_TEMPERATURE = 27.0  # °C
LINEAR_DRAIN = 0.05  # V, the drain voltage of "linear" figures
FINE_STEP = 0.01  # V, gate step of the transfer curves that thresholds are read from
RAMP = 1e-9  # s for 0 → VDD: displacement currents of 0.1 fF (100 nA) far above the leakage of an off transistor
# Newton iterations cost little here, and a finite-difference Jacobian needs currents good to about 1e-6.
OPTIONS = ".options reltol=1e-6 abstol=1e-16 vntol=1e-9 gmin=1e-15"


@dataclass(frozen=True)
class Device:
    """One MOSFET model in a deck.

    Attributes:
        model: name of the .model card.
        polarity: "n" or "p".
        cards: deck text that defines the model: a card, or an .include line.
    """

    model: str
    polarity: Polarity
    cards: str

    @classmethod
    def find(cls, pdk: Path, model: str, polarity: Polarity, corner: str) -> "Device":
        """The model of that name and corner in a card file or PDK folder, as :func:`spintronics.cards.find_model`.

        Raises:
            InputError: not there, or a path that would not survive ngspice's parser.
        """
        path = str(find_model(pdk, model, f"{polarity}mos", corner))
        if '"' in path or "\n" in path:
            raise InputError(f"{path}: a path with a quote or a line break cannot be included in a deck")
        return cls(model, polarity, f'.include "{path}"')


@dataclass(frozen=True)
class Plan:
    """What is measured.

    Attributes:
        length: drawn gate length, m.
        vdd: supply, V; every sweep runs from 0 to it.
        widths: gate widths, m; the first is the one of the figures of merit.
        body_bias: reverse source-body voltages, V, each measured at the first width.
        points: points of a voltage axis of the grid; 21 are steps of VDD/20.
        temperatures: °C, besides 27 °C.
    """

    length: float = 50e-9
    vdd: float = 1.0
    widths: tuple[float, ...] = (90e-9, 180e-9, 270e-9, 540e-9, 720e-9)
    body_bias: tuple[float, ...] = (0.3,)
    points: int = 21
    temperatures: tuple[float, ...] = (-40.0, 85.0, 125.0)

    @property
    def axis(self) -> FloatArray:
        """Gate voltages of the grid, V; the drain voltages are the same without 0."""
        return np.linspace(0.0, self.vdd, self.points)


@dataclass(frozen=True)
class Curves:
    """What was measured of one device, SI units.

    Attributes:
        plan: what was asked for.
        current: drain currents at 27 °C, [width or body bias, drain voltage, gate voltage].
        transfer: drain currents of the first width at fine gate steps, [linear or VDD drain, gate voltage].
        capacitance: name → F over ``plan.axis`` without its ends; names as ``CAPACITANCES``.
        hot: temperature in °C → drain currents of the first width, [drain voltage, gate voltage].
    """

    plan: Plan
    current: FloatArray
    transfer: FloatArray
    capacitance: Mapping[str, FloatArray]
    hot: Mapping[float, FloatArray] = field(default_factory=dict)

    @property
    def fine_axis(self) -> FloatArray:
        """Gate voltages of ``transfer``, V."""
        return np.linspace(0.0, self.plan.vdd, self.transfer.shape[1])


def _geometry(width: float, diffusion: float) -> str:
    area, perimeter = width * diffusion, 2 * (width + diffusion)
    return f"ad={area:.6g} as={area:.6g} pd={perimeter:.6g} ps={perimeter:.6g}"


# name → (what is ramped, which terminal's current is read, other terminal's bias in VDD, width in plan.widths,
#         drain diffusion length in m or None for the model's default)
CAPACITANCES: dict[str, tuple[str, str, float, int, float | None]] = {
    "gate, Vd = 0": ("gate", "gate", 0.0, 0, None),
    "gate, Vd = VDD": ("gate", "gate", 1.0, 0, None),
    "gate, Vd = 0, widest": ("gate", "gate", 0.0, -1, None),
    "gate-drain, Vg = 0": ("drain", "gate", 0.0, 0, None),
    "drain, AD/PD default": ("drain", "drain", 0.0, 0, None),
    "drain, 105 nm diffusion": ("drain", "drain", 0.0, 0, 105e-9),
    "drain, 105 nm, widest": ("drain", "drain", 0.0, -1, 105e-9),
    "drain, 400 nm diffusion": ("drain", "drain", 0.0, 0, 400e-9),
}


def _transistors(device: Device, lines: Iterable[tuple[float, float]], length: float) -> list[str]:
    """Transistors side by side on nodes gate and drain, each with an ammeter vm<k>."""
    sign = 1 if device.polarity == "n" else -1
    deck = [f"eg gate 0 g 0 {sign}", f"ed drain 0 d 0 {sign}"]
    for k, (width, body) in enumerate(lines):
        deck += [
            f"vm{k} drain d{k} 0",
            f"vb{k} b{k} 0 {-sign * body:.6g}",
            f"m{k} d{k} gate 0 b{k} {device.model} w={width:.6g} l={length:.6g}",
        ]
    return deck


def _sweep(
    device: Device,
    lines: list[tuple[float, float]],
    plan: Plan,
    sweep: str,
    temperature: float,
    simulator: Simulator,
) -> FloatArray:
    """Drain-current magnitudes of several transistors over one double sweep, [transistor, point]."""
    saved = " ".join(f"i(vm{k})" for k in range(len(lines)))
    deck = [
        f"drain currents of {device.model}",
        device.cards,
        "vg g 0 0",
        "vd d 0 0",
        *_transistors(device, lines, plan.length),
        f"{OPTIONS} temp={temperature:g} tnom=27",
        f".save {saved}",
        f".dc {sweep}",
        ".end",
    ]
    waves = simulator.run("\n".join(deck) + "\n")
    sign = 1.0 if device.polarity == "n" else -1.0
    return sign * np.stack([waves[f"i(vm{k})"] for k in range(len(lines))])


def drain_currents(
    device: Device, lines: list[tuple[float, float]], plan: Plan, temperature: float, simulator: Simulator
) -> FloatArray:
    """Id over the plan's grid, A, [transistor, drain voltage, gate voltage].

    Args:
        lines: (width in m, reverse source-body voltage in V) of each transistor.
        temperature: °C.
    """
    step = plan.vdd / (plan.points - 1)
    # A sweep's end is reached by adding up steps: half a step of slack keeps the last point in.
    end = plan.vdd + step / 2
    sweep = f"vg 0 {end:.9g} {step:.9g} vd {step:.9g} {end:.9g} {step:.9g}"
    flat = _sweep(device, lines, plan, sweep, temperature, simulator)
    return flat.reshape(len(lines), plan.points - 1, plan.points)


def transfer_currents(device: Device, plan: Plan, simulator: Simulator) -> FloatArray:
    """Id of the first width at 27 °C over fine gate steps, A, [drain at 0.05 V or at VDD, gate voltage]."""
    steps = round(plan.vdd / FINE_STEP)
    step = plan.vdd / steps
    drain = f"vd {LINEAR_DRAIN} {plan.vdd + 1e-6:.9g} {plan.vdd - LINEAR_DRAIN:.9g}"
    sweep = f"vg 0 {plan.vdd + step / 2:.9g} {step:.9g} {drain}"
    flat = _sweep(device, [(plan.widths[0], 0.0)], plan, sweep, NOMINAL_TEMPERATURE, simulator)
    return flat.reshape(2, steps + 1)


def capacitances(device: Device, plan: Plan, simulator: Simulator) -> dict[str, FloatArray]:
    """Capacitances at 27 °C, F, over ``plan.axis`` without its two ends; names as ``CAPACITANCES``.

    A terminal is ramped up and down; half the difference of the two currents over the ramp rate is the
    displacement part, whatever leaks:  C(V) = (i_up(V) − i_down(V)) / (2 · dV/dt).
    """
    sign = 1 if device.polarity == "n" else -1
    vdd, rate = plan.vdd, plan.vdd / RAMP
    deck = [
        f"capacitances of {device.model}",
        device.cards,
        f"vr ramp 0 pwl(0 0 {0.1 * RAMP:g} 0 {1.1 * RAMP:g} {sign * vdd:g} {1.2 * RAMP:g} {sign * vdd:g} "
        f"{2.2 * RAMP:g} 0 {2.3 * RAMP:g} 0)",
    ]
    for k, (ramped, _, other, index, diffusion) in enumerate(CAPACITANCES.values()):
        width = plan.widths[index]
        geometry = "" if diffusion is None else _geometry(width, diffusion)
        fixed = f"vf{k} fixed{k} 0 {sign * other * vdd:g}"
        gate, drain = ("ramp", f"fixed{k}") if ramped == "gate" else (f"fixed{k}", "ramp")
        deck += [
            fixed,
            f"vgate{k} {gate} g{k} 0",
            f"vdrain{k} {drain} d{k} 0",
            f"m{k} d{k} g{k} 0 0 {device.model} w={width:.6g} l={plan.length:.6g} {geometry}",
        ]
    names = [f"i(v{terminal}{k})" for k, (_, terminal, *_) in enumerate(CAPACITANCES.values())]
    deck += [
        # Gear: the trapezoidal rule rings after the corners of the ramp.
        f"{OPTIONS} method=gear temp={NOMINAL_TEMPERATURE:g} tnom=27",
        f".save v(ramp) {' '.join(names)}",
        f".tran {RAMP / 200:g} {2.3 * RAMP:g} 0 {RAMP / 100:g}",
        ".end",
    ]
    waves = simulator.run("\n".join(deck) + "\n")
    inside = plan.axis[1:-1]
    up, down = 0.1 * RAMP + inside / rate, 2.2 * RAMP - inside / rate
    found = {}
    for name, (ramped, terminal, *_), vector in zip(CAPACITANCES, CAPACITANCES.values(), names, strict=True):
        difference = np.interp(up, waves.x, waves[vector]) - np.interp(down, waves.x, waves[vector])
        # The other terminal's displacement current flows out where the ramped one's flows in.
        found[name] = sign * (1.0 if ramped == terminal else -1.0) * difference / (2 * rate)
    return found


def measure(
    device: Device, plan: Plan, simulator: Simulator, temperatures: bool = True, capacitance: bool = True
) -> Curves:
    """Everything the plan asks for.

    Args:
        temperatures: False leaves the plan's other temperatures out.
        capacitance: False leaves the capacitances out.
    Raises:
        DeckError, ConvergenceError: ngspice refused the card, or found no solution.
    """
    lines = [(width, 0.0) for width in plan.widths] + [(plan.widths[0], bias) for bias in plan.body_bias]
    return Curves(
        plan,
        drain_currents(device, lines, plan, NOMINAL_TEMPERATURE, simulator),
        transfer_currents(device, plan, simulator),
        capacitances(device, plan, simulator) if capacitance else {},
        hot_currents(device, plan, simulator) if temperatures else {},
    )


def hot_currents(device: Device, plan: Plan, simulator: Simulator) -> dict[float, FloatArray]:
    """Id of the first width at each of the plan's temperatures, A, [drain voltage, gate voltage]."""
    line = [(plan.widths[0], 0.0)]
    return {t: drain_currents(device, line, plan, t, simulator)[0] for t in plan.temperatures}


def write_currents(path: Path, curves: Mapping[str, Curves]) -> None:
    """Id grids at 27 °C, every width, as CSV: model, width_m, vd_V, vg_V, id_A (magnitudes).

    Raises:
        InputError: the file cannot be written.
    """
    try:
        with path.open("w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["model", "width_m", "vd_V", "vg_V", "id_A"])
            for model, measured in curves.items():
                axis = measured.plan.axis
                for width, grid in zip(measured.plan.widths, measured.current, strict=False):
                    for vd, row in zip(axis[1:], grid, strict=True):
                        for vg, current in zip(axis, row, strict=True):
                            writer.writerow([model, f"{width:.4g}", f"{vd:.4g}", f"{vg:.4g}", f"{current:.6g}"])
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from None
