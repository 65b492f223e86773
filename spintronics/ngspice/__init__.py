"""Runs decks: ngspice processes, their results as NumPy arrays, their failures as typed errors."""

from spintronics.ngspice.errors import (
    ConvergenceError,
    DeckError,
    DeckTimeout,
    NgspiceError,
    SimulatorMissing,
    SimulatorTooOld,
)
from spintronics.ngspice.installation import Installation, find_ngspice, has_osdi
from spintronics.ngspice.rawfile import Waves
from spintronics.ngspice.simulator import Simulator, default_workers, title_of

__all__ = [
    "ConvergenceError",
    "DeckError",
    "DeckTimeout",
    "Installation",
    "NgspiceError",
    "Simulator",
    "SimulatorMissing",
    "SimulatorTooOld",
    "Waves",
    "default_workers",
    "find_ngspice",
    "has_osdi",
    "title_of",
]
