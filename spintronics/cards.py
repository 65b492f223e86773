"""Finds the CMOS model cards that a technology names, its own or a user's PDK."""

import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from spintronics.errors import InputError
from spintronics.resources import MODELS, user_path
from spintronics.technology import Technology

_MODEL = re.compile(r"^\s*\.model\s+(\S+)\s+(nmos|pmos)\b", re.IGNORECASE | re.MULTILINE)
_SUFFIXES = {".spice", ".inc", ".include", ".lib", ".mod", ".pm", ".sp", ".cir", ".txt", ".model", ".l"}
_CORNER_WORDS = {"nominal": {"nominal", "nom", "tt", "typ", "typical"}, "ss": {"ss", "slow"}, "ff": {"ff", "fast"}}


@dataclass(frozen=True)
class ModelCards:
    """Card files of one corner and the model names to use in them.

    Attributes:
        files: absolute paths to include, each once.
        nmos, pmos: model names, defined in those files.
    """

    files: tuple[Path, ...]
    nmos: str
    pmos: str

    def digest(self) -> str:
        """SHA-256 over the files' content, hex."""
        return sha256(b"".join(path.read_bytes() for path in self.files)).hexdigest()


def locate(technology: Technology) -> ModelCards:
    """Cards for a technology's corner.

    ``cmos.cards`` is the name of cards that travel with the package (``imce45``), a card file, or the folder of a
    PDK laid out like FreePDK45: the folder is searched for the two model names, and where several files define
    one, the file whose path speaks of the corner (``models_nom``, ``models_ss``, ``models_ff``) is taken.

    Raises:
        InputError: no such file or folder, a model name that no file defines, or one that several define.
    """
    cmos = technology.cmos
    own = MODELS / "cmos" / f"{cmos.cards}_{cmos.corner}.spice"
    if Path(cmos.cards).name == cmos.cards and own.is_file():
        candidates, wanted = [own], own
    else:
        wanted = user_path(cmos.cards)
        if not wanted.exists() and not wanted.is_absolute():
            wanted = technology.folder / wanted
        if not wanted.exists():
            known = sorted({p.stem.rpartition("_")[0] for p in (MODELS / "cmos").glob("*_nominal.spice")})
            raise InputError(
                f"technology.cmos.cards = {cmos.cards!r}: no such file or folder; "
                f"give a card file, a PDK folder or one of: {', '.join(known)}"
            )
        candidates = (
            [wanted] if wanted.is_file() else sorted(p for p in wanted.rglob("*") if p.suffix.lower() in _SUFFIXES)
        )
    defined = {path: _models_in(path) for path in candidates if path.is_file()}
    files: list[Path] = []
    for key, name, polarity in (("nmos", cmos.nmos, "nmos"), ("pmos", cmos.pmos, "pmos")):
        defining = [path for path, models in defined.items() if models.get(name.lower()) == polarity]
        found = {path.resolve() for path in defining}
        if len(found) > 1:
            words = _CORNER_WORDS[cmos.corner]
            found = {path.resolve() for path in defining if words & _words(path.relative_to(wanted))}
        if len(found) != 1:
            names = sorted({model for models in defined.values() for model, kind in models.items() if kind == polarity})
            there = f"found {', '.join(names)}" if names else f"found no {polarity} model at all"
            problem = f"no such {polarity} model in {wanted}; {there}"
            if defining:
                files_there = ", ".join(str(path.relative_to(wanted)) for path in defining)
                problem = f"must be in one file for corner {cmos.corner}; {wanted} has it in {files_there}"
            raise InputError(f"technology.cmos.{key} = {name!r}: {problem}")
        files += found
    return ModelCards(tuple(dict.fromkeys(files)), cmos.nmos, cmos.pmos)


def _models_in(path: Path) -> dict[str, str]:
    text = path.read_text(encoding="utf-8", errors="replace")
    return {name.lower(): polarity.lower() for name, polarity in _MODEL.findall(text)}


def _words(path: Path) -> set[str]:
    return set(re.split(r"[^a-z]+", str(path).lower()))
