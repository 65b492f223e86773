"""Technology files: values against closed forms, and everything that may be wrong with one."""

import tomllib
from collections.abc import Callable
from math import pi
from pathlib import Path
from typing import Any

import pytest

from spintronics.errors import InputError
from spintronics.resources import MODELS
from spintronics.technology import Technology

IMCE45 = MODELS / "technology" / "imce45.toml"
Write = Callable[[str, str], Path]


def entries() -> list[str]:
    """Keys of the file, as TOML has them."""
    document = tomllib.loads(IMCE45.read_text(encoding="utf-8"))
    return [f"{section}.{name}" for section, table in document.items() if section != "name" for name in table]


@pytest.fixture
def with_line(tmp_path: Path) -> Write:
    """A copy of imce45 in which the line that starts with some text is another (or none)."""

    def write(start: str, line: str) -> Path:
        lines = IMCE45.read_text(encoding="utf-8").splitlines()
        changed = [line if old.startswith(start) else old for old in lines]
        assert changed != lines
        path = tmp_path / "mine.toml"
        path.write_text("\n".join(changed), encoding="utf-8")
        return path

    return write


def test_every_value_has_a_source(imce45: Technology) -> None:
    assert sorted(imce45.sources) == sorted(entries())
    assert all(source.strip() for source in imce45.sources.values())


def test_every_key_of_the_model_is_in_the_file(imce45: Technology) -> None:
    values = imce45.model_dump()
    keys = [f"{section}.{name}" for section, table in values.items() if isinstance(table, dict) for name in table]
    assert sorted(keys) == sorted(entries())


def test_values_are_si(imce45: Technology) -> None:
    assert imce45.junction.ra == pytest.approx(10.58e-12)
    assert imce45.junction.length == pytest.approx(60e-9)
    assert imce45.heavy_metal.resistivity == pytest.approx(200e-8)
    assert imce45.array.bit_line_capacitance == pytest.approx(0.126e-15)
    assert imce45.cell.area == pytest.approx(0.372e-12)
    assert imce45.write.current == pytest.approx(120e-6)
    assert (imce45.variation.sigma_ra, imce45.variation.sigma_tmr) == (0.05, 0.10)  # slides


def test_resistances_in_closed_form(imce45: Technology) -> None:
    r_p = 10.58 / (pi / 4 * 0.060 * 0.030)  # ohm um2 over um2
    assert imce45.junction.r_p == pytest.approx(r_p, rel=1e-12)
    assert imce45.junction.r_ap() == pytest.approx(r_p * 2.712, rel=1e-12)
    assert imce45.junction.r_ap(0.5) == pytest.approx(r_p * (1 + 1.712 / 2), rel=1e-12)  # half the TMR at V_h
    assert imce45.junction.r_ap(-0.5) == imce45.junction.r_ap(0.5)
    assert imce45.heavy_metal.resistance == pytest.approx(2e-6 * 80e-9 / (60e-9 * 2.8e-9), rel=1e-12)


def test_a_path_and_a_name_give_the_same(imce45: Technology) -> None:
    assert Technology.load(IMCE45) == imce45
    assert Technology.load(str(IMCE45)).digest() == imce45.digest()


def test_values_cannot_be_assigned(imce45: Technology) -> None:
    with pytest.raises(ValueError, match="frozen"):
        imce45.junction.tmr = 2.0  # type: ignore[misc]


