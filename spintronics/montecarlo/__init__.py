"""Junction variation, seeded trials, and estimators with confidence intervals."""

from spintronics.montecarlo.estimators import Failures, failure_probability, normal_tail
from spintronics.montecarlo.variation import JunctionTrials, draw_junctions

__all__ = ["Failures", "JunctionTrials", "draw_junctions", "failure_probability", "normal_tail"]
