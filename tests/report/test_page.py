"""report.html in a real browser: it loads, sorts, answers pointer and keys, fits a telephone, and asks for nothing."""

import csv
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from spintronics.accelerator import network_cost
from spintronics.accelerator.charges import COMPONENTS
from spintronics.array import SubArray
from spintronics.array.subarray import ACTIVATIONS
from spintronics.characterize.device_table import DeviceTable
from spintronics.cli import app
from spintronics.networks import BitWidths, FirstLayer, load
from spintronics.report.html import write_page
from spintronics.report.html.made_of import ENTRIES
from spintronics.report.results import Results
from spintronics.technology import Technology

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright (pip install playwright)")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Headless Chromium: Playwright's own, or the system's."""
    with playwright.sync_playwright() as driver:
        for path in (None, shutil.which("chromium"), shutil.which("google-chrome")):
            try:
                started = driver.chromium.launch(executable_path=path)
            except playwright.Error:
                continue
            yield started
            started.close()
            return
        pytest.skip("needs Chromium: python -m playwright install chromium, or the system's chromium")


class Watched:
    """A page, what it complained about and what it asked for."""

    def __init__(self, browser: Any, path: Path, width: int = 1200, scheme: str = "light") -> None:
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda m: self.complaints.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.as_uri())
        self.page.wait_for_selector("html[data-ready]", timeout=10_000)

    def __enter__(self) -> Any:
        return self.page

    def __exit__(self, *_: object) -> None:
        self.page.close()


@pytest.fixture
def page(browser: Any, imce_run: Path) -> Iterator[Any]:
    with Watched(browser, imce_run / "report.html") as opened:
        yield opened


def table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "tables" / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def column(page: Any, name: str, index: int) -> list[str]:
    cells = page.locator(f'table[data-name="{name}"] tbody tr td:nth-child({index + 1})')
    return [cell.strip() for cell in cells.all_text_contents()]


def test_it_loads_without_complaint_and_asks_for_nothing(browser: Any, imce_run: Path) -> None:
    watched = Watched(browser, imce_run / "report.html")
    with watched as page:
        milliseconds = page.evaluate("performance.timing.domContentLoadedEventEnd - performance.timing.navigationStart")
    assert watched.complaints == []
    assert watched.requests == [(imce_run / "report.html").as_uri()]  # figures are data: within the file
    assert milliseconds < 3000  # on two busy cores; a third of a second alone


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_overflows_a_telephone(browser: Any, imce_run: Path, scheme: str) -> None:
    with Watched(browser, imce_run / "report.html", width=400, scheme=scheme) as page:
        page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
        assert page.evaluate("document.documentElement.scrollWidth") <= 400


