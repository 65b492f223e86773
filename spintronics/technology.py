"""Technology: junction, heavy metal, CMOS cards, cell, wires and variation, typed and validated.

A technology file is TOML.  Every entry is ``key = { value = …, source = "…" }``; a value with a dimension is
text with its unit.  Inside the package all values are SI floats.
"""

import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo

from spintronics import units
from spintronics.errors import InputError
from spintronics.netlists import SHIPPED, own_netlists
from spintronics.resources import MODELS, find, user_path


def _si(unit: str) -> BeforeValidator:
    return BeforeValidator(partial(units.parse, unit=unit))


Length = Annotated[float, _si("m"), Field(gt=0, json_schema_extra={"unit": "m"})]
Area = Annotated[float, _si("m^2"), Field(gt=0, json_schema_extra={"unit": "m^2"})]
Ratio = Annotated[float, _si(""), Field(gt=0, json_schema_extra={"unit": ""})]
Fraction = Annotated[float, _si(""), Field(gt=0, lt=1, json_schema_extra={"unit": ""})]
Spread = Annotated[float, _si(""), Field(ge=0, lt=1, json_schema_extra={"unit": ""})]
Voltage = Annotated[float, _si("V"), Field(json_schema_extra={"unit": "V"})]
Supply = Annotated[float, _si("V"), Field(gt=0, json_schema_extra={"unit": "V"})]
Current = Annotated[float, _si("A"), Field(gt=0, json_schema_extra={"unit": "A"})]
Time = Annotated[float, _si("s"), Field(gt=0, json_schema_extra={"unit": "s"})]
Capacitance = Annotated[float, _si("F"), Field(ge=0, json_schema_extra={"unit": "F"})]
Resistance = Annotated[float, _si("ohm"), Field(ge=0, json_schema_extra={"unit": "ohm"})]
LineResistance = Annotated[float, _si("ohm/m"), Field(gt=0, json_schema_extra={"unit": "ohm/m"})]
LineCapacitance = Annotated[float, _si("F/m"), Field(gt=0, json_schema_extra={"unit": "F/m"})]
Temperature = Annotated[float, _si("K"), Field(gt=0, json_schema_extra={"unit": "K"})]
ThresholdMatching = Annotated[float, _si("V*m"), Field(ge=0, json_schema_extra={"unit": "V*m"})]
CurrentMatching = Annotated[float, _si("m"), Field(ge=0, json_schema_extra={"unit": "m"})]
Distribution = Literal["normal", "log-normal"]
Quantity = Literal["ra", "tmr", "area"]
QUANTITIES: tuple[Quantity, ...] = ("ra", "tmr", "area")
Count = Annotated[int, Field(gt=0, strict=True, json_schema_extra={"unit": ""})]


