"""A network with its weights, run image by image on the array's arithmetic, with and without errors."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from spintronics.errors import InputError
from spintronics.networks.inference.engines import Disturbance, Engine, Hook, accumulate, faster
from spintronics.networks.inference.faults import ArrayErrors, ErrorModel, Errors, Readings, StaticFaults
from spintronics.networks.inference.formats import Format, IntArray
from spintronics.networks.inference.layers import InferenceLayer, Kind, NumberArray, Weighted, pooled_kind
from spintronics.networks.inference.windows import pool
from spintronics.networks.layers import Network, Pool, Shape

_BLOCK = 2**23  # numbers that a layer takes or gives at once, which bounds the memory


@dataclass(frozen=True, eq=False)
class BitwiseNetwork:
    """A chain of layers with weights; checked when made.

    Attributes:
        name, dataset: for tables.
        input_shape: (channels, height, width) of an image.
        input_format: of its values.
        layers: in order; their shapes and what they hold must chain.
        classes: names of the outputs.
    Raises:
        InputError: branches (`source`), shapes or formats that do not chain, two layers of one name, or another number
            of outputs than classes.  The message names the layer.

    >>> from spintronics.networks import FullyConnected
    >>> from spintronics.networks.inference import PIXELS, SIGN
    >>> fc = Weighted(FullyConnected("fc", 4, 2, bias=False), np.array([[1, -1, 1, 1], [-1, 1, -1, 1]]), SIGN, PIXELS)
    >>> net = BitwiseNetwork("tiny", "none", (1, 2, 2), PIXELS, (fc,), ("odd", "even"))
    >>> infer(net, np.array([[[[1, 2], [3, 4]]]])).scores.tolist()
    [[6, 2]]
    """

    name: str
    dataset: str
    input_shape: Shape
    input_format: Format
    layers: tuple[InferenceLayer, ...]
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        names = [layer.name for layer in self.layers]
        for name in names:
            if names.count(name) > 1:
                raise InputError(f"network {self.name}: {names.count(name)} layers named {name}: names must differ")
        for shape in self.network.layers:
            if getattr(shape, "end_padding", 0):
                raise InputError(f"network {self.name}, layer {shape.name}: end_padding: must be 0")
        shapes = iter(self.network.shapes)
        kind: Kind = self.input_format
        channels = self.input_shape[0]
        for layer in self.layers:
            try:
                kind = pooled_kind(layer, kind) if isinstance(layer, Pool) else layer.kind(kind, channels)
            except InputError as error:
                raise InputError(f"network {self.name}, {error}") from None
            if isinstance(layer, Weighted | Pool):
                channels = next(shapes)[0]
        outputs = int(np.prod(self.network.shapes[-1]))
        if outputs != len(self.classes):
            raise InputError(f"network {self.name}: {len(self.classes)} classes: must be {outputs}, its outputs")

    @cached_property
    def network(self) -> Network:
        """Its shapes alone, for counts, storage and costs."""
        shapes = tuple(
            layer.shape if isinstance(layer, Weighted) else layer
            for layer in self.layers
            if isinstance(layer, Weighted | Pool)
        )
        return Network(self.name, self.dataset, self.input_shape, shapes)

    @cached_property
    def weighted(self) -> tuple[Weighted, ...]:
        """Its layers with weights, in order: those of `network.work`."""
        return tuple(layer for layer in self.layers if isinstance(layer, Weighted))


@dataclass(frozen=True, eq=False)
class InferenceResult:
    """What a network says of images.

    Attributes:
        network: its name.
        scores: (images, classes); int64, or float64 where the last layer is a normalization.
    """

    network: str
    scores: NumberArray

    @property
    def predictions(self) -> IntArray:
        """Index of each image's class: the highest score, the first of equal ones."""
        predictions: IntArray = self.scores.argmax(axis=1)
        return predictions

    def accuracy(self, labels: IntArray) -> "Accuracy":
        """Against the true classes, (images,).

        Raises:
            InputError: another number of labels than images.
        """
        if labels.shape != self.predictions.shape:
            raise InputError(f"labels of shape {labels.shape}: must be {self.predictions.shape}, one per image")
        return Accuracy(int((self.predictions == labels).sum()), len(labels))


@dataclass(frozen=True)
class Accuracy:
    """Images classified correctly.

    >>> a = Accuracy(9834, 10_000)
    >>> f"{a.rate:.2%}, {a.interval()[0]:.2%} to {a.interval()[1]:.2%}"
    '98.34%, 98.07% to 98.58%'
    """

    correct: int
    images: int

    @property
    def rate(self) -> float:
        """Share of the images."""
        return self.correct / self.images

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Clopper–Pearson, for images that stand for others."""
        from scipy.stats import binomtest

        low, high = binomtest(self.correct, self.images).proportion_ci(confidence, method="exact")
        return float(low), float(high)


@dataclass(frozen=True)
class AccuracyUnderErrors:
    """Accuracy of one network on one set of images with one kind of errors, once per seed."""

    errors: Errors | Mapping[str, Errors]
    accuracies: tuple[Accuracy, ...]

    @property
    def mean(self) -> float:
        """Over the seeds."""
        return float(np.mean([accuracy.rate for accuracy in self.accuracies]))

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Of the mean over all draws of errors, on these very images: Student's t over the seeds, within 0 to 1.

        Raises:
            InputError: fewer than two seeds.
        """
        from scipy.stats import t

        rates = np.array([accuracy.rate for accuracy in self.accuracies])
        if len(rates) < 2:
            raise InputError(f"accuracy under errors: an interval over {len(rates)} seed: needs at least 2")
        half = float(t.ppf((1 + confidence) / 2, len(rates) - 1) * rates.std(ddof=1) / len(rates) ** 0.5)
        return max(0.0, self.mean - half), min(1.0, self.mean + half)


