"""Sense margins from stored trials: the pipeline ``sense_margin``, and that part of others."""

from dataclasses import dataclass
from importlib.metadata import version

from spintronics.characterize import sense_margin
from spintronics.montecarlo import Sampling
from spintronics.montecarlo.workers import dask_workers, local_workers
from spintronics.pipeline.definition import TrialPipeline
from spintronics.pipeline.run import TRIALS, Advance, Run
from spintronics.pipeline.store import TrialStore
from spintronics.report import tables


@dataclass
class TrialRun(Run):
    """A run with trials of the sense path, a store for each fan-in."""

    keeps_trials = True
    pipeline: TrialPipeline

    def _sense_margins(self) -> None:
        """Tables sense_margin, sense_voltage, failed_trials where there are some; figure sense_margin."""
        from spintronics.report import histograms, plots

        solved, margins = [], []
        with self._stage("sense margins"):
            advance = self.progress("sense margins", self.pipeline.trials * len(self.pipeline.fan_in))
            for fan_in in self.pipeline.fan_in:
                trials = self._solved_trials(fan_in, advance)
                solved.append(trials)
                margins += [
                    sense_margin.sense_margin(self.technology, self._cards, self._simulator, trials, operation)
                    for operation in sense_margin.operations_of(fan_in)
                ]
            if any(trials.failed for trials in solved):
                self._table("failed_trials", tables.failed_trials(solved))
            self._table("sense_margin", tables.sense_margin(margins))
            self._table("sense_voltage", tables.sense_voltage(solved))
        self._figures["sense_margin"] = lambda: plots.sense_margin([histograms.of_trials(t, margins) for t in solved])

    def _solved_trials(self, fan_in: int, advance: Advance) -> sense_margin.SenseTrials:
        """Trials of one fan-in from their store, solved where they are not there yet."""
        p = self.pipeline
        store = TrialStore(self.folder / TRIALS / f"fan_in_{fan_in}", fan_in, p.trials, self._origin)
        done = store.done() if self.resume else set()
        self._outputs_to_come(f"{TRIALS}/fan_in_{fan_in}/{name}" for name in store.names())
        advance(min(len(done) * sense_margin.CHUNK, p.trials))
        if len(done) < len(store.names()):
            context = (self.technology, self._cards, self._simulator)
            with dask_workers(self.scheduler) if self.scheduler else local_workers(self.workers) as workers:
                for chunk in sense_margin.solved_chunks(*context, fan_in, p.trials, p.seed, workers, p.sampling, done):
                    store.write(chunk)
                    advance(len(chunk.junctions))
        return store.read()

    @property
    def _origin(self) -> dict[str, str]:
        """What the trials depend on."""
        p = self.pipeline
        return {
            "technology": self.technology.name,
            "technology_sha256": self.technology.digest(),
            "cards_sha256": self._cards.digest(),
            "seed": str(p.seed),
            "sampling": p.sampling.value,
            # A point of a design is another where there are more of them.
            **({} if p.sampling is Sampling.PLAIN else {"trials": str(p.trials)}),
            "ngspice": self._simulator.installation.version,
            "spintronics": version("spintronics-imce"),
        }


@dataclass
class SenseMarginRun(TrialRun):
    """Sense margins alone, of any number of trials."""

    def _prepare(self) -> None:
        """Nothing but the pipeline to look at."""

    def _stages(self) -> None:
        self._sense_margins()
