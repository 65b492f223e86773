"""Accuracy of a network on the array: from what the simulator found to the share of images that are right."""

from spintronics.accuracy.pair_errors import PAIRS, PairErrors, margin_errors, mean_rate, table_errors
from spintronics.accuracy.study import (
    Case,
    CaseAccuracy,
    Faults,
    check,
    check_errors,
    decision_cases,
    interval,
    lost_at,
    margin_cases,
    study,
    table_case,
)

__all__ = [
    "PAIRS",
    "Case",
    "CaseAccuracy",
    "Faults",
    "PairErrors",
    "check",
    "check_errors",
    "decision_cases",
    "interval",
    "lost_at",
    "margin_cases",
    "margin_errors",
    "mean_rate",
    "study",
    "table_case",
    "table_errors",
]
