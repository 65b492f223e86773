"""From every number to a deck: of each kind of run, each row that ngspice made opens the decks that made it.

A deck that is a transient opens its waveforms too.
"""

import csv
import re
from pathlib import Path

import pytest

import spintronics
from spintronics.characterize import corners, read_patterns
from spintronics.ngspice import Simulator
from spintronics.report.html.provenance import ORIGINS, Provenance
from spintronics.report.results import Results

NOT_SIMULATED = {"device", "logic", "device_table", "failed_trials"}
"""Tables with rows of closed forms, or composed of others."""


def chains(folder: Path) -> dict[str, list[dict[str, list[str]]]]:
    """Links by the step's title, for each row of each table."""
    results = Results.load(folder)
    provenance = Provenance(results)
    found: dict[str, list[dict[str, list[str]]]] = {}
    for name, rows in results.tables().items():
        for number, row in enumerate(rows):
            steps = provenance.chain(name, row, number)
            assert [steps[0].title, steps[-1].title] == ["Table", "Inputs"]
            for step in steps:
                assert not step.href or step.href.startswith("#") or (folder / step.href).exists(), step
            links = {step.title: [s.href for s in steps if s.title == step.title] for step in steps}
            found.setdefault(name, []).append(links)
            for deck in results.decks(name, number):
                transient = re.search(r"^\.tran ", (folder / deck.file).read_text(encoding="utf-8"), re.MULTILINE)
                assert Path(deck.waveforms).stem == (Path(deck.file).stem if transient else ""), deck
                assert not deck.waveforms or deck.waveforms in links["Waveforms"]
            if "Testbench" in links and name not in NOT_SIMULATED:
                assert {"Deck", "Page of the point"} & set(links), (name, row)
    return found


@pytest.fixture(scope="module")
def characterized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything that the device table has, two corners and as few trials as there can be."""
    folder = tmp_path_factory.mktemp("characterized")
    few = (corners.Corner("nominal", 1.0, 300.15), corners.Corner("ss", 0.9, 398.15))
    settings = {"thermal_angles": "1", "decisions": "2", "trials": "1000", "read_currents": '["8 uA"]'}
    settings["parts"] = '["write", "operations", "errors", "patterns", "read_point", "corners"]'
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corners, "all_corners", lambda technology: few)
        patch.setattr(read_patterns, "PATTERNS", read_patterns.PATTERNS[:1])
        spintronics.run("characterize", folder, settings, workers=2)
    return folder


def test_a_characterization_opens_the_decks_of_each_row(characterized: Path) -> None:
    found = chains(characterized)
    assert {"corners", "corner_spread", "errors", "patterns", "half_selected", "read_point"} <= set(found)
    with (characterized / "tables" / "corners.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row, links in zip(rows, found["corners"], strict=True):
        decks = [(characterized / link).read_text(encoding="utf-8") for link in links["Deck"]]
        cases = {"read": 2, "AND": 4, "OR": 4}.get(row["action"], 0)
        assert len(links["Waveforms"]) == (cases or 1)  # each case, or the write; the nominal sense path is none
        assert sum(deck.startswith(f".title {row['action']} of") for deck in decks) == cases
        assert all(f"temp={float(row['temperature_C']):g}" in deck.replace(" ", "").lower() for deck in decks)
    assert all({"Deck", "Waveforms"} <= set(links) for links in found["device_table"])


def test_a_kept_deck_says_again_what_the_table_says(characterized: Path) -> None:
    """The reference of an AND at 8 µA, from its deck."""
    results = Results.load(characterized)
    [(number, row)] = [(n, r) for n, r in enumerate(results.table("read_point")) if r["read_current_uA"] == 8]
    [deck] = [d.file for d in results.decks("read_point", number) if d.title.endswith("nominal, AND")]
    waves = Simulator().run((characterized / deck).read_text(encoding="utf-8"))
    gaps = (waves["v(ref)"] - waves["v(bl1)"], waves["v(bl2)"] - waves["v(ref)"])
    assert min(float(gap[0]) for gap in gaps) * 1e3 == pytest.approx(row["and_margin_mV"], rel=1e-6)


def test_writes_and_fan_ins_open_their_decks(tmp_path: Path) -> None:
    write = {
        "thermal_angles": "1",
        "currents": '["100 uA", "120 uA"]',
        "pulse_widths": '["1 ns"]',
        "pulses": "2",
    }
    spintronics.run("write", tmp_path / "write", write, workers=2)
    found = chains(tmp_path / "write")
    [slow, fast] = (found["write_current"][n]["Deck"] for n in (0, 1))
    rates = found["write_error_rate"] + found["write_thermal"]
    assert all(len(links["Waveforms"]) == 1 for links in found["write_current"] + rates)
    assert len(slow) == 2  # the write, and the supply that drives the current
    assert slow[0] != fast[0]
    assert len({*(tuple(links["Deck"]) for links in found["write"])}) == 4  # two cells, two bits
    fan_in = {"trials": "500", "fan_in": "[2]", "tmr": "[1.0]", "sigma_ra": "[0.05]"}
    spintronics.run("fan_in", tmp_path / "fan_in", fan_in, workers=2)
    found = chains(tmp_path / "fan_in")
    own = [links["Deck"] for links in found["fan_in"]]
    for decks, operation, states in zip(own, ("OR", "AND"), ("0_and_1", "1_and_2"), strict=True):
        assert any(deck.endswith(f"nominal_{operation}.cir") for deck in decks)
        assert any(f"{states}_antiparallel_2000_trials" in deck for deck in decks)
    assert [deck for deck in own[0] if deck in own[1]] == [deck for deck in own[0] if deck.endswith("_500_trials.cir")]
    assert not {deck for decks in own for deck in decks} & set(found["fan_in_limits"][0]["Deck"])  # another TMR


def test_a_run_of_everything_opens_its_decks(imce_run: Path) -> None:
    found = chains(imce_run)
    assert set(found) <= set(ORIGINS)
    assert all({"Deck", "Waveforms"} <= set(links) for links in found["operations"])
    assert all({"Deck", "Trials"} <= set(links) for links in found["sense_margin"] + found["sense_voltage"])
    composed = [links for links in found["logic"] if "Its gates" in links]
    assert len(composed) == 7
    assert all("Deck" in links for links in found["logic"] if links not in composed)
    assert [("Deck" in links) for links in found["device"]] == [False] * 10 + [True] * 12
