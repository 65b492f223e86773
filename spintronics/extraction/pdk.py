"""Finds a model in a user's PDK: a single file of cards, or a folder laid out like FreePDK45."""

import re
from pathlib import Path

from spintronics.errors import InputError
from spintronics.extraction.curves import Device, Polarity

NOMINAL = "nominal"
# What folders and files of a corner are called, as whole words of a path.
CORNERS = {NOMINAL: {"nom", "nominal", "tt", "typ", "typical"}, "ss": {"ss", "slow"}, "ff": {"ff", "fast"}}
_MODEL = re.compile(r"^\s*\.model\s+(\S+)\s+(nmos|pmos)\b", re.IGNORECASE | re.MULTILINE)
_LARGEST = 4_000_000  # bytes; a file above this is not a card


def _models(path: Path) -> dict[str, str]:
    """Model name → "nmos" or "pmos", lower case, of a text file; none of a file that is no text."""
    try:
        if path.stat().st_size > _LARGEST:
            return {}
        text = path.read_text(errors="replace")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    return {name.lower(): kind.lower() for name, kind in _MODEL.findall(text)}


def _words(path: Path) -> set[str]:
    return set(re.split(r"[^a-z0-9]+", str(path).lower()))


def find_device(pdk: Path, model: str, polarity: Polarity, corner: str = NOMINAL) -> Device:
    """The model of that name and corner.

    Args:
        pdk: a file with the .model card (nominal corner only), or a folder whose files' paths tell the corner,
            such as ``tran_models/models_ss/NMOS_VTG.inc``.
        model: name of the .model card, in any case.
        corner: a key of ``CORNERS``.
    Raises:
        InputError: no such path, corner or model, a model of the other type, or two files that both define it.
    """
    if corner not in CORNERS:
        raise InputError(f"corner {corner!r}: must be one of {', '.join(CORNERS)}")
    if pdk.is_file():
        if corner != NOMINAL:
            raise InputError(f"{pdk}: a single file has the nominal corner only; found corner {corner!r} asked for")
        candidates = [pdk]
    elif pdk.is_dir():
        files = sorted(path for path in pdk.rglob("*") if path.is_file())
        candidates = [path for path in files if _words(path.relative_to(pdk)) & CORNERS[corner]]
        if not candidates:
            raise InputError(f"{pdk}: no file of corner {corner!r}; a path must hold {_alternatives(corner)}")
    else:
        raise InputError(f"{pdk}: no such file or folder; give a PDK folder or a file of .model cards")
    found = {path: _models(path) for path in candidates}
    defining = [path for path, models in found.items() if model.lower() in models]
    if not defining:
        known = ", ".join(sorted(set().union(*found.values()))) or "none"
        raise InputError(f"{pdk}: no .model {model} in corner {corner!r}; there are: {known}")
    if len(defining) > 1:
        raise InputError(f"{pdk}: .model {model} in corner {corner!r} is defined in {defining[0]} and {defining[1]}")
    kind = found[defining[0]][model.lower()]
    if kind != f"{polarity}mos":
        raise InputError(f"{defining[0]}: .model {model} is {kind}, must be {polarity}mos")
    return Device.from_file(defining[0], model, polarity)


def _alternatives(corner: str) -> str:
    return " or ".join(sorted(CORNERS[corner]))