def _count_from_text(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.strip().isdigit() else value


def _or_none(value: Any) -> Any:
    return None if value in (None, "none") else units.parse(value, "")


def _matrix_from_text(value: Any) -> Any:
    return tomllib.loads(f"value = {value}")["value"] if isinstance(value, str) else value


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Junction(_Section):
    """Elliptical magnetic tunnel junction; long axis = easy axis = y (type-y).  SI units."""

    length: Length
    width: Length
    free_layer: Length
    ra: Annotated[float, _si("ohm*m^2"), Field(gt=0, json_schema_extra={"unit": "ohm*m^2"})]
    tmr: Ratio
    half_tmr_voltage: Supply
    polarization: Fraction
    saturation_magnetization: Annotated[float, _si("A/m"), Field(gt=0, json_schema_extra={"unit": "A/m"})]
    interface_anisotropy: Annotated[float, _si("J/m^2"), Field(ge=0, json_schema_extra={"unit": "J/m^2"})]
    damping: Fraction
    curie_temperature: Temperature
    anisotropy_exponent: Ratio
    tmr_temperature_coefficient: Annotated[float, _si("1/K"), Field(ge=0, json_schema_extra={"unit": "1/K"})]
    reference_temperature: Temperature

    def at(self, temperature: float) -> "Junction":
        """The same junction with the values it has at another temperature.

            Ms(T) = Ms (1 − (T/T_C)^1.5) / (1 − (T_0/T_C)^1.5)      Bloch
            K_i(T) = K_i (Ms(T)/Ms)^n                                 Callen and Callen (1966)
            TMR(T) = TMR (1 − k (T − T_0))

        Args:
            temperature: K, below the Curie temperature.
        """
        shrink = (1 - (temperature / self.curie_temperature) ** 1.5) / (
            1 - (self.reference_temperature / self.curie_temperature) ** 1.5
        )
        warmer = temperature - self.reference_temperature
        return self.model_copy(
            update={
                "saturation_magnetization": self.saturation_magnetization * shrink,
                "interface_anisotropy": self.interface_anisotropy * shrink**self.anisotropy_exponent,
                "tmr": self.tmr * (1 - self.tmr_temperature_coefficient * warmer),
                "reference_temperature": temperature,
            }
        )

    @property
    def area(self) -> float:
        """Area of the ellipse, m²: π/4 · length · width."""
        from math import pi

        return pi / 4 * self.length * self.width

    @property
    def r_p(self) -> float:
        """Resistance of the parallel state, Ω: RA / area."""
        return self.ra / self.area

    def r_ap(self, voltage: float = 0.0) -> float:
        """Resistance of the antiparallel state at a junction voltage (V), Ω: R_P (1 + TMR0 / (1 + (V/V_h)²))."""
        return self.r_p * (1 + self.tmr / (1 + (voltage / self.half_tmr_voltage) ** 2))


class HeavyMetal(_Section):
    """Heavy-metal strip under the junction; the charge current flows along its length.  SI units."""

    length: Length
    width: Length
    thickness: Length
    resistivity: Annotated[float, _si("ohm*m"), Field(gt=0, json_schema_extra={"unit": "ohm*m"})]
    spin_hall_angle: Annotated[float, _si(""), Field(json_schema_extra={"unit": ""})]
    spin_flip_length: Length
    field_like_ratio: Annotated[float, _si(""), Field(json_schema_extra={"unit": ""})]

    @property
    def cross_section(self) -> float:
        """Cross-section that the charge current sees, m²."""
        return self.width * self.thickness

    @property
    def resistance(self) -> float:
        """End-to-end resistance, Ω."""
        return self.resistivity * self.length / self.cross_section


class Cmos(_Section):
    """CMOS model cards and layout rules.  SI units."""

    cards: str
    nmos: str
    pmos: str
    corner: Literal["nominal", "ss", "ff"]
    supply: Annotated[float, _si("V"), Field(gt=0, le=3.6, json_schema_extra={"unit": "V"})]
    gate_length: Length
    diffusion_length: Length
    contacted_gate_pitch: Length
    row_overhead: Length
    temperature: Annotated[float, _si("K"), Field(ge=223, le=399, json_schema_extra={"unit": "K"})]


class Circuits(_Section):
    """Circuits: those that travel with the package, or a folder with netlists that take the places of some."""

    netlists: str = SHIPPED


class Cell(_Section):
    """2T1R cell: transistor widths, layout area and its width over its height.  SI units."""

    write_width: Length
    read_width: Length
    area: Area
    aspect: Ratio


class Array(_Section):
    """One sub-array: rows × columns and its wires, per cell; two operands and a row beside them.  SI units.

    The bit-counter below counts two columns at least, and is built gate by gate: 65536 columns take a quarter second.
    """

    rows: Annotated[Count, BeforeValidator(_count_from_text), Field(ge=3)]
    columns: Annotated[Count, BeforeValidator(_count_from_text), Field(ge=2, le=65536)]
    bit_line_capacitance: Capacitance
    bit_line_resistance: Resistance
    word_line_capacitance: Capacitance
    word_line_driver_width: Length


class Write(_Section):
    """Write drive.  SI units."""

    current: Current
    pulse_width: Time
    driver_width: Length
    unselected_word_line: Voltage


class Sense(_Section):
    """Read current, its source and the latch.  SI units."""

    current: Current
    read_develop_time: Time
    logic_develop_time: Time
    source_width: Length
    source_length: Length
    latch_width: Length


class Wires(_Section):
    """Wires between sub-arrays, per length, and the pitch of the global ones.  SI units."""

    intermediate_resistance: LineResistance
    intermediate_capacitance: LineCapacitance
    global_resistance: LineResistance
    global_capacitance: LineCapacitance
    global_pitch: Length


class Hierarchy(_Section):
    """How sub-arrays make a chip: mats of sub-arrays, banks of mats; lines of a bank's H-tree."""

    sub_arrays_per_mat: Annotated[Count, BeforeValidator(_count_from_text)]
    mats_per_bank: Annotated[Count, BeforeValidator(_count_from_text)]
    bus_width: Annotated[Count, BeforeValidator(_count_from_text)]


class SttCell(_Section):
    """1T1R STT-MRAM cell with the technology's free layer, to compare with.  SI units."""

    ra: Annotated[float, _si("ohm*m^2"), Field(gt=0, json_schema_extra={"unit": "ohm*m^2"})]
    tmr: Ratio
    access_width: Length
    driver_width: Length
    pulse_width: Time


class Variation(_Section):
    """What differs from junction to junction, and matching of the transistors.

    A junction's RA, TMR and area are its nominal values times a factor of its own and one that all junctions of a
    trial share, each of mean 1.  R_P = RA / area.

    Attributes:
        sigma_ra, sigma_tmr, sigma_area: relative standard deviation of the junction's own factor.
        shared_sigma_ra, shared_sigma_tmr, shared_sigma_area: of the shared one.
        distribution_ra, distribution_tmr, distribution_area: of both factors.
        truncation: standard deviations beyond which a draw is made again; None (``"none"`` in a file): none.
        correlation: of RA, TMR and area in this order, of the underlying normals; positive definite.
        a_vt_nmos, a_vt_pmos: Pelgrom coefficient of a pair's threshold difference, V·m: σ(ΔVt) = A_Vt / √(W·L).
        a_beta_nmos, a_beta_pmos: that of its relative current factor difference, m: σ(Δβ/β) = A_β / √(W·L).
            None where the file has none: nothing with transistor mismatch is computed then.
    """

    sigma_ra: Spread
    sigma_tmr: Spread
    sigma_area: Spread = 0.0
    shared_sigma_ra: Spread = 0.0
    shared_sigma_tmr: Spread = 0.0
    shared_sigma_area: Spread = 0.0
    distribution_ra: Distribution = "normal"
    distribution_tmr: Distribution = "normal"
    distribution_area: Distribution = "normal"
    truncation: Annotated[Annotated[float, Field(gt=0)] | None, BeforeValidator(_or_none)] = None
    correlation: Annotated[tuple[tuple[float, ...], ...], BeforeValidator(_matrix_from_text)] = (
        *((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    )
    a_vt_nmos: ThresholdMatching | None = None
    a_vt_pmos: ThresholdMatching | None = None
    a_beta_nmos: CurrentMatching | None = None
    a_beta_pmos: CurrentMatching | None = None

    @model_validator(mode="after")
    def _is_a_correlation(self) -> Self:
        matrix = self.correlation
        if len(matrix) != len(QUANTITIES) or any(len(row) != len(QUANTITIES) for row in matrix):
            raise ValueError(f"variation.correlation: must be a row of {len(QUANTITIES)} for each of ra, tmr, area")
        array = np.array(matrix)
        if (array != array.T).any() or (np.diag(array) != 1).any():
            raise ValueError("variation.correlation: must be symmetric with 1 on its diagonal")
        lowest = float(np.linalg.eigvalsh(array)[0])
        if not lowest > 1e-9:  # what rounding leaves of 0
            raise ValueError(f"variation.correlation: must be positive definite; its lowest eigenvalue is {lowest:.3g}")
        return self

    def sigmas(self, shared: bool) -> dict[Quantity, float]:
        """Relative standard deviations by quantity, of a junction's own factors or of the shared ones."""
        prefix = "shared_sigma" if shared else "sigma"
        return {name: getattr(self, f"{prefix}_{name}") for name in QUANTITIES}

    def distribution(self, name: Quantity) -> Distribution:
        """Distribution of a quantity's factors."""
        found: Distribution = getattr(self, f"distribution_{name}")
        return found

    @property
    def correlated(self) -> tuple[tuple[Quantity, ...], ...]:
        """Quantities in blocks that are correlated; each alone where nothing is."""
        independent = all(self.correlation[i][k] == 0 for i in range(3) for k in range(i))
        return tuple((name,) for name in QUANTITIES) if independent else (QUANTITIES,)

    def correlation_of(self, names: Sequence[Quantity]) -> npt.NDArray[np.float64]:
        """Correlation matrix of some quantities."""
        chosen = [QUANTITIES.index(name) for name in names]
        return np.array(self.correlation)[np.ix_(chosen, chosen)]


class Technology(_Section):
    """Everything the circuits need to know about junction, cell and CMOS.  SI units throughout.

    Attributes:
        sources: source of each value by its key, ``{"junction.ra": "…"}``.
        folder: folder of the technology file; relative paths of cards and netlists start there.
        netlists: text of the user's own, by name; they travel with the technology, and ``circuits.netlists`` is only
            where they were read.
        stt: the STT cell to compare with; None where the file has no such section.

    >>> technology = Technology.load("imce45")
    >>> f"{technology.junction.r_p:.0f} ohm"
    '7484 ohm'
    >>> Technology.load("imce45", {"junction.tmr": "1.2"}).junction.tmr
    1.2
    """

    name: str
    junction: Junction
    heavy_metal: HeavyMetal
    cmos: Cmos
    circuits: Circuits = Circuits()
    cell: Cell
    array: Array
    write: Write
    sense: Sense
    wires: Wires
    hierarchy: Hierarchy
    variation: Variation
    stt: SttCell | None = None
    sources: dict[str, str] = Field(exclude=True)
    folder: Path = Field(exclude=True)
    netlists: dict[str, str] = Field(default_factory=dict, exclude=True)

    @model_validator(mode="after")
    def _stays_magnetic(self) -> Self:
        if max(self.cmos.temperature, self.junction.reference_temperature) >= self.junction.curie_temperature:
            raise ValueError("junction.curie_temperature must be above cmos.temperature")
        if self.operating_junction.tmr <= 0:
            raise ValueError("junction.tmr_temperature_coefficient leaves no TMR at cmos.temperature")
        if self.heavy_metal.spin_hall_angle == 0:
            raise ValueError("heavy_metal.spin_hall_angle = 0: must not be 0, or nothing writes the cell")
        return self

    @classmethod
    def load(cls, name_or_path: str | Path, overrides: Mapping[str, str] | None = None) -> Self:
        """Technology from a TOML file or the name of one that travels with the package.

        Args:
            name_or_path: ``imce45`` or ``path/to/mine.toml``.
            overrides: values that replace the file's, by key: ``{"junction.ra": "8 ohm*um^2"}``.
        Raises:
            InputError: no such file, not TOML, unknown key, missing source, wrong unit or value out of range, or
                netlists that cannot be used; the message names file and key, what was found and what would be right.
        """
        path = find(name_or_path, MODELS / "technology", ".toml")
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise InputError(f"technology file {path}: not valid TOML: {error}") from None
        values, sources = _values_and_sources(document, path)
        for key, value in (overrides or {}).items():
            _override(values, sources, key, value, path)
        try:
            found = cls.model_validate({**values, "sources": sources, "folder": path.parent})
        except ValidationError as error:
            raise InputError(f"technology file {path}: {first_problem(error, cls)}") from None
        return found._with_netlists()

    def with_values(self, values: Mapping[str, str | float]) -> Self:
        """The same technology with some values replaced, validated as a file's are.

        Args:
            values: by key; a number is in SI units, text has its unit as in a file.
        Raises:
            InputError: unknown key or value out of range.

        >>> warm = Technology.load("imce45").with_values({"cmos.temperature": 358.15, "junction.ra": "8 ohm*um^2"})
        >>> f"{warm.cmos.temperature:g} K, {warm.junction.ra:.3g} ohm m^2"
        '358.15 K, 8e-12 ohm m^2'
        """
        document = {key: value for key, value in self.model_dump().items() if value is not None}
        sources = dict(self.sources)
        for key, value in values.items():
            _override(document, sources, key, value, self.folder / f"{self.name}.toml")
        for section in (entries for entries in SECTIONS if entries in document):
            fields = _fields_of(section)
            for name, value in document[section].items():
                if isinstance(value, (int, float)) and name in fields and (unit := _unit_of(fields[name])):
                    document[section][name] = f"{float(value)!r} {unit.replace('1/K', 'K^-1')}"
        try:
            own = {"sources": sources, "folder": self.folder, "netlists": self.netlists}
            found = type(self).model_validate({**document, **own})
        except ValidationError as error:
            raise InputError(f"technology {self.name}: {first_problem(error, type(self))}") from None
        return found._with_netlists() if "circuits.netlists" in values else found

    def _with_netlists(self) -> Self:
        """With the text of the folder that ``circuits.netlists`` names: beside the technology file, or here."""
        chosen = self.circuits.netlists
        if chosen == SHIPPED:
            return self.model_copy(update={"netlists": {}})
        where = next((p for p in (self.folder / user_path(chosen), user_path(chosen)) if p.is_dir()), None)
        if where is None:
            raise InputError(
                f'technology.circuits.netlists = "{chosen}": no such folder, beside {self.folder}/ or here; '
                f'give a folder of netlists or "{SHIPPED}"'
            )
        return self.model_copy(update={"netlists": own_netlists(where)})

    def with_(self, **values: str | float) -> Self:
        """:meth:`with_values` for a keyboard: ``tmr=1.2`` is the junction's, ``cmos__supply="0.9 V"`` of a section.

        Args:
            values: by name; ``section__name``, or a name alone where it is the junction's or only one section has it.
        Raises:
            InputError: unknown or ambiguous name, or value out of range.

        >>> t = Technology.load("imce45").with_(tmr=1.2, ra="8 ohm*um^2", cmos__supply=0.9)
        >>> t.junction.tmr, t.cmos.supply
        (1.2, 0.9)
        """
        return self.with_values({_key_of(name): value for name, value in values.items()})

    @property
    def operating_junction(self) -> Junction:
        """The junction at the temperature that the circuits run at."""
        return self.junction.at(self.cmos.temperature)

    def digest(self) -> str:
        """SHA-256 of all values (sources and folder left out) and own netlists, hex: changes when any of them does."""
        own = "".join(f"\n{name}\n{text}" for name, text in sorted(self.netlists.items()))
        return sha256(f"{self.model_dump_json(exclude={'circuits'})}{own}".encode()).hexdigest()


SECTIONS = tuple(n for n, f in Technology.model_fields.items() if n != "name" and not f.exclude)


def _unit_of(entry: FieldInfo) -> str:
    """SI unit of a value, of one that may be missing too; empty where it has none."""
    inner = (m for kind in get_args(entry.annotation) for m in getattr(kind, "__metadata__", ()))
    infos = (entry, *(m for m in inner if isinstance(m, FieldInfo)))
    return next((str(i.json_schema_extra["unit"]) for i in infos if isinstance(i.json_schema_extra, dict)), "")


def _fields_of(section: str) -> dict[str, FieldInfo]:
    annotation: Any = Technology.model_fields[section].annotation
    kinds = [kind for kind in (annotation, *get_args(annotation)) if isinstance(kind, type)]
    return dict(next(kind for kind in kinds if issubclass(kind, BaseModel)).model_fields)


def fields_by_key() -> dict[str, FieldInfo]:
    """Every key that a technology file may have, ``section.name``, and its pydantic field."""
    return {f"{section}.{name}": entry for section in SECTIONS for name, entry in _fields_of(section).items()}


def unit_of_key(key: str) -> str:
    """SI unit of a key's value; empty where it has none.

    >>> unit_of_key("junction.ra"), unit_of_key("cmos.corner")
    ('ohm*m^2', '')
    """
    return _unit_of(fields_by_key()[key])


def _key_of(name: str) -> str:
    """The key that a name without its section means."""
    if "__" in name:
        return name.replace("__", ".", 1)
    found = [key for key in fields_by_key() if key.partition(".")[2] == name]
    if f"junction.{name}" in found:
        return f"junction.{name}"
    if len(found) > 1:
        raise InputError(f"{name}: which one? there are: {', '.join(key.replace('.', '__') for key in found)}")
    return found[0] if found else name


_KINDS = {
    "int": "must be an integer, such as 1000",
    "float": "must be a number",
    "string": "must be text",
    "bool": "must be true or false",
    "tuple": "must be a list",
    "list": "must be a list",
    "dict": "must be a table",
    "model": "must be a table",
}
"""What would be right, by the first word of pydantic's name of a wrong type."""


def first_problem(error: ValidationError, model: type[BaseModel]) -> str:
    """First complaint of a model's validation in one line: ``junction.ra = "-10 ohm*um^2": must be > 0``."""
    problem = error.errors()[0]
    key = ".".join(str(part) for part in problem["loc"])
    found, context = problem["input"], problem.get("ctx", {})
    match problem["type"]:
        case "extra_forbidden":
            section: Any = model
            for part in problem["loc"][:-1]:
                section = section.model_fields[part].annotation
            known = [name for name, entry in section.model_fields.items() if not entry.exclude]
            return f"{key}: unknown key; must be one of {', '.join(known)}"
        case "missing":
            return f"{key}: missing"
        case "greater_than":
            rule = f"must be > {context['gt']:g}"
        case "greater_than_equal":
            rule = f"must be >= {context['ge']:g}"
        case "less_than":
            rule = f"must be < {context['lt']:g}"
        case "less_than_equal":
            rule = f"must be <= {context['le']:g}"
        case "enum" | "literal_error":
            rule = f"must be {context['expected']}"
        case "too_short":
            rule = f"must have at least {context['min_length']} value"
        case "string_pattern_mismatch":
            rule = 'must be letters, digits, ".", "-" and "_", and start with one of the first two'
        case kind if kind.partition("_")[0] in _KINDS:
            rule = _KINDS[kind.partition("_")[0]]
        case _:
            rule = problem["msg"].removeprefix("Value error, ")
    if not key or rule.startswith(f"{key}."):  # a rule between keys names them itself
        return rule
    shown = str(found).lower() if isinstance(found, bool) else f'"{found}"' if isinstance(found, str) else repr(found)
    return f"{key} = {shown}: {rule}"


def _values_and_sources(document: dict[str, Any], path: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """Split ``{key: {value, source}}`` into a tree of values and a flat table of sources."""
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for reserved in ("sources", "folder"):
        if reserved in document:
            raise InputError(f"technology file {path}: {reserved}: unknown key; sources stand beside their values")
    if "netlists" in document:
        raise InputError(f"technology file {path}: netlists: unknown key; did you mean circuits.netlists?")
    for section, entries in document.items():
        if not isinstance(entries, dict):
            values[section] = entries
            continue
        values[section] = {}
        for name, entry in entries.items():
            key = f"{section}.{name}"
            if not isinstance(entry, dict) or set(entry) != {"value", "source"} or not str(entry["source"]).strip():
                raise InputError(
                    f'technology file {path}: {key} = {entry!r}: write {{ value = …, source = "…" }}, '
                    'with the source or "assumed"'
                )
            values[section][name] = entry["value"]
            sources[key] = str(entry["source"])
    return values, sources


def _override(values: dict[str, Any], sources: dict[str, str], key: str, value: str | float, path: Path) -> None:
    section, _, name = key.partition(".")
    if key == "name":
        values["name"] = value
    elif not isinstance(values.get(section), dict) or name not in values[section]:
        near = get_close_matches(key, sources, n=3, cutoff=0.8)
        if not name:
            alone = get_close_matches(key, [known.partition(".")[2] for known in sources], n=3, cutoff=0.8)
            near += [known for known in sources if known.partition(".")[2] in alone]
        within = ", ".join(name for name in sources if section and name.startswith(f"{section}."))
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are: {within or ', '.join(SECTIONS)}"
        raise InputError(f"technology.{key}: unknown key of {path}; {hint}")
    else:
        values[section][name] = value
        sources[key] = "set by the user"
