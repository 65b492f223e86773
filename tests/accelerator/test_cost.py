"""Network costs: sums, proportions, monotony and residency; the device table is made up, the counts are not."""

from collections.abc import Callable
from math import isfinite
from typing import Any

import pytest

from spintronics.accelerator import NetworkCost, network_cost, training_cost
from spintronics.accelerator.charges import processing
from spintronics.accelerator.image_bank import bank_bits, kept_values, results
from spintronics.array import SubArray
from spintronics.characterize.area import block_area, transistor_area
from spintronics.characterize.device_table import ActionCost
from spintronics.errors import InputError
from spintronics.networks import (
    NETWORKS,
    Addition,
    BitWidths,
    Concatenation,
    Convolution,
    FirstLayer,
    FullyConnected,
    Network,
    Normalization,
    Pool,
    load,
    training_step,
    value_bits,
)

Cost = Callable[..., NetworkCost]


@pytest.fixture
def cost(array_of: Callable[..., SubArray]) -> Cost:
    def costed(
        name: str = "svhn",
        widths: str = "1:1",
        first: str = "seed",
        chip: dict[str, Any] | None = None,
        **other: ActionCost,
    ) -> NetworkCost:
        return network_cost(load(name), BitWidths.parse(widths), FirstLayer(first), array_of(**other), **(chip or {}))

    return costed


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("widths", ["1:1", "1:4", "2:2"])
def test_parts_sum_to_the_total_at_every_level(cost: Cost, name: str, widths: str) -> None:
    found = cost(name, widths)
    assert found.energy == pytest.approx(sum(layer.energy for layer in found.layers))
    assert found.energy == pytest.approx(sum(found.energy_parts.values()))
    assert found.energy == pytest.approx(sum(c.energy for layer in found.layers for c in layer.charges))
    assert found.area == pytest.approx(sum(found.area_parts.values()))
    assert found.area_parts["computational sub-arrays"] == pytest.approx(sum(layer.area for layer in found.layers))
    assert found.leakage == pytest.approx(sum(found.leakage_parts.values()))
    parts = [*found.area_parts.values(), *found.leakage_parts.values()]
    parts += [p for layer in found.layers for p in layer.energy_parts.values()]
    assert all(isfinite(p) and p >= 0 for p in parts)


def test_energy_area_and_latency_grow_with_bits(cost: Cost) -> None:
    for widths in (("1:1", "1:2", "1:3", "1:4"), ("1:2", "2:2", "3:2")):
        for figure in ("energy", "latency", "static_energy"):
            values = [getattr(cost(widths=w), figure) for w in widths]
            assert values == sorted(values)
            assert values[0] < values[-1]
    areas = [cost(widths=w).area for w in ("1:2", "2:2", "4:2")]
    assert areas == sorted(areas)
    assert cost(first="seed").energy > cost(first="practical").energy


def test_each_part_follows_its_own_entry_of_the_device_table(cost: Cost) -> None:
    base = cost()
    for action, part in (
        ("AND", "AND"),
        ("bit-counter", "bit-counter"),
        ("select two rows", "row decoder"),
        ("batch norm", "batch norm"),
        ("quantizer", "quantizer"),
    ):
        entry = next(e for e in base.floorplan.sub_array.table.entries if e.action == action)
        assert entry.cost is not None
        doubled = cost(**{action: ActionCost({n: 2 * j for n, j in entry.cost.parts.items()}, entry.cost.latency)})
        for name, joules in base.energy_parts.items():
            if name == part:
                assert joules < doubled.energy_parts[name] <= 2 * joules * (1 + 1e-9)
            else:
                assert doubled.energy_parts[name] == pytest.approx(joules)


def test_and_energy_is_operations_times_energy_per_bit_without_shared_parts(cost: Cost) -> None:
    found = cost("alexnet", "1:1", "practical", AND=ActionCost({"bit line": 10e-15}, 1e-9))
    # 1873 million ANDs: macs + 7 × macs of the first layer
    assert found.energy_parts["AND"] == pytest.approx(1873.2e6 * 10e-15, rel=1e-4)


