"""Runs pipelines: one TOML file in, one folder of results out."""

from collections.abc import Mapping
from pathlib import Path

from spintronics.pipeline.definition import ImcePipeline, Pipeline, WritePipeline, load_pipeline
from spintronics.pipeline.imce import ImceRun
from spintronics.pipeline.run import Advance, Progress, Run
from spintronics.pipeline.write import WriteRun
from spintronics.technology import Technology

__all__ = [
    "Advance",
    "ImcePipeline",
    "ImceRun",
    "Pipeline",
    "Progress",
    "Run",
    "WritePipeline",
    "WriteRun",
    "load_pipeline",
    "run_of",
]


def run_of(
    pipeline: Pipeline,
    technology: Technology,
    folder: Path,
    workers: int,
    progress: Progress,
    overrides: Mapping[str, str],
) -> Run:
    """The run of a pipeline's experiment."""
    kind: type[Run] = WriteRun if isinstance(pipeline, WritePipeline) else ImceRun
    return kind(pipeline, technology, folder, workers, progress, overrides)
