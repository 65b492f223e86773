"""Which card files a technology's corner means, and what the transistors in them do in ngspice."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from spintronics import cards
from spintronics.circuits.library import new_circuit
from spintronics.errors import InputError
from spintronics.ngspice import Simulator
from spintronics.resources import MODELS
from spintronics.technology import Technology

OWN = MODELS / "cmos" / "imce45_nominal.spice"
Located = Callable[..., cards.ModelCards]


def technology(**cmos: str | Path) -> Technology:
    return Technology.load("imce45", {f"cmos.{key}": str(value) for key, value in cmos.items()})


def on_currents(found: cards.ModelCards) -> tuple[float, float]:
    """Drain currents of 1 µm wide transistors at full supply in ngspice, A."""
    text = "\n".join(path.read_text(errors="replace") for path in found.files)
    deck = (
        f"on currents\n{text}\n"
        f"mn dn dn 0 0 {found.nmos} w=1u l=50n\nvn dn 0 1\n"
        f"mp 0 0 vdd vdd {found.pmos} w=1u l=50n\nvp vdd 0 1\n"
        ".save i(vn) i(vp)\n.op\n.end\n"
    )
    waves = Simulator().run(deck)
    return -float(waves["i(vn)"][0]), -float(waves["i(vp)"][0])


@pytest.mark.parametrize("corner", ["nominal", "ss", "ff"])
def test_own_cards_of_each_corner(corner: str) -> None:
    found = cards.locate(technology(corner=corner))
    assert found.files == (MODELS / "cmos" / f"imce45_{corner}.spice",)
    assert (found.nmos, found.pmos) == ("nmos_vtg", "pmos_vtg")


def test_own_cards_are_slow_nominal_and_fast_in_ngspice() -> None:
    slow, nominal, fast = (on_currents(cards.locate(technology(corner=c))) for c in ("ss", "nominal", "ff"))
    for n in range(2):
        assert 1e-4 < slow[n] < nominal[n] < fast[n] < 5e-3  # 0.1 … 5 mA/µm


@pytest.mark.parametrize(("corner", "folder"), [("nominal", "models_nom"), ("ss", "models_ss"), ("ff", "models_ff")])
def test_freepdk45_needs_one_key(corner: str, folder: str, freepdk45: Path) -> None:
    found = cards.locate(technology(cards=freepdk45, corner=corner))
    assert [str(path.relative_to(freepdk45)) for path in found.files] == [
        f"tran_models/{folder}/NMOS_VTG.inc",
        f"tran_models/{folder}/PMOS_VTG.inc",
    ]


def test_freepdk45_runs_in_ngspice_in_every_corner(freepdk45: Path) -> None:
    slow, nominal, fast = (
        on_currents(cards.locate(technology(cards=freepdk45, corner=corner))) for corner in ("ss", "nominal", "ff")
    )
    for n in range(2):
        assert 1e-4 < slow[n] < nominal[n] < fast[n] < 5e-3


def test_freepdk45_has_other_thresholds_by_name(freepdk45: Path) -> None:
    found = cards.locate(technology(cards=freepdk45, nmos="NMOS_VTL", pmos="pmos_vth"))
    assert [path.name for path in found.files] == ["NMOS_VTL.inc", "PMOS_VTH.inc"]


def test_path_to_the_own_cards_is_the_same_as_their_name() -> None:
    assert cards.locate(technology(cards=OWN)).files == cards.locate(technology()).files


@pytest.mark.parametrize("missing", ["nowhere.inc", "/nowhere/at/all", "imce46", "~nobody.at.all/pdk"])
def test_missing_file_or_folder_names_the_key_and_the_own_cards(missing: str) -> None:
    with pytest.raises(InputError) as caught:
        cards.locate(technology(cards=missing))
    assert str(caught.value) == (
        f"technology.cmos.cards = {missing!r}: no such file or folder; give a card file, a PDK folder or one of: imce45"
    )


def test_missing_corner_of_the_own_cards_is_not_another_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cmos").mkdir()
    shutil.copy(OWN, tmp_path / "cmos")
    monkeypatch.setattr(cards, "MODELS", tmp_path)
    with pytest.raises(InputError, match=r"cmos\.cards = 'imce45': no such file or folder"):
        cards.locate(technology(corner="ss"))


def test_file_without_the_named_models_lists_those_it_has(tmp_path: Path) -> None:
    path = tmp_path / "mine.inc"
    path.write_text("* .model nmos_vtg nmos\n.MODEL slow NMOS level=54\n.model fast nmos level=54\n.model d1 d\n")
    with pytest.raises(
        InputError, match=rf"cmos\.nmos = 'nmos_vtg': no such nmos model in {path}: nmos_vtg; found fast, slow$"
    ):
        cards.locate(technology(cards=path))


def test_model_of_the_other_polarity_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "mine.inc"
    path.write_text(".model nmos_vtg nmos level=54\n.model pmos_vtg nmos level=54\n")
    with pytest.raises(
        InputError, match=r"cmos\.pmos = 'pmos_vtg': no such pmos model in .*: pmos_vtg; found no pmos model at all"
    ):
        cards.locate(technology(cards=path))


@pytest.mark.parametrize("content", ["", "\x00\xff", "* no model at all\n"])
def test_file_without_any_model_says_so(content: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.inc"
    path.write_text(content, encoding="latin-1")
    with pytest.raises(InputError, match=r"cmos\.nmos = 'nmos_vtg': .*found no nmos model at all"):
        cards.locate(technology(cards=path))


def test_folder_without_card_files_says_so(tmp_path: Path) -> None:
    (tmp_path / "readme.md").write_text(".model nmos_vtg nmos\n")
    with pytest.raises(InputError, match=r"found no nmos model at all"):
        cards.locate(technology(cards=tmp_path))


BOTH = ".model nmos_vtg nmos level=54\n.model pmos_vtg pmos level=54\n"


def test_two_files_that_fit_the_corner_are_named(tmp_path: Path) -> None:
    for name in ("a/tt.inc", "b/typical.inc", "b/ss.inc"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(BOTH)
    with pytest.raises(
        InputError, match=r"cmos\.nmos = 'nmos_vtg': .* must be in one file for corner nominal.*a/tt\.inc"
    ):
        cards.locate(technology(cards=tmp_path))
    assert cards.locate(technology(cards=tmp_path, corner="ss")).files == ((tmp_path / "b/ss.inc").resolve(),)


def test_two_files_of_which_none_speaks_of_the_corner_are_named(tmp_path: Path) -> None:
    for name in ("one.inc", "two.inc"):
        (tmp_path / name).write_text(BOTH)
    with pytest.raises(InputError, match=r"must be in one file for corner nominal; .* has it in one\.inc, two\.inc"):
        cards.locate(technology(cards=tmp_path))


def test_corner_is_read_below_the_folder_and_as_a_word(tmp_path: Path) -> None:
    pdk = tmp_path / "ff"  # says nothing: the user's own folder
    for name in ("models_tt.inc", "models_ff.inc", "class_models.inc"):
        pdk.mkdir(exist_ok=True)
        (pdk / name).write_text(BOTH)
    assert [path.name for path in cards.locate(technology(cards=pdk, corner="ff")).files] == ["models_ff.inc"]
    with pytest.raises(InputError, match="for corner ss"):
        cards.locate(technology(cards=pdk, corner="ss"))


def test_links_lead_to_their_files(tmp_path: Path) -> None:
    pdk, elsewhere = tmp_path / "pdk", tmp_path / "elsewhere"
    pdk.mkdir()
    elsewhere.mkdir()
    for name, target in (("models_nom.inc", "1.inc"), ("models_ss.INC", "2.inc")):
        (elsewhere / target).write_text(BOTH)
        (pdk / name).symlink_to(elsewhere / target)
    (pdk / "latest_nom.inc").symlink_to(pdk / "models_nom.inc")  # the same file twice is one file
    assert cards.locate(technology(cards=pdk)).files == ((elsewhere / "1.inc").resolve(),)
    assert cards.locate(technology(cards=pdk, corner="ss")).files == ((elsewhere / "2.inc").resolve(),)


def test_relative_path_starts_at_the_technology_file(tmp_path: Path) -> None:
    (tmp_path / "mine.inc").write_text(BOTH)
    text = (MODELS / "technology" / "imce45.toml").read_text(encoding="utf-8")
    (tmp_path / "mine.toml").write_text(text.replace('cards = { value = "imce45"', 'cards = { value = "mine.inc"'))
    assert cards.locate(Technology.load(tmp_path / "mine.toml")).files == ((tmp_path / "mine.inc").resolve(),)


def test_digest_follows_the_content(tmp_path: Path) -> None:
    path = tmp_path / "mine.inc"
    path.write_text(BOTH)
    before = cards.locate(technology(cards=path)).digest()
    shutil.copy(path, tmp_path / "same.inc")
    assert cards.locate(technology(cards=tmp_path / "same.inc")).digest() == before
    path.write_text(BOTH + "* changed\n")
    assert cards.locate(technology(cards=path)).digest() != before


@pytest.mark.parametrize(
    "line",
    [
        *(".control", "  .CONTROL", ".include /etc/passwd", ".inc other.inc", ".lib other.lib tt", "shell rm -r ~"),
        *("system ls", ".exec ls", "*#shell ls", " *# shell ls", ".controls", ".incx other.inc"),
        *(".library other.lib tt", "\t.include\tother.inc", "a1 [x] [y] process", ".end", ".options gmin=1"),
    ],
)
def test_card_that_does_more_than_define_is_refused_with_file_and_line(line: str, tmp_path: Path) -> None:
    text = OWN.read_text(encoding="utf-8")
    path = tmp_path / "mine.spice"
    path.write_text(f"{text}\n{line}\n.endc\n", encoding="utf-8")
    number = path.read_text(encoding="utf-8").splitlines().index(line) + 1
    with pytest.raises(InputError, match=rf"mine\.spice:{number}: \S+: not in a card") as caught:
        cards.locate(technology(cards=path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("before", ["", "* my card\n\n$ of mine\n"])
def test_card_that_continues_what_stands_before_it_is_refused(before: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.spice"
    path.write_text(f"{before}+ vth0=0.1\n{OWN.read_text(encoding='utf-8')}", encoding="utf-8")
    with pytest.raises(
        InputError, match=rf"mine\.spice:{before.count(chr(10)) + 1}: \+: continues no line of this file"
    ):
        cards.locate(technology(cards=path))


def test_byte_order_mark_is_not_part_of_a_card(tmp_path: Path) -> None:
    path = tmp_path / "mine.spice"
    path.write_text(f".model first nmos level=54\n{OWN.read_text(encoding='utf-8')}", encoding="utf-8-sig")
    marked = technology(cards=path, nmos="first")
    deck = new_circuit("marked", marked, cards.locate(marked), ())
    assert str(deck.raw_spice).startswith(".model first")
    assert "\ufeff" not in str(deck)


def test_comment_that_speaks_of_it_is_allowed(tmp_path: Path) -> None:
    path = tmp_path / "mine.spice"
    path.write_text(f"* .control is not used here\n{OWN.read_text(encoding='utf-8')}", encoding="utf-8")
    assert cards.locate(technology(cards=path)).files == (path.resolve(),)


@pytest.mark.parametrize("name", ["nmos_vtg\n.control", "nmos_vtg .include x", "nmos_vtg\nshell ls"])
def test_model_name_that_is_more_than_a_name_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"technology\.cmos\.nmos = "):
        cards.locate(technology(nmos=name))


def test_a_folder_with_more_files_than_a_pdk_has_models_is_refused_at_once(tmp_path: Path) -> None:
    for n in range(2001):
        (tmp_path / f"{n}.txt").touch()
    with pytest.raises(InputError, match=r"more than 2000 files below it; give the PDK's folder of models"):
        cards.find_model(tmp_path, "nmos_vtg", "nmos", "nominal")
