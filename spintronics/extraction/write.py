"""Writes a pair of cards to a file that people read."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import wrap

from spintronics.errors import InputError
from spintronics.extraction.cards import FIXED, PARAMETERS, Values, card
from spintronics.extraction.comparison import Comparison, table
from spintronics.extraction.curves import Plan, Polarity


def _comment(text: str) -> list[str]:
    return [f"* {line}" for line in wrap(text, 110)]


def card_file(
    title: str,
    notes: Sequence[str],
    plan: Plan,
    models: Mapping[Polarity, tuple[str, Values, Comparison]],
) -> str:
    """Text of a .spice file: a header for people with the achieved errors, then the .model cards.

    Args:
        title: first line.
        notes: paragraphs under it: how it was extracted, against what, the licence.
        models: type → (model name, parameter values, errors against the reference).
    """
    lines = [*_comment(title), "*"]
    for note in notes:
        lines += _comment(note)
    lines += _comment(
        f"Valid for L = {plan.length * 1e9:g} nm drawn, W = {min(plan.widths) * 1e9:g} to "
        f"{max(plan.widths) * 1e9:g} nm, VDD {plan.vdd:g} V. One gate length was seen: others are not modelled. "
        "Gate tunnelling is off. Give AD, AS, PD, PS with every transistor."
    )
    for model, _, comparison in models.values():
        lines += ["*", f"* {model}, W = {plan.widths[0] * 1e9:g} nm, 27 C: reference, this card, error"]
        lines += [f"*   {name:<36}{a:>12}{b:>12}{error:>13}".rstrip() for name, a, b, error in table(comparison)]
    lines += [
        "*",
        "* Ion Vg = Vd = VDD; Ioff Vg = 0, Vd = VDD; Vt_sat at 100 nA W/L, Vd = VDD;",
        "* Vt_lin maximum-gm extrapolation at Vd = 0.05 V, less Vd/2; Vg >= Vt means Vg >= Vt_sat, every Vd > 0.",
        "*",
        f"* Stated, not fitted: {', '.join(f'{name}={value:g}' for name, value in FIXED.items())}.  Fitted:",
        *(f"*   {parameter.name:<10}{parameter.meaning}" for parameter in PARAMETERS),
    ]
    for polarity, (model, values, _) in models.items():
        lines += ["", card(model, polarity, values).rstrip()]
    return "\n".join(lines) + "\n"


def write_text(path: Path, text: str) -> None:
    """Writes a file, its folder made if need be.

    Raises:
        InputError: the folder or file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}); give --out a folder of yours") from None
