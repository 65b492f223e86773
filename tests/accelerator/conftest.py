"""What this room's tests share: a sub-array of made-up costs."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from spintronics.array import SubArray
from spintronics.characterize.device_table import ActionCost, DeviceTable
from spintronics.technology import Technology

BIT = ActionCost({"word line": 1e-15, "bit line": 10e-15}, 1e-9)
GATE = ActionCost({"gate": 1e-15}, 1e-10)
COSTS = {
    **dict.fromkeys(("read", "write", "AND"), BIT),
    **dict.fromkeys(("full_adder", "mux2", "d_flip_flop", "inverter"), GATE),
    **dict.fromkeys(("select read", "select write", "select two rows"), ActionCost({"predecode": 5e-13}, 2e-10)),
    **dict.fromkeys(("bit-counter", "shifter", "sum"), ActionCost({"gates": 1e-13}, 5e-10)),
    **dict.fromkeys(("quantizer", "batch norm", "activation, sign"), ActionCost({"gates": 2e-13}, 3e-10)),
    "activation, clipped": ActionCost({"gates": 4e-13}, 4e-10),
}
LEAKAGE = {"inverter": 1e-9, "bit-counter": 3e-6, "batch norm": 4e-6}
MakeSubArray = Callable[..., SubArray]


@pytest.fixture(scope="session")
def array_of(imce45: Technology, made_up: Callable[..., DeviceTable]) -> MakeSubArray:
    """A sub-array of given rows and columns; costs by action replace the made-up ones."""

    def make(rows: int = 256, columns: int = 512, **other: ActionCost) -> SubArray:
        technology = imce45.with_values({"array.rows": rows, "array.columns": columns})
        table = made_up({**COSTS, **other})
        entries = tuple(replace(entry, leakage=LEAKAGE.get(entry.action, 0.0)) for entry in table.entries)
        return SubArray(technology, replace(table, entries=entries))

    return make
