"""Runs pipelines: one TOML file in, one folder of results out."""

from collections.abc import Mapping
from pathlib import Path

from spintronics.pipeline.characterize import CharacterizeRun
from spintronics.pipeline.definition import (
    CharacterizePipeline,
    FanInPipeline,
    ImcePipeline,
    Pipeline,
    SenseMarginPipeline,
    WritePipeline,
    load_pipeline,
)
from spintronics.pipeline.fan_in import FanInRun
from spintronics.pipeline.imce import ImceRun
from spintronics.pipeline.run import Advance, Progress, Run
from spintronics.pipeline.sense_margin import SenseMarginRun
from spintronics.pipeline.write import WriteRun
from spintronics.technology import Technology

__all__ = [
    "RUNS",
    "Advance",
    "CharacterizePipeline",
    "CharacterizeRun",
    "FanInPipeline",
    "FanInRun",
    "ImcePipeline",
    "ImceRun",
    "Pipeline",
    "Progress",
    "Run",
    "SenseMarginPipeline",
    "SenseMarginRun",
    "WritePipeline",
    "WriteRun",
    "load_pipeline",
    "run_of",
]


RUNS: Mapping[type[Pipeline], type[Run]] = {
    ImcePipeline: ImceRun,
    WritePipeline: WriteRun,
    CharacterizePipeline: CharacterizeRun,
    FanInPipeline: FanInRun,
    SenseMarginPipeline: SenseMarginRun,
}


def run_of(
    pipeline: Pipeline,
    technology: Technology,
    folder: Path,
    workers: int,
    progress: Progress,
    overrides: Mapping[str, str],
    resume: bool = False,
    scheduler: str | None = None,
) -> Run:
    """The run of a pipeline's experiment."""
    return RUNS[type(pipeline)](
        pipeline, technology, folder, workers, progress, overrides, resume=resume, scheduler=scheduler
    )