def test_every_input_plane_and_result_of_a_network_is_written_once_where_it_is_needed(cost: Cost) -> None:
    bit = ActionCost({"cell": 7e-15}, 1e-9)
    found, network = cost("lenet", "1:2", "practical", write=bit), load("lenet")
    copies = {layer.mapping.layer: layer.mapping.copies for layer in found.layers}
    planes = sum(
        work.positions * work.dot_length * bits * copies[work.name]
        for work, bits in zip(network.work, (8, 2, 2, 2), strict=True)
    )
    inner = sum(work.activations_out for work in network.work[:-1])
    pooled = 20 * 12 * 12 + 50 * 4 * 4
    assert found.energy_parts["write"] == pytest.approx(7e-15 * (planes + 2 * (inner + pooled)))


def test_parallelism_buys_time_with_sub_arrays(cost: Cost) -> None:
    one, four = cost(), cost(chip={"parallelism": 4})
    assert four.sub_arrays == 4 * one.sub_arrays
    assert one.latency / 4 < four.latency < one.latency
    assert four.throughput > one.throughput
    assert four.energy_parts["AND"] == pytest.approx(one.energy_parts["AND"])


def test_kernels_are_streamed_where_the_chip_is_too_small(cost: Cost) -> None:
    resident = cost()
    enough = cost(chip={"sub_arrays": resident.sub_arrays})
    small = cost(chip={"sub_arrays": resident.sub_arrays - 1})
    assert enough.resident
    assert enough.energy == pytest.approx(resident.energy)
    assert not small.resident
    assert resident.kernel_bank == 0 < small.kernel_bank
    assert small.energy_parts["write"] > resident.energy_parts["write"]
    assert small.interval == small.latency > resident.interval


def test_power_is_energy_over_time(cost: Cost) -> None:
    found = cost()
    assert found.leakage > found.sub_arrays * 3e-6  # the bit-counters alone
    assert found.leakage_parts["processing unit"] == pytest.approx(16 * 4e-6)
    assert found.power == pytest.approx((found.energy + found.static_energy) / found.interval)
    assert 0 < found.utilization < 1
    assert found.interval <= found.latency
    assert found.interval >= max(layer.time.total for layer in found.layers)


def test_a_layer_that_fits_no_sub_array_is_named(array_of: Callable[..., SubArray]) -> None:
    with pytest.raises(InputError, match=r"layer conv0: 1 weight and 32 input rows do not fit in 32 rows"):
        network_cost(load("svhn"), BitWidths(1, 1), FirstLayer.SEED, array_of(rows=32))


@pytest.mark.parametrize("chip", [{"parallelism": 0}, {"sub_arrays": 0}, {"sub_arrays": -3}])
def test_a_chip_of_nothing_is_refused(cost: Cost, chip: dict[str, int]) -> None:
    with pytest.raises(InputError, match=r"(parallelism|sub_arrays) = -?\d: must be at least 1"):
        cost(chip=chip)


def test_every_width_up_to_32_bits_is_costed(cost: Cost) -> None:
    widest = cost("alexnet", "32:32")
    assert widest.layers[0].mapping.accumulator_bits == 73  # two passes of the 48-bit Sum
    assert widest.energy_parts["AND"] > 100 * cost("alexnet", "1:4", "practical").energy_parts["AND"]


def test_power_gates_leave_idle_sub_arrays_a_share_of_their_leakage(cost: Cost) -> None:
    on, half, off = (cost(chip={"idle_leakage": share}) for share in (1.0, 0.5, 0.0))
    assert on.powered == on.sub_arrays
    working = sum(layer.mapping.occupied * layer.time.total for layer in off.layers) / off.interval
    assert off.powered == pytest.approx(working)
    assert half.powered == pytest.approx((on.powered + off.powered) / 2)
    assert off.leakage < half.leakage < on.leakage
    assert off.energy == on.energy
    name = "computational sub-arrays"
    assert {k: v for k, v in off.leakage_parts.items() if k != name} == {
        k: v for k, v in on.leakage_parts.items() if k != name
    }


