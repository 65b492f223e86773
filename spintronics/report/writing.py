"""Writes a command's results: tables as csv and markdown, figures as svg and png; a manifest and the page."""

import json
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spintronics.report.files import whole_file, write_whole
from spintronics.report.rows import Row, as_csv, as_markdown

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write_results(
    folder: Path,
    tables: Mapping[str, Sequence[Row]],
    figures: "Mapping[str, Figure]",
    what: Mapping[str, Any] | None = None,
) -> None:
    """Write tables/NAME.csv, tables/NAME.md, figures/NAME.svg and figures/NAME.png, each whole or not at all.

    Args:
        what: what the results depend on, for ``manifest.json`` and the page ``report.html``; neither without it.
            ``pipeline`` (experiment, name, seed and whatever else was chosen); and, where there is one, ``technology``
            with ``technology_sources`` and ``technology_sha256``, and ``inputs``, SHA-256 by the name of a file.
    """
    outputs = []
    for name, rows in tables.items():
        for suffix, text in (("csv", as_csv(rows)), ("md", as_markdown(rows))):
            outputs.append(f"tables/{name}.{suffix}")
            write_whole(folder / outputs[-1], text)
    if figures:
        import matplotlib as mpl

        from spintronics.report.figures import STYLE, settle

        formats: tuple[tuple[str, dict[str, Any]], ...] = (("svg", {"metadata": {"Date": None}}), ("png", {"dpi": 160}))
        for name, figure in figures.items():
            with mpl.rc_context(STYLE):
                settle(figure)
            for suffix, options in formats:
                outputs.append(f"figures/{name}.{suffix}")
                with whole_file(folder / outputs[-1]) as aside, mpl.rc_context(STYLE):
                    figure.savefig(aside, **options)
    if what is not None:
        _write_manifest(folder, [*outputs, "report.html"], what)


def _write_manifest(folder: Path, outputs: Sequence[str], what: Mapping[str, Any]) -> None:
    from spintronics.report.html import write_page
    from spintronics.report.results import Results

    versions = {"python": platform.python_version()}
    versions |= {name: version(name) for name in ("spintronics-imce", "numpy", "scipy")}
    document = {"status": "complete", **what, "versions": versions | what.get("versions", {}), "outputs": list(outputs)}
    write_whole(folder / "manifest.json", json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    write_page(Results.load(folder), folder / "report.html")
