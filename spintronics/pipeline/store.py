"""The trial store: one Parquet file per finished chunk, whole or not there, of one technology and one seed."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spintronics.characterize.sense_margin import CHUNK, SenseTrials
from spintronics.circuits.mismatch import Mismatch, Transistor
from spintronics.circuits.sense_path import operations_of, state_name
from spintronics.errors import InputError
from spintronics.montecarlo import JunctionTrials, Sampling
from spintronics.montecarlo.chunks import FailedTrial, SolvedChunk
from spintronics.report.files import whole_file

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT = "2"  # of the files; raised when their columns or the way trials are solved change


@dataclass(frozen=True)
class TrialStore:
    """Trials of one fan-in in one folder.

    Each file holds a chunk: junctions and sense voltages of every trial, with its transistors and reference voltages
    where these are drawn too; units in its columns' metadata, and what made it in its own.
    ``pyarrow.parquet.read_table(folder)`` reads all of them.

    Args:
        folder: its own, made where missing.
        origin: what the trials depend on: hashes of technology and cards, seed, versions.
        sampling: how they are drawn.
        transistors: those that are drawn beside the junctions.
    """

    folder: Path
    fan_in: int
    trials: int
    origin: Mapping[str, str]
    sampling: Sampling = Sampling.PLAIN
    transistors: tuple[Transistor, ...] = ()

    def names(self) -> list[str]:
        """Names of all files of the finished store."""
        return [_name(first) for first in range(0, self.trials, CHUNK)]

    def done(self) -> set[int]:
        """First trials of the chunks that are there, whole.

        A last chunk that is shorter than it is to be now does not count; what a killed run left half written is
        removed.

        Raises:
            InputError: a file that is not of this store: of another technology, seed or version; names both.
        """
        for aside in self.folder.glob(".*.parquet"):
            aside.unlink()
        found = set()
        for first in range(0, self.trials, CHUNK):
            path = self.folder / _name(first)
            if path.exists() and self._checked(path) == min(CHUNK, self.trials - first):
                found.add(first)
        return found

    def write(self, chunk: SolvedChunk) -> None:
        """Add a chunk."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        junctions = chunk.junctions
        blocks = [(self._r_p, "ohm", junctions.r_p), (self._tmr, "1", junctions.tmr), (self._values, "V", chunk.values)]
        if junctions.mismatch:
            blocks += [(self._vt, "V", junctions.mismatch.vt), (self._beta, "1", junctions.mismatch.beta)]
        columns = [(name, unit, of[:, n]) for names, unit, of in blocks for n, name in enumerate(names)]
        messages = {failed.trial - junctions.first: failed.message for failed in chunk.failed}
        fields = [pa.field(name, pa.float64(), metadata={"unit": unit}) for name, unit, _ in columns]
        fields.append(pa.field("failure", pa.string(), metadata={"unit": "", "about": "ngspice's message"}))
        about = {
            **self._origin,
            "seed": str(junctions.seed),
            "first": str(junctions.first),
            "redrawn": str(junctions.redrawn),
        }
        arrays = [pa.array(np.ascontiguousarray(values)) for _, _, values in columns]
        arrays.append(pa.array([messages.get(n) for n in range(len(junctions))], pa.string()))
        table = pa.table(arrays, schema=pa.schema(fields, metadata=about))
        with whole_file(self.folder / _name(junctions.first)) as aside:
            # The figures are noise to a compressor: dictionaries and statistics only cost time.
            pq.write_table(table, aside, compression="zstd", use_dictionary=["failure"], write_statistics=False)

    def read(self) -> SenseTrials:
        """All trials, from the files.

        Raises:
            InputError: a chunk is missing or of another store.
        """
        return SenseTrials.of(self.fan_in, self._chunks(), self.sampling)

    def _chunks(self) -> Iterator[SolvedChunk]:
        import pyarrow.parquet as pq

        for first in range(0, self.trials, CHUNK):
            path = self.folder / _name(first)
            if not path.exists():
                raise InputError(f"trial store {self.folder}: {path.name} is missing; run again with --resume")
            self._checked(path)
            table = pq.ParquetFile(path).read()

            def columns(names: list[str], table: "pa.Table" = table) -> np.ndarray[Any, np.dtype[np.float64]]:
                return np.column_stack([table.column(name).to_numpy() for name in names])

            drawn = self.transistors
            junctions = JunctionTrials(
                columns(self._r_p),
                columns(self._tmr),
                int(table.schema.metadata[b"redrawn"]),
                int(table.schema.metadata[b"seed"]),
                first,
                Mismatch(drawn, columns(self._vt), columns(self._beta)) if drawn else None,
            )
            values = columns(self._values)
            messages = enumerate(table.column("failure").to_pylist())
            failed = tuple(FailedTrial(first + n, message) for n, message in messages if message is not None)
            yield SolvedChunk(junctions, values, failed)

    @property
    def _r_p(self) -> list[str]:
        return [f"r_p_{k}" for k in range(self.fan_in)]

    @property
    def _tmr(self) -> list[str]:
        return [f"tmr_{k}" for k in range(self.fan_in)]

    @property
    def _values(self) -> list[str]:
        states = [f"v_sense_{state_name(self.fan_in, n)}" for n in range(self.fan_in + 1)]
        return states + [f"v_reference_{o.value}" for o in operations_of(self.fan_in) if self.transistors]

    @property
    def _vt(self) -> list[str]:
        return [f"dvt_{transistor.name}" for transistor in self.transistors]

    @property
    def _beta(self) -> list[str]:
        return [f"dbeta_{transistor.name}" for transistor in self.transistors]

    @property
    def _origin(self) -> dict[str, str]:
        varied = "junctions and transistors" if self.transistors else "junctions"
        return {
            "format": FORMAT,
            "fan_in": str(self.fan_in),
            "varied": varied,
            "sampling": self.sampling.value,
            # A point of a design is another where there are more of them.
            **({} if self.sampling is Sampling.PLAIN else {"trials": str(self.trials)}),
            **self.origin,
        }

    def _checked(self, path: Path) -> int:
        """Rows of a file that belongs here."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            with pq.ParquetFile(path) as file:
                about, rows = file.schema_arrow.metadata or {}, file.metadata.num_rows
        except (pa.ArrowException, OSError) as error:
            if isinstance(error, OSError) and error.errno:
                raise InputError(f"trial store {path}: cannot be read: {os.strerror(error.errno)}") from None
            reason = str(error).splitlines()[0]
            raise InputError(f"trial store {path}: not a Parquet file: {reason}; remove it and resume") from None
        for key, ours in self._origin.items():
            theirs = about.get(key.encode(), b"nothing").decode("utf-8", "replace")
            if theirs != ours:
                raise InputError(
                    f"trial store {path}: its {key} is {_short(theirs)}, this run's is {_short(ours)}; trials of two "
                    "are not mixed: choose another folder with --out, or run without --resume"
                )
        return int(rows)


def _name(first: int) -> str:
    return f"{first:09d}.parquet"


def _short(value: str) -> str:
    """A hash by its first digits."""
    return value[:12] if len(value) == 64 else value
