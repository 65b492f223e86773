"""Junction models compiled for simulators that load them; the generated subcircuits everywhere else."""

import os
from dataclasses import replace
from pathlib import Path

from spintronics.cards import ModelCards
from spintronics.resources import MODELS, user_path
from spintronics.technology import Technology
from spintronics.veriloga import CompilerMissing, device_netlist

DEVICES = ("she_mtj", "stt_mtj")
FOLDED = {"easy": 1.0}  # as in netlists/generated


def with_compiled_devices(technology: Technology, cards: ModelCards, osdi: bool) -> tuple[ModelCards, dict[str, str]]:
    """Cards whose junction models are compiled, where the simulator has OSDI and this machine can build them.

    Compiled models are kept in the user's cache folder and built once.  None takes the place of a user's own netlist.

    Args:
        osdi: whether the simulator loads compiled models.
    Returns:
        the cards, and a note on each device: how it was made, or why it is the subcircuit.
    """
    compiled, notes = {}, {}
    folder = user_path(os.environ.get("XDG_CACHE_HOME") or Path("~", ".cache")) / "spintronics"
    for name in DEVICES:
        if f"generated/{name}" in technology.netlists:
            notes[name] = "subcircuit: the technology's own netlist"
            continue
        if not osdi:
            notes[name] = "subcircuit: this ngspice has no OSDI"
            continue
        try:
            device = device_netlist(MODELS / "veriloga" / f"{name}.va", FOLDED, osdi, folder)
        except CompilerMissing as error:
            notes[name] = f"subcircuit: {error}"
            continue
        notes[name] = device.note
        if device.library and not any(character.isspace() for character in str(device.library)):
            load = f".control\npre_osdi {device.library}\n.endc\n"
            compiled[f"generated/{name}"] = load + device.text
    return replace(cards, compiled=compiled), notes
