"""The ``spintronics`` command: one module per command, what they share in ``app``, ``options`` and ``output``."""

from spintronics.cli import characterize, doctor, evaluate, explain, memory, run, sweep, table, veriloga
from spintronics.cli.app import app, main

__all__ = [
    "app",
    "characterize",
    "doctor",
    "evaluate",
    "explain",
    "main",
    "memory",
    "run",
    "sweep",
    "table",
    "veriloga",
]