@pytest.mark.parametrize(
    ("start", "line", "message"),
    [
        ("ra = ", 'ra = { value = "10 V", source = "x" }', r'junction\.ra = "10 V": wrong unit; .* ohm\*m\^2'),
        ("ra = ", 'ra = { value = "-10 ohm*um^2", source = "x" }', r'junction\.ra = "-10 ohm\*um\^2": must be > 0'),
        ("ra = ", 'ra = { value = 1e-11, source = "x" }', r"junction\.ra = 1e-11: has no unit; .*10 ohm\*um\^2"),
        ("ra = ", 'ra = { value = true, source = "x" }', r"junction\.ra = true: not a quantity"),
        ("ra = ", 'ra = { value = "10 ohm*um^2" }', r'junction\.ra = .*: write \{ value = …, source = "…" \}'),
        ("ra = ", 'ra = { value = "10 ohm*um^2", source = " " }', r"junction\.ra = .*source"),
        ("ra = ", 'ra = { source = "x" }', r"junction\.ra = .*value"),
        ("ra = ", 'ra = { value = "10 ohm*um^2", source = "x", note = "y" }', r"junction\.ra"),
        ("ra = ", 'ra = "10 ohm*um^2"', r"junction\.ra = .*write \{ value"),
        ("ra = ", "", r"junction\.ra: missing"),
        ("ra = ", 'raa = { value = "10 ohm*um^2", source = "x" }', r"junction\.(ra: missing|raa: unknown key)"),
        ("tmr = ", 'tmr = { value = 0, source = "x" }', r"junction\.tmr = 0: must be > 0"),
        ("tmr = ", 'tmr = { value = -0.5, source = "x" }', r"junction\.tmr = -0\.5: must be > 0"),
        ("tmr = ", 'tmr = { value = inf, source = "x" }', r"junction\.tmr = inf: not a finite number"),
        ("tmr = ", 'tmr = { value = nan, source = "x" }', r"junction\.tmr = nan: not a finite number"),
        ("tmr = ", f'tmr = {{ value = 1{"0" * 400}, source = "x" }}', r"junction\.tmr = 10+: not a finite number"),
        ("tmr = ", 'tmr = { value = "1.2 V", source = "x" }', r'junction\.tmr = "1\.2 V": wrong unit'),
        ("sigma_ra = ", 'sigma_ra = { value = -0.1, source = "x" }', r"variation\.sigma_ra = -0\.1: must be >= 0"),
        ("sigma_ra = ", 'sigma_ra = { value = 1, source = "x" }', r"variation\.sigma_ra = 1: must be < 1"),
        ("sigma_area = ", 'sigma_area = { value = "2 nm", source = "x" }', r"variation\.sigma_area .*wrong unit"),
        (
            "distribution_ra = ",
            'distribution_ra = { value = "flat", source = "x" }',
            r"distribution_ra = \"flat\": .*normal",
        ),
        ("truncation = ", 'truncation = { value = 0, source = "x" }', r"variation\.truncation = 0\.0: must be > 0"),
        (
            "truncation = ",
            'truncation = { value = "never", source = "x" }',
            r"variation\.truncation = \"never\": not a q",
        ),
        (
            "correlation = ",
            'correlation = { value = [[1]], source = "x" }',
            "variation.correlation: must be a row of 3 for",
        ),
        *(
            ("correlation = ", f'correlation = {{ value = {matrix}, source = "x" }}', message)
            for matrix, message in (
                (
                    "[[1, 0, 0], [0, 1, 0], [0, 0, 2]]",
                    "variation.correlation: must be symmetric with 1 on its diagonal",
                ),
                ("[[1, 0.5, 0], [0, 1, 0], [0, 0, 1]]", "variation.correlation: must be symmetric with 1"),
                ("[[1, 1, 0], [1, 1, 0], [0, 0, 1]]", "variation.correlation: must be positive definite; its lowest"),
                ("[[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]]", "must be positive definite; its .* is -0.8"),
                ('[["a", 0, 0], [0, 1, 0], [0, 0, 1]]', r"variation\.correlation\.0\.0 = \"a\": "),
            )
        ),
        ("rows = ", 'rows = { value = 2, source = "x" }', r"array\.rows = 2: must be >= 3"),
        ("rows = ", 'rows = { value = 2.5, source = "x" }', r"array\.rows = 2\.5"),
        ("columns = ", 'columns = { value = 0, source = "x" }', r"array\.columns = 0: must be > 0"),
        ("corner = ", 'corner = { value = "tt", source = "x" }', r"cmos\.corner = \"tt\": .*'nominal', 'ss' or 'ff'"),
        (
            "temperature = ",
            'temperature = { value = "500 K", source = "x" }',
            r"cmos\.temperature .*must be <= 399",
        ),
        ("name = ", "", r"name: missing"),
        ("name = ", 'name = "mine"\ncolour = "red"', r"colour: unknown key; must be one of name, junction, "),
        ("[sense]", "[sens]", r"sens(e: missing|: unknown key)"),
        ("name = ", 'name = "mine', r"not valid TOML: .*line 4"),
    ],
)
def test_bad_file_is_one_line_with_file_key_and_rule(with_line: Write, start: str, line: str, message: str) -> None:
    path = with_line(start, line)
    with pytest.raises(InputError, match=message) as caught:
        Technology.load(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_unknown_key_lists_those_of_its_section(with_line: Write) -> None:
    path = with_line("[junction]", '[junction]\ncolour = { value = 1, source = "x" }')
    with pytest.raises(InputError, match=r"junction\.colour: unknown key; must .*width, .*reference_temperature$"):
        Technology.load(path)


def test_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xff\xfe\x00name")
    with pytest.raises(InputError, match=r"mine\.toml: not valid TOML"):
        Technology.load(path)


@pytest.mark.parametrize(
    "name", ["imce46", "nowhere/mine.toml", "", ".", "../technology/imce45", "~nobody.at.all/x.toml"]
)
def test_missing_file_lists_the_technologies_there_are(name: str) -> None:
    with pytest.raises(InputError, match=r"no such file; give a path to a \.toml file or one of: .*imce45"):
        Technology.load(name)


def test_overrides_replace_values_and_say_so(imce45: Technology) -> None:
    changed = Technology.load(
        "imce45", {"junction.ra": "8 ohm*um^2", "junction.tmr": "1.2", "array.rows": "128", "name": "mine"}
    )
    assert changed.junction.ra == pytest.approx(8e-12)
    assert (changed.junction.tmr, changed.array.rows, changed.name) == (1.2, 128, "mine")
    assert changed.sources["junction.tmr"] == "set by the user"
    assert changed.sources["junction.length"] == imce45.sources["junction.length"]
    assert changed.heavy_metal == imce45.heavy_metal


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("junction.tmrr", r"did you mean junction\.tmr"),
        ("junction.colour", r"there are: junction\.length, .*junction\.ra"),
        ("junction.magnetic_colour", r"there are: junction\.length, .*junction\.ra"),
        ("junction.", r"junction\.ra"),
        ("colour.xyz", "there are: junction, heavy_metal, cmos"),
        ("", "there are: junction, heavy_metal, cmos"),
        ("name.x", "there are: junction, heavy_metal, cmos"),
    ],
)
def test_override_of_an_unknown_key_says_which_there_are(key: str, hint: str) -> None:
    with pytest.raises(InputError, match=rf"technology\.{key}: unknown key of .*imce45\.toml; .*{hint}"):
        Technology.load("imce45", {key: "1"})


