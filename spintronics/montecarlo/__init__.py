"""What varies, seeded trials of it, and estimators with confidence intervals."""

from spintronics.montecarlo.estimators import (
    Estimate,
    Failures,
    TailFit,
    failure_probability,
    failures_among,
    fit_tail,
    moments,
    normal_tail,
    quantile,
)
from spintronics.montecarlo.importance import NoFailurePoint, RareEvent, importance_sampling
from spintronics.montecarlo.variation import JunctionStream, JunctionTrials, Sampling, draw_junctions

__all__ = [
    "Estimate",
    "Failures",
    "JunctionStream",
    "JunctionTrials",
    "NoFailurePoint",
    "RareEvent",
    "Sampling",
    "TailFit",
    "draw_junctions",
    "failure_probability",
    "failures_among",
    "fit_tail",
    "importance_sampling",
    "moments",
    "normal_tail",
    "quantile",
]
