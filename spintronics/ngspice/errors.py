"""What can go wrong with a simulator, as types."""

from pathlib import Path

from spintronics.errors import SpintronicsError


class NgspiceError(SpintronicsError):
    """Base of every failure of the simulator."""


class SimulatorMissing(NgspiceError):
    """No ngspice on PATH (or at $SPINTRONICS_NGSPICE)."""


class SimulatorTooOld(NgspiceError):
    """An ngspice older than the oldest that the decks are tested with."""


class DeckError(NgspiceError):
    """A deck that ngspice could not run to its end.

    Attributes:
        message: ngspice's own words, the first line that tells.
        title: the deck's title line.
        deck: where the deck and ngspice's whole output were kept, or None.
    """

    def __init__(self, title: str, message: str, deck: Path | None = None) -> None:
        self.title, self.message, self.deck = title, message, deck
        kept = f"; deck kept at {deck}" if deck else ""
        super().__init__(f"ngspice: {title}: {message}{kept}")

    def __reduce__(self) -> tuple[type, tuple[str, str, Path | None]]:
        """How it travels from a worker in another process."""
        return type(self), (self.title, self.message, self.deck)


class ConvergenceError(DeckError):
    """No operating point, or a transient whose time step became too small."""


class DeckTimeout(DeckError):
    """A deck that ran past its time limit; the process was killed."""
