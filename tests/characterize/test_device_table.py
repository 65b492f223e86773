"""Device table: composition refuses what failed; what is written is what is read; bad files are named."""

from dataclasses import replace
from math import pi
from pathlib import Path

import pytest

from spintronics.characterize.device_table import ActionCost, DeviceTable, Entry, ErrorRate, OperationFailed
from spintronics.errors import InputError
from spintronics.technology import Technology

ZERO = Entry("operations", "AND", "00", "one column", "read_bench", ActionCost({"latch": 1e-15 / 3}, pi * 1e-9))
ONE = Entry(
    *("operations", "AND", "11", "one column", "read_bench"),
    cost=ActionCost({"latch": 3e-15, "bit line": 1e-15}, 2e-9),
    leakage=1e-9 / 7,
    area=1e-12,
    error=ErrorRate(3, 1000, 6.2e-4, 8.7e-3),
)
FAILED = Entry("operations", "OR", "00", "one column", "read_bench", None, status='no decision: "0.1 mV" at the latch')


def table(imce45: Technology, *entries: Entry) -> DeviceTable:
    return DeviceTable.of(imce45, entries)


def test_what_is_written_is_what_is_read_to_the_last_bit(imce45: Technology, tmp_path: Path) -> None:
    path = tmp_path / "table.toml"
    written = table(imce45, ZERO, ONE, FAILED)
    path.write_text(written.to_toml(), encoding="utf-8")
    assert DeviceTable.load(path) == written


def test_an_action_is_the_mean_of_its_cases_and_its_slowest(imce45: Technology) -> None:
    cost = table(imce45, ZERO, ONE).action("AND")
    assert cost.parts["latch"] == pytest.approx((1e-15 / 3 + 3e-15) / 2)
    assert cost.parts["bit line"] == pytest.approx(0.5e-15)
    assert cost.latency == pi * 1e-9


def test_nothing_is_derived_from_a_failed_case(imce45: Technology) -> None:
    found = table(imce45, ZERO, FAILED, replace(FAILED, case="01", cost=ZERO.cost, status="ok"))
    assert found.failed == (FAILED,)
    assert found.action("AND").energy > 0
    with pytest.raises(OperationFailed, match="OR 00: no decision"):
        found.action("OR")
    with pytest.raises(OperationFailed, match="no action 'XOR'; there are: AND, OR"):
        found.action("XOR")


def test_a_table_of_another_technology_is_refused(imce45: Technology) -> None:
    found = table(imce45, ONE)
    found.require(imce45)
    with pytest.raises(InputError, match="characterize it anew"):
        found.require(Technology.load("imce45", {"junction.tmr": "1.2"}))


def test_a_name_stands_once(imce45: Technology) -> None:
    with pytest.raises(InputError, match="'AND 11' stands there twice"):
        table(imce45, ONE, ONE)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("format = 1", "format = 7", "format = 7: must be 1"),
        ("technology_sha256", "digest", "technology_sha256: missing"),
        ('latency = "2e-09 s"', 'latency = "2e-09 J"', r"entry 1 \(AND 11\): latency = .* wrong unit"),
        ('latency = "2e-09 s"\n', "", "latency or energy: missing"),
        ('case = "11"', 'case = "11"\nspeed = 1', "speed: unknown key"),
        ("[[entry]]", "[[entry]", "not valid TOML"),
    ],
)
def test_a_file_that_is_no_device_table_is_named(imce45: Technology, old: str, new: str, message: str) -> None:
    text = table(imce45, ONE).to_toml()
    assert old in text
    with pytest.raises(InputError, match=message):
        DeviceTable.from_toml(text.replace(old, new), "my.toml")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"table\.toml: no such file; spintronics characterize writes one"):
        DeviceTable.load(tmp_path / "table.toml")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (f'leakage = "{1e-9 / 7!r} W"', 'leakage = "-1e-9 W"', "leakage = -1e-09 W: must not be negative"),
        (f'leakage = "{1e-9 / 7!r} W"', 'leakage = "1e999 W"', "leakage = .*not a finite number"),
        ('area = "1e-12 m^2"', 'area = "-1e-12 m^2"', r"area = -1e-12 m\^2: must not be negative"),
        ('area = "1e-12 m^2"', 'area = "1e999 m^2"', "area = .*not a finite number"),
    ],
)
def test_leakage_and_area_are_no_less_than_nothing(imce45: Technology, old: str, new: str, message: str) -> None:
    text = table(imce45, ONE).to_toml()
    assert old in text
    with pytest.raises(InputError, match=rf"entry 1 \(AND 11\): {message}"):
        DeviceTable.from_toml(text.replace(old, new), "my.toml")


def test_leakage_and_area_of_an_action(imce45: Technology) -> None:
    found = table(imce45, ONE, replace(ONE, case="10", leakage=3e-9 / 7), FAILED)
    assert found.leakage("AND") == pytest.approx(2e-9 / 7)
    assert found.area("AND") == 1e-12
    with pytest.raises(OperationFailed, match="OR 00: no decision"):
        found.leakage("OR")
    with pytest.raises(OperationFailed, match="OR 00: area: missing"):
        found.area("OR")


def test_an_entry_that_gives_energy_is_refused(imce45: Technology) -> None:
    text = table(imce45, ONE).to_toml().replace('"3e-15 J"', '"-3e-15 J"')
    with pytest.raises(InputError, match=r"entry 1 \(AND 11\): -2e-15 J in 2e-09 s: must not be negative"):
        DeviceTable.from_toml(text, "my.toml")
