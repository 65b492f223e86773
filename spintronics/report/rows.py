"""Tables as rows, their text forms, and the slides' figures that stand beside ours."""

import csv
import io
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

Row = Mapping[str, str | int | float | None]


@cache
def slides() -> dict[str, Any]:
    """Figures of the IMCE slides."""
    return tomllib.loads((Path(__file__).parent / "imce_slides.toml").read_text(encoding="utf-8"))


def ratio(ours: float, theirs: float | None) -> float | None:
    """Ours over theirs; None where they give no figure."""
    return ours / theirs if theirs else None


def as_csv(rows: Sequence[Row]) -> str:
    """Comma-separated text with a header; empty where there is no value (None, NaN)."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _plain(value) for key, value in row.items()} for row in rows)
    return text.getvalue()


def as_markdown(rows: Sequence[Row]) -> str:
    """Markdown table, numbers to four digits."""
    header = list(rows[0])
    lines = [f"| {' | '.join(header)} |", f"|{'|'.join(' --- ' for _ in header)}|"]
    lines += [f"| {' | '.join(_short(row[key]) for key in header)} |" for row in rows]
    return "\n".join(lines) + "\n"


def as_text(rows: Sequence[Row]) -> str:
    """Aligned columns, never folded, numbers to four digits."""
    cells = [list(rows[0]), *([_short(value).replace("–", "-") for value in row.values()] for row in rows)]
    widths = [max(len(line[n]) for line in cells) for n in range(len(cells[0]))]
    lines = ("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in cells)
    return "\n".join(lines) + "\n"


def as_latex(rows: Sequence[Row]) -> str:
    """A tabular with booktabs' rules, numbers to four digits and to the right."""
    numeric = [all(isinstance(row[key], (int, float, type(None))) for row in rows) for key in rows[0]]
    body = [
        " & ".join(map(_for_latex, cells)) + r" \\" for cells in ([_short(v) for v in row.values()] for row in rows)
    ]
    return "\n".join(
        [
            rf"\begin{{tabular}}{{{''.join('r' if right else 'l' for right in numeric)}}}",
            r"\toprule",
            " & ".join(map(_for_latex, rows[0])) + r" \\",
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            "",
        ]
    )


FORMATS: Mapping[str, Callable[[Sequence[Row]], str]] = {
    "text": as_text,
    "csv": as_csv,
    "markdown": as_markdown,
    "latex": as_latex,
}


_MATH = {
    **{sign: sign for sign in "<>|"},
    **dict(zip("µμΩΣΔσ", (r"\mu", r"\mu", r"\Omega", r"\Sigma", r"\Delta", r"\sigma"), strict=True)),
    **dict(zip("τβθφχ°", (r"\tau", r"\beta", r"\theta", r"\varphi", r"\chi", r"^\circ"), strict=True)),
    **dict(zip("·×−±≤≥→", (r"\cdot", r"\times", "-", r"\pm", r"\leq", r"\geq", r"\to"), strict=True)),
    **dict(zip("√∫²³₀", (r"\surd", r"\int", "^2", "^3", "_0"), strict=True)),
}
_LATEX = {
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    **dict(zip("\\~^–…\n", (r"\textbackslash{}", r"\textasciitilde{}", r"\^{}", "--", r"\ldots{}", " "), strict=True)),
    **{sign: f"${math}$" for sign, math in _MATH.items()},
}
"""Character → how LaTeX sets it without a package."""


def _for_latex(text: str) -> str:
    """Text that LaTeX sets as it reads, with no package: powers such as mm^2 and signs as mathematics."""
    powers = re.split(r"\^(-?\d+)", text)
    return "".join(
        f"$^{{{part}}}$" if n % 2 else "".join(_LATEX.get(sign, sign) for sign in part) for n, part in enumerate(powers)
    )


def _plain(value: str | int | float | None) -> str:
    if value is None or value != value:
        return ""
    return f"{value:.9g}" if isinstance(value, float) else str(value)


def _short(value: str | int | float | None) -> str:
    if value is None or value != value:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
