"""The slides' figures beside a run's: all that a table gives, and what their verdicts rest on."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from spintronics.report.html.provenance import ORIGINS
from spintronics.report.html.summary import compared, verdict
from spintronics.report.results import Results


@pytest.mark.parametrize(
    ("ours", "theirs", "bound", "word"),
    [
        (1.0, 1.0, "", "agrees"),
        (0.951, 1.0, "", "agrees"),
        (1.06, 1.0, "", "near"),
        (0.76, 1.0, "", "near"),
        (1.26, 1.0, "", "differs"),
        (0.6, 0.65, "at most", "within the bound"),
        (0.7, 0.65, "at most", "beyond the bound"),
        (0.7, 0.60, "at least", "within the bound"),
        (0.5, 0.60, "at least", "beyond the bound"),
    ],
)
def test_verdicts(ours: float, theirs: float, bound: str, word: str) -> None:
    assert verdict(ours, theirs, bound) == word


def test_their_columns_stand_beside_ours() -> None:
    tables = {
        "device": [{"quantity": "write 1: current", "value": 1.2e-4, "unit": "A", "seed_value": 1.2e-4, "ratio": 1.0}],
        "storage": [{"network": "lenet", "configuration": "1:1", "total_MiB": 1.0, "seed_total_MiB": None}],
        "claims": [{"claim": "AND share", "ours": 0.8, "seed": 0.65, "remark": "first layer seed; slides: up to"}],
        "energy": [{"network": "lenet", "and_share": 0.8, "seed_and_share_at_most": 0.65}],
    }
    found = compared(tables)
    assert [(c.table, c.label, c.ours, c.theirs, c.verdict) for c in found] == [
        ("device", "write 1: current", 1.2e-4, 1.2e-4, "agrees"),
        ("claims", "AND share, first layer seed", 0.8, 0.65, "beyond the bound"),
    ]
    assert found[1].ratio == pytest.approx(0.8 / 0.65)


def test_ratios_are_those_of_the_run_s_tables(imce_run: Path) -> None:
    tables = Results.load(imce_run).tables()
    found = [c for c in compared(tables) if c.table in ("device", "claims")]
    assert len(found) >= 6
    for c in found:
        assert c.ratio == pytest.approx(tables[c.table][c.row]["ratio"], rel=1e-7)


def test_every_module_that_a_chain_names_is_there() -> None:
    for origin in ORIGINS.values():
        for module in (origin.computed, origin.testbench):
            assert module in ("", "row") or find_spec(module), module
