"""Images per second of inference on the array's arithmetic, both engines, and accuracy, ideal and with errors.

    python benchmarks/bench_inference.py [folder]

The trained networks of BNN-PYNQ on the images they are for: cnvW1A1 on SVHN, lfcW1A1 on all of MNIST's t10k.  The
folder holds bnn-pynq/, svhn/ and mnist/; ../shared/data beside the checkout, where none is given.  One core, CPU time
counted; reading the files is left out.

planes, blas   this package, all images.
int64          the same sums as plain NumPy takes them: windows times weights in whole numbers, on a few images.

Errors are independent, with one rate for all pairs, and static, cell by cell, with the same; a few hundred images,
several seeds, and the 95 % interval over the seeds.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy is imported

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from measure import Stopwatch, machine, print_table

from spintronics.networks import Convolution, Pool
from spintronics.networks.datasets import ImageSet, load_mnist, load_svhn
from spintronics.networks.inference import (
    BitwiseNetwork,
    Engine,
    ErrorModel,
    InferenceResult,
    StaticFaults,
    Weighted,
    accuracy_under_errors,
    infer,
    load_finn_bnn,
)

Array = npt.NDArray[Any]

PLAIN_IMAGES = {"cnvW1A1": 40, "lfcW1A1": 500}
PUBLISHED = {"cnvW1A1": (0.958, 0.003), "lfcW1A1": (0.9834, 0.00005)}
"""Accuracy that the networks' makers state, and how near it is to be found."""
RATES = (1e-5, 1e-4, 1e-3, 3e-3, 1e-2, 3e-2)
ERROR_IMAGES, SEEDS = {"cnvW1A1": 100, "lfcW1A1": 1000}, range(5)


def plain(network: BitwiseNetwork, images: Array) -> Array:
    """Scores by int64 matrix products, layer by layer, image by image."""
    scores = []
    for image in images:
        x: Array = image.transpose(1, 2, 0)[None].astype(np.int64)
        for layer in network.layers:
            if isinstance(layer, Weighted):
                x = plain_sums(layer, x)
            elif isinstance(layer, Pool):
                _, height, width, channels = x.shape
                x = x.reshape(height // 2, 2, width // 2, 2, channels).max(axis=(1, 3))[None]
            else:
                x = layer.apply(x).astype(np.int64)
        scores.append(x.ravel())
    return np.stack(scores)


def plain_sums(layer: Weighted, x: Array) -> Array:
    """Sums of one image."""
    if not isinstance(layer.shape, Convolution):
        return (layer.weights.astype(np.int64) @ x.transpose(0, 3, 1, 2).ravel())[None, None, None]
    k = layer.shape.kernel
    windows = np.lib.stride_tricks.sliding_window_view(x[0], (k, k), axis=(0, 1))
    columns = windows.reshape(*windows.shape[:2], -1)
    return (columns @ layer.weights.reshape(len(layer.weights), -1).astype(np.int64).T)[None]


def timed(run: Callable[[Array], Array], images: Array) -> tuple[Array, float]:
    """Scores, and CPU seconds."""
    with Stopwatch() as watch:
        scores = run(images)
    return scores, watch.cpu


def speeds(network: BitwiseNetwork, data: ImageSet) -> None:
    """Both engines on all images, plain NumPy on a few; whether they agree, and the accuracy."""
    few = PLAIN_IMAGES[network.name]
    methods: dict[str, tuple[Callable[[Array], Array], Array]] = {
        "blas": (lambda images: infer(network, images, Engine.BLAS).scores, data.images),
        "planes": (lambda images: infer(network, images, Engine.PLANES).scores, data.images),
        "int64": (lambda images: plain(network, images), data.images[:few]),
    }
    results = {name: timed(run, images) for name, (run, images) in methods.items()}
    slowest = few / results["int64"][1]
    print_table(
        [network.name, "images", "CPU s", "images/s", "× int64"],
        [
            [name, f"{len(scores)}", f"{cpu:.2f}", f"{len(scores) / cpu:.0f}", f"{len(scores) / cpu / slowest:.1f}"]
            for name, (scores, cpu) in results.items()
        ],
    )
    blas = results["blas"][0]
    alike = all((scores == blas[: len(scores)]).all() for scores, _ in results.values())
    print(f"same scores from all three: {'yes' if alike else 'NO'}")
    accuracy = InferenceResult(network.name, blas).accuracy(data.labels)
    low, high = accuracy.interval()
    published, within = PUBLISHED[network.name]
    verdict = "met" if abs(accuracy.rate - published) <= within else "NOT met"
    print(
        f"accuracy {accuracy.rate:.2%} ({accuracy.correct} of {accuracy.images}; 95 %: {low:.2%} to {high:.2%}), "
        f"published {published:.2%}: {verdict}"
    )


def with_errors(network: BitwiseNetwork, data: ImageSet) -> None:
    """Accuracy against the error rate."""
    images, labels = (array[: ERROR_IMAGES[network.name]] for array in (data.images, data.labels))
    models = [ErrorModel(p, p, p, p) for p in RATES]
    rows = []
    for kind, errors in (("independent", models), ("static cells", [StaticFaults(model) for model in models])):
        with Stopwatch() as watch:
            points = accuracy_under_errors(network, images, labels, errors, SEEDS)
        speed = len(images) * len(SEEDS) * len(RATES) / watch.cpu
        for p, point in zip(RATES, points, strict=True):
            low, high = point.interval()
            rows.append([kind, f"{p:.0e}", f"{point.mean:.2%}", f"{low:.2%}", f"{high:.2%}", f"{speed:.0f}"])
    print_table([f"{network.name}, {len(images)} images", "rate", "accuracy", "low", "high", "images/s"], rows)


def main() -> None:
    """Measure, compare, print."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[2] / "shared" / "data"
    print("inference on bit planes, one core")
    if not folder.is_dir():
        print(f"no folder {folder}: nothing measured")
        return
    print(machine())
    for network, data in (
        (load_finn_bnn(folder / "bnn-pynq/mnist/lfcW1A1"), load_mnist(folder / "mnist")),
        (load_finn_bnn(folder / "bnn-pynq/streetview/cnvW1A1"), load_svhn(folder / "svhn/svhn_8000_32x32.npz")),
    ):
        speeds(network, data)
        with_errors(network, data)


if __name__ == "__main__":
    main()
