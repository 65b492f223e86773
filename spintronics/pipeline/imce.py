"""The slides' experiments end to end: device, sense margins, operations, logic, networks."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from spintronics.accelerator import NetworkCost, map_network, network_cost
from spintronics.array import SubArray
from spintronics.characterize import logic, operations, sense_margin, writing
from spintronics.characterize.device_table import ActionCost, DeviceTable, equally_likely
from spintronics.circuits.logic_bench import FLIP_FLOP, FULL_ADDER, MULTIPLEXER
from spintronics.magnetics import Macrospin
from spintronics.networks import BitWidths, Network, and_operations, load, storage_table
from spintronics.pipeline.definition import ImcePipeline
from spintronics.pipeline.run import Run
from spintronics.report import tables
from spintronics.report.files import whole_file


@dataclass
class ImceRun(Run):
    """Tables device, sense_margin, operations, logic, and_operations, storage, energy, comparison and more."""

    pipeline: ImcePipeline

    def _prepare(self) -> None:
        self._networks = [load(name) for name in self.pipeline.networks]
        self._widths = [BitWidths.parse(text) for text in self.pipeline.bit_widths]
        array = self.technology.array
        for network, width, first_layer in product(self._networks, self._widths, self.pipeline.first_layer):
            map_network(network, width, first_layer, array.rows, array.columns)

    def _stages(self) -> None:
        results = self._operations()
        self._sense_margins()
        operations.require_right(results)
        sense_margin.require_developed(self.technology, self._cards, self._simulator, results)
        table = self._device_table(results)
        self._cost(self._networks, self._widths, SubArray(self.technology, table))

    def _operations(self) -> list[operations.OperationResult]:
        from spintronics.report import figures as draw

        context = (self.technology, self._cards, self._simulator)
        with self._stage("writes"):
            t, advance = self.technology, self.progress("writes", 2 * self.pipeline.thermal_angles)
            spin = Macrospin.of(t)
            angles = spin.thermal_angles(self.pipeline.thermal_angles, self.pipeline.seed)
            writes = []
            for bit in (0, 1):
                [voltage] = writing.write_voltages(*context, bit, np.array([t.write.current]))
                pulse = t.write.pulse_width
                writes.append(writing.sot_writes(*context, bit, voltage, pulse, angles, self.workers, advance))
            self._table("device", tables.device(self.technology, writes))
        with self._stage("operations"):
            results = operations.operations(*context, (writes[0].voltage, writes[1].voltage), self.workers)
            self._table("operations", tables.operations(results))
            self._table("energy_by_contributor", tables.energy_by_contributor(results))
        self._figures["write_waveforms"] = lambda: draw.write_waveforms(writes)
        self._figures["sense_waveforms"] = lambda: draw.sense_waveforms(results)
        return results

    def _sense_margins(self) -> None:
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

    def _cost(
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
