"""Results of commands that are no pipelines: the same folder, manifest and page."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from spintronics.errors import InputError
from spintronics.report.html.page import page_of
from spintronics.report.html.provenance import Provenance
from spintronics.report.results import Deck, Results
from spintronics.report.rows import Row
from spintronics.report.writing import write_results

ROWS: list[Row] = [
    {"errors": "given", "rate": 0.01, "accuracy": 0.93},
    {"errors": "none", "rate": None, "accuracy": 0.95},
]


def test_a_manifest_makes_a_folder_that_every_command_reads(tmp_path: Path) -> None:
    what = {"pipeline": {"experiment": "accuracy", "name": "mine", "seed": 7}, "inputs": {"network.npz": "ab" * 32}}
    write_results(tmp_path, {"accuracy": ROWS}, {}, what)
    results = Results.load(tmp_path)
    assert results.table("accuracy") == ROWS
    assert (results.name, results.experiment) == ("mine", "accuracy")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert text == page_of(results)
    assert "Experiment accuracy, seed 7." in text
    chain = Provenance(results).chain("accuracy", ROWS[0], 0)
    assert [step.title for step in chain] == ["Table", "Computed by", "Inputs"]
    assert chain[-1].text == "network.npz abababababab, seed 7"


def test_without_one_there_are_tables_alone(tmp_path: Path) -> None:
    write_results(tmp_path, {"accuracy": ROWS}, {})
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == {"accuracy.csv", "accuracy.md"}
    with pytest.raises(InputError, match=r"no manifest\.json"):
        Results.load(tmp_path)


def test_decks_of_a_table_are_those_that_are_there(tmp_path: Path) -> None:
    write_results(tmp_path, {"accuracy": ROWS}, {}, {"pipeline": {}})
    (tmp_path / "decks").mkdir()
    for name in ("one", "two"):
        (tmp_path / "decks" / f"{name}.cir").write_text("a deck\n")
    (tmp_path / "waveforms").mkdir()
    (tmp_path / "waveforms" / "one.parquet").write_bytes(b"some")
    decks = [Deck(f"decks/{n}.cir", n, 2, f"waveforms/{n}.parquet") for n in ("one", "two", "gone")]
    index = {"accuracy": [[asdict(deck) for deck in decks], []]}
    (tmp_path / "decks" / "index.json").write_text(json.dumps(index))
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert Results(tmp_path, manifest).decks("accuracy", 0) == []  # not of this run
    manifest["outputs"].append("decks/index.json")
    found = Results(tmp_path, manifest)
    assert found.decks("accuracy", 0) == [decks[0], Deck("decks/two.cir", "two", 2, "")]  # a user removed the others
    chain = [(step.title, step.href) for step in Provenance(found).chain("accuracy", ROWS[0], 0)]
    assert chain[2:5] == [
        ("Deck", "decks/one.cir"),
        ("Waveforms", "waveforms/one.parquet"),
        ("Deck", "decks/two.cir"),
    ]
    assert found.decks("accuracy", 1) == found.decks("accuracy", 2) == found.decks("other", 0) == []
    (tmp_path / "decks" / "index.json").write_text("[")
    with pytest.raises(InputError, match=r"index\.json: cannot be read"):
        Results(tmp_path, manifest).decks("accuracy", 0)
