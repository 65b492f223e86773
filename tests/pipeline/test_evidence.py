"""Decks and waveforms that a run leaves: the deck gives the waveform again, and the waveform the table's energy."""

import csv
import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
import pytest

from spintronics.ngspice import DeckError, Simulator
from spintronics.pipeline.cache import CachedSimulator
from spintronics.pipeline.evidence import DeckKeeper, KeptDeck

DIVIDER = "divider of {}\nv1 in 0 1\nr1 in out 1k\nr2 out 0 {}k\n.op\n.end\n"
CHARGE = "charge of {}\nv1 in 0 pwl(0 0 1f 1)\nr1 in out 1k\nc1 out 0 {}p\n.tran 10p 5n\n.end\n"


def vectors(deck: KeptDeck) -> dict[str, npt.NDArray[np.float64]]:
    """A kept deck's waveforms, read again."""
    read = pq.read_table(io.BytesIO(deck.waves))
    return {name: read[name].to_numpy() for name in read.column_names}


def test_the_first_of_a_title_is_kept_with_its_waveforms() -> None:
    keeper = DeckKeeper.of(Simulator()).about("here")
    found = [keeper.run(CHARGE.format("all", pico)) for pico in (9, 1, 3)]
    [kept] = keeper.decks()
    assert (kept.runs, kept.text) == (3, CHARGE.format("all", 9))
    assert list(vectors(kept)) == list(found[0])
    for name, values in vectors(kept).items():
        assert np.array_equal(values, found[0][name]), name
    assert list(kept.files) == ["decks/here_charge_all.cir", "waveforms/here_charge_all.parquet"]


def test_what_is_no_transient_or_failed_has_no_waveforms() -> None:
    keeper = DeckKeeper.of(Simulator())
    keeper.run(DIVIDER.format("all", 3))
    keeper.keep(CHARGE.format("another's", 3), 7)
    with pytest.raises(DeckError):
        keeper.run("bad\nx1 a b missing\n.tran 1n 2n\n.end\n")
    assert [(deck.title, deck.runs, deck.waves) for deck in keeper.decks()] == [
        ("bad", 1, b""),
        ("charge of another's", 7, b""),
        ("divider of all", 1, b""),
    ]
    assert all(list(deck.files) == [deck.indexed.file] for deck in keeper.decks())


def test_which_deck_is_kept_does_not_depend_on_the_threads() -> None:
    """Nor which waveforms: of maps one after the other, and of decks that an executor solves in any order."""
    keepers = [DeckKeeper.of(Simulator()).about("here") for _ in range(2)]
    for keeper, workers in zip(keepers, (1, 4), strict=True):
        keeper.map(lambda sim, n: [sim.run(CHARGE.format("all", m)) for m in (n, n + 1)], (9, 1, 3), workers)
        keeper.map(lambda sim, n: sim.run(CHARGE.format("all", n)), (1, 2), workers)
        keeper.map(lambda sim, n: sim.run(CHARGE.format(n, n)), (9, 1), workers)
        with ThreadPoolExecutor(workers) as pool:
            order = (3, 1, 2) if workers == 1 else (1, 2, 3)
            list(pool.map(keeper.run, [DIVIDER.format("chunks", n) for n in order]))
        keeper.run(DIVIDER.format("chunks", 0.5))  # comes later, though first in the alphabet
    first, second = (keeper.decks() for keeper in keepers)
    assert first == second
    assert [(deck.title, deck.runs, deck.text) for deck in first] == [
        ("charge of 1", 1, CHARGE.format(1, 1)),
        ("charge of 9", 1, CHARGE.format(9, 9)),
        ("charge of all", 8, CHARGE.format("all", 9)),
        ("divider of chunks", 4, DIVIDER.format("chunks", 1)),
    ]
    assert len(first[2].waves) > 1000


def test_a_map_without_a_purpose_names_its_items() -> None:
    keeper = DeckKeeper.of(Simulator(), lambda k: f"{k} k")
    keeper.map(lambda sim, k: sim.run(DIVIDER.format("all", k)), (1, 3), 2)
    assert [deck.indexed.file for deck in keeper.decks()] == ["decks/1_k_divider_all.cir", "decks/3_k_divider_all.cir"]
    assert keeper.decks("1 k", "multiplier") == []


def test_a_result_of_the_cache_gives_the_same_files(tmp_path: Path) -> None:
    kept = []
    for _ in range(2):
        cached = CachedSimulator(cache=tmp_path)
        keeper = DeckKeeper.of(cached)
        keeper.run(CHARGE.format("all", 3))
        kept += keeper.decks()
    assert cached.count == {"reused": 1}
    assert kept[0].waves
    assert kept[0].files == kept[1].files


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
