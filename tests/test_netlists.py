"""A user's own circuits: what is refused and how, and that everything which reads a netlist sees theirs."""

import pickle
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from spintronics import cards
from spintronics.api import sense_margin
from spintronics.array import SubArray
from spintronics.characterize.area import footprints, transistor_area
from spintronics.characterize.device_table import DeviceTable, OperationFailed
from spintronics.circuits.compiled import with_compiled_devices
from spintronics.circuits.datapath import sub_array_blocks
from spintronics.circuits.library import netlists_digest, new_circuit
from spintronics.circuits.sense_path import Operation, SensePath
from spintronics.errors import InputError
from spintronics.montecarlo.mismatch import Mismatch
from spintronics.netlists import netlist_names, placed_in, shipped_netlist
from spintronics.ngspice import Simulator
from spintronics.resources import MODELS
from spintronics.technology import Technology

CELLS = ("sense_cell_p", "sense_cell_ap")
HEADER = ".subckt sense_cell_p rbl rwl sl g_p vss r_hm=476 w_read=150n\n"
BODY = "xread rbl rwl top vss nfet w={w_read}\nbmtj top free i = 1m * v(g_p) * v(top,free)\nrhm free sl {r_hm}\n"
END = ".ends sense_cell_p\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A user's folder of netlists, beside nothing else."""
    (tmp_path / "own" / "generated").mkdir(parents=True)
    return tmp_path / "own"


def put(folder: Path, name: str, change: Callable[[str], str]) -> Path:
    """The shipped netlist with a change, in a user's folder."""
    path = folder / f"{name}.spice"
    text = shipped_netlist(name)
    assert change(text) != text
    path.write_text(change(text), encoding="utf-8")
    return path


def swapped(old: str, new: str) -> Callable[[str], str]:
    return lambda text: text.replace(old, new)


def load(folder: Path, **values: str) -> Technology:
    overrides = {key.replace("__", "."): value for key, value in values.items()}
    return Technology.load("imce45", {"circuits.netlists": str(folder), **overrides})


