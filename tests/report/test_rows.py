"""Text forms of tables, and the slides' figures."""

import ast
import csv
import io
import re
import tomllib
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spintronics.report import rows as rows_module
from spintronics.report.rows import Row, as_csv, as_latex, as_markdown, ratio, slides

SEED = Path(__file__).parents[3] / "shared" / "reference" / "seed.toml"


@pytest.fixture(scope="module")
def seed() -> dict[str, Any]:
    if not SEED.is_file():
        pytest.skip(f"needs the slides' figures in {SEED}, which do not travel with the project")
    return tomllib.loads(SEED.read_text(encoding="utf-8"))


def test_csv_reads_back_whatever_is_in_a_cell() -> None:
    rows: list[Row] = [
        {"text": 'a "quoted", name', "number": 1 / 3, "count": 10**15, "none": None},
        {"text": "two\nlines; Ω µ σ", "number": -1.25e-17, "count": 0, "none": float("nan")},
        {"text": "", "number": np.float64(2.5), "count": -1, "none": None},
    ]
    found = list(csv.DictReader(io.StringIO(as_csv(rows), newline="")))
    assert [row["text"] for row in found] == [row["text"] for row in rows]
    assert [float(row["number"]) for row in found] == pytest.approx([1 / 3, -1.25e-17, 2.5], rel=1e-8)
    assert [row["count"] for row in found] == [str(10**15), "0", "-1"]
    assert [row["none"] for row in found] == ["", "", ""]


def test_csv_starts_with_a_header_and_ends_with_a_line() -> None:
    assert as_csv([{"a": 1, "b": None}]) == "a,b\n1,\n"


def test_markdown_has_one_line_per_row_and_four_digits() -> None:
    assert as_markdown([{"a": "x", "b": 1 / 3}, {"a": None, "b": float("nan")}, {"a": 123456, "b": 0.0}]) == (
        "| a | b |\n| --- | --- |\n| x | 0.3333 |\n| – | – |\n| 123456 | 0 |\n"
    )


SIGNS = "&%$#_{}~^<>|\\–…\nµμΩΣΔστβθφχ°·×−±≤≥→√∫²³₀"
"""What has a meaning of its own in LaTeX, or no character in its standard fonts."""


def set_as_text(latex: str) -> str:
    """What is left of a cell once escapes, commands and mathematics are taken out."""
    without_math = re.sub(r"(?<!\\)\$[^$]+\$", "", latex)
    return re.sub(r"\\[&%$#_{}]|\\[a-z]+\{\}|\\\^\{\}", "", without_math)


@pytest.mark.parametrize("sign", SIGNS)
def test_latex_escapes(sign: str) -> None:
    cell = as_latex([{"a": f"x{sign}y", f"k{sign}": 1}])
    for found in (cell.splitlines()[4].split(" & ")[0], cell.splitlines()[2]):
        assert not set(set_as_text(found.removesuffix(r" \\"))) & set(SIGNS.replace("–", "")) - {"&"}
        assert found.isascii()


def test_latex_sets_powers_as_powers() -> None:
    cell = as_latex([{"unit": "mm^2 10^-3 a^b µs 5 % m²", "value": 0.25}]).splitlines()[4]
    assert cell == r"mm$^{2}$ 10$^{-3}$ a\^{}b $\mu$s 5 \% m$^2$ & 0.25 \\"


def words(source: str) -> Iterator[str]:
    """Strings of a module, its docstrings left out."""
    tree = ast.parse(source)
    described = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in described:
            yield node.value


def test_every_sign_of_the_project_s_tables_is_known_to_latex() -> None:
    """Tables take their words from these modules."""
    package = Path(rows_module.__file__).parents[1]
    found = {
        sign
        for folder in ("report", "array", "accelerator", "characterize", "baselines")
        for path in (package / folder).glob("*.py")
        for text in words(path.read_text(encoding="utf-8"))
        for sign in text
        if not sign.isascii() and not unicodedata.name(sign).startswith("LATIN")
    }
    assert {"²", "µ", "–"} <= found <= set(SIGNS)


def test_slides_figures_are_the_slides(seed: dict[str, Any]) -> None:
    ours = slides()
    assert ours["storage"]["total_MiB"] == seed["alexnet"]["storage_MB"]
    assert ours["storage"]["ratio_to_double"] == seed["alexnet"]["ratio_to_double"]
    assert ours["storage"]["ratio_to_single"] == seed["alexnet"]["ratio_to_single"]
    assert ours["imce"]["imagenet"]["energy_uJ"] == seed["alexnet"]["energy_uJ_per_image"]
    assert ours["shares"]["and_energy_at_most"] == seed["shares"]["and_energy_max"]
    for design in ("cnn_rram", "bcnn_rram"):
        assert {name: list(row.values()) for name, row in ours[design].items()} == seed["baselines"][design]


def test_ratio_of_nothing_is_nothing() -> None:
    assert ratio(2.0, 4.0) == 0.5
    assert ratio(2.0, None) is None
