"""What the page draws: histograms, break-downs and waveforms, as plain data for its script."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from spintronics.report.breakdowns import Breakdown
from spintronics.report.files import reading
from spintronics.report.histograms import OPERATIONS, SenseHistogram
from spintronics.report.results import Results

POINTS = 300  # of a drawn waveform
TITLES = {"read": "Memory read", "OR": "OR", "AND": "AND"}
NODES: Mapping[str, tuple[str, str, float]] = {
    "v(bl)": ("bit line", "mV", 1e3),
    "v(ref)": ("reference", "mV", 1e3),
    "v(out)": ("output", "V", 1.0),
    "v(outb)": ("complementary output", "V", 1.0),
    "v(xor)": ("XOR output", "V", 1.0),
    "i(vheavy_metal)": ("heavy-metal current", "µA", 1e6),
    "v(my)": ("m along the easy axis", "1", 1.0),
}
"""Vectors that are drawn: name, unit, and what they are multiplied by."""


def histograms(found: Sequence[SenseHistogram]) -> dict[str, Any]:
    """Panels by operation over histograms by fan-in, voltages in mV."""
    return {
        "fan_ins": [
            {
                "fan_in": h.fan_in,
                "first": _short(h.edges[0] * 1e3),
                "last": _short(h.edges[-1] * 1e3),
                "states": [{"name": state, "counts": counts.tolist()} for state, counts in h.counts.items()],
            }
            for h in found
        ],
        "panels": [
            {"operation": operation, "title": TITLES[operation], "references": references}
            for operation in OPERATIONS
            if (references := _references(found, operation))
        ],
    }


def _references(found: Iterable[SenseHistogram], operation: str) -> list[dict[str, Any]]:
    return [
        {
            "fan_in": h.fan_in,
            "voltage": _short(r.voltage * 1e3),
            "nominal": _short(r.nominal * 1e3),
            "worst": _short(r.worst * 1e3),
            "failures": r.failures,
            "trials": r.trials,
        }
        for h in found
        for r in h.references
        if r.operation == operation
    ]


def breakdowns(found: Iterable[Breakdown]) -> list[dict[str, Any]]:
    """Bars of parts, in groups that are shown one at a time; parts of 0 left out."""
    return [
        {
            "title": breakdown.title,
            "unit": breakdown.unit,
            "groups": [
                {
                    "name": group,
                    "bars": [
                        {"label": label, "parts": [[name, _short(v)] for name, v in parts.items() if v]}
                        for label, parts in of_group.items()
                    ],
                }
                for group, of_group in breakdown.bars.items()
            ],
        }
        for breakdown in found
    ]


def waveforms(results: Results) -> list[dict[str, Any]]:
    """Transients of the operations: time in ns, lines with name, unit and values."""
    import pyarrow.parquet as pq

    found = []
    for name in _of_operations(results):
        with reading(results.folder / name), pq.ParquetFile(results.folder / name) as file:
            table = file.read(["time", *(c for c in file.schema_arrow.names if c in NODES)])
        chosen = np.unique(np.linspace(0, table.num_rows - 1, POINTS).astype(int))
        lines = []
        for column in (c for c in table.column_names if c in NODES):
            label, unit, scale = NODES[column]
            values = table.column(column).to_numpy()[chosen] * scale
            lines.append({"name": label, "unit": unit, "values": [_short(v) for v in values]})
        time = [_short(t * 1e9) for t in table.column("time").to_numpy()[chosen]]
        found.append({"name": PurePosixPath(name).stem.replace("_", " "), "time": time, "lines": lines})
    return found


def _of_operations(results: Results) -> list[str]:
    """Files of the operations' waveforms: behind the table ``operations``, or these entries of the device table."""
    decks = (
        deck
        for table in ("operations", "device_table")
        if table in results.table_names
        for number, row in enumerate(results.table(table))
        if row.get("group", "operations") in ("write", "operations")
        for deck in results.decks(table, number)
    )
    return list(dict.fromkeys(deck.waveforms for deck in decks if deck.waveforms))


def _short(value: float) -> float:
    """To five digits: what a screen can show, and no more to load."""
    return float(f"{value:.5g}")
