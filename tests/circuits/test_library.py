"""Netlists: what they hold, and that ngspice sees the transistors whose area is counted."""

import re
import shutil
from pathlib import Path

import pytest

from spintronics import netlists
from spintronics.circuits.library import netlists_digest, transistor_widths
from spintronics.errors import InputError
from spintronics.netlists import shipped_netlist
from spintronics.resources import NETLISTS
from spintronics.technology import Technology

HAND_WRITTEN = sorted(p.stem for p in NETLISTS.glob("*.spice"))


@pytest.mark.parametrize("name", HAND_WRITTEN)
def test_netlist_is_one_documented_subcircuit_named_like_its_file(name: str) -> None:
    text = shipped_netlist(name)
    subcircuits = re.findall(r"^\.subckt\s+(\S+)(.*)$", text, re.MULTILINE)
    assert [subcircuit for subcircuit, _ in subcircuits] == [name]
    header = text.partition(".subckt")[0]
    ports = [word for word in subcircuits[0][1].split() if "=" not in word]
    assert header.startswith("*")
    for port in ports:
        assert re.search(rf"\b{port}\b", header), f"port {port} is not in the header"


def test_widths_follow_the_parameters(imce45: Technology) -> None:
    assert sorted(transistor_widths(imce45, "line_driver", {"w": 3e-7})) == pytest.approx([3e-7, 6e-7])
    assert len(transistor_widths(imce45, "sense_amplifier", {"w": 1.8e-7})) == 15
    assert len(transistor_widths(imce45, "full_adder", {"w": 9e-8})) == 28
    reference = transistor_widths(imce45, "reference_branch", {"w_read": 1.5e-7, "fan_in": 2})
    assert reference == pytest.approx([1.5e-7] * 5)


def test_missing_netlist_names_those_there_are() -> None:
    with pytest.raises(InputError, match="full_adder"):
        shipped_netlist("full_addder")


def test_digest_holds_every_netlist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, imce45: Technology) -> None:
    before = netlists_digest(imce45)
    shutil.copytree(NETLISTS, tmp_path / "netlists")
    monkeypatch.setattr(netlists, "NETLISTS", tmp_path / "netlists")
    for change in ("sense_cell_ap", "generated/she_mtj"):
        path = tmp_path / "netlists" / f"{change}.spice"
        text = path.read_text()
        path.write_text(text + "* another\n")
        shipped_netlist.cache_clear()
        assert netlists_digest(imce45) != before
        path.write_text(text)
        shipped_netlist.cache_clear()
        assert netlists_digest(imce45) == before
