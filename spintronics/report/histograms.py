"""Histograms of the sense voltage, with the references that it is compared with."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spintronics.characterize.sense_margin import SenseMargin, SenseTrials
from spintronics.report.files import reading
from spintronics.report.results import Results

FloatArray = npt.NDArray[np.float64]
BINS = 240
OPERATIONS = ("read", "OR", "AND")
"""Panels as the slides draw them; ``read`` is the memory."""


@dataclass(frozen=True)
class Reference:
    """A reference voltage and the margin on it, V; failures among the trials."""

    operation: str
    low_state: str
    high_state: str
    voltage: float
    nominal: float
    worst: float
    failures: int
    trials: int


@dataclass(frozen=True)
class SenseHistogram:
    """Trials of one fan-in by sense voltage.

    Attributes:
        edges: V, of bins that all states share, shape (bins + 1,).
        counts: trials per bin, shape (bins,), by state, lowest first.
    """

    fan_in: int
    edges: FloatArray
    counts: Mapping[str, npt.NDArray[np.int64]]
    references: tuple[Reference, ...]

    @classmethod
    def of(
        cls, fan_in: int, voltages: Mapping[str, FloatArray], references: Iterable[Reference], bins: int = BINS
    ) -> "SenseHistogram":
        """From sense voltages by state, V; what is NaN was not solved and is in no bin.

        >>> import numpy as np
        >>> found = SenseHistogram.of(1, {"P": np.array([0.0, 1.0, np.nan]), "AP": np.array([4.0])}, (), bins=2)
        >>> found.edges.tolist(), {state: counts.tolist() for state, counts in found.counts.items()}
        ([0.0, 2.0, 4.0], {'P': [2, 0], 'AP': [0, 1]})
        """
        solved = {state: v[np.isfinite(v)] for state, v in voltages.items()}
        edges = np.histogram_bin_edges(np.concatenate(list(solved.values())), bins)
        counts = {state: np.histogram(v, edges)[0] for state, v in solved.items()}
        return cls(fan_in, edges, counts, tuple(references))

    def has(self, operation: str) -> bool:
        """Whether one of the references is this operation's."""
        return any(r.operation == operation for r in self.references)


def of_trials(trials: SenseTrials, margins: Iterable[SenseMargin]) -> SenseHistogram:
    """Histogram of trials that were just solved."""
    return SenseHistogram.of(
        trials.fan_in,
        {trials.state(n): trials.v_sense[:, n] for n in range(trials.fan_in + 1)},
        (
            Reference(
                m.operation.value,
                m.low_state,
                m.high_state,
                m.v_reference,
                m.nominal,
                m.worst,
                m.failures.failures,
                m.failures.trials,
            )
            for m in margins
            if m.fan_in == trials.fan_in
        ),
    )


def of_results(results: Results) -> list[SenseHistogram]:
    """Histograms of a run's stored trials, one per fan-in; none where it has none.

    Raises:
        InputError: the table or a trial file is missing or cannot be read.
    """
    if not results.wrote("sense_margin"):
        return []
    rows: Sequence[Mapping[str, Any]] = results.table("sense_margin")
    found = []
    with reading(results.table_path("sense_margin")):
        for fan_in in dict.fromkeys(row["fan_in"] for row in rows):
            names = [name for name in results.manifest["outputs"] if name.startswith(f"trials/fan_in_{fan_in}/")]
            if names:
                references = [_reference(row) for row in rows if row["fan_in"] == fan_in]
                found.append(SenseHistogram.of(fan_in, _voltages(results, names), references))
    return found


def _reference(row: Mapping[str, Any]) -> Reference:
    milli = 1e-3
    return Reference(
        row["operation"],
        row["low_state"],
        row["high_state"],
        row["v_reference_mV"] * milli,
        row["nominal_margin_mV"] * milli,
        row["worst_margin_mV"] * milli,
        row["failures"],
        row["trials"],
    )


def _voltages(results: Results, names: Sequence[str]) -> dict[str, FloatArray]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    chunks = []
    for name in names:
        with reading(results.folder / name), pq.ParquetFile(results.folder / name) as file:
            columns = [c for c in file.schema_arrow.names if c.startswith("v_sense_")]
            chunks.append(file.read(columns))
    table = pa.concat_tables(chunks)
    return {c.removeprefix("v_sense_"): table.column(c).to_numpy() for c in table.column_names}
