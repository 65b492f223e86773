"""The project's own cards against simulated curves of FreePDK45, and the extraction that made them."""

import csv
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spintronics.errors import InputError
from spintronics.extraction import Curves, Device, Plan, figures_of_merit, fit_parameters, measure
from spintronics.extraction.__main__ import main
from spintronics.extraction.cards import card, device, start
from spintronics.extraction.fit import curve_residuals
from spintronics.ngspice import Simulator
from spintronics.resources import MODELS

ORACLES = Path(__file__).parents[1] / "oracles"
PDK = Path(__file__).parents[2].parent / "shared" / "pdk" / "freepdk45"
CARDS = MODELS / "cmos"
TYPES = ("n", "p")
# A few widths and a coarse grid: enough to find two parameters with, in a second.
SMALL = Plan(widths=(90e-9,), body_bias=(), points=11, temperatures=())


def own(polarity: str, corner: str = "nominal") -> Device:
    return Device.find(CARDS, f"{polarity}mos_vtg", "n" if polarity == "n" else "p", corner)


@pytest.fixture(scope="module")
def oracle() -> dict[str, Any]:
    return tomllib.loads((ORACLES / "freepdk45_vtg.toml").read_text())


@pytest.fixture(scope="module")
def measured() -> dict[str, Curves]:
    return {polarity: measure(own(polarity), Plan(), Simulator()) for polarity in TYPES}


