"""Tables: their columns, their way through CSV and Markdown, and the slides' figures beside ours."""

import csv
import io
from collections.abc import Callable
from types import MappingProxyType

import numpy as np
import pytest

from spintronics.accelerator import NetworkCost, network_cost
from spintronics.array import SubArray
from spintronics.baselines import bcnn_rram
from spintronics.characterize.device_table import ActionCost, DeviceTable
from spintronics.characterize.operations import OperationResult
from spintronics.characterize.sense_margin import SenseMargin, SenseTrials
from spintronics.characterize.writing import Writes
from spintronics.circuits.sense_path import Operation
from spintronics.montecarlo import JunctionTrials, failure_probability
from spintronics.montecarlo.chunks import FailedTrial
from spintronics.networks import BitWidths, FirstLayer, and_operations, load, storage_table
from spintronics.ngspice import Waves
from spintronics.report import system, tables
from spintronics.report.rows import Row, as_csv
from spintronics.technology import Technology

NO_WAVES = Waves({"time": np.array([0.0])}, "time")


def read(rows: list[Row]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(as_csv(rows), newline="")))


def columns(rows: list[Row]) -> list[str]:
    return list(rows[0])


@pytest.fixture(scope="module")
def sub_array(imce45: Technology, made_up: Callable[..., DeviceTable]) -> SubArray:
    """Costs by hand, so that nothing has to be simulated."""
    action = ActionCost({"latch": 1e-15, "word line": 2e-17}, 2e-9)
    gate = ActionCost({"gate": 3e-16}, 4e-11)
    actions, gates = ("read", "write", "AND", "OR"), ("full_adder", "mux2", "d_flip_flop")
    return SubArray(imce45, made_up({**dict.fromkeys(actions, action), **dict.fromkeys(gates, gate)}))


def costs(sub_array: SubArray, *widths: str, networks: tuple[str, ...] = ("lenet",)) -> list[NetworkCost]:
    return [
        network_cost(load(network), BitWidths.parse(text), first_layer, sub_array)
        for network in networks
        for first_layer in FirstLayer
        for text in widths
    ]


def test_sense_margin_columns_and_units() -> None:
    margin = SenseMargin(
        *(Operation.AND, 2, "P-AP", "AP-AP", 7809.0, 0.1372, 0.02891, -0.013, 0.015, 0.001),
        failures=failure_probability(3, 1000),
        developed=0.027,
    )
    rows = tables.sense_margin([margin])
    assert columns(rows)[:14] == [
        *("operation", "fan_in", "low_state", "high_state", "reference_ohm", "v_reference_mV", "nominal_margin_mV"),
        *("worst_margin_mV", "failures", "trials", "unsolved", "p_fail", "p_fail_low", "p_fail_high"),
    ]
    row = read(rows)[0]
    assert (row["operation"], row["fan_in"], row["low_state"], row["high_state"]) == ("AND", "2", "P-AP", "AP-AP")
    assert (float(row["v_reference_mV"]), float(row["nominal_margin_mV"])) == pytest.approx((137.2, 28.91))
    assert float(row["worst_margin_mV"]) == pytest.approx(-13.0)
    assert float(row["developed_margin_mV"]) == pytest.approx(27.0)
    assert (row["failures"], row["trials"], float(row["p_fail"])) == ("3", "1000", 0.003)
    assert (float(row["p_fail_low"]), float(row["p_fail_high"])) == pytest.approx((6.19e-4, 8.74e-3), rel=2e-3)


def test_operations_columns_units_and_parts() -> None:
    cost = ActionCost({"latch": 90e-15, "word line": 7e-15}, 2.076e-9)
    result = OperationResult("AND", "01", "0", "0", cost, NO_WAVES)
    rows = tables.operations([result])
    assert columns(rows) == ["operation", "inputs", "result", "energy_fJ", "latency_ns", "status"]
    row = read(rows)[0]
    assert row["inputs"] == "01"  # text: not the number 1
    assert (float(row["energy_fJ"]), float(row["latency_ns"])) == pytest.approx((97.0, 2.076))
    parts = read(tables.energy_by_contributor([result]))
    assert [part["contributor"] for part in parts] == ["latch", "word line"]
    assert sum(float(part["energy_fJ"]) for part in parts) == pytest.approx(97.0)


