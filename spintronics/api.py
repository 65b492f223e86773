"""The package from Python: what the command does, as functions whose results show themselves in a notebook."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from spintronics import cards as model_cards
from spintronics.accelerator import NetworkCost, network_cost
from spintronics.array import SubArray
from spintronics.characterize import sense_margin as _margins
from spintronics.characterize.device_table import DeviceTable
from spintronics.circuits.sense_path import check_fan_in, operations_of
from spintronics.errors import InputError
from spintronics.networks import BitWidths, FirstLayer, load
from spintronics.ngspice import Simulator, default_workers
from spintronics.pipeline import load_pipeline, run_of
from spintronics.report import histograms, system, tables
from spintronics.report.results import Results, device_table_at
from spintronics.report.table import Table
from spintronics.technology import Technology

if TYPE_CHECKING:
    from spintronics.report.plots import Drawing

__all__ = ["NetworkEvaluation", "Results", "SenseMargins", "Table", "Technology", "evaluate", "run", "sense_margin"]


@dataclass(frozen=True, repr=False)
class SenseMargins:
    """Margins and failures of every operation of one fan-in.

    Attributes:
        technology: what was simulated.
        trials: sense voltages, V, shape (trials, fan_in + 1), and the junctions that were drawn.
        margins: one per operation: read, or OR and AND.
    """

    technology: Technology
    trials: _margins.SenseTrials
    margins: tuple[_margins.SenseMargin, ...]

    @cached_property
    def table(self) -> Table:
        """One row per operation: margins in mV, failures of trials, their probability with its 95 % interval."""
        return Table(tables.sense_margin(self.margins))

    def plot(self, style: str = "screen") -> "Drawing":
        """Histogram of the sense voltage, a panel per operation.

        Args:
            style: ``"screen"``, or ``"paper"``: a column of two, 8 pt.
        Raises:
            InputError: no such style.
        """
        from spintronics.report import plots

        return plots.sense_margin([histograms.of_trials(self.trials, self.margins)], style=style)

    def __repr__(self) -> str:
        margins = ", ".join(f"{m.operation.value} {m.nominal * 1e3:.1f} mV" for m in self.margins)
        solved = f"{len(self.trials.v_sense):,} trials of fan-in {self.trials.fan_in}"
        return f"SenseMargins({self.technology.name}, {solved}: {margins})"

    def _repr_html_(self) -> str:
        return self.plot()._repr_svg_() + self.table._repr_html_()


def sense_margin(
    technology: Technology, fan_in: int = 2, trials: int = 100_000, seed: int = 2018, workers: int | None = None
) -> SenseMargins:
    """Sense margins of every operation with ``fan_in`` cells on a bit line, each trial solved by ngspice.

    Args:
        technology: junction, cell, CMOS and what varies.
        fan_in: cells on the bit line, 1 to 8; 1 is the memory read.
        trials: junctions drawn, at least 1; every one is solved in each of its fan_in + 1 states.
        seed: of the draw; results do not depend on ``workers``.
        workers: ngspice processes at once; all cores by default.
    Returns:
        Margins, V; nominal, worst of the trials, at 3σ and 6σ of fitted tails; failures with their 95 % interval
        (Clopper–Pearson).
    Raises:
        InputError: a value that cannot be used, or cards that are not there.
        OperationFailed: the read current source could not drive the highest sense voltage.
    Source: cells and midpoint references of the IMCE slides (ASP-DAC 2018).

    >>> found = sense_margin(Technology.load("imce45"), fan_in=2, trials=1000)
    >>> [(row["operation"], row["failures"]) for row in found.table]
    [('OR', 0), ('AND', 0)]
    """
    check_fan_in(fan_in)
    if trials < 1:
        raise InputError(f"trials = {trials}: must be at least 1")
    cards, simulator = model_cards.locate(technology), Simulator()
    count = workers if workers is not None else default_workers()
    solved = _margins.solve_trials(technology, cards, simulator, fan_in, trials, seed, count)
    margins = (
        _margins.sense_margin(technology, cards, simulator, solved, operation) for operation in operations_of(fan_in)
    )
    return SenseMargins(technology, solved, tuple(margins))


@dataclass(frozen=True, repr=False)
class NetworkEvaluation:
    """What a network costs on the chip, for one image.

    Attributes:
        cost: energy, J; latency, s; area, m²; by layer and component.
    """

    cost: NetworkCost

    @cached_property
    def table(self) -> Table:
        """Totals: figure, value, unit."""
        return Table(system.totals(self.cost))

    @cached_property
    def layers(self) -> Table:
        """One row per weighted layer."""
        return Table(system.layers(self.cost))

    @cached_property
    def components(self) -> Table:
        """Energy, area and static power by component."""
        return Table(system.components(self.cost))

    def plot(self, style: str = "screen") -> "Drawing":
        """Dynamic energy by component.

        Args:
            style: ``"screen"``, or ``"paper"``: a column of two, 8 pt.
        Raises:
            InputError: no such style.
        """
        from spintronics.report import plots
        from spintronics.report.breakdowns import Breakdown

        parts = {name: joules * 1e6 for name, joules in self.cost.energy_parts.items()}
        bars = {self.cost.network: {str(self.cost.widths): parts}}
        return plots.breakdown(Breakdown("energy by component", "µJ per image", bars), style)

    def __repr__(self) -> str:
        cost = self.cost
        figures = f"{cost.energy * 1e6:.4g} µJ, {cost.latency * 1e3:.4g} ms, {cost.area * 1e6:.4g} mm²"
        return f"NetworkEvaluation({cost.network} {cost.widths}: {figures})"

    def _repr_html_(self) -> str:
        return self.plot()._repr_svg_() + self.table._repr_html_()


def evaluate(
    network: str | Path,
    device_table: str | Path,
    bits: str = "1:1",
    first_layer: str = "seed",
    technology: Technology | None = None,
) -> NetworkEvaluation:
    """Energy, latency and area of a network on the chip; needs no simulator.

    Args:
        network: a known one (``"alexnet"``), or a path to an .onnx or .toml file.
        device_table: ``device_table.toml`` of a run, or the run's folder.
        bits: of weights and inputs, W:I.
        first_layer: bits of its inputs: ``"seed"`` (32) or ``"practical"`` (8).
        technology: the one that was characterized; the table's own by default.
    Raises:
        InputError: an argument that cannot be used, or a technology that is not the table's.
        OperationFailed: the table lacks an action, or one of its cases failed.
    """
    table = DeviceTable.load(device_table_at(Path(device_table)))
    chosen = technology if technology is not None else Technology.load(table.technology)
    table.require(chosen)
    if first_layer not in list(FirstLayer):
        raise InputError(f"first_layer = {first_layer!r}: must be one of {', '.join(FirstLayer)}")
    case = (load(str(network)), BitWidths.parse(bits), FirstLayer(first_layer))
    return NetworkEvaluation(network_cost(*case, SubArray(chosen, table)))


def run(
    pipeline: str | Path, out: str | Path, settings: Mapping[str, str] | None = None, workers: int | None = None
) -> Results:
    """Run a pipeline, as ``spintronics run`` does.

    Args:
        pipeline: name of one (``"imce"``), or a path to a TOML file.
        out: results folder.
        settings: values by key, as ``--set`` takes them: ``{"trials": "1000", "technology.junction.tmr": "1.2"}``.
        workers: ngspice processes at once; all cores by default.
    Returns:
        The run's folder, with its tables; ``report.html`` lies there too.
    Raises:
        InputError: a key, value or folder that cannot be used.
        SpintronicsError: the first thing that failed.
    """
    overrides = dict(settings or {})
    chosen, technology = load_pipeline(pipeline, overrides)
    count = workers if workers is not None else default_workers()
    run_of(chosen, technology, Path(out), count, lambda stage, total: lambda amount: None, overrides).execute()
    return Results.load(out)
