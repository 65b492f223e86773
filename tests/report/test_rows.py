"""Text forms of tables, and the slides' figures."""

import csv
import io
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spintronics.report.rows import Row, as_csv, as_markdown, ratio, slides

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
