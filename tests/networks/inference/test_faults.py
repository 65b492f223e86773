"""Errors against explicit flips of every AND and against exact binomial sums; static faults by construction."""

from collections.abc import Callable, Iterator
from dataclasses import astuple
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import binom, chi2_contingency, chisquare

from spintronics.errors import InputError
from spintronics.networks import Convolution, FullyConnected
from spintronics.networks.datasets import ImageSet
from spintronics.networks.inference import (
    Accuracy,
    AccuracyUnderErrors,
    ArrayErrors,
    BitwiseNetwork,
    Coding,
    Engine,
    ErrorModel,
    Format,
    PlaneAnds,
    StaticFaults,
    SubArray,
    Weighted,
    access_errors,
    accuracy_under_errors,
    bitcounts,
    infer,
)
from spintronics.networks.inference.access_errors import are_few
from spintronics.networks.inference.engines import Disturbance, accumulate
from spintronics.networks.inference.faults import Readings
from spintronics.networks.inference.packing import Words

Array = npt.NDArray[Any]

BIT = Format(1, Coding.UNSIGNED)
LENGTH = 100
PAIRS = {(1, 1): 30, (1, 0): 20, (0, 1): 15, (0, 0): 35}
"""(weight, input) → how many of the 100 ANDs."""
SAMPLES = 20_000

MODELS = {
    "different rates": ErrorModel(p11=0.10, p10=0.03, p01=0.2, p00=0.05),
    "small rates": ErrorModel(p11=0.01, p10=0.015, p01=0.005, p00=0.019),
    "large rates": ErrorModel(p11=0.9, p10=0.6, p01=1.0, p00=0.5),
    "11 alone": ErrorModel(p11=0.013),
    "10 alone": ErrorModel(p10=0.018),
    "01 alone": ErrorModel(p01=0.3),
    "00 alone": ErrorModel(p00=0.004),
}


def one_count() -> tuple[Weighted, Array]:
    """A single bitcount with the pairs above, the same in every image."""
    weights = np.concatenate([np.full(count, pair[0]) for pair, count in PAIRS.items()])
    inputs = np.concatenate([np.full(count, pair[1]) for pair, count in PAIRS.items()])
    layer = Weighted(FullyConnected("fc", LENGTH, 1, bias=False), weights[None], BIT, BIT)
    return layer, np.broadcast_to(inputs, (SAMPLES, 1, 1, LENGTH))


def exact_distribution(errors: ErrorModel) -> Array:
    """Probability of each reading, 0 to 100: four binomial distributions convolved."""
    kept = binom.pmf(np.arange(31), PAIRS[1, 1], 1 - errors.p11)
    others = [(PAIRS[1, 0], errors.p10), (PAIRS[0, 1], errors.p01), (PAIRS[0, 0], errors.p00)]
    return reduce(np.convolve, [binom.pmf(np.arange(n + 1), n, p) for n, p in others], kept)


