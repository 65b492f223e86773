"""When things happen: windows of a layer flow through Image Bank, sub-arrays and processing unit."""

from dataclasses import dataclass
from math import ceil, log2

from spintronics.accelerator.mapping import LayerMapping
from spintronics.accelerator.streaming import Rounds
from spintronics.array import SubArray
from spintronics.circuits.datapath import ACCUMULATOR_BITS


@dataclass(frozen=True)
class Steps:
    """Latencies of what a window goes through, s.

    Attributes:
        fetch: one row from the Image Bank or the Kernel Bank to the sub-arrays; the bank gives one after the other.
        read, write: one input row in a sub-array.
        row_and, count, shift, accumulate: one row AND and what follows it.
        process: one pass of a value in the processing unit, pipelined: its slowest block.
        quantize: one sum to what the next layer takes, pipelined: the slowest block with all its passes.
    """

    fetch: float
    read: float
    write: float
    row_and: float
    count: float
    shift: float
    accumulate: float
    process: float
    quantize: float

    def step(self, words: int) -> float:
        """Row ANDs follow each other at this distance: AND, count, shift and sum are a pipeline; its slowest stage.

        Args:
            words: passes of a sum through Shifter and Sum.
        """
        return max(self.row_and, self.count, words * self.shift, words * self.accumulate)

    def fill(self, words: int) -> float:
        """What a first row AND takes beyond :meth:`step`."""
        return self.row_and + self.count + words * (self.shift + self.accumulate) - self.step(words)


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
        result: of one output there, in its slowest block.
        rounds: times that the windows pass, each with other kernels loaded; 1 where all fit.
        load: all kernels from the Kernel Bank; 0 where they are resident.
        spill: partial sums to the Image Bank and back, between rounds.
        after: pooling, additions and normalizations behind the layer.
        image: quantizing of the image, in front of the first layer; 0 of others.
        stored: results into the Image Bank, while other windows are computed.
        and_busy: Σ over all sub-arrays of the time in which they AND.
    """

    windows: int
    servers: int
    fetch: float
    compute: float
    process: float
    result: float
    rounds: int
    load: float
    spill: float
    after: float
    image: float
    stored: float
    and_busy: float

    @property
    def flow(self) -> float:
        """All windows once."""
        return makespan(self.windows, self.servers, self.fetch, self.compute, self.process)

    @property
    def total(self) -> float:
        """From the first row fetched to the last result."""
        return self.image + self.load + self.rounds * self.flow + self.spill + self.after

    @property
    def bank(self) -> float:
        """In which the banks are busy, at most: what follows the layer takes turns with the processing unit."""
        return self.load + self.rounds * self.windows * self.fetch + self.spill + self.stored + self.after

    @property
    def processing(self) -> float:
        """In which the processing unit is busy, at most."""
        return self.image + self.rounds * self.windows * self.process + self.after

    @property
    def slowest(self) -> str:
        """Stage that sets the pace."""
        stages = {"fetch": self.fetch, "compute": self.compute / self.servers, "process": self.process}
        return max(stages, key=lambda name: stages[name])


def layer_time(
    mapping: LayerMapping,
    steps: Steps,
    rounds: Rounds,
    resident: bool,
    quantized: bool,
    columns: int,
    lanes: int,
    after: float = 0.0,
    image: float = 0.0,
    stored: float = 0.0,
) -> LayerTime:
    """Times of one layer.

    Args:
        rounds: in which its kernels come in; one where they are resident.
        quantized: its sums are; of others the processing unit takes off Σ x alone.
        columns: of a sub-array.
        lanes: values that the processing unit takes at once.
        after, image, stored: as :class:`LayerTime` has them.
    """
    rows = sum(rounds.row_reads.values())
    spilled = ceil(rounds.spilled * mapping.accumulator_bits / columns)
    result = max(mapping.words * steps.accumulate, steps.quantize if quantized else 0.0)
    return LayerTime(
        windows=mapping.positions,
        servers=min(rounds.copies, mapping.positions),
        fetch=rows * steps.fetch / (mapping.positions * rounds.rounds),
        compute=mapping.groups_per_sub_array * window_time(mapping, steps),
        process=ceil(mapping.outputs / mapping.positions / lanes) * result / rounds.rounds,
        result=result,
        rounds=rounds.rounds,
        load=0.0 if resident else sum(mapping.kernel_rows.values()) * steps.fetch,
        spill=spilled * (steps.write + steps.fetch),
        after=after,
        image=image,
        stored=stored,
        and_busy=sum(mapping.row_ands.values()) * steps.row_and,
    )


def window_time(mapping: LayerMapping, steps: Steps) -> float:
    """One window and group in the fullest sub-array, s: rows in, their ones counted, row ANDs, merging of segments."""
    i, words, segments = mapping.i_bits, mapping.words, len(mapping.segments)
    ands = mapping.kernels_per_sub_array * mapping.w_bits * i
    merges = mapping.kernels_per_sub_array * ceil(log2(segments)) if segments > 1 else 0
    rows = i * (steps.write + steps.read)
    return rows + steps.fill(words) + ands * steps.step(words) + merges * words * steps.accumulate


def steps_of(
    sub_array: SubArray, bank_line: float, beats: int, accumulator_bits: int, process: float, quantize: float
) -> Steps:
    """Latencies from a sub-array's operations.

    Args:
        bank_line: latency of the H-tree between bank and sub-array, s.
        beats: transfers that one row takes on the H-tree.
    """
    columns = sub_array.columns
    return Steps(
        fetch=max(sub_array.operation("read", columns).latency, beats * bank_line),
        read=sub_array.operation("read", columns).latency,
        write=sub_array.operation("write", columns).latency,
        row_and=sub_array.operation("AND", columns).latency,
        count=sub_array.bit_count(columns).latency,
        shift=sub_array.shift(columns).latency,
        accumulate=sub_array.accumulate(min(accumulator_bits, ACCUMULATOR_BITS)).latency,
        process=process,
        quantize=quantize,
    )
