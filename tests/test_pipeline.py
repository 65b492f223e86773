"""Whole runs of the pipeline with few trials: what lies in the results folder, and what is left of a broken one."""

import csv
import json
import math
import resource
import shutil
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pyarrow.parquet as pq
import pytest

from spintronics.characterize.device_table import DeviceTable
from spintronics.errors import InputError
from spintronics.ngspice import find_ngspice
from spintronics.pipeline import ImceRun, load_pipeline
from spintronics.resources import PIPELINES
from spintronics.technology import Technology

COMMAND = Path(sys.executable).with_name("spintronics")
TRIALS = 4500  # three chunks, so that several workers share a sweep; tails can be fitted
FEW = ["--trials", str(TRIALS), "--seed", "7", "--set", "thermal_angles=2"]
TABLES = [
    *("device", "operations", "energy_by_contributor", "sense_margin", "sense_voltage", "logic"),
    *("and_operations", "storage", "area", "energy", "comparison", "complexity", "claims"),
    *("area_overhead", "area_by_layer", "energy_by_layer", "needed"),
]
FIGURES = ["write_waveforms", "sense_waveforms", "sense_margin", "energy", "area"]
EVIDENCE = (("decks", "cir"), ("waveforms", "parquet"))
MAY_BE_EMPTY = ("seed", "ratio", "case", "leakage_", "area_um2", "p_error")  # no such figure in the slides, or here


def files(folder: Path) -> set[str]:
    """Everything in a folder, hidden files too."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}


def table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "tables" / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def manifest(folder: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return loaded


def run_command(folder: Path, *arguments: str, **options: Any) -> "subprocess.CompletedProcess[str]":
    command = [COMMAND, "run", "imce", "--out", folder, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, **options)


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> "subprocess.CompletedProcess[str]":
    folder = tmp_path_factory.mktemp("first") / "results" / "imce"
    return run_command(folder, *FEW, "--set", 'networks=["lenet", "svhn"]', "--workers", "2")


@pytest.fixture(scope="module")
def first(answer: "subprocess.CompletedProcess[str]") -> Path:
    """Results of one complete run by the installed command."""
    assert answer.returncode == 0, answer.stderr
    return Path(answer.stdout.splitlines()[-1].removeprefix("results in "))


USERS = {
    "notes.txt": "a user's",
    "tables/mine.csv": "a,b\n1,2\n",
    "figures/mine.png": "a picture",
    "other/deep/file": "kept",
}


@pytest.fixture(scope="module")
def second(first: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same folder after a user put files into it and ran again: one network, one worker."""
    folder = tmp_path_factory.mktemp("second") / "imce"
    shutil.copytree(first, folder)
    for name, text in USERS.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    overrides = {"trials": str(TRIALS), "seed": "7", "thermal_angles": "2", "networks": "lenet"}
    pipeline, technology = load_pipeline("imce", overrides)
    ImceRun(pipeline, technology, folder, 1, lambda stage, total: lambda amount: None, overrides).execute()
    return folder


def test_run_is_quiet_and_prints_the_main_tables(answer: "subprocess.CompletedProcess[str]") -> None:
    assert answer.returncode == 0
    assert answer.stderr == ""  # no progress bars where there is no terminal
    for title in ("device", "sense margin", "operations", "storage", "energy", "comparison"):
        assert f"\n{title}\n" in answer.stdout


def test_every_file_is_there_and_in_the_manifest(first: Path) -> None:
    figures = [*FIGURES, "and_operations_lenet", "and_operations_svhn"]
    expected = {f"tables/{name}.{suffix}" for name in TABLES for suffix in ("csv", "md")}
    expected |= {f"figures/{name}.{suffix}" for name in figures for suffix in ("svg", "png")}
    expected |= {f"trials/fan_in_{k}/000000000.parquet" for k in (1, 2, 3)}
    expected |= {"device_table.toml", "report.html", "manifest.json", "decks/index.json"}
    behind = json.loads((first / "decks" / "index.json").read_text(encoding="utf-8"))
    decks = [deck for rows in behind.values() for row in rows for deck in row]
    expected |= {deck[kind] for deck in decks for kind in ("file", "waveforms") if deck[kind]}
    found = files(first)
    pairs = ("00", "01", "10", "11")
    cases = [f"{action}_{bits}" for action in ("AND", "OR", "XOR") for bits in pairs]
    cases += [f"{action}_{bit}" for action in ("write", "read") for bit in (0, 1)]
    expected |= {f"{folder}/{case}.{suffix}" for case in cases for folder, suffix in EVIDENCE}
    assert found == expected
    assert {*manifest(first)["outputs"], "manifest.json"} == found


