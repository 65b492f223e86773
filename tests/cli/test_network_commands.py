"""memory, evaluate and explain: what they print, and every bad input as one line."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from spintronics.array.subarray import ACTIONS
from spintronics.characterize.device_table import ActionCost, DeviceTable, Entry
from spintronics.circuits.logic_bench import LOGIC_GATES
from spintronics.technology import Technology

Answer = tuple[int, str, str]


@pytest.fixture
def table(tmp_path: Path, imce45: Technology) -> Path:
    """A device table of made-up costs for the default technology."""
    bit = ActionCost({"word line": 1e-15, "bit line": 1e-13}, 5e-9)
    gate = ActionCost({"gate": 1e-15}, 1e-11)
    costs = {
        **dict.fromkeys(("read", "write", "AND", "OR"), bit),
        **dict.fromkeys((*ACTIONS[3:], *(g.netlist for g in LOGIC_GATES)), gate),
    }
    entries = (Entry("made up", action, "", "one", "none", cost, 1e-9, 1e-13) for action, cost in costs.items())
    path = tmp_path / "device_table.toml"
    path.write_text(DeviceTable.of(imce45, entries).to_toml(), encoding="utf-8")
    return path


def test_memory_prints_a_mebibyte(spintronics: Callable[..., Answer], table: Path) -> None:
    status, out, err = spintronics("memory", "--capacity", "1MB", "--word", "64", "--from", table)
    assert (status, err) == (0, "")
    assert re.search(r"organization +sub-arrays +64 ", out)
    for figure in ("read latency", "write latency", "read energy", "AND of 512 columns energy", "leakage"):
        assert re.search(rf"^{figure} +total", out, re.MULTILINE), figure


def test_memory_sweeps_sizes_of_a_sub_array(spintronics: Callable[..., Answer], table: Path) -> None:
    sizes = [f"--rows={rows}" for rows in (128, 256)] + [f"--columns={columns}" for columns in (64, 128, 256)]
    status, out, err = spintronics("memory", *sizes, "--format", "csv", "--from", table)
    assert (status, err) == (0, "")
    found = [tuple(map(int, line.split(",")[:2])) for line in out.splitlines()[1:]]
    assert found == [(rows, columns) for rows in (128, 256) for columns in (64, 128, 256)]


def test_evaluate_prints_totals_layers_and_components(spintronics: Callable[..., Answer], table: Path) -> None:
    status, out, err = spintronics("evaluate", "lenet", "--bits", "1:2", "--first-layer", "practical", "--from", table)
    assert (status, err) == (0, "")
    for line in (
        r"dynamic energy per image +\S+ +uJ",
        r"throughput +\S+ +images/s",
        r"conv1 +576 +8 ",
        r"energy +AND ",
        r"complexity of inference, W\*I +2 ",
        r"complexity of training, W\*I \+ W\*G at G = 8 +10 ",
        r"energy, gradient of weights +\S+ +uJ",
    ):
        assert re.search(line, out), line


def test_evaluate_takes_widths_up_to_32_and_power_gates(spintronics: Callable[..., Answer], table: Path) -> None:
    static = []
    for share in ("1", "0"):
        status, out, err = spintronics(
            "evaluate", "lenet", "--bits", "32:32", "--idle-leakage", share, "--format", "csv", "--from", table
        )
        assert (status, err) == (0, "")
        assert "complexity of inference" in out
        line = next(line for line in out.splitlines() if line.startswith("static power,"))
        static.append(float(line.split(",")[1]))
    assert static[0] > static[1] > 0


def test_evaluate_takes_a_network_of_ones_own(spintronics: Callable[..., Answer], table: Path, tmp_path: Path) -> None:
    status, _, err = spintronics("evaluate", tmp_path / "mine.toml", "--from", table)
    assert status == 2
    assert "mine.toml" in err


def test_explain_prints_the_tree_and_what_moves_it(spintronics: Callable[..., Answer], table: Path) -> None:
    for metric, unit in (("energy", "J"), ("latency", "s"), ("area", r"m\^2")):
        status, out, err = spintronics("explain", metric, "lenet", "--depth", "1", "--from", table)
        assert (status, err) == (0, "")
        assert re.match(rf"lenet 1:1: \S+ {unit}  100.0%", out)
        assert len(out.split("percent per percent\n")[1].splitlines()) == 11


def test_explain_for_machines_has_tree_and_sensitivities(spintronics: Callable[..., Answer], table: Path) -> None:
    status, out, err = spintronics("explain", "energy", "lenet", "--json", "--from", table)
    assert (status, err) == (0, "")
    found = json.loads(out)
    assert found["tree"]["name"] == "lenet 1:1"
    assert found["tree"]["value"] == pytest.approx(sum(layer["value"] for layer in found["tree"]["parts"]))
    assert [set(line) for line in found["sensitivity"]] == 10 * [{"input", "value_SI", "percent_per_percent"}]


@pytest.mark.parametrize(
    "arguments",
    [("memory",), ("memory", "--json"), ("evaluate", "lenet"), ("table", "operations")],
)
def test_a_format_that_is_none_is_refused_before_anything_is_printed(
    spintronics: Callable[..., Answer], table: Path, arguments: tuple[str, ...]
) -> None:
    assert spintronics(*arguments, "--format", "nope", "--from", table) == (
        2,
        "",
        "error: --format nope: must be one of text, csv, markdown, latex\n",
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("memory", "--capacity", f"{'9' * 5000}GB"), r'capacity "9{40}": must be a whole number'),
        (("memory", "--capacity", "1b", "--word", "512"), r"word = 512 bits: must be ≤ the capacity, 1 bits"),
        (("memory", "--rows", "128", "--capacity", "nonsense"), r"--capacity nonsense: must be left out of a sweep"),
        (("memory", "--columns", "128", "--word", "-5"), r"--word -5: must be left out of a sweep"),
        (("memory", "--capacity", "1XB"), r'capacity "1XB": must be a whole number'),
        (("memory", "--word", "513"), r"word = 513 bits: must be from 1 to 512"),
        (("memory", "--word", "0"), r"word = 0 bits"),
        (("memory", "--rows", "0"), r"array.rows = "),
        (("memory", "--columns", "-4"), r"array.columns = "),
        (("memory", "--set", "trials=3"), r"--set trials=3: must be a key of the technology"),
        (("memory", "--set", "technology.cell.area=0.2 um^2"), r"characterize it anew"),
        (("evaluate", "alexnet2"), r'network "alexnet2": unknown'),
        (("evaluate", "lenet", "--bits", "0:1"), r"bit widths: weights = 0"),
        (("evaluate", "lenet", "--bits", "1"), r'bit widths "1": must be W:I'),
        (("evaluate", "lenet", "--first-layer", "none"), r"--first-layer none: must be one of seed, practical"),
        (("evaluate", "lenet", "--parallelism", "0"), r"parallelism = 0: must be at least 1"),
        (("evaluate", "lenet", "--sub-arrays", "0"), r"sub_arrays = 0: must be at least 1"),
        (("evaluate", "lenet", "--idle-leakage", "1.5"), r"idle_leakage = 1.5: must be within 0"),
        (("evaluate", "lenet", "--bits", "1:33"), r"bit widths: inputs = 33: must be a whole number from 1 to 32"),
        (("explain", "mass", "lenet"), r"explain mass: must be one of energy, area, latency"),
    ],
)
def test_bad_input_is_one_line(
    spintronics: Callable[..., Answer], table: Path, arguments: tuple[str, ...], message: str
) -> None:
    status, _, err = spintronics(*arguments, "--from", table)
    assert status == 2
    assert re.search(message, err)
    assert err.count("\n") == 1


def test_without_a_device_table_it_says_how_to_get_one(
    spintronics: Callable[..., Answer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for command in (("memory",), ("evaluate", "lenet"), ("explain", "energy", "lenet")):
        status, _, err = spintronics(*command)
        assert status == 2
        assert "run spintronics characterize first" in err


def test_a_table_without_an_action_names_it(
    spintronics: Callable[..., Answer], imce45: Technology, tmp_path: Path
) -> None:
    path = tmp_path / "half.toml"
    read = Entry("made up", "read", "", "one", "none", ActionCost({"bit line": 1e-15}, 1e-9))
    path.write_text(DeviceTable.of(imce45, [read]).to_toml(), encoding="utf-8")
    status, _, err = spintronics("memory", "--from", path)
    assert status == 2
    assert re.search(r"no action 'write', 'AND', 'select read', .*; there are: read; spintronics characterize", err)
