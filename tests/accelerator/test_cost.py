"""Network costs: sums, proportions and monotony; the device table is made up, the counts are not."""

from dataclasses import replace

import numpy as np
import pytest

from spintronics.accelerator import NetworkCost, network_cost
from spintronics.array import SubArray
from spintronics.characterize.device_table import ActionCost, DeviceTable
from spintronics.networks import BitWidths, FirstLayer, load
from spintronics.technology import Technology

BIT = ActionCost({"word line": 1e-15, "bit line": 10e-15}, 1e-9)
GATE = ActionCost({"gate": 1e-15}, 1e-10)
TABLE = DeviceTable(BIT, BIT, BIT, BIT, GATE, GATE, GATE)


def cost(name: str = "svhn", widths: str = "1:1", first: str = "seed", table: DeviceTable = TABLE) -> NetworkCost:
    sub_array = SubArray(Technology.load("imce45"), table)
    return network_cost(load(name), BitWidths.parse(widths), FirstLayer(first), sub_array)


@pytest.mark.parametrize("name", ["alexnet", "svhn", "lenet"])
@pytest.mark.parametrize("widths", ["1:1", "1:4", "2:2"])
def test_parts_sum_to_the_total_at_every_level(name: str, widths: str) -> None:
    found = cost(name, widths)
    assert found.energy == pytest.approx(sum(layer.energy for layer in found.layers))
    assert found.energy == pytest.approx(sum(found.energy_parts.values()))
    assert found.area == pytest.approx(sum(layer.area for layer in found.layers))
    assert all(np.isfinite(p) and p >= 0 for layer in found.layers for p in layer.energy_parts.values())


def test_energy_grows_with_bits() -> None:
    energies = [cost(widths=widths).energy for widths in ("1:1", "1:2", "1:3", "1:4")]
    assert energies == sorted(energies)
    assert cost(widths="2:2").energy > cost(widths="1:2").energy
    assert cost(first="seed").energy > cost(first="practical").energy


def test_each_part_follows_its_own_entry_of_the_device_table() -> None:
    base = cost()
    for entry, part in (("logic_and", "AND"), ("write", "write"), ("read", "read"), ("multiplexer", "shifter")):
        doubled = cost(table=replace(TABLE, **{entry: getattr(TABLE, entry).repeated(2)}))
        for name, joules in base.energy_parts.items():
            assert doubled.energy_parts[name] == pytest.approx(joules * (2 if name == part else 1))


def test_and_energy_is_operations_times_energy_per_bit_without_shared_parts() -> None:
    table = replace(TABLE, logic_and=ActionCost({"bit line": 10e-15}, 1e-9))
    found = cost("alexnet", "1:1", "practical", table)
    # 1873 million ANDs: macs + 7 × macs of the first layer
    assert found.energy_parts["AND"] == pytest.approx(1873.2e6 * 10e-15, rel=1e-4)
