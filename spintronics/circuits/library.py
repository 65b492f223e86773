"""Circuits out of netlists/*.spice, model cards and PySpice; decks that stand on their own."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from spintronics.cards import ModelCards, card_text
from spintronics.netlists import Placed, netlist_names, placed_in, shipped_netlist
from spintronics.technology import Technology

if TYPE_CHECKING:
    from PySpice.Spice.Netlist import Circuit


def netlist(technology: Technology, name: str) -> str:
    """Text of a netlist: the technology's own, else the shipped ``netlists/<name>.spice``.

    Raises:
        InputError: no such netlist; the message lists those there are.
    """
    return technology.netlists.get(name) or shipped_netlist(name)


def netlists_digest(technology: Technology) -> str:
    """SHA-256 of all netlists, names and text: what else the circuits depend on beside technology and cards."""
    digest = sha256()
    for name in netlist_names():
        digest.update(f"{name}\n{netlist(technology, name)}\n".encode())
    return digest.hexdigest()


def transistors(technology: Technology, cards: ModelCards) -> str:
    """Subcircuits ``nfet`` and ``pfet`` (drain gate source bulk) around the cards' models.

    One place for gate length and diffusion geometry: area W · L_diff, perimeter 2 (W + L_diff) at source and drain.
    Parameters: ``w`` and ``l`` in m, ``copies`` in parallel.
    """
    cmos = technology.cmos
    text = []
    for name, model in (("nfet", cards.nmos), ("pfet", cards.pmos)):
        text.append(
            f".subckt {name} drain gate source bulk w=90n l={cmos.gate_length!r} copies=1\n"
            f"m1 drain gate source bulk {model} w={{w}} l={{l}} m={{copies}}\n"
            f"+ ad={{w*{cmos.diffusion_length!r}}} as={{w*{cmos.diffusion_length!r}}}\n"
            f"+ pd={{2*(w+{cmos.diffusion_length!r})}} ps={{2*(w+{cmos.diffusion_length!r})}}\n"
            f".ends {name}"
        )
    return "\n".join(text)


def new_circuit(title: str, technology: Technology, cards: ModelCards, parts: tuple[str, ...]) -> "Circuit":
    """PySpice circuit with the model cards, the transistors and the named netlists already in it.

    Card and netlist text goes into the deck itself: a kept deck runs anywhere, with nothing beside it.

    Args:
        title: first line of the deck.
        parts: names of netlists, ``("sense_cell", "generated/she_mtj")``.
    """
    # The package gives circuits their elements: a thread that imports Netlist alone can be ahead of that.
    import PySpice.Spice  # noqa: F401
    from PySpice.Spice.Netlist import Circuit

    circuit = Circuit(title)
    texts = [card_text(path) for path in cards.files]
    texts.append(transistors(technology, cards))
    texts += [cards.compiled.get(part) or netlist(technology, part) for part in parts]
    circuit.raw_spice = "\n".join(texts)
    return circuit


def word_line(circuit: "Circuit", technology: Technology, command: str, line: str, width: float) -> None:
    """Driver of one row on supply ``vdd_word_line``, with the load of the columns beside the one under test.

    Args:
        command: driver input; 0 = line high.
        line: the word line.
        width: access transistor that hangs on it in every column, m.
    """
    array = technology.array
    circuit.X(line, "line_driver", command, line, "vdd_word_line", "0", w=array.word_line_driver_width)
    circuit.C(line, line, circuit.gnd, array.columns * array.word_line_capacitance)
    if array.columns > 1:
        circuit.X(f"{line}_columns", "nfet", "0", line, "0", "0", w=width, copies=array.columns - 1)


def sense_cell(
    circuit: "Circuit", technology: Technology, name: str, bit: int, line: str, word: str, g_p: str, tmr: str
) -> None:
    """One cell of the sense path, its state fixed: netlist sense_cell_p or sense_cell_ap.

    Args:
        name: of the instance.
        bit: stored; 1 = antiparallel.
        line, word: read bit line at the cell, read word line.
        g_p, tmr: nodes that carry its parallel conductance (1 V = 1 mS) and its TMR (1 V = 1).
    """
    common = {"r_hm": technology.heavy_metal.resistance / 2, "w_read": technology.cell.read_width}
    if bit:
        v_half = technology.operating_junction.half_tmr_voltage
        circuit.X(name, "sense_cell_ap", line, word, "0", g_p, tmr, "0", v_half=v_half, **common)
    else:
        circuit.X(name, "sense_cell_p", line, word, "0", g_p, "0", **common)


def nominal_junction(circuit: "Circuit", technology: Technology) -> None:
    """Nodes ``g_p`` and ``tmr`` of a junction with nominal values, for :func:`sense_cell`."""
    circuit.V("g_p", "g_p", circuit.gnd, 1e3 / technology.operating_junction.r_p)
    circuit.V("tmr", "tmr", circuit.gnd, technology.operating_junction.tmr)


def free_layer(technology: Technology, state: int, theta: float, phi: float) -> dict[str, float]:
    """Parameters of free layer and tunnel junction, as the models in netlists/generated name them.

    Args:
        state: +1 parallel, −1 antiparallel: where the magnetization starts.
        theta, phi: its angles about the easy axis, rad.
    """
    from spintronics.magnetics.macrospin import demagnetization_factors  # brings SciPy, which costs need not load

    j = technology.junction
    n_y, n_x, n_z = demagnetization_factors(j.length / 2, j.width / 2, j.free_layer / 2)
    return {
        "l_mtj": j.length,
        "w_mtj": j.width,
        "t_fl": j.free_layer,
        "ms": j.saturation_magnetization,
        "alpha": j.damping,
        "nx": n_x,
        "ny": n_y,
        "nz": n_z,
        "k_i": j.interface_anisotropy,
        "t_nom": j.reference_temperature,
        "t_c": j.curie_temperature,
        "n_k": j.anisotropy_exponent,
        "k_tmr": j.tmr_temperature_coefficient,
        "ra": j.ra,
        "tmr0": j.tmr,
        "v_h": j.half_tmr_voltage,
        "pol": j.polarization,
        "theta0": theta,
        "phi0": phi,
        "state0": state,
    }


def heavy_metal(technology: Technology) -> dict[str, float]:
    """Parameters of the heavy metal, as the model in netlists/generated/she_mtj names them."""
    h = technology.heavy_metal
    return {
        "l_hm": h.length,
        "w_hm": h.width,
        "t_hm": h.thickness,
        "rho_hm": h.resistivity,
        "theta_sh": h.spin_hall_angle,
        "lambda_sf": h.spin_flip_length,
        "beta_fl": h.field_like_ratio,
    }


SENSE_CELLS = ("sense_cell_p", "sense_cell_ap")


@dataclass(frozen=True)
class Deck:
    """A circuit and what to do with it.

    Attributes:
        circuit: PySpice circuit.
        analysis: one analysis line, ``".tran 10p 3n 0 1p"``.
        save: vectors to keep, ``("v(out)", "i(vdd)")``.
        temperature: K.
        options: ngspice options, ``"reltol=1e-4"``.
    """

    circuit: "Circuit"
    analysis: str
    save: tuple[str, ...]
    temperature: float
    options: str = ""

    def text(self) -> str:
        """The deck as ngspice reads it."""
        return (
            f"{str(self.circuit).rstrip()}\n"
            f".options temp={self.temperature - 273.15:.6g} {self.options}\n"
            f".save {' '.join(self.save)}\n{self.analysis}\n.end\n"
        )


def placed_transistors(technology: Technology, name: str, parameters: Mapping[str, float]) -> tuple[Placed, ...]:
    """All transistors of a netlist.

    Args:
        name: netlist.
        parameters: values of its parameters; those not given have the value of the ``.subckt`` line.

    >>> found = placed_transistors(Technology.load("imce45"), "line_driver", {"w": 1e-6})
    >>> [(t.name, t.polarity, t.width) for t in found]
    [('xpull_up', 'pmos', 2e-06), ('xpull_down', 'nmos', 1e-06)]
    """
    return placed_in(netlist(technology, name), parameters)


def transistor_widths(technology: Technology, name: str, parameters: Mapping[str, float]) -> list[float]:
    """Widths of all transistors in a netlist, m; parameters as :func:`placed_transistors`.

    >>> transistor_widths(Technology.load("imce45"), "line_driver", {"w": 1e-6})
    [2e-06, 1e-06]
    """
    return [t.width for t in placed_transistors(technology, name, parameters) for _ in range(t.copies)]
