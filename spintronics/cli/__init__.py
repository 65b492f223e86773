"""The ``spintronics`` command: one module per command, what they share in ``app``, ``options`` and ``output``."""

from spintronics.cli import (
    accuracy,
    characterize,
    doctor,
    evaluate,
    explain,
    init,
    memory,
    plot,
    report,
    run,
    sweep,
    table,
    train,
    veriloga,
)
from spintronics.cli.app import app, main

__all__ = [
    "accuracy",
    "app",
    "characterize",
    "doctor",
    "evaluate",
    "explain",
    "init",
    "main",
    "memory",
    "plot",
    "report",
    "run",
    "sweep",
    "table",
    "train",
    "veriloga",
]