def reference_grid(polarity: str, plan: Plan) -> np.ndarray:
    """Id of the oracle, A, [width, drain voltage, gate voltage]."""
    with (ORACLES / "freepdk45_vtg_iv.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["model"] == f"{polarity}mos_vtg"]
    return np.array([float(row["id_A"]) for row in rows]).reshape(len(plan.widths), plan.points - 1, plan.points)


@pytest.mark.parametrize("polarity", TYPES)
def test_figures_of_merit_against_freepdk45(polarity: str, measured: dict[str, Curves], oracle: dict[str, Any]) -> None:
    found, reference = figures_of_merit(measured[polarity]), oracle[f"{polarity}mos"]
    assert found.ion * 1e6 == pytest.approx(reference["ion_uA"], rel=0.05)
    assert found.ioff * 1e9 == pytest.approx(reference["ioff_nA"], rel=0.20)
    assert found.vt_sat == pytest.approx(reference["vt_sat_V"], rel=0.05)
    assert found.vt_lin == pytest.approx(reference["vt_lin_V"], rel=0.05)


@pytest.mark.parametrize("polarity", TYPES)
def test_currents_of_every_width_against_freepdk45(
    polarity: str, measured: dict[str, Curves], oracle: dict[str, Any]
) -> None:
    plan = measured[polarity].plan
    reference = reference_grid(polarity, plan)
    ratio = measured[polarity].current[: len(plan.widths)] / reference
    on = plan.axis >= oracle[f"{polarity}mos"]["vt_sat_V"]
    assert np.abs(ratio[:, :, on] - 1).max() < 0.07
    assert np.abs(np.log(ratio[:, :, ~on])).max() < 0.20


@pytest.mark.parametrize("polarity", TYPES)
@pytest.mark.parametrize(
    ("name", "key", "tolerance"),
    [
        ("gate, Vd = 0", "cgg_linear", 0.10),
        ("gate, Vd = VDD", "cgg_saturation", 0.10),
        ("gate, Vd = 0, widest", "cgg_linear_w720", 0.10),
        ("gate-drain, Vg = 0", "cgd", 0.15),
        ("drain, AD/PD default", "cdd_default", 0.15),
        ("drain, 105 nm diffusion", "cdd_105nm", 0.15),
        ("drain, 105 nm, widest", "cdd_105nm_w720", 0.15),
        ("drain, 400 nm diffusion", "cdd_400nm", 0.15),
    ],
)
def test_capacitances_against_freepdk45(
    polarity: str, name: str, key: str, tolerance: float, measured: dict[str, Curves], oracle: dict[str, Any]
) -> None:
    reference = oracle[f"{polarity}mos"]["capacitance_fF"]
    found = np.interp(reference["voltage_V"], measured[polarity].plan.axis[1:-1], measured[polarity].capacitance[name])
    assert found * 1e15 == pytest.approx(reference[key], rel=tolerance)


@pytest.mark.parametrize("polarity", TYPES)
def test_temperature_against_freepdk45(polarity: str, measured: dict[str, Curves], oracle: dict[str, Any]) -> None:
    for temperature, reference in oracle[f"{polarity}mos"]["temperature"].items():
        grid = measured[polarity].hot[float(temperature)]
        assert grid[-1, -1] * 1e6 == pytest.approx(reference["ion_uA"], rel=0.10)
        # The reference's gate tunnelling, which the cards leave out, is a quarter of its Ioff at −40 °C.
        assert grid[-1, 0] * 1e9 == pytest.approx(reference["ioff_nA"], rel=0.20 if float(temperature) > 0 else 0.40)


@pytest.mark.parametrize("polarity", TYPES)
def test_corners_against_freepdk45(polarity: str, measured: dict[str, Curves], oracle: dict[str, Any]) -> None:
    reference = oracle[f"{polarity}mos"]["corners"]
    figures = {
        corner: figures_of_merit(measure(own(polarity, corner), SMALL, Simulator(), capacitance=False))
        for corner in ("ss", "ff")
    }
    for corner, found in figures.items():
        assert found.ion * 1e6 == pytest.approx(reference[corner]["ion_uA"], rel=0.05)
    nominal = figures_of_merit(measured[polarity])
    assert figures["ss"].ion < nominal.ion < figures["ff"].ion
    assert figures["ss"].ioff < nominal.ioff < figures["ff"].ioff


def test_ring_oscillator_against_freepdk45(oracle: dict[str, Any]) -> None:
    """Delay and supply current: nothing was fitted to them, both types and all capacitances take part."""
    stages = 11
    deck = ["ring oscillator", own("n").cards, "vdd vdd 0 1"]
    for k in range(stages):
        nodes = f"n{(k + 1) % stages} n{k}"
        deck += [
            f"mn{k} {nodes} 0 0 nmos_vtg w=90n l=50n ad=9.45f as=9.45f pd=390n ps=390n",
            f"mp{k} {nodes} vdd vdd pmos_vtg w=135n l=50n ad=14.2f as=14.2f pd=480n ps=480n",
        ]
    deck += [".ic v(n0)=0 v(n1)=1", ".save v(n0) i(vdd)", ".tran 1p 1n uic", ".end"]
    waves = Simulator().run("\n".join(deck) + "\n")
    time, voltage = waves.x, waves["v(n0)"]
    rises = np.flatnonzero((voltage[:-1] < 0.5) & (voltage[1:] >= 0.5) & (time[1:] > 0.3e-9))
    crossing = time[rises] + (0.5 - voltage[rises]) * (np.diff(time) / np.diff(voltage))[rises]
    late = time > 0.5e-9
    current = -np.trapezoid(waves["i(vdd)"][late], time[late]) / (time[-1] - time[late][0])
    expected = oracle["ring_oscillator"]
    assert np.diff(crossing).mean() / (2 * stages) * 1e12 == pytest.approx(expected["stage_delay_ps"], rel=0.05)
    assert current * 1e6 == pytest.approx(expected["supply_current_uA"], rel=0.05)


@pytest.mark.parametrize("polarity", TYPES)
def test_current_rises_with_both_voltages(polarity: str, measured: dict[str, Curves]) -> None:
    current = measured[polarity].current
    assert (np.diff(current, axis=2) > 0).all()
    assert (np.diff(current, axis=1) > 0).all()


@pytest.mark.parametrize("polarity", TYPES)
def test_extraction_recovers_known_parameters(polarity: str) -> None:
    kind = "n" if polarity == "n" else "p"
    known = start(kind)
    hidden = {**known, "vth0": known["vth0"] - 0.06, "u0": known["u0"] * 1.3}
    reference = measure(device("hidden", kind, hidden), SMALL, Simulator(), capacitance=False)
    found, rms = fit_parameters(
        kind, known, ("vth0", "u0"), curve_residuals(reference, Simulator()), iterations=10, pull=0.0
    )
    assert found["vth0"] == pytest.approx(hidden["vth0"], abs=1e-4)
    assert found["u0"] == pytest.approx(hidden["u0"], rel=1e-3)
    assert rms < 0.02


@pytest.mark.skipif(
    not PDK.is_dir(), reason=f"needs the FreePDK45 cards at {PDK.parent.name}/{PDK.name} beside the repo"
)
@pytest.mark.parametrize("polarity", TYPES)
def test_oracle_is_what_freepdk45_gives(polarity: str, oracle: dict[str, Any]) -> None:
    """The stored figures and grid, measured again on the cards they came from."""
    reference = Device.find(PDK, f"{polarity}mos_vtg", "n" if polarity == "n" else "p", "nominal")
    plan = Plan(body_bias=(), temperatures=())
    curves = measure(reference, plan, Simulator(), capacitance=False)
    found, stored = figures_of_merit(curves), oracle[f"{polarity}mos"]
    assert found.ion * 1e6 == pytest.approx(stored["ion_uA"], rel=1e-3)
    assert found.ioff * 1e9 == pytest.approx(stored["ioff_nA"], rel=1e-2)
    assert found.vt_sat == pytest.approx(stored["vt_sat_V"], abs=1e-3)
    assert found.vt_lin == pytest.approx(stored["vt_lin_V"], abs=1e-3)
    assert curves.current == pytest.approx(reference_grid(polarity, plan), rel=1e-3)


@pytest.fixture
def pdk(tmp_path: Path) -> Path:
    """A folder laid out like FreePDK45, with synthetic cards of the nominal corner."""
    folder = tmp_path / "pdk with a space" / "tran_models" / "models_nom"
    folder.mkdir(parents=True)
    for polarity in ("n", "p"):
        kind = "n" if polarity == "n" else "p"
        text = "* a comment\n" + card(f"{polarity.upper()}MOS_OWN", kind, start(kind))
        (folder / f"{polarity.upper()}MOS_OWN.inc").write_text(text)
    return tmp_path / "pdk with a space"


def test_model_is_found_in_any_case_and_simulates(pdk: Path) -> None:
    found = Device.find(pdk, "nmos_own", "n", "nominal")
    assert figures_of_merit(measure(found, SMALL, Simulator(), capacitance=False)).ion > 1e-5


@pytest.mark.parametrize(
    ("model", "polarity", "corner", "message"),
    [
        ("nmos_other", "n", "nominal", "no such nmos model in .*: nmos_other; found nmos_own"),
        ("nmos_own", "p", "nominal", "no such pmos model in .*: nmos_own; found pmos_own"),
        ("nmos_own", "n", "ss", "must be in one file for corner ss"),
    ],
)
def test_unusable_models_are_refused(pdk: Path, model: str, polarity: Any, corner: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Device.find(pdk, model, polarity, corner)


def test_model_defined_twice_is_refused(pdk: Path) -> None:
    folder = pdk / "tran_models" / "models_nom"
    (folder / "copy.inc").write_text((folder / "NMOS_OWN.inc").read_text())
    with pytest.raises(InputError, match=r"one file for corner nominal; .* has it in .*NMOS_OWN.inc, .*copy.inc"):
        Device.find(pdk, "nmos_own", "n", "nominal")


def test_command_says_in_one_line_what_is_wrong(pdk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("")
    own_models = ["--nmos", "nmos_own", "--pmos", "pmos_own", "--corners", "nominal"]
    for arguments, message in (
        ([str(tmp_path / "missing"), "--out", str(tmp_path)], "no such file or folder"),
        ([str(pdk), "--out", str(tmp_path), "--corners", "nominal"], "no such nmos model"),
        ([str(pdk), "--out", str(blocked), *own_models], "cannot be made"),
        ([str(pdk), "--out", str(tmp_path), "--vdd", "12", *own_models], "--vdd 12: must be from"),
        ([str(pdk), "--out", str(tmp_path), "--compare", *own_models], "extracted_nominal.spice: no such file"),
    ):
        assert main(arguments) == 2
        error = capsys.readouterr().err
        assert error.startswith("error: ")
        assert message in error
        assert error.count("\n") == 1


def test_command_compares_cards_with_a_pdk(tmp_path: Path) -> None:
    """As a user runs it: the own cards, against themselves as a single-file PDK."""
    (tmp_path / "imce45_nominal.spice").write_text((CARDS / "imce45_nominal.spice").read_text())
    options = ["--name", "imce45", "--compare", "--curves", tmp_path / "curves.csv"]
    table = subprocess.run(
        [
            sys.executable,
            "-m",
            "spintronics.extraction",
            tmp_path / "imce45_nominal.spice",
            "--out",
            tmp_path,
            *options,
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "nmos_vtg, nominal" in table
    assert "+0.0%" in table
    assert len((tmp_path / "curves.csv").read_text().splitlines()) == 1 + 2 * 5 * 20 * 21
