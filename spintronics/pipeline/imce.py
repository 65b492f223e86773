"""The slides' experiments end to end: device, sense margins, operations, logic, networks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product

from spintronics.accelerator import NetworkCost, map_network, network_cost
from spintronics.array import SubArray
from spintronics.characterize import digital, operations, sense_margin, writing
from spintronics.characterize.device_table import DeviceTable
from spintronics.magnetics import Macrospin
from spintronics.networks import BitWidths, Network, and_operations, load, storage_table
from spintronics.pipeline.definition import ImcePipeline
from spintronics.pipeline.evidence import RecordingSimulator, write_evidence
from spintronics.pipeline.sense_margin import TrialRun
from spintronics.report import system, tables
from spintronics.report.files import write_whole


@dataclass
class ImceRun(TrialRun):
    """``device_table.toml``; tables device, sense_margin, operations, logic, and_operations, storage, energy, more."""

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
            writes = writing.rated_writes(*context, angles, self.workers, advance)
            self._table("device", tables.device(self.technology, writes))
        with self._stage("operations"):
            recorder = RecordingSimulator.of(self._simulator)
            voltages = (writes[0].voltage, writes[1].voltage)
            results = operations.operations(self.technology, self._cards, recorder, voltages, self.workers)
            write_evidence(self._output, recorder, results)
            self._table("operations", tables.operations(results))
            self._table("energy_by_contributor", tables.energy_by_contributor(results))
        self._figures["write_waveforms"] = lambda: draw.write_waveforms(writes)
        self._figures["sense_waveforms"] = lambda: draw.sense_waveforms(results)
        return results

    def _device_table(self, results: Sequence[operations.OperationResult]) -> DeviceTable:
        with self._stage("logic"):
            logic = digital.digital_figures(
                self.technology, self._cards, self._simulator, self.workers, self.pipeline.seed
            )
            table = DeviceTable.of(self.technology, (*map(operations.entry, results), *logic.entries))
            write_whole(self._output("device_table.toml"), table.to_toml())
            self._table("logic", tables.device_entries(replace(table, entries=logic.entries)))
        return table

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
            self._table("comparison", tables.comparison(costs, networks))
            self._table("complexity", tables.complexity(widths))
            self._table("claims", tables.claims(costs, sub_array))
            self._table("area_overhead", system.area_overhead(sub_array))
            self._table("area_by_layer", system.area_by_layer(costs))
            binary = [c for c in costs if c.network == "alexnet" and (c.widths.weights, c.widths.inputs) == (1, 1)]
            if binary:
                self._table(
                    "needed",
                    [{"first_layer": c.first_layer.value, **row} for c in binary for row in system.needed(c)],
                )
        self._figures["energy"] = lambda: draw.energy(costs)
        self._figures["area"] = lambda: draw.area(costs[0])
        for network in networks:
            self._figures[f"and_operations_{network.name}"] = partial(draw.and_operations, costs, network.name)
