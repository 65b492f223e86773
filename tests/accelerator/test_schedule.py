"""Schedule: closed form against an event simulation; times of a small layer against row operations one by one."""

import heapq
from itertools import product
from math import ceil

import numpy as np
import pytest

from spintronics.accelerator import LayerMapping, LayerTime, makespan, map_layer, rounds_of
from spintronics.accelerator.schedule import Steps, layer_time
from spintronics.networks import Convolution, LayerWork, Network


def simulate(windows: int, servers: int, fetch: float, compute: float, process: float) -> float:
    """Windows as events through one bank, servers in turn, one processor; each stage takes its oldest window."""
    bank = processor = 0.0
    free = [0.0] * servers
    arrived: list[tuple[float, int]] = []
    for n in range(windows):
        bank += fetch
        heapq.heappush(arrived, (bank, n))
    done: list[tuple[float, int]] = []
    while arrived:
        time, n = heapq.heappop(arrived)
        free[n % servers] = max(time, free[n % servers]) + compute
        heapq.heappush(done, (free[n % servers], n))
    finished = {n: time for time, n in done}
    for n in range(windows):  # results leave in the order of the windows
        processor = max(processor, finished[n]) + process
    return processor


@pytest.mark.parametrize("seed", range(200))
def test_makespan_is_that_of_an_event_simulation(seed: int) -> None:
    random = np.random.default_rng(seed)
    windows, servers = int(random.integers(1, 40)), int(random.integers(1, 8))
    times = random.choice([0.0, 0.3, 1.0, 1.7, 5.0, 11.0], 3).tolist()
    assert makespan(windows, servers, *times) == pytest.approx(simulate(windows, servers, *times))


STEPS = Steps(
    fetch=8.0, read=7.0, write=3.0, row_and=4.0, count=1.0, shift=0.5, accumulate=2.0, process=0.7, quantize=2.5
)


def work_of(kernel: int, channels: int, kernels: int, size: int, groups: int = 1) -> LayerWork:
    return Network(
        "tiny", "none", (channels, size, size), (Convolution("c", channels, kernels, kernel, groups=groups),)
    ).work[0]


