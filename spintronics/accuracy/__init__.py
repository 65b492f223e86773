"""Accuracy of a network on the array: from what the simulator found to the share of images that are right."""

from spintronics.accuracy.pair_errors import PAIRS, PairErrors, margin_errors, table_errors
from spintronics.accuracy.study import (
    Case,
    CaseAccuracy,
    Faults,
    interval,
    lost_at,
    margin_cases,
    study,
)

__all__ = [
    "PAIRS",
    "Case",
    "CaseAccuracy",
    "Faults",
    "PairErrors",
    "interval",
    "lost_at",
    "margin_cases",
    "margin_errors",
    "study",
    "table_errors",
]
