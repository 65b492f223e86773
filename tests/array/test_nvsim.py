"""The same mat as NVSim's: lines and area by component; docs/results.md says why costs of operations differ."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spintronics.array import SubArray
from spintronics.characterize.device_table import ActionCost, DeviceTable
from spintronics.technology import Technology

ORACLE = tomllib.loads((Path(__file__).parents[1] / "oracles" / "nvsim.toml").read_text(encoding="utf-8"))
AREA: dict[str, Any] = ORACLE["mat_area_um2"]


@pytest.fixture(scope="module")
def area(made_up: Callable[..., DeviceTable]) -> dict[str, float]:
    """Area by block at NVSim's cell, um²."""
    technology = Technology.load("imce45", {"cell.area": f"{ORACLE['cell_F2'] * 0.045**2} um^2"})
    array = SubArray(technology, made_up({"read": ActionCost({}, 0.0)}))
    return {name: value * 1e12 for name, value in array.area_parts.items()}


def test_bit_line_is_the_same(imce45: Technology) -> None:
    array = imce45.array
    assert array.rows * array.bit_line_capacitance == pytest.approx(ORACLE["bit_line"]["fF"] * 1e-15, rel=0.01)
    assert array.rows * array.bit_line_resistance == pytest.approx(ORACLE["bit_line"]["ohm"], rel=0.01)


def test_cells_are_the_same(area: dict[str, float]) -> None:
    assert area["cells"] == pytest.approx(AREA["cells"], rel=1e-3)


def test_memory_area_within_a_factor_of_two(area: dict[str, float]) -> None:
    added = ("bit-counter", "shifter", "sum", "AND and OR references", "AND and OR enable drivers")
    memory = sum(value for name, value in area.items() if name not in added and "second row" not in name)
    assert 0.5 < memory / AREA["total"] < 2


def test_row_path_and_sense_amplifiers_within_a_factor_of_two(area: dict[str, float]) -> None:
    assert 0.5 < (area["row decoder"] + area["word line drivers"]) / AREA["row_decoder"] < 2
    assert 0.5 < area["sense amplifiers"] / AREA["sense_amplifiers"] < 2
