"""What stands behind a table of operations: the deck of each transient, and its waveforms."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from spintronics.characterize.operations import OperationResult
from spintronics.ngspice import Simulator, Waves
from spintronics.report.files import whole_file, write_whole

DECKS, WAVEFORMS = "decks", "waveforms"


@dataclass(frozen=True)
class RecordingSimulator(Simulator):
    """Another simulator that keeps which deck each result is of.

    Args:
        inner: who runs the decks.
    """

    inner: Simulator = field(default_factory=Simulator)
    _decks: dict[int, tuple[Waves, str]] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, inner: Simulator) -> "RecordingSimulator":
        """Records what a simulator runs."""
        return cls(inner.installation, inner.timeout, inner.failed, inner.memory, inner)

    def run(self, deck: str) -> Waves:
        """As the other one's."""
        waves = self.inner.run(deck)
        self._decks[id(waves)] = (waves, deck)  # the result is kept too: its id is not given to another
        return waves

    def deck_of(self, waves: Waves) -> str | None:
        """The deck that a result is of; None where it was not run here."""
        return self._decks.get(id(waves), (waves, None))[1]


def write_evidence(
    output: Callable[[str], Path], recorder: RecordingSimulator, results: Iterable[OperationResult]
) -> None:
    """``decks/AND_01.cir`` and ``waveforms/AND_01.parquet`` of every transient that ran.

    Results of one transient, such as AND and NAND, have the files of the first of them.

    Args:
        output: path of an output of the run, by its name.
    """
    written = set()
    for result in results:
        deck = recorder.deck_of(result.waves)
        if deck is not None and id(result.waves) not in written:
            written.add(id(result.waves))
            name = f"{result.operation}_{result.inputs}"
            write_whole(output(f"{DECKS}/{name}.cir"), deck)
            _write_waves(output(f"{WAVEFORMS}/{name}.parquet"), result.waves)


def _write_waves(path: Path, waves: Waves) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    fields = [pa.field(name, pa.float64(), metadata={"unit": _unit(name)}) for name in waves]
    table = pa.table([pa.array(values) for values in waves.values()], schema=pa.schema(fields))
    with whole_file(path) as aside:
        pq.write_table(table, aside, compression="zstd", use_dictionary=False, write_statistics=False)


def _unit(vector: str) -> str:
    """SI unit of ngspice's vector by its name; empty for a device's own quantities."""
    return "s" if vector == "time" else {"v(": "V", "i(": "A"}.get(vector[:2], "")