def test_manifest_says_how_it_was_made(first: Path) -> None:
    found = manifest(first)
    assert found["status"] == "complete"
    assert "reason" not in found
    assert found["pipeline"]["seed"] == 7
    assert found["pipeline"]["trials"] == TRIALS
    assert found["pipeline"]["networks"] == ["lenet", "svhn"]
    assert found["overrides"]["thermal_angles"] == "2"
    assert found["technology"] == Technology.load("imce45").model_dump(mode="json")
    assert found["technology_sha256"] == Technology.load("imce45").digest()
    assert found["technology_sources"] == Technology.load("imce45").sources
    assert found["versions"]["ngspice"] == find_ngspice().version
    assert found["versions"]["numpy"] == np.__version__
    assert found["workers"] == 2
    seconds = found["seconds"]
    assert min(seconds.values()) >= 0
    assert sum(value for stage, value in seconds.items() if stage != "total") <= seconds["total"] + 0.05


@pytest.mark.parametrize("name", TABLES)
def test_table_is_well_formed(name: str, first: Path) -> None:
    rows = table(first, name)
    assert rows
    for row in rows:
        assert None not in row  # no cell beyond the header
        assert None not in row.values()  # no cell missing
    lines = (first / "tables" / f"{name}.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(rows) + 2
    assert lines[0] == f"| {' | '.join(rows[0])} |"
    assert {line.count("|") for line in lines} == {len(rows[0]) + 1}


@pytest.mark.parametrize("name", TABLES)
def test_every_value_is_finite_and_no_cost_is_negative(name: str, first: Path) -> None:
    for row in table(first, name):
        for column, cell in row.items():
            if name in ("comparison", "needed") or column.startswith(MAY_BE_EMPTY):
                assert cell.lower() not in ("nan", "inf", "-inf")
            else:
                assert cell != ""
            if column.endswith(("_fJ", "_uJ", "_ns", "_ps", "_MiB", "_um2", "_mm2")) and cell:
                assert float(cell) >= 0
                assert math.isfinite(float(cell))


def test_operations_give_the_truth_tables(first: Path) -> None:
    rows = table(first, "operations")
    truth = {("write", "0"): "0", ("write", "1"): "1", ("read", "0"): "0", ("read", "1"): "1"}
    for a in (0, 1):
        for b in (0, 1):
            truth[("AND", f"{a}{b}")] = str(int(a and b))
            truth[("OR", f"{a}{b}")] = str(int(a or b))
            truth[("NAND", f"{a}{b}")] = str(int(not (a and b)))
            truth[("NOR", f"{a}{b}")] = str(int(not (a or b)))
            truth[("XOR", f"{a}{b}")] = str(int(a != b))
    assert {(row["operation"], row["inputs"]): row["result"] for row in rows} == truth
    assert all(float(row["energy_fJ"]) > 0 and float(row["latency_ns"]) > 0 for row in rows)


def test_contributors_sum_to_the_operations_energy(first: Path) -> None:
    parts = table(first, "energy_by_contributor")
    for row in table(first, "operations"):
        own = [
            float(p["energy_fJ"]) for p in parts if (p["operation"], p["inputs"]) == (row["operation"], row["inputs"])
        ]
        assert len(own) > 1
        assert sum(own) == pytest.approx(float(row["energy_fJ"]), rel=1e-7)


def test_network_energies_sum_and_areas_add_up(first: Path) -> None:
    for row in table(first, "energy"):
        beside = ("total_uJ", "static_uJ")
        parts = [float(value) for name, value in row.items() if name.endswith("_uJ") and name not in beside]
        assert sum(parts) == pytest.approx(float(row["total_uJ"]), rel=1e-7)
    assert sum(float(row["share"]) for row in table(first, "area")) == pytest.approx(1, rel=1e-7)


def test_and_operations_are_macs_times_bits(first: Path) -> None:
    macs = {"lenet": 2_293_000, "svhn": 41_735_424}  # literal sums over the layers' shapes
    rows = [row for row in table(first, "and_operations") if row["first_layer"] == "practical"]
    for network, total in macs.items():
        own = [
            int(row["and_operations"]) / int(row["w_bits"]) / int(row["input_bits"])
            for row in rows
            if row["network"] == network
        ]
        assert sum(own) == 5 * total  # five bit-width configurations


def test_parquet_says_its_units_seed_and_technology(first: Path, imce45: Technology) -> None:
    for fan_in in (1, 2, 3):
        schema = pq.read_schema(first / "trials" / f"fan_in_{fan_in}" / "000000000.parquet")
        assert schema.metadata[b"seed"] == b"7"
        assert schema.metadata[b"technology_sha256"] == imce45.digest().encode()
        states = ["-".join(["P"] * (fan_in - n) + ["AP"] * n) for n in range(fan_in + 1)]
        units = {f"r_p_{k}": b"ohm" for k in range(fan_in)} | {f"tmr_{k}": b"1" for k in range(fan_in)}
        units |= {f"v_sense_{state}": b"V" for state in states} | {"failure": b""}
        assert {field.name: field.metadata[b"unit"] for field in schema} == units


def test_trials_are_whole_finite_and_in_the_order_of_their_states(first: Path, imce45: Technology) -> None:
    for fan_in in (1, 2, 3):
        data = pq.read_table(first / "trials" / f"fan_in_{fan_in}")
        assert data.num_rows == TRIALS
        assert data["failure"].null_count == TRIALS
        for column in data.drop_columns("failure").columns:
            values = column.to_numpy()
            assert np.isfinite(values).all()
            assert (values > 0).all()
        voltages = [data[name].to_numpy() for name in data.column_names if name.startswith("v_sense")]
        for low, high in pairwise(voltages):
            assert (low < high).all()  # one more antiparallel cell: more resistance, trial by trial
        assert data["r_p_0"].to_numpy().mean() == pytest.approx(imce45.junction.r_p, rel=5 * 0.05 / TRIALS**0.5)


def test_sense_margins_are_those_of_the_trials(first: Path) -> None:
    for row in table(first, "sense_margin"):
        data = pq.read_table(first / "trials" / f"fan_in_{row['fan_in']}")
        reference = float(row["v_reference_mV"])
        low, high = (data[f"v_sense_{row[state]}"].to_numpy() * 1e3 for state in ("low_state", "high_state"))
        gaps = np.minimum(reference - low, high - reference)
        assert float(row["worst_margin_mV"]) == pytest.approx(gaps.min(), abs=1e-5)
        assert int(row["failures"]) == (gaps <= 0).sum()
        assert int(row["trials"]) == TRIALS
        assert float(row["worst_margin_mV"]) < float(row["nominal_margin_mV"])
        if row["failures"] == "0":
            assert float(row["p_fail_high"]) == pytest.approx(1 - 0.025 ** (1 / TRIALS), rel=1e-7)


def test_margin_shrinks_with_fan_in(first: Path) -> None:
    margins = {
        (row["operation"], row["fan_in"]): float(row["nominal_margin_mV"]) for row in table(first, "sense_margin")
    }
    assert margins["read", "1"] > margins["AND", "2"] > margins["AND", "3"] > 0  # slides
    assert margins["OR", "2"] > margins["OR", "3"] > 0


def test_figures_are_pictures(first: Path) -> None:
    for path in (first / "figures").glob("*.png"):
        assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
        assert path.read_bytes().endswith(b"IEND\xaeB`\x82")
    for path in (first / "figures").glob("*.svg"):
        assert ElementTree.parse(path).getroot().tag == "{http://www.w3.org/2000/svg}svg"


def test_trials_do_not_depend_on_the_workers(first: Path, second: Path) -> None:
    assert (manifest(first)["workers"], manifest(second)["workers"]) == (2, 1)
    for fan_in in (1, 2, 3):
        name = f"trials/fan_in_{fan_in}/000000000.parquet"
        assert (first / name).read_bytes() == (second / name).read_bytes()
    for name in ("device", "operations", "energy_by_contributor", "sense_margin", "sense_voltage", "logic", "area"):
        assert (first / "tables" / f"{name}.csv").read_bytes() == (second / "tables" / f"{name}.csv").read_bytes()
    for name in FIGURES[:3]:
        assert (first / "figures" / f"{name}.svg").read_bytes() == (second / "figures" / f"{name}.svg").read_bytes()


def test_second_run_removes_what_the_first_left_and_nothing_of_the_users(first: Path, second: Path) -> None:
    gone = {f"figures/and_operations_svhn.{suffix}" for suffix in ("svg", "png")}
    assert files(second) == (files(first) - gone) | set(USERS)
    for name, text in USERS.items():
        assert (second / name).read_text() == text
    assert {row["network"] for row in table(second, "energy")} == {"lenet"}
    assert set(manifest(second)["outputs"]) == files(second) - set(USERS) - {"manifest.json"}


def require_whole(folder: Path) -> None:
    """Every file of a broken run can be read to its end, and no temporary file is left."""
    for name in files(folder):
        path = folder / name
        assert not path.name.startswith(".")
        if path.suffix == ".csv":
            assert table(folder, path.stem)
            assert path.with_suffix(".md").is_file() or name.endswith("mine.csv")
        elif path.suffix == ".parquet":
            assert pq.read_table(path).num_rows > 0


def test_full_disk_is_one_line_and_leaves_whole_files(second: Path, tmp_path: Path) -> None:
    folder = tmp_path / "imce"
    shutil.copytree(second, folder)

    def small_disk() -> None:  # no file above 1 MiB: the transients' results fit, a chunk of eight cells does not
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))

    few = ["--trials", "5000", "--set", "fan_in=[8]", "--set", "thermal_angles=1"]
    answer = run_command(folder, *few, preexec_fn=small_disk)
    assert answer.returncode == 2
    assert answer.stderr.count("\n") == 1
    assert answer.stderr.startswith("error: ")
    assert "File too large" in answer.stderr
    require_whole(folder)
    assert manifest(folder)["status"] == "failed"
    assert "File too large" in manifest(folder)["reason"]
    assert {"tables/device.csv", "tables/operations.csv", *USERS} < files(folder)
    assert not list(folder.glob("trials/*/*"))


