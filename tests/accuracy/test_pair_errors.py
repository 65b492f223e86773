"""Probabilities by pair, against counts on voltages solved one by one, and what a device table must have."""

from dataclasses import replace

import numpy as np
import pytest

from spintronics import cards
from spintronics.accuracy import PAIRS, margin_errors, table_errors
from spintronics.characterize.device_table import DeviceTable, Entry, ErrorRate
from spintronics.circuits.sense_path import branch_resistance
from spintronics.errors import InputError
from spintronics.montecarlo import draw_junctions
from spintronics.ngspice import Simulator
from spintronics.technology import Technology

TRIALS = 2000


def table(errors: dict[str, ErrorRate | None]) -> DeviceTable:
    entries = (Entry("operations", "AND", case, "one", "none", None, error=e) for case, e in errors.items())
    return DeviceTable("made up", "0" * 64, "nominal", 1.0, 300.0, tuple(entries))


def test_device_table_by_pair() -> None:
    counts = {"00": 1, "01": 2, "10": 3, "11": 4}
    errors = table({case: ErrorRate(n, 100, 0.0, 1.0) for case, n in counts.items()})
    model = table_errors(errors).model
    assert (model.p00, model.p01, model.p10, model.p11) == (0.01, 0.02, 0.03, 0.04)
    again = table_errors(
        DeviceTable.from_toml(
            replace(errors, entries=tuple(replace(e, status="failed") for e in errors.entries)).to_toml()
        )
    )
    assert again.model == model


@pytest.mark.parametrize("missing", PAIRS)
def test_device_table_without_errors(missing: str) -> None:
    whole: dict[str, ErrorRate | None] = dict.fromkeys(PAIRS, ErrorRate(1, 100, 0.0, 1.0))
    with pytest.raises(InputError, match=f"AND {missing}: no error probability: run spintronics characterize"):
        table_errors(table(whole | {missing: None}))
    with pytest.raises(InputError, match=f"AND {missing}: no error probability"):
        table_errors(table({case: error for case, error in whole.items() if case != missing}))


def test_margins_against_parallel_resistances(imce45: Technology) -> None:
    """Without access transistors: failures of parallel junctions against the midpoint, same draws.

    At fan-in 2 the transistors add the same to cells and reference, so nearly the same trials fail.
    """
    fan_in = 2
    wide = imce45.with_values({"variation.sigma_tmr": 0.35, "variation.sigma_ra": 0.15})
    found = margin_errors(wide, cards.locate(wide), Simulator(), fan_in, TRIALS, 1, 1)
    junctions = draw_junctions(wide.operating_junction, wide.variation, fan_in, TRIALS, 1)
    current, half = wide.sense.current, wide.heavy_metal.resistance / 2
    nominal = [
        branch_resistance(wide.operating_junction, wide.heavy_metal, fan_in - n, n, current) for n in range(fan_in + 1)
    ]
    reference = (nominal[-2] + nominal[-1]) / 2
    v_h = wide.operating_junction.half_tmr_voltage
    for pair in PAIRS:
        antiparallel = fan_in - 2 + pair.count("1")
        bits = np.arange(fan_in) >= fan_in - antiparallel
        volts = np.full(TRIALS, current * nominal[antiparallel])
        for _ in range(50):
            tmr = junctions.tmr / (1 + (volts[:, None] / v_h) ** 2)
            volts = current / (1 / (junctions.r_p * (1 + np.where(bits, tmr, 0)) + half)).sum(axis=1)
        wrong = volts <= current * reference if pair == "11" else volts >= current * reference
        assert found.pairs[pair].low <= wrong.mean() <= found.pairs[pair].high or pair == "00"
    assert found.pairs["01"] == found.pairs["10"]
    assert found.pairs["11"].failures > 0
    assert found.pairs["00"].failures <= found.pairs["01"].failures
    three = margin_errors(wide, cards.locate(wide), Simulator(), 3, TRIALS, 1, 1)
    assert all(three.pairs[pair].failures > found.pairs[pair].failures for pair in ("01", "11"))


def test_and_of_one_cell(imce45: Technology) -> None:
    with pytest.raises(InputError, match="fan_in = 1: must be 2 or more, an AND has two operands"):
        margin_errors(imce45, cards.locate(imce45), Simulator(), 1, TRIALS, 1, 1)