def refusal(folder: Path) -> str:
    with pytest.raises(InputError) as caught:
        load(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_missing_folder_names_the_key(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nowhere") == (
        f'technology.circuits.netlists = "{tmp_path}/nowhere": no such folder, beside {MODELS}/technology/ or here; '
        'give a folder of netlists or "shipped"'
    )


def test_folder_without_netlists_lists_what_it_may_have(folder: Path) -> None:
    (folder / "README.md").write_text("none yet\n")
    (folder / ".hidden").touch()
    found = refusal(folder)
    assert found.startswith(f"{folder}: no netlist in it; it may have: ")
    assert "sense_cell_p.spice" in found
    assert "generated/she_mtj.spice" in found


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("sense_cell.spice", "sense_cell_p.spice or sense_cell_ap.spice"),
        ("SENSE_CELL_P.SPICE", "sense_cell_p.spice"),
        ("generated/she_mjt.spice", "generated/she_mtj.spice"),
        ("she_mtj.spice", "generated/she_mtj.spice"),
    ],
)
def test_name_that_no_shipped_netlist_has_is_refused_with_the_nearest(name: str, near: str, folder: Path) -> None:
    (folder / name).write_text("* mine\n")
    found = refusal(folder)
    assert found.startswith(f"{folder / name}: takes the place of no shipped netlist; did you mean ")
    assert near in found


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        (HEADER.replace("cell_p", "cell_q") + BODY + END, 1, "sense_cell_q rbl .*: must be .subckt sense_cell_p rbl"),
        (HEADER.replace("rbl rwl", "rwl rbl") + BODY + END, 1, r"rwl rbl sl g_p vss: must be .* rbl rwl sl g_p vss"),
        (HEADER.replace(" vss", "") + BODY + END, 1, "rbl rwl sl g_p: must be"),
        (HEADER.replace(" w_read=150n", "") + BODY + END, 1, "lacks parameters that it is given: w_read=150n"),
        (".subckt\n" + BODY + END, 1, r"\.subckt: must be \.subckt sense_cell_p rbl"),
        ("* nothing\n" + BODY, 2, r"xread rbl .*: must be \.subckt sense_cell_p rbl rwl sl g_p vss"),
        (HEADER + BODY, 4, r"must end with \.ends sense_cell_p"),
        (HEADER + BODY + END + BODY, 8, r"must end with \.ends"),
        (HEADER, 1, r"must end with \.ends"),
        (HEADER + BODY + END + HEADER + BODY + END, 5, "one subcircuit"),
        (HEADER + ".include other.inc\n" + END, 2, r"\.include: not in a netlist"),
        (HEADER + ".control\nshell ls\n.endc\n" + END, 2, r"\.control: not in a netlist"),
        (HEADER + "  .LIB models.lib tt\n" + END, 2, r"\.LIB: not in a netlist"),
        ("*#shell ls\n" + HEADER + BODY + END, 1, r"\*#: not in a netlist"),
        (HEADER + "a1 [rbl] [rwl] process\n" + END, 2, "a1: not in a netlist"),
        (HEADER + "m1 rbl rwl sl vss nmos_vtg w=90n\n" + END, 2, "m1: not in a netlist; .*nfet"),
        (HEADER + "n1 rbl rwl model\n" + END, 2, "n1: not in a netlist"),
        (HEADER + ".options gmin=1\n" + END, 2, r"\.options: not in a netlist"),
        ("+ .control\n" + HEADER + BODY + END, 1, r"\+: continues no line"),
        ("* mine\n\n + x\n" + HEADER + BODY + END, 3, r"\+: continues no line"),
        (HEADER + "xinv rbl top vdd vss inverter w=90n\n" + END, 2, "xinv … inverter: must be xinv DRAIN GATE"),
        (HEADER + "xread rbl rwl top nfet w={w_read}\n" + END, 2, "must be xread DRAIN GATE SOURCE BULK nfet"),
        (HEADER + "xread rbl rwl top vss nfet\n" + END, 2, "must be xread DRAIN GATE SOURCE BULK nfet"),
        (HEADER + "xread rbl rwl top vss nfet w=90n m=2\n" + END, 2, "must be xread DRAIN GATE SOURCE BULK nfet"),
        (
            HEADER + "xread a b c d nfet w={w_read+10n}\n" + END,
            2,
            r"w=\{w_read\+10n\}: must be a product",
        ),
        (HEADER + "xread a b c d nfet w={w_raed}\n" + END, 2, "must be a product of numbers and r_hm, w_read"),
        (HEADER + "xread a b c d nfet w={w_read/0}\n" + END, 2, r"w=\{w_read/0\}: must be a product"),
        (HEADER + "xread a b c d nfet w={0*w_read}\n" + END, 2, "xread: w=.*: 0 m; must be within 1 nm … 1 mm"),
        (HEADER + "xread a b c d nfet w=90\n" + END, 2, "xread: w=.*: 90 m; must be within 1 nm … 1 mm"),
        (HEADER + "xread a b c d nfet w=90n l=1\n" + END, 2, "xread: l=.*: 1 m; must be within 1 nm … 1 mm"),
        (HEADER + "xread a b c d nfet w=90n copies=1.5\n" + END, 2, "copies=.*: 1.5; must be a whole number"),
        (HEADER + "xread a b c d nfet w=90n copies=0\n" + END, 2, "copies=.*: 0; must be a whole number"),
        (HEADER + "* none\n" + END, 1, r"\.subckt sense_cell_p: no element is on rbl rwl sl g_p vss"),
        (HEADER + BODY.replace("xread", "* xread") + END, 1, "no element is on rbl rwl vss; each"),
        (HEADER + BODY.replace("v(g_p)", "{g_p}") + END, 1, "no element is on g_p; each"),
        (HEADER + BODY.replace("{w_read}", "{wide}") + ".param wide={w_read+1n}\n" + END, 2, "must be a product of"),
        (HEADER + BODY + ".param w_read={2*r_hm}\n" + END, 5, r"\.param w_read: has a value already"),
        (HEADER + BODY + ".param a=1 b=2\n.param b=3\n" + END, 6, r"\.param b: has a value already"),
    ],
)
def test_netlist_that_cannot_be_used_is_refused_with_file_and_line(
    content: str, line: int, said: str, folder: Path
) -> None:
    path = folder / "sense_cell_p.spice"
    path.write_text(content, encoding="utf-8")
    found = refusal(folder)
    assert found.startswith(f"{path}:{line}: ")
    assert re.search(said, found)


