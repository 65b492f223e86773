"""The short TOML form: equal to the same network written out, and refusals that name file and layer."""

from pathlib import Path

import pytest

from spintronics.errors import InputError
from spintronics.networks import (
    NETWORKS,
    Addition,
    Concatenation,
    Convolution,
    FullyConnected,
    Network,
    Normalization,
    Pool,
    depthwise,
    load,
)

SVHN = """
name = "svhn"
dataset = "SVHN"
input = [3, 40, 40]
layers = [
  { name = "conv0", conv = 48, kernel = 5 },
  { name = "pool0", pool = "average", kernel = 2 },
  { name = "conv1", conv = 64, kernel = 3, padding = 1 },
  { name = "conv2", conv = 64, kernel = 3, padding = 1 },
  { name = "pool2", pool = "average", kernel = 2 },
  { name = "conv3", conv = 128, kernel = 3 },
  { name = "conv4", conv = 128, kernel = 3, padding = 1 },
  { name = "conv5", conv = 128, kernel = 3 },
  { name = "fc6", fc = 512 },
  { name = "fc7", fc = 10 },
]
"""

RESIDUAL = """
input = [3, 32, 32]
layers = [
  { conv = 64, kernel = 3, padding = 1, bias = false },
  { norm = true },
  { conv = "depthwise", kernel = 3, padding = 1, stride = 2 },
  { name = "skip", conv = 64, kernel = 1, stride = 2, groups = 2, from = "conv1" },
  { add = ["depthwise3", "skip"] },
  { pool = "max", kernel = 3, stride = 2, padding = 1 },
  { pool = "average", kernel = "global" },
  { fc = 10 },
]
"""


def read(tmp_path: Path, text: str) -> Network:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def test_same_network_as_the_known_one(tmp_path: Path) -> None:
    assert read(tmp_path, SVHN) == load("svhn")


def test_concatenation(tmp_path: Path) -> None:
    branches = '{conv = 4, kernel = 3, padding = 1}, {pool = "max", kernel = 1, from = "input"}'
    network = read(tmp_path, layers(branches + ', {concat = ["conv1", "pool2", "input"]}, {fc = 2}'))
    assert network.layers[2] == Concatenation("concat3", ("conv1", "pool2", "input"))
    assert network.shapes[2] == (4 + 3 + 3, 8, 6)


def test_every_kind_of_layer(tmp_path: Path) -> None:
    assert read(tmp_path, RESIDUAL) == Network(
        "mine",
        "none",
        (3, 32, 32),
        (
            Convolution("conv1", 3, 64, kernel=3, padding=1, bias=False),
            Normalization("norm2", 64),
            depthwise("depthwise3", 64, kernel=3, padding=1, stride=2),
            Convolution("skip", 64, 64, kernel=1, stride=2, groups=2, source="conv1"),
            Addition("add5", ("depthwise3", "skip")),
            Pool("pool6", "max", 3, 2, 1),
            Pool("pool7", "average", 8, 8),
            FullyConnected("fc8", 64, 10),
        ),
    )


