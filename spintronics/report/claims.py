"""The slides' claims on energy and area: whether they hold here, and what one input would have to be where not.

Nothing is fitted: every value stands in a table, and no calculation takes it.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from spintronics.accelerator import NetworkCost, network_cost
from spintronics.array import Floorplan, SubArray
from spintronics.baselines import bcnn_rram
from spintronics.characterize.area import FEATURE
from spintronics.circuits.datapath import ACCUMULATOR_BITS
from spintronics.networks import load
from spintronics.report.rows import Row, ratio, slides
from spintronics.report.system import decoder_and_sum


@dataclass(frozen=True)
class Input:
    """An input, and the factor on it that alone gives the claim's figure; None where no positive one does."""

    name: str
    value: float
    factor: float | None


@dataclass(frozen=True)
class Claim:
    """A statement of the slides beside ours.

    Attributes:
        claim: what it is of; where: which part of ours it is compared with.
        theirs, ours: in the same unit.
        least: more is better: it holds where ours is at least theirs; else where it is at most theirs.
        stated: how the slides bound their figure, ``up to``; empty where they give it as it is.
        inputs: of ours, those that could give theirs.
    """

    claim: str
    where: str
    theirs: float
    ours: float
    least: bool
    inputs: tuple[Input, ...]
    stated: str = ""

    @property
    def holds(self) -> bool:
        """Ours is as good as theirs."""
        return self.ours >= self.theirs if self.least else self.ours <= self.theirs


def claims(costs: Sequence[NetworkCost], sub_array: SubArray) -> list[Claim]:
    """The slides' statements: of 1:1 AlexNet in each first-layer convention, where it is there, and of a sub-array."""
    binary = [cost for cost in costs if cost.network == "alexnet" and str(cost.widths) == "1:1"]
    return [*(claim for cost in binary for claim in _of_network(cost)), *_of_array(sub_array)]


def beside(found: Sequence[Claim]) -> list[Row]:
    """Table ``claims``: the slides' figure, ours, and the ratio."""
    return [
        {
            "claim": c.claim,
            "ours": c.ours,
            "seed": c.theirs,
            "ratio": ratio(c.ours, c.theirs),
            "remark": f"{c.where}; slides: {c.stated}" if c.stated else c.where,
        }
        for c in found
    ]


def needed(found: Sequence[Claim]) -> list[Row]:
    """Table ``needed``: a row per claim and input.

    Columns: claim, the slides' figure, ours, in which direction it would hold and whether it does; the input, its
    value, what it alone would have to be for the slides' figure, and the ratio of both; empty where no positive value
    does it.
    """
    return [
        {
            "claim": c.claim,
            "remark": c.where,
            "seed": c.theirs,
            "ours": c.ours,
            "holds_if": "at least" if c.least else "at most",
            "holds": "yes" if c.holds else "no",
            "input": i.name,
            "value": i.value,
            "needed": None if i.factor is None else i.value * i.factor,
            "ratio": i.factor,
        }
        for c in found
        for i in c.inputs
    ]


def _linear(total: float, moved: float, target: float) -> float | None:
    """Factor on an input of which ``moved`` of a total is made, and the rest is not, that takes it to a target.

    >>> _linear(10.0, 8.0, 4.0), _linear(10.0, 8.0, 1.0)
    (0.25, None)
    """
    factor = 1 + (target - total) / moved
    return factor if factor > 0 else None


def _of_network(cost: NetworkCost) -> Iterator[Claim]:
    given, where = slides(), f"first layer {cost.first_layer.value}"
    rram, times = given["bcnn_rram"]["imagenet"], given["ratios_to_bcnn_rram"]
    model = bcnn_rram(load(cost.network))
    micro, square_mm = 1e-6, 1e-6
    energy, share = given["imce"]["imagenet"]["energy_uJ"], given["shares"]["and_energy_at_most"]
    inputs = _energy(cost, energy * micro)
    yield Claim("energy per image, uJ", where, energy, cost.energy / micro, False, inputs)
    assert model.area is not None
    for whose, joules, area in (
        ("the slides' BCNN-RRAM", rram["energy_uJ"] * micro, rram["area_mm2"] * square_mm),
        ("our model of BCNN-RRAM", model.energy, model.area),
    ):
        inputs = _energy(cost, joules / times["energy"])
        yield Claim(f"energy, {whose} over IMCE", where, times["energy"], joules / cost.energy, True, inputs)
        inputs = _area(cost, area / times["area"])
        yield Claim(f"area, {whose} over IMCE", where, times["area"], area / cost.area, True, inputs)
    ands = cost.energy_parts["AND"]
    inputs = _energy(cost, (cost.energy - ands) / (1 - share))
    yield Claim("AND share of the energy", where, share, ands / cost.energy, False, inputs, "up to")


