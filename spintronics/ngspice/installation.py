"""Which ngspice is there and what it can do."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from spintronics.ngspice.errors import SimulatorMissing, SimulatorTooOld

OLDEST = 36  # BSIM4.8 and B-source pwl() as the decks use them; older ones are refused
HOW_TO_GET = (
    "install it (Debian/Ubuntu: apt-get install ngspice; macOS: brew install ngspice) or set SPINTRONICS_NGSPICE"
)


@dataclass(frozen=True)
class Installation:
    """One ngspice executable.

    Attributes:
        path: the executable.
        version: as it says itself, ``"39.3"`` or ``"42"``.
    """

    path: Path
    version: str


@lru_cache(maxsize=8)
def _inspect(path: Path) -> Installation:
    try:
        answer = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SimulatorMissing(f"ngspice: {path} cannot be run ({error}); {HOW_TO_GET}") from error
    found = re.search(r"ngspice-(\d+(?:\.\d+)?)", answer.stdout)
    if not found:
        raise SimulatorMissing(f"ngspice: {path} does not say its version with --version; {HOW_TO_GET}")
    if float(found[1]) < OLDEST:
        raise SimulatorTooOld(f"ngspice: {path} is version {found[1]}; at least {OLDEST} is needed; {HOW_TO_GET}")
    return Installation(path, found[1])


def find_ngspice() -> Installation:
    """The ngspice to use: $SPINTRONICS_NGSPICE where set, else the first on PATH.

    Raises:
        SimulatorMissing: there is none, or it cannot be run.
        SimulatorTooOld: older than version 36.
    """
    wanted = os.environ.get("SPINTRONICS_NGSPICE") or "ngspice"
    path = shutil.which(wanted)
    if path is None:
        raise SimulatorMissing(f"ngspice: no executable {wanted!r} on PATH; {HOW_TO_GET}")
    return _inspect(Path(path))


@lru_cache(maxsize=8)
def has_osdi(installation: Installation) -> bool:
    """Whether it loads compiled Verilog-A models: it knows the command ``osdi``, tried with a file that is not there.

    Raises:
        SimulatorMissing: it cannot be run.
    """
    script = ".title probe\n.control\nosdi nowhere.osdi\nquit\n.endc\n.end\n"
    try:
        answer = subprocess.run(
            [installation.path, "-n", "-b", "/dev/stdin"],
            input=script,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SimulatorMissing(f"ngspice: {installation.path} cannot be run ({error}); {HOW_TO_GET}") from error
    output = (answer.stdout + answer.stderr).lower()
    return "no such command" not in output and "unimplemented" not in output
