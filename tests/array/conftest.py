"""What this room's tests share."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from spintronics.characterize.device_table import ActionCost, DeviceTable

BIT = ActionCost({"word line": 1e-15, "bit line": 10e-15}, 5e-9)
GATE = ActionCost({"gate": 1e-15}, 1e-11)
LEAKAGE = {
    "inverter": 1e-9,
    "nand2": 2e-9,
    "xor2": 3e-9,
    "mux2": 4e-9,
    "full_adder": 5e-9,
    "d_flip_flop": 6e-9,
    "row path at rest": 2e-6,
    "bit-counter": 5e-6,
}


@pytest.fixture(scope="session")
def leaky(made_up: Callable[..., DeviceTable]) -> DeviceTable:
    """A made-up table whose row path, gates and bit-counter leak; Shifter and Sum are not in it."""
    gates = ("full_adder", "mux2", "d_flip_flop", "inverter")
    costs = {**dict.fromkeys(("read", "write", "AND"), BIT), **dict.fromkeys(gates, GATE)}
    table = made_up({**costs, "bit-counter": ActionCost({"gates": 2e-12}, 1e-9)})
    return replace(table, entries=tuple(replace(e, leakage=LEAKAGE.get(e.action, 0.0)) for e in table.entries))
