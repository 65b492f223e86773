"""Accuracy under errors: by hand on a network of two classes, and intervals against brute force."""

from typing import Any

import numpy as np
import pytest
from scipy.stats import t

from spintronics import cards
from spintronics.accuracy import (
    Case,
    Faults,
    PairErrors,
    check,
    check_errors,
    decision_cases,
    interval,
    lost_at,
    margin_cases,
    study,
)
from spintronics.characterize import decisions
from spintronics.circuits.sense_path import Operation
from spintronics.errors import InputError
from spintronics.montecarlo import failure_probability
from spintronics.networks import FullyConnected
from spintronics.networks.datasets import ImageSet
from spintronics.networks.inference import (
    PIXELS,
    SIGN,
    Accuracy,
    AccuracyUnderErrors,
    ArrayErrors,
    BitwiseNetwork,
    ErrorModel,
    StaticFaults,
    SubArray,
    Weighted,
)
from spintronics.ngspice import Simulator
from spintronics.report import accuracy as report
from spintronics.technology import Technology


@pytest.fixture
def network() -> BitwiseNetwork:
    """The brighter half of an image wins."""
    weights = np.repeat([[1, -1], [-1, 1]], 8, axis=1)
    layer = Weighted(FullyConnected("fc", 16, 2, bias=False), weights, SIGN, PIXELS)
    return BitwiseNetwork("halves", "made up", (1, 4, 4), PIXELS, (layer,), ("top", "bottom"))


@pytest.fixture
def images() -> ImageSet:
    labels = np.arange(40) % 2
    pixels = np.zeros((40, 1, 4, 4), np.uint8)
    pixels[labels == 0, :, :2] = 255
    pixels[labels == 1, :, 2:] = 255
    return ImageSet("made up", pixels, labels, ("top", "bottom"))


def test_study_by_hand(network: BitwiseNetwork, images: ImageSet) -> None:
    """No AND wrong: all right.  Every AND wrong: 255·8 ANDs of 1 with 1 are lost, and the others all won."""
    cases = [Case("given", ErrorModel(p, p, p, p)) for p in (0.0, 1.0)]
    ideal, (none, all_wrong) = study(network, images, cases, Faults(), range(2))
    assert (ideal.rate, none.result.mean, all_wrong.result.mean) == (1.0, 1.0, 0.0)


def test_images_of_other_classes(network: BitwiseNetwork, images: ImageSet) -> None:
    other = ImageSet("other", images.images, images.labels, ("left", "right"))
    with pytest.raises(InputError, match="network halves: classes top bottom: must be left right, those of other"):
        study(network, other, [], Faults(), range(1))


def test_how_errors_show() -> None:
    p, beside, size = ErrorModel(p11=0.1), ErrorModel(p00=0.2), SubArray(8, 8)
    assert Faults().of(p) == p
    assert Faults("cells", size).of(p) == StaticFaults(p)
    assert Faults("columns", size).of(p) == StaticFaults(p, size)
    assert Faults("cells", access=beside, layers=("a", "b")).of(p) == dict.fromkeys(
        "ab", ArrayErrors(beside, StaticFaults(p))
    )
    with pytest.raises(InputError, match="errors of accesses beside errors of accesses"):
        Faults(access=beside)
    with pytest.raises(InputError, match="weak columns without a sub-array"):
        Faults("columns")


def test_interval_holds_other_images_and_other_errors() -> None:
    """Accuracy of a seed is a normal number around 0.8, each image right by it: in 95 % it holds 0.8."""
    random = np.random.default_rng(1)
    images, seeds, runs, held = 200, 4, 400, 0
    for _ in range(runs):
        rates = np.clip(random.normal(0.8, 0.03, seeds), 0, 1)
        counts = [Accuracy(int(random.binomial(images, rate)), images) for rate in rates]
        low, high = interval(AccuracyUnderErrors(ErrorModel(), tuple(counts)))
        held += low <= 0.8 <= high
    assert held / runs > 0.95 - 2 * (0.05 * 0.95 / runs) ** 0.5


def test_interval_adds_in_squares() -> None:
    two = AccuracyUnderErrors(ErrorModel(), (Accuracy(80, 100), Accuracy(90, 100)))
    low_image, _ = Accuracy(85, 100).interval()
    seeds = 0.05 * t.ppf(0.975, 1)
    assert interval(two) == pytest.approx((0.85 - np.hypot(0.85 - low_image, min(seeds, 0.85)), 1.0))


def test_where_a_per_cent_is_lost() -> None:
    points = [(0.4, 0.5), (0.2, 0.949), (0.3, 0.93)]
    assert lost_at(0.95, points) == pytest.approx(0.2 + 0.1 * 9 / 19)
    assert lost_at(0.95, [(0.1, 0.93)]) == pytest.approx(0.05)
    assert lost_at(0.95, points[1:2]) is None