@pytest.mark.parametrize(
    ("key", "value"), [("junction.ra", "-1 ohm*um^2"), ("junction.tmr", "0"), ("sense.current", "1 V")]
)
def test_override_is_validated_like_the_file(key: str, value: str) -> None:
    with pytest.raises(InputError, match=key.replace(".", r"\.")):
        Technology.load("imce45", {key: value})


def another(value: Any) -> Any:
    """A value that is allowed wherever the given one is."""
    if isinstance(value, str) and value[0].isdigit():
        number, unit = value.split(" ", 1)
        return f"{float(number) * 1.001 + 0.001:.9g} {unit}"
    if isinstance(value, str):
        return {"nominal": "ss", "normal": "log-normal", "none": "4.5"}.get(value, f"{value}x")
    if isinstance(value, list):  # a matrix of correlations
        return [[1.0, 0.1, 0.0], [0.1, 1.0, 0.0], [0.0, 0.0, 1.0]]
    return value * 1.01 + 0.001 if isinstance(value, float) else value + 1


@pytest.mark.parametrize("key", [key for key in entries() if key != "circuits.netlists"])  # tests/test_netlists.py
def test_digest_changes_with_the_value_and_not_with_its_source(key: str, with_line: Write, imce45: Technology) -> None:
    section, name = key.split(".")
    value = tomllib.loads(IMCE45.read_text(encoding="utf-8"))[section][name]["value"]
    assert Technology.load("imce45", {key: str(another(value))}).digest() != imce45.digest()

    shown = f'"{value}"' if isinstance(value, str) else value
    lines = IMCE45.read_text(encoding="utf-8").splitlines()
    header = lines.index(next(line for line in lines if line.startswith(f"[{section}]")))
    at = next(n for n in range(header, len(lines)) if lines[n].startswith(f"{name} = "))
    resourced = with_line(lines[at], f'{name} = {{ value = {shown}, source = "another" }}')
    document = tomllib.loads(resourced.read_text(encoding="utf-8"))
    assert document[section][name]["source"] == "another"
    assert Technology.load(resourced).digest() == imce45.digest()