def infer(
    network: BitwiseNetwork,
    images: IntArray,
    engine: Engine | None = None,
    errors: Errors | Mapping[str, Errors] | None = None,
    seed: int = 0,
    hook: Hook | None = None,
) -> InferenceResult:
    """Scores of every class for every image.

    Args:
        network: layers and weights.
        images: (images, channels, height, width), values of its input format.
        engine: both give the same scores, with errors too; None for the faster one of each layer.
        errors: of the array's ANDs, in every layer, or by the name of a layer, the others ideal; None for an ideal
            array.
        seed: of the errors, ≥ 0.  The same network, images, errors and seed give the same errors and the same sums.
        hook: sees and may alter every AND (engine `planes`, which it must name).
    Raises:
        InputError: images that do not fit the network, a negative seed, errors of a layer that is not there, or a
            layer its engine cannot compute exactly.
    """
    if images.ndim != 4 or images.shape[1:] != network.input_shape:
        raise InputError(
            f"network {network.name}: images of shape {images.shape}: must be (images, "
            f"{', '.join(map(str, network.input_shape))})"
        )
    if seed < 0:
        raise InputError(f"seed = {seed}: must be 0 or larger")
    network.input_format.check(f"network {network.name}: image value", images)
    by_layer = _by_layer(network, errors)
    static = {name: kind.static if isinstance(kind, ArrayErrors) else kind for name, kind in by_layer.items()}
    readings = {
        layer.name: faults.readings(layer, _stream(seed, index))
        for index, layer in enumerate(network.weighted)
        if isinstance(faults := static.get(layer.name), StaticFaults)
    }
    size = images_at_once(network)
    blocks = []
    for start in range(0, len(images), size):
        x: NumberArray = np.ascontiguousarray(images[start : start + size].transpose(0, 2, 3, 1))
        for layer in network.layers:
            if isinstance(layer, Weighted):
                stream = _stream(seed, network.weighted.index(layer), start)
                disturbance = _disturbance(by_layer.get(layer.name), readings.get(layer.name), stream)
                x = accumulate(engine or faster(layer), layer, x, disturbance, hook)
            else:
                x = pool(layer, x) if isinstance(layer, Pool) else layer.apply(x)
        scores = x.transpose(0, 3, 1, 2).reshape(len(x), -1)
        blocks.append(scores if scores.dtype.kind == "f" else scores.astype(np.int64))
    scores = np.concatenate(blocks) if blocks else np.empty((0, len(network.classes)), np.int64)
    return InferenceResult(network.name, scores)


def images_at_once(network: BitwiseNetwork) -> int:
    """Images in a block: fixed by the network's shapes, since errors are drawn block by block."""
    largest = max(max(int(np.prod(work.input_shape)), work.activations_out) for work in network.network.work)
    return max(1, _BLOCK // largest)


def accuracy_under_errors(
    network: BitwiseNetwork,
    images: IntArray,
    labels: IntArray,
    errors: Iterable[Errors | Mapping[str, Errors]],
    seeds: Sequence[int],
) -> tuple[AccuracyUnderErrors, ...]:
    """Accuracy on the images for each kind of errors, once per seed; arguments as in `infer`."""
    return tuple(
        AccuracyUnderErrors(kind, tuple(infer(network, images, None, kind, seed).accuracy(labels) for seed in seeds))
        for kind in errors
    )


def _by_layer(network: BitwiseNetwork, errors: Errors | Mapping[str, Errors] | None) -> Mapping[str, Errors]:
    """Errors of the layers that have some, by name."""
    names = [layer.name for layer in network.weighted]
    if errors is None:
        return {}
    if not isinstance(errors, Mapping):
        return dict.fromkeys(names, errors)
    unknown = next((name for name in errors if name not in names), None)
    if unknown is not None:
        raise InputError(f"errors of layer {unknown}: network {network.name} has {', '.join(names)}")
    return errors


def _disturbance(
    errors: Errors | None, readings: Readings | None, stream: np.random.Generator
) -> Disturbance | Readings | None:
    """A layer's errors in a block of images."""
    match errors:
        case ErrorModel():
            return Disturbance(errors, stream)
        case ArrayErrors():
            return Disturbance(errors.access, stream, readings)
        case _:
            return readings


def _stream(*key: int) -> np.random.Generator:
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(key)))
