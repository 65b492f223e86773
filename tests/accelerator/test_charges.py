"""Bills: transfers and writes of a small layer by walking through its values, one by one."""

from collections import Counter
from collections.abc import Callable

import pytest

from spintronics.accelerator import Charge, map_layer, network_cost
from spintronics.array import SubArray
from spintronics.networks import (
    Addition,
    BitWidths,
    Concatenation,
    Convolution,
    FirstLayer,
    FullyConnected,
    Network,
    Normalization,
    Pool,
    depthwise,
)

TINY = Network(
    "tiny",
    "none",
    (3, 8, 8),
    (
        Convolution("a", 3, 6, kernel=3, stride=2, padding=1, groups=3),
        Pool("pool", "average", 2, 2),
        Convolution("b", 6, 5, kernel=2),
        FullyConnected("c", 5, 4),
    ),
)
ROWS, COLUMNS = 40, 7


def bill(network: Network, array: SubArray, widths: str = "2:3", **chip: int) -> list[Charge]:
    cost = network_cost(network, BitWidths.parse(widths), FirstLayer.PRACTICAL, array, **chip)
    return [charge for layer in cost.layers for charge in layer.charges]


def bits_sent(charges: list[Charge], what: str) -> float:
    return sum(c.count for c in charges if c.action == "H-tree" and c.what.endswith(what))


def rows_done(charges: list[Charge], component: str, what: str) -> dict[int, float]:
    found: Counter[int] = Counter()
    for c in charges:
        if c.component == component and c.what.endswith(what) and c.bits is not None:
            found[c.bits] += int(c.count)
    return dict(found)


