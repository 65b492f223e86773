"""The slides' figures beside a run's: all that a table gives, and what their verdicts rest on."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from spintronics.report.html.made_of import command
from spintronics.report.html.provenance import ORIGINS, is_of_slides, ours_beside, under_ratio
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


def test_a_network_of_a_file_is_not_given_for_a_known_one() -> None:
    row = {"network": "mine", "w_bits": 1, "i_bits": 2, "first_layer": "seed"}
    shown = command("spintronics explain energy", "energy", row, ".")
    assert shown == "spintronics explain energy FILE --bits 1:2 --first-layer seed --from ."
    processor = {"design": "CPU (Core i7-6700K)", "network": "lenet"}
    assert command("spintronics explain energy", "comparison", processor, ".") == ""


def test_a_ratio_is_to_the_column_of_theirs_that_it_names() -> None:
    row = {"total_MiB": 1.0, "ratio_to_single": 6, "seed_total_MiB": 2.0, "seed_ratio_to_single": 6, "ratio": 0.5}
    assert [under_ratio(column, row) for column in row] == ["", "", "", "", "seed_total_MiB"]
    assert ours_beside("seed_total_MiB", row) == "total_MiB"
    needed = {"seed": 1.0, "ours": 2.0, "value": 3.0, "needed": 6.0, "ratio": 2.0}
    assert under_ratio("ratio", needed) == ""  # of the input to itself
    assert not is_of_slides("seeds")  # a study's own


def test_every_module_that_a_chain_names_is_there() -> None:
    for origin in ORIGINS.values():
        for module in (origin.computed, origin.testbench):
            assert module in ("", "row") or find_spec(module), module
