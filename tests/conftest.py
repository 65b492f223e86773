"""What several rooms' tests share: the technology that travels with the package, a user's PDK, a missing ngspice."""

from pathlib import Path

import pytest

from spintronics.technology import Technology

FREEPDK45 = Path(__file__).parents[2] / "shared" / "pdk" / "freepdk45"


@pytest.fixture(scope="session")
def imce45() -> Technology:
    return Technology.load("imce45")


@pytest.fixture(scope="session")
def freepdk45() -> Path:
    if not FREEPDK45.is_dir():
        pytest.skip(f"needs the FreePDK45 cards in {FREEPDK45}, which do not travel with the project")
    return FREEPDK45.resolve()


@pytest.fixture
def no_ngspice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without ngspice: nothing on PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("SPINTRONICS_NGSPICE", raising=False)


@pytest.fixture
def old_ngspice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An executable that says it is ngspice 26; only its version is ever asked."""
    script = tmp_path / "ngspice-26"
    script.write_text('#!/bin/sh\necho "** ngspice-26 : Circuit level simulation program"\n')
    script.chmod(0o755)
    monkeypatch.setenv("SPINTRONICS_NGSPICE", str(script))
    return script
