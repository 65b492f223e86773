"""Known networks against independently counted and published figures (tests/oracles/macs.toml), and trained files."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from spintronics.errors import InputError
from spintronics.networks import NETWORKS, Convolution, FirstLayer, FullyConnected, Pool, and_operations, load
from spintronics.networks.bits import BitWidths

ORACLE: dict[str, Any] = tomllib.loads(
    (Path(__file__).parents[1] / "oracles" / "macs.toml").read_text(encoding="utf-8")
)


CASES = {
    "alexnet_single_tower": load("alexnet"),
    "alexnet_grouped": load("alexnet-grouped"),
    "svhn": load("svhn"),
    "lenet": load("lenet"),
    "vgg16": load("vgg16"),
    "resnet18": load("resnet18"),
    "lfc": load("lfc"),
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
    assert [load(name).name for name in NETWORKS] == [
        *("alexnet", "svhn", "lenet", "alexnet-grouped", "lfc", "cnv", "vgg16", "resnet18")
    ]


def test_resnet18_stages_halve_and_double() -> None:
    network = load("resnet18")
    shapes = {layer.name: shape for layer, shape in zip(network.layers, network.shapes, strict=True)}
    assert [shapes[f"s{stage}b2_add"] for stage in (1, 2, 3, 4)] == [
        (64, 56, 56), (128, 28, 28), (256, 14, 14), (512, 7, 7)
    ]  # fmt: skip
    assert sum(isinstance(layer, Convolution) for layer in network.layers) == 20  # 17, and 3 projections
    assert not network.is_chain


@pytest.mark.parametrize(
    ("name", "folder", "simd"),
    [
        # SIMD width of each layer of BNN-PYNQ's configuration (config.h)
        ("cnv", "streetview/cnvW1A1", (3, 32, 32, 32, 32, 32, 4, 8, 1)),
        ("lfc", "mnist/lfcW1A1", (64, 32, 64, 8)),
    ],
)
def test_weights_of_binary_networks_fill_the_trained_files(name: str, folder: str, simd: tuple[int, ...]) -> None:
    """One bit per weight; the accelerator pads a layer's inputs and outputs to whole words and tiles."""
    path = Path(__file__).parents[3] / "shared" / "data" / "bnn-pynq" / folder
    if not path.is_dir():
        pytest.skip("trained networks of BNN-PYNQ are not beside the checkout (shared/data/bnn-pynq)")
    padded = {"cnv": {8: (512, 12)}, "lfc": {0: (832, 1024), 3: (1024, 64)}}[name]
    for index, (work, width) in enumerate(zip(load(name).work, simd, strict=True)):
        words = sum(file.stat().st_size // 8 for file in path.glob(f"{index}-*-weights.bin"))
        inputs, outputs = padded.get(index, (work.dot_length, work.out_channels))
        assert words * width == inputs * outputs, work.name
        assert work.dot_length <= inputs
        assert work.out_channels <= outputs


CAFFE = {
    "alexnet-grouped": "models_bvlc_alexnet_deploy.prototxt",
    "lenet": "examples_mnist_lenet.prototxt",
}


@pytest.mark.parametrize("name", CAFFE)
def test_layers_match_caffes_own_files(name: str) -> None:
    path = Path(__file__).parents[3] / "shared" / "data" / "networks" / CAFFE[name]
    if not path.is_file():
        pytest.skip("Caffe's network files are not beside the checkout (shared/data/networks)")
    theirs = []
    for text in re.split(r"^layer \{", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        kind = re.search(r'type: "(\w+)"', text)[1]  # type: ignore[index]
        number = {key: int(value) for key, value in re.findall(r"(\w+): (\d+)$", text, flags=re.MULTILINE)}
        if kind in ("Convolution", "InnerProduct", "Pooling"):
            keys = ("num_output", "kernel_size", "stride", "pad", "group")
            theirs.append((kind, *(number.get(key, {"stride": 1, "group": 1}.get(key, 0)) for key in keys)))
    ours: list[tuple[str | int, ...]] = []
    for layer in load(name).layers:
        if isinstance(layer, Convolution):
            ours += [("Convolution", layer.out_channels, layer.kernel, layer.stride, layer.padding, layer.groups)]
        elif isinstance(layer, Pool):
            ours += [("Pooling", 0, layer.kernel, layer.stride, layer.padding, 1)]
        elif isinstance(layer, FullyConnected):
            ours += [("InnerProduct", layer.out_features, 0, 1, 0, 1)]
    assert ours == theirs


@pytest.mark.parametrize("unknown", ["AlexNet", "mine.pt", "svhn.on"])
def test_unknown_network_lists_the_known(unknown: str) -> None:
    with pytest.raises(InputError, match=f'network "{unknown}": unknown; must be one of alexnet, svhn, lenet, .*path'):
        load(unknown)


def test_import_needs_no_heavy_library() -> None:
    code = "import spintronics.networks, sys; print({'numpy', 'pydantic', 'scipy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
