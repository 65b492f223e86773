"""What a run needs and whether this machine has it."""

import platform
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from spintronics.errors import SpintronicsError
from spintronics.netlists import netlist_names
from spintronics.ngspice import Installation, Simulator, default_workers, find_ngspice, has_osdi
from spintronics.resources import MODELS, NETLISTS

PACKAGES = ("PySpice", "numpy", "scipy", "matplotlib", "pydantic", "pint", "typer", "rich", "pyarrow")


@dataclass(frozen=True)
class Finding:
    """One thing looked for.

    Attributes:
        ok: it is there.
        needed: a run needs it.
        remedy: how to get it, where it is missing.
    """

    subject: str
    ok: bool
    needed: bool
    found: str
    remedy: str = ""


def examine() -> list[Finding]:
    """Python, packages, ngspice and what it can do, cards, netlists, cores: each tried, not assumed."""
    python = sys.version_info >= (3, 11)
    findings = [
        Finding("Python", python, True, platform.python_version(), "" if python else "Python 3.11 or newer is needed")
    ]
    findings += [_package(name) for name in PACKAGES]
    try:
        ngspice = find_ngspice()
    except SpintronicsError as error:
        findings.append(Finding("ngspice", False, True, str(error)))
    else:
        findings.append(Finding("ngspice", True, True, f"{ngspice.version} at {ngspice.path}"))
        findings += _abilities(ngspice)
    names = sorted(p.stem for p in (MODELS / "cmos").glob("*.spice"))
    findings.append(Finding("model cards", bool(names), True, ", ".join(names) or "none"))
    netlists = len(netlist_names())
    findings.append(Finding("netlists", bool(netlists), True, f"{netlists} in {NETLISTS}"))
    findings.append(Finding("cores", True, True, str(default_workers())))
    return findings


def _package(name: str) -> Finding:
    try:
        return Finding(name, True, True, version(name))
    except PackageNotFoundError:
        return Finding(name, False, True, "not installed", f"pip install {name}")


_PROBES = {
    "BSIM4": ("m1 d d 0 0 probe w=1u l=1u\nv1 d 0 1\n.model probe nmos level=54 version=4.8\n.op\n", True, ""),
    "XSPICE": (
        "a1 in out probe\nv1 in 0 1\nr1 out 0 1k\n.model probe gain(gain=2)\n.op\n",
        False,
        "not needed by a run; an ngspice built with --enable-xspice has it",
    ),
}


def _abilities(ngspice: Installation) -> list[Finding]:
    findings = []
    for name, (body, needed, remedy) in _PROBES.items():
        try:
            Simulator(ngspice, timeout=20).run(f"probe {name}\n{body}.end\n")
        except SpintronicsError as error:
            findings.append(Finding(name, False, needed, str(error), remedy or "use an ngspice that has it"))
        else:
            findings.append(Finding(name, True, needed, "works"))
    findings.append(_osdi(ngspice))
    return findings


def _osdi(ngspice: Installation) -> Finding:
    try:
        there = has_osdi(ngspice)
    except SpintronicsError as error:
        return Finding("OSDI", False, False, str(error))
    remedy = "" if there else "not needed; junctions run as subcircuits (an ngspice 40+ with --enable-osdi has it)"
    return Finding("OSDI", there, False, "known" if there else "not built in", remedy)