@pytest.mark.parametrize("share", [-0.1, 1.5, float("nan")])
def test_a_share_is_within_0_and_1(cost: Cost, share: float) -> None:
    with pytest.raises(InputError, match=r"idle_leakage = \S+: must be within 0"):
        cost(chip={"idle_leakage": share})


def test_training_step_is_the_forward_pass_and_gradients_at_its_price_of_an_and(cost: Cost) -> None:
    network, widths = load("lenet"), BitWidths(1, 2)
    found = cost("lenet", "1:2", "practical")
    step = training_cost(found, network)
    rows = training_step(network, widths, FirstLayer.PRACTICAL)
    assert step.operations == {
        "forward": sum(row.forward for row in rows),
        "gradient of inputs": sum(row.input_gradient for row in rows),
        "gradient of weights": sum(row.weight_gradient for row in rows),
    }
    assert step.energy["forward"] == found.energy
    array = found.floorplan.sub_array
    inputs = weights = 0.0
    for n, (layer, row) in enumerate(zip(found.layers, rows, strict=True)):
        m = layer.mapping
        joules = array.select("AND").energy * sum(m.row_ands.values())
        for bits, count in m.row_ands.items():
            each = (array.row(array.table.action("AND"), bits), array.bit_count(bits), array.shift(bits))
            joules += count * sum(one.energy for one in (*each, array.accumulate(48)))
        inputs += joules * 8 / m.i_bits if n else 0.0  # W·G ANDs for W·I
        weights += joules * 8 / m.w_bits
        assert row.forward == m.and_operations
    assert step.energy["gradient of inputs"] == pytest.approx(inputs)
    assert step.energy["gradient of weights"] == pytest.approx(weights)
    written = 0.0
    for work in network.work:
        for start in range(0, work.dot_length, array.columns):
            bits = min(array.columns, work.dot_length - start)
            written += work.out_channels * array.operation("write", bits).energy
    sent = 2 * found.floorplan.line.energy * sum(work.weights for work in network.work)
    assert step.rewriting == pytest.approx(written + sent)
    streamed = cost("lenet", "1:2", "practical", chip={"sub_arrays": 2})
    assert not streamed.resident
    assert training_cost(streamed, network).rewriting == 0  # every image writes them
    doubled = training_cost(found, network, 16)
    assert doubled.energy["gradient of inputs"] == pytest.approx(2 * step.energy["gradient of inputs"])
    with pytest.raises(InputError, match=r"gradient_bits = 0"):
        training_cost(found, network, 0)


def test_image_bank_holds_a_value_from_the_layer_that_makes_it_to_the_last_that_takes_it() -> None:
    block = Network(
        "block",
        "none",
        (2, 4, 4),
        (
            Convolution("a", 2, 2, 1),
            Convolution("b", 2, 4, 3, padding=1),
            Pool("p", "max", 2, 2),
            Convolution("c", 4, 2, 1, source="p"),
            Convolution("d", 2, 2, 1, stride=2, source="a"),
            Addition("plus", ("c", "d")),
            FullyConnected("e", 8, 3),
        ),
    )
    kept = kept_values(block, value_bits(block, BitWidths(1, 2), FirstLayer.PRACTICAL))
    image, a, b, p, c, d, plus = 8 * 32, 2 * 32, 2 * 64, 2 * 16, 2 * 8, 2 * 8, 2 * 8
    assert [k.bits for k in kept] == [image, a, b, p, c, d, plus]
    alive = [image + a, a + b, a + b + p, a + p + c, a + c + d, c + d + plus, plus]
    assert bank_bits(kept, len(block.layers), pipelined=False) == max(alive)
    # One image per weighted layer: a goes from the first to the fourth, p from the second to the third.
    assert bank_bits(kept, len(block.layers), pipelined=True) == image + 4 * a + b + 2 * p + 2 * c + d + 2 * plus


