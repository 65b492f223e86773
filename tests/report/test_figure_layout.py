"""Figures as a two-column paper takes them: sizes, what stays apart in grey, and words that no line crosses."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.patches import StepPatch
from matplotlib.text import Annotation

from spintronics.report import plots
from spintronics.report.breakdowns import Breakdown, breakdowns
from spintronics.report.histograms import Reference, SenseHistogram, of_results
from spintronics.report.results import Results


@pytest.fixture(scope="module")
def results(imce_run: Path) -> Results:
    return Results.load(imce_run)


@pytest.fixture(scope="module")
def found(results: Results) -> list[SenseHistogram]:
    return of_results(results)


@pytest.fixture(scope="module")
def close() -> list[SenseHistogram]:
    """References 4 mV apart: every label would cross another's line if they stood as they like."""
    drawn = np.random.default_rng(1)
    return [
        SenseHistogram.of(
            k,
            {"-".join("P" * (k - n) + "A" * n): drawn.normal(0.1 / k * (1 + n), 1e-3, 200) for n in range(k + 1)},
            [Reference("AND", "low", "high", 0.05 + 0.004 * (k % 3), 3e-3, 1e-3, 0, 200)],
        )
        for k in (2, 3, 4)
    ]


def drawn_dashes(panel: Axes) -> list[object]:
    outlines = [p.get_linestyle() for p in panel.patches if isinstance(p, StepPatch) and not p.get_fill()]
    return [*outlines, *(vars(line)["_unscaled_dash_pattern"] for line in panel.lines)]  # what it was given is not kept


def test_figures_of_a_run_fit_a_page_of_two_columns(results: Results, found: list[SenseHistogram]) -> None:
    tables = {name: results.table(name) for name in results.table_names}
    figures = {name: plots.breakdown(b, "paper") for name, b in breakdowns(tables).items()}
    assert set(figures) >= {"energy", "energy-by-layer", "and-operations", "area-by-layer", "area", "contributors"}
    for figure in (*figures.values(), plots.sense_margin(found, style="paper")):
        assert figure.get_figwidth() in (3.5, 7.16)
        assert figure.get_figheight() <= 8.0
    assert figures["contributors"].get_figwidth() == 3.5


@pytest.mark.parametrize(
    ("groups", "bars", "width"), [(1, 5, 3.5), (3, 8, 3.5), (5, 5, 7.16), (6, 5, 7.16), (8, 16, 7.16), (10, 21, 7.16)]
)
def test_break_down_of_any_size_fits_with_all_its_words(groups: int, bars: int, width: float) -> None:
    parts = {f"part {n}": 1.0 + n for n in range(12)}
    many = {f"net{g}, first layer seed": {f"layer{b}": parts for b in range(bars)} for g in range(groups)}
    figure = plots.breakdown(Breakdown("energy", "µJ", many), "paper")
    assert figure.get_figwidth() == width
    assert figure.get_figheight() <= 8.0
    assert len(figure.axes) == groups
    figure.draw_without_rendering()
    page = figure.bbox
    [legend] = figure.legends
    words = [text.get_window_extent() for text in legend.get_texts()]
    feet = [panel.xaxis.label.get_window_extent() for panel in figure.axes if panel.get_xlabel()]
    whole = [box for panel in figure.axes if (box := panel.get_tightbbox())]
    for box in (*words, *feet, *whole):
        assert page.x0 - 1 < box.x0 < box.x1 < page.x1 + 1
        assert page.y0 - 1 < box.y0 < box.y1 < page.y1 + 1
    assert not any(word.overlaps(foot) for word in words for foot in feet)
    for panel in figure.axes:
        labels = [label.get_window_extent() for label in panel.get_yticklabels()]
        assert all(above.y0 >= below.y1 for above, below in pairwise(labels))


@pytest.mark.parametrize("style", ["paper", "screen"])
def test_every_line_of_a_panel_has_its_own_dashes(
    style: str, found: list[SenseHistogram], close: list[SenseHistogram]
) -> None:
    for histograms in (found, close):
        for panel in plots.sense_margin(histograms, style=style).axes:
            dashes = [str(dash) for dash in drawn_dashes(panel)]
            assert len(dashes) == len(set(dashes))
            legend = panel.get_legend()
            assert legend is not None
            shown = [handle.get_linestyle() for handle in legend.get_patches()]
            assert len({str(dash) for dash in shown}) == len(shown)


@pytest.mark.parametrize("style", ["paper", "screen"])
def test_no_line_crosses_the_words_of_a_reference(
    style: str, found: list[SenseHistogram], close: list[SenseHistogram]
) -> None:
    for histograms, labels in ((found, [0, 2, 2]), (close, [3])):
        figure = plots.sense_margin(histograms, style=style)
        figure.draw_without_rendering()
        for panel, expected in zip(figure.axes, labels, strict=True):
            words = [t for t in panel.texts if isinstance(t, Annotation) and t.get_text()]
            boxes = [t.get_window_extent() for t in words]
            assert len(boxes) == expected
            lines = [line.get_window_extent() for line in panel.lines]
            assert not [(t.get_text(), at) for t, box in zip(words, boxes, strict=True) for at in lines
                        if at.x0 < box.x1 and at.x1 > box.x0 and at.y1 > box.y0 and at.y0 < box.y1]  # fmt: skip
            assert not any(a.overlaps(b) for n, a in enumerate(boxes) for b in boxes[:n])
            tops = [
                panel.transData.transform((0, p.get_data()[0].max()))[1]
                for p in panel.patches
                if isinstance(p, StepPatch)
            ]
            assert all(box.y0 >= max(tops) for box in boxes)
