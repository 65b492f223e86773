"""Writing: the SOT cell beside the STT cell, sweeps of current and pulse width, read disturb."""

from dataclasses import dataclass

import numpy as np

from spintronics.characterize import writing
from spintronics.errors import InputError
from spintronics.magnetics import Macrospin
from spintronics.pipeline.definition import CharacterizePipeline, ImcePipeline, WritePipeline
from spintronics.pipeline.evidence import DeckKeeper, of_device
from spintronics.pipeline.run import Run
from spintronics.report import tables

TRAJECTORIES = 1000  # of the stochastic integrator, for each pulse width
_KIND = {writing.SOT: "", writing.STT: "STT "}  # as the titles of their decks have it


@dataclass
class DeviceRun(Run):
    """A run that writes into the SOT cell at the technology's own current and pulse width."""

    pipeline: CharacterizePipeline | ImcePipeline

    def _device_writes(self) -> tuple[dict[int, float | str], list[writing.Writes]]:
        """Table device; the write supply of each bit, or why there is none, and the writes of those that have one."""
        t, p = self.technology, self.pipeline
        keeper = DeckKeeper.of(self._simulator).about("cell")
        angles = Macrospin.of(t).thermal_angles(p.thermal_angles, p.seed)
        context, writes = (t, self._cards, keeper), []
        with self._stage("writes"):
            advance = self.progress("writes", 2 * p.thermal_angles)
            supplies = writing.write_supplies(*context)
            for bit, supply in supplies.items():
                if not isinstance(supply, str):
                    with self._part(f"switching times of write {bit}"):
                        pulse = t.write.pulse_width
                        writes.append(writing.sot_writes(*context, bit, supply, pulse, angles, self.workers, advance))
            self._table("device", tables.device(t, writes))
            self._keep_decks("device", of_device(self._tables["device"], keeper))
        return supplies, writes


