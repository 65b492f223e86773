"""Mapping: action counts by walking through every position, kernel, plane and segment of small layers."""

from math import ceil

import pytest

from spintronics.accelerator import map_layer
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
                    for _ in arrays:
                        writes[len(segment)] = writes.get(len(segment), 0) + 1
                for _ in range(kernels):
                    for _ in range(w_bits):
                        for _ in range(i_bits):
                            ands[len(segment)] = ands.get(len(segment), 0) + 1
    return {"ands": ands, "writes": writes, "reads": reads, "arrays": {0: len(held)}}


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
    assert mapping.sub_arrays == walked["arrays"][0]


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
    assert map_layer(work, 2, 4, rows=24, columns=8).sub_arrays == ceil(100 / 10)


def test_too_few_rows_names_the_layer_and_the_rows_it_needs() -> None:
    with pytest.raises(InputError, match=r"layer c: 2 weight and 32 input rows do not fit in 33 rows; .* at least 34"):
        map_layer(layer(3, 4, 5, 6), 2, 32, 33, 512)
