"""Decks and waveforms that a run leaves: the deck gives the waveform again, and the waveform the table's energy."""

import csv
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from spintronics.ngspice import Simulator
from spintronics.pipeline.evidence import RecordingSimulator

DIVIDER = "divider\nv1 in 0 1\nr1 in out 1k\nr2 out 0 {}k\n.op\n.end\n"


def test_the_recorder_knows_the_deck_of_each_result() -> None:
    recorder = RecordingSimulator.of(Simulator())
    decks = [DIVIDER.format(k) for k in (1, 3, 9)]
    found = recorder.map(lambda sim, deck: sim.run(deck), decks, workers=2)
    assert [float(waves["v(out)"][0]) for waves in found] == pytest.approx([0.5, 0.75, 0.9])
    assert [recorder.deck_of(waves) for waves in found] == decks
    assert recorder.deck_of(Simulator().run(decks[0])) is None


def test_a_kept_deck_gives_the_kept_waveform_again(imce_run: Path) -> None:
    deck = (imce_run / "decks" / "AND_01.cir").read_text(encoding="utf-8")
    kept = pq.read_table(imce_run / "waveforms" / "AND_01.parquet")
    again = Simulator().run(deck)
    assert list(again) == kept.column_names
    for name, values in again.items():
        assert np.array_equal(values, kept[name].to_numpy())


def test_a_table_s_energy_follows_from_the_waveform(imce_run: Path) -> None:
    """The write supply's part: its voltage times the charge that it delivers."""
    with (imce_run / "tables" / "energy_by_contributor.csv").open(newline="") as file:
        rows = {(r["operation"], r["inputs"], r["contributor"]): float(r["energy_fJ"]) for r in csv.DictReader(file)}
    kept = pq.read_table(imce_run / "waveforms" / "write_1.parquet")
    time, current = kept["time"].to_numpy(), kept["i(vwrite_supply)"].to_numpy()
    charge = -np.sum(np.diff(time) * (current[1:] + current[:-1]) / 2)
    with (imce_run / "tables" / "device.csv").open(newline="") as file:
        [voltage] = [float(r["value"]) for r in csv.DictReader(file) if r["quantity"] == "write 1: supply"]
    assert rows["write", "1", "write supply"] == pytest.approx(voltage * charge * 1e15, rel=1e-6)


def test_vectors_have_units(imce_run: Path) -> None:
    units = {field.name: field.metadata[b"unit"] for field in pq.read_schema(imce_run / "waveforms" / "AND_01.parquet")}
    assert (units["time"], units["v(bl)"], units["i(vreference)"]) == (b"s", b"V", b"A")