def test_ink_and_paper_change_with_the_scheme(browser: Any, imce_run: Path) -> None:
    colours = {}
    for scheme in ("light", "dark"):
        with Watched(browser, imce_run / "report.html", scheme=scheme) as page:
            paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
            page.click("#theme")
            colours[scheme] = (paper, page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert colours["light"] == colours["dark"][::-1]
    assert colours["light"][0] != colours["light"][1]


def test_every_table_is_there_with_all_its_rows(page: Any, imce_run: Path) -> None:
    for path in sorted((imce_run / "tables").glob("*.csv")):
        rows = table(imce_run, path.stem)
        assert page.locator(f'table[data-name="{path.stem}"] tbody tr').count() == len(rows)


def test_a_click_sorts_and_another_turns_it_round(page: Any, imce_run: Path) -> None:
    energies = sorted(float(row["energy_fJ"]) for row in table(imce_run, "operations"))
    index = list(table(imce_run, "operations")[0]).index("energy_fJ")
    heading = page.locator('table[data-name="operations"] th').nth(index)
    numbers = page.locator(f'table[data-name="operations"] td:nth-child({index + 1})')

    def shown() -> list[float]:
        return [float(n) for n in numbers.evaluate_all("cells => cells.map(c => c.dataset.n)")]

    assert shown() != pytest.approx(energies, rel=1e-8)
    heading.get_by_role("button").click()
    assert heading.get_attribute("aria-sort") == "ascending"
    assert shown() == pytest.approx(energies, rel=1e-8)
    heading.get_by_role("button").press("Enter")
    assert heading.get_attribute("aria-sort") == "descending"
    assert shown() == pytest.approx(energies[::-1], rel=1e-8)


def test_a_state_is_hidden_and_shown(page: Any) -> None:
    paths = page.locator('#histograms path[data-state="P-AP"]')
    before = paths.count()
    button = page.locator('#histograms button[data-state="P-AP"]').first
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    assert paths.count() == before - 1
    button.press("Enter")
    assert paths.count() == before


def test_the_pointer_reads_a_bin_as_the_trials_have_it(page: Any, imce_run: Path) -> None:
    chart = page.locator("#histograms svg").first
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    said = ""
    for step in range(20, 60):  # along the lower state of the memory
        page.mouse.move(box["x"] + box["width"] * step / 200, box["y"] + box["height"] / 2)
        said = page.locator("#histograms output").first.text_content()
        if said.startswith("P:"):
            break
    found = re.fullmatch(r"P: ([\d,]+) trials in ([\d.]+) to ([\d.]+) mV", said)
    assert found, said
    count, low, high = (float(part.replace(",", "")) for part in found.groups())
    millivolts = pq.read_table(imce_run / "trials" / "fan_in_1")["v_sense_P"].to_numpy() * 1e3
    near = high - low  # edges are shown to four digits
    within = ((millivolts >= low - near / 5) & (millivolts < high + near / 5)).sum()
    inside = ((millivolts >= low + near / 5) & (millivolts < high - near / 5)).sum()
    assert inside <= count <= within


def test_arrow_keys_go_through_the_bins(page: Any) -> None:
    chart = page.locator("#histograms svg").first
    chart.focus()
    said = set()
    for _ in range(5):
        chart.press("PageDown")
        said.add(page.locator("#histograms output").first.text_content())
    assert len(said) == 5
    assert all("mV" in text for text in said)


def test_parts_of_a_total_say_their_share(page: Any, imce_run: Path) -> None:
    row = table(imce_run, "energy")[0]
    part = page.locator('#bars [data-part="AND"]').first
    part.hover()
    words = part.get_attribute("aria-label")
    assert page.locator("#bars output").first.text_content() == words
    share = 100 * float(row["AND_uJ"]) / float(row["total_uJ"])
    assert float(re.search(r"([\d.]+) % of", words)[1]) == pytest.approx(share, rel=5e-3)
    first = page.locator("#bars .parts span").first
    first.focus()
    first.press("ArrowRight")
    assert page.evaluate("document.activeElement.dataset.part") != first.get_attribute("data-part")


def test_a_number_opens_its_chain_down_to_files_that_are_there(page: Any, imce_run: Path) -> None:
    rows = table(imce_run, "operations")
    number = next(n for n, r in enumerate(rows) if (r["operation"], r["inputs"]) == ("NAND", "01"))
    cell = page.locator('table[data-name="operations"] tbody tr').nth(number).locator("td[data-n]").nth(-1)
    cell.click()
    dialog = page.locator("#chain")
    text = dialog.inner_text()
    for words in (
        "spintronics.characterize.operations",
        "spintronics.circuits.read_bench",
        "decks/AND_01.cir",
        "seed 7",
    ):
        assert words in text
    links = [a.get_attribute("href") for a in dialog.locator("a").all()]
    files = [link for link in links if not link.startswith("#")]
    assert len(files) == 3  # table, deck, waveforms: NAND is the latch's other output of AND
    assert all((imce_run / name).is_file() for name in files)
    dialog.get_by_role("button", name="Close").click()
    assert not dialog.is_visible()


@pytest.mark.parametrize(
    ("name", "which", "waveforms"),
    [
        ("device", {"quantity": "write 1: supply"}, ["cell_write_1"]),
        ("logic", {"action": "nand2"}, [f"fan-out_{n}_nand2_every_transition" for n in (1, 2, 4)]),
        (
            "sense_margin",
            {"operation": "AND", "fan_in": "2"},
            [f"fan-in_2_AND_{stored}" for stored in ("01", "11")],
        ),
    ],
)
def test_the_chain_of_a_transient_goes_to_its_waveforms(
    page: Any, imce_run: Path, name: str, which: dict[str, str], waveforms: list[str]
) -> None:
    """Of writes, gates and sense margins as of operations; of figures at an operating point there are none."""
    number = next(n for n, row in enumerate(table(imce_run, name)) if which.items() <= row.items())
    page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    page.locator(f'table[data-name="{name}"] tbody tr').nth(number).locator("td[data-n]").last.click()
    steps = page.locator("#chain li", has_text="Waveforms").locator("a")
    links = [link.get_attribute("href") for link in steps.all()]
    assert links == [f"waveforms/{stem}.parquet" for stem in waveforms]
    for link in links:
        assert pq.read_table(imce_run / link).column_names[0] == "time"


def test_the_page_draws_the_operations_alone(page: Any) -> None:
    drawn = page.locator("#transient option").all_text_contents()
    cases = [f"{action} {a}{b}" for action in ("AND", "OR", "XOR") for a in (0, 1) for b in (0, 1)]
    assert sorted(drawn) == sorted(cases + [f"{action} {bit}" for action in ("write", "read") for bit in (0, 1)])


def test_arrow_keys_and_enter_open_a_chain(page: Any) -> None:
    page.locator('table[data-name="device"] td[data-n]').first.focus()
    page.keyboard.press("ArrowDown")
    row = page.evaluate("document.activeElement.parentElement.rowIndex")
    page.keyboard.press("Enter")
    assert row == 2
    assert page.locator("#chain").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#chain").is_visible()


def test_copied_csv_is_the_table(page: Any, imce_run: Path) -> None:
    copied = page.evaluate("asCsv(document.querySelector('table[data-name=\"sense_margin\"]'))")
    found = list(csv.reader(copied.splitlines()))
    rows = table(imce_run, "sense_margin")
    assert len(found) == len(rows) + 1
    for line, row in zip(found[1:], rows, strict=True):
        for ours, cell in zip(line, row.values(), strict=True):
            assert ours == cell or float(ours) == float(cell)


def test_copied_latex_escapes_what_latex_takes_for_its_own(page: Any) -> None:
    latex = page.evaluate("asLatex(document.querySelector('table[data-name=\"storage\"]'))")
    assert latex.startswith("\\begin{tabular}{l")
    assert latex.count("\\\\\n") == latex.count("\n") - 5
    assert not re.search(r"(?<!\\)[_%#]", latex)


def test_printing_opens_everything(page: Any) -> None:
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    assert not page.locator("nav").is_visible()


def chain_of(page: Any, name: str, which: dict[str, str], heading: str) -> Any:
    """Opens the chain of one number: the dialog."""
    page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    found = page.evaluate(
        """([name, which, heading]) => {
          const table = document.querySelector(`table[data-name="${name}"]`);
          const heads = titles(table);
          const row = [...table.tBodies[0].rows].findIndex(
            (r) => Object.entries(which).every(([h, text]) => r.cells[heads.indexOf(h)].textContent === text));
          return [row, heads.indexOf(heading)];
        }""",
        [name, which, heading],
    )
    assert -1 not in found, found
    row, column = found
    page.locator(f'table[data-name="{name}"] tbody tr').nth(row).locator("td").nth(column).click()
    return page.locator("#chain")


LENET = {"network": "lenet", "w bits": "1", "i bits": "2", "first layer": "practical"}


def test_a_figure_of_the_slides_is_theirs_and_opens_no_deck(page: Any) -> None:
    for name, which, heading in (
        ("device", {"quantity": "write 1: current"}, "seed value"),
        ("energy", LENET, "seed and share at most"),
        ("claims", {"claim": "area overhead on the memory"}, "seed"),
        ("complexity", {"w bits": "1", "i bits": "2"}, "seed inference"),
    ):
        dialog = chain_of(page, name, which, heading)
        titles = [step.partition(":")[0] for step in dialog.locator("li").all_text_contents()]
        assert titles == ["Number", "Table", "Slides"], (name, titles)
        assert "ASP-DAC 2018: spintronics/report/imce_slides.toml" in dialog.inner_text()
        page.keyboard.press("Escape")


def test_a_ratio_is_ours_over_theirs_and_goes_on_to_ours(page: Any) -> None:
    steps = chain_of(page, "device", {"quantity": "write 1: current"}, "ratio").locator("li").all_text_contents()
    assert steps[2].startswith("Ratio: ours over the slides' (column seed_value;")
    assert any(step.startswith("Deck") for step in steps)


@pytest.mark.parametrize(
    ("heading", "entries", "anchors"),
    [
        ("AND µJ", "entries AND (", ["#table-operations"]),
        ("row decoder µJ", "entries select read; select write; select two rows (", ["#table-logic"]),
        ("bit counter µJ", "entries bit-counter; nand2 (", ["#table-logic"]),
        ("H tree µJ", "", []),
    ],
)
def test_a_component_names_its_entries_and_the_command_that_counts(
    page: Any, imce_run: Path, heading: str, entries: str, anchors: list[str]
) -> None:
    dialog = chain_of(page, "energy", LENET, heading)
    text = dialog.inner_text()
    assert entries in text
    assert ("Device table:" in text) == bool(entries)
    links = [link.get_attribute("href") for link in dialog.locator("a").all()]
    assert [link for link in links if link.startswith("#table")] == anchors
    assert f"({heading}; network lenet; w bits 1; i bits 2; first layer practical)" in text
    assert "spintronics explain energy lenet --bits 1:2 --first-layer practical --from ." in text


def test_the_command_of_a_chain_gives_the_number(page: Any, imce_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = chain_of(page, "energy", LENET, "total µJ").inner_text()
    (command,) = re.findall(r"spintronics (explain .*?) +\(in this folder", text)
    (number,) = re.findall(r"Number: (\S+)", text)
    monkeypatch.chdir(imce_run)
    found = CliRunner().invoke(app, [*command.split(), "--json"])
    assert found.exit_code == 0, found.output
    assert json.loads(found.stdout)["tree"]["value"] * 1e6 == pytest.approx(float(number), rel=1e-8)


def test_numbers_that_a_row_is_of_are_named(page: Any) -> None:
    dialog = chain_of(page, "sense_margin", {"operation": "AND", "fan in": "3"}, "nominal margin mV")
    assert "; operation AND; fan in 3; " in dialog.inner_text()


def test_a_file_that_is_gone_is_named_without_a_link(browser: Any, imce_run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "imce"
    shutil.copytree(imce_run, folder)
    (folder / "device_table.toml").unlink()
    write_page(Results.load(folder), folder / "report.html")
    with Watched(browser, folder / "report.html") as page:
        dialog = chain_of(page, "energy", LENET, "AND µJ")
        assert "device_table.toml is not in this folder" in dialog.inner_text()
        links = [link.get_attribute("href") for link in dialog.locator("a").all()]
        assert all((folder / link).is_file() for link in links if not link.startswith("#"))


def test_a_quantity_has_one_unit_and_its_copy_the_file_s(page: Any) -> None:
    shown = page.locator('table[data-name="device"] tbody tr').first
    assert shown.locator("td:visible").all_text_contents()[:2] == ["junction resistance, P", "7.484 kΩ"]
    copied = page.evaluate("asCsv(document.querySelector('table[data-name=\"device\"]'))")
    line = next(csv.DictReader(copied.splitlines()))
    assert line["unit"] == "ohm"
    assert float(line["value"]) == pytest.approx(7484, rel=1e-3)
    latex = page.evaluate("asLatex(document.querySelector('table[data-name=\"device\"]'))")
    assert "ohm &" not in latex
    labels = page.locator("#summary").inner_text()
    assert "µJ" in labels
    assert not re.search(r"\b(uJ|mm2)\b", labels)


def test_an_empty_cell_opens_nothing_and_stands_with_its_numbers(page: Any) -> None:
    empty = page.locator('table[data-name="device"] td.none').first
    assert empty.text_content() == "–"
    assert empty.evaluate("cell => getComputedStyle(cell).textAlign") == "right"
    empty.evaluate("cell => { cell.tabIndex = -1; cell.focus(); }")
    empty.press("Enter")
    assert not page.locator("#chain").is_visible()


def test_escape_gives_the_focus_back_to_the_cell_that_was_clicked(page: Any) -> None:
    cell = page.locator('table[data-name="device"] td[data-n]').nth(3)
    cell.click()
    page.keyboard.press("Escape")
    assert not page.locator("#chain").is_visible()
    assert cell.evaluate("cell => document.activeElement === cell")
    assert page.locator('table[data-name="device"] td[tabindex="0"]').count() == 1


@pytest.mark.parametrize("width", [718, 740])
def test_print_cuts_no_column(browser: Any, imce_run: Path, width: int) -> None:
    """On A4 and Letter, portrait, within Chromium's margins: every heading and every cell lies on the paper."""
    with Watched(browser, imce_run / "report.html", width=width) as page:
        page.emulate_media(media="print")
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        beyond = page.evaluate(
            """() => [...document.querySelectorAll("th, td")].filter((cell) => !cell.hidden).filter((cell) => {
              const box = cell.getBoundingClientRect(), within = cell.getClientRects().length;
              return box.right > innerWidth + 0.5 || cell.scrollWidth > cell.clientWidth + 1
                || (!within && !cell.closest("table.wide thead"));
            }).map((cell) => `${cell.closest("table").dataset.name}: ${cell.textContent}`)"""
        )
        assert beyond == []
        headed = page.evaluate(
            """() => Object.fromEntries([...document.querySelectorAll("table.wide")].map((table) => [
              table.dataset.name,
              [titles(table), [...table.tBodies[0].rows[0].cells].map(
                (cell) => getComputedStyle(cell, "::before").content.replace(/^"|"$/g, "").trim())],
            ]))"""
        )
    assert {"energy", "energy_by_layer", "sense_margin", "storage", "logic", "sense_voltage"} <= headed.keys()
    assert all(titles == before for titles, before in headed.values())


def test_every_action_that_a_network_is_charged_for_is_named(imce_run: Path) -> None:
    """Of the table's actions; what is put together by several is named by these."""
    sub_array = SubArray(Technology.load("imce45"), DeviceTable.load(imce_run / "device_table.toml"))
    for network in ("alexnet", "svhn", "lenet", "resnet18"):
        cost = network_cost(load(network), BitWidths(1, 2), FirstLayer.PRACTICAL, sub_array)
        for charge in (charge for layer in cost.layers for charge in layer.charges if charge.count):
            put_together = {"full_adder and mux2": {"full_adder", "mux2"}, "H-tree": set()}
            actions = put_together.get(charge.action, {charge.action})
            if charge.component == "row decoder":
                actions = {f"select {ACTIVATIONS.get(charge.action.removeprefix('select for '), 'two rows')}"}
            assert actions <= set(ENTRIES[charge.component]), charge
    assert tuple(ENTRIES) == COMPONENTS


@pytest.mark.parametrize("left", [("device",), ("operations", "fan_in"), ("sense_margin",), ()])
def test_a_run_of_anything_shows_what_is_there(
    browser: Any, imce_run: Path, tmp_path: Path, left: tuple[str, ...]
) -> None:
    """A run that was killed, without trials or with other tables: no section without content, no complaint."""
    folder = tmp_path / "run"
    (folder / "tables").mkdir(parents=True)
    for name in (name for name in left if name != "fan_in"):
        shutil.copy(imce_run / "tables" / f"{name}.csv", folder / "tables")
    if "fan_in" in left:
        (folder / "tables" / "fan_in.csv").write_text("operation,fan_in,p_fail\nAND,2,1e-9\n", encoding="utf-8")
    found = json.loads((imce_run / "manifest.json").read_text(encoding="utf-8"))
    del found["pipeline"]["trials"]
    found |= {"status": "running", "outputs": [f"tables/{name}.csv" for name in left]}
    (folder / "manifest.json").write_text(json.dumps(found), encoding="utf-8")
    write_page(Results.load(folder), folder / "report.html")
    watched = Watched(browser, folder / "report.html")
    with watched as page:
        assert "This run is running" in page.locator("header").inner_text()
        assert page.locator("table.data").evaluate_all("all => all.map(t => t.dataset.name)") == list(left)
        assert page.locator("#histograms, #waves").count() == 0
        assert page.locator("#bars").count() == 0
    assert watched.complaints == []


def test_words_of_a_file_are_text_and_not_markup(browser: Any, imce_run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "imce"
    shutil.copytree(imce_run, folder)
    evil = "<img src=x onerror=\"document.title='taken'\"></script>"
    found = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    found["pipeline"]["name"] = evil
    found["technology"]["name"] = evil
    (folder / "manifest.json").write_text(json.dumps(found), encoding="utf-8")
    write_page(Results.load(folder), folder / "report.html")
    watched = Watched(browser, folder / "report.html")
    with watched as page:
        assert page.locator("h1").text_content() == evil
        assert page.title() == f"{evil}: spintronics imce"
        assert page.locator("#main img[src=x]").count() == 0
    assert len(watched.requests) == 1