def _energy(cost: NetworkCost, target: float) -> tuple[Input, ...]:
    """The energy of an AND, and the time for which its bit line and reference carry the read current."""
    array = cost.floorplan.sub_array
    sense, supply = array.technology.sense, array.technology.cmos.supply
    logic, time = array.table.action("AND").energy, sense.logic_develop_time
    ands = sum(layer.mapping.and_operations for layer in cost.layers)
    drawn = ands * 2 * sense.current * supply * time
    return (
        Input("energy of an AND, fJ a column", logic * 1e15, _linear(cost.energy, cost.energy_parts["AND"], target)),
        Input("develop time of an AND, ns", time * 1e9, _linear(cost.energy, drawn, target)),
    )


def _area(cost: NetworkCost, target: float) -> tuple[Input, ...]:
    """The area of a cell; and the computational sub-arrays that fit, were the kernels to come from another chip."""
    array, network = cost.floorplan.sub_array, load(cost.network)
    cell, placed = array.technology.cell.area, cost.sub_arrays + cost.image_bank + cost.kernel_bank

    def with_cell(factor: float) -> float:
        technology = array.technology.with_values({"cell.area": cell * factor})
        return replace(cost, floorplan=Floorplan(SubArray(technology, array.table), placed)).area

    def without_kernel_bank(sub_arrays: int) -> float:
        streamed = network_cost(network, cost.widths, cost.first_layer, array, cost.parallelism, sub_arrays)
        plan = Floorplan(array, sub_arrays + streamed.image_bank)
        return replace(streamed, kernel_bank=0, floorplan=plan).area

    fit = bisect_right(range(1, cost.sub_arrays), target, key=without_kernel_bank)
    return (
        Input("area of a cell, um^2", cell * 1e12, _nearest_root(with_cell, target)),
        Input("computational sub-arrays, kernels on another chip", cost.sub_arrays, fit / cost.sub_arrays or None),
    )


def _nearest_root(of_factor: Callable[[float], float], target: float) -> float | None:
    """The factor nearest to 1, within 10⁻² and 10², that takes a figure to a target; None where none does.

    >>> f"{_nearest_root(lambda factor: 1 + factor**2, 5.0):.6f}", _nearest_root(lambda factor: 1 + factor, 1.0)
    ('2.000000', None)
    """
    from scipy.optimize import brentq  # slow to import

    above = of_factor(1.0) > target
    step, near = 10 ** (-0.1 if above else 0.1), 1.0
    for far in (step**n for n in range(1, 21)):
        if (of_factor(far) > target) != above:
            return float(brentq(lambda factor: of_factor(factor) - target, far, near, rtol=1e-9))
        near = far
    return None


def _of_array(array: SubArray) -> Iterator[Claim]:
    shares, added = slides()["shares"], array.overhead_parts
    total, target = sum(added.values()), shares["area_overhead"]
    cells, computing = array.area_parts["cells"], array.area - array.memory_area
    inputs = (
        Input(
            "area of a cell, F^2 at 45 nm",
            array.technology.cell.area / FEATURE**2,
            _linear(array.memory_area, cells, computing / target),
        ),
        Input(
            "area of the bit-counter, um^2",
            array.area_parts["bit-counter"] * 1e12,
            _linear(total, added["bit-counter"], target),
        ),
    )
    yield Claim("area overhead on the memory", "of one sub-array", target, total, False, inputs)
    target, named = shares["row_decoder_and_sum_at_least"], decoder_and_sum(added)
    rest = total - named
    inputs = (
        Input("width of the Sum, bits", ACCUMULATOR_BITS, _linear(named, added["sum"], rest * target / (1 - target))),
        Input(
            "columns that are counted at once",
            array.columns,
            _linear(rest, added["bit-counter"] + added["result latches"], named * (1 - target) / target),
        ),
    )
    claim = "share of row decoder and Sum in it"
    yield Claim(claim, "of the area overhead", target, named / total, True, inputs, "more than")
