"""Accuracy of one network under one kind of errors after another, and where one per cent of it is lost."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import hypot
from typing import Literal

from spintronics import cards
from spintronics.accuracy.pair_errors import (
    PairErrors,
    decision_errors,
    margin_errors,
    mean_rate,
    require_and,
    table_errors,
)
from spintronics.characterize.device_table import DeviceTable
from spintronics.circuits.decision_bench import DecisionBench
from spintronics.circuits.sense_path import Operation
from spintronics.errors import InputError
from spintronics.montecarlo.mismatch import spread
from spintronics.networks.datasets import ImageSet
from spintronics.networks.inference import (
    Accuracy,
    AccuracyUnderErrors,
    ArrayErrors,
    BitwiseNetwork,
    ErrorModel,
    Errors,
    StaticFaults,
    SubArray,
    accuracy_under_errors,
    infer,
)
from spintronics.networks.inference.images import fitted, require_classes
from spintronics.ngspice import Simulator
from spintronics.technology import Technology


@dataclass(frozen=True)
class Case:
    """One kind of errors.

    Attributes:
        source: where the probabilities are from: ``sense margin``, ``decisions``, ``device table`` or ``given``.
        errors: probability of a wrong AND by pair.
        found: the same as counted, with intervals; None where the probabilities are given.
        sigma_tmr, sigma_ra, fan_in: of the margins; None elsewhere.
        vdd: supply of the decisions, or of the device table, V; None elsewhere.
    """

    source: Literal["sense margin", "decisions", "device table", "given"]
    errors: ErrorModel
    found: PairErrors | None = None
    sigma_tmr: float | None = None
    sigma_ra: float | None = None
    fan_in: int | None = None
    vdd: float | None = None

    @property
    def rate(self) -> float:
        """Bit-error rate over equally likely pairs."""
        return mean_rate(self.errors)


@dataclass(frozen=True)
class Faults:
    """How the errors of a case show.

    Attributes:
        where: ``accesses``: each AND errs by itself; ``cells``, ``columns``: weak ones always err.
        sub_array: that the columns are of; needed for them alone.
        access: independent errors beside weak cells or columns; None for none.
        layers: that have errors; None for all.
    Raises:
        InputError: ``access`` beside errors that are independent themselves, or columns without a sub-array.
    """

    where: Literal["accesses", "cells", "columns"] = "accesses"
    sub_array: SubArray | None = None
    access: ErrorModel | None = None
    layers: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.access is not None and self.where == "accesses":
            raise InputError("errors of accesses beside errors of accesses: must be beside weak cells or columns")
        if self.where == "columns" and self.sub_array is None:
            raise InputError("weak columns without a sub-array: must have its rows and columns")

    def of(self, errors: ErrorModel) -> Errors | Mapping[str, Errors]:
        """What `infer` takes.

        >>> Faults("cells", access=ErrorModel(p11=0.1), layers=("fc",)).of(ErrorModel(p00=0.2))["fc"].static.rates.p00
        0.2
        """
        kind: Errors = errors
        if self.where != "accesses":
            kind = StaticFaults(errors, self.sub_array if self.where == "columns" else None)
            if self.access is not None:
                kind = ArrayErrors(self.access, kind)
        return kind if self.layers is None else dict.fromkeys(self.layers, kind)


@dataclass(frozen=True)
class CaseAccuracy:
    """Accuracy with one kind of errors."""

    case: Case
    result: AccuracyUnderErrors


def margin_cases(
    technologies: Iterable[Technology],
    fan_ins: Iterable[int],
    trials: int,
    seed: int,
    workers: int,
    advance: Callable[[int], None] = lambda _: None,
) -> list[Case]:
    """Errors from the sense margins of each technology at each fan-in; arguments as in `margin_errors`."""
    simulator = Simulator()
    found = []
    for fan_in, each in product(fan_ins, technologies):
        errors = margin_errors(each, cards.locate(each), simulator, fan_in, trials, seed, workers, advance)
        spreads = (each.variation.sigma_tmr, each.variation.sigma_ra)
        found.append(Case("sense margin", errors.model, errors, *spreads, fan_in))
    return found


def decision_cases(
    technologies: Iterable[Technology],
    trials: int,
    seed: int,
    workers: int,
    advance: Callable[[int], None] = lambda _: None,
) -> list[Case]:
    """Errors from decisions of the whole read path of each technology; arguments as in `decision_errors`.

    Raises:
        OperationFailed: ngspice solved no decision of one.
    """
    simulator = Simulator()
    found = []
    for each in technologies:
        errors = decision_errors(each, cards.locate(each), simulator, trials, seed, workers, advance)
        found.append(Case("decisions", errors.model, errors, vdd=each.cmos.supply))
    return found


def table_case(table: DeviceTable) -> Case:
    """Errors that a device table holds, at its supply.

    Raises:
        InputError: the table has no error probability of an AND.
    """
    errors = table_errors(table)
    return Case("device table", errors.model, errors, vdd=table.supply)


def check_errors(margins: Iterable[Technology], fan_ins: Iterable[int], decided: Iterable[Technology]) -> None:
    """That errors can be simulated, before the first of them takes time.

    Args:
        margins, fan_ins: of `margin_cases`.
        decided: of `decision_cases`.
    Raises:
        InputError: a fan-in without an AND, no model cards, or no matching coefficients for the decisions.
    """
    for fan_in in fan_ins:
        require_and(fan_in)
    for each in margins:
        cards.locate(each)
    for each in decided:
        for transistor in DecisionBench(each, cards.locate(each), Operation.AND, (1, 1)).transistors:
            spread(each.variation, transistor)


def check(network: BitwiseNetwork, images: ImageSet, faults: Faults) -> None:
    """That a study can be made, before anything takes time.

    Raises:
        InputError: images of other classes or channels than the network's, or faults of a layer that it has not.
    """
    require_classes(network, images)
    infer(network, fitted(images.images[:0], network.input_shape), errors=faults.of(ErrorModel()))


def study(
    network: BitwiseNetwork,
    images: ImageSet,
    cases: Sequence[Case],
    faults: Faults,
    seeds: Sequence[int],
    advance: Callable[[int], None] = lambda _: None,
) -> tuple[Accuracy, tuple[CaseAccuracy, ...]]:
    """Accuracy without errors, and with each kind of them once per seed.

    Args:
        images: to be classified; resized where the network takes another size.
        advance: called with 1 as each case is done.
    Raises:
        InputError: images of other classes or channels than the network's.
    """
    check(network, images, faults)
    pixels = fitted(images.images, network.input_shape)
    ideal = infer(network, pixels).accuracy(images.labels)
    found = []
    for case in cases:
        errors = [faults.of(case.errors)]
        found.append(CaseAccuracy(case, *accuracy_under_errors(network, pixels, images.labels, errors, seeds)))
        advance(1)
    return ideal, tuple(found)


def interval(result: AccuracyUnderErrors, confidence: float = 0.95) -> tuple[float, float]:
    """Of the accuracy on other images of the kind with other draws of errors.

    The two half-widths are added in squares: Student's t over the seeds, Clopper–Pearson over the images, the latter
    as if each image was seen once.  With one seed it is that of the images alone.

    >>> interval(AccuracyUnderErrors(ErrorModel(), (Accuracy(98, 100),))) == Accuracy(98, 100).interval()
    True
    """
    images = result.accuracies[0].images
    of_images = Accuracy(round(result.mean * images), images).interval(confidence)
    of_seeds = result.interval(confidence) if len(result.accuracies) > 1 else (result.mean, result.mean)
    below, above = (hypot(result.mean - a, result.mean - b) for a, b in zip(of_images, of_seeds, strict=True))
    if len(result.accuracies) == 1:
        return of_images
    return max(0.0, result.mean - below), min(1.0, result.mean + above)


def lost_at(ideal: float, points: Sequence[tuple[float, float]], loss: float = 0.01) -> float | None:
    """Where accuracy first falls so far below the ideal, on straight lines between the points; None where it does not.

    Args:
        ideal: accuracy without errors, taken to hold at 0.
        points: (setting, accuracy), such as (σ of TMR, accuracy), settings > 0.

    >>> lost_at(0.95, [(0.1, 0.95), (0.3, 0.91)])
    0.15
    >>> lost_at(0.95, [(0.1, 0.945)]) is None
    True
    """
    before = (0.0, ideal)
    for setting, accuracy in sorted(points):
        if accuracy <= ideal - loss:
            share = (before[1] - ideal + loss) / (before[1] - accuracy)
            return round(before[0] + share * (setting - before[0]), 12)
        before = (setting, accuracy)
    return None
