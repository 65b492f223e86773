"""Results of decks that have been run before: what a change does not reach is not simulated again."""

import re
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import numpy as np

from spintronics.ngspice import Simulator, Waves
from spintronics.report.files import whole_file

_LOADED = re.compile(r"^pre_osdi (\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class CachedSimulator(Simulator):
    """ngspice, or what it said to the same deck before.

    A deck holds everything that its result depends on: cards, netlists, values, options.  The hash of its text, of
    ngspice's version and of the compiled models that it loads is the name of its result's file.  So a changed key
    runs the decks that it appears in, and no others; no list of what depends on what has to be right.

    Args:
        cache: folder of the results; may be removed at any time.

    Attributes:
        count: decks ``"run"`` and ``"reused"``.
    """

    cache: Path = Path("cache")
    count: Counter[str] = field(default_factory=Counter, compare=False)

    def run(self, deck: str) -> Waves:
        """As :meth:`Simulator.run`; a deck that fails is not remembered."""
        path = self.cache / f"{self._name(deck)}.npz"
        found = _load(path)
        self.count["run" if found is None else "reused"] += 1
        if found is None:
            found = super().run(deck)
            with whole_file(path) as aside:
                np.savez(aside, names=np.array(list(found)), table=np.stack(list(found.values())), axis=found.axis)
        return found

    def _name(self, deck: str) -> str:
        libraries = [Path(name).read_bytes() for name in _LOADED.findall(deck)]
        parts = (self.installation.version.encode(), deck.encode(), *libraries)
        return sha256(b"".join(sha256(part).digest() for part in parts)).hexdigest()


def _load(path: Path) -> Waves | None:
    """A result, None where there is none that can be read."""
    try:
        with path.open("rb") as file, np.load(file) as held:
            return Waves(dict(zip(held["names"].tolist(), held["table"], strict=True)), str(held["axis"]))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return None
