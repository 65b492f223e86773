"""How far one set of curves is from another."""

from dataclasses import dataclass

import numpy as np

from spintronics.extraction.curves import Curves
from spintronics.extraction.figures import FiguresOfMerit, figures_of_merit


@dataclass(frozen=True)
class Comparison:
    """Errors of a card against its reference, relative (0.01 is 1 %) and as the largest magnitude, where not said.

    Attributes:
        reference, found: figures of merit of the two.
        grid: width in m → worst Id error over the grid points with Vg ≥ the reference's Vt_sat, every Vd > 0.
        subthreshold: worst |ln(Id / Id_ref)| over the points below, first width.
        body: reverse body bias in V → worst Id error over the same points as ``grid``.
        capacitance: name → worst error over voltage.
        ion_at, ioff_at: temperature in °C → signed error of Id at Vg = VDD, and of Id at Vg = 0, Vd = VDD.
    """

    reference: FiguresOfMerit
    found: FiguresOfMerit
    grid: dict[float, float]
    subthreshold: float
    body: dict[float, float]
    capacitance: dict[str, float]
    ion_at: dict[float, float]
    ioff_at: dict[float, float]


def compare(found: Curves, reference: Curves) -> Comparison:
    """Errors of ``found`` against ``reference``; both measured by one plan."""
    plan, figures = reference.plan, figures_of_merit(reference)
    on = plan.axis >= figures.vt_sat
    worst = np.abs(found.current[:, :, on] / reference.current[:, :, on] - 1).max(axis=(1, 2))
    below = np.abs(np.log(found.current[0][:, ~on] / reference.current[0][:, ~on]))
    hot = {t: found.hot[t] / grid - 1 for t, grid in reference.hot.items()}
    widths = len(plan.widths)
    return Comparison(
        figures,
        figures_of_merit(found),
        dict(zip(plan.widths, worst[:widths].tolist(), strict=True)),
        float(below.max()),
        dict(zip(plan.body_bias, worst[widths:].tolist(), strict=True)),
        {
            name: float(np.abs(found.capacitance[name] / values - 1).max())
            for name, values in reference.capacitance.items()
        },
        {t: float(error[-1, -1]) for t, error in hot.items()},
        {t: float(error[-1, 0]) for t, error in hot.items()},
    )


def table(comparison: Comparison) -> list[tuple[str, str, str, str]]:
    """Rows (figure, reference, found, error) for people."""
    reference, found = comparison.reference, comparison.found
    rows = [
        (name, f"{a * scale:.4g} {unit}", f"{b * scale:.4g} {unit}", f"{b / a - 1:+.1%}")
        for name, a, b, scale, unit in (
            ("Ion", reference.ion, found.ion, 1e6, "uA"),
            ("Ioff", reference.ioff, found.ioff, 1e9, "nA"),
            ("Vt_sat", reference.vt_sat, found.vt_sat, 1e3, "mV"),
            ("Vt_lin", reference.vt_lin, found.vt_lin, 1e3, "mV"),
        )
    ]
    worst = [(f"Id, W = {width * 1e9:g} nm, Vg >= Vt", error) for width, error in comparison.grid.items()]
    worst += [(f"Id, Vsb = {bias:g} V, Vg >= Vt", error) for bias, error in comparison.body.items()]
    worst += [(f"C {name}", error) for name, error in comparison.capacitance.items()]
    rows += [(name, "", "", f"{error:.1%} max") for name, error in worst]
    rows.append(("|ln Id| below Vt", "", "", f"{comparison.subthreshold:.2f} max"))
    rows += [(f"Ion at {t:g} C", "", "", f"{error:+.1%}") for t, error in comparison.ion_at.items()]
    rows += [(f"Ioff at {t:g} C", "", "", f"{error:+.1%}") for t, error in comparison.ioff_at.items()]
    return rows
