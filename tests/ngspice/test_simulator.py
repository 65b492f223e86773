"""ngspice itself: closed forms, its failures as typed errors in its own words, and many decks at once."""

import os
import resource
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from spintronics.errors import InputError
from spintronics.ngspice import (
    ConvergenceError,
    DeckError,
    DeckTimeout,
    Installation,
    Simulator,
    SimulatorMissing,
    SimulatorTooOld,
    Waves,
    default_workers,
    find_ngspice,
)
from spintronics.ngspice.rawfile import RawFileError, read_raw

DIVIDER = "* divider\nv1 in 0 1\nr1 in out 1k\nr2 out 0 3k\n.op\n.end\n"


def divider(lower: float) -> str:
    return f"* divider\nv1 in 0 1\nr1 in out 1k\nr2 out 0 {lower}\n.op\n.end\n"


def test_divider() -> None:
    waves = Simulator().run(DIVIDER)
    assert float(waves["v(out)"][0]) == pytest.approx(0.75, rel=1e-9)
    assert float(waves["i(v1)"][0]) == pytest.approx(-1 / 4000, rel=1e-9)


def test_sweep_gives_one_value_per_point_in_order() -> None:
    waves = Simulator().run("sweep\nv1 in 0 0\nr1 in out 1k\nr2 out 0 3k\n.dc v1 0 2 0.25\n.end\n")
    assert waves.axis == "v(v-sweep)"
    assert waves.x == pytest.approx(np.arange(9) * 0.25)
    assert waves["v(out)"] == pytest.approx(waves.x * 0.75)


def test_rc_transient_in_closed_form() -> None:
    deck = (
        "rc\nv1 in 0 pulse(0 1 0 1p 1p 1 2)\nr1 in out 1k\nc1 out 0 1n\n.tran 5n 5u 0 5n\n.options reltol=1e-5\n.end\n"
    )
    waves = Simulator().run(deck)
    assert waves.axis == "time"
    assert waves.x[-1] == pytest.approx(5e-6)
    assert np.abs(waves["v(out)"] - (1 - np.exp(-waves.x / 1e-6))).max() < 1e-4


def test_names_are_found_in_any_case_and_a_wrong_one_lists_those_there_are() -> None:
    waves = Simulator().run(DIVIDER)
    assert set(waves) == {"v(in)", "v(out)", "i(v1)"}
    assert waves["V(OUT)"] is waves["v(out)"]
    with pytest.raises(KeyError, match=r"v\(nowhere\).*v\(out\)"):
        waves["v(nowhere)"]


