"""The slides' experiments end to end: device, sense margins, operations, logic, networks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product

from spintronics.accelerator import NetworkCost, map_network, network_cost
from spintronics.array import SubArray
from spintronics.characterize import digital, operations, sense_margin
from spintronics.characterize.device_table import DeviceTable
from spintronics.networks import BitWidths, FirstLayer, Network, and_operations, load, storage_table
from spintronics.pipeline.definition import ImcePipeline
from spintronics.pipeline.evidence import DeckKeeper, of_entries, of_operations
from spintronics.pipeline.sense_margin import TrialRun
from spintronics.pipeline.write import DeviceRun
from spintronics.report import claims, system, tables
from spintronics.report.files import write_whole


@dataclass
class ImceRun(DeviceRun, TrialRun):
    """``device_table.toml``; tables device, sense_margin, operations, logic, and_operations, storage, energy, more."""

    table_names = TrialRun.table_names | {
        *("device", "operations", "energy_by_contributor", "logic", "and_operations", "storage", "area", "energy"),
        *("comparison", "complexity", "claims", "area_overhead", "area_by_layer", "energy_by_layer", "needed"),
    }
    pipeline: ImcePipeline

    def _prepare(self) -> None:
        super()._prepare()
        self._networks = [load(name) for name in self.pipeline.networks]
        self._widths = [BitWidths.parse(text) for text in self.pipeline.bit_widths]
        array = self.technology.array
        for network, width, first_layer in product(self._networks, self._widths, self.pipeline.first_layer):
            map_network(network, width, first_layer, array.rows, array.columns)

    def _stages(self) -> None:
        supplies = self._writes()
        results = self._operations(supplies)
        self._sense_margins()
        sub_array = SubArray(self.technology, self._device_table(results))
        self._count(sub_array)
        with self._stage("networks"), self._part("evaluation of networks"):
            self._cost(sub_array)

    def _writes(self) -> dict[int, float | str]:
        """Table device, figure write_waveforms; the write supply of each bit, or why there is none."""
        from spintronics.report import figures as draw

        supplies, writes = self._device_writes()
        if writes:
            self._figures["write_waveforms"] = lambda: draw.write_waveforms(writes)
        return supplies

    def _operations(self, supplies: Mapping[int, float | str]) -> list[operations.OperationResult]:
        from spintronics.report import figures as draw

        context = (self.technology, self._cards)
        with self._stage("operations"):
            keeper = DeckKeeper.of(self._simulator)
            found = operations.operations(*context, keeper, supplies, self.workers)
            results = operations.refused(found, sense_margin.undeveloped(*context, self._simulator, found))
            self._table("operations", tables.operations(results))
            self._keep_decks("operations", of_operations(self._tables["operations"], keeper))
            if rows := tables.energy_by_contributor(results):
                self._table("energy_by_contributor", rows)
                self._keep_decks("energy_by_contributor", of_operations(rows, keeper))
        if any(r.waves for r in results):
            self._figures["sense_waveforms"] = lambda: draw.sense_waveforms(results)
        return results

    def _device_table(self, results: Sequence[operations.OperationResult]) -> DeviceTable:
        keeper = DeckKeeper.of(self._simulator, digital.purpose)
        with self._stage("logic"):
            logic = digital.digital_figures(self.technology, self._cards, keeper, self.workers, self.pipeline.seed)
            table = DeviceTable.of(self.technology, (*map(operations.entry, results), *logic.entries))
            self._take_failures(table.entries)
            write_whole(self._output("device_table.toml"), table.to_toml())
            self._table("logic", tables.device_entries(replace(table, entries=logic.entries)))
            self._keep_decks("logic", of_entries(logic.entries, keeper))
        return table

    @property
    def _cases(self) -> list[tuple[Network, BitWidths, FirstLayer]]:
        """Every network in every configuration."""
        return [(n, w, f) for n in self._networks for f in self.pipeline.first_layer for w in self._widths]

    def _count(self, sub_array: SubArray) -> None:
        """What no operation's cost is in: counts, storage, area."""
        with self._stage("counts"):
            counts = [count for case in self._cases for count in and_operations(*case)]
            self._table("and_operations", system.and_operations(counts))
            self._table("storage", system.storage(storage_table(self._networks, self._widths)))
            area = sub_array.area_parts
            self._table(
                "area", [{"block": k, "area_um2": v * 1e12, "share": v / sub_array.area} for k, v in area.items()]
            )
            self._table("complexity", system.complexity(self._widths))
            self._table("area_overhead", system.area_overhead(sub_array))

    def _cost(self, sub_array: SubArray) -> None:
        from spintronics.report import figures as draw

        costs: list[NetworkCost] = [network_cost(*case, sub_array) for case in self._cases]
        self._table("energy", system.energy(costs))
        self._table("comparison", system.comparison(costs, self._networks))
        found = claims.claims(costs, sub_array)
        self._table("claims", claims.beside(found))
        self._table("energy_by_layer", system.energy_by_layer(costs))
        self._table("area_by_layer", system.area_by_layer(costs))
        self._table("needed", claims.needed(found))
        self._figures["energy"] = lambda: draw.energy(costs)
        self._figures["area"] = lambda: draw.area(costs[0])
        for network in self._networks:
            self._figures[f"and_operations_{network.name}"] = partial(draw.and_operations, costs, network.name)
