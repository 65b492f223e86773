"""Results read again, and every folder that is none as one line."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from spintronics.errors import InputError
from spintronics.report.results import Results


def folder_of(path: Path, tables: Mapping[str, str], **changes: object) -> Path:
    """A results folder with nothing but tables."""
    manifest: dict[str, object] = {
        "versions": {"spintronics-imce": "0.1.0"},
        "outputs": [f"tables/{name}.csv" for name in tables],
    }
    (path / "tables").mkdir(parents=True)
    for name, text in tables.items():
        (path / "tables" / f"{name}.csv").write_text(text, encoding="utf-8")
    (path / "manifest.json").write_text(json.dumps(manifest | changes), encoding="utf-8")
    return path


def test_columns_are_numbers_where_every_cell_is_one(tmp_path: Path) -> None:
    text = "operation,inputs,failures,margin_mV,reason\nAND,01,0,1.5e-3,\nAND,11,12,,late\n"
    rows = Results.load(folder_of(tmp_path / "r", {"made_up": text})).table("made_up")
    assert rows == [
        {"operation": "AND", "inputs": "01", "failures": 0, "margin_mV": 1.5e-3, "reason": None},
        {"operation": "AND", "inputs": "11", "failures": 12, "margin_mV": None, "reason": "late"},
    ]


def test_every_table_of_a_run_is_read_as_it_was_written(imce_run: Path) -> None:
    results = Results.load(imce_run)
    assert {f"{name}.csv" for name in results.table_names} == {p.name for p in (imce_run / "tables").glob("*.csv")}
    for name, rows in results.tables().items():
        with (imce_run / "tables" / f"{name}.csv").open(newline="", encoding="utf-8") as file:
            for ours, line in zip(rows, csv.DictReader(file), strict=True):
                for column, value in ours.items():
                    assert (
                        (value is None and line[column] == "")
                        or str(value) == line[column]
                        or (isinstance(value, float) and value == float(line[column]))
                    )


def test_a_table_that_is_not_there_names_the_nearest(tmp_path: Path) -> None:
    results = Results.load(folder_of(tmp_path / "r", {"sense_margin": "a\n1\n", "energy": "a\n1\n"}))
    with pytest.raises(InputError, match=r"no table 'sense_margn'; did you mean sense_margin\?"):
        results.table("sense_margn")
    with pytest.raises(InputError, match=r"no table 'x'; there are: sense_margin, energy"):
        results.table("x")


def test_a_folder_without_a_manifest_says_what_to_give(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path, tmp_path / "nowhere", tmp_path / "file"):
        with pytest.raises(InputError, match=r"no manifest\.json; give a folder that spintronics run wrote"):
            Results.load(folder)


@pytest.mark.parametrize("text", ["no JSON", "[]", "{}", '{"versions": 1}', '{"versions": {}, "outputs": []}'])
def test_somebody_elses_manifest_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(InputError, match=r"manifest\.json: "):
        Results.load(tmp_path)


@pytest.mark.parametrize("name", ["../secret.csv", "/etc/hostname"])
def test_a_manifest_that_leads_elsewhere_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="outside its folder"):
        Results.load(folder_of(tmp_path / "r", {}, outputs=[name]))


def test_results_of_another_version_are_refused(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "r", {}, versions={"spintronics-imce": "0.0.9"})
    with pytest.raises(InputError, match=r"made by spintronics 0\.0\.9, this is 0\.1\.0: run the pipeline again"):
        Results.load(folder)
