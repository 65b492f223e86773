"""Transistors whose threshold and current factor can be moved from outside, without a word in the netlists."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from spintronics.cards import ModelCards
from spintronics.circuits.library import netlist, placed_transistors
from spintronics.errors import InputError
from spintronics.technology import Technology

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Transistor:
    """One transistor of a testbench that differs from trial to trial.

    Attributes:
        part: netlist that it is in.
        name: path of its instance in the testbench, ``"xlatch.xin_bl"``.
        polarity: ``"nmos"`` or ``"pmos"``.
        width, length: drawn, m.
        copies: in parallel; matched like one transistor of their summed area.
    """

    part: str
    name: str
    polarity: Literal["nmos", "pmos"]
    width: float
    length: float
    copies: int = 1

    @property
    def area(self) -> float:
        """Gate area W · L of all copies, m²."""
        return self.width * self.length * self.copies

    @property
    def threshold_node(self) -> str:
        """Node that a current of 1 A moves the threshold by 1 V at: V_t of either polarity grows by v(node)."""
        return f"{self.name}.dvt"

    @property
    def factor_node(self) -> str:
        """Node whose voltage is Δβ/β: the drain current is 1 + v(node) times what it was."""
        return f"{self.name}.dbeta"


@dataclass(frozen=True)
class Mismatch:
    """What every varied transistor has in each trial.

    Attributes:
        transistors: in the order of the columns.
        vt: shift of each threshold, V, shape (trials, transistors).
        beta: relative shift of each current factor, same shape.
    """

    transistors: tuple[Transistor, ...]
    vt: FloatArray
    beta: FloatArray

    def __len__(self) -> int:
        return len(self.vt)

    def take(self, trials: IntArray | slice) -> "Mismatch":
        """These trials only, in the order given."""
        return Mismatch(self.transistors, self.vt[trials], self.beta[trials])


def transistors_of(
    technology: Technology, part: str, instance: str, parameters: Mapping[str, float], named: Iterable[str] = ()
) -> tuple[Transistor, ...]:
    """Transistors of one netlist, as its instance in a testbench has them.

    Args:
        part: netlist.
        instance: path of its instance, ``"xlatch"``.
        parameters: values of the netlist's parameters.
        named: only these; all by default.
    Raises:
        InputError: the netlist, which may be a user's own, has none of such a name.

    >>> found = transistors_of(Technology.load("imce45"), "read_bias", "xb", {"w": 1e-7, "l": 2e-7})
    >>> [(t.name, t.polarity, round(t.width * 1e9)) for t in found]
    [('xb.xswitch', 'pmos', 200), ('xb.xdiode', 'pmos', 100)]
    """
    length = technology.cmos.gate_length
    found = {
        t.name: Transistor(part, f"{instance}.{t.name}", t.polarity, t.width, t.length or length, t.copies)
        for t in placed_transistors(technology, part, parameters)
    }
    wanted = tuple(named) or tuple(found)
    missing = next((name for name in wanted if name not in found), None)
    if missing:
        raise InputError(
            f"netlist {part}: no transistor {missing}, of which mismatch is drawn; there are: {', '.join(found)}"
        )
    return tuple(found[name] for name in wanted)


def with_mismatch(technology: Technology, cards: ModelCards, transistors: Iterable[Transistor]) -> ModelCards:
    """Cards with which a testbench has these transistors as ``nfet_varied`` and ``pfet_varied``.

    The netlists that hold them are replaced in the testbench's deck by copies in which those lines say so; a
    transistor is varied in every instance of its netlist.
    """
    named: dict[str, set[str]] = {}
    for transistor in transistors:
        named.setdefault(transistor.part, set()).add(transistor.name.rpartition(".")[2])
    subcircuits = {part: _rewritten(netlist(technology, part), names) for part, names in named.items()}
    if subcircuits:
        first = next(iter(subcircuits))
        subcircuits[first] = f"{_varied_transistors(technology, cards)}\n{subcircuits[first]}"
    return replace(cards, compiled={**cards.compiled, **subcircuits})


def _rewritten(text: str, names: set[str]) -> str:
    lines = []
    for line in text.splitlines():
        varied = line.partition(" ")[0].lower() in names
        lines.append(re.sub(r"\b([np]fet)\b", r"\1_varied", line) if varied else line)
    return "\n".join(lines)


def _varied_transistors(technology: Technology, cards: ModelCards) -> str:
    """Subcircuits ``nfet_varied`` and ``pfet_varied``: as ``nfet`` and ``pfet``, with two nodes to drive from outside.

    - ``dvt``: a controlled source in series with the gate takes v(dvt) off the gate voltage, the same to the channel
      as a threshold that is v(dvt) higher.
    - ``dbeta``: a source beside the transistor adds v(dbeta) times its drain current: a current factor that is
      1 + v(dbeta) as large, at every bias.  (The drain's charging current is scaled along, a few per cent of a small
      part.)  BSIM4's mulu0 would not do: velocity saturation leaves a third of it at the drain.

    Each node has 1 ohm to ground: undriven it is 0, driven with a current in A it is that many V.
    """
    cmos = technology.cmos
    side = cmos.diffusion_length
    return "\n".join(
        f".subckt {name}_varied drain gate source bulk w=90n l={cmos.gate_length!r} copies=1\n"
        f"egate gate moved dvt 0 1\n"
        f"rdvt dvt 0 1\n"
        f"vdrain drain inner 0\n"
        f"bbeta drain source i=v(dbeta)*i(vdrain)\n"
        f"rdbeta dbeta 0 1\n"
        f"m1 inner moved source bulk {model} w={{w}} l={{l}} m={{copies}}\n"
        f"+ ad={{w*{side!r}}} as={{w*{side!r}}} pd={{2*(w+{side!r})}} ps={{2*(w+{side!r})}}\n"
        f".ends {name}_varied"
        for name, model in (("nfet", cards.nmos), ("pfet", cards.pmos))
    )
