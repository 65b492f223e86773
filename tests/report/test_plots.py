"""Histograms and figures against the trials and tables that they draw: data, not pixels."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from matplotlib.patches import Rectangle, StepPatch

from spintronics.errors import InputError
from spintronics.report import plots
from spintronics.report.breakdowns import Breakdown, breakdowns
from spintronics.report.histograms import OPERATIONS, SenseHistogram, of_results
from spintronics.report.results import Results


@pytest.fixture(scope="module")
def results(imce_run: Path) -> Results:
    return Results.load(imce_run)


@pytest.fixture(scope="module")
def found(results: Results) -> list[SenseHistogram]:
    return of_results(results)


def test_every_trial_is_in_one_bin(found: list[SenseHistogram], imce_run: Path) -> None:
    assert [h.fan_in for h in found] == [1, 2, 3]
    for h in found:
        data = pq.read_table(imce_run / "trials" / f"fan_in_{h.fan_in}")
        for state, counts in h.counts.items():
            volts = np.sort(data[f"v_sense_{state}"].to_numpy())
            below = np.searchsorted(volts, h.edges[1:-1])  # trials under each inner edge, counted another way
            assert np.array_equal(np.cumsum(counts)[:-1], below)
            assert counts.sum() == 1000


def test_references_lie_between_the_states_that_they_tell_apart(found: list[SenseHistogram]) -> None:
    for h in found:
        centres = (h.edges[1:] + h.edges[:-1]) / 2
        for r in h.references:
            low, high = (np.average(centres, weights=h.counts[state]) for state in (r.low_state, r.high_state))
            assert low < r.voltage < high
            assert min(r.voltage - low, high - r.voltage) == pytest.approx(r.nominal, rel=0.1)


def test_three_panels_with_their_fan_ins_over_one_another(found: list[SenseHistogram]) -> None:
    figure = plots.sense_margin(found)
    assert [axes.get_title("left").partition(":")[0] for axes in figure.axes] == ["memory read", "OR", "AND"]
    references = [[line.get_xdata()[0] for line in axes.lines] for axes in figure.axes]
    for axes, operation, xs in zip(figure.axes, OPERATIONS, references, strict=True):
        own = [r.voltage * 1e3 for h in found for r in h.references if r.operation == operation]
        assert xs == pytest.approx(sorted(own))
        outlines = [p for p in axes.patches if isinstance(p, StepPatch) and not p.get_fill()]
        trials = [np.sum(p.get_data().values * np.diff(p.get_data().edges)) for p in outlines]
        assert trials == pytest.approx([1000] * len(outlines))  # trials per mV: the area is the trials
        assert len(outlines) == sum(len(h.counts) for h in found if h.has(operation))
    assert figure.axes[-1].get_xlabel() == "sense voltage (mV)"


def test_one_operation_of_one_fan_in_says_its_margin(found: list[SenseHistogram], results: Results) -> None:
    [axes] = plots.sense_margin(found, "AND", 2, "paper").axes
    [row] = [r for r in results.table("sense_margin") if (r["operation"], r["fan_in"]) == ("AND", 2)]
    assert f"margin {row['nominal_margin_mV']:.1f} mV" in axes.get_title("left")
    assert f"worst {row['worst_margin_mV']:.2f} mV" in axes.get_title("left")


def test_a_paper_takes_one_column_and_eight_points(found: list[SenseHistogram]) -> None:
    figure = plots.sense_margin(found, style="paper")
    assert figure.get_figwidth() == 3.5
    assert figure.axes[0].xaxis.label.get_fontsize() == 8


def test_fan_ins_stay_apart_in_grey(found: list[SenseHistogram]) -> None:
    panel = plots.sense_margin(found).axes[2]
    outlines = [p for p in panel.patches if isinstance(p, StepPatch) and not p.get_fill()]
    assert {p.get_linestyle() for p in outlines[:3]}.isdisjoint({p.get_linestyle() for p in outlines[3:]})


def test_what_is_not_there_is_named(found: list[SenseHistogram]) -> None:
    with pytest.raises(InputError, match=r"no trials for AND of 5; there are: read of 1, OR of 2"):
        plots.sense_margin(found, "AND", 5)
    with pytest.raises(InputError, match="must be one of screen, paper"):
        plots.sense_margin(found, style="poster")


def test_parts_sum_to_the_tables_totals(results: Results) -> None:
    tables = results.tables()
    energy = breakdowns(tables)["energy"]
    for row in tables["energy"]:
        parts = energy.bars[f"{row['network']}, first layer {row['first_layer']}"][f"{row['w_bits']}:{row['i_bits']}"]
        assert sum(parts.values()) == pytest.approx(row["total_uJ"], rel=1e-7)
    by_layer = breakdowns(tables)["energy-by-layer"]
    for row in tables["energy"]:
        place = f"{row['network']} {row['w_bits']}:{row['i_bits']}, first layer {row['first_layer']}"
        layers = by_layer.bars[place].values()
        assert sum(sum(parts.values()) for parts in layers) == pytest.approx(row["total_uJ"], rel=1e-6)
        assert sum(parts["AND"] for parts in layers) == pytest.approx(row["AND_uJ"], rel=1e-6)
    contributors = breakdowns(tables)["contributors"].bars["every operation and input"]
    for row in tables["operations"]:
        parts = contributors[f"{row['operation']} {row['inputs']}"]
        assert sum(parts.values()) == pytest.approx(row["energy_fJ"], rel=1e-7)


def test_bars_end_at_their_totals_and_differ_in_grey(results: Results) -> None:
    tables = results.tables()
    figure = plots.breakdown(breakdowns(tables)["energy"])
    bars = [p for p in figure.axes[0].patches if isinstance(p, Rectangle)]
    ends = max(p.get_x() + p.get_width() for p in bars)
    assert ends == pytest.approx(max(row["total_uJ"] for row in tables["energy"] if row["first_layer"] == "seed"))
    looks = {(p.get_facecolor(), p.get_hatch()) for p in bars}
    assert len(looks) == len({container.get_label() for container in figure.axes[0].containers})


@pytest.mark.parametrize("suffix", [".svg", ".pdf"])
def test_the_same_run_gives_the_same_file(suffix: str, found: list[SenseHistogram], tmp_path: Path) -> None:
    paths = [tmp_path / f"{n}{suffix}" for n in range(2)]
    for path in paths:
        plots.save(plots.sense_margin(found, "AND", 2), path)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_an_unknown_suffix_is_named(found: list[SenseHistogram], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"must end in \.svg"):
        plots.save(plots.sense_margin(found), tmp_path / "margin.docx")
    assert list(tmp_path.iterdir()) == []


def test_a_figure_has_no_more_groups_than_fit() -> None:
    groups = {f"{network} 1:{n}, first layer seed": {"conv1": {"AND": 1.0}} for network in "ab" for n in (1, 2)}
    assert Breakdown("t", "µJ", groups).on_paper == groups
    many = {f"{name}, again {n}": bars for n in range(3) for name, bars in groups.items()}
    assert list(Breakdown("t", "µJ", many).on_paper) == [
        "a 1:1, first layer seed, again 0",
        "b 1:1, first layer seed, again 0",
    ]


def test_a_run_says_what_it_has_to_plot_and_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    manifest = {"versions": {}, "outputs": ["tables/write.csv"], "pipeline": {"experiment": "write"}}
    for name, table in (("energy", "energy"), ("sense-margin", "sense_margin")):
        with pytest.raises(InputError, match=rf"no tables/{table}\.csv; a run of write has nothing to plot"):
            Results(tmp_path, manifest).plot(name)
    some = Results(tmp_path, manifest | {"outputs": ["tables/area.csv"]})
    with pytest.raises(InputError, match=r"no tables/energy\.csv; there are: area$"):
        some.plot("energy")
    with pytest.raises(InputError, match=r"tables/area\.csv: is missing"):
        some.plot("area")
    with pytest.raises(InputError, match=r"plot enrgy: no such figure; did you mean energy\?"):
        some.plot("enrgy")


def test_a_figure_needs_no_other_file_than_its_own(results: Results, tmp_path: Path) -> None:
    alone = Results(tmp_path, results.manifest)
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "energy.csv").write_bytes(results.table_path("energy").read_bytes())
    assert [axes.get_title("left") for axes in alone.plot("energy").axes] == [
        axes.get_title("left") for axes in plots.breakdown(breakdowns(results.tables())["energy"]).axes
    ]
    for name in sorted(set(plots.TABLES) - {"energy"}):
        with pytest.raises(InputError, match="is missing"):
            alone.plot(name)
