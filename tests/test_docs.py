"""Documentation: what it tells people to type works, what is generated is in step, and it builds without a warning."""

import doctest
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
COMMAND = Path(sys.executable).with_name("spintronics")


def commands(page: str) -> list[list[str]]:
    """Commands of a page's blocks, with few trials; those that need a user's own files are left out."""
    found = re.findall(r"^    (spintronics .+)$", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE)
    return [shlex.split(re.sub(r"--trials \d+", "--trials 1000", line)) for line in found if "PATH/" not in line]


@pytest.mark.parametrize(
    "page", ["tutorial.md", "how-to/junction.md", "how-to/cell.md", "how-to/network.md", "how-to/paper.md"]
)
def test_what_a_page_says_to_type_works(page: str, imce_run: Path, tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    shutil.copytree(imce_run, tmp_path / "results" / "imce")
    for name, text in re.findall(
        r'```toml\nname = "(\w+)"\n(.*?)```', (DOCS / page).read_text(encoding="utf-8"), re.DOTALL
    ):
        (tmp_path / f"{name}.toml").write_text(f'name = "{name}"\n{text}', encoding="utf-8")
    found = commands(page)
    assert found
    for command in found:
        answer = subprocess.run([COMMAND, *command[1:]], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (answer.returncode, answer.stderr) == (0, ""), command


@pytest.mark.parametrize("page", ["tutorial.md", "reference/python.md"])
def test_python_in_a_page_gives_what_it_says(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = doctest.testfile(str(DOCS / page), module_relative=False)
    assert found.attempted > 3
    assert found.failed == 0


def test_generated_pages_are_in_step_with_the_code() -> None:
    tool = [sys.executable, ROOT / "tools" / "write_reference.py", "--check"]
    answer = subprocess.run(tool, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr


def test_pages_build_without_a_warning(tmp_path: Path) -> None:
    pytest.importorskip("material", reason="needs mkdocs-material (extra docs)")
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", tmp_path / "site"]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    answer = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False, env=environment)
    assert answer.returncode == 0, answer.stderr
    assert (tmp_path / "site" / "tutorial" / "index.html").is_file()
    for page in (tmp_path / "site").rglob("*.html"):
        loaded = re.findall(
            r'<(?:script|img|iframe)[^>]*src="(https?:[^"]+)"|<link[^>]*stylesheet[^>]*href="(https?:[^"]+)"',
            page.read_text(),
        )
        assert loaded == [], page
