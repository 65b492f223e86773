"""Extracts compact BSIM4 cards from the curves of another card: the project's own, or one of a user's own PDK.

    python -m spintronics.extraction PATH_TO_PDK --out DIR

The curves are all that crosses: no parameter of the reference card is read.
"""

from spintronics.extraction.comparison import Comparison, compare
from spintronics.extraction.curves import Curves, Device, Plan, measure
from spintronics.extraction.figures import FiguresOfMerit, figures_of_merit
from spintronics.extraction.fit import fit_corner, fit_nominal, fit_parameters

__all__ = [
    "Comparison",
    "Curves",
    "Device",
    "FiguresOfMerit",
    "Plan",
    "compare",
    "figures_of_merit",
    "fit_corner",
    "fit_nominal",
    "fit_parameters",
    "measure",
]
