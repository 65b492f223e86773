"""The pipeline ``fan_in``: how many cells one operation can take, and what TMR and spread do to that."""

from dataclasses import dataclass
from itertools import product

from spintronics.characterize.fan_in import Corner, FanInMargin, margins_by_fan_in
from spintronics.circuits.sense_path import Operation
from spintronics.pipeline.definition import FanInPipeline
from spintronics.pipeline.evidence import DeckKeeper, KeptDeck
from spintronics.pipeline.run import Advance, Run
from spintronics.report import rates
from spintronics.report.rows import Row
from spintronics.technology import Technology


@dataclass
class FanInRun(Run):
    """Tables fan_in, fan_in_limits; margin and failure probability against fan-in as figures."""

    table_names = frozenset({"fan_in", "fan_in_limits"})
    pipeline: FanInPipeline

    def _prepare(self) -> None:
        grid = product(self.pipeline.tmr, self.pipeline.sigma_ra)
        self._technologies = {
            (tmr, sigma): self.technology.with_values({"junction.tmr": tmr, "variation.sigma_ra": sigma})
            for tmr, sigma in grid
        }

    def _stages(self) -> None:
        from spintronics.report import rate_figures as draw

        p, keeper = self.pipeline, DeckKeeper.of(self._simulator)
        own = (self.technology.junction.tmr, self.technology.variation.sigma_ra)
        with self._stage("fan-in"):
            advance = self.progress("fan-in", len(p.fan_in))
            margins = self._margins(self.technology, keeper, own, p.trials, advance)
            self._table("fan_in", rates.fan_in(margins))
            self._keep_decks("fan_in", [_behind(keeper, own, m.fan_in, m.operation) for m in margins])
        corners = [Corner(*own, margins)]
        with self._stage("TMR and spread"):
            advance = self.progress("TMR and spread", len(self._technologies) * len(p.fan_in))
            for (tmr, sigma), technology in self._technologies.items():
                if (tmr, sigma) != own:
                    found = self._margins(technology, keeper, (tmr, sigma), 0, advance)
                    corners.append(Corner(tmr, sigma, found))
            corners.sort(key=lambda corner: (corner.tmr, corner.sigma_ra))
            rows = rates.fan_in_limits(corners, p.targets)
            self._table("fan_in_limits", rows)
            self._keep_decks("fan_in_limits", [_behind_limit(keeper, row) for row in rows])
        self._figures["fan_in"] = lambda: draw.fan_in(margins, p.targets)
        self._figures["fan_in_corners"] = lambda: draw.fan_in_corners(corners, p.targets)

    def _margins(
        self, technology: Technology, keeper: DeckKeeper, corner: tuple[float, float], trials: int, advance: Advance
    ) -> tuple[FanInMargin, ...]:
        """Margins at every fan-in, each with decks of its own."""
        p = self.pipeline
        return tuple(
            margin
            for k in p.fan_in
            for margin in margins_by_fan_in(
                technology, self._cards, keeper.about(_purpose(corner, k)), (k,), trials, p.seed, self.workers, advance
            )
        )


def _purpose(corner: tuple[float, float], fan_in: int) -> str:
    return f"TMR {corner[0]:g} sigma RA {corner[1]:g} fan-in {fan_in}"


def _behind(keeper: DeckKeeper, corner: tuple[float, float], fan_in: int, operation: Operation) -> list[KeptDeck]:
    """Decks of one operation at one fan-in: nominal, plain trials, the states that importance sampling looks at."""
    path, states = f"sense path, fan-in {fan_in}", " and ".join(map(str, operation.boundary(fan_in)))
    own = (f"{path}, nominal, {operation}", f"{path}, {states} antiparallel")
    drawn = [deck for deck in keeper.decks(_purpose(corner, fan_in)) if "antiparallel" not in deck.title]
    return [*keeper.decks(_purpose(corner, fan_in), *own), *(deck for deck in drawn if deck.title.endswith("trials"))]


def _behind_limit(keeper: DeckKeeper, row: Row) -> list[KeptDeck]:
    """Decks at the fan-in that is lost, or at the largest one where none is."""
    fan_in = int(row["lost_at_fan_in"] or row["largest_fan_in_studied"] or 0)
    return _behind(
        keeper, (float(row["tmr"] or 0), float(row["sigma_ra"] or 0)), fan_in, Operation(str(row["operation"]))
    )
