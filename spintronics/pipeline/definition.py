"""Pipelines as their TOML files state them: which experiment, with which technology and settings."""

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from spintronics.circuits.sense_path import check_fan_in
from spintronics.errors import InputError
from spintronics.montecarlo import Sampling
from spintronics.networks import FirstLayer
from spintronics.resources import PIPELINES, find
from spintronics.technology import Current, Fraction, Ratio, Spread, Technology, Time, first_problem


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _each_once(values: list[Any]) -> list[Any]:
    twice = next((value for n, value in enumerate(values) if value in values[:n]), None)
    if twice is not None:
        raise ValueError(f"{twice} stands there twice")
    return values


def _fan_ins(values: list[int]) -> list[int]:
    return [check_fan_in(value) for value in values]


_LIST = (BeforeValidator(_as_list), AfterValidator(_each_once), Field(min_length=1))


FanIns = Annotated[list[Annotated[int, Field(strict=True)]], AfterValidator(_fan_ins), *_LIST]
ThermalAngles = Annotated[int, Field(ge=1, strict=True)]
PulseWidth = Annotated[Time, Field(ge=0.2e-9, le=100e-9)]  # longer than the driver's edges, short enough to run


class Pipeline(BaseModel):
    """What every experiment has.

    Attributes:
        experiment: which one.
        name: of the results folder.
        technology: name of a technology that travels with the package, or a path from the pipeline's folder.
        seed: of every draw.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    experiment: str
    name: Annotated[str, Field(pattern=r"^\w[\w.-]*$")]
    technology: str
    seed: Annotated[int, Field(ge=0, lt=2**63, strict=True)]


class TrialPipeline(Pipeline):
    """What experiments with trials of the sense path have.

    Attributes:
        trials: per state of the sense path.
        sampling: how they fill the space of what varies: ``plain``, ``latin-hypercube`` or ``sobol``.
        transistor_mismatch: draw the read and the reference's enable transistors too, not the junctions alone.
        fan_in: cells on the bit line; 1 is the memory read.
    """

    trials: Annotated[int, Field(ge=1, strict=True)]
    sampling: Sampling = Sampling.PLAIN
    transistor_mismatch: Annotated[bool, Field(strict=True)] = False
    fan_in: FanIns


class SenseMarginPipeline(TrialPipeline):
    """Sense margins alone."""

    experiment: Literal["sense_margin"]


class ImcePipeline(TrialPipeline):
    """The slides' experiments end to end.

    Attributes:
        thermal_angles: initial angles of the magnetization per written bit.
        networks, bit_widths, first_layer: what the accelerator is costed with.
    """

    experiment: Literal["imce"]
    thermal_angles: ThermalAngles
    networks: Annotated[list[str], *_LIST]
    bit_widths: Annotated[list[str], *_LIST]
    first_layer: Annotated[list[FirstLayer], *_LIST]


class WritePipeline(Pipeline):
    """Writing, in the SOT cell and the STT cell.

    Attributes:
        thermal_angles: initial angles of the magnetization per written bit.
        currents: charge currents of the sweep, A.
        pulse_widths: of the write-error rate, s.
        pulses: writes per pulse width, each from a thermal angle of its own.
        thermal_pulse_width: of the writes with the thermal field throughout, s; as many.
    """

    experiment: Literal["write"]
    thermal_angles: ThermalAngles
    currents: Annotated[list[Current], *_LIST]
    pulse_widths: Annotated[list[PulseWidth], *_LIST]
    pulses: Annotated[int, Field(ge=1, strict=True)]
    thermal_pulse_width: PulseWidth


class Part(StrEnum):
    """What of the device table to characterize."""

    WRITE = "write"
    OPERATIONS = "operations"
    LOGIC = "logic"
    ERRORS = "errors"
    PATTERNS = "patterns"
    READ_POINT = "read_point"
    CORNERS = "corners"


class CharacterizePipeline(Pipeline):
    """The device table.

    Attributes:
        thermal_angles: initial angles of the magnetization per written bit.
        parts: what of it.
        decisions: clocked decisions per operation and input, with everything that varies, 2 or more.
        read_currents: to choose the read current among, A, beside the technology's.
        trials: of the margins at each of them.
    """

    experiment: Literal["characterize"]
    thermal_angles: ThermalAngles
    parts: Annotated[list[Part], *_LIST]
    read_currents: Annotated[list[Current], *_LIST]
    trials: Annotated[int, Field(ge=1000, strict=True)]
    decisions: Annotated[int, Field(ge=2, strict=True)]


class FanInPipeline(Pipeline):
    """Margins and failure probabilities against fan-in.

    Attributes:
        trials: plain trials per fan-in, beside importance sampling; 0 for none.
        fan_in: cells on the bit line.
        targets: error rates whose loss is looked for.
        tmr, sigma_ra: zero-bias TMR and relative standard deviation of RA, every pair of which is looked at.
    """

    experiment: Literal["fan_in"]
    trials: Annotated[int, Field(ge=0, strict=True)]
    fan_in: FanIns
    targets: Annotated[list[Fraction], *_LIST]
    tmr: Annotated[list[Ratio], *_LIST]
    sigma_ra: Annotated[list[Spread], *_LIST]


EXPERIMENTS: dict[str, type[Pipeline]] = {
    "imce": ImcePipeline,
    "write": WritePipeline,
    "characterize": CharacterizePipeline,
    "fan_in": FanInPipeline,
    "sense_margin": SenseMarginPipeline,
}


def load_pipeline(name_or_path: str | Path, overrides: Mapping[str, str] | None = None) -> tuple[Pipeline, Technology]:
    """A pipeline and its technology.

    Args:
        name_or_path: ``imce`` or ``path/to/mine.toml``.
        overrides: by key; ``technology.junction.tmr`` goes into the technology, any other key into the
            pipeline, its value written as in TOML (``trials`` → ``1000``, ``fan_in`` → ``[1, 2]``).
    Raises:
        InputError: names the file and key, what was found and what would be right.
    """
    path = find(name_or_path, PIPELINES, ".toml")
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"pipeline file {path}: not valid TOML: {error}") from None
    values.pop("sweep", None)  # the command sweep reads it; a run is of the pipeline's own values
    of_technology = {}
    for key, value in (overrides or {}).items():
        if key.startswith("technology."):
            of_technology[key.removeprefix("technology.")] = value
        else:
            values[key] = _toml_value(value)
    found = values.get("experiment", "missing")
    kind = EXPERIMENTS.get(found) if isinstance(found, str) else None
    if kind is None:
        raise InputError(f"pipeline file {path}: experiment = {found!r}: must be one of {', '.join(EXPERIMENTS)}")
    try:
        pipeline = kind.model_validate(values)
    except ValidationError as error:
        raise InputError(f"pipeline file {path}: {first_problem(error, kind)}") from None
    beside = path.parent / pipeline.technology
    return pipeline, Technology.load(beside if beside.is_file() else pipeline.technology, of_technology)


def _toml_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