def test_every_input_bit_that_a_sub_array_takes_is_read_sent_and_written(array_of: Callable[..., SubArray]) -> None:
    charges = bill(TINY, array_of(ROWS, COLUMNS))
    sent: Counter[int] = Counter()
    bits = 0
    for work, i_bits in zip(TINY.work, (8, 3, 3), strict=True):
        kernels = work.out_channels // work.groups
        copies = -(-kernels // ((ROWS - i_bits) // 2))
        for _ in range(work.positions * work.groups * i_bits * copies):
            for start in range(0, work.dot_length, COLUMNS):
                size = min(COLUMNS, work.dot_length - start)
                sent[size] += 1
                bits += size
    assert rows_done(charges, "write", "input planes into sub-arrays") == dict(sent)
    assert bits_sent(charges, "input planes to sub-arrays") == bits


def test_partial_sums_of_segments_are_sent_and_added(array_of: Callable[..., SubArray]) -> None:
    charges = bill(TINY, array_of(ROWS, COLUMNS))
    mappings = [map_layer(work, 2, bits, ROWS, COLUMNS) for work, bits in zip(TINY.work, (8, 3, 3), strict=True)]
    moved = [sum(1 for _ in range(m.outputs) for _ in m.segments[1:]) for m in mappings]
    assert sum(moved) > 0
    what = "partial sums of segments"
    assert sum(c.count for c in charges if c.component == "sum" and c.what == what) == sum(moved)
    bits = sum(n * m.accumulator_bits for n, m in zip(moved, mappings, strict=True))
    assert bits_sent(charges, what) == bits


def test_pooling_reads_every_window_whole_at_the_width_of_its_values(array_of: Callable[..., SubArray]) -> None:
    network = Network(
        "pools",
        "none",
        (2, 9, 9),
        (Pool("first", "max", 3, 1), Convolution("a", 2, 4, 2), Pool("p", "max", 3, 1), FullyConnected("c", 64, 2)),
    )
    charges = bill(network, array_of(ROWS, COLUMNS))
    for name, windows, bits in (("first", 2 * 7 * 7, 8), ("p", 4 * 4 * 4, 3)):
        rows = rows_done(charges, "read", f"{name}: values from the Image Bank")
        assert sum(n * count for n, count in rows.items()) == windows * 9 * bits
        assert bits_sent(charges, f"{name}: values to the processing unit") == windows * 9 * bits


def test_results_go_through_the_processing_unit_and_back_to_the_image_bank(array_of: Callable[..., SubArray]) -> None:
    charges = bill(TINY, array_of(ROWS, COLUMNS))
    counted = {c.action: c.count for c in charges if c.component in ("batch norm", "activation")}
    inner = sum(work.activations_out for work in TINY.work[:-1])
    assert counted["batch norm"] == TINY.work[1].activations_out  # of the last layer that has one: keyed by action
    assert sum(c.count for c in charges if c.component == "batch norm") == inner
    assert sum(c.count for c in charges if c.action == "activation, clipped") == inner
    image = 3 * 8 * 8
    pooled = 6 * 2 * 2
    assert sum(c.count for c in charges if c.component == "quantizer") == image + inner + pooled  # means are rounded
    assert bits_sent(charges, "results to the Image Bank") == 3 * (inner + pooled)
    rows = rows_done(charges, "write", "results into the Image Bank")
    assert sum(bits * n for bits, n in rows.items()) == 3 * (inner + pooled)


def test_average_pooling_is_sums_and_shifts_of_every_window(array_of: Callable[..., SubArray]) -> None:
    charges = [c for c in bill(TINY, array_of(ROWS, COLUMNS)) if c.component == "pooling"]
    taken = sum(1 for _ in range(6) for y in range(0, 3, 2) for x in range(0, 3, 2) for _ in range(4))
    assert {c.action: c.count for c in charges} == {"sum": taken, "shifter": taken / 4}


def test_maximum_pooling_compares_every_further_value(array_of: Callable[..., SubArray]) -> None:
    layers = (Convolution("a", 2, 4, 2), Pool("p", "max", 3, 1), FullyConnected("f", 64, 2))
    network = Network("max", "none", (2, 7, 7), layers)
    (charge,) = [c for c in bill(network, array_of(ROWS, COLUMNS)) if c.component == "pooling"]
    assert charge.count == 4 * 4 * 4 * (9 - 1)
    assert charge.each.energy == pytest.approx(3 * 2e-15)  # an adder and a multiplexer for each of 3 bits


def test_additions_and_normalizations(array_of: Callable[..., SubArray]) -> None:
    network = Network(
        "residual",
        "none",
        (4, 6, 6),
        (
            Convolution("a", 4, 4, 3, padding=1),
            Normalization("n", 4),
            Convolution("b", 4, 4, 1),
            Addition("plus", ("n", "b")),
            FullyConnected("c", 144, 2),
        ),
    )
    charges = bill(network, array_of(ROWS, COLUMNS))
    assert sum(c.count for c in charges if c.component == "addition") == 2 * 4 * 6 * 6
    assert [c.count for c in charges if c.component == "batch norm"] == [4 * 6 * 6]  # the network's own alone
    assert bits_sent(charges, "plus: values to the processing unit") == 3 * 2 * 4 * 6 * 6


def test_sign_needs_no_quantizer(array_of: Callable[..., SubArray]) -> None:
    charges = bill(TINY, array_of(ROWS, COLUMNS), "1:1")
    assert sum(c.count for c in charges if c.component == "quantizer") == 3 * 8 * 8  # the image alone
    assert {c.action for c in charges if c.component == "activation"} == {"activation, sign"}


def test_streamed_kernels_are_read_sent_and_written_bit_by_bit(array_of: Callable[..., SubArray]) -> None:
    array = array_of(ROWS, COLUMNS)
    assert not bits_sent(bill(TINY, array), "kernels to sub-arrays")
    cost = network_cost(TINY, BitWidths(2, 3), FirstLayer.PRACTICAL, array, 2, 11)
    copies = [layer.rounds.copies for layer in cost.layers]
    assert set(copies) == {1, 2}  # one window alone needs no second copy
    charges = [charge for layer in cost.layers for charge in layer.charges]
    bits = 2 * sum(work.weights for work in TINY.work)
    sent = 2 * sum(n * work.weights for n, work in zip(copies, TINY.work, strict=True))
    assert bits_sent(charges, "kernels to sub-arrays") == sent
    read, written = (
        rows_done(charges, name, f"kernels {way}")
        for name, way in (("read", "from the Kernel Bank"), ("write", "into sub-arrays"))
    )
    assert sum(n * rows for n, rows in read.items()) == bits
    assert sum(n * rows for n, rows in written.items()) == sent


def test_each_row_operation_decodes_its_rows_once(array_of: Callable[..., SubArray]) -> None:
    charges = bill(TINY, array_of(ROWS, COLUMNS), sub_arrays=3)
    operations = sum(c.count for c in charges if c.bits is not None)
    assert sum(c.count for c in charges if c.component == "row decoder") == operations


def test_groups_of_a_depthwise_layer_share_sub_arrays(array_of: Callable[..., SubArray]) -> None:
    network = Network("dw", "none", (32, 6, 6), (depthwise("d", 32, 3),))
    cost = network_cost(network, BitWidths(1, 1), FirstLayer.PRACTICAL, array_of(64, 16))
    assert cost.sub_arrays == -(-32 // (64 // 9))  # a kernel and eight input rows each
    assert cost.layers[0].mapping.and_operations == 8 * network.macs


def test_inputs_are_summed_once_per_window_and_taken_off_every_output(array_of: Callable[..., SubArray]) -> None:
    charges = bill(TINY, array_of(ROWS, COLUMNS), "1:3")
    counted: Counter[int] = Counter()
    merged = windows = 0
    for work, i_bits in zip(TINY.work, (8, 3, 3), strict=True):
        for _ in range(work.positions * work.groups):
            windows += 1
            for start in range(0, work.dot_length, COLUMNS):
                counted[min(COLUMNS, work.dot_length - start)] += i_bits
                merged += start > 0
    assert rows_done(charges, "read", "input rows, to count their ones") == dict(counted)
    by_name = {c.what: 0.0 for c in charges}
    for c in charges:
        by_name[c.what] += c.count
    for what in ("ones of an input row", "counts of input rows", "shifted counts of input rows"):
        assert by_name[what] == sum(counted.values())
    mappings = [map_layer(work, 1, bits, ROWS, COLUMNS) for work, bits in zip(TINY.work, (8, 3, 3), strict=True)]
    assert sum(c.count for c in charges if c.component == "sum" and c.what == "input sums of segments") == merged
    assert by_name["input sum off every output"] == sum(m.outputs for m in mappings)
    bits = sum(m.positions * m.groups * m.accumulator_bits for m in mappings)
    assert bits_sent(charges, "input sums to the processing unit") == bits


def test_wider_bipolar_weights_shift_and_add_each_count_of_the_inputs_twice(array_of: Callable[..., SubArray]) -> None:
    one, two = ({c.what: c.count for c in bill(TINY, array_of(ROWS, COLUMNS), w)} for w in ("1:3", "2:3"))
    for what in ("counts of input rows", "shifted counts of input rows"):  # of the last layer
        assert two[what] == 2 * one[what] > 0


def test_partial_sums_wait_in_the_image_bank(array_of: Callable[..., SubArray]) -> None:
    network = Network("long", "none", (4, 6, 6), (Convolution("a", 4, 50, kernel=3),))
    array = array_of(16, 18)  # two segments of seven sets of kernels
    mapping = map_layer(network.work[0], 1, 8, 16, 18)
    assert (len(mapping.segments), mapping.copies) == (2, 7)
    whole, small = (network_cost(network, BitWidths(1, 1), FirstLayer.PRACTICAL, array, 1, n) for n in (14, 1))
    rounds = small.layers[0].rounds
    bits = rounds.spilled * mapping.accumulator_bits
    assert rounds.spilled == 16 * (50 + 1)  # every sum of every window, and of the input
    charges = list(small.layers[0].charges)
    assert bits_sent(charges, "partial sums to the Image Bank") == bits
    for component, what in (
        ("write", "partial sums into the Image Bank"),
        ("read", "partial sums from the Image Bank"),
    ):
        assert sum(n * rows for n, rows in rows_done(charges, component, what).items()) == bits
    assert not any("Image Bank" in c.what and "partial" in c.what for c in whole.layers[0].charges)
    assert small.image_bank * 16 * 18 >= 8 * 4 * 36 + rounds.held * mapping.accumulator_bits


@pytest.mark.parametrize(("widths", "words"), [("8:8", 1), ("32:32", 2)])
def test_wide_sums_pass_shifter_and_sum_word_by_word(
    array_of: Callable[..., SubArray], widths: str, words: int
) -> None:
    network = Network("wide", "none", (4, 6, 6), (Convolution("a", 4, 5, kernel=3), FullyConnected("b", 80, 4)))
    charges = bill(network, array_of(80, 64), widths)
    w, i = map(int, widths.split(":"))
    pairs = w * (16 * 5 * 8 + 2 * 4 * i)  # eight bits into the first layer; two segments in the second
    assert sum(c.count for c in charges if c.what == "row ANDs" and c.bits is not None) == pairs
    (first, second) = [c.count for c in charges if c.what == "shifted counts"]
    assert first == 16 * 5 * 8 * w  # 46 bits
    assert second == words * 2 * 4 * w * i  # 71 bits
    quantized = [c.count for c in charges if c.component == "quantizer" and c.what == "sums"]
    assert quantized == [80 * -(-i // 8)]


def test_a_network_that_ends_in_a_pool_gives_its_results_away_behind_it(array_of: Callable[..., SubArray]) -> None:
    network = Network(
        "ends in a pool",
        "none",
        (3, 6, 6),
        (Convolution("a", 3, 4, 3), Convolution("b", 4, 5, 1), Pool("mean", "average", 4, 4)),
    )
    charges = bill(network, array_of(ROWS, COLUMNS), "2:3")
    width = map_layer(network.work[1], 2, 3, ROWS, COLUMNS).accumulator_bits + 1  # a sign
    inner, sums = 4 * 16, 5 * 16
    # The sums of b are not quantized: they wait for the pool as they are, and its five means leave the chip.
    for component in ("batch norm", "activation"):
        assert sum(c.count for c in charges if c.component == component) == inner
    assert sum(c.count for c in charges if c.component == "quantizer") == 3 * 36 + inner
    assert bits_sent(charges, "results to the Image Bank") == 3 * inner + width * sums
    assert bits_sent(charges, "mean: values to the processing unit") == width * sums
    bits = {c.count: c.each.energy for c in charges if c.component == "pooling" and c.action == "sum"}
    assert list(bits) == [sums]
    written = rows_done(charges, "write", "results into the Image Bank")
    assert sum(n * rows for n, rows in written.items()) == 3 * inner + width * sums


def test_pools_of_the_image_keep_its_width_wherever_they_stand(array_of: Callable[..., SubArray]) -> None:
    layers = (
        Convolution("a", 2, 3, 1),
        Pool("p", "max", 1, 1, source="input"),
        Pool("pp", "max", 1, 1, source="p"),
        Pool("q", "max", 1, 1, source="a"),
        Concatenation("both", ("pp", "q")),
        FullyConnected("f", 80, 2),
    )
    charges = bill(Network("side", "none", (2, 4, 4), layers), array_of(ROWS, COLUMNS))
    for name in ("p:", "pp:"):
        assert sum(c.count for c in charges if c.what == f"{name} values to the processing unit") == 2 * 16 * 8
    assert bits_sent(charges, "q: values to the processing unit") == 3 * 16 * 3
    assert bits_sent(charges, "results to the Image Bank") == 3 * 16 * 3 + 2 * 2 * 16 * 8 + 3 * 16 * 3
