"""Mapping: action counts by walking through every position, kernel, plane and segment of small layers."""

from math import ceil

import pytest

from spintronics.accelerator import LayerMapping, map_layer, rounds_of
from spintronics.errors import InputError
from spintronics.networks import Convolution, Network, alexnet, lenet, svhn


def layer(kernel: int, in_channels: int, out_channels: int, size: int, groups: int = 1):
    network = Network(
        "tiny", "none", (in_channels, size, size), (Convolution("c", in_channels, out_channels, kernel, groups=groups),)
    )
    return network.work[0]


def walk(work, w_bits: int, i_bits: int, rows: int, columns: int) -> dict[str, dict[int, int]]:
    """Every action of the mapping, one by one."""
    ands: dict[int, int] = {}
    writes: dict[int, int] = {}
    reads: dict[int, int] = {}
    counts: dict[int, int] = {}
    held = set()
    segments = [
        list(range(start, min(start + columns, work.dot_length))) for start in range(0, work.dot_length, columns)
    ]
    per_array = (rows - i_bits) // w_bits
    kernels = work.out_channels // work.groups
    for _ in range(work.positions):
        for group in range(work.groups):
            for number, segment in enumerate(segments):
                arrays = sorted({(group, number, kernel // per_array) for kernel in range(kernels)})
                held.update(arrays)
                for _ in range(i_bits):
                    reads[len(segment)] = reads.get(len(segment), 0) + 1
                    for array in arrays:
                        if array[2] == 0:  # the first of them also counts the ones of the input
                            counts[len(segment)] = counts.get(len(segment), 0) + 1
                        writes[len(segment)] = writes.get(len(segment), 0) + 1
                for _ in range(kernels):
                    for _ in range(w_bits):
                        for _ in range(i_bits):
                            ands[len(segment)] = ands.get(len(segment), 0) + 1
    return {"ands": ands, "writes": writes, "reads": reads, "counts": counts, "arrays": {0: len(held)}}


@pytest.mark.parametrize(
    ("work", "w_bits", "i_bits", "rows", "columns"),
    [
        (layer(3, 4, 5, 6), 1, 1, 16, 16),
        (layer(3, 4, 5, 6), 2, 3, 9, 10),
        (layer(2, 8, 6, 4, groups=2), 1, 4, 7, 512),
        (layer(5, 3, 7, 9), 3, 2, 12, 25),
    ],
)
def test_counts_are_those_of_the_walk(work, w_bits: int, i_bits: int, rows: int, columns: int) -> None:
    mapping = map_layer(work, w_bits, i_bits, rows, columns)
    walked = walk(work, w_bits, i_bits, rows, columns)
    assert mapping.row_ands == walked["ands"]
    assert mapping.row_writes == walked["writes"]
    assert mapping.row_reads == walked["reads"]
    assert mapping.input_counts == walked["counts"]
    assert mapping.groups * len(mapping.segments) * mapping.copies == walked["arrays"][0]


@pytest.mark.parametrize("network", [alexnet(), svhn(), lenet()], ids=lambda network: network.name)
def test_and_operations_are_macs_times_bits_whatever_the_geometry(network: Network) -> None:
    for work in network.work:
        for rows, columns in ((256, 512), (64, 100)):
            assert map_layer(work, 2, 3, rows, columns).and_operations == 6 * work.macs


def test_accumulator_holds_the_largest_sum_and_no_more() -> None:
    work = layer(3, 4, 5, 6)
    bits = map_layer(work, 2, 3, 256, 512).accumulator_bits
    largest = 36 * 3 * 7
    assert 2 ** (bits - 1) <= largest < 2**bits


def test_kernels_fill_the_rows_that_the_input_leaves() -> None:
    work = layer(1, 4, 100, 3)
    assert map_layer(work, 2, 4, rows=24, columns=8).occupied == ceil(100 / 10)


def test_too_few_rows_names_the_layer_and_the_rows_it_needs() -> None:
    with pytest.raises(InputError, match=r"layer c: 2 weight and 32 input rows do not fit in 33 rows; .* at least 34"):
        map_layer(layer(3, 4, 5, 6), 2, 32, 33, 512)


def streamed(mapping: LayerMapping, slots: int, by_set: bool) -> tuple[int, dict[int, int], int, int]:
    """Rounds, window rows by bits, partial sums spilled, and the most at once: window by window, sum by sum."""
    places = [
        (bundle, kernels, segment)
        for bundle in range(mapping.bundles)
        for kernels, segment in (
            ((k, s) for k in range(mapping.copies) for s in range(len(mapping.segments)))
            if by_set
            else ((k, s) for s in range(len(mapping.segments)) for k in range(mapping.copies))
        )
    ]
    rounds = [places[start : start + slots] for start in range(0, len(places), slots)]
    per_group = mapping.outputs // mapping.positions // mapping.groups
    share, most = mapping.groups_per_sub_array, mapping.kernels_per_sub_array
    missing = {  # segments that each sum still lacks; the first set of kernels also sums the input
        (group, kernel, window): len(mapping.segments)
        for group in range(mapping.groups)
        for kernel in (*range(per_group), "inputs")
        for window in range(mapping.positions)
    }
    waiting: set[tuple[int, int | str, int]] = set()
    rows: dict[int, int] = {}
    spilled = largest = 0
    for held in rounds:
        for _ in range(mapping.positions):
            for bundle, segment in {(b, s) for b, _, s in held}:
                groups = min(share, mapping.groups - bundle * share)
                bits = mapping.segments[segment]
                rows[bits] = rows.get(bits, 0) + groups * mapping.i_bits
        for bundle, kernels, _ in held:
            for group in range(bundle * share, min((bundle + 1) * share, mapping.groups)):
                here: list[int | str] = [k for k in range(per_group) if k // most == kernels]
                for kernel in (*here, "inputs") if kernels == 0 else here:
                    for window in range(mapping.positions):
                        missing[group, kernel, window] -= 1
        touched = {(b, k) for b, k, _ in held}
        begun = {key for key, left in missing.items() if 0 < left < len(mapping.segments)}
        for key in begun:
            group, kernel, _ = key
            place = (group // share, 0 if kernel == "inputs" else int(kernel) // most)
            spilled += place in touched  # written after this round, read back in a later one
        waiting = begun
        largest = max(largest, len(waiting))
    return len(rounds), rows, spilled, largest


@pytest.mark.parametrize(
    ("work", "w_bits", "i_bits", "rows", "columns"),
    [
        (layer(3, 4, 50, 6), 1, 1, 16, 18),
        (layer(3, 4, 30, 5), 2, 3, 13, 7),
        (layer(2, 8, 12, 4, groups=2), 1, 4, 9, 5),
        (layer(3, 6, 6, 5, groups=6), 1, 2, 8, 512),
        (layer(5, 3, 7, 9), 3, 2, 12, 25),
    ],
)
@pytest.mark.parametrize("available", [1, 2, 3, 5, 8])
def test_streamed_rounds_are_those_of_the_walk(
    work, w_bits: int, i_bits: int, rows: int, columns: int, available: int
) -> None:
    mapping = map_layer(work, w_bits, i_bits, rows, columns)
    both = [streamed(mapping, available, by_set) for by_set in (True, False)]
    bits = mapping.accumulator_bits
    least = min(both, key=lambda one: sum(n * count for n, count in one[1].items()) + 2 * one[2] * bits)
    found = rounds_of(mapping, 1, available)
    assert (found.rounds, found.row_reads, found.spilled, found.held) == least
    whole = rounds_of(mapping, 1, mapping.occupied)
    assert (whole.rounds, whole.row_reads, whole.spilled) == (1, mapping.row_reads, 0)


def test_copies_share_the_sub_arrays_of_a_round() -> None:
    mapping = map_layer(layer(3, 4, 50, 6), 1, 1, 16, 18)
    assert mapping.occupied == 8
    two = rounds_of(mapping, 2, 17)
    assert (two.copies, two.rounds, two.sub_arrays) == (2, 1, 16)
    assert (rounds_of(mapping, 2, 8).copies, rounds_of(mapping, 2, 8).rounds) == (
        1,
        1,
    )  # two would take two rounds each


@pytest.mark.parametrize("available", [3, 7, 12, 25, 40])
def test_more_copies_are_never_slower(available: int) -> None:
    mapping = map_layer(layer(3, 4, 50, 6), 1, 1, 16, 18)
    passes = []
    for parallelism in range(1, 12):
        found = rounds_of(mapping, parallelism, available)
        assert found.copies <= parallelism
        assert found.sub_arrays <= available
        passes.append(found.rounds * -(-mapping.positions // found.copies))
    assert passes == sorted(passes, reverse=True)
