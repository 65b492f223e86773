"""When things happen: windows of a layer flow through Image Bank, sub-arrays and processing unit."""

from dataclasses import dataclass
from math import ceil, log2

from spintronics.accelerator.mapping import LayerMapping
from spintronics.array import SubArray


@dataclass(frozen=True)
class Steps:
    """Latencies of what a window goes through, s.

    Attributes:
        fetch: one row from the Image Bank or the Kernel Bank to the sub-arrays; the bank gives one after the other.
        write: one input row into a sub-array.
        row_and, count, shift, accumulate: one row AND and what follows it.
        process: one value in the processing unit, pipelined: its slowest block.
    """

    fetch: float
    write: float
    row_and: float
    count: float
    shift: float
    accumulate: float
    process: float

    @property
    def step(self) -> float:
        """Row ANDs follow each other at this distance: AND, count, shift and sum are a pipeline; its slowest stage."""
        return max(self.row_and, self.count, self.shift, self.accumulate)

    @property
    def fill(self) -> float:
        """What a first row AND takes beyond :attr:`step`."""
        return self.row_and + self.count + self.shift + self.accumulate - self.step


def makespan(windows: int, servers: int, fetch: float, compute: float, process: float) -> float:
    """Time until the last of some windows is through three stages: one bank, several servers in turn, one processor.

    Each window is fetched, computed on server ``n mod servers``, then processed; no stage waits for a later one.
    With F(n) the end of window n's computing, fetched at (n + 1)·fetch and its server free since window n − servers:

        end = max over n of (F(n) + (windows − n)·process)

    F rises by blocks of ``servers`` windows, so its first and last two blocks hold the maximum.

    >>> makespan(3, 1, 1.0, 2.0, 0.5)
    7.5
    """
    slow = compute > servers * fetch

    def computed(n: int) -> float:
        if not slow:
            return (n + 1) * fetch + compute
        return (n % servers + 1) * fetch + (n // servers + 1) * compute

    last = range(max(0, windows - 2 * servers), windows)
    candidates = {*range(min(windows, 2 * servers)), *last}
    ends: list[float] = [computed(n) + (windows - n) * process for n in candidates]
    return max(ends)


@dataclass(frozen=True)
class LayerTime:
    """Times of one layer for one image, s.

    Attributes:
        windows, servers: output pixels, and copies of the layer that share them.
        fetch, compute, process: of one window: rows from the Image Bank; writes and row ANDs in the fullest
            sub-array; outputs through the processing unit.
        rounds: times that the windows pass, each with other kernels loaded; 1 where all fit.
        load: all kernels from the Kernel Bank; 0 where they are resident.
        after: pooling, additions and normalizations behind the layer.
        and_busy: Σ over all sub-arrays of the time in which they AND.
    """

    windows: int
    servers: int
    fetch: float
    compute: float
    process: float
    rounds: int
    load: float
    after: float
    and_busy: float

    @property
    def flow(self) -> float:
        """All windows once."""
        return makespan(self.windows, self.servers, self.fetch, self.compute, self.process)

    @property
    def total(self) -> float:
        """From the first row fetched to the last result."""
        return self.load + self.rounds * self.flow + self.after

    @property
    def bank(self) -> float:
        """In which the banks are busy."""
        return self.load + self.rounds * self.windows * self.fetch + self.after

    @property
    def slowest(self) -> str:
        """Stage that sets the pace."""
        stages = {"fetch": self.fetch, "compute": self.compute / self.servers, "process": self.process}
        return max(stages, key=lambda name: stages[name])


def layer_time(
    mapping: LayerMapping, steps: Steps, parallelism: int, available: int | None, after: float, lanes: int
) -> LayerTime:
    """Times of one layer.

    Args:
        parallelism: copies of the layer's kernels, each with windows of its own.
        available: computational sub-arrays; None where the kernels are resident.
        after: of what follows the layer, s.
        lanes: values that the processing unit takes at once.
    """
    i, w, segments = mapping.i_bits, mapping.w_bits, len(mapping.segments)
    rows = sum(mapping.row_reads.values()) // mapping.positions
    ands = mapping.kernels_per_sub_array * w * i
    merges = mapping.kernels_per_sub_array * ceil(log2(segments)) if segments > 1 else 0
    in_group = i * steps.write + steps.fill + ands * steps.step + merges * steps.accumulate
    rounds = 1 if available is None else ceil(mapping.occupied * parallelism / available)
    return LayerTime(
        windows=mapping.positions,
        servers=min(parallelism, mapping.positions),
        fetch=rows * steps.fetch * rereads(mapping, parallelism, available) / rounds,
        compute=mapping.groups_per_sub_array * in_group,
        process=ceil(mapping.outputs / mapping.positions / lanes) * steps.process / rounds,
        rounds=rounds,
        load=0.0 if available is None else sum(mapping.kernel_rows.values()) * steps.fetch,
        after=after,
        and_busy=sum(mapping.row_ands.values()) * steps.row_and,
    )


def rereads(mapping: LayerMapping, parallelism: int, available: int | None) -> int:
    """How often each window is fetched: once, unless the kernels of one segment alone fill the sub-arrays anew."""
    return 1 if available is None else ceil(mapping.copies * parallelism / available)


def steps_of(sub_array: SubArray, bank_line: float, beats: int, accumulator_bits: int, process: float) -> Steps:
    """Latencies from a sub-array's operations.

    Args:
        bank_line: latency of the H-tree between bank and sub-array, s.
        beats: transfers that one row takes on the H-tree.
    """
    columns = sub_array.columns
    return Steps(
        fetch=max(sub_array.operation("read", columns).latency, beats * bank_line),
        write=sub_array.operation("write", columns).latency,
        row_and=sub_array.operation("AND", columns).latency,
        count=sub_array.bit_count(columns).latency,
        shift=sub_array.shift(columns).latency,
        accumulate=sub_array.accumulate(accumulator_bits).latency,
        process=process,
    )
