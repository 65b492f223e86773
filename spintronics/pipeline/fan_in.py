"""The pipeline ``fan_in``: how many cells one operation can take, and what TMR and spread do to that."""

from dataclasses import dataclass
from itertools import product

from spintronics.characterize.fan_in import Corner, margins_by_fan_in
from spintronics.pipeline.definition import FanInPipeline
from spintronics.pipeline.run import Run
from spintronics.report import rates


@dataclass
class FanInRun(Run):
    """Tables fan_in, fan_in_limits; margin and failure probability against fan-in as figures."""

    pipeline: FanInPipeline

    def _prepare(self) -> None:
        grid = product(self.pipeline.tmr, self.pipeline.sigma_ra)
        self._technologies = {
            (tmr, sigma): self.technology.with_values({"junction.tmr": tmr, "variation.sigma_ra": sigma})
            for tmr, sigma in grid
        }

    def _stages(self) -> None:
        from spintronics.report import rate_figures as draw

        p, context = self.pipeline, (self._cards, self._simulator)
        with self._stage("fan-in"):
            advance = self.progress("fan-in", len(p.fan_in))
            margins = margins_by_fan_in(self.technology, *context, p.fan_in, p.trials, p.seed, self.workers, advance)
            self._table("fan_in", rates.fan_in(margins))
        own = Corner(self.technology.junction.tmr, self.technology.variation.sigma_ra, margins)
        corners = [own]
        with self._stage("TMR and spread"):
            advance = self.progress("TMR and spread", len(self._technologies) * len(p.fan_in))
            for (tmr, sigma), technology in self._technologies.items():
                if (tmr, sigma) != (own.tmr, own.sigma_ra):
                    found = margins_by_fan_in(technology, *context, p.fan_in, 0, p.seed, self.workers, advance)
                    corners.append(Corner(tmr, sigma, found))
            corners.sort(key=lambda corner: (corner.tmr, corner.sigma_ra))
            self._table("fan_in_limits", rates.fan_in_limits(corners, p.targets))
        self._figures["fan_in"] = lambda: draw.fan_in(margins, p.targets)
        self._figures["fan_in_corners"] = lambda: draw.fan_in_corners(corners, p.targets)
