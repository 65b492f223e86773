"""The package from Python: the same figures as the command's, in tables that show themselves."""

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

import spintronics as sp
from spintronics.errors import InputError
from spintronics.report.rows import as_latex


@pytest.fixture(scope="module")
def found() -> sp.SenseMargins:
    return sp.sense_margin(sp.Technology.load("imce45"), fan_in=2, trials=1000, seed=7, workers=2)


def test_margins_are_those_of_a_run_with_the_same_seed(found: sp.SenseMargins, imce_run: Path) -> None:
    table = sp.Results.load(imce_run).table("sense_margin")
    for ours, theirs in zip(found.table, [row for row in table if row["fan_in"] == 2], strict=True):
        for column, value in theirs.items():
            assert ours[column] == (pytest.approx(value, rel=1e-8) if isinstance(value, float) else value) or (
                value is None and ours[column] != ours[column]
            )


def test_less_tmr_leaves_less_margin(found: sp.SenseMargins) -> None:
    less = sp.sense_margin(found.technology.with_(tmr=1.0), fan_in=2, trials=1000, seed=7, workers=2)
    for ours, theirs in zip(less.table["nominal_margin_mV"], found.table["nominal_margin_mV"], strict=True):
        assert 0 < ours < theirs


def test_results_show_themselves_in_a_notebook(found: sp.SenseMargins) -> None:
    html = found._repr_html_()
    svg, table = html[html.index("<svg") : html.index("</svg>") + 6], html[html.index("<table>") :]
    assert ElementTree.fromstring(svg).tag == "{http://www.w3.org/2000/svg}svg"
    cells = [cell.text for cell in ElementTree.fromstring(table).iter("td")]
    assert f"{found.margins[0].nominal * 1e3:.4g}" in cells
    assert [axes.get_title("left").partition(":")[0] for axes in found.plot().axes] == ["OR", "AND"]


def test_a_table_gives_rows_columns_and_text() -> None:
    rows = [{"name": "a<b", "value_mV": 1.5}, {"name": "c", "value_mV": None}]
    table = sp.Table(rows)
    assert (len(table), table[1], table["value_mV"], list(table[:1])) == (2, rows[1], [1.5, None], rows[:1])
    assert table.to("latex") == as_latex(rows)
    assert "a&lt;b" in table._repr_html_()
    assert "value mV" in table._repr_html_()
    assert repr(sp.Table([])) == "Table([])"
    with pytest.raises(InputError, match="no column 'x'; there are: name, value_mV"):
        table["x"]
    with pytest.raises(InputError, match="must be one of text, csv, markdown, latex"):
        table.to("html")


def test_a_network_costs_what_the_run_says(imce_run: Path) -> None:
    [row] = [
        row
        for row in sp.Results.load(imce_run).table("energy")
        if (row["w_bits"], row["i_bits"], row["first_layer"]) == (1, 2, "practical")
    ]
    cost = sp.evaluate("lenet", imce_run / "device_table.toml", "1:2", "practical")
    assert cost.cost.energy * 1e6 == pytest.approx(row["total_uJ"], rel=1e-7)
    assert sum(cost.components["value"][: len(cost.cost.energy_parts)]) == pytest.approx(row["total_uJ"], rel=1e-7)
    assert "<svg" in cost._repr_html_()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"fan_in": 0}, r"fan_in = 0: must be within 1 … 8"),
        ({"trials": 0}, r"trials = 0: must be at least 1"),
        ({"workers": 0}, r"workers"),
    ],
)
def test_bad_arguments_are_named(arguments: dict[str, int], message: str, imce45: sp.Technology) -> None:
    with pytest.raises(InputError, match=message):
        sp.sense_margin(imce45, **{"trials": 10, **arguments})


def test_another_technology_than_the_table_s_is_refused(imce_run: Path, imce45: sp.Technology) -> None:
    with pytest.raises(InputError, match="characterize it anew"):
        sp.evaluate("lenet", imce_run / "device_table.toml", technology=imce45.with_(tmr=1.2))
    with pytest.raises(InputError, match="must be one of seed, practical"):
        sp.evaluate("lenet", imce_run / "device_table.toml", first_layer="none")


def test_with_takes_names_as_a_keyboard_has_them(imce45: sp.Technology) -> None:
    changed = imce45.with_(tmr=1.2, ra="8 ohm*um^2", cmos__supply=0.9, sigma_ra="3 %")
    assert changed.junction.tmr == 1.2
    assert changed.junction.ra == pytest.approx(8e-12)
    assert (changed.cmos.supply, changed.variation.sigma_ra) == (0.9, 0.03)
    assert changed.stt == imce45.stt
    for name, message in (
        ("driver_width", r"driver_width: which one\? there are: write__driver_width, stt__driver_width"),
        ("tmrr", r"technology\.tmrr: unknown key of .*; did you mean junction\.tmr or stt\.tmr\?"),
        ("nothing_like_it", r"technology\.nothing_like_it: unknown key of .*; there are: "),
    ):
        with pytest.raises(InputError, match=message):
            imce45.with_(**{name: 1.0})


def test_a_folder_shows_its_tables_figures_and_itself(imce_run: Path) -> None:
    results = sp.Results.load(imce_run)
    table = results.table("energy")
    assert isinstance(table, sp.Table)
    assert table.to("csv") == (imce_run / "tables" / "energy.csv").read_text(encoding="utf-8")
    [axes] = results.plot("sense-margin", "and", 2).axes
    assert axes.get_title("left").startswith("AND: margin")
    shown = [cell.text or "" for cell in ElementTree.fromstring(results._repr_html_()).iter("td")]
    assert shown[:2] == ["imce", "imce45"]
    assert shown[2].split(", ") == results.table_names
    assert repr(results) == f"Results('{imce_run}': imce, technology imce45, {len(results.table_names)} tables)"


def test_results_are_a_line_at_a_prompt(found: sp.SenseMargins, imce_run: Path) -> None:
    assert repr(found).startswith("SenseMargins(imce45, 1,000 trials of fan-in 2: OR 7.6 mV, AND 17.7 mV)")
    said = repr(sp.evaluate("lenet", imce_run, "1:2"))
    assert re.fullmatch(r"NetworkEvaluation\(lenet 1:2: [\d.e+]+ µJ, [\d.e+]+ ms, [\d.e+]+ mm²\)", said), said


def test_a_run_s_folder_does_for_its_device_table(imce_run: Path, tmp_path: Path) -> None:
    ours, theirs = (sp.evaluate("lenet", path) for path in (imce_run, imce_run / "device_table.toml"))
    assert ours.table == theirs.table
    with pytest.raises(InputError, match=r"no manifest\.json"):
        sp.evaluate("lenet", tmp_path)


def test_tables_are_equal_where_their_rows_are() -> None:
    assert sp.Table([{"a": 1}]) == [{"a": 1}] == sp.Table([{"a": 1}])
    assert sp.Table([{"a": 1}]) != sp.Table([{"a": 2}])
    assert sp.Table([]) != 3


def test_importing_the_package_imports_nothing_heavy() -> None:
    program = "import sys, spintronics; print({'numpy', 'pydantic', 'matplotlib'} & set(sys.modules))"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout == "set()\n"
    assert not re.search(r"\S", answer.stderr)


def test_what_the_package_does_not_have_is_an_attribute_error() -> None:
    assert set(sp.__all__) <= {name for name in sp.__all__ if getattr(sp, name)}
    with pytest.raises(AttributeError, match="nothing_like_it"):
        sp.nothing_like_it  # noqa: B018
