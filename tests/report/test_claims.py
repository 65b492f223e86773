"""The slides' claims: what an input would have to be gives the slides' figure when it is that."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from spintronics.accelerator import NetworkCost, network_cost
from spintronics.array import SubArray
from spintronics.baselines import bcnn_rram
from spintronics.characterize.device_table import ActionCost, DeviceTable
from spintronics.networks import BitWidths, FirstLayer, load
from spintronics.report.claims import beside, claims, needed
from spintronics.technology import Technology

BIT = ActionCost({"word line": 1e-15, "bit line": 20e-15, "reference": 20e-15}, 5e-9)
GATE = ActionCost({"gate": 1e-15}, 1e-10)
Needed = dict[tuple[str, str], Any]


@pytest.fixture(scope="module")
def sub_array(imce45: Technology, made_up: Callable[..., DeviceTable]) -> SubArray:
    gates = ("full_adder", "mux2", "d_flip_flop", "inverter")
    return SubArray(imce45, made_up({**dict.fromkeys(("read", "write", "AND"), BIT), **dict.fromkeys(gates, GATE)}))


def alexnet(array: SubArray) -> NetworkCost:
    return network_cost(load("alexnet"), BitWidths(1, 1), FirstLayer.SEED, array)


@pytest.fixture(scope="module")
def rows(sub_array: SubArray) -> Needed:
    return {(str(row["claim"]), str(row["input"])): row for row in needed(claims([alexnet(sub_array)], sub_array))}


def with_and(array: SubArray, energy: Callable[[str, float], float]) -> SubArray:
    """The sub-array with other energies of the AND, by contributor."""
    entries = tuple(
        replace(e, cost=ActionCost({n: energy(n, j) for n, j in e.cost.parts.items()}, e.cost.latency))
        if e.action == "AND" and e.cost
        else e
        for e in array.table.entries
    )
    return SubArray(array.technology, replace(array.table, entries=entries))


def test_energy_of_an_and(sub_array: SubArray, rows: Needed) -> None:
    for claim, figure in (
        ("energy per image, uJ", lambda cost: cost.energy * 1e6),
        ("energy, the slides' BCNN-RRAM over IMCE", lambda cost: 2275.34e-6 / cost.energy),
        ("AND share of the energy", lambda cost: cost.energy_parts["AND"] / cost.energy),
    ):
        row = rows[claim, "energy of an AND, fJ a column"]
        assert row["ours"] == pytest.approx(figure(alexnet(sub_array)))
        there = alexnet(with_and(sub_array, lambda _, joule, row=row: joule * row["ratio"]))
        assert figure(there) == pytest.approx(row["seed"])
        assert row["needed"] == pytest.approx(row["ratio"] * row["value"])


def test_develop_time_of_an_and(sub_array: SubArray, rows: Needed) -> None:
    row = rows["energy per image, uJ", "develop time of an AND, ns"]
    sense, supply = sub_array.technology.sense, sub_array.technology.cmos.supply
    more = sense.current * supply * (row["needed"] - row["value"]) * 1e-9
    there = alexnet(with_and(sub_array, lambda name, joule: joule + (more if name != "word line" else 0.0)))
    assert there.energy * 1e6 == pytest.approx(785.25)


def test_area_of_a_cell_gives_the_overhead(sub_array: SubArray, rows: Needed) -> None:
    row = rows["area overhead on the memory", "area of a cell, F^2 at 45 nm"]
    technology = sub_array.technology.with_values({"cell.area": row["needed"] * 0.045e-6**2})
    there = SubArray(technology, sub_array.table)
    assert there.area / there.memory_area - 1 == pytest.approx(0.154)


def test_a_claim_that_no_positive_value_meets_says_so(rows: Needed) -> None:
    row = rows["area, the slides' BCNN-RRAM over IMCE", "area of a cell, um^2"]
    assert (row["holds"], row["needed"], row["ratio"]) == ("no", None, None)


def test_area_of_a_cell_gives_the_chips_area(sub_array: SubArray, rows: Needed) -> None:
    row = rows["area, our model of BCNN-RRAM over IMCE", "area of a cell, um^2"]
    technology = sub_array.technology.with_values({"cell.area": row["needed"] * 1e-12})
    there = alexnet(SubArray(technology, sub_array.table))
    model = bcnn_rram(load("alexnet")).area
    assert model is not None
    assert model / there.area == pytest.approx(4.0)


def test_sub_arrays_fit_where_the_kernels_are_elsewhere(sub_array: SubArray, rows: Needed) -> None:
    row = rows["area, our model of BCNN-RRAM over IMCE", "computational sub-arrays, kernels on another chip"]
    fit, model = round(row["needed"]), bcnn_rram(load("alexnet")).area
    assert 0 < fit < row["value"] == alexnet(sub_array).sub_arrays
    assert model is not None
    streamed = network_cost(load("alexnet"), BitWidths(1, 1), FirstLayer.SEED, sub_array, 1, fit)
    parts = streamed.area_parts
    assert parts["Kernel Bank"] > model / 4  # beside which nothing would fit
    there = parts["computational sub-arrays"] + parts["Image Bank"] + parts["processing unit"]
    assert 0.85 * model / 4 < there < model / 4  # the rest is repeaters


def test_holds_is_the_comparison(rows: Needed) -> None:
    more_is_better = {claim for claim, _ in rows if "over IMCE" in claim or "row decoder" in claim}
    for (claim, _), row in rows.items():
        better = row["ours"] >= row["seed"] if claim in more_is_better else row["ours"] <= row["seed"]
        assert row["holds"] == ("yes" if better else "no")
        assert row["holds_if"] == ("at least" if claim in more_is_better else "at most")
    assert len({claim for claim, _ in rows}) == 8


def test_claims_stand_beside_the_slides_with_their_bounds(sub_array: SubArray) -> None:
    cost = alexnet(sub_array)
    found = {row["claim"]: row for row in beside(claims([cost], sub_array))}
    assert found["energy per image, uJ"]["ratio"] == pytest.approx(cost.energy / 785.25e-6)
    assert found["AND share of the energy"]["remark"] == "first layer seed; slides: up to"
    assert str(found["share of row decoder and Sum in it"]["remark"]).endswith("slides: more than")


def test_without_binary_alexnet_the_claims_on_a_sub_array_remain(sub_array: SubArray) -> None:
    found = claims([network_cost(load("svhn"), BitWidths(1, 1), FirstLayer.SEED, sub_array)], sub_array)
    assert [c.claim for c in found] == ["area overhead on the memory", "share of row decoder and Sum in it"]
