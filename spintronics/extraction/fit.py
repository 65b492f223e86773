"""Finds the parameters of a compact card by least squares on curves."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from scipy.optimize import least_squares

from spintronics.extraction import cards
from spintronics.extraction.curves import Curves, Device, Polarity, hot_currents, measure
from spintronics.extraction.figures import figures_of_merit
from spintronics.ngspice import Simulator
from spintronics.ngspice.errors import DeckError
from spintronics.ngspice.rawfile import FloatArray

Progress = Callable[[str], None]
Residuals = Callable[[Device], FloatArray]

# Residuals are in units of these: an error of this size weighs as much as any other.
TOLERANCE_ON = 0.02  # of Id above threshold
TOLERANCE_OFF = 0.08  # of ln Id below threshold
TOLERANCE_CAPACITANCE = 0.03
# Pull towards the start, per full range of a parameter: settles what the curves leave open, keeps values physical.
PULL = 1.5
STEP = 2e-4  # of a parameter's range, for the finite-difference Jacobian
HOPELESS = 1e3  # residual of a card that ngspice cannot solve

# What a process corner moves, and what stands for most of the characteristics before all parameters are searched.
CORNER = ("vth0", "u0", "vsat", "toxe", "eta0", "ndep")
COARSE = ("vth0", "u0", "vsat", "toxe", "eta0", "nfactor", "voff", "rdsw", "cgo", "cjs", "lint")


def current_residuals(found: FloatArray, reference: FloatArray, gate: FloatArray, threshold: float) -> FloatArray:
    """ln(Id/Id_ref) in tolerances: tight from ``threshold`` (V) on, loose below; the last axis is ``gate``."""
    tolerance = np.where(gate >= threshold, TOLERANCE_ON, TOLERANCE_OFF)
    # A trial card may leak nothing, or conduct backwards by rounding; both count as very little.
    ratio = np.log(np.maximum(found, 1e-15)) - np.log(np.maximum(reference, 1e-15))
    return np.asarray(ratio / tolerance).ravel()


def curve_residuals(reference: Curves, simulator: Simulator) -> Residuals:
    """Residuals of a card at 27 °C: currents of every width and body bias, figures of merit, capacitances."""
    plan, target = reference.plan, figures_of_merit(reference)

    def residuals(device: Device) -> FloatArray:
        found = measure(device, plan, simulator, temperatures=False, capacitance=bool(reference.capacitance))
        capacitance = [
            (found.capacitance[name] / values - 1) / TOLERANCE_CAPACITANCE
            for name, values in reference.capacitance.items()
        ]
        return np.concatenate(
            [
                current_residuals(found.current, reference.current, plan.axis, target.vt_sat),
                current_residuals(found.transfer, reference.transfer, reference.fine_axis, target.vt_sat),
                *capacitance,
            ]
        )

    return residuals


def temperature_residuals(reference: Curves, simulator: Simulator) -> Residuals:
    """Residuals of a card at the other temperatures: currents of the first width from Vg = VDD/10 on.

    Below that, gate-edge tunnelling of the reference, which the card leaves out, shows in the cold (a quarter of
    FreePDK45's Ioff at −40 °C) and would be taken for a threshold.
    """
    plan, target = reference.plan, figures_of_merit(reference)
    kept = plan.axis >= plan.vdd / 10
    gate = plan.axis[kept]

    def residuals(device: Device) -> FloatArray:
        found = hot_currents(device, plan, simulator)
        parts = [
            current_residuals(found[t][:, kept], grid[:, kept], gate, target.vt_sat)
            for t, grid in reference.hot.items()
        ]
        return np.concatenate(parts)

    return residuals


def fit_parameters(
    polarity: Polarity,
    start: cards.Values,
    names: Sequence[str],
    residuals: Residuals,
    iterations: int = 20,
    pull: float = PULL,
    model: str = "fitted",
) -> tuple[dict[str, float], float]:
    """Parameter values that make ``residuals`` small, moving ``names`` only.

    Args:
        start: values to start from (magnitudes; see ``cards``), of every parameter the card states.
        iterations: limit on the optimizer's steps, each of ``len(names)`` + 1 measurements.
        pull: weight of staying near the start.
    Returns:
        all values, and the root mean square of the residuals, in tolerances.
    Source: trust-region reflective least squares, scipy.optimize.least_squares.
    """
    moved = [cards.BY_NAME[name] for name in names]
    origin = np.clip([parameter.to_unit(start[parameter.name]) for parameter in moved], 1e-3, 1 - 1e-3)

    def values(x: FloatArray) -> dict[str, float]:
        return {**start, **{p.name: p.from_unit(float(place)) for p, place in zip(moved, x, strict=True)}}

    def measured(x: FloatArray) -> FloatArray:
        return residuals(cards.device(model, polarity, values(x)))

    size = measured(origin).size

    def objective(x: FloatArray) -> FloatArray:
        try:
            errors = measured(x)
        except DeckError:
            errors = np.full(size, HOPELESS)
        return np.concatenate([errors, pull * (x - origin)])

    def jacobian(x: FloatArray) -> FloatArray:
        centre = objective(x)
        columns = []
        for k in range(len(moved)):
            step = STEP if x[k] < 0.5 else -STEP  # into the interval
            aside = x.copy()
            aside[k] += step
            columns.append((objective(aside) - centre) / step)
        return np.stack(columns, axis=1)

    solution = least_squares(
        objective, origin, jac=jacobian, bounds=(0.0, 1.0), max_nfev=iterations, xtol=1e-6, ftol=1e-5, method="trf"
    )
    best = np.asarray(solution.x, dtype=np.float64)
    return values(best), float(np.sqrt(np.mean(objective(best)[:size] ** 2)))


def fit_nominal(
    reference: Curves, polarity: Polarity, simulator: Simulator, progress: Progress = lambda _: None
) -> dict[str, float]:
    """Every parameter of a nominal card: a few first, all that show at 27 °C, those of temperature, all at once."""
    cold = curve_residuals(reference, simulator)
    everything = [p.name for p in cards.PARAMETERS if not p.temperature]
    found, rms = fit_parameters(polarity, cards.start(polarity), COARSE, cold, iterations=12)
    progress(f"{polarity}-channel, {len(COARSE)} parameters: rms {rms:.2f} tolerances")
    found, rms = fit_parameters(polarity, found, everything, cold, iterations=30)
    progress(f"{polarity}-channel, {len(everything)} parameters: rms {rms:.2f} tolerances")
    if not reference.hot:
        return found
    temperature = [p.name for p in cards.PARAMETERS if p.temperature]
    hot = temperature_residuals(reference, simulator)
    found, rms = fit_parameters(polarity, found, temperature, hot, iterations=20)
    progress(f"{polarity}-channel, {len(temperature)} of temperature: rms {rms:.2f} tolerances")
    # How a curve splits between, say, swing and offset shows only where kT/q differs.
    found, rms = fit_parameters(
        polarity, found, everything + temperature, lambda d: np.concatenate([cold(d), hot(d)]), iterations=14
    )
    progress(f"{polarity}-channel, all {len(everything + temperature)} parameters: rms {rms:.2f} tolerances")
    return found


def fit_corner(
    nominal: Mapping[str, float],
    reference: Curves,
    polarity: Polarity,
    simulator: Simulator,
    progress: Progress = lambda _: None,
) -> dict[str, float]:
    """A corner card: the nominal one with ``CORNER`` moved."""
    found, rms = fit_parameters(polarity, nominal, CORNER, curve_residuals(reference, simulator), iterations=15)
    progress(f"{polarity}-channel corner, {len(CORNER)} parameters: rms {rms:.2f} tolerances")
    return found