def walked(work: LayerWork, w_bits: int, i_bits: int, rows: int, columns: int, parallelism: int) -> float:
    """Every row operation of every window on every sub-array at its own time; a four-stage pipeline behind each AND.

    One bank fetches row by row; the copies take windows in turn; one lane of the processing unit takes values.
    """
    most = (rows - i_bits) // w_bits
    kernels = work.out_channels // work.groups
    segments = -(-work.dot_length // columns)
    spread = -(-kernels // most)
    share = rows // (kernels * w_bits + i_bits) if spread == 1 else 1
    share = min(share, work.groups)
    places = [(g // share, s, c) for g, s, c in product(range(work.groups), range(segments), range(spread))]
    free = {(copy, place): 0.0 for copy in range(parallelism) for place in set(places)}
    bank = processor = 0.0
    for window in range(work.positions):
        copy = window % parallelism
        bank += work.groups * segments * i_bits * STEPS.fetch
        for place in set(places):
            start = max(bank, free[copy, place])
            groups_here = range(place[0] * share, min((place[0] + 1) * share, work.groups))
            now = start
            for _ in groups_here:
                now += i_bits * (STEPS.write + STEPS.read)  # the rows in, and their ones counted
                held = min(most, kernels - place[2] * most)
                ready = dict.fromkeys(("and", "count", "shift", "sum"), now)
                for _ in range(held * w_bits * i_bits):
                    passed = 0.0
                    for stage, takes in (
                        ("and", STEPS.row_and),
                        ("count", STEPS.count),
                        ("shift", STEPS.shift),
                        ("sum", STEPS.accumulate),
                    ):
                        passed = max(passed, ready[stage]) + takes
                        ready[stage] = passed
                now = ready["sum"]
                level = segments
                while level > 1:  # partial sums of two sub-arrays become one, all pairs at once
                    now += held * STEPS.accumulate
                    level = -(-level // 2)
            free[copy, place] = now
        end = max(free[copy, place] for place in set(places))
        processor = max(processor, end) + work.out_channels * STEPS.quantize
    return processor


def timed(
    mapping: LayerMapping,
    parallelism: int = 1,
    available: int | None = None,
    lanes: int = 1,
    columns: int = 512,
    quantized: bool = True,
) -> LayerTime:
    rounds = rounds_of(mapping, parallelism, available)
    return layer_time(mapping, STEPS, rounds, available is None, quantized, columns, lanes)


@pytest.mark.parametrize(
    ("work", "w_bits", "i_bits", "rows", "columns"),
    [
        (work_of(3, 4, 5, 6), 1, 1, 16, 64),
        (work_of(3, 4, 5, 6), 2, 3, 9, 10),
        (work_of(2, 8, 6, 4, groups=2), 1, 4, 7, 512),
        (work_of(3, 6, 6, 5, groups=6), 1, 2, 12, 512),
        (work_of(5, 3, 7, 9), 3, 2, 12, 25),
    ],
)
@pytest.mark.parametrize("parallelism", [1, 2, 3])
def test_layer_time_is_that_of_all_row_operations(
    work: LayerWork, w_bits: int, i_bits: int, rows: int, columns: int, parallelism: int
) -> None:
    mapping = map_layer(work, w_bits, i_bits, rows, columns)
    assert timed(mapping, parallelism).total == pytest.approx(walked(work, w_bits, i_bits, rows, columns, parallelism))


def test_lanes_shorten_processing_alone() -> None:
    mapping = map_layer(work_of(3, 4, 5, 6), 1, 1, 16, 64)
    one, four = (timed(mapping, lanes=lanes) for lanes in (1, 4))
    assert one.process == pytest.approx(5 * 2.5)
    assert four.process == pytest.approx(2 * 2.5)
    assert (one.fetch, one.compute) == (four.fetch, four.compute)


def test_kernels_that_do_not_fit_come_in_rounds_after_loading() -> None:
    mapping = map_layer(work_of(3, 4, 50, 6), 1, 1, 16, 18)  # 2 segments of 4 sets
    assert mapping.occupied == 8
    resident, streamed = timed(mapping), timed(mapping, available=3, columns=18)
    assert (resident.load, resident.rounds, resident.spill) == (0, 1, 0)
    assert streamed.rounds == 3
    assert streamed.load == pytest.approx(50 * 2 * STEPS.fetch)
    # Sets 1 (15 kernels) lies across the first boundary, 2 across none, all else is whole: 16 windows' sums wait.
    assert mapping.accumulator_bits == 6
    assert streamed.spill == pytest.approx(ceil(16 * 15 * 6 / 18) * (STEPS.write + STEPS.fetch))
    assert streamed.total == pytest.approx(streamed.load + 3 * streamed.flow + streamed.spill)


def test_sums_wider_than_a_word_take_further_passes_of_shifter_and_sum() -> None:
    narrow, wide = (map_layer(work_of(3, 4, 5, 6), bits, bits, 80, 64) for bits in (16, 32))
    assert (narrow.words, wide.words) == (1, 2)
    assert (STEPS.step(1), STEPS.step(2)) == (4.0, 4.0)
    assert STEPS.step(3) == pytest.approx(6.0)  # the Sum then is slower than the AND
    assert STEPS.fill(2) == pytest.approx(4.0 + 1.0 + 2 * (0.5 + 2.0) - 4.0)


def test_sums_that_nothing_quantizes_pass_the_sum_alone() -> None:
    narrow, wide = (map_layer(work_of(3, 4, 5, 6), bits, bits, 80, 64) for bits in (16, 32))
    assert timed(narrow, quantized=False).process == pytest.approx(5 * 2.0)
    assert timed(wide, quantized=False).process == pytest.approx(5 * 2 * 2.0)
    assert timed(wide).process == pytest.approx(5 * 4.0)  # slower than quantizing


def test_the_bank_takes_the_results_too() -> None:
    mapping = map_layer(work_of(3, 4, 5, 6), 1, 1, 16, 64)
    rounds = rounds_of(mapping, 1, None)
    plain, stored = (layer_time(mapping, STEPS, rounds, True, True, 512, 1, stored=s) for s in (0.0, 5.0))
    assert stored.bank == pytest.approx(plain.bank + 5.0)
    assert stored.total == plain.total