def flips(errors: ErrorModel, random: np.random.Generator, length: int = LENGTH) -> Callable[[PlaneAnds], Words]:
    """A hook that flips every AND by itself."""

    def bits(words: Words) -> Array:
        octets = np.ascontiguousarray(words).view(np.uint8)
        return np.unpackbits(octets, axis=-1, bitorder="little")[..., :length].astype(int)

    def hook(seen: PlaneAnds) -> Words:
        pairs = 2 * bits(seen.weights)[None] + bits(seen.inputs)[:, None]
        p = np.array([errors.p00, errors.p01, errors.p10, errors.p11])[pairs]
        wrong = np.zeros((*pairs.shape[:-1], -(-length // 64) * 64), bool)
        wrong[..., :length] = random.random(pairs.shape) < p
        altered: Words = seen.bits ^ np.packbits(wrong, axis=-1, bitorder="little").view(np.uint64)
        return altered

    return hook


def binned(samples: list[Array], expected: Array) -> tuple[list[Array], Array]:
    """Histograms over readings, neighbours put together until each bin expects 20 or more; expected counts."""
    edges = [0]
    total = 0.0
    for reading, probability in enumerate(expected):
        total += probability * SAMPLES
        if total >= 20 and expected[reading + 1 :].sum() * SAMPLES >= 20:
            edges.append(reading + 1)
            total = 0.0
    starts = np.array(edges)
    histograms = [np.add.reduceat(np.bincount(s.ravel(), minlength=LENGTH + 1), starts) for s in samples]
    return histograms, np.add.reduceat(expected, starts) * SAMPLES


@pytest.mark.parametrize("errors", MODELS.values(), ids=MODELS)
def test_readings_are_distributed_as_flips_of_every_and(errors: ErrorModel) -> None:
    layer, x = one_count()
    drawn = accumulate(Engine.BLAS, layer, x, Disturbance(errors, np.random.default_rng(1)))
    flipped = accumulate(Engine.PLANES, layer, x, hook=flips(errors, np.random.default_rng(2)))
    histograms, expected = binned([drawn, flipped], exact_distribution(errors))
    assert len(expected) >= 3
    for histogram in histograms:
        assert chisquare(histogram, expected).pvalue > 1e-3
    assert chi2_contingency(np.array(histograms)).pvalue > 1e-3


def test_wrong_readings_of_neighbours_are_independent() -> None:
    """Small rates draw a whole layer in one go: the sums must not know of each other."""
    layer, x = one_count()
    sums = accumulate(Engine.BLAS, layer, x, Disturbance(MODELS["small rates"], np.random.default_rng(3))).ravel()
    assert abs(np.corrcoef(sums[:-1], sums[1:])[0, 1]) < 4 / SAMPLES**0.5
    half = SAMPLES // 2
    assert chi2_contingency([np.bincount(s, minlength=60)[27:34] for s in (sums[:half], sums[half:])]).pvalue > 1e-3


def one_tap(weights: Array, images: int) -> tuple[Weighted, Array]:
    """Bitcounts over a single AND, input 1."""
    layer = Weighted(FullyConnected("fc", 1, len(weights), bias=False), weights[:, None], BIT, BIT)
    return layer, np.ones((images, 1, 1, 1), int)


def test_no_bitcount_has_more_wrong_readings_than_ands() -> None:
    """Counts of 0 and 1 beside each other, a rate at which wrong readings are found by their gaps."""
    layer, x = one_tap(np.arange(1000) % 2, 1)
    errors = ErrorModel(p11=0.019)
    assert are_few(layer, errors)
    for seed in range(100):
        read = accumulate(Engine.BLAS, layer, x, Disturbance(errors, np.random.default_rng(seed))).ravel()
        assert ((read >= 0) & (read <= np.arange(1000) % 2)).all()


def test_first_and_last_and_err_as_often_as_any() -> None:
    runs = 8000
    layer, x = one_tap(np.ones(3, int), 1)
    random = np.random.default_rng(1)
    wrong = sum(
        1 - accumulate(Engine.BLAS, layer, x, Disturbance(ErrorModel(p11=0.015), random)).ravel() for _ in range(runs)
    )
    assert (np.abs(wrong - runs * 0.015) < 4 * (runs * 0.015) ** 0.5).all()


class AlwaysNext(np.random.Generator):
    """A stream in which every trial succeeds, however unlikely."""

    def standard_exponential(self, *_: Any, out: Any = None, **__: Any) -> Any:
        out[...] = 0
        return out


@pytest.mark.parametrize("compiled", [False, True])
def test_errors_beyond_the_first_draw_of_gaps_follow_on(compiled: bool, implementation: Callable[[bool], None]) -> None:
    """Far more wrong readings than expected: gaps are drawn again and again, and no AND is left out or errs twice."""
    implementation(compiled)
    f = Format(2, Coding.UNSIGNED)
    layer = Weighted(FullyConnected("fc", 500, 5, bias=False), np.arange(2500).reshape(5, 500) % 4, f, f)
    x = np.arange(1500).reshape(3, 1, 1, 500) % 3
    stream = AlwaysNext(np.random.Philox(1))
    read = accumulate(Engine.BLAS, layer, x, Disturbance(ErrorModel(*(1e-3,) * 4), stream))
    assert (read.reshape(3, 5) == 9 * 500 - x.reshape(3, 500) @ layer.weights.T).all()
    read = accumulate(Engine.BLAS, layer, x, Disturbance(ErrorModel(p11=1e-3), stream))
    assert (read == 0).all()


@pytest.fixture
def implementation(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[bool], None]]:
    """Take the compiled loops, or NumPy."""

    def take(compiled: bool) -> None:
        if compiled:
            pytest.importorskip("numba", reason="numba is not installed")
        for module in (access_errors, bitcounts):
            module._implementation.cache_clear()
            monkeypatch.setattr(module, "is_compiled", lambda: compiled)

    yield take
    for module in (access_errors, bitcounts):
        module._implementation.cache_clear()


@pytest.mark.parametrize("seed", range(12))
def test_compiled_or_not_the_sums_are_the_same(
    seed: int, random_layer: Callable[[int], tuple[Weighted, Array]], implementation: Callable[[bool], None]
) -> None:
    layer, images = random_layer(seed)
    x = images.transpose(0, 2, 3, 1)
    errors = ErrorModel(p11=0.01, p10=0.02, p01=0.005, p00=0.015)
    readings = StaticFaults(errors).readings(layer, np.random.default_rng(seed)) if seed % 2 else None
    assert are_few(layer, errors)

    def sums(compiled: bool) -> Array:
        implementation(compiled)
        return accumulate(Engine.PLANES, layer, x, Disturbance(errors, np.random.default_rng(seed), readings))

    assert (sums(True) == sums(False)).all()


@pytest.mark.parametrize(("rate", "few"), [(0.02, True), (0.8, False)], ids=["found one by one", "drawn by bitcount"])
@pytest.mark.parametrize("pair", [None, "p11", "p10", "p01", "p00"])
def test_sums_of_several_planes_are_distributed_as_flips(rate: float, few: bool, pair: str | None) -> None:
    """2-bit weights, 3-bit inputs, groups, padding: many times each of three images, sums of three places."""
    layer, x = conv(np.random.default_rng(1))
    errors = ErrorModel(0.9 * rate, 0.7 * rate, 0.6 * rate, rate) if pair is None else ErrorModel(**{pair: rate})
    assert are_few(layer, errors) == few
    many = np.repeat(x, 1500, axis=0)
    drawn = accumulate(Engine.BLAS, layer, many, Disturbance(errors, np.random.default_rng(7)))
    flipped = accumulate(Engine.PLANES, layer, many, hook=flips(errors, np.random.default_rng(8), layer.dot_length))
    for place in ((0, 0, 0), (2, 2, 1), (4, 3, 5)):
        a, b = (sums[:1500, *place] for sums in (drawn, flipped))
        edges = np.unique(np.quantile(np.concatenate([a, b]), np.linspace(0, 1, 7)))
        counts = np.array([np.histogram(values, edges)[0] for values in (a, b)])
        counts = counts[:, counts.sum(axis=0) > 0]
        assert counts.shape[1] == 1 or chi2_contingency(counts).pvalue > 1e-4


@pytest.mark.parametrize("p", [1e-18, 1e-9])
def test_rates_of_next_to_nothing(p: float) -> None:
    layer, x = one_count()
    sums = accumulate(Engine.BLAS, layer, x, Disturbance(ErrorModel(p, p, p, p), np.random.default_rng(1)))
    assert (sums == PAIRS[1, 1]).all()


def test_planes_count_by_their_weight() -> None:
    """Every AND of 1 and 1 fails: nothing is left; every AND of 0 and 0 fails: each pair of planes adds its own."""
    f = Format(3, Coding.UNSIGNED)
    layer = Weighted(FullyConnected("fc", 4, 1, bias=False), np.array([[5, 7, 0, 1]]), f, f)
    x = np.array([3, 7, 6, 0]).reshape(1, 1, 1, 4)
    stream = np.random.default_rng(1)
    assert accumulate(Engine.BLAS, layer, x, Disturbance(ErrorModel(p11=1), stream)).item() == 0
    zeros = sum((7 - w) * (7 - v) for w, v in ((5, 3), (7, 7), (0, 6), (1, 0)))
    sums = accumulate(Engine.BLAS, layer, x, Disturbance(ErrorModel(p00=1), stream)).item()
    assert sums == 5 * 3 + 7 * 7 + zeros


@pytest.mark.parametrize("key", ["p11", "p10", "p01", "p00"])
@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_what_is_no_probability(key: str, p: float) -> None:
    with pytest.raises(InputError, match=rf"error model: {key} = {p}: must be a probability, 0 to 1"):
        ErrorModel(**{key: p})


# --- static faults ----------------------------------------------------------------------------------------------------


def conv(random: np.random.Generator) -> tuple[Weighted, Array]:
    """2-bit weights, 3-bit inputs, two groups, padding."""
    shape = Convolution("conv", 4, 6, kernel=3, padding=1, groups=2, bias=False)
    weights = random.choice([-3, -1, 1, 3], (6, 2, 3, 3))
    layer = Weighted(shape, weights, Format(2, Coding.BIPOLAR), Format(3, Coding.TWOS_COMPLEMENT))
    return layer, random.integers(-4, 4, (3, 5, 5, 4))


def weight_bits(layer: Weighted) -> Array:
    return np.stack([layer.row_codes >> n & 1 for n in range(layer.weight_format.bits)]) == 1


@pytest.mark.parametrize("engine", Engine)
def test_faults_by_the_pair_they_are_for(engine: Engine) -> None:
    """A cell weak for the pair (w, x) reads the wrong value there and the right one everywhere else: tap by tap."""
    layer, x = conv(np.random.default_rng(1))
    rates = ErrorModel(0.3, 0.2, 0.1, 0.4)
    readings = StaticFaults(rates).readings(layer, np.random.default_rng(2))
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    right = np.zeros((3, 5, 5, 6), int)
    for out in range(6):
        group, within = divmod(out, 3)
        for i, j in np.ndindex(5, 5):
            window = padded[:, i : i + 3, j : j + 3, 2 * group : 2 * group + 2].reshape(3, 18)
            total = -3 * window.sum(axis=1)
            for n, p in enumerate((2, 4)):
                for m, q in enumerate((1, 2, -4)):
                    bits = window >> m & 1 == 1
                    one, zero = readings.on_one[n, group, within], readings.on_zero[n, group, within]
                    total += p * q * np.where(bits, one, zero).sum(axis=1)
            right[:, i, j, out] = total
    assert (accumulate(engine, layer, x, readings) == right).all()


def test_share_of_weak_cells() -> None:
    layer = Weighted(FullyConnected("fc", 5000, 40, bias=False), np.arange(200_000).reshape(40, 5000) % 2, BIT, BIT)
    rates = ErrorModel(p11=0.1, p10=0.02, p01=0.03, p00=0.2)
    readings = StaticFaults(rates).readings(layer, np.random.default_rng(1))
    ones = weight_bits(layer)
    wrong = [~readings.on_one[ones], readings.on_zero[ones], readings.on_one[~ones], readings.on_zero[~ones]]
    for share, p in zip(wrong, astuple(rates), strict=True):
        assert abs(share.mean() - p) < 4 * (p * (1 - p) / 100_000) ** 0.5


def test_weak_cell_stays_weak() -> None:
    """The same image anywhere in the set reads the same, and so does every seed a different way."""
    layer, x = conv(np.random.default_rng(1))
    same = np.repeat(x[:1], 4, axis=0)

    def sums(seed: int) -> Array:
        return accumulate(
            Engine.BLAS, layer, same, StaticFaults(ErrorModel(0.2, 0.2)).readings(layer, np.random.default_rng(seed))
        )

    assert (sums(1) == sums(1)[:1]).all()
    assert (sums(1) == sums(1)).all()
    assert (sums(1) != sums(2)).any()


def test_weak_columns_are_shared_by_all_rows_of_a_sub_array() -> None:
    """10 rows: three 3-bit input rows leave three kernels of two planes; 5 columns: 18 taps take four segments."""
    layer, _ = conv(np.random.default_rng(1))
    all_ones = Weighted(layer.shape, np.full_like(layer.weights, 3), layer.weight_format, layer.input_format)

    def weak(rows: int) -> Readings:
        faults = StaticFaults(ErrorModel(p11=0.5), SubArray(rows, 5))
        return faults.readings(all_ones, np.random.default_rng(1))

    together = ~weak(10).on_one
    assert together.shape == (2, 2, 3, 18)
    assert (together == together[:1, :, :1]).all()
    assert (together[0, 0, 0] != together[0, 1, 0]).any()
    apart = ~weak(8).on_one  # two kernels in a sub-array: the third is in another
    assert (apart[:, :, 0] == apart[:, :, 1]).all()
    assert (apart[:, :, 0] != apart[:, :, 2]).any()


def test_sub_array_without_room_for_a_kernel() -> None:
    layer, _ = conv(np.random.default_rng(1))
    faults = StaticFaults(ErrorModel(), SubArray(4, 5))
    with pytest.raises(InputError, match="layer conv: 2 weight and 3 input rows do not fit in 4 rows: must be at l"):
        faults.readings(layer, np.random.default_rng(1))


# --- real network -----------------------------------------------------------------------------------------------------


def test_same_seed_same_scores_in_both_engines(lfc: BitwiseNetwork, mnist: ImageSet) -> None:
    for errors in (ErrorModel(0.01, 0.05, 0.02, 0.01), StaticFaults(ErrorModel(0.02, 0.01))):
        planes, blas, again, other = (
            infer(lfc, mnist.images[:40], engine, errors, seed).scores
            for engine, seed in ((Engine.PLANES, 1), (Engine.BLAS, 1), (Engine.BLAS, 1), (Engine.BLAS, 2))
        )
        assert (planes == blas).all()
        assert (blas == again).all()
        assert (blas != other).any()


def test_accuracy_falls_with_the_error_rate(lfc: BitwiseNetwork, mnist: ImageSet) -> None:
    rates = [ErrorModel(p, p, p, p) for p in (0.0, 0.01, 0.5)]
    ideal, some, coin = accuracy_under_errors(lfc, mnist.images[:200], mnist.labels[:200], rates, range(3))
    assert ideal.accuracies == (infer(lfc, mnist.images[:200]).accuracy(mnist.labels[:200]),) * 3
    assert ideal.interval() == (ideal.mean, ideal.mean)
    assert coin.interval()[1] < some.interval()[0]
    assert some.mean < ideal.mean
    assert coin.mean < 0.25  # every AND is a coin: ten classes by chance
    with pytest.raises(InputError, match="an interval over 1 seed: needs at least 2"):
        AccuracyUnderErrors(rates[0], ideal.accuracies[:1]).interval()


def test_interval_over_seeds() -> None:
    """Rates 0.8 and 0.9: mean 0.85, standard error 0.05, Student's t of one degree of freedom 12.7062."""
    two = AccuracyUnderErrors(ErrorModel(), (Accuracy(80, 100), Accuracy(90, 100)))
    assert two.interval() == pytest.approx((0.85 - 0.05 * 12.7062, 1.0), abs=1e-4)
    assert two.interval(0.5) == pytest.approx((0.80, 0.90))  # t of one degree of freedom at 75 % is 1


# --- both kinds at once, and by layer ---------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", Engine)
def test_weak_cells_and_certain_errors_tap_by_tap(engine: Engine) -> None:
    """Errors of probability 0 or 1: a reading is wrong where the cell is weak or the access errs."""
    layer, x = conv(np.random.default_rng(1))
    access = ErrorModel(p11=1, p00=1)
    readings = StaticFaults(ErrorModel(0.3, 0.2, 0.1, 0.4)).readings(layer, np.random.default_rng(2))
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    right = np.zeros((3, 5, 5, 6), int)
    bits_of_weights = weight_bits(layer)
    for out in range(6):
        group, within = divmod(out, 3)
        for i, j in np.ndindex(5, 5):
            window = padded[:, i : i + 3, j : j + 3, 2 * group : 2 * group + 2].reshape(3, 18)
            total = -3 * window.sum(axis=1)
            for n, p in enumerate((2, 4)):
                w = bits_of_weights[n, group, within]
                one, zero = readings.on_one[n, group, within], readings.on_zero[n, group, within]
                for m, q in enumerate((1, 2, -4)):
                    b = window >> m & 1 == 1
                    weak = np.where(b, one != w, zero)
                    errs = w == b
                    total += p * q * ((w & b) ^ (weak | errs)).sum(axis=1)
            right[:, i, j, out] = total
    disturbance = Disturbance(access, np.random.default_rng(3), readings)
    assert (accumulate(engine, layer, x, disturbance) == right).all()


@pytest.mark.parametrize("name", ["different rates", "small rates"])
def test_errors_beside_weak_cells_are_distributed_as_flips(name: str) -> None:
    """Of the 100 ANDs some are weak; each other one flips by itself: binomials of what is left, convolved."""
    layer, x = one_count()
    errors = MODELS[name]
    readings = StaticFaults(ErrorModel(0.3, 0.3, 0.3, 0.3)).readings(layer, np.random.default_rng(4))
    w, b = layer.rows[0, 0] == 1, x[0].ravel() == 1
    reads = np.where(b, readings.on_one.ravel(), readings.on_zero.ravel())
    distribution = np.ones(1)
    for weight, bit in PAIRS:
        of_pair = (w == weight) & (b == bit)
        right = int((of_pair & (reads == (w & b))).sum())
        wrong = int(of_pair.sum()) - right
        p = errors.by_pair[weight, bit]
        assert wrong
        stays = binom.pmf(np.arange(right + 1), right, 1 - p if weight & bit else p)
        fixed = np.zeros(wrong + 1)
        fixed[0 if weight & bit else wrong] = 1
        distribution = np.convolve(distribution, np.convolve(stays, fixed))
    sums = accumulate(Engine.BLAS, layer, x, Disturbance(errors, np.random.default_rng(5), readings))
    histograms, expected = binned([sums], distribution)
    assert len(expected) >= 3
    assert chisquare(histograms[0], expected).pvalue > 1e-3


def test_either_kind_alone_is_the_other_at_rate_zero(lfc: BitwiseNetwork, mnist: ImageSet) -> None:
    errors, none = ErrorModel(0.01, 0.05, 0.02, 0.01), ErrorModel()
    images = mnist.images[:20]
    for engine in Engine:
        both = infer(lfc, images, engine, ArrayErrors(errors, StaticFaults(none)), 1).scores
        assert (both == infer(lfc, images, engine, errors, 1).scores).all()
        both = infer(lfc, images, engine, ArrayErrors(none, StaticFaults(errors)), 1).scores
        assert (both == infer(lfc, images, engine, StaticFaults(errors), 1).scores).all()


def test_errors_by_layer(lfc: BitwiseNetwork, mnist: ImageSet) -> None:
    """All layers named is none named; one layer alone: that layer's errors on the ideal sums of those before."""
    errors = ArrayErrors(ErrorModel(0.01, 0.05, 0.02, 0.01), StaticFaults(ErrorModel(0.02, 0.01)))
    images = mnist.images[:20]
    names = [layer.name for layer in lfc.weighted]
    together = infer(lfc, images, errors=errors, seed=2).scores
    assert (infer(lfc, images, errors=dict.fromkeys(names, errors), seed=2).scores == together).all()
    assert (infer(lfc, images, errors={}).scores == infer(lfc, images).scores).all()
    one = {names[-1]: ErrorModel(p11=1, p10=1, p01=1, p00=1)}
    codes = []

    def keep(seen: PlaneAnds) -> Words:
        if seen.layer is lfc.weighted[-1]:
            codes.append(np.unpackbits(seen.inputs.view(np.uint8), axis=-1, bitorder="little")[:, :1024].astype(int))
        return seen.bits

    infer(lfc, images, Engine.PLANES, hook=keep)
    weights, x = lfc.weighted[-1].row_codes[0].astype(int), codes[0]
    counts = 1024 - x @ weights.T  # every AND wrong
    sums = 4 * counts - 2 * weights.sum(axis=1) - 2 * x.sum(axis=1)[:, None] + 1024
    assert (infer(lfc, images, errors=one).scores == sums).all()
    with pytest.raises(InputError, match=f"errors of layer conv9: network {lfc.name} has fc0, fc1, fc2, fc3"):
        infer(lfc, images, errors={"conv9": ErrorModel()})


def test_branches_are_refused() -> None:
    """Two layers on one source leave an output that no layer takes: there is nothing that adds."""
    layers = tuple(
        Weighted(FullyConnected(name, 4, 4, bias=False, source=source), np.ones((4, 4), int), BIT, BIT)
        for name, source in (("a", None), ("b", "input"))
    )
    with pytest.raises(InputError, match="network n, layer a: its output is not used: a later layer must take it"):
        BitwiseNetwork("n", "none", (4, 1, 1), BIT, layers, tuple("0123"))
