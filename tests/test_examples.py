"""Notebooks, executed cell by cell in an empty folder beside a finished run; few trials, nothing else changed."""

import ast
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.ipynb"))


def cells(path: Path) -> list[str]:
    """Source of the code cells, their number of trials cut to what a test needs."""
    found = json.loads(path.read_text(encoding="utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in found if cell["cell_type"] == "code"]
    return [re.sub(r"^TRIALS = [\d_]+$", "TRIALS = 1000", source, flags=re.MULTILINE) for source in sources]


def shown(source: str, names: dict[str, Any]) -> Any:
    """Run a cell; the value of its last line where that is an expression, as a notebook shows it."""
    body = ast.parse(source).body
    last = body.pop() if isinstance(body[-1], ast.Expr) else None
    exec(compile(ast.Module(body, []), "cell", "exec"), names)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names) if last else None


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path, imce_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(imce_run, tmp_path / "results" / "imce")
    names: dict[str, Any] = {}
    results = [shown(source, names) for source in cells(path)]
    html = [result._repr_html_() for result in results if hasattr(result, "_repr_html_")]
    assert any(html)


def test_notebooks_carry_no_output() -> None:
    assert len(EXAMPLES) == 4
    for path in EXAMPLES:
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            assert not cell.get("outputs"), path
            assert cell.get("execution_count") is None, path
