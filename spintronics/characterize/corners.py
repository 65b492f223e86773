"""Corners: how margins, energies and latencies move with CMOS, supply, temperature and junction."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import product

from spintronics import cards as model_cards
from spintronics.cards import ModelCards
from spintronics.characterize.device_table import OK, equally_likely
from spintronics.characterize.operations import OperationResult, sense_cases, truth_table, write
from spintronics.characterize.sense_margin import SENSED, nominal_margin, shortfall
from spintronics.circuits.sense_path import Operation, reference_resistance
from spintronics.errors import SpintronicsError
from spintronics.ngspice import Simulator
from spintronics.technology import Technology

SUPPLIES = (0.9, 1.0, 1.1)
"""Supply over the nominal one: ± 10 %, customary."""
TEMPERATURES = (233.15, 300.15, 358.15, 398.15)
"""−40, 27, 85 and 125 °C, in K."""
JUNCTION_SPREAD = 2.0
"""Standard deviations of one junction's variation by which all junctions of a die are off together; assumed."""


@dataclass(frozen=True)
class Corner:
    """One condition that a chip may be made or run in.

    Attributes:
        cmos: ``nominal``, ``ss`` or ``ff``.
        supply: over the nominal one.
        temperature: K.
        ra, tmr: over the nominal ones, all junctions alike.

    >>> Corner("ss", 0.9, 398.15).name, Corner("nominal", 1.0, 300.15, ra=1.1).name
    ('ss 0.9 VDD 125 °C', 'nominal 1 VDD 27 °C RA × 1.1')
    """

    cmos: str
    supply: float
    temperature: float
    ra: float = 1.0
    tmr: float = 1.0

    @property
    def name(self) -> str:
        """The condition in words."""
        junction = "".join(f" {key} × {v:g}" for key, v in (("RA", self.ra), ("TMR", self.tmr)) if v != 1.0)
        return f"{self.cmos} {self.supply:g} VDD {self.temperature - 273.15:.0f} °C{junction}"

    def of(self, technology: Technology) -> Technology:
        """The technology in this condition.

        Raises:
            InputError: out of the technology's range, such as no TMR left at that temperature.
        """
        return technology.with_values(
            {
                "cmos.corner": self.cmos,
                "cmos.supply": technology.cmos.supply * self.supply,
                "cmos.temperature": self.temperature,
                "junction.ra": technology.junction.ra * self.ra,
                "junction.tmr": technology.junction.tmr * self.tmr,
            }
        )


def all_corners(technology: Technology) -> tuple[Corner, ...]:
    """CMOS × supply × temperature at the nominal junction, then the junction's corners at nominal CMOS."""
    spread = technology.variation
    off = [(1 - JUNCTION_SPREAD * s, 1 + JUNCTION_SPREAD * s) for s in (spread.sigma_ra, spread.sigma_tmr)]
    cmos = (Corner(*condition) for condition in product(("nominal", "ss", "ff"), SUPPLIES, TEMPERATURES))
    room = technology.cmos.temperature
    return (*cmos, *(Corner("nominal", 1.0, room, ra, tmr) for ra, tmr in product(*off)))


@dataclass(frozen=True)
class Design:
    """What is fixed when the chip is made, at its nominal condition.

    Attributes:
        write_voltages: supplies that write '0' and '1', V.
        references: resistance of each reference, Ω.
    """

    write_voltages: tuple[float, float]
    references: Mapping[Operation, float]

    @classmethod
    def of(cls, technology: Technology, write_voltages: tuple[float, float]) -> "Design":
        """References at the nominal midpoints."""
        return cls(write_voltages, {op: reference_resistance(technology, op, k) for op, k in SENSED})


@dataclass(frozen=True)
class CornerResult:
    """One action in one corner.

    Attributes:
        action: ``read``, ``OR``, ``AND``, ``write 0``, ``write 1``.
        margin: nominal sense margin with references that follow the junctions, V; None for a write.
        fixed_margin: the same with the nominal condition's reference resistances; negative where they no longer lie
            between the states.
        developed: smallest gap of any case in the right direction when the latch is clocked, V.
        energy: mean over the cases, J; latency: longest, s; None where a case failed.
        status: ``ok``, or the first reason.
    """

    corner: Corner
    action: str
    margin: float | None
    fixed_margin: float | None
    developed: float | None
    energy: float | None
    latency: float | None
    status: str


def corner_results(
    technology: Technology, cards: ModelCards, simulator: Simulator, design: Design, corner: Corner
) -> list[CornerResult]:
    """Read, OR, AND and both writes in one corner; one that does not work says why and takes nothing else with it."""
    try:
        t = corner.of(technology)
        # Another corner is another file of cards, with the same devices compiled in.
        own = replace(model_cards.locate(t), compiled=cards.compiled)
    except SpintronicsError as error:
        names = (*(op.value for op, _ in SENSED), "write 0", "write 1")
        return [CornerResult(corner, name, None, None, None, None, None, str(error)) for name in names]
    results = []
    for operation, fan_in in SENSED:
        cases = [truth_table(t, own, simulator, operation, stored) for stored in sense_cases(operation)]
        fixed = design.references[operation]
        try:
            follows, stays = (nominal_margin(t, own, simulator, operation, fan_in, r) for r in (None, fixed))
        except SpintronicsError as error:
            results.append(CornerResult(corner, operation.value, None, None, None, None, None, str(error)))
        else:
            results.append(_sensed(corner, operation, (follows, stays), cases))
    for bit, voltage in enumerate(design.write_voltages):
        case = write(t, own, simulator, bit, voltage * corner.supply)
        cost = case.cost
        energy, latency = (cost.energy, cost.latency) if cost else (None, None)
        results.append(CornerResult(corner, f"write {bit}", None, None, None, energy, latency, case.status))
    return results


def _sensed(
    corner: Corner, operation: Operation, margins: tuple[float, float], cases: list[OperationResult]
) -> CornerResult:
    """A truth table with the margins of references that follow and of ones that stay."""
    developed = min(case.developed if case.expected == "1" else -case.developed for case in cases)
    wrong = next((case.status for case in cases if case.status != OK), "")
    status = wrong or shortfall(operation, margins[0], developed) or OK
    costs = [case.cost for case in cases if case.cost]
    energy, latency = (None, None)
    if status == OK:
        mean = equally_likely(costs)
        energy, latency = mean.energy, mean.latency
    return CornerResult(corner, operation.value, *margins, developed, energy, latency, status)


def sweep(
    technology: Technology,
    cards: ModelCards,
    simulator: Simulator,
    design: Design,
    corners: Iterable[Corner],
    workers: int,
    advance: Callable[[int], None] = lambda _: None,
) -> list[CornerResult]:
    """Every corner, in order.

    Args:
        advance: called with 1 as each corner finishes.
    """
    parts = simulator.map(
        lambda sim, corner: corner_results(technology, cards, sim, design, corner),
        corners,
        workers,
        lambda _: advance(1),
    )
    return [result for part in parts for result in part]