def test_other_encodings_are_refused_and_a_byte_order_mark_is_not(folder: Path) -> None:
    path = folder / "sense_cell_p.spice"
    path.write_bytes(f"* 1 µA\n{HEADER}{BODY}{END}".encode("latin-1"))
    assert refusal(folder) == f"{path}: cannot be read: not UTF-8; must be a text file in UTF-8"
    path.write_text(f"{HEADER}{BODY}{END}", encoding="utf-8-sig")
    assert load(folder).netlists["sense_cell_p"].startswith(".subckt sense_cell_p")
    path.write_text("* none\n")
    assert "no subcircuit in it; must be .subckt sense_cell_p rbl rwl sl g_p vss" in refusal(folder)


def test_any_way_to_write_spice_is_the_same_circuit(folder: Path) -> None:
    (folder / "sense_cell_p.spice").write_text(
        "* mine\n.SUBCKT Sense_Cell_P rbl rwl sl\n+ g_p vss PARAMS: r_hm = 476\n+ W_READ = 150n extra=2\n"
        "XREAD rbl rwl top vss\n* between\n+ NFET W = { extra * w_read } $ wider\n"
        "bmtj top free i = 1m * v(g_p) * v(top,free) ; junction\nrhm free sl {r_hm} // strip\n.ENDS\n"
    )
    mine = load(folder)
    assert mine.netlists["sense_cell_p"].splitlines() == [
        "* mine",
        ".subckt sense_cell_p rbl rwl sl g_p vss params: r_hm=476 w_read=150n extra=2",
        "xread rbl rwl top vss nfet w={ extra * w_read }",
        "* between",
        "bmtj top free i=1m * v(g_p) * v(top,free)",
        "rhm free sl {r_hm}",
        ".ends",
    ]
    assert transistor_area(mine, "sense_cell_p", w_read=1e-7) == pytest.approx(
        mine.cmos.contacted_gate_pitch * (2e-7 + mine.cmos.row_overhead)
    )
    nominal_state(mine)  # ngspice takes it


def test_param_is_what_ngspice_makes_of_it(folder: Path, imce45: Technology) -> None:
    """In any order, in braces, quotes or bare; areas and ngspice have the same width of it."""
    given = "xread rbl rwl top vss nfet w={wide}\n.param wide = {4 * half}\n.param k=1/2 half='w_read*k' m={sqrt(2)}\n"
    text = shipped_netlist("sense_cell_p").replace("xread rbl rwl top vss nfet w={w_read}\n", given)
    (folder / "sense_cell_p.spice").write_text(text)
    mine = load(folder)
    assert [t.width for t in placed_in(mine.netlists["sense_cell_p"], {"w_read": 1e-7})] == [pytest.approx(2e-7)]
    by_key = imce45.with_values({"cell.read_width": 2 * imce45.cell.read_width})
    assert nominal_state(mine) == pytest.approx(nominal_state(by_key), rel=1e-9)


