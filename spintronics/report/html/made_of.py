"""What a network's figure is counted from: actions of the device table, layout rules, and the command that shows all.

Provenance names them; the counts themselves come from :mod:`spintronics.accelerator.charges`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from spintronics.networks.zoo import NETWORKS
from spintronics.report.rows import Row

ENTRIES: Mapping[str, tuple[str, ...]] = {
    "read": ("read",),
    "write": ("write",),
    "AND": ("AND",),
    "row decoder": ("select read", "select write", "select two rows"),
    "bit-counter": ("bit-counter", "nand2"),
    "shifter": ("shifter",),
    "sum": ("sum",),
    "H-tree": (),
    "quantizer": ("quantizer",),
    "batch norm": ("batch norm",),
    "activation": ("activation, sign", "activation, clipped"),
    "pooling": ("full_adder", "mux2", "sum", "shifter"),
    "addition": ("sum",),
}
"""Component of a network's energy → actions of the device table that it is counts of."""
NOTES: Mapping[str, str] = {
    "bit-counter": "nand2 of the result latches",
    "H-tree": "wires of the technology, 1/4 C V² a bit of wires.*_capacitance and of the repeaters; no entry counts",
    "pooling": "full_adder and mux2 of a maximum, sum and shifter of an average",
}
_COMPONENTS = {f"{name.replace('-', '_').replace(' ', '_')}_uJ": name for name in ENTRIES}
_ALL = tuple(dict.fromkeys(entry for entries in ENTRIES.values() for entry in entries))
_TOTAL = ("total_uJ", "energy_uJ")
_MAPPING = "how kernels lie in sub-arrays: spintronics.accelerator.mapping; no entry"
_LAYOUT = "layout rules over cell.*, cmos.* and array.* of the technology: spintronics.characterize.area; no entry"
_CLAIMS = ("claims", "needed")
_OTHERS = {"the slides' BCNN-RRAM": "the slides", "our model of BCNN-RRAM": "spintronics.baselines.rram"}


@dataclass(frozen=True)
class MadeOf:
    """What a figure is made of.

    Attributes:
        text: in words.
        entries: actions of the device table.
        command: ``spintronics explain energy``, without its network; empty where none shows it.
    """

    text: str
    entries: tuple[str, ...] = ()
    command: str = ""


_LATENCY = MadeOf(
    "latencies of the entries in each layer's steps, and of the wires", _ALL, "spintronics explain latency"
)
_STATIC = MadeOf(
    "leakage of the entries, times the interval between images", (*_ALL, "row path at rest"), "spintronics evaluate"
)
_POWER = replace(_STATIC, text="dynamic and static energy over the interval between images")
_AREA = MadeOf(f"{_LAYOUT} but the inverter of the H-tree's repeaters", ("inverter",), "spintronics explain area")
_OF_LAYER = MadeOf(_LAYOUT, command="spintronics explain area")
_SUB_ARRAYS = MadeOf(_MAPPING, command="spintronics explain area")
_ENERGY = MadeOf("every component: counts x energies of actions", _ALL, "spintronics explain energy")
_COLUMNS: Mapping[str, MadeOf] = {
    "and_share": MadeOf("AND over the total of all components", _ALL, "spintronics explain energy"),
    "static_uJ": _STATIC,
    "power_mW": _POWER,
    "latency_ms": _LATENCY,
    "images_per_s": _LATENCY,
    "utilization": MadeOf(_MAPPING, command="spintronics evaluate"),
    "sub_arrays": _SUB_ARRAYS,
    "area_mm2": _AREA,
    **dict.fromkeys(_TOTAL, _ENERGY),
}


def made_of(table: str, row: Row, column: str) -> MadeOf | None:
    """What a column of a network's row is made of; None for what the row is of, as its W:I.

    >>> made_of("energy", {}, "bit_counter_uJ").entries, made_of("energy", {}, "w_bits")
    (('bit-counter', 'nand2'), None)
    """
    if column in _COMPONENTS:
        name = _COMPONENTS[column]
        text = NOTES.get(name, "counts x energy of an action")
        return MadeOf(text, ENTRIES[name], "spintronics explain energy")
    if table in ("area", "area_overhead"):
        return MadeOf(_LAYOUT)
    if table == "needed" and column in ("value", "needed", "ratio"):
        return MadeOf("the input, and what it alone would have to be: spintronics.report.claims")
    if table in _CLAIMS:
        return _of_claim(str(row.get("claim")))
    if table == "area_by_layer" and column in ("area_mm2", "share"):
        return _OF_LAYER
    if column == "share":
        return _ENERGY
    return _COLUMNS.get(column)


def _of_claim(claim: str) -> MadeOf:
    if claim.startswith("AND share"):
        return _COLUMNS["and_share"]
    if not claim.startswith(("energy", "area, ")):
        return MadeOf(_LAYOUT)
    found = _ENERGY if claim.startswith("energy") else _AREA
    other = next((f"; of BCNN-RRAM: {whence}" for words, whence in _OTHERS.items() if words in claim), "")
    return replace(found, text=found.text + other)


def command(given: str, table: str, row: Row, source: str) -> str:
    """The command with the row's network, W:I and first layer; empty where the row is of no network of ours.

    A network that is not a known one by its name came from a file: ``FILE``.

    Args:
        source: for ``--from``.

    >>> row = {"network": "svhn", "w_bits": 1, "i_bits": 3, "first_layer": "seed"}
    >>> command("spintronics explain energy", "energy", row, ".")
    'spintronics explain energy svhn --bits 1:3 --first-layer seed --from .'
    """
    network, bits, first = _case(table, row)
    if not (given and network and first):
        return ""
    return f"{given} {network if network in NETWORKS else 'FILE'} --bits {bits} --first-layer {first} --from {source}"


def _case(table: str, row: Row) -> tuple[str, str, str]:
    """Network, W:I and first layer; of claims and comparison as their rows' words say."""
    if table in _CLAIMS:
        words = str(row.get("remark")).partition(";")[0]
        return "alexnet", "1:1", words.partition("first layer ")[2]
    if table == "comparison":
        return str(row.get("network") or ""), "1:1", str(row.get("design")).partition("first layer ")[2]
    bits = f"{row.get('w_bits')}:{row.get('i_bits')}"
    return str(row.get("network") or ""), bits, str(row.get("first_layer") or "")
