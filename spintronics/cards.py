"""Finds CMOS model cards: those that travel with the package, a user's card file, or a user's PDK folder."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from pathlib import Path

from spintronics.errors import InputError
from spintronics.netlists import require_lines
from spintronics.resources import MODELS, user_path
from spintronics.technology import Technology

NOMINAL = "nominal"
# What folders and files of a corner are called, as whole words of a path.
CORNERS = {NOMINAL: {"nominal", "nom", "tt", "typ", "typical"}, "ss": {"ss", "slow"}, "ff": {"ff", "fast"}}
_MODEL = re.compile(r"^\s*\.model\s+(\S+)\s+(nmos|pmos)\b", re.IGNORECASE | re.MULTILINE)
# What a card is made of.  Anything else could run commands or read other files with the user's rights: ngspice takes
# "*#" for a command, ".controls" for .control and ".incx" for .include.
_HARMLESS = re.compile(r"\s*(\*(?!#)|\$|\+|\.model\s|\.params?\s|$)", re.IGNORECASE)
_RULE = "not in a card; a card file has .model and .param lines alone"
_NO_CARDS = {".md", ".rst", ".html", ".htm", ".pdf", ".log"}  # documentation may quote cards
_LARGEST = 4_000_000  # bytes; a file above this is not a card
_MOST = 2000  # files that are looked through; a folder with more is not one of models


@dataclass(frozen=True)
class ModelCards:
    """Card files of one corner and the model names to use in them.

    Attributes:
        files: absolute paths to include, each once.
        nmos, pmos: model names, defined in those files.
        compiled: deck text that takes the place of a netlist, by the netlist's name: models the simulator loads.
    """

    files: tuple[Path, ...]
    nmos: str
    pmos: str
    compiled: Mapping[str, str] = field(default_factory=dict)

    def digest(self) -> str:
        """SHA-256 over the files' content, hex."""
        return sha256(b"".join(path.read_bytes() for path in self.files)).hexdigest()


def find_model(where: Path, model: str, polarity: str, corner: str) -> Path:
    """File that defines a model in a corner.

    Args:
        where: a card file, or the folder of a PDK laid out like FreePDK45: it is searched for the model, and where
            several files define it, the one whose path speaks of the corner (``models_nom``, ``models_ss``) is meant.
        model: name of the .model card, in any case.
        polarity: ``"nmos"`` or ``"pmos"``.
        corner: ``"nominal"``, ``"ss"`` or ``"ff"``; a card file is of another corner than nominal only if its name says
            so.
    Raises:
        InputError: no such file or folder, no such model of that type, or not exactly one file for that corner; or the
            file and line of what no card may hold: all but ``.model``, ``.param``, their continuations and comments.

    >>> find_model(MODELS / "cmos", "nmos_vtg", "nmos", "ss").name
    'imce45_ss.spice'
    """
    if not where.exists():
        raise InputError(f"{where}: no such file or folder; give a file of .model cards or a PDK folder")
    files = (
        [where]
        if where.is_file()
        else sorted(
            islice((p for p in where.rglob("*") if p.is_file() and p.suffix.lower() not in _NO_CARDS), _MOST + 1)
        )
    )
    if len(files) > _MOST:
        raise InputError(f"{where}: more than {_MOST} files below it; give the PDK's folder of models, or a card file")
    defined = {path: _models_in(path) for path in files}
    defining = [path for path, models in defined.items() if models.get(model.lower()) == polarity]
    if not defining:
        names = sorted({name for models in defined.values() for name, kind in models.items() if kind == polarity})
        there = f"found {', '.join(names)}" if names else f"found no {polarity} model at all"
        raise InputError(f"no such {polarity} model in {where}: {model}; {there}")
    names_of = {path: _words(path.name if where.is_file() else str(path.relative_to(where))) for path in defining}
    fitting = [path for path in defining if names_of[path] & CORNERS[corner]]
    if not fitting and (corner == NOMINAL or len(defining) > 1):
        fitting = defining
    if len({path.resolve() for path in fitting}) != 1:
        there = ", ".join(str(path.relative_to(where)) if where.is_dir() else path.name for path in defining)
        raise InputError(f"model {model!r} must be in one file for corner {corner}; {where} has it in {there}")
    require_lines(fitting[0], card_text(fitting[0]), _HARMLESS, _RULE)
    return fitting[0].resolve()


def locate(technology: Technology) -> ModelCards:
    """Cards for a technology's corner.

    ``cmos.cards`` is the name of cards that travel with the package (``imce45``), or a path as :func:`find_model`
    takes it; a relative path starts in the current folder or, where it is not there, in the technology file's.

    Raises:
        InputError: names the key, what was found and what would be right.
    """
    cmos = technology.cmos
    where = MODELS / "cmos" / f"{cmos.cards}_{cmos.corner}.spice"
    if Path(cmos.cards).name != cmos.cards or not where.is_file():
        where = user_path(cmos.cards)
        where = where if where.exists() else technology.folder / where
    if not where.exists():
        known = sorted({path.stem.rpartition("_")[0] for path in (MODELS / "cmos").glob("*_nominal.spice")})
        raise InputError(
            f"technology.cmos.cards = {cmos.cards!r}: no such file or folder; "
            f"give a card file, a PDK folder or one of: {', '.join(known)}"
        )
    files = []
    for key, model in (("nmos", cmos.nmos), ("pmos", cmos.pmos)):
        try:
            files.append(find_model(where, model, key, cmos.corner))
        except InputError as error:
            raise InputError(f"technology.cmos.{key} = {model!r}: {error}") from None
    return ModelCards(tuple(dict.fromkeys(files)), cmos.nmos, cmos.pmos)


def card_text(path: Path) -> str:
    """Text of a card file, without the byte order mark that some editors put first."""
    return path.read_text(encoding="utf-8-sig", errors="replace")


def _models_in(path: Path) -> dict[str, str]:
    """Model name → "nmos" or "pmos", lower case; none of a file too large to be a card."""
    try:
        if path.stat().st_size > _LARGEST:
            return {}
        text = card_text(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    return {name.lower(): polarity.lower() for name, polarity in _MODEL.findall(text)}


def _words(path: str) -> set[str]:
    return set(re.split(r"[^a-z]+", path.lower()))
