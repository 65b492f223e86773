"""Runs a pipeline: one TOML file in, one folder of results out."""

import fcntl
import json
import os
import platform
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from importlib.metadata import version
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from spintronics import cards as model_cards
from spintronics.accelerator import NetworkCost, map_network, network_cost
from spintronics.array import SubArray
from spintronics.characterize import logic, operations, sense_margin
from spintronics.characterize.device_table import ActionCost, DeviceTable, equally_likely
from spintronics.circuits.logic_bench import FLIP_FLOP, FULL_ADDER, MULTIPLEXER
from spintronics.circuits.sense_path import check_fan_in
from spintronics.errors import InputError
from spintronics.networks import BitWidths, FirstLayer, Network, and_operations, load, storage_table
from spintronics.ngspice import Simulator
from spintronics.report import tables
from spintronics.report.files import whole_file, write_whole
from spintronics.resources import PIPELINES, find
from spintronics.technology import Technology, first_problem

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Advance = Callable[[int], None]
Progress = Callable[[str, int], Advance]
"""``progress(stage, total)`` gives a function to call with each amount done."""


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _each_once(values: list[Any]) -> list[Any]:
    twice = next((value for n, value in enumerate(values) if value in values[:n]), None)
    if twice is not None:
        raise ValueError(f"{twice} stands there twice")
    return values


_LIST = (BeforeValidator(_as_list), AfterValidator(_each_once), Field(min_length=1))


