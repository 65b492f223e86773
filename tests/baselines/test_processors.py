"""Processors: the published figures, and their scaling."""

import pytest

from spintronics.baselines import processor_cost, processors
from spintronics.networks import load


@pytest.mark.parametrize(
    ("index", "power", "energy_mj"),
    [(0, 62.05, 256.4), (1, 5.733, 22.22)],  # W: images per second over images per second and watt
)
def test_published_network(index: int, power: float, energy_mj: float) -> None:
    cost = processor_cost(processors()[index], load("alexnet-grouped"))
    assert cost.basis == "published"
    assert cost.energy * 1e3 == pytest.approx(energy_mj, rel=1e-3)
    assert cost.energy / cost.interval == pytest.approx(power, rel=1e-3)
    assert cost.area is None


@pytest.mark.parametrize("name", ["alexnet", "svhn", "lenet"])
def test_other_networks_are_scaled_and_say_so(name: str) -> None:
    for processor in processors():
        measured, cost = (processor_cost(processor, load(n)) for n in ("alexnet-grouped", name))
        assert cost.basis == "scaled by multiply-accumulates"
        assert cost.source == processor.source
        per_mac = cost.energy / load(name).macs
        assert per_mac == pytest.approx(measured.energy / 724_406_816)
        assert cost.energy / cost.interval == pytest.approx(measured.energy / measured.interval)  # same power
