"""Netlists: what they hold, and that ngspice sees the transistors whose area is counted."""

import re
import shutil
from pathlib import Path

import pytest

from spintronics.circuits import library
from spintronics.circuits.library import netlist, netlists_digest, transistor_widths
from spintronics.errors import InputError
from spintronics.resources import NETLISTS

HAND_WRITTEN = sorted(p.stem for p in NETLISTS.glob("*.spice"))


@pytest.mark.parametrize("name", HAND_WRITTEN)
def test_netlist_is_one_documented_subcircuit_named_like_its_file(name: str) -> None:
    text = netlist(name)
    subcircuits = re.findall(r"^\.subckt\s+(\S+)(.*)$", text, re.MULTILINE)
    assert [subcircuit for subcircuit, _ in subcircuits] == [name]
    header = text.partition(".subckt")[0]
    ports = [word for word in subcircuits[0][1].split() if "=" not in word]
    assert header.startswith("*")
    for port in ports:
        assert re.search(rf"\b{port}\b", header), f"port {port} is not in the header"


def test_widths_follow_the_parameters() -> None:
    assert sorted(transistor_widths("line_driver", {"w": 3e-7})) == pytest.approx([3e-7, 6e-7])
    assert len(transistor_widths("sense_amplifier", {"w": 1.8e-7})) == 15
    assert len(transistor_widths("full_adder", {"w": 9e-8})) == 28
    reference = transistor_widths("reference_branch", {"w_read": 1.5e-7, "fan_in": 2})
    assert reference == pytest.approx([1.5e-7] * 5)


def test_missing_netlist_names_those_there_are() -> None:
    with pytest.raises(InputError, match="full_adder"):
        netlist("full_addder")


def test_digest_holds_every_netlist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = netlists_digest()
    assert netlists_digest() == before
    shutil.copytree(NETLISTS, tmp_path / "netlists")
    monkeypatch.setattr(library, "NETLISTS", tmp_path / "netlists")
    for change in ("sense_cell_ap", "generated/she_mtj"):
        path = tmp_path / "netlists" / f"{change}.spice"
        text = path.read_text()
        path.write_text(text + "* another\n")
        netlist.cache_clear()
        assert netlists_digest() != before
        path.write_text(text)
        netlist.cache_clear()
        assert netlists_digest() == before
