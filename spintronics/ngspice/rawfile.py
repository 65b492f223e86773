"""Reader of ngspice's binary raw files (ngspice manual, chapter on the raw file format)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from spintronics.errors import SpintronicsError

FloatArray = npt.NDArray[np.float64]


class RawFileError(SpintronicsError):
    """A raw file that is cut short or has no plot."""


@dataclass(frozen=True)
class Waves(Mapping[str, FloatArray]):
    """Vectors of one analysis by lower-case name, all of one length, SI units.

    The sweep variable (``time``, or the swept source such as ``v(v-sweep)``) comes first; ``axis`` is its name.
    Node voltages are ``v(node)``, branch currents ``i(source)``, device quantities ``@m1[id]``.

    Raises:
        KeyError: no such vector; the message lists those there are.
    """

    vectors: dict[str, FloatArray]
    axis: str

    def __getitem__(self, name: str) -> FloatArray:
        try:
            return self.vectors[name.lower()]
        except KeyError:
            raise KeyError(f"no vector {name!r} in this result; there are: {', '.join(self.vectors)}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self.vectors)

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def x(self) -> FloatArray:
        """The sweep variable: time in s for a transient."""
        return self.vectors[self.axis]


def read_raw(path: Path) -> Waves:
    """First plot of a binary raw file with real vectors.

    Raises:
        RawFileError: header missing, vectors complex, or fewer points than the header promises.
    """
    content = path.read_bytes()
    marker = content.find(b"Binary:\n")
    if marker < 0:
        raise RawFileError(f"{path}: no 'Binary:' section; found {len(content)} bytes")
    header = content[:marker].decode("utf-8", "replace").splitlines()
    fields = dict(line.split(":", 1) for line in header if ":" in line and not line.startswith("\t"))
    if "complex" in fields.get("Flags", ""):
        raise RawFileError(f"{path}: complex vectors; only real ones (op, dc, tran) are read")
    start = marker + len(b"Binary:\n")
    count, points = int(fields["No. Variables"]), int(fields["No. Points"])
    wanted = count * points
    names = [line.split()[1].lower() for line in header[header.index("Variables:") + 1 :][:count]]
    held = (len(content) - start) // 8
    if held < wanted or points == 0:
        raise RawFileError(f"{path}: {held} values, but the header promises {count} × {points}")
    body = np.frombuffer(content, dtype=np.float64, offset=start, count=wanted)
    # One contiguous row per vector: a caller reads vectors, not points.
    table = np.ascontiguousarray(body.reshape(points, count).T)
    return Waves(dict(zip(names, table, strict=True)), names[0])
