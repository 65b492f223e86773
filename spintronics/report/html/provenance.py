"""Where a number comes from: table entry, what computed it, testbench, deck, waveform or trials, inputs."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from spintronics.report.results import Results
from spintronics.report.rows import Row

_CHARACTERIZE, _CIRCUITS = "spintronics.characterize", "spintronics.circuits"


@dataclass(frozen=True)
class Origin:
    """What a table is made by.

    Attributes:
        computed: module that computes it.
        testbench: module that builds its decks; ``"row"`` where the rows say; empty where nothing is simulated.
        composed: out of the device table's entries.
    """

    computed: str
    testbench: str = ""
    composed: bool = False


_WRITING = Origin(f"{_CHARACTERIZE}.writing", f"{_CIRCUITS}.write_bench")
_OPERATIONS = Origin(f"{_CHARACTERIZE}.operations", "row")
_SENSE = Origin(f"{_CHARACTERIZE}.sense_margin", f"{_CIRCUITS}.sense_path")
_FAN_IN = Origin(f"{_CHARACTERIZE}.fan_in", f"{_CIRCUITS}.sense_path")
_DECISIONS = Origin(f"{_CHARACTERIZE}.decisions", f"{_CIRCUITS}.decision_bench")
_CORNERS = Origin(f"{_CHARACTERIZE}.corners", f"{_CIRCUITS}.read_bench")
_COST = Origin("spintronics.accelerator.cost", composed=True)
_STUDY = Origin("spintronics.accuracy.study")
_TRAINING = Origin("spintronics.training.loop")
ORIGINS: Mapping[str, Origin] = {
    **dict.fromkeys(
        ("device", "write", "write_energy", "write_current", "write_error_rate", "write_thermal"), _WRITING
    ),
    "read_disturb": Origin(f"{_CHARACTERIZE}.writing"),
    **dict.fromkeys(("operations", "energy_by_contributor", "device_table"), _OPERATIONS),
    "logic": Origin(f"{_CHARACTERIZE}.logic", "row"),
    **dict.fromkeys(("sense_margin", "sense_voltage", "failed_trials"), _SENSE),
    **dict.fromkeys(("fan_in", "fan_in_limits"), _FAN_IN),
    **dict.fromkeys(("errors", "latch_offset"), _DECISIONS),
    **dict.fromkeys(("corners", "corner_spread"), _CORNERS),
    "patterns": Origin(f"{_CHARACTERIZE}.read_patterns", f"{_CIRCUITS}.read_bench"),
    "half_selected": Origin(f"{_CHARACTERIZE}.disturb", f"{_CIRCUITS}.disturb_bench"),
    "read_point": Origin(f"{_CHARACTERIZE}.read_point", f"{_CIRCUITS}.sense_path"),
    "develop_time": Origin(f"{_CHARACTERIZE}.read_point", f"{_CIRCUITS}.read_bench"),
    **dict.fromkeys(("energy", "energy_by_layer", "area_by_layer", "comparison", "claims", "needed"), _COST),
    **dict.fromkeys(("accuracy", "lost"), _STUDY),
    **dict.fromkeys(("test_error", "curve"), _TRAINING),
    **dict.fromkeys(("area", "area_overhead"), Origin("spintronics.array.subarray", composed=True)),
    "storage": Origin("spintronics.networks.storage"),
    **dict.fromkeys(("points", "sweep"), Origin("spintronics.pipeline.sweep")),
    **dict.fromkeys(("and_operations", "complexity"), Origin("spintronics.networks.bits")),
}
BASES: Mapping[str, Origin] = {"modelled": Origin("spintronics.baselines.rram")}
"""What rows of another basis are made by, whatever their table."""
_CLOSED_FORM = Origin("spintronics.magnetics")


@dataclass(frozen=True)
class Step:
    """One link of a chain; ``href`` is a file of the run or a place on the page, empty for neither."""

    title: str
    text: str
    href: str = ""


@dataclass(frozen=True)
class Provenance:
    """Chains of a run's tables."""

    results: Results

    def chain(self, table: str, row: Row, number: int) -> tuple[Step, ...]:
        """From a row's table entry to the run's inputs.

        A step is left out where there is nothing of it: a closed form has no deck.

        Args:
            number: of the row in its table.
        """
        origin = BASES.get(str(row.get("basis")), ORIGINS.get(table))
        if table == "device" and not str(row.get("how")).startswith("ngspice"):
            origin = _CLOSED_FORM
        steps = [Step("Table", f"tables/{table}.csv", f"tables/{table}.csv")]
        if origin:
            how = f"{row['how']}; " if row.get("how") else ""
            steps.append(Step("Computed by", f"{how}{origin.computed}"))
            if origin.composed:
                steps += self._composed
            elif bench := self._bench(origin, row):
                steps.append(Step("Testbench", bench))
        if "composed" in str(row.get("testbench")):
            steps.append(Step("Its gates", f"table {table}: each gate opens its own decks", f"#table-{table}"))
        if "point" in row and "points" in self.results.table_names:
            page = f"points/{row['point']:03d}/report.html"
            steps.append(Step("Page of the point", f"{page}: each number opens its own chain", page))
        for deck in self.results.decks(table, number):
            more = f", first of {deck.runs}" if deck.runs > 1 else ""
            steps.append(Step("Deck", f"{deck.file}: {deck.title}{more}", deck.file))
            if deck.waveforms:
                steps.append(Step("Waveforms", deck.waveforms, deck.waveforms))
        return (*steps, *self._trials(origin, row), self._inputs)

    def _bench(self, origin: Origin, row: Row) -> str:
        if origin.testbench != "row":
            return origin.testbench
        if row.get("testbench"):
            return str(row["testbench"])
        operation = str(row.get("operation", ""))
        return f"{_CIRCUITS}.{ {'write': 'write_bench', 'XOR': 'xor_bench'}.get(operation, 'read_bench') }"

    @property
    def _composed(self) -> list[Step]:
        own = "device_table.toml" in self.results.manifest["outputs"]
        entries = [Step("Device table", "device_table.toml: an entry per action and case", "device_table.toml")]
        tables = [
            Step("Its entries", f"table {name}: each row opens its own testbench and deck", f"#table-{name}")
            for name in ("operations", "logic")
            if name in self.results.table_names
        ]
        return entries * own + tables

    def _trials(self, origin: Origin | None, row: Row) -> list[Step]:
        """Stored trials of the row's fan-in."""
        if origin is not _SENSE:
            return []
        folder = f"trials/fan_in_{row['fan_in']}"
        files = self.results.files(folder, ".parquet")
        return [Step("Trials", f"{folder}: {len(files)} Parquet files", folder)] if files else []

    @cached_property
    def _inputs(self) -> Step:
        m = self.results.manifest
        parts = [
            f"technology {m['technology']['name']} ({m['technology_sha256'][:12]})" if "technology" in m else "",
            f"cards {m['cards']['sha256'][:12]}" if "cards" in m else "",
            *(f"{name} {digest[:12]}" for name, digest in m.get("inputs", {}).items()),
            f"ngspice {m['versions']['ngspice']}" if "ngspice" in m["versions"] else "",
            f"seed {m['pipeline']['seed']}" if "seed" in m.get("pipeline", {}) else "",
        ]
        return Step("Inputs", ", ".join(filter(None, parts)) or "manifest.json", "#inputs")
