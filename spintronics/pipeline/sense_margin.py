"""Sense margins from stored trials: the pipeline ``sense_margin``, and that part of others."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from math import ceil

from spintronics.characterize import sense_margin
from spintronics.circuits.library import netlists_digest
from spintronics.circuits.sense_path import SensePath, operations_of
from spintronics.montecarlo.mismatch import spread
from spintronics.montecarlo.workers import dask_workers, local_workers
from spintronics.pipeline.definition import TrialPipeline
from spintronics.pipeline.evidence import DeckKeeper
from spintronics.pipeline.run import TRIALS, Advance, Run
from spintronics.pipeline.store import TrialStore
from spintronics.report import tables


@dataclass
class TrialRun(Run):
    """A run with trials of the sense path, a store for each fan-in."""

    keeps_trials = True
    table_names = frozenset({"failed_trials", "sense_margin", "sense_voltage"})
    pipeline: TrialPipeline

    def _prepare(self) -> None:
        """Matching coefficients are needed where transistors are drawn."""
        if self.pipeline.transistor_mismatch:
            for transistor in SensePath(self.technology, self._cards, 1).transistors:
                spread(self.technology.variation, transistor)

    def _sense_margins(self) -> None:
        """Tables sense_margin, sense_voltage, failed_trials where there are some; figure sense_margin."""
        from spintronics.report import histograms, plots

        solved, margins = [], []
        keeper = DeckKeeper.of(self._simulator)
        with self._stage("sense margins"):
            advance = self.progress("sense margins", self.pipeline.trials * len(self.pipeline.fan_in))
            for fan_in in self.pipeline.fan_in:
                with self._part(f"sense margins of fan-in {fan_in}"):
                    trials = self._solved_trials(fan_in, advance)
                    own = keeper.about(f"fan-in {fan_in}")
                    own.keep(*self._first_deck(trials))
                    margins += [
                        sense_margin.sense_margin(self.technology, self._cards, own, trials, operation)
                        for operation in operations_of(fan_in)
                    ]
                    solved.append(trials)
            if not solved:
                return
            if any(trials.failed for trials in solved):
                self._table("failed_trials", tables.failed_trials(solved))
            self._table("sense_margin", tables.sense_margin(margins))
            self._table("sense_voltage", tables.sense_voltage(solved))
            self._keep_sense_decks(keeper, solved, margins)
        self._figures["sense_margin"] = lambda: plots.sense_margin([histograms.of_trials(t, margins) for t in solved])

    def _keep_sense_decks(
        self,
        keeper: DeckKeeper,
        solved: Sequence[sense_margin.SenseTrials],
        margins: Sequence[sense_margin.SenseMargin],
    ) -> None:
        drawn = {t.fan_in: keeper.decks(f"fan-in {t.fan_in}", _path(t.fan_in, f"{self._chunk(t)} ")) for t in solved}
        nominal = (
            keeper.decks(f"fan-in {m.fan_in}", _path(m.fan_in, f"nominal, {m.operation}"), f"{m.operation} of")
            for m in margins
        )
        self._keep_decks("sense_margin", [drawn[m.fan_in] + own for m, own in zip(margins, nominal, strict=True)])
        self._keep_decks("sense_voltage", [drawn[t.fan_in] for t in solved for _ in range(t.fan_in + 1)])

    def _first_deck(self, trials: sense_margin.SenseTrials) -> tuple[str, int]:
        """Deck of the first chunk, as whoever solved it ran it, and the number of chunks."""
        path, first = SensePath(self.technology, self._cards, trials.fan_in), self._chunk(trials)
        deck = sense_margin.SolveSense(path, self._simulator).deck(trials.junctions.part(0, first))
        return deck.text(), ceil(len(trials.junctions) / first)

    @staticmethod
    def _chunk(trials: sense_margin.SenseTrials) -> int:
        return min(sense_margin.CHUNK, len(trials.junctions))

    def _solved_trials(self, fan_in: int, advance: Advance) -> sense_margin.SenseTrials:
        """Trials of one fan-in from their store, solved where they are not there yet."""
        p, folder = self.pipeline, self.folder / TRIALS / f"fan_in_{fan_in}"
        path = SensePath(self.technology, self._cards, fan_in)
        transistors = path.transistors if p.transistor_mismatch else ()
        store = TrialStore(folder, fan_in, p.trials, self._origin, p.sampling, transistors)
        done = store.done() if self.resume else set()
        self._outputs_to_come(f"{TRIALS}/fan_in_{fan_in}/{name}" for name in store.names())
        advance(min(len(done) * sense_margin.CHUNK, p.trials))
        if len(done) < len(store.names()):
            context = (self.technology, self._cards, self._simulator)
            with dask_workers(self.scheduler) if self.scheduler else local_workers(self.workers) as workers:
                for chunk in sense_margin.solved_chunks(
                    *context, fan_in, p.trials, p.seed, workers, p.sampling, done, p.transistor_mismatch
                ):
                    store.write(chunk)
                    advance(len(chunk.junctions))
        return store.read()

    @property
    def _origin(self) -> dict[str, str]:
        """What the trials depend on."""
        p = self.pipeline
        return {
            "technology": self.technology.name,
            "netlists_sha256": netlists_digest(self.technology),  # before the technology's, which moves with own ones
            "technology_sha256": self.technology.digest(),
            "cards_sha256": self._cards.digest(),
            "seed": str(p.seed),
            "ngspice": self._simulator.installation.version,
            "spintronics": version("spintronics-imce"),
        }


def _path(fan_in: int, rest: str) -> str:
    """How the title of a sense path's deck starts."""
    return f"sense path, fan-in {fan_in}, {rest}"


@dataclass
class SenseMarginRun(TrialRun):
    """Sense margins alone, of any number of trials."""

    def _stages(self) -> None:
        self._sense_margins()
