"""Where a number comes from: table entry, what computed it, testbench, deck, waveform or trials, inputs."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from spintronics.report.html.made_of import MadeOf, command, made_of
from spintronics.report.results import Results
from spintronics.report.rows import Row

DEVICE_TABLE = "device_table.toml"
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
BASES: Mapping[str, Origin] = {
    "modelled": Origin("spintronics.baselines.rram"),
    **dict.fromkeys(("published", "scaled by multiply-accumulates"), Origin("spintronics.baselines.processors")),
}
"""What rows of another basis are made by, whatever their table."""
SLIDES = "D. Fan, IMCE, ASP-DAC 2018: spintronics/report/imce_slides.toml"
_CLOSED_FORM = Origin("spintronics.magnetics")


@dataclass(frozen=True)
class Step:
    """One link of a chain; ``href`` is a file of the run or a place on the page, empty for neither."""

    title: str
    text: str
    href: str = ""


def is_of_slides(column: str) -> bool:
    """Whether a column's figures are the slides': ``seed`` or ``seed_…``."""
    return column == "seed" or column.startswith("seed_")


def under_ratio(column: str, row: Row) -> str:
    """Column of the slides' figures that a column is a ratio to; empty where it is none.

    A row of ``needed`` has a ratio of an input to its own value.

    >>> row = {"energy_uJ": 1.0, "area_mm2": 1.0, "seed_energy_uJ": 2.0, "seed_area_mm2": 2.0, "ratio_area": 0.5}
    >>> under_ratio("ratio_area", row), under_ratio("energy_uJ", row)
    ('seed_area_mm2', '')
    """
    kind, _, of = column.partition("_")
    if kind != "ratio" or "needed" in row or f"seed_{column}" in row:
        return ""
    return next((name for name in row if is_of_slides(name) and (not of or name.startswith(f"seed_{of}"))), "")


def ours_beside(theirs: str, row: Row) -> str:
    """Column of our figure beside one of the slides'; empty where the row is of several.

    >>> ours_beside("seed_and_share_at_most", {"and_share": 0.8, "seed_and_share_at_most": 0.65})
    'and_share'
    """
    of = "ours" if theirs == "seed" else theirs.removeprefix("seed_")
    return next((name for name in row if name != theirs and of.startswith(name)), "")


@dataclass(frozen=True)
class Provenance:
    """Chains of a run's tables."""

    results: Results

    def chain(self, table: str, row: Row, number: int, column: str = "") -> tuple[Step, ...]:
        """From a figure's table entry to the run's inputs; of a figure of the slides no farther than to them.

        A step is left out where there is nothing of it: a closed form has no deck.

        Args:
            number: of the row in its table.
            column: of the figure; without it the chain is the row's.
        """
        at = Step("Table", f"tables/{table}.csv", f"tables/{table}.csv")
        if is_of_slides(column):
            return at, Step("Slides", f"a figure of theirs, not computed here; {SLIDES}")
        if theirs := under_ratio(column, row):
            over = Step("Ratio", f"ours over the slides' (column {theirs}; {SLIDES}); of ours:")
            return at, over, *self._of_ours(table, row, number, ours_beside(theirs, row))
        return at, *self._of_ours(table, row, number, column)

    def _of_ours(self, table: str, row: Row, number: int, column: str) -> tuple[Step, ...]:
        origin = BASES.get(str(row.get("basis")), ORIGINS.get(table))
        if table == "device" and not str(row.get("how")).startswith("ngspice"):
            origin = _CLOSED_FORM
        steps = []
        if origin:
            how = f"{row['how']}; " if row.get("how") else ""
            steps.append(Step("Computed by", f"{how}{origin.computed}"))
            if origin.composed:
                steps += self._composed(table, row, made_of(table, row, column))
            elif bench := self._bench(origin, row):
                steps.append(Step("Testbench", bench))
        if "composed" in str(row.get("testbench")):
            steps.append(Step("Its gates", f"table {table}: each gate opens its own decks", f"#table-{table}"))
        if "point" in row and "points" in self.results.table_names:
            page = f"points/{row['point']:03d}/report.html"
            steps.append(Step("Page of the point", f"{page}: each number opens its own chain", self._there(page)))
        for deck in self.results.decks(table, number):
            more = f", first of {deck.runs}" if deck.runs > 1 else ""
            steps.append(Step("Deck", f"{deck.file}: {deck.title}{more}", deck.file))
            if deck.waveforms:
                steps.append(Step("Waveforms", deck.waveforms, deck.waveforms))
        return (*steps, *self._trials(origin, row), self._inputs)

    def _there(self, name: str) -> str:
        """The name of a file for a link; empty where it is not there."""
        return name if (self.results.folder / name).is_file() else ""

    def _bench(self, origin: Origin, row: Row) -> str:
        if origin.testbench != "row":
            return origin.testbench
        if row.get("testbench"):
            return str(row["testbench"])
        operation = str(row.get("operation", ""))
        return f"{_CIRCUITS}.{ {'write': 'write_bench', 'XOR': 'xor_bench'}.get(operation, 'read_bench') }"

    def _composed(self, table: str, row: Row, found: MadeOf | None) -> list[Step]:
        """What it is made of, by the device table's entries, and the command that shows every count."""
        if found is None:
            return []
        steps = [Step("Made of", found.text)]
        own = DEVICE_TABLE in self.results.manifest["outputs"]
        if found.entries:
            names = "; ".join(found.entries)
            words = f"{DEVICE_TABLE}: " if own else ""
            gates = " (a block that is not there: its gates)"
            link = self._there(DEVICE_TABLE) if own else ""
            gone = f"; {DEVICE_TABLE} is not in this folder" if own and not link else ""
            steps.append(Step("Device table", f"{words}entries {names}{gates}{gone}", link))
        for name, actions in self._actions.items():
            if chosen := [entry for entry in found.entries if entry in actions]:
                text = f"table {name}, {'; '.join(chosen)}: each row opens its own testbench and deck"
                steps.append(Step("Its entries", text, f"#table-{name}"))
        if shown := command(found.command, table, row, "." if own else "PATH"):
            where = "in this folder" if own else "PATH: of the device table"
            where += "; FILE: of the network" if " FILE " in shown else ""
            steps.append(Step("All counts", f"{shown}  ({where})"))
        return steps

    @cached_property
    def _actions(self) -> Mapping[str, set[str]]:
        """Actions by the table whose rows open their decks."""
        columns = {"operations": "operation", "logic": "action"}
        return {
            name: {str(row[column]) for row in self.results.table(name)}
            for name, column in columns.items()
            if name in self.results.table_names
        }

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