def test_interrupted_run_leaves_whole_files_and_the_next_removes_them(tmp_path: Path) -> None:
    folder = tmp_path / "imce"
    command = [COMMAND, "run", "imce", "--out", folder, "--trials", "1000000", "--set", "thermal_angles=1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        until = time.monotonic() + 60
        while not (folder / "tables" / "energy_by_contributor.md").is_file():
            assert time.monotonic() < until
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        try:
            _, said = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130
    assert said == "interrupted; what was written is whole; the same command with --resume goes on\n"
    require_whole(folder)
    assert manifest(folder)["status"] == "failed"
    assert set(manifest(folder)["outputs"]) >= files(folder) - {"manifest.json"}


@pytest.fixture(scope="module")
def failed(second: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose junctions no simulator solves: a card that is none behind names that fit."""
    folder = tmp_path_factory.mktemp("failed") / "imce"
    shutil.copytree(second, folder)
    cards = folder.parent / "mine.inc"
    cards.write_text(".model nmos_vtg nmos level=54 version=none\n.model pmos_vtg pmos level=999\n")
    pipeline, technology = load_pipeline("imce", {"technology.cmos.cards": str(cards), "trials": "10"})
    with pytest.raises(Exception, match="deck kept at"):
        ImceRun(pipeline, technology, folder, 2, lambda stage, total: lambda amount: None).execute()
    return folder


def test_failed_simulation_keeps_its_deck_and_the_next_run_removes_it(failed: Path) -> None:
    found = manifest(failed)
    decks = list((failed / "failed").glob("*.cir"))
    assert found["status"] == "failed"
    assert decks
    assert any(deck.name in found["reason"] for deck in decks)
    assert {f"failed/{deck.name}" for deck in decks} <= set(found["outputs"])
    pipeline, technology = load_pipeline("imce", {"technology.cmos.nmos": "nmos_vtg"})
    run = ImceRun(pipeline, technology, failed, 2, lambda stage, total: lambda amount: None)
    with run._claim_folder():
        run._clear_folder()
    assert files(failed) == {"manifest.json", *USERS}


def test_wrong_logic_costs_nothing(tmp_path: Path) -> None:
    """A write pulse too short to switch: no table of energies is derived from it; what else there is is kept."""
    settings = ["--set", "technology.write.pulse_width=0.1 ns", "--set", "technology.write.current=100 uA"]
    answer = run_command(tmp_path / "imce", *FEW, *settings, "--set", "fan_in=1")
    assert answer.returncode == 2
    assert answer.stderr.count("\n") == 1
    assert "error: write 0: result 1, expected 0" in answer.stderr
    assert "; left out: evaluation of networks; everything else is in " in answer.stderr
    folder = tmp_path / "imce"
    assert not (folder / "tables" / "energy.csv").exists()
    for name in ("sense_margin", "operations", "energy_by_contributor", "logic", "storage", "area"):
        assert table(folder, name), name
    entries = {e.name: e for e in DeviceTable.load(folder / "device_table.toml").entries}
    assert entries["write 0"].cost is None
    assert "raise write.current" in entries["write 0"].status
    assert entries["AND 01"].cost is not None
    said = manifest(folder)
    assert said["status"] == "failed"
    assert said["failed"]["write 0"] == entries["write 0"].status
    assert list(said["left_out"]) == ["evaluation of networks"]
    assert said["left_out"]["evaluation of networks"].endswith(f"write 0: {entries['write 0'].status}")
    assert "write 0: result 1, expected 0" in (folder / "report.html").read_text(encoding="utf-8")


def test_users_pipeline_finds_its_technology_beside_it(tmp_path: Path) -> None:
    text = (
        (PIPELINES / "imce.toml").read_text(encoding="utf-8").replace('technology = "imce45"', 'technology = "t.toml"')
    )
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    own = (PIPELINES.parent / "models" / "technology" / "imce45.toml").read_text(encoding="utf-8")
    (tmp_path / "t.toml").write_text(own.replace('name = "imce45"', 'name = "mine"'), encoding="utf-8")
    pipeline, technology = load_pipeline(tmp_path / "mine.toml", {"trials": "5", "technology.junction.tmr": "1.2"})
    assert (pipeline.name, pipeline.trials, technology.name, technology.junction.tmr) == ("imce", 5, "mine", 1.2)


def test_settings_are_read_as_toml_or_text() -> None:
    overrides = {"fan_in": "[1, 2]", "networks": "svhn", "bit_widths": '"2:2"', "first_layer": "['seed']"}
    pipeline, _ = load_pipeline("imce", overrides)
    assert pipeline.fan_in == [1, 2]
    assert pipeline.networks == ["svhn"]
    assert pipeline.bit_widths == ["2:2"]
    assert pipeline.first_layer == ["seed"]


@pytest.mark.parametrize("value", ["true", "1.5", '"ten"', "[1]", "1e3"])
def test_trials_that_are_no_count_are_refused(value: str) -> None:
    with pytest.raises(InputError, match=r"imce\.toml: trials = "):
        load_pipeline("imce", {"trials": value})


def test_a_folder_that_another_run_writes_to_is_refused(second: Path, tmp_path: Path) -> None:
    folder = tmp_path / "imce"
    shutil.copytree(second, folder)
    before = files(folder)
    pipeline, technology = load_pipeline("imce", {"trials": "10"})
    with ImceRun(pipeline, technology, folder, 1, lambda stage, total: lambda amount: None)._claim_folder():
        claimed = files(folder)
        answer = run_command(folder, "--trials", "10")
        assert answer.returncode == 2
        assert answer.stderr.count("\n") == 1
        assert "another run is writing there" in answer.stderr
        assert files(folder) == claimed == before


def test_killed_run_leaves_nothing_that_the_next_does_not_clear(tmp_path: Path) -> None:
    folder = tmp_path / "imce"
    command = [COMMAND, "run", "imce", "--out", folder, "--trials", "40000", "--set", "thermal_angles=1"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        until = time.monotonic() + 60
        while not (folder / "trials" / "fan_in_1" / "000000000.parquet").is_file():
            assert time.monotonic() < until
            time.sleep(0.02)
        process.kill()
    assert manifest(folder)["status"] == "running"
    for name in ("trials/fan_in_1/000000000.parquet", "decks/AND_01.cir", "waveforms/AND_01.parquet"):
        path = folder / name
        shutil.copy(path, path.with_name(f".{path.name}.killed{path.suffix}"))  # what it may have been writing
    answer = run_command(folder, *FEW, "--set", "fan_in=2")
    assert answer.returncode == 0, answer.stderr
    assert files(folder) == {"manifest.json", *manifest(folder)["outputs"]}


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        (["technology.sense.current=60 uA"], "sense.current = 60 µA"),
        (["technology.junction.length=30 nm"], "junction.length"),
        (["technology.junction.interface_anisotropy=2e-3 J/m^2"], "junction.interface_anisotropy"),
        (["technology.heavy_metal.spin_hall_angle=0"], "heavy_metal.spin_hall_angle"),
        (["technology.cmos.supply=5 V"], "cmos.supply"),
        (["fan_in=[2, 2]"], "fan_in"),
        (['networks=["svhn", "svhn"]'], "networks"),
    ],
)
def test_what_cannot_work_is_one_line_and_costs_nothing(settings: list[str], named: str, tmp_path: Path) -> None:
    given = [part for setting in settings for part in ("--set", setting)]
    small = ["--trials", "50", "--set", "thermal_angles=1", "--set", "technology.array.columns=64"]
    answer = run_command(tmp_path / "imce", *small, *given)
    assert answer.returncode == 2
    assert answer.stderr.count("\n") == 1
    assert named in answer.stderr
    assert not (tmp_path / "imce" / "tables" / "energy.csv").exists()


def test_write_experiment_leaves_its_tables_and_figures(tmp_path: Path) -> None:
    few = ["thermal_angles=2", "pulses=3", 'currents=["100 uA"]', 'pulse_widths=["1 ns", "2.5 ns"]']
    few += ["technology.stt.pulse_width=25 ns"]
    command = [COMMAND, "run", "write", "--out", tmp_path / "write"]
    answer = subprocess.run(
        [*command, *(part for setting in few for part in ("--set", setting))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    found = files(tmp_path / "write")
    tables = ("device", "write", "write_energy", "write_current", "write_error_rate", "write_thermal", "read_disturb")
    figures = ("write_cells", "switching_time", "write_error_rate")
    assert {f"tables/{name}.csv" for name in tables} | {f"figures/{name}.svg" for name in figures} <= found
    rows = table(tmp_path / "write", "write")
    assert [(row["cell"], row["bit"]) for row in rows] == [
        *(("2T1R SOT", "0"), ("2T1R SOT", "1"), ("1T1R STT", "0"), ("1T1R STT", "1"))
    ]
    parts = table(tmp_path / "write", "write_energy")
    for row in rows:
        own = [float(part["energy_fJ"]) for part in parts if (part["cell"], part["bit"]) == (row["cell"], row["bit"])]
        assert sum(own) == pytest.approx(float(row["energy_fJ"]), rel=1e-6)
    rates = table(tmp_path / "write", "write_error_rate")
    assert all(int(row["writes"]) == 3 and 0 <= int(row["failures"]) <= 3 for row in rates)
    device = {row["quantity"]: row["value"] for row in table(tmp_path / "write", "device")}
    assert device["write 1: supply"] == rows[1]["supply_V"]
    thermal = table(tmp_path / "write", "write_thermal")
    assert [(row["bit"], float(row["pulse_ns"]), row["writes"]) for row in thermal] == [("0", 1, "3"), ("1", 1, "3")]
    assert all(int(row["same_end"]) >= 2 for row in thermal)