def test_tables_and_figure(network: BitwiseNetwork, images: ImageSet) -> None:
    thirty = failure_probability(300, 1000)
    counted = [
        PairErrors(dict.fromkeys(("00", "01", "10", "11"), thirty), failure_probability(n, 1000)) for n in (1, 400)
    ]
    margins = [
        Case("sense margin", ErrorModel(p, p, p, p), found, s, 0.05, 2)
        for s, p, found in ((0.1, 0.0, counted[0]), (0.3, 0.9, counted[1]))
    ]
    cases = [*margins, Case("given", ErrorModel(p11=0.4))]
    ideal, found = study(network, images, cases, Faults("cells"), range(2))
    rows = report.accuracy(ideal, found, Faults("cells"))
    assert [row["source"] for row in rows] == ["ideal", "sense margin", "sense margin", "given"]
    assert rows[2]["accuracy"] == found[1].result.mean
    assert rows[2]["largest_p_high"] == pytest.approx(0.3295, abs=1e-4)
    lost = {row["loses_1_percent_at"]: row for row in report.lost(ideal, found)}
    share = (1.0 - (1 - 0.01)) / (1.0 - found[1].result.mean)
    assert lost["sigma of TMR"]["value"] == pytest.approx(0.1 + 0.2 * share)
    assert lost["failure probability of the sense margin"]["value"] == pytest.approx(1e-3 + 0.399 * share)
    assert rows[2]["p_margin_fails"] == 0.4
    drawn = report.figure(ideal, found, "made up")
    assert [panel.get_xlabel() for panel in drawn.axes] == [
        "wrong ANDs (share of equally likely pairs)",
        "failure probability of the sense margin",
        "σ of TMR",
    ]


def test_figure_against_supply(network: BitwiseNetwork, images: ImageSet) -> None:
    """Decisions at two supplies are a line, device tables at two another."""
    counted = [Case("decisions", ErrorModel(p11=p), None, vdd=v) for v, p in ((1.0, 0.1), (0.8, 0.4))]
    tables = [Case("device table", ErrorModel(p11=p), None, vdd=v) for v, p in ((1.0, 0.2), (0.8, 0.6))]
    ideal, found = study(network, images, [*counted, *tables], Faults(), range(1))
    by_supply = report.figure(ideal, found, "made up").axes[-1]
    assert by_supply.get_xlabel() == "VDD (V)"
    drawn: Any = by_supply.containers
    for line, cases in zip(drawn, (found[:2], found[2:]), strict=True):
        assert line.lines[0].get_xdata().tolist() == [0.8, 1.0]
        assert line.lines[0].get_ydata().tolist() == [case.result.mean for case in reversed(cases)]


def test_more_spread_more_failures(imce45: Technology) -> None:
    varied = [imce45.with_values({"variation.sigma_tmr": sigma}) for sigma in (0.1, 0.4)]
    narrow, wide = margin_cases(varied, [2], 1000, 1, 1)
    assert narrow.rate < wide.rate
    assert (wide.sigma_tmr, wide.sigma_ra, wide.fan_in, wide.vdd) == (0.4, 0.05, 2, None)
    assert wide.found is not None
    assert wide.found.margin is not None
    worst = max(failures.failures for failures in wide.found.pairs.values())
    assert worst <= wide.found.margin.failures <= wide.found.pairs["01"].failures + wide.found.pairs["11"].failures


def test_decisions_at_a_supply(imce45: Technology) -> None:
    """The counts of the decisions themselves, at that supply."""
    low = imce45.with_values({"cmos.supply": 0.9})
    (found,) = decision_cases([low], 2, 1, 1)
    for pair, bits in (("00", (0, 0)), ("11", (1, 1))):
        case = decisions.Case(Operation.AND, bits, 2, 1)
        right = decisions.decisions(low, cards.locate(low), Simulator(), case, 1)
        assert found.found is not None
        assert found.found.pairs[pair] == right.errors
    assert (found.source, found.vdd) == ("decisions", 0.9)


def test_what_a_study_is_refused_for_before_it_takes_time(network: BitwiseNetwork, images: ImageSet) -> None:
    with pytest.raises(InputError, match="errors of layer conv1: network halves has fc"):
        check(network, images, Faults(layers=("conv1",)))
    grey = ImageSet("made up", np.zeros((1, 3, 4, 4), np.uint8), np.zeros(1, int), ("top", "bottom"))
    with pytest.raises(InputError, match="images of 3 channels: must be 1, the network's input"):
        check(network, grey, Faults())


@pytest.mark.usefixtures("no_ngspice")
def test_errors_that_cannot_be_simulated_are_known_before_anything_is_run(imce45: Technology) -> None:
    check_errors([imce45], [2, 8], [imce45])
    with pytest.raises(InputError, match="fan_in = 1: must be 2 or more"):
        check_errors([imce45], [2, 1], [])
    with pytest.raises(InputError, match="fan_in = 9: must be within 1 … 8"):
        check_errors([imce45], [2, 9], [])
    variation = imce45.variation.model_copy(update={"a_vt_nmos": None})
    with pytest.raises(InputError, match=r"variation\.a_vt_nmos: missing"):
        check_errors([], [], [imce45, imce45.model_copy(update={"variation": variation})])
    elsewhere = imce45.with_values({"cmos.nmos": "absent"})
    with pytest.raises(InputError, match="absent"):
        check_errors([imce45, elsewhere], [2], [])


def test_description_has_the_rate_of_the_accesses() -> None:
    """Weak cells have that of their case; what lies beside them has its own."""
    beside = Faults("cells", access=ErrorModel(p11=0.004), layers=("a", "b"))
    assert report.description(beside) == "weak cells and accesses at 0.001, in a b"
    assert report.description(Faults()) == "accesses"