def test_a_concatenation_stands_in_the_image_bank_as_its_parts() -> None:
    layers = (
        Convolution("a", 2, 4, 1),
        Pool("p", "max", 1, 1, source="input"),
        Concatenation("both", ("a", "p")),
        Convolution("b", 6, 3, 1),
        FullyConnected("c", 48, 2),
    )
    joined = Network("joined", "none", (2, 4, 4), layers)
    kept = kept_values(joined, value_bits(joined, BitWidths(1, 2), FirstLayer.PRACTICAL))
    assert [(k.bits, k.made, k.last) for k in kept] == [(8 * 32, 0, 1), (2 * 64, 0, 3), (8 * 32, 1, 3), (2 * 48, 3, 4)]


def test_streamed_layers_share_the_chip(cost: Cost) -> None:
    resident, streamed = cost("svhn", "1:1"), cost("svhn", "1:1", chip={"parallelism": 4, "sub_arrays": 9})
    assert sum(layer.area for layer in resident.layers) == pytest.approx(
        resident.area_parts["computational sub-arrays"]
    )
    assert sum(layer.sub_arrays for layer in resident.layers) == resident.sub_arrays
    assert not streamed.resident
    for layer in streamed.layers:
        copies = layer.rounds.copies
        assert layer.sub_arrays == copies * min(layer.mapping.occupied, 9 // copies) <= 9
        assert layer.area == 0
    assert streamed.powered == streamed.sub_arrays
    gated = cost("svhn", "1:1", chip={"parallelism": 4, "sub_arrays": 9, "idle_leakage": 0.0})
    mean = sum(layer.sub_arrays * layer.time.total for layer in gated.layers) / gated.latency
    assert gated.powered == pytest.approx(mean)


def test_wide_values_pass_the_processing_unit_in_several_passes(cost: Cost) -> None:
    narrow, wide = cost("svhn", "1:1"), cost("svhn", "8:32")
    lanes = -(-wide.layers[1].mapping.outputs // wide.layers[1].mapping.positions // 16)
    # Batch normalization of 16 by 8 bits: eight passes of 0.3 ns; the clipped activation's 0.4 ns come twice.
    assert wide.layers[1].time.process == pytest.approx(lanes * 8 * 0.3e-9)
    assert narrow.layers[1].time.process == pytest.approx(lanes * 0.5e-9)  # the Sum, for the sum of the inputs


def test_the_one_processing_unit_bounds_the_pace(array_of: Callable[..., SubArray]) -> None:
    layers = tuple(Convolution(f"c{n}", 64, 64, 1) for n in range(8))
    network = Network("many", "none", (64, 32, 32), layers)
    slow = array_of(quantizer=ActionCost({"gates": 2e-13}, 1e-7))
    found = network_cost(network, BitWidths(1, 2), FirstLayer.PRACTICAL, slow)
    busy = sum(layer.time.windows * layer.time.process for layer in found.layers)
    assert busy > max(layer.time.total for layer in found.layers)
    assert found.interval >= busy


def test_normalizations_behind_weights_are_done_with_the_sums(array_of: Callable[..., SubArray]) -> None:
    def costed(*layers: Convolution | Normalization | FullyConnected | Addition) -> NetworkCost:
        network = Network("norm", "none", (4, 6, 6), layers)
        return network_cost(network, BitWidths(1, 2), FirstLayer.PRACTICAL, array_of())

    a, c = Convolution("a", 4, 4, 3, padding=1), FullyConnected("c", 144, 2)
    plain, folded = costed(a, c), costed(a, Normalization("n", 4), c)
    assert folded.energy == pytest.approx(plain.energy)  # the slides' unit normalizes every layer's sums
    before = costed(Normalization("n", 4), a, c)
    moved = {charge.what for layer in before.layers for charge in layer.charges if "n: " in charge.what}
    assert len(moved) == 3  # of the image, it has a way of its own: read, sent, and its quantizer
    assert before.energy_parts["read"] > plain.energy_parts["read"]
    assert before.energy_parts["batch norm"] > plain.energy_parts["batch norm"]  # the layers' sums as without it
    results = costed(a, c, Normalization("last", 2))
    assert results.energy_parts["batch norm"] < plain.energy_parts["batch norm"]  # two results alone


def test_normalizations_elsewhere_keep_their_places(array_of: Callable[..., SubArray]) -> None:
    def batch_norms(*layers: Convolution | Normalization | FullyConnected | Addition) -> dict[str, float]:
        network = Network("norm", "none", (4, 6, 6), layers)
        found = network_cost(network, BitWidths(1, 2), FirstLayer.PRACTICAL, array_of())
        charges = [c for layer in found.layers for c in layer.charges if c.component == "batch norm"]
        return {charge.what: charge.count for charge in charges}

    a, b = Convolution("a", 4, 4, 3, padding=1), Convolution("b", 4, 4, 1)
    plus, n, c = Addition("plus", ("a", "b")), Normalization("n", 4), FullyConnected("c", 144, 2)
    # Behind an addition: of its values, and of no layer's sums.
    assert batch_norms(a, b, plus, n, c) == {"values": 144}
    # Of a layer that an addition takes too: its sums are needed as they are.
    also = Addition("plus", ("a", "n"))
    assert batch_norms(a, n, also, c) == {"values": 144}
    assert batch_norms(a, n, Convolution("b", 4, 4, 1), Addition("plus", ("n", "b")), c) == {"sums": 144}


def test_every_layer_that_takes_the_image_takes_its_width(array_of: Callable[..., SubArray]) -> None:
    layers = (
        Convolution("a", 2, 3, 1),
        Convolution("b", 2, 3, 1, source="input"),
        Addition("plus", ("a", "b")),
        FullyConnected("f", 48, 2),
    )
    network = Network("stems", "none", (2, 4, 4), layers)
    found = network_cost(network, BitWidths(1, 2), FirstLayer.PRACTICAL, array_of())
    assert [layer.mapping.i_bits for layer in found.layers] == [8, 8, 2]
    rows = training_step(network, BitWidths(1, 2), FirstLayer.PRACTICAL)
    assert [row.forward for row in rows] == [16 * 6 * 8, 16 * 6 * 8, 96 * 2]
    assert [row.input_gradient for row in rows] == [0, 0, 96 * 8]


def test_a_concatenation_at_the_end_leaves_the_chip_in_its_parts() -> None:
    layers = (Convolution("a", 2, 3, 1), Convolution("b", 3, 4, 1), Convolution("c", 3, 5, 1, source="a"))
    network = Network("ends", "none", (2, 4, 4), (*layers, Concatenation("both", ("b", "c"))))
    assert results(network) == {"b", "c", "both"}
    kept = kept_values(network, value_bits(network, BitWidths(1, 2), FirstLayer.PRACTICAL))
    assert [k.bits for k in kept] == [8 * 32, 2 * 48]
    taken_twice = Network("twice", "none", (2, 4, 4), (*layers, Concatenation("both", ("a", "b", "c"))))
    assert results(taken_twice) == {"b", "c", "both"}


@pytest.mark.parametrize("chip", [{"sub_arrays": 10**12}, {"parallelism": 10**9}, {"parallelism": 2**20}])
def test_a_chip_beyond_all_bounds_is_refused(cost: Cost, chip: dict[str, int]) -> None:
    with pytest.raises(InputError, match=r"at most 1048576"):
        cost(chip=chip)


def test_every_lane_has_what_compares_two_values(cost: Cost) -> None:
    found = cost()
    technology, columns = found.floorplan.sub_array.technology, found.floorplan.sub_array.columns
    blocks = sum(block_area(technology, block) for block in processing(columns).values())
    gates = sum(transistor_area(technology, gate, w=90e-9, copies=1) for gate in ("full_adder", "mux2"))
    assert found.area_parts["processing unit"] == pytest.approx(16 * (blocks + 8 * gates))
