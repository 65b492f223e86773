"""What this room's tests share."""

import pytest

from spintronics.characterize.device_table import ActionCost, DeviceTable, Entry


@pytest.fixture(scope="session")
def leaky() -> DeviceTable:
    """A made-up table whose row path and inverter leak."""
    bit = ActionCost({"word line": 1e-15, "bit line": 10e-15}, 5e-9)
    gate = ActionCost({"gate": 1e-15}, 1e-11)
    actions = ("read", "write", "AND", "full_adder", "mux2", "d_flip_flop")
    return DeviceTable(
        "made up",
        "0" * 64,
        "nominal",
        1.0,
        300.0,
        (
            *(Entry("made up", action, "", "one", "none", bit) for action in actions[:3]),
            *(Entry("logic", action, "", "one", "none", gate) for action in actions[3:]),
            Entry("logic", "inverter", "", "one", "none", gate, leakage=1e-9, area=1e-13),
            Entry("row", "row path at rest", "", "one", "none", ActionCost({}, 0.0), leakage=2e-6),
            Entry("block", "bit-counter", "", "one", "none", ActionCost({"gates": 2e-12}, 1e-9), leakage=5e-6),
        ),
    )
