"""The slides' networks against independently counted figures (tests/oracles/macs.toml)."""

import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from spintronics.errors import InputError
from spintronics.networks import NETWORKS, Convolution, FirstLayer, Network, and_operations, load
from spintronics.networks.bits import BitWidths

ORACLE: dict[str, Any] = tomllib.loads(
    (Path(__file__).parents[1] / "oracles" / "macs.toml").read_text(encoding="utf-8")
)


def grouped_alexnet() -> Network:
    """AlexNet with its two towers: groups = 2 in conv2, conv4 and conv5."""
    network = load("alexnet")
    layers = tuple(
        replace(layer, groups=2) if isinstance(layer, Convolution) and layer.name in ("conv2", "conv4", "conv5")
        else layer
        for layer in network.layers
    )  # fmt: skip
    return replace(network, layers=layers)


CASES = {
    "alexnet_single_tower": load("alexnet"),
    "alexnet_grouped": grouped_alexnet(),
    "svhn": load("svhn"),
    "lenet": load("lenet"),
}


@pytest.mark.parametrize("key", CASES)
def test_totals_match_oracle(key: str) -> None:
    network, oracle = CASES[key], ORACLE[key]
    assert round(network.macs / 1e6, oracle["decimals"]) == oracle["total"]
    assert network.parameters == oracle["parameters"]


@pytest.mark.parametrize("key", ["alexnet_single_tower", "svhn"])
def test_layers_match_oracle(key: str) -> None:
    oracle = ORACLE[key]
    assert {work.name: round(work.macs / 1e6, oracle["decimals"]) for work in CASES[key].work} == oracle["layers"]


@pytest.mark.parametrize("name", ["alexnet", "svhn"])
@pytest.mark.parametrize(("first_layer", "key"), [(FirstLayer.PRACTICAL, "first8"), (FirstLayer.SEED, "first32")])
def test_and_operations_match_oracle(name: str, first_layer: FirstLayer, key: str) -> None:
    oracle = ORACLE["and_operations"][name]
    total = sum(row.and_operations for row in and_operations(load(name), BitWidths(1, 1), first_layer))
    assert round(total / 1e6, oracle["decimals"]) == oracle[key]


def test_load_makes_each_known_network_under_its_name() -> None:
    assert [load(name).name for name in NETWORKS] == ["alexnet", "svhn", "lenet"]


def test_unknown_network_lists_the_known() -> None:
    with pytest.raises(InputError, match='network "AlexNet": unknown; must be one of alexnet, svhn, lenet'):
        load("AlexNet")


def test_import_needs_no_heavy_library() -> None:
    code = "import spintronics.networks, sys; print({'numpy', 'pydantic', 'scipy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