class Pipeline(BaseModel):
    """One experiment, as its TOML file states it.

    Attributes:
        name: of the results folder.
        technology: name of a technology that travels with the package, or a path from the pipeline's folder.
        trials: per state of the sense path.
        seed: of every draw.
        fan_in: cells on the bit line; 1 is the memory read.
        thermal_angles: initial angles of the magnetization per written bit.
        networks, bit_widths, first_layer: what the accelerator is costed with.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^\w[\w.-]*$")]
    technology: str
    trials: Annotated[int, Field(ge=1, strict=True)]
    seed: Annotated[int, Field(ge=0, strict=True)]
    fan_in: Annotated[list[Annotated[int, Field(strict=True)]], *_LIST]
    thermal_angles: Annotated[int, Field(ge=1, strict=True)]
    networks: Annotated[list[str], *_LIST]
    bit_widths: Annotated[list[str], *_LIST]
    first_layer: Annotated[list[FirstLayer], *_LIST]

    @classmethod
    def load(cls, name_or_path: str | Path, overrides: Mapping[str, str] | None = None) -> tuple[Self, Technology]:
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
        of_technology = {}
        for key, value in (overrides or {}).items():
            if key.startswith("technology."):
                of_technology[key.removeprefix("technology.")] = value
            else:
                values[key] = _toml_value(value)
        try:
            pipeline = cls.model_validate(values)
        except ValidationError as error:
            raise InputError(f"pipeline file {path}: {first_problem(error, cls)}") from None
        for fan_in in pipeline.fan_in:
            check_fan_in(fan_in)
        beside = path.parent / pipeline.technology
        return pipeline, Technology.load(beside if beside.is_file() else pipeline.technology, of_technology)


def _toml_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _outputs_of(manifest: Path) -> list[str]:
    """What an earlier run wrote, from its manifest; nothing outside its folder."""
    try:
        outputs = json.loads(manifest.read_text(encoding="utf-8"))["outputs"]
        if all(not Path(name).is_absolute() and ".." not in Path(name).parts for name in outputs):
            return list(outputs)
    except (ValueError, TypeError, KeyError):
        pass
    raise InputError(f"{manifest}: not the manifest of a run; move it away or choose another folder with --out")


@dataclass
class Run:
    """One run of a pipeline into one folder.

    The manifest is written first, with status ``running``, and last, with ``complete`` or ``failed``; every other
    file appears whole or not at all.  Files that an earlier run left in the folder, by its manifest, are removed
    first, so that what lies there belongs together.

    Args:
        folder: results folder, made where missing.
        workers: ngspice processes at once.
        progress: called once per long stage.
        overrides: recorded in the manifest.
    """

    pipeline: Pipeline
    technology: Technology
    folder: Path
    workers: int
    progress: Progress
    overrides: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._seconds: dict[str, float] = {}
        self._outputs: list[str] = []
        self._figures: dict[str, Callable[[], Figure]] = {}
        self._tables: dict[str, Sequence[tables.Row]] = {}
        self._started = time.time()

    def execute(self) -> dict[str, Sequence[tables.Row]]:
        """Run every stage; the tables by name.

        Raises:
            SpintronicsError, OSError: the first failure; the manifest then says ``failed`` and why.
        """
        if self.workers < 1:
            raise InputError(f"workers = {self.workers}: must be at least 1")
        self._cards = model_cards.locate(self.technology)
        networks = [load(name) for name in self.pipeline.networks]
        widths = [BitWidths.parse(text) for text in self.pipeline.bit_widths]
        array = self.technology.array
        for network, width, first_layer in product(networks, widths, self.pipeline.first_layer):
            map_network(network, width, first_layer, array.rows, array.columns)  # complains before anything is run
        self._simulator = Simulator(failed=self.folder / "failed")
        with self._claim_folder():
            return self._execute(networks, widths)

    def _execute(self, networks: Sequence[Network], widths: Sequence[BitWidths]) -> dict[str, Sequence[tables.Row]]:
        try:
            self._write_manifest("running")
            results = self._operations()
            margins = self._sense_margins()
            operations.require_right(results)
            sense_margin.require_developed(m for m in margins if m.fan_in <= 2)
            self._networks(networks, widths, SubArray(self.technology, self._device_table(results)))
            with self._stage("figures"):
                for name, draw in self._figures.items():
                    self._figure(name, draw())
        except BaseException as error:
            kept = (path for suffix in ("cir", "log") for path in (self.folder / "failed").glob(f"*.{suffix}"))
            self._outputs += sorted(path.relative_to(self.folder).as_posix() for path in kept)
            with suppress(OSError):  # the first error tells more than a manifest that a full disk has no room for
                self._write_manifest("failed", str(error) or type(error).__name__)
            raise
        self._write_manifest("complete")
        return self._tables

    def _operations(self) -> list[operations.OperationResult]:
        from spintronics.report import figures as draw

        context = (self.technology, self._cards, self._simulator)
        with self._stage("writes"):
            angles, seed = self.pipeline.thermal_angles, self.pipeline.seed
            advance = self.progress("writes", 2 * angles)
            writes = [operations.switching(*context, bit, angles, seed, self.workers, advance) for bit in (0, 1)]
            self._table("device", tables.device(self.technology, writes))
        with self._stage("operations"):
            results = operations.operations(*context, (writes[0].voltage, writes[1].voltage), self.workers)
            self._table("operations", tables.operations(results))
            self._table("energy_by_contributor", tables.energy_by_contributor(results))
        self._figures["write_waveforms"] = lambda: draw.write_waveforms(writes)
        self._figures["sense_waveforms"] = lambda: draw.sense_waveforms(results)
        return results

    def _sense_margins(self) -> list[sense_margin.SenseMargin]:
        from spintronics.report import figures as draw

        solved, margins = [], []
        with self._stage("sense margins"):
            advance = self.progress("sense margins", self.pipeline.trials * len(self.pipeline.fan_in))
            for fan_in in self.pipeline.fan_in:
                trials = sense_margin.solve_trials(
                    self.technology,
                    self._cards,
                    self._simulator,
                    fan_in,
                    self.pipeline.trials,
                    self.pipeline.seed,
                    self.workers,
                    advance,
                )
                solved.append(trials)
                margins += [
                    sense_margin.sense_margin(self.technology, self._cards, self._simulator, trials, operation)
                    for operation in sense_margin.operations_of(fan_in)
                ]
                self._trials(trials)
            self._table("sense_margin", tables.sense_margin(margins))
            self._table("sense_voltage", tables.sense_voltage(solved))
        self._figures["sense_margin"] = lambda: draw.sense_margin(solved, margins)
        return margins

    def _device_table(self, results: Sequence[operations.OperationResult]) -> DeviceTable:
        def mean(name: str) -> ActionCost:
            return equally_likely([r.cost for r in results if r.operation == name])

        with self._stage("logic"):
            adder, multiplexer, flip_flop = self._simulator.map(
                lambda sim, gate: logic.gate_cost(self.technology, self._cards, sim, gate),
                (FULL_ADDER, MULTIPLEXER, FLIP_FLOP),
                self.workers,
            )
            rows: list[tables.Row] = [
                {"gate": name, "energy_fJ": cost.energy * 1e15, "delay_ps": cost.latency * 1e12}
                for name, cost in (("full adder", adder), ("2:1 multiplexer", multiplexer), ("flip-flop", flip_flop))
            ]
            self._table("logic", rows)
        return DeviceTable(mean("read"), mean("write"), mean("AND"), mean("OR"), adder, multiplexer, flip_flop)

    def _networks(
        self,
        networks: Sequence[Network],
        widths: Sequence[BitWidths],
        sub_array: SubArray,
    ) -> None:
        from spintronics.report import figures as draw

        with self._stage("networks"):
            cases = [(n, w, f) for n in networks for f in self.pipeline.first_layer for w in widths]
            costs: list[NetworkCost] = [network_cost(*case, sub_array) for case in cases]
            counts = [count for case in cases for count in and_operations(*case)]
            self._table("and_operations", tables.and_operations(counts))
            self._table("storage", tables.storage(storage_table(networks, widths)))
            area = sub_array.area_parts
            self._table(
                "area", [{"block": k, "area_um2": v * 1e12, "share": v / sub_array.area} for k, v in area.items()]
            )
            self._table("energy", tables.energy(costs))
            self._table("comparison", tables.comparison(costs))
            self._table("complexity", tables.complexity(widths))
            self._table("claims", tables.claims(costs, sub_array))
        self._figures["energy"] = lambda: draw.energy(costs)
        for network in networks:
            self._figures[f"and_operations_{network.name}"] = partial(draw.and_operations, costs, network.name)

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self._seconds[name] = round(time.perf_counter() - start, 3)

    @contextmanager
    def _claim_folder(self) -> Iterator[None]:
        """The folder for this run alone, without what an earlier one left there.

        Raises:
            InputError: it cannot be written, another run is writing there, or its manifest is not of a run.
        """
        manifest = self.folder / "manifest.json"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.folder, os.O_RDONLY)
        except OSError as error:
            raise InputError(f"output folder {self.folder}: cannot be written: {error}") from None
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the system lets go of it when the run dies
            except OSError:
                raise InputError(
                    f"output folder {self.folder}: another run is writing there; wait for it or give another with --out"
                ) from None
            for name in _outputs_of(manifest) if manifest.exists() else ():
                (self.folder / name).unlink(missing_ok=True)
            for aside in self.folder.glob("*/.*.*"):  # what a killed run was writing
                aside.unlink()
            yield
        finally:
            os.close(lock)

    def _table(self, name: str, rows: Sequence[tables.Row]) -> None:
        self._tables[name] = rows
        write_whole(self._output(f"tables/{name}.csv"), tables.as_csv(rows))
        write_whole(self._output(f"tables/{name}.md"), tables.as_markdown(rows))

    def _figure(self, name: str, figure: "Figure") -> None:
        import matplotlib as mpl

        from spintronics.report.figures import STYLE

        for suffix, options in (("svg", {"metadata": {"Date": None}}), ("png", {"dpi": 160})):
            with whole_file(self._output(f"figures/{name}.{suffix}")) as aside, mpl.rc_context(STYLE):
                figure.savefig(aside, **options)

    def _trials(self, trials: sense_margin.SenseTrials) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        columns: dict[str, Any] = {}
        units = {}
        for k in range(trials.fan_in):
            columns[f"r_p_{k}"], units[f"r_p_{k}"] = trials.junctions.r_p[:, k], "ohm"
            columns[f"tmr_{k}"], units[f"tmr_{k}"] = trials.junctions.tmr[:, k], "1"
        for n in range(trials.fan_in + 1):
            name = f"v_sense_{trials.state(n)}"
            columns[name], units[name] = trials.v_sense[:, n], "V"
        fields = [pa.field(name, pa.float64(), metadata={"unit": units[name]}) for name in columns]
        about = {"technology": self.technology.digest(), "seed": str(self.pipeline.seed)}
        table = pa.table(list(columns.values()), schema=pa.schema(fields, metadata=about))
        with whole_file(self._output(f"trials/fan_in_{trials.fan_in}.parquet")) as aside:
            pq.write_table(table, aside, compression="zstd")

    def _output(self, name: str) -> Path:
        self._outputs.append(name)
        self._write_manifest("running")  # before the file itself: whatever stops the run, the manifest knows of it
        return self.folder / name

    def _write_manifest(self, status: str, reason: str | None = None) -> None:
        packages = ("spintronics-imce", "PySpice", "numpy", "scipy", "matplotlib", "pyarrow", "pydantic")
        document = {
            "status": status,
            **({"reason": reason} if reason else {}),
            "pipeline": self.pipeline.model_dump(mode="json"),
            "overrides": dict(self.overrides),
            "technology": self.technology.model_dump(mode="json"),
            "technology_sources": self.technology.sources,
            "technology_sha256": self.technology.digest(),
            "cards": {"files": [p.name for p in self._cards.files], "sha256": self._cards.digest()},
            "slides_sha256": sha256(json.dumps(tables.slides(), sort_keys=True).encode()).hexdigest(),
            "versions": {
                "python": platform.python_version(),
                "ngspice": self._simulator.installation.version,
                **{name: version(name) for name in packages},
            },
            "machine": {"system": f"{platform.system()} {platform.machine()}", "cores": os.cpu_count()},
            "workers": self.workers,
            "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._started)),
            "seconds": {**self._seconds, "total": round(time.time() - self._started, 3)},
            "outputs": self._outputs,
        }
        write_whole(self.folder / "manifest.json", json.dumps(document, indent=2, ensure_ascii=False) + "\n")
