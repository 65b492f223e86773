"""Compiled junction models: taken where the simulator has OSDI and they can be built, said so where not."""

import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from spintronics import cards
from spintronics.characterize import writing
from spintronics.circuits.compiled import with_compiled_devices
from spintronics.magnetics import Macrospin
from spintronics.ngspice import Simulator, find_ngspice, has_osdi
from spintronics.technology import Technology

TECHNOLOGY = Technology.load("imce45")
needs_openvaf = pytest.mark.skipif(
    find_spec("openvaf_py") is None, reason="openvaf-py has wheels for Python 3.11 and 3.12 alone"
)
needs_compiler = pytest.mark.skipif(not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="no C compiler here")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "spintronics"


def test_without_osdi_nothing_is_compiled(cache: Path) -> None:
    own = cards.locate(TECHNOLOGY)
    found, notes = with_compiled_devices(TECHNOLOGY, own, osdi=False)
    assert found == own
    assert set(notes.values()) == {"subcircuit: this ngspice has no OSDI"}
    assert not cache.exists()


@needs_openvaf
@needs_compiler
def test_with_osdi_decks_load_the_compiled_model_once_built(cache: Path) -> None:
    found, notes = with_compiled_devices(TECHNOLOGY, cards.locate(TECHNOLOGY), osdi=True)
    libraries = sorted(cache.glob("*.osdi"))
    assert len(libraries) == 2
    assert "pre_osdi" in found.compiled["generated/she_mtj"]
    assert all("built with" in note for note in notes.values())
    _, again = with_compiled_devices(TECHNOLOGY, cards.locate(TECHNOLOGY), osdi=True)
    assert all("built before" in note for note in again.values())


@needs_openvaf
def test_without_a_compiler_the_subcircuit_is_kept_and_the_reason_said(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CC", raising=False)
    found, notes = with_compiled_devices(TECHNOLOGY, cards.locate(TECHNOLOGY), osdi=True)
    assert found.compiled == {}
    assert all(note.endswith(": subcircuit") for note in notes.values())


@needs_openvaf
@needs_compiler
@pytest.mark.skipif(not has_osdi(find_ngspice()), reason="this ngspice has no OSDI")
def test_a_write_through_the_compiled_model_is_that_of_the_subcircuit() -> None:
    own = cards.locate(TECHNOLOGY)
    compiled, _ = with_compiled_devices(TECHNOLOGY, own, osdi=True)
    angles = Macrospin.of(TECHNOLOGY).thermal_angles(2, seed=3)
    results = []
    for model_cards in (own, compiled):
        context = (TECHNOLOGY, model_cards, Simulator())
        [voltage] = writing.write_voltages(*context, 1, np.array([TECHNOLOGY.write.current]))
        results.append(writing.sot_writes(*context, 1, voltage, TECHNOLOGY.write.pulse_width, angles, 2))
    assert results[1].energy == pytest.approx(results[0].energy, rel=1e-6)
    assert results[1].times == pytest.approx(results[0].times, abs=1e-15)