def layers(text: str) -> str:
    return f"input = [3, 8, 6]\nlayers = [{text}]\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("input = [3, 8", r"mine\.toml: Unclosed array|mine\.toml: .*line 1"),
        ("layers = []", r"mine\.toml: no input: must be a list"),
        ("input = [3, 8]\nlayers = []", r"input = \[3, 8\]: must be \[channels, height, width\]"),
        *(
            (f"input = [3, 8, {size}]\nlayers = [{{fc = 1}}]", rf"input = \[3, 8, {size}\]: must be \[channels, height")
            for size in (0, -3, 2**24 + 1)
        ),
        ("x = " + "[" * 5000 + "]" * 5000, r"mine\.toml: tables or lists too deep"),
        (f"input = [3, 8, {'9' * 5000}]", r"mine\.toml: Exceeds the limit"),
        (f"input = [3, 8, 0x{'f' * 5000}]", r"mine\.toml: Exceeds the limit"),
        (
            f"input = [3, 8, 6]\nlayers = [{{fc = {'9' * 4000}}}]",
            r"layer fc1: out_features = over 10\^20: must be ≤ 167",
        ),
        ("input = [3, 8, 6]", r"mine\.toml: no layers: must be a list"),
        ("inptu = 1", r"mine\.toml: unknown key inptu: must be one of name, dataset, input, layers"),
        (layers(""), r"mine\.toml: network mine: no layer has weights"),
        (layers("7"), r"mine\.toml: layer 1 = 7: must be a table"),
        (layers("{}"), r"mine\.toml: layer 1: : must have one of conv, pool, fc, norm, add"),
        (layers("{conv = 4, fc = 3}"), r"layer 1: conv, fc: must have one of conv"),
        (layers("{conv = 4}"), r"mine\.toml: layer conv1: no kernel: must be a whole number"),
        (layers("{conv = 4, kernel = 3.5}"), r"layer conv1: kernel = 3\.5: must be a whole number"),
        (layers("{conv = true, kernel = 3}"), r"layer conv1: conv = True: must be a whole number"),
        (layers('{conv = "wide", kernel = 3}'), r"layer conv1: conv = 'wide': must be a whole number"),
        (layers('{conv = "depthwise", kernel = 3, groups = 3}'), r"layer depthwise1: groups: must be left out"),
        (layers("{conv = 4, kernel = 9}"), r"mine\.toml: layer conv1: kernel = 9: must be ≤ 6"),
        (layers("{conv = 4, kernel = 3, groups = 2}"), r"layer conv1: groups = 2: must divide in_channels = 3"),
        (layers("{conv = 4, kernel = 3, pad = 1}"), r"layer conv1: unknown key pad: must be one of conv, name, kernel"),
        (
            layers('{pool = "sum", kernel = 2}, {fc = 2}'),
            r"layer pool1: kind = 'sum': must be 'max', 'average' or 'or'",
        ),
        (layers('{pool = "max", kernel = "global"}, {fc = 2}'), r"layer pool1: global kernel on 8 × 6: its input must"),
        (layers('{fc = 2, from = "conv9"}'), r"layer fc1: 'conv9': must be input or the name of an earlier layer"),
        (layers('{fc = 2, from = ""}'), r"layer fc1: '': must be input or the name of an earlier layer"),
        (
            layers('{fc = 2}, {add = [["fc1"], "input"]}'),
            r"layer add2: \['fc1'\]: must be input or the name of an earli",
        ),
        (
            layers('{fc = 2}, {add = [1.5, "input"]}'),
            r"layer add2: 1\.5: must be input or the name of an earlier layer",
        ),
        (layers('{fc = 2}, {add = ["fc1", "input"]}'), r"layer add2: input is 3 × 8 × 6: must be 2 × 1 × 1 like fc1"),
        (layers('{fc = 2}, {concat = ["fc1", "input"]}'), r"layer concat2: input is 3 × 8 × 6: must be 1 × 1 like fc1"),
        (layers('{fc = 2}, {concat = ["fc1"]}'), r"layer concat2: parts = \('fc1',\): must be two layers or more"),
        (layers('{fc = 2}, {add = ["fc1"]}'), r"layer add2: addends = \('fc1',\): must be two layers or more"),
        (layers('{name = "a", fc = 2}, {name = "a", fc = 2}'), r"layer a: named so twice"),
        (layers('{fc = 2}, {fc = 2, from = "input"}'), r"mine\.toml: network mine, layer fc1: its output is not used"),
        (layers("{norm = 3}, {fc = 2}"), r"layer norm1: norm = 3: must be true"),
    ],
)
def test_refusals_name_file_and_layer(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message) as error:
        read(tmp_path, text)
    assert str(error.value).startswith(f"network file {tmp_path / 'mine.toml'}: ")


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.toml: No such file or directory: must be a TOML file"):
        load(tmp_path / "none.toml")


def test_example_of_the_documentation(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "networks.md").read_text(encoding="utf-8")
    network = read(tmp_path, text.split("```toml\n")[1].split("```")[0])
    assert [layer.name for layer in network.layers] == [
        *("conv1", "norm2", "depthwise3", "skip", "add5", "pool6", "fc7")
    ]
    assert network.macs == 32 * 32 * (64 * 27 + 64 * 9 + 64 * 64) + 64 * 16 * 16 * 10


def test_table_of_the_documentation() -> None:
    text = (Path(__file__).parents[2] / "docs" / "networks.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| ")][2:]
    assert {row[0] for row in rows} == set(NETWORKS)
    for name, shape, gmacs, millions, _ in rows:
        network = load(name)
        assert tuple(map(int, shape.split(" × "))) == network.input_shape
        assert float(gmacs) == pytest.approx(network.macs / 1e9, rel=2e-3)
        assert float(millions) == pytest.approx(network.parameters / 1e6, rel=2e-3)
