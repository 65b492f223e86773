"""What several rooms' tests share: the technology that travels with the package, a user's PDK, a missing ngspice."""

import re
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

import spintronics
from spintronics import cli
from spintronics.array.subarray import ACTIONS
from spintronics.characterize.device_table import ActionCost, DeviceTable, Entry
from spintronics.circuits.logic_bench import LOGIC_GATES
from spintronics.technology import Technology

# SI figures are small: with pytest's own 1e-12 any femtojoule would be any other.
type(pytest.approx(0.0)).DEFAULT_ABSOLUTE_TOLERANCE = 0.0  # type: ignore[attr-defined]

FREEPDK45 = Path(__file__).parents[2] / "shared" / "pdk" / "freepdk45"


@pytest.fixture(scope="session", autouse=True)
def heard_interrupts() -> None:
    """Ctrl-C reaches what tests start: a shell's background jobs would hand down that it is ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def imce45() -> Technology:
    return Technology.load("imce45")


Answer = tuple[int, str, str]


@pytest.fixture(name="spintronics")
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """The command's entry point, in this process: a warning or a traceback fails the test.

    It answers with the exit status, what was printed without colours, and the error output.
    """

    def call(*arguments: str | Path) -> Answer:
        monkeypatch.setattr(sys, "argv", ["spintronics", *map(str, arguments)])
        try:
            cli.main()
            status = 0
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(bool(end.code))
        said = capsys.readouterr()
        return status, re.sub(r"\x1b\[[\d;]*m", "", said.out), re.sub(r"\x1b\[[\d;]*m", "", said.err)

    return call


MadeUp = Callable[[Mapping[str, ActionCost]], DeviceTable]


@pytest.fixture(scope="session")
def made_up() -> MadeUp:
    """A device table of given costs, so that nothing has to be simulated.

    What an array needs besides costs nothing, but for the time of an inverter; every entry leaks 1 nW on 0.1 µm².
    """
    free = dict.fromkeys((*ACTIONS, *(gate.netlist for gate in LOGIC_GATES)), ActionCost({}, 0.0))
    free["inverter"] = ActionCost({}, 1e-11)

    def table(costs: Mapping[str, ActionCost]) -> DeviceTable:
        every = {**free, **costs}
        rows = {action for action in ACTIONS if action.startswith(("select", "row"))}
        entries = (
            Entry("row" if action in rows else "made up", action, "", "one", "none", cost, 1e-9, 1e-13)
            for action, cost in every.items()
        )
        return DeviceTable("made up", "0" * 64, "nominal", 1.0, 300.0, tuple(entries))

    return table


@pytest.fixture(scope="session")
def imce_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results folder of a small run of the pipeline ``imce``; not to be written to."""
    folder = tmp_path_factory.mktemp("small") / "imce"
    settings = {
        "trials": "1000",
        "seed": "7",
        "fan_in": "[1, 2, 3]",
        "thermal_angles": "1",
        "networks": "lenet",
        "bit_widths": '["1:1", "1:2"]',
    }
    spintronics.run("imce", folder, settings, workers=2)
    return folder


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
