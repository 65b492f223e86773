"""The pipeline ``characterize``: the device table, the corners."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

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
from spintronics.circuits.read_bench import NOMINAL, Surroundings
from spintronics.circuits.sense_path import Operation, SensePath
from spintronics.ngspice import Simulator
from spintronics.pipeline.definition import CharacterizePipeline, Part
from spintronics.pipeline.evidence import DeckKeeper, KeptDeck, of_entries, of_operations
from spintronics.pipeline.write import DeviceRun
from spintronics.report import characterization, tables
from spintronics.report.files import write_whole
from spintronics.report.rows import Row


@dataclass
class CharacterizeRun(DeviceRun):
    """``device_table.toml``; tables device_table, device, energy_by_contributor, errors, corners, corner_spread."""

    table_names = frozenset(
        {
            *("device", "device_table", "energy_by_contributor", "patterns"),
            *("half_selected", "errors", "latch_offset", "read_point", "develop_time", "corners", "corner_spread"),
        }
    )
    pipeline: CharacterizePipeline

    def _prepare(self) -> None:
        self._parts = set(self.pipeline.parts)
        self._corners = corners.all_corners(self.technology) if Part.CORNERS in self._parts else ()

    def _stages(self) -> None:
        entries: list[Entry] = []
        self._keeper = DeckKeeper.of(self._simulator, digital.purpose)
        supplies: Mapping[int, float | str] = {}
        if Part.WRITE in self._parts:
            supplies, _ = self._device_writes()
            entries += self._writes(supplies)
        elif Part.CORNERS in self._parts:
            with self._stage("write voltages"):
                supplies = writing.write_supplies(self.technology, self._cards, self._simulator)
        if Part.OPERATIONS in self._parts:
            entries += self._operations()
        if Part.LOGIC in self._parts:
            entries += self._logic()
        if Part.ERRORS in self._parts:
            with self._part("errors"):
                entries = self._errors(entries)
        if entries:
            table = DeviceTable.of(self.technology, entries)
            write_whole(self._output("device_table.toml"), table.to_toml())
            self._table("device_table", tables.device_entries(table))
            self._keep_decks("device_table", of_entries(entries, self._keeper))
        if Part.PATTERNS in self._parts:
            with self._stage("patterns"), self._part("patterns"):
                self._patterns()
        if Part.READ_POINT in self._parts:
            with self._part("read point"):
                self._read_point()
        if Part.CORNERS in self._parts:
            with self._part("corners"):
                self._over_corners(_both(supplies))
        self._take_failures(entries)

    def _writes(self, supplies: Mapping[int, float | str]) -> list[Entry]:
        t = self.technology
        with self._stage("written bits"):
            results = operations.written(t, self._cards, self._keeper, supplies, self.workers)
        with self._stage("half-selected cells"), self._part("half-selected cells"):
            beside = DeckKeeper.of(self._simulator).about("half-selected")
            disturbed = disturb.half_selected(t, self._cards, beside, _both(supplies), self.workers)
            self._table("half_selected", characterization.half_selected(disturbed))
            self._keep_decks("half_selected", [beside.decks(None, f"write {d.bit}") for d in disturbed])
        return [operations.entry(result) for result in results]

    def _operations(self) -> list[Entry]:
        from spintronics.report import figures as draw

        with self._stage("operations"):
            found = operations.sensed(self.technology, self._cards, self._keeper, NOMINAL, self.workers)
            reasons = sense_margin.undeveloped(self.technology, self._cards, self._simulator, found)
            results = operations.refused(found, reasons)
            if rows := tables.energy_by_contributor(results):
                self._table("energy_by_contributor", rows)
                self._keep_decks("energy_by_contributor", of_operations(rows, self._keeper))
        if any(r.waves for r in results):
            self._figures["sense_waveforms"] = lambda: draw.sense_waveforms(results)
        return [operations.entry(result) for result in results]

    def _logic(self) -> list[Entry]:
        with self._stage("logic"):
            found = digital.digital_figures(
                self.technology, self._cards, self._keeper, self.workers, self.pipeline.seed
            )
        return list(found.entries)

    def _errors(self, entries: Sequence[Entry]) -> list[Entry]:
        """Counted decisions of every operation and input, as a table and in the operations' entries."""
        p, keeper = self.pipeline, DeckKeeper.of(self._simulator)
        cases = [
            decisions.Case(operation, stored, p.decisions, p.seed, varied)
            for varied in decisions.Varied
            for operation, stored in decisions.EVERY_INPUT
        ]
        with self._stage("errors"):
            advance = self.progress("errors", p.decisions * len(cases))
            found = [
                decisions.decisions(
                    self.technology, self._cards, keeper.about(f"{case.varied} vary"), case, self.workers, advance
                )
                for case in cases
            ]
            self._table("errors", characterization.errors(found))
            self._keep_decks(
                "errors",
                [
                    keeper.decks(f"{case.varied} vary", f"{case.operation} of {''.join(map(str, case.stored))},")
                    for case in cases
                ],
            )
        with self._stage("latch offset"), self._part("latch offset"):
            latch = keeper.about("offset")
            nominal = latch.run(SensePath(self.technology, self._cards, 2).nominal(Operation.AND).text())
            context, common = (self.technology, self._cards, latch), float(nominal["v(ref)"][0])
            advance = self.progress("latch offset", p.decisions * decisions.HALVINGS)
            offsets = decisions.latch_offsets(*context, common, p.decisions, p.seed, self.workers, advance)
            self._table("latch_offset", [characterization.latch_offset(self.technology, offsets)])
            self._keep_decks("latch_offset", [keeper.decks(latch.purpose)])
        rates: dict[tuple[str, str], ErrorRate] = {}
        for d in found:
            if d.case.varied is decisions.Varied.BOTH:
                e = d.errors
                rate = ErrorRate(e.failures, e.trials, e.low, e.high)
                names = (d.case.operation.value, operations.COMPLEMENTS.get(d.case.operation))
                rates |= {(name, "".join(map(str, d.case.stored))): rate for name in names if name}
        return [replace(entry, error=rates.get((entry.action, entry.case), entry.error)) for entry in entries]

    def _patterns(self) -> None:
        keeper = DeckKeeper.of(self._simulator)
        margins = [
            margin
            for around in read_patterns.PATTERNS
            for margin in read_patterns.pattern_margins(
                self.technology, self._cards, keeper.about(_words(around)), self.workers, (around,)
            )
        ]
        self._table("patterns", characterization.patterns(margins))
        self._keep_decks("patterns", [keeper.decks(_words(m.around), f"{m.operation} of") for m in margins])

    def _read_point(self) -> None:
        t, p, keeper = self.technology, self.pipeline, DeckKeeper.of(self._simulator)
        with self._stage("read point"):
            purposes = {current: f"{current * 1e6:g} uA" for current in sorted({*p.read_currents, t.sense.current})}
            points = [
                point
                for current, purpose in purposes.items()
                for point in read_point.read_points(
                    t, self._cards, keeper.about(purpose), (current,), p.trials, p.seed, self.workers
                )
            ]
            allowed = [point for point in points if point.status == OK]
            chosen = read_point.best_point(points).current if allowed else None
            self._table("read_point", characterization.read_point(points, chosen, t.sense.current))
            self._keep_decks("read_point", [keeper.decks(purposes[point.current]) for point in points])
            slow = keeper.about("develop")
            cases = [(operation, share) for operation in Operation for share in (0.8, 0.9, 0.95)]
            self._table("develop_time", [self._develop_time(slow, *case) for case in cases])
            self._keep_decks("develop_time", [keeper.decks(slow.purpose, f"{operation} of") for operation, _ in cases])

    def _develop_time(self, simulator: Simulator, operation: Operation, share: float) -> Row:
        sense = self.technology.sense
        present = sense.read_develop_time if operation is Operation.READ else sense.logic_develop_time
        found, status = None, OK
        try:
            found = read_point.develop_time(self.technology, self._cards, simulator, operation, share)
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

        keeper = DeckKeeper.of(self._simulator, lambda corner: corner.name)
        with self._stage("corners"):
            found = corners.sweep(
                self.technology,
                self._cards,
                keeper,
                corners.Design.of(self.technology, voltages),
                self._corners,
                self.workers,
                self.progress("corners", len(self._corners)),
            )
            spread = characterization.corner_spread(found)
            self._table("corners", characterization.corners(found))
            self._keep_decks("corners", [_behind_corner(keeper, r.corner.name, r.action) for r in found])
            if spread:
                self._table("corner_spread", spread)
                self._keep_decks(
                    "corner_spread",
                    [
                        [
                            deck
                            for corner in dict.fromkeys((row["least_in"], row["most_in"]))
                            for deck in _behind_corner(keeper, str(corner), str(row["action"]))
                        ]
                        for row in spread
                    ],
                )
        self._figures["corners"] = lambda: draw.corners(found)


def _words(around: Surroundings) -> str:
    return f"{around.place} cells {around.unselected} around {'grounded' if around.grounded else 'floating'}"


def _behind_corner(keeper: DeckKeeper, corner: str, action: str) -> list[KeptDeck]:
    """Decks of one action in a corner: its cases and the nominal sense path, or the write."""
    nominal = f"sense path, fan-in {1 if action == Operation.READ else 2}, nominal, {action}"
    return keeper.decks(corner, *((action,) if action.startswith("write") else (f"{action} of", nominal)))


def _both(supplies: Mapping[int, float | str]) -> tuple[float, float]:
    """Write supplies of '0' and '1', V.

    Raises:
        OperationFailed: there is none for one of them; says why.
    """
    zero, one = supplies[0], supplies[1]
    for supply in (zero, one):
        if isinstance(supply, str):
            raise OperationFailed(supply)
    return float(zero), float(one)
