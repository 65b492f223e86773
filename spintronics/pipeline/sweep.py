"""Sweeps: a pipeline at every point of a grid or a list, and what that trades against what."""

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from spintronics.characterize.device_table import OK
from spintronics.errors import InputError, SpintronicsError
from spintronics.pipeline import RUNS, run_of
from spintronics.pipeline.definition import Pipeline, load_pipeline
from spintronics.pipeline.run import PartsFailed, Run
from spintronics.report import sweeps
from spintronics.report.rows import Row
from spintronics.resources import PIPELINES, find
from spintronics.technology import Technology, first_problem

MOST_POINTS = 1000


class Sweep(BaseModel):
    """The table ``[sweep]`` of a pipeline.

    Attributes:
        mode: every combination of the values, or the first of each, the second of each and so on.
        over: values by key; any that ``--set`` takes.
        objectives: what to make small or large, ``"min energy.total_uJ"``; the first two make the Pareto figure.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: Literal["grid", "list"] = "grid"
    over: Annotated[dict[str, Annotated[list[Any], Field(min_length=1)]], Field(min_length=1)]
    objectives: list[str] = []

    @model_validator(mode="after")
    def _can_be_walked(self) -> "Sweep":
        lengths = {key: len(values) for key, values in self.over.items()}
        if self.mode == "list" and len(set(lengths.values())) > 1:
            found = ", ".join(f"{key} has {length}" for key, length in lengths.items())
            raise ValueError(f"a list needs as many values of every key; {found}")
        if len(self.points()) > MOST_POINTS:
            raise ValueError(f"{len(self.points())} points; must be at most {MOST_POINTS}")
        return self

    def points(self) -> list[dict[str, str]]:
        """Settings of every point, as ``--set`` takes them.

        >>> Sweep(over={"trials": [10, 20], "technology.junction.tmr": ["1.2"]}).points()
        [{'trials': '10', 'technology.junction.tmr': '1.2'}, {'trials': '20', 'technology.junction.tmr': '1.2'}]
        """
        rows = zip(*self.over.values(), strict=True) if self.mode == "list" else product(*self.over.values())
        return [dict(zip(self.over, map(_as_text, row), strict=True)) for row in rows]


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def load_sweep(name_or_path: str | Path, over: Mapping[str, str], objectives: Sequence[str], listed: bool) -> Sweep:
    """The sweep of a pipeline's ``[sweep]`` table, or one given on the command line in its place.

    Args:
        over: values by key, separated by commas: ``{"technology.junction.tmr": "1.0,1.5"}``; empty for the table's.
        objectives: in place of the table's, where there are any.
        listed: a list in place of a grid.
    Raises:
        InputError: neither is there, or what is there cannot be walked.
    """
    path = find(name_or_path, PIPELINES, ".toml")
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")).get("sweep", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"pipeline file {path}: not valid TOML: {error}") from None
    if not isinstance(table, dict):
        raise InputError(f"pipeline file {path}: sweep = {table!r}: must be a table, [sweep]")
    if over:
        table = {**table, "over": {key: _values(text) for key, text in over.items()}, "mode": "grid"}
    if not table:
        raise InputError(f"pipeline file {path}: no table [sweep]; write one, or give --over KEY=VALUE,VALUE")
    if objectives:
        table = {**table, "objectives": list(objectives)}
    if listed:
        table = {**table, "mode": "list"}
    try:
        return Sweep.model_validate(table)
    except ValidationError as error:
        problem = first_problem(error, Sweep)
        raise InputError(f"pipeline file {path}: sweep: {problem}") from None


def _values(text: str) -> list[Any]:
    try:
        values: list[Any] = tomllib.loads(f"values = [{text}]")["values"]
    except tomllib.TOMLDecodeError:
        return [part.strip() for part in text.split(",")]
    return values


@dataclass
class SweepRun(Run):
    """Tables points and sweep (tidy), figure pareto; each point's own results in ``points/``.

    Points share the results of their decks (``cache/``): a key that a deck does not hold makes no new one, and a
    sweep that was stopped, or that has got more points, runs what is new.

    Args:
        sweep: where to go.
        source: name or path of the pipeline.
    """

    keeps_trials = True
    sweep: Sweep = field(kw_only=True)
    source: str | Path = field(kw_only=True)

    def _prepare(self) -> None:
        self._objectives = [sweeps.Objective.parse(text) for text in self.sweep.objectives]
        self._points: list[tuple[dict[str, str], Pipeline, Technology]] = []
        for settings in self.sweep.points():
            self._points.append((settings, *load_pipeline(self.source, {**self.overrides, **settings})))
            _, pipeline, _ = self._points[-1]
            for objective in self._objectives:
                objective.require_table(pipeline.experiment, RUNS[type(pipeline)].table_names)

    def _stages(self) -> None:
        found: list[sweeps.Point] = []
        unseen = self._objectives
        with self._stage("points"):
            advance = self.progress("points", len(self._points))
            for number, (settings, pipeline, technology) in enumerate(self._points):
                found.append(self._point(number, settings, pipeline, technology))
                if found[-1].status == OK:
                    for objective in unseen:  # what is not there ends the sweep at the first whole point
                        objective.require_value(found[-1])
                    unseen = []
                advance(1)
            self._table("points", sweeps.points_table(found, self._objectives))
            if rows := sweeps.tidy(found):
                self._table("sweep", rows)
        if len(self._objectives) > 1 and any(point.results for point in found):
            self._figures["pareto"] = lambda: sweeps.pareto(found, self._objectives)

    def _point(
        self, number: int, settings: Mapping[str, str], pipeline: Pipeline, technology: Technology
    ) -> sweeps.Point:
        folder = f"points/{number:03d}"
        overrides = {**self.overrides, **settings}
        run = run_of(
            pipeline, technology, self.folder / folder, self.workers, self.progress, overrides, scheduler=self.scheduler
        )
        run.cache = self.folder / "cache"
        status = OK
        try:
            results: Mapping[str, Sequence[Row]] = run.execute()
        except PartsFailed as error:
            results, status = error.tables, str(error)
        except SpintronicsError as error:
            results, status = {}, str(error)
        self._outputs_to_come(f"{folder}/{name}" for name in (*run.outputs, "manifest.json"))
        return sweeps.Point(settings, results, status, *run.decks)

    def _what(self) -> dict[str, object]:
        return {**super()._what(), "sweep": self.sweep.model_dump(mode="json")}
