"""The slides' claims on energy and area: whether they hold here, and what one input would have to be where not.

Nothing is fitted: every value stands in a table, and no calculation takes it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from spintronics.accelerator import NetworkCost
from spintronics.array import SubArray
from spintronics.baselines import bcnn_rram
from spintronics.characterize.digital import ACCUMULATOR_BITS
from spintronics.networks import load
from spintronics.report.tables import Row, slides

EVERY = "any"  # in place of a first-layer convention, where it does not matter


@dataclass(frozen=True)
class Input:
    """An input, and the factor on it that alone gives the claim's figure; None where no positive one does."""

    name: str
    value: float
    factor: float | None


@dataclass(frozen=True)
class Claim:
    """A statement of the slides beside ours; ``least``: it says "at least", else "at most"."""

    first_layer: str
    claim: str
    theirs: float
    ours: float
    least: bool
    inputs: tuple[Input, ...]

    @property
    def holds(self) -> bool:
        """Ours is as good as theirs."""
        return self.ours >= self.theirs if self.least else self.ours <= self.theirs


def needed(costs: Sequence[NetworkCost]) -> list[Row]:
    """A row per claim and input, for 1:1 AlexNet in each first-layer convention.

    Columns: claim, the slides' figure, ours, whether it holds; the input, its value, what it alone would have to be
    for the slides' figure, and the ratio of both; empty where no positive value does it.
    """
    binary = [c for c in costs if c.network == "alexnet" and str(c.widths) == "1:1"]
    claims = [claim for cost in binary for claim in _of_network(cost)]
    if binary:
        claims += _of_array(binary[0].floorplan.sub_array)
    return [
        {
            "first_layer": c.first_layer,
            "claim": c.claim,
            "seed": c.theirs,
            "ours": c.ours,
            "holds": "yes" if c.holds else "no",
            "input": i.name,
            "value": i.value,
            "needed": None if i.factor is None else i.value * i.factor,
            "ratio": i.factor,
        }
        for c in claims
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
    given, which = slides(), cost.first_layer.value
    rram, times = given["bcnn_rram"]["imagenet"], given["ratios_to_bcnn_rram"]
    model = bcnn_rram(load(cost.network))
    micro, square_mm = 1e-6, 1e-6
    energy, share = given["imce"]["imagenet"]["energy_uJ"], given["shares"]["and_energy_at_most"]
    yield Claim(
        which, "energy per image at most, uJ", energy, cost.energy / micro, False, _energy(cost, energy * micro)
    )
    assert model.area is not None
    for whose, joules, area in (
        ("the slides' BCNN-RRAM", rram["energy_uJ"] * micro, rram["area_mm2"] * square_mm),
        ("our model of BCNN-RRAM", model.energy, model.area),
    ):
        less, smaller = joules / times["energy"], area / times["area"]
        text = f"{whose} over IMCE, energy at least"
        yield Claim(which, text, times["energy"], joules / cost.energy, True, _energy(cost, less))
        text = f"{whose} over IMCE, area at least"
        yield Claim(which, text, times["area"], area / cost.area, True, _area(cost, smaller))
    others = cost.energy - cost.energy_parts["AND"]
    ands = others * share / (1 - share)
    inputs = _energy(cost, others + ands)
    yield Claim(which, "AND share of the energy at most", share, cost.energy_parts["AND"] / cost.energy, False, inputs)


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
    array = cost.floorplan.sub_array
    cells = array.area_parts["cells"] * (cost.sub_arrays + cost.image_bank + cost.kernel_bank)
    cell = Input("area of a cell, um^2", array.technology.cell.area * 1e12, _linear(cost.area, cells, target))
    per_array = cost.area / cost.sub_arrays
    return cell, Input("computational sub-arrays", cost.sub_arrays, target // per_array / cost.sub_arrays)


def _of_array(array: SubArray) -> Iterator[Claim]:
    shares, added = slides()["shares"], array.overhead_parts
    total = sum(added.values())
    target = shares["area_overhead"]
    cells, computing = array.area_parts["cells"], array.area - array.memory_area
    f2 = array.technology.cell.area / (45e-9) ** 2
    for_cells = _linear(array.memory_area, cells, computing / target)
    counter = _linear(total, added["bit-counter"], target)
    inputs = (
        Input("area of a cell, F^2 at 45 nm", f2, for_cells),
        Input("area of the bit-counter, um^2", array.area_parts["bit-counter"] * 1e12, counter),
    )
    yield Claim(EVERY, "area overhead on the memory at most", target, total, False, inputs)
    target = shares["row_decoder_and_sum_at_least"]
    named = _of(added, "row decoder", "sum")
    rest = total - named
    wider = _linear(named, added["sum"], rest * target / (1 - target))
    narrower = _linear(rest, added["bit-counter"] + added["result latches"], named * (1 - target) / target)
    inputs = (
        Input("width of the Sum, bits", ACCUMULATOR_BITS, wider),
        Input("columns that are counted at once", array.columns, narrower),
    )
    yield Claim(EVERY, "row decoder and Sum in it at least", target, named / total, True, inputs)


def _of(parts: dict[str, float], *words: str) -> float:
    names: Iterable[str] = (name for name in parts if any(word in name for word in words))
    return sum(parts[name] for name in names)
