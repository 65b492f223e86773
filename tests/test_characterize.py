"""``spintronics characterize`` and ``table``: the device table from ngspice, and read again without it."""

import csv
from pathlib import Path

import pytest

from spintronics import cli
from spintronics.characterize.device_table import DeviceTable
from spintronics.technology import Technology


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["spintronics", *arguments])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    return int(stop.value.code or 0)


@pytest.fixture(scope="module")
def characterized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("characterize")
    with pytest.MonkeyPatch.context() as patch:
        assert run(patch, "characterize", "--only", "write", "--only", "operations", "--out", str(folder)) == 0
    return folder


def test_the_table_holds_every_operation_of_this_technology(characterized: Path, imce45: Technology) -> None:
    table = DeviceTable.load(characterized / "device_table.toml")
    table.require(imce45)
    assert not table.failed
    inputs = {"00", "01", "10", "11"}
    one_bit, two_bits = {name: {"0", "1"} for name in ("write", "read")}, ("AND", "NAND", "OR", "NOR", "XOR")
    for action, cases in {**one_bit, **dict.fromkeys(two_bits, inputs)}.items():
        assert {e.case for e in table.entries if e.action == action} == cases
        assert table.action(action).energy > 0
    with (characterized / "tables" / "device_table.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["status"] for row in rows} == {"ok"}
    energies = {(row["action"], row["case"]): float(row["energy_fJ"]) for row in rows}
    for entry in table.entries:
        assert entry.cost is not None
        assert energies[entry.action, entry.case] == pytest.approx(entry.cost.energy * 1e15, rel=1e-8)


@pytest.mark.usefixtures("no_ngspice")
@pytest.mark.parametrize("style", ["text", "csv", "markdown", "latex"])
def test_a_table_is_printed_without_a_simulator(
    characterized: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], style: str
) -> None:
    source = str(characterized / "device_table.toml")
    assert run(monkeypatch, "table", "operations", "--from", source, "--format", style) == 0
    printed = capsys.readouterr().out
    assert "XOR" in printed
    assert len(printed.splitlines()) >= 22


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["table", "weather"], "no part 'weather'; there are: "),
        (["table", "operations", "--format", "stone"], "--format stone: must be one of text, csv, markdown, latex"),
    ],
)
def test_what_a_table_has_not_is_one_line(
    characterized: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    assert run(monkeypatch, *arguments, "--from", str(characterized / "device_table.toml")) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_a_missing_table_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, "table", "operations") == 2
    assert "spintronics run imce writes one" in capsys.readouterr().err


def test_an_unknown_part_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "characterize", "--only", "weather") == 2
    assert "parts.0 = \"weather\": must be 'write', 'operations'," in capsys.readouterr().err


def test_what_fails_stands_in_the_table_with_its_reason_and_the_rest_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hasty = "technology.sense.logic_develop_time=0.1 ns"
    assert run(monkeypatch, "characterize", "--only", "operations", "--set", hasty, "--out", str(tmp_path)) == 2
    table = DeviceTable.load(tmp_path / "device_table.toml")
    reasons = {e.action: e.status for e in table.entries if e.status != "ok"}
    assert set(reasons) == {"AND", "NAND", "OR", "NOR", "XOR"}
    assert all("logic_develop_time" in reason for reason in reasons.values())
    assert table.action("read").energy > 0
    said = capsys.readouterr()
    assert said.err.startswith("error: AND 00: ")
    assert "; 19 more failed; everything else is in " in said.err
    assert "results in" in said.out