def test_and_operations_columns_and_lenets_counts() -> None:
    rows = system.and_operations(and_operations(load("lenet"), BitWidths(2, 3), FirstLayer.PRACTICAL))
    assert columns(rows)[:6] == ["network", "layer", "w_bits", "i_bits", "first_layer", "and_operations"]
    assert [tuple(row.values()) for row in read(rows)] == [  # positions · kernels · kernel size · W · I
        ("lenet", "conv1", "2", "3", "practical", str(24 * 24 * 20 * 25 * 2 * 8), "8"),
        ("lenet", "conv2", "2", "3", "practical", str(8 * 8 * 50 * 20 * 25 * 2 * 3), "3"),
        ("lenet", "fc1", "2", "3", "practical", str(800 * 500 * 2 * 3), "3"),
        ("lenet", "fc2", "2", "3", "practical", str(500 * 10 * 2 * 3), "3"),
    ]


def test_comparison_columns_and_ratios(sub_array: SubArray) -> None:
    found = costs(sub_array, "1:1", "1:2", networks=("alexnet", "svhn", "lenet"))
    rows = system.comparison(found, [load(name) for name in ("alexnet", "svhn", "lenet")])
    assert columns(rows) == [
        *(
            "design",
            "dataset",
            "network",
            "energy_uJ",
            "area_mm2",
            "seed_energy_uJ",
            "seed_area_mm2",
            "ratio_energy",
            "ratio_area",
        ),
        "basis",
    ]
    assert len(rows) == 3 * 2 + 4 * 3  # ours per convention, four others per data set; binary weights and inputs only
    ours = next(r for r in rows if str(r["design"]).startswith("IMCE") and r["dataset"] == "ImageNet")
    energy, area = found[0].energy * 1e6, found[0].area * 1e6
    assert tuple(ours.values())[3:9] == (energy, area, 785.25, None, energy / 785.25, None)  # slides give no area
    theirs = next(r for r in rows if (r["design"], r["dataset"]) == ("BCNN-RRAM", "MNIST"))
    assert (theirs["seed_energy_uJ"], theirs["seed_area_mm2"], theirs["basis"]) == (13.55, 0.06, "modelled")
    modelled = bcnn_rram(load("lenet"))
    assert theirs["ratio_energy"] == pytest.approx(modelled.energy * 1e6 / 13.55)


def test_only_the_slides_networks_stand_beside_their_figures(sub_array: SubArray) -> None:
    rows = system.comparison(costs(sub_array, "1:1", networks=("resnet18",)), [load("resnet18")])
    assert {row["network"] for row in rows} == {"resnet18"}
    assert {row["seed_energy_uJ"] for row in rows} == {None}


def test_comparison_without_a_binary_network_keeps_the_slides_rows(sub_array: SubArray) -> None:
    rows = system.comparison(costs(sub_array, "1:2"), [load("lenet")])
    assert [row["design"] for row in rows][:2] == ["CNN-RRAM", "BCNN-RRAM"]
    assert {row["dataset"] for row in read(rows)} == {"MNIST"}


def test_energy_parts_sum_to_the_total(sub_array: SubArray) -> None:
    for row in read(system.energy(costs(sub_array, "1:1", "2:2"))):
        names = ("read", "write", "AND", "bit_counter", "shifter", "sum", "H_tree")
        assert min(float(row[f"{name}_uJ"]) for name in names) > 0
        beside = ("total_uJ", "static_uJ")
        parts = [float(value) for name, value in row.items() if name.endswith("_uJ") and name not in beside]
        assert sum(parts) == pytest.approx(float(row["total_uJ"]), rel=1e-7)
        assert float(row["and_share"]) == pytest.approx(parts[2] / sum(parts), rel=1e-7)
        assert float(row["ratio"]) == pytest.approx(parts[2] / sum(parts) / 0.65, rel=1e-7)  # slides: up to 65 %


