"""Ion, Ioff and threshold voltages of a measured transistor."""

from dataclasses import dataclass

import numpy as np

from spintronics.extraction.curves import LINEAR_DRAIN, Curves

CRITERION = 100e-9  # A, times W/L: the constant-current threshold


@dataclass(frozen=True)
class FiguresOfMerit:
    """Figures of one transistor at its plan's first width, 27 °C, magnitudes.

    Attributes:
        ion: Id at Vg = Vd = VDD, A.
        ioff: Id at Vg = 0, Vd = VDD, A.
        vt_sat: Vg at which Id reaches 100 nA · W/L at Vd = VDD, V.
        vt_lin: maximum-gm extrapolation at Vd = 0.05 V: Vg − Id/gm where gm peaks, less Vd/2, V.
    """

    ion: float
    ioff: float
    vt_sat: float
    vt_lin: float


def figures_of_merit(curves: Curves) -> FiguresOfMerit:
    """Figures from the fine transfer curves of ``curves``.

    The two definitions of threshold are those that ngspice 39.3 figures of FreePDK45 are commonly quoted in.
    """
    linear, saturation = curves.transfer
    gate = curves.fine_axis
    criterion = CRITERION * curves.plan.widths[0] / curves.plan.length
    vt_sat = np.interp(np.log(criterion), np.log(np.maximum(saturation, 1e-18)), gate)
    gm = np.gradient(linear, gate)
    peak = int(np.argmax(gm))
    vt_lin = gate[peak] - linear[peak] / gm[peak] - LINEAR_DRAIN / 2
    return FiguresOfMerit(float(saturation[-1]), float(saturation[0]), float(vt_sat), float(vt_lin))