def refused_path(folder: Path) -> str:
    """What the sense path of one or two cells is refused with, before any trial."""
    mine = load(folder)
    with pytest.raises(OperationFailed) as caught:
        sense_margin(mine, fan_in=2, trials=2, workers=1)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_sense_voltage_beyond_the_supply_names_state_voltage_and_netlist(folder: Path) -> None:
    put(folder, "sense_cell_ap", swapped("sl {r_hm}", "sl 1e9"))
    assert re.fullmatch(
        r"OR of fan-in 2: nominal sense voltage of AP-AP is \S+e\+06 V; must be within 0 … 1 V: "
        r"look at circuits.netlists: sense_cell_ap.spice",
        refused_path(folder),
    )


def test_sense_voltage_below_ground_is_refused(folder: Path) -> None:
    put(folder, "reference_branch", swapped("ror     leg_or sl {r_or}", "vor leg_or sl -0.4\nror leg_or sl {r_or}"))
    found = refused_path(folder)
    assert re.match(r"OR of fan-in 2: nominal sense voltage of reference is -0\.\d+ V; must be within 0 … 1 V", found)


@pytest.mark.parametrize("names", [("sense_cell_p",), CELLS, ("reference_branch",)])
def test_transistors_that_never_conduct_are_refused(names: tuple[str, ...], folder: Path) -> None:
    """A pfet with its gate at the supply: its body diode holds the line within 0 … supply, and the states alike."""
    for name in names:
        put(folder, name, swapped("nfet", "pfet"))
    found = refused_path(folder)
    assert re.match(
        r"OR of fan-in 2: nominal sense voltages: P-P 0\.\d+ V, reference 0\.\d+ V, P-AP 0\.\d+ V; must rise", found
    )
    assert found.endswith(f"look at circuits.netlists: {', '.join(f'{name}.spice' for name in names)}")


