"""The page and figures of a run: how long they take, how large the page is, how soon a browser has it.

    python benchmarks/bench_report.py [RESULTS_FOLDER]

Without a folder the whole seed run is made first, a minute or two.  Times are medians of 5, in this process, imports
left out; the browser is headless Chromium with an empty cache, where Playwright finds one.
"""

import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

from measure import Stopwatch, machine, print_table

import spintronics
from spintronics.report import plots
from spintronics.report.breakdowns import breakdowns
from spintronics.report.histograms import of_results
from spintronics.report.html import write_page
from spintronics.report.results import Results

REPEATS = 5


def measured(task: Callable[[], object]) -> Stopwatch:
    """The median of the wall times, and its CPU time."""
    watches = []
    for _ in range(REPEATS):
        with Stopwatch() as watch:
            task()
        watches.append(watch)
    return sorted(watches, key=lambda watch: watch.wall)[REPEATS // 2]


def draw_all(folder: Path, out: Path) -> None:
    """Every figure that ``spintronics plot`` draws, in both styles, as SVG."""
    results = Results.load(folder)
    found = breakdowns(results.tables())
    for style in plots.STYLES:
        plots.save(plots.sense_margin(of_results(results), style=style), out / f"margin_{style}.svg", style)
        for name, breakdown in found.items():
            plots.save(plots.breakdown(breakdown, style), out / f"{name}_{style}.svg", style)


def opened(page: Path) -> str:
    """Milliseconds from navigation until the page's script has drawn everything."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        return "no playwright"
    with sync_playwright() as driver:
        for path in (None, shutil.which("chromium"), shutil.which("google-chrome")):
            try:
                browser = driver.chromium.launch(executable_path=path)
            except Error:
                continue
            times = []
            for _ in range(REPEATS):
                view = browser.new_page()
                view.goto(page.resolve().as_uri())
                view.wait_for_selector("html[data-ready]")
                times.append(
                    view.evaluate("performance.timing.domContentLoadedEventEnd - performance.timing.navigationStart")
                )
                view.close()
            browser.close()
            return f"{median(times) / 1e3:.2f}"
    return "no Chromium"


def main() -> None:
    """Measure and print."""
    print("page and figures of the seed run")
    print(machine())
    with tempfile.TemporaryDirectory() as temporary:
        out = Path(temporary)
        folder = Path(sys.argv[1]) if len(sys.argv) > 1 else out / "imce"
        if len(sys.argv) == 1:
            spintronics.run("imce", folder)
        page = measured(lambda: write_page(Results.load(folder), out / "report.html"))
        figures = measured(lambda: draw_all(folder, out))
        size = (out / "report.html").stat().st_size / 1e6
        rows = [
            ["report, s", f"{page.wall:.2f}", f"{page.cpu:.2f}", "<= 5"],
            ["page, MB", f"{size:.2f}", "", "<= 5"],
            ["opened in Chromium, s", opened(out / "report.html"), "", "< 1"],
            ["figures, two styles, s", f"{figures.wall:.2f}", f"{figures.cpu:.2f}", "<= 10"],
        ]
    print_table(["", "wall", "CPU", "target"], rows)


if __name__ == "__main__":
    main()
