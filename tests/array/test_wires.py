"""Wires: repeaters against a numerical optimum, a bare wire against its RC ladder, H-trees against geometry."""

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from scipy.linalg import eigh_tridiagonal
from scipy.optimize import brentq, minimize

from spintronics.array.wires import DISTRIBUTED, Repeater, Wire, h_tree
from spintronics.characterize.device_table import ActionCost, DeviceTable, OperationFailed
from spintronics.technology import Technology

REPEATER = Repeater(resistance=10e3, input_capacitance=0.3e-15, output_capacitance=0.2e-15, leakage=1e-9, area=1e-13)
WIRE = Wire(resistance=2e5, capacitance=1.2e-10, supply=1.1, repeater=REPEATER)


def delay_per_length(size: float, distance: float) -> float:
    """Elmore delay of one repeater and its piece of wire, with 0.69 for lumped and 0.38 for distributed RC."""
    r, pins = REPEATER.resistance / size, size * np.array([REPEATER.output_capacitance, REPEATER.input_capacitance])
    wire_r, wire_c = WIRE.resistance * distance, WIRE.capacitance * distance
    lumped = r * (pins.sum() + wire_c) + wire_r * pins[1]
    return float((0.69 * lumped + 0.38 * wire_r * wire_c) / distance)


def test_no_other_size_or_distance_of_repeaters_is_faster() -> None:
    found = minimize(lambda x: delay_per_length(*np.exp(x)) * 1e9, np.log([50, 1e-4]), method="Nelder-Mead")
    line = WIRE.line(3e-3)
    assert line.latency / 3e-3 == pytest.approx(found.fun * 1e-9, rel=1e-6)
    assert WIRE.size == pytest.approx(np.exp(found.x[0]), rel=1e-2)
    assert WIRE.spacing == pytest.approx(np.exp(found.x[1]), rel=1e-2)


def test_factor_of_a_distributed_wire_against_an_rc_ladder() -> None:
    sections, length = 200, 2e-3
    r, c = WIRE.resistance * length / sections, WIRE.capacitance * length / sections
    diagonal = np.full(sections, 2.0)
    diagonal[-1] = 1.0
    rates, modes = eigh_tridiagonal(diagonal / (r * c), np.full(sections - 1, -1.0) / (r * c))
    last = modes[-1] * (modes.T @ np.ones(sections))  # a discharge from 1 V, source at 0 V
    half = brentq(lambda t: float(last @ np.exp(-rates * t)) - 0.5, 1e-15, 1e-6)
    assert DISTRIBUTED * WIRE.resistance * WIRE.capacitance * length**2 == pytest.approx(half, rel=0.02)


def test_energy_is_a_quarter_of_what_charges_wire_and_repeaters() -> None:
    line = WIRE.line(2e-3)
    repeaters = 2e-3 / WIRE.spacing * WIRE.size * 0.5e-15
    assert line.energy == pytest.approx(0.25 * (2e-3 * WIRE.capacitance + repeaters) * 1.1**2)
    assert line.leakage / line.area == pytest.approx(1e-9 / 1e-13)


def test_repeater_of_a_table_drives_a_copy_of_itself_in_the_latency_that_was_found(
    imce45: Technology, made_up: Callable[..., DeviceTable]
) -> None:
    repeater = Repeater.of(imce45, made_up({"inverter": ActionCost({"inverter": 1e-16}, 12e-12)}))
    pins = repeater.output_capacitance + repeater.input_capacitance
    assert 0.69 * repeater.resistance * pins == pytest.approx(12e-12)
    assert (repeater.leakage, repeater.area) == (1e-9, 1e-13)


def test_a_repeater_that_is_not_in_the_table_is_refused(
    imce45: Technology, made_up: Callable[..., DeviceTable]
) -> None:
    with pytest.raises(OperationFailed, match="no action 'inverter'"):
        Repeater.of(imce45, DeviceTable.of(imce45, ()))
    with pytest.raises(OperationFailed, match="inverter: latency = 0 s: must be positive"):
        Repeater.of(imce45, made_up({"inverter": ActionCost({}, 0.0)}))


def test_default_wires_are_in_the_range_of_45_nm(imce45: Technology, made_up: Callable[..., DeviceTable]) -> None:
    table = made_up({"inverter": ActionCost({"inverter": 1e-16}, 10e-12)})
    for layer in ("intermediate", "global"):
        line = Wire.of(imce45, table, layer).line(1e-3)
        assert 20e-12 < line.latency < 300e-12
        assert 20e-15 < line.energy < 200e-15


def corners(columns: int, rows: int) -> list[tuple[float, float]]:
    return [(x - (columns - 1) / 2, y - (rows - 1) / 2) for x, y in product(range(columns), range(rows))]


@pytest.mark.parametrize(("columns", "rows"), [(1, 1), (2, 1), (4, 4), (8, 2), (16, 16)])
def test_h_tree_of_powers_of_two_reaches_every_leaf_by_the_shortest_way(columns: int, rows: int) -> None:
    """In an H-tree no branch turns back, so the way to the corner leaf is its Manhattan distance from the root."""
    farthest = max(abs(3 * x) + abs(2 * y) for x, y in corners(columns, rows))
    assert h_tree(columns, rows, 3.0, 2.0, columns * rows).path == pytest.approx(farthest)


def branches(columns: int, rows: int, width: float, height: float, leaves: int) -> float:
    """Total wire by walking from every leaf to the root and counting each piece once, for powers of two."""
    pieces = set()
    for y, x in list(product(range(rows), range(columns)))[:leaves]:
        left, bottom, right, top = 0, 0, columns, rows
        while (right - left, top - bottom) != (1, 1):
            across = (
                (right - left) * width >= (top - bottom) * height
                if min(right - left, top - bottom) > 1
                else right - left > 1
            )
            if across:
                length, middle = (right - left) * width / 4, (left + right) // 2
                left, right = (left, middle) if x < middle else (middle, right)
            else:
                length, middle = (top - bottom) * height / 4, (bottom + top) // 2
                bottom, top = (bottom, middle) if y < middle else (middle, top)
            pieces.add((left, bottom, right, top, length))
    return sum(piece[-1] for piece in pieces)


@pytest.mark.parametrize(
    ("columns", "rows", "leaves"), [(2, 2, 4), (4, 2, 8), (8, 8, 64), (4, 4, 1), (4, 4, 7), (8, 8, 37), (2, 8, 9)]
)
def test_all_branches_of_an_h_tree_lead_to_a_leaf(columns: int, rows: int, leaves: int) -> None:
    assert h_tree(columns, rows, 3.0, 2.0, leaves).total == pytest.approx(branches(columns, rows, 3.0, 2.0, leaves))


def test_odd_grids_have_a_longer_half() -> None:
    tree = h_tree(3, 1, 1.0, 1.0, 3)
    assert (tree.path, tree.total) == (1.0, 0.5 + 1.0 + 2 * 0.5)