def test_run_of_what_is_no_sense_path_ends_with_one_line_and_2(folder: Path, tmp_path: Path) -> None:
    put(folder, "sense_cell_p", swapped("nfet", "pfet"))
    answer = subprocess.run(
        (
            sys.executable,
            "-m",
            "spintronics",
            "run",
            "sense_margin",
            "--trials",
            "2",
            "--out",
            str(tmp_path / "out"),
            "--set",
            "fan_in=1",
            "--set",
            f"technology.circuits.netlists={folder}",
        ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 2
    [error] = [line for line in answer.stderr.splitlines() if line.startswith("error: ")]
    assert "read of fan-in 1: nominal sense voltages: P 0.7609 V, reference 0.1375 V, AP 0.1882 V" in error


def test_copies_that_are_not_whole_with_the_parameters_of_a_use_name_the_netlist() -> None:
    text = shipped_netlist("reference_branch").replace("{fan_in}", "{fan_in/2}")
    assert placed_in(text, {"fan_in": 4})[1].copies == 2
    with pytest.raises(InputError, match=r"netlist reference_branch: xen_and: copies=\{fan_in/2\}: 1.5; must be"):
        placed_in(text, {"fan_in": 3})


def nominal_state(technology: Technology) -> float:
    """Voltage of a parallel cell at the read current, V."""
    path = SensePath(technology, cards.locate(technology), 1)
    return float(Simulator().run(path.nominal(Operation.READ).text())["v(bl0)"][0])


def wider(folder: Path, times: str = "2*") -> Path:
    """Cells and references whose read transistors are wider by their netlists."""
    for name in (*CELLS, "reference_branch"):
        put(folder, name, swapped("{w_read}", f"{{{times}w_read}}"))
    return folder


def test_doubled_width_in_the_netlists_is_the_width_key_doubled(folder: Path, imce45: Technology) -> None:
    own = load(wider(folder))
    by_key = imce45.with_values({"cell.read_width": 2 * imce45.cell.read_width})
    ours, theirs, shipped = (sense_margin(t, fan_in=1, trials=50, workers=1).margins[0] for t in (own, by_key, imce45))
    assert ours.nominal == pytest.approx(theirs.nominal, rel=1e-9)
    assert ours.worst == pytest.approx(theirs.worst, rel=1e-6)
    assert abs(ours.nominal - shipped.nominal) > 1e-4  # V


def test_one_transistor_of_a_cell_moves_the_margin(folder: Path, imce45: Technology) -> None:
    put(folder, "sense_cell_ap", swapped("{w_read}", "{2*w_read}"))
    ours, shipped = (sense_margin(t, fan_in=1, trials=2, workers=1).margins[0].nominal for t in (load(folder), imce45))
    assert ours < shipped - 1e-4  # V: a lower series resistance in the high state alone


def test_mismatch_is_drawn_of_all_transistors_of_a_users_cell(folder: Path) -> None:
    for name in CELLS:
        put(
            folder,
            name,
            lambda text: text.replace("xread rbl rwl top", "xa rbl rwl m").replace(
                "bmtj", "XB m rwl top vss\n+ NFET w={w_read} copies=2\nbmtj"
            ),
        )
    mine = load(folder)
    path = SensePath(mine, cards.locate(mine), 2)
    assert [t.name for t in path.transistors[:4]] == ["xcell0.xa", "xcell0.xb", "xcell1.xa", "xcell1.xb"]
    assert [t.copies for t in path.transistors[:2]] == [1, 2]
    n = len(path.transistors)
    r_p, tmr = np.full((1 + n, 2), mine.operating_junction.r_p), np.full((1 + n, 2), mine.operating_junction.tmr)
    vt = np.vstack([np.zeros(n), 0.05 * np.eye(n)])
    mismatch = Mismatch(path.transistors, vt, np.zeros_like(vt))
    waves = Simulator().run(path.trials(r_p, tmr, mismatch=mismatch).text())
    high = path.sense_voltages(waves, 1 + n, 2)
    moved = high[1:5] - high[0]
    assert (moved > 5e-5).all()  # V: each of the four read transistors
    assert moved[1::2] / moved[::2] == pytest.approx(0.5, abs=0.1)  # two copies have half the resistance
    assert high[5:] == pytest.approx(high[0], abs=2e-5)  # the references' are not in its way


def test_cells_that_differ_in_their_transistors_have_no_mismatch(folder: Path) -> None:
    put(folder, "sense_cell_ap", swapped("xread", "xr"))
    mine = load(folder)
    with pytest.raises(InputError, match=r"sense_cell_p and sense_cell_ap: .* same transistors.*found xread and xr"):
        SensePath(mine, cards.locate(mine), 1).transistors  # noqa: B018


def test_netlist_without_the_transistor_that_mismatch_is_drawn_of_says_so(folder: Path) -> None:
    put(folder, "reference_branch", swapped("xen_and", "xsel_and"))
    mine = load(folder)
    with pytest.raises(InputError, match=r"netlist reference_branch: no transistor xen_and, .*xen_m, xsel_and, xen_or"):
        SensePath(mine, cards.locate(mine), 2).transistors  # noqa: B018


def test_areas_and_leakage_follow_the_transistors_of_the_netlists(
    folder: Path, imce45: Technology, made_up: Callable[..., DeviceTable]
) -> None:
    put(folder, "sense_amplifier", swapped("xin_bl ", "xpre q_bl clk_b vdd vdd pfet w={w} l=150n\nxin_bl "))
    put(folder, "inverter", swapped("nfet w={w}", "nfet w={3*w}"))
    mine, blocks = load(folder), sub_array_blocks(imce45.array.columns)
    ours, shipped = ({f.name: f.area for f in footprints(t, blocks)} for t in (mine, imce45))
    cmos, columns = imce45.cmos, imce45.array.columns
    pitch = cmos.contacted_gate_pitch + 150e-9 - cmos.gate_length
    added = columns * pitch * (imce45.sense.latch_width + cmos.row_overhead)
    assert ours["sense amplifiers"] - shipped["sense amplifiers"] == pytest.approx(added, rel=1e-9)
    assert ours["row decoder"] > shipped["row decoder"]
    assert ours["write drivers"] == shipped["write drivers"]
    table = made_up({})
    of_ours, of_shipped = (SubArray(t, table).leakage_parts["write drivers"] for t in (mine, imce45))
    assert of_ours == pytest.approx(of_shipped * 3 / 5)  # the same leakage over w = 2 + 3 instead of 2 + 1


def test_copies_change_nothing_and_a_change_moves_every_hash(folder: Path, imce45: Technology) -> None:
    for name in netlist_names():
        shutil.copy(MODELS.parent / "netlists" / f"{name}.spice", folder / f"{name}.spice")
    copied = load(folder)
    assert copied.netlists == {}
    assert (copied.digest(), netlists_digest(copied)) == (imce45.digest(), netlists_digest(imce45))
    for name in ("sense_cell_p", "generated/she_mtj"):
        put(folder, name, lambda text: text + "* changed\n")
        changed = load(folder)
        assert changed.digest() != imce45.digest()
        assert netlists_digest(changed) != netlists_digest(imce45)
        with pytest.raises(InputError, match="characterize it anew"):
            DeviceTable.of(imce45, ()).require(changed)
        shutil.copy(MODELS.parent / "netlists" / f"{name}.spice", folder / f"{name}.spice")


def test_text_travels_and_not_the_folder(folder: Path) -> None:
    own = load(wider(folder))
    shutil.rmtree(folder)
    travelled = pickle.loads(pickle.dumps(own)).with_values({"cmos.temperature": 350.0})
    assert travelled.netlists == own.netlists
    circuit = new_circuit("there", travelled, cards.locate(travelled), CELLS)
    assert str(circuit.raw_spice).count("w={2*w_read}") == 2
    back = travelled.with_values({"circuits.netlists": "shipped"})
    assert back.netlists == {}


def test_relative_folder_starts_at_the_technology_file_then_here(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folder, "inverter", swapped("{2*w}", "{3*w}"))
    text = (MODELS / "technology" / "imce45.toml").read_text(encoding="utf-8")
    (tmp_path / "mine.toml").write_text(text.replace('netlists = { value = "shipped"', 'netlists = { value = "own"'))
    (tmp_path / "elsewhere" / "own").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "elsewhere")  # with an empty folder of that name
    assert set(Technology.load(tmp_path / "mine.toml").netlists) == {"inverter"}
    monkeypatch.chdir(tmp_path)
    assert set(Technology.load("imce45", {"circuits.netlists": "own"}).netlists) == {"inverter"}


def test_file_without_the_section_has_the_shipped_circuits(tmp_path: Path, imce45: Technology) -> None:
    lines = (MODELS / "technology" / "imce45.toml").read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith(("[circuits]", "netlists ="))]
    (tmp_path / "old.toml").write_text("\n".join(kept), encoding="utf-8")
    assert Technology.load(tmp_path / "old.toml").digest() == imce45.digest()


def test_own_junction_model_comes_before_a_compiled_one(folder: Path, imce45: Technology) -> None:
    put(folder, "generated/she_mtj", lambda text: text + "* my own\n")
    mine = load(folder)
    found, notes = with_compiled_devices(mine, cards.locate(mine), osdi=True)
    assert "generated/she_mtj" not in found.compiled
    assert notes["she_mtj"] == "subcircuit: the technology's own netlist"
    circuit = new_circuit("write", mine, found, ("generated/she_mtj",))
    assert "* my own" in str(circuit.raw_spice)
    stands_in = replace(cards.locate(imce45), compiled={"generated/she_mtj": "* compiled"})
    assert str(new_circuit("write", imce45, stands_in, ("generated/she_mtj",)).raw_spice).endswith("* compiled")
