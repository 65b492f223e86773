"""Results read again, and every folder that is none as one line."""

import csv
import json
import shutil
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path

import pytest

from spintronics.errors import InputError
from spintronics.report.files import reading
from spintronics.report.html.page import page_of
from spintronics.report.results import Results, device_table_at


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


def with_bytes(name: str, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    """Damages one file of a folder."""

    def damage(folder: Path) -> None:
        (folder / name).write_bytes(change((folder / name).read_bytes()))

    return damage


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("tables/energy.csv", lambda held: held + b"\xff", "not text in UTF-8, at byte"),
        ("tables/energy.csv", lambda held: held[:-1] + b",1\n", r"row \d+ has 29 cells, the header 28"),
        ("tables/energy.csv", lambda held: held.replace(b"total_uJ", b"sum_uJ", 1), "cannot be read: "),
        ("tables/energy.csv", lambda held: b"", "cannot be read: "),
        (
            "tables/sense_margin.csv",
            lambda held: held.replace(b"read,1,", b"read,x,", 1),
            "fan_in = 'x': must be a number",
        ),
        (
            "tables/sense_margin.csv",
            lambda held: held.replace(b"v_reference_mV", b"nothing_mV", 1),
            "no 'v_reference_mV'",
        ),
        ("decks/index.json", lambda held: b'{"device": 3}', "cannot be read: "),
        ("decks/index.json", lambda held: b'{"device": [[{"file": "x"}]]}', "cannot be read: "),
        ("decks/index.json", lambda held: b"[1]", "cannot be read: "),
        ("waveforms/AND_01.parquet", lambda held: held[:1000], "Parquet"),
        ("trials/fan_in_2/000000000.parquet", lambda held: held[:1000], "Parquet"),
        ("manifest.json", lambda held: held[:1000], "cannot be read: "),
    ],
)
def test_a_damaged_file_is_named_in_one_line(
    name: str, change: Callable[[bytes], bytes], words: str, imce_run: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "r"
    shutil.copytree(imce_run, folder)
    with_bytes(name, change)(folder)
    with pytest.raises(InputError, match=words) as raised:
        page_of(Results.load(folder))
    assert str(raised.value).startswith(f"{folder / name}: ")
    assert "\n" not in str(raised.value)


def test_what_cannot_be_opened_says_why_once(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"^{tmp_path}: cannot be read: Is a directory$"), reading(tmp_path):
        tmp_path.read_text()
    with pytest.raises(InputError, match="x: is missing; run the pipeline again"), reading(tmp_path / "x"):
        (tmp_path / "x").read_text()


@pytest.mark.parametrize(
    ("gone", "message"),
    [
        ("tables", r"tables/device\.csv is missing, \d+ of \d+ files that manifest\.json names"),
        ("trials/fan_in_2", r"trials/fan_in_2/000000000\.parquet is missing, 1 of \d+ files"),
        ("waveforms", ""),
    ],
)
def test_a_complete_run_without_its_files_is_not_whole(gone: str, message: str, imce_run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "r"
    shutil.copytree(imce_run, folder)
    shutil.rmtree(folder / gone)
    with pytest.raises(InputError, match=message) if message else nullcontext():  # waveforms may be removed
        Results.load(folder).require_whole()


def test_a_run_that_says_how_far_it_came_is_shown_as_it_is(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "r", {}, status="failed", outputs=["tables/a.csv"])
    Results.load(folder).require_whole()


def test_a_listed_table_that_is_gone_is_missing_not_unknown(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "r", {"energy": "a\n1\n", "area": "a\n1\n"})
    (folder / "tables" / "energy.csv").unlink()
    with pytest.raises(InputError, match=r"tables/energy\.csv: is missing"):
        Results.load(folder).table("energy")
    assert Results.load(folder).table("area") == [{"a": 1}]


def test_a_device_table_is_a_file_or_a_run_s_of_this_version(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "r", {}, versions={"spintronics-imce": "99.0.0"})
    file = folder / "device_table.toml"
    file.write_text("")
    assert device_table_at(file) == file
    with pytest.raises(InputError, match=r"made by spintronics 99\.0\.0, this is 0\.1\.0"):
        device_table_at(folder)
    (folder / "manifest.json").unlink()
    with pytest.raises(InputError, match=r"no manifest\.json"):
        device_table_at(folder)
    file.unlink()
    with pytest.raises(InputError, match="no such file"):
        device_table_at(file)
