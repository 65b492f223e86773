"""The pipeline ``characterize``: the device table, the corners."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from spintronics.characterize import (
    corners,
    decisions,
    digital,
    disturb,
    operations,
    read_patterns,
    read_point,
    sense_margin,
    writing,
)
from spintronics.characterize.device_table import OK, DeviceTable, Entry, ErrorRate, OperationFailed
from spintronics.circuits.read_bench import NOMINAL
from spintronics.circuits.sense_path import Operation, SensePath
from spintronics.magnetics import Macrospin
from spintronics.pipeline.definition import CharacterizePipeline, Part
from spintronics.pipeline.evidence import RecordingSimulator, write_evidence
from spintronics.pipeline.run import Run
from spintronics.report import characterization, tables
from spintronics.report.files import write_whole


@dataclass
class CharacterizeRun(Run):
    """``device_table.toml``; tables device_table, device, energy_by_contributor, errors, corners, corner_spread."""

    pipeline: CharacterizePipeline

    def _prepare(self) -> None:
        self._parts = set(self.pipeline.parts)
        self._corners = corners.all_corners(self.technology) if Part.CORNERS in self._parts else ()

    def _stages(self) -> None:
        entries: list[Entry] = []
        if self._parts & {Part.WRITE, Part.OPERATIONS, Part.CORNERS}:
            voltages = self._write_voltages()
        if Part.WRITE in self._parts:
            entries += self._writes(voltages)
        if Part.OPERATIONS in self._parts:
            entries += self._operations()
        if Part.LOGIC in self._parts:
            entries += self._logic()
        if Part.ERRORS in self._parts:
            entries = self._errors(entries)
        if entries:
            table = DeviceTable.of(self.technology, entries)
            write_whole(self._output("device_table.toml"), table.to_toml())
            self._table("device_table", tables.device_entries(table))
        if Part.PATTERNS in self._parts:
            with self._stage("patterns"):
                margins = read_patterns.pattern_margins(self.technology, self._cards, self._simulator, self.workers)
                self._table("patterns", characterization.patterns(margins))
        if Part.READ_POINT in self._parts:
            self._read_point()
        if Part.CORNERS in self._parts:
            self._over_corners(voltages)

    def _write_voltages(self) -> tuple[float, float]:
        context = (self.technology, self._cards, self._simulator)
        with self._stage("write voltages"):
            zero, one = (
                float(writing.write_voltages(*context, bit, np.array([self.technology.write.current]))[0])
                for bit in (0, 1)
            )
        return zero, one

    def _writes(self, voltages: tuple[float, float]) -> list[Entry]:
        context, t = (self.technology, self._cards, self._simulator), self.technology
        with self._stage("writes"):
            angles = Macrospin.of(t).thermal_angles(self.pipeline.thermal_angles, self.pipeline.seed)
            advance = self.progress("writes", 2 * self.pipeline.thermal_angles)
            writes = [
                writing.sot_writes(*context, bit, voltages[bit], t.write.pulse_width, angles, self.workers, advance)
                for bit in (0, 1)
            ]
            self._table("device", tables.device(t, writes))
            recorder = RecordingSimulator.of(self._simulator)
            results = recorder.map(
                lambda sim, bit: operations.write(t, self._cards, sim, bit, voltages[bit]), (0, 1), self.workers
            )
            write_evidence(self._output, recorder, results)
            disturbed = disturb.half_selected(t, self._cards, self._simulator, voltages, self.workers)
            self._table("half_selected", characterization.half_selected(disturbed))
        return [operations.entry(result) for result in results]

    def _operations(self) -> list[Entry]:
        from spintronics.report import figures as draw

        with self._stage("operations"):
            recorder = RecordingSimulator.of(self._simulator)
            results = operations.sensed(self.technology, self._cards, recorder, NOMINAL, self.workers)
            write_evidence(self._output, recorder, results)
            reasons = sense_margin.undeveloped(self.technology, self._cards, self._simulator, results)
            self._table("energy_by_contributor", tables.energy_by_contributor(results))
        self._figures["sense_waveforms"] = lambda: draw.sense_waveforms(results)
        return [_refused(operations.entry(result), reasons) for result in results]

    def _logic(self) -> list[Entry]:
        with self._stage("logic"):
            found = digital.digital_figures(
                self.technology, self._cards, self._simulator, self.workers, self.pipeline.seed
            )
        return list(found.entries)

    def _errors(self, entries: Sequence[Entry]) -> list[Entry]:
        """Counted decisions of every operation and input, as a table and in the operations' entries."""
        context, p = (self.technology, self._cards, self._simulator), self.pipeline
        cases = [(varied, *case) for varied in decisions.Varied for case in decisions.EVERY_INPUT]
        with self._stage("errors"):
            advance = self.progress("errors", p.decisions * len(cases))
            found = [
                decisions.decisions(*context, operation, stored, p.decisions, p.seed, self.workers, advance, varied)
                for varied, operation, stored in cases
            ]
            self._table("errors", characterization.errors(found))
        with self._stage("latch offset"):
            common = float(
                self._simulator.run(SensePath(self.technology, self._cards, 2).nominal(Operation.AND).text())["v(ref)"][
                    0
                ]
            )
            advance = self.progress("latch offset", p.decisions * decisions.HALVINGS)
            offsets = decisions.latch_offsets(*context, common, p.decisions, p.seed, self.workers, advance)
            self._table("latch_offset", [characterization.latch_offset(self.technology, offsets)])
        rates: dict[tuple[str, str], ErrorRate] = {}
        for d in found:
            if d.varied is decisions.Varied.BOTH:
                e = d.errors
                rate = ErrorRate(e.failures, e.trials, e.low, e.high)
                names = (d.operation.value, operations.COMPLEMENTS.get(d.operation))
                rates |= {(name, "".join(map(str, d.stored))): rate for name in names if name}
        return [replace(entry, error=rates.get((entry.action, entry.case), entry.error)) for entry in entries]

    def _read_point(self) -> None:
        t, p = self.technology, self.pipeline
        with self._stage("read point"):
            currents = sorted({*p.read_currents, t.sense.current})
            points = read_point.read_points(t, self._cards, self._simulator, currents, p.trials, p.seed, self.workers)
            allowed = [point for point in points if point.status == OK]
            chosen = read_point.best_point(points).current if allowed else None
            self._table("read_point", characterization.read_point(points, chosen, t.sense.current))
            self._table(
                "develop_time",
                [self._develop_time(operation, share) for operation in Operation for share in (0.8, 0.9, 0.95)],
            )

    def _develop_time(self, operation: Operation, share: float) -> tables.Row:
        sense = self.technology.sense
        present = sense.read_develop_time if operation is Operation.READ else sense.logic_develop_time
        found, status = None, OK
        try:
            found = read_point.develop_time(self.technology, self._cards, self._simulator, operation, share)
        except OperationFailed as error:
            status = str(error)
        return {
            "operation": operation.value,
            "share_of_margin": share,
            "shortest_ns": None if found is None else found * 1e9,
            "technology_ns": present * 1e9,
            "status": status,
        }

    def _over_corners(self, voltages: tuple[float, float]) -> None:
        from spintronics.report import figures as draw

        with self._stage("corners"):
            found = corners.sweep(
                self.technology,
                self._cards,
                self._simulator,
                corners.Design.of(self.technology, voltages),
                self._corners,
                self.workers,
                self.progress("corners", len(self._corners)),
            )
            self._table("corners", characterization.corners(found))
            self._table("corner_spread", characterization.corner_spread(found))
        self._figures["corners"] = lambda: draw.corners(found)


DECIDED_BY = {"NAND": ("AND",), "NOR": ("OR",), "XOR": ("AND", "OR")}
"""Operations whose decisions another one takes."""


def _refused(entry: Entry, reasons: Mapping[str, str]) -> Entry:
    """The entry, without its cost where an operation that it rests on decides before its margin is there."""
    reason = next((reasons[name] for name in DECIDED_BY.get(entry.action, (entry.action,)) if name in reasons), None)
    return entry if reason is None or entry.status != OK else replace(entry, cost=None, status=reason)