@dataclass
class WriteRun(Run):
    """Tables device, write and of its sweeps, errors and read disturb; waveforms and sweeps as figures."""

    table_names = frozenset(
        {
            *("device", "write", "write_energy", "read_disturb"),
            *("write_current", "write_error_rate", "write_thermal"),
        }
    )
    pipeline: WritePipeline

    def _prepare(self) -> None:
        t = self.technology
        self._spin = Macrospin.of(t)
        slowest = 1.2 * self._spin.critical_write_current
        for current in self.pipeline.currents:
            if current < slowest:
                raise InputError(
                    f"currents: {current * 1e6:g} µA: must be above {slowest * 1e6:.3g} µA, the instability threshold "
                    "and a fifth, or nothing is written in any reasonable time"
                )
        self._angles = self._spin.thermal_angles(self.pipeline.thermal_angles, self.pipeline.seed)

    def _stages(self) -> None:
        from spintronics.report import figures as draw

        compared = self._compared()
        sweep = self._current_sweep()
        errors, integrated = self._error_rate()
        self._thermal_writes()
        self._figures["write_cells"] = lambda: draw.cell_waveforms(compared)
        self._figures["switching_time"] = lambda: draw.switching_time(sweep, self._spin.critical_write_current)
        self._figures["write_error_rate"] = lambda: draw.write_error_rate(errors, integrated, TRAJECTORIES)

    def _compared(self) -> list[writing.Writes]:
        """Both bits into both cells at the technology's own pulses."""
        keeper = DeckKeeper.of(self._simulator).about("cell")
        t, context = self.technology, (self._cards, keeper)
        with self._stage("cells"):
            cells = 2 if t.stt else 1
            advance = self.progress("writes", 2 * cells * self.pipeline.thermal_angles)
            writes = writing.rated_writes(t, *context, self._angles, self.workers, advance)
            self._table("device", tables.device(t, writes))
            self._keep_decks("device", of_device(self._tables["device"], keeper))
            if t.stt:
                writes += [
                    writing.stt_writes(t, t.stt, *context, bit, self._angles, self.workers, advance) for bit in (0, 1)
                ]
            writing.require_switched(writes)
            self._table("write", tables.write(writes))
            self._table("write_energy", tables.write_energy(writes))
            behind = {(w.cell, w.bit): keeper.decks("cell", f"{_KIND[w.cell]}write {w.bit}") for w in writes}
            self._keep_decks("write", behind.values())
            self._keep_decks("write_energy", [behind[w.cell, w.bit] for w in writes for _ in w.parts])
            self._table("read_disturb", tables.read_disturb(t, self._spin))
        return writes

    def _current_sweep(self) -> list[writing.Writes]:
        """Switching time against current in the SOT cell."""
        t, cards = self.technology, self._cards
        keeper = DeckKeeper.of(self._simulator).about("supplies")
        currents = np.array(self.pipeline.currents)
        writes, behind = [], []
        with self._stage("currents"):
            advance = self.progress("currents", 2 * len(currents) * self.pipeline.thermal_angles)
            for bit in (0, 1):
                voltages = writing.write_voltages(t, cards, keeper, bit, currents)
                for current, voltage in zip(currents, voltages, strict=True):
                    # Long enough for slow angles at low currents: the pulse scales with the slowing down.
                    pulse = t.write.pulse_width * max(1.0, 1.5 * t.write.current / current)
                    point = keeper.about(f"{current * 1e6:g} uA")
                    writes.append(
                        writing.sot_writes(t, cards, point, bit, voltage, pulse, self._angles, self.workers, advance)
                    )
                    behind.append([d for p in (point, keeper) for d in keeper.decks(p.purpose, f"write {bit}")])
            self._table("write_current", tables.write_current(writes))
            self._keep_decks("write_current", behind)
        return writes

    def _error_rate(self) -> tuple[list[writing.Writes], list[tuple[int, int]]]:
        """Write errors against pulse width in the SOT cell, and by the stochastic integrator."""
        t, cards, keeper = self.technology, self._cards, DeckKeeper.of(self._simulator)
        angles = self._spin.thermal_angles(self.pipeline.pulses, self.pipeline.seed + 1)
        writes, behind = [], []
        with self._stage("pulse widths"):
            advance = self.progress("pulse widths", 2 * len(self.pipeline.pulse_widths) * self.pipeline.pulses)
            for bit in (0, 1):
                [voltage] = writing.write_voltages(t, cards, self._simulator, bit, np.array([t.write.current]))
                for width in self.pipeline.pulse_widths:
                    point = keeper.about(f"{width * 1e9:g} ns")
                    writes.append(
                        writing.sot_writes(t, cards, point, bit, voltage, width, angles, self.workers, advance)
                    )
                    behind.append(keeper.decks(point.purpose, f"write {bit}"))
            integrated = [(self._integrated_failures(w, False), self._integrated_failures(w, True)) for w in writes]
            self._table("write_error_rate", tables.write_error_rate(writes, integrated, TRAJECTORIES))
            self._keep_decks("write_error_rate", behind)
        return writes, integrated

    def _integrated_failures(self, writes: writing.Writes, thermal: bool) -> int:
        times = writing.integrated_times(self.technology, writes, TRAJECTORIES, self.pipeline.seed, thermal)
        return int(np.isnan(times).sum())

    def _thermal_writes(self) -> None:
        """Writes with the thermal field in the SOT cell, beside the integrator with the same field and with others."""
        t, seed, count = self.technology, self.pipeline.seed + 2, self.pipeline.pulses
        keeper, rows = DeckKeeper.of(self._simulator).about("thermal field"), []
        with self._stage("thermal field"):
            advance = self.progress("thermal field", 2 * count)
            for bit in (0, 1):
                context, width = (t, self._cards, keeper, bit), self.pipeline.thermal_pulse_width
                [voltage] = writing.write_voltages(*context, np.array([t.write.current]))
                cell = writing.thermal_writes(*context, voltage, width, count, seed, self.workers, advance)
                same = writing.integrated_times(t, cell, count, seed, thermal=True)
                others = writing.integrated_times(t, cell, TRAJECTORIES, self.pipeline.seed, thermal=True)
                rows.append((cell, same, others))
            self._table("write_thermal", tables.write_thermal(rows))
            self._keep_decks("write_thermal", [keeper.decks(None, f"write {bit}") for bit in (0, 1)])