FAILURES = {
    "unknown subcircuit": ("v1 a 0 1\nx1 a 0 nothing\n.op", DeckError, "unknown subckt: x1 a 0 nothing"),
    "undefined parameter": ("v1 a 0 1\nr1 a 0 {width}\n.op", DeckError, "Undefined parameter [width]"),
    "missing model": ("v1 a 0 1\nm1 a a 0 0 absent w=1u l=1u\n.op", DeckError, "could not find a valid modelname"),
    "no such function": ("v1 a 0 1\nb1 b 0 v=f00(v(a))\nr1 b 0 1\n.op", DeckError, "no such function 'f00'"),
    "no analysis": ("v1 a 0 1\nr1 a 0 1k", DeckError, "is there an analysis line?"),
    "complex vectors": ("v1 a 0 dc 0 ac 1\nr1 a 0 1k\n.ac dec 1 1 10", DeckError, "complex vectors"),
    "no operating point": ("b1 b 0 v=v(b)*v(b)+1\nr1 b 0 1\n.op", ConvergenceError, "timestep too small"),
    "loop of sources": ("v1 a 0 1\nv2 a 0 2\n.op", ConvergenceError, ("singular matrix", "timestep too small")),
    "out of a function's range": ("v1 a 0 -1\nb1 b 0 v=sqrt(v(a))\nr1 b 0 1\n.op", ConvergenceError, "failed"),
    "infinite voltage": ("v1 a 0 1e308\nv2 b a 1e308\nr1 b 0 1e12\n.op", DeckError, "not finite in v(b)"),
    "infinite voltage in time": ("v1 a 0 1e308\nv2 b a 1e308\n.tran 1n 3n uic", DeckError, "not finite in v(b)"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_failure_is_a_typed_error_in_the_simulators_words_with_the_deck_kept(name: str, tmp_path: Path) -> None:
    body, kind, words = FAILURES[name]
    deck = f".title {name}\n{body}\n.end\n"
    with pytest.raises(DeckError) as caught:
        Simulator(failed=tmp_path / "failed").run(deck)
    error = caught.value
    assert type(error) is kind
    assert any(w in error.message for w in ([words] if isinstance(words, str) else words))
    assert error.title == name
    assert error.deck is not None
    assert error.deck.read_text() == deck
    assert f"Circuit: {name}" in error.deck.with_suffix(".log").read_text()  # its output, whole
    assert str(error) == f"ngspice: {name}: {error.message}; deck kept at {error.deck}"
    assert "\n" not in str(error)


def test_missing_model_is_named() -> None:
    body, _, _ = FAILURES["missing model"]
    with pytest.raises(DeckError, match="absent"):
        Simulator().run(f"x\n{body}\n.end\n")


def test_deck_past_its_time_is_stopped_and_kept(tmp_path: Path) -> None:
    deck = "* endless\nv1 a 0 sin(0 1 1g)\nr1 a b 1k\nc1 b 0 1p\n.tran 1p 1 0 1p\n.save v(b)\n.end\n"
    started = time.monotonic()
    with pytest.raises(DeckTimeout, match=r"endless: not finished after 0\.5 s") as caught:
        Simulator(timeout=0.5, failed=tmp_path).run(deck)
    assert time.monotonic() - started < 10
    assert caught.value.deck is not None
    assert caught.value.deck.read_text() == deck
    assert "b'" not in caught.value.deck.with_suffix(".log").read_text()


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    simulator = Simulator()
    simulator.run(DIVIDER)
    with pytest.raises(DeckError) as caught:
        simulator.run("x\nr1 a 0 {width}\n.op\n.end\n")
    assert caught.value.deck is None
    assert list(tmp_path.iterdir()) == []


def test_each_process_has_one_openmp_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_THREAD_LIMIT", "7")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    # ngspice reads a deck in lower case and redirects by itself: the writing is left to a script.
    script, seen = tmp_path / "say", tmp_path / "seen"
    script.write_text(f"env > '{seen}'\n")
    monkeypatch.setenv("SAY", str(script))
    Simulator().run("environment\nv1 a 0 1\nr1 a 0 1\n.control\nshell sh $SAY\n.endc\n.op\n.end\n")
    variables = dict(line.partition("=")[::2] for line in seen.read_text().splitlines())
    assert variables["OMP_THREAD_LIMIT"] == "1"
    assert variables["LC_ALL"] == "C"
    assert os.environ["OMP_THREAD_LIMIT"] == "7"


def test_map_keeps_the_order_whatever_finishes_first() -> None:
    finished: list[float] = []

    def solve(simulator: Simulator, lower: float) -> float:
        time.sleep(0.2 if lower == 1000 else 0)
        return float(simulator.run(divider(lower))["v(out)"][0])

    lowers = [1000.0 * n for n in range(1, 9)]
    found = Simulator().map(solve, lowers, workers=4, done=finished.append)
    assert found == pytest.approx([lower / (1000 + lower) for lower in lowers])
    assert sorted(finished) == lowers
    assert finished[0] != 1000


def test_map_solves_at_once() -> None:
    both = threading.Barrier(2, timeout=10)  # broken unless two tasks are under way together

    def solve(simulator: Simulator, lower: float) -> Waves:
        both.wait()
        return simulator.run(divider(lower))

    assert len(Simulator().map(solve, [1e3, 2e3], workers=2)) == 2


@pytest.mark.parametrize("workers", [1, 3])
def test_first_error_stops_the_rest(workers: int) -> None:
    taken: list[int] = []

    def solve(simulator: Simulator, n: int) -> Waves:
        taken.append(n)
        return simulator.run("x\nr1 a 0 {width}\n.op\n.end\n" if n == 2 else DIVIDER)

    with pytest.raises(DeckError, match="width"):
        Simulator().map(solve, range(100), workers=workers)
    assert len(taken) < 20


def test_map_of_nothing_is_nothing() -> None:
    assert Simulator().map(lambda simulator, deck: simulator.run(deck), [], workers=2) == []


@pytest.mark.parametrize("workers", [0, -1])
def test_no_workers_is_refused(workers: int) -> None:
    with pytest.raises(InputError, match=f"workers: must be at least 1, found {workers}"):
        Simulator().map(lambda simulator, deck: simulator.run(deck), [DIVIDER], workers=workers)


def test_default_workers_are_cores() -> None:
    assert 1 <= default_workers() <= (os.cpu_count() or 1)


def test_installation_says_the_version_that_ngspice_says() -> None:
    found = find_ngspice()
    answer = subprocess.run([found.path, "--version"], capture_output=True, text=True, check=True).stdout
    assert f"ngspice-{found.version}" in answer
    assert float(found.version) >= 36


def test_absent_simulator_says_how_to_get_it(no_ngspice: None) -> None:
    with pytest.raises(
        SimulatorMissing, match=r"no executable 'ngspice' on PATH; install it .*apt-get install ngspice"
    ):
        find_ngspice()


@pytest.mark.parametrize("name", ["/nowhere/ngspice", "no-such-simulator"])
def test_variable_that_points_nowhere_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPINTRONICS_NGSPICE", name)
    with pytest.raises(SimulatorMissing, match=f"no executable '{name}'.*SPINTRONICS_NGSPICE"):
        find_ngspice()


def test_variable_chooses_the_simulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = tmp_path / "my-ngspice"
    link.symlink_to(find_ngspice().path)
    monkeypatch.setenv("SPINTRONICS_NGSPICE", str(link))
    assert find_ngspice() == Installation(link, find_ngspice().version)
    assert float(Simulator().run(DIVIDER)["v(out)"][0]) == pytest.approx(0.75)


@pytest.mark.parametrize("body", ["echo hello", "exit 1", "exec /nowhere/at/all"])
def test_executable_that_is_no_ngspice_is_refused(body: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "other"
    script.write_text(f"#!/bin/sh\n{body}\n")
    script.chmod(0o755)
    monkeypatch.setenv("SPINTRONICS_NGSPICE", str(script))
    with pytest.raises(SimulatorMissing, match=f"{script} does not say its version"):
        find_ngspice()


def test_file_that_cannot_run_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "broken"
    broken.write_bytes(b"\x7fELF")
    broken.chmod(0o755)
    monkeypatch.setenv("SPINTRONICS_NGSPICE", str(broken))
    with pytest.raises(SimulatorMissing, match=f"{broken} cannot be run"):
        find_ngspice()


def test_old_simulator_is_refused_with_the_version_wanted(old_ngspice: Path) -> None:
    with pytest.raises(SimulatorTooOld, match=f"{old_ngspice} is version 26; at least 36 is needed"):
        find_ngspice()


@pytest.fixture(scope="module")
def raw_file(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("raw")
    (folder / "deck.cir").write_text(DIVIDER.replace(".op", ".dc v1 0 1 0.5"))
    command = [find_ngspice().path, "-n", "-b", "-r", "deck.raw", "deck.cir"]
    subprocess.run(command, cwd=folder, capture_output=True, check=True)
    return (folder / "deck.raw").read_bytes()


def test_whole_raw_file_is_read(raw_file: bytes, tmp_path: Path) -> None:
    path = tmp_path / "whole.raw"
    path.write_bytes(raw_file)
    assert read_raw(path)["v(out)"] == pytest.approx([0, 0.375, 0.75])


@pytest.mark.parametrize("lost", [1, 3, 8, 50, 95, 96])
def test_raw_file_that_is_cut_short_is_refused(lost: int, raw_file: bytes, tmp_path: Path) -> None:
    path = tmp_path / "cut.raw"
    path.write_bytes(raw_file[:-lost])
    with pytest.raises(RawFileError, match=rf"cut\.raw: {(96 - lost) // 8} values, but the header promises 4 × 3"):
        read_raw(path)


@pytest.mark.parametrize("content", [b"", b"Title: x\n", b"\x00" * 100])
def test_file_that_is_no_raw_file_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "other.raw"
    path.write_bytes(content)
    with pytest.raises(RawFileError, match=r"other\.raw: no 'Binary:' section"):
        read_raw(path)


def test_full_temporary_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file size limit stands for a full disk."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
        with pytest.raises(InputError, match=rf"^temporary folder {tmp_path}: File too large; set TMPDIR to another$"):
            Simulator().run("divider\nv1 in 0 1\nr1 in 0 1k\n.op\n.end\n")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert not list(tmp_path.iterdir())