def test_storage_shows_the_slides_figures_for_alexnet_only() -> None:
    rows = system.storage(storage_table([load("alexnet"), load("lenet")], [BitWidths(1, 1), BitWidths(1, 2)]))
    compared = [row for row in rows if row["ratio"] is not None]
    assert [(row["network"], row["configuration"]) for row in compared] == [("alexnet", "1:1")]
    assert compared[0]["seed_total_MiB"] == 39.7
    assert compared[0]["ratio"] == pytest.approx(1, abs=0.002)


def test_device_rows_show_the_slides_write(imce45: Technology) -> None:
    writes = [
        Writes("2T1R SOT", bit, 0.7, 118e-6, 2e-9, np.array([0.8e-9, 1.2e-9, np.nan]), {}, NO_WAVES) for bit in (0, 1)
    ]  # one of three angles did not switch
    rows = {str(row["quantity"]): row for row in tables.device(imce45, writes)}
    assert rows["write 1: current"]["seed_value"] == pytest.approx(120e-6)
    assert rows["write 1: current"]["ratio"] == pytest.approx(118 / 120)
    assert rows["write 0: mean switching time"]["value"] == pytest.approx(1e-9)
    assert rows["write 0: mean switching time"]["ratio"] == pytest.approx(1.0)
    assert rows["write 0: not switched"]["value"] == 1
    assert rows["junction resistance, P"]["value"] == imce45.junction.r_p


def test_device_of_a_bit_that_never_switches_has_no_time(imce45: Technology) -> None:
    never = Writes("2T1R SOT", 1, 0.7, 1e-6, 2e-9, np.full(3, np.nan), {}, NO_WAVES)
    rows = {row["quantity"]: row for row in read(tables.device(imce45, [never]))}
    assert "write 1: mean switching time" not in rows
    assert rows["write 1: not switched"]["value"] == "3"


def test_sense_voltage_is_the_trials_own_statistics() -> None:
    v_sense = np.random.default_rng(1).normal([0.1, 0.2], 0.01, (500, 2))
    rows = read(
        tables.sense_voltage([SenseTrials(1, JunctionTrials(np.ones((500, 1)), np.ones((500, 1)), 7, 1), v_sense)])
    )
    assert [row["state"] for row in rows] == ["P", "AP"]
    for n, row in enumerate(rows):
        assert float(row["mean_mV"]) == pytest.approx(v_sense[:, n].mean() * 1e3, rel=1e-8)
        assert float(row["sigma_mV"]) == pytest.approx(v_sense[:, n].std(ddof=1) * 1e3, rel=1e-8)
        assert float(row["min_mV"]) == pytest.approx(v_sense[:, n].min() * 1e3, rel=1e-8)
        assert float(row["max_mV"]) == pytest.approx(v_sense[:, n].max() * 1e3, rel=1e-8)
        assert float(row["mean_low_mV"]) < float(row["mean_mV"]) < float(row["mean_high_mV"])
        assert float(row["sigma_low_mV"]) < float(row["sigma_mV"]) < float(row["sigma_high_mV"])
        assert (row["redrawn"], row["unsolved"]) == ("7", "0")
        assert row["tail_minus_6_sigma_mV"] == ""  # too few trials for a tail


def test_trials_that_could_not_be_solved_are_listed_and_left_out() -> None:
    v_sense = np.random.default_rng(1).normal([0.1, 0.2], 0.01, (500, 2))
    v_sense[7] = np.nan
    junctions = JunctionTrials(np.full((500, 1), 7e3), np.full((500, 1), 1.5), 0, 1)
    solved = SenseTrials(1, junctions, v_sense, (FailedTrial(7, "no convergence"),))
    [failed] = read(tables.failed_trials([solved]))
    assert failed == {"fan_in": "1", "trial": "7", "r_p_ohm": "7000", "tmr": "1.5", "message": "no convergence"}
    for row in read(tables.sense_voltage([solved])):
        assert (row["trials"], row["unsolved"]) == ("499", "1")
        assert float(row["mean_low_mV"]) < float(row["mean_high_mV"])


def test_parts_of_a_cost_cannot_be_changed_by_a_table() -> None:
    assert isinstance(ActionCost({"latch": 1.0}, 1.0).parts, MappingProxyType)
