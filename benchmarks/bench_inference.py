"""Inference on the array's arithmetic beside plain PyTorch in float32: same networks, images, scores and cores.

    python benchmarks/bench_inference.py [folder] [threads]

The folder holds bnn-pynq/, svhn/ and mnist/; ../shared/data beside the checkout, where none is given.  One thread by
default, for OpenBLAS, PyTorch and this package alike.

cnvW1A1   on SVHN, and lfcW1A1 on MNIST: trained networks of BNN-PYNQ
alexnet   1:1 with random ±1 weights and 8-bit pixels, on random pixels: its cost does not depend on what they are
torch     conv2d, linear, max_pool2d and a comparison, in float32, on whole numbers: exact here, so its scores must be
          the same
blas, planes   this package's engines, ideal and with errors: independent ones with one rate for all pairs of bits or
          for (1, 1) alone, and weak cells

Methods take turns; times are medians of the turns.  "× torch" is torch's time over ours, of CPU and of wall time.
Memory is the largest resident set of a process that does nothing else, without PyTorch.
"""

import os
import sys

os.environ["OPENBLAS_NUM_THREADS"] = sys.argv[2] if len(sys.argv) > 2 else "1"  # before NumPy is imported

import re
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt
from measure import Stopwatch, machine, print_table

from spintronics.networks import Convolution, FullyConnected, Pool, load
from spintronics.networks.datasets import load_mnist, load_svhn
from spintronics.networks.inference import (
    PIXELS,
    SIGN,
    BitwiseNetwork,
    Engine,
    ErrorModel,
    Errors,
    InferenceResult,
    LookUp,
    StaticFaults,
    Threshold,
    Weighted,
    infer,
    load_finn_bnn,
)
from spintronics.networks.inference.layers import InferenceLayer

Array = npt.NDArray[Any]
Run = Callable[[], Array]

THREADS = int(os.environ["OPENBLAS_NUM_THREADS"])
TURNS = 5
IMAGES = {"cnvW1A1": 100, "lfcW1A1": 1000, "alexnet": 16}
PUBLISHED = {"cnvW1A1": (0.958, 0.003), "lfcW1A1": (0.9834, 0.00005)}
"""Accuracy that the networks' makers state, and how near it is to be found."""


def alike(p: float) -> ErrorModel:
    """The same rate for every pair."""
    return ErrorModel(p, p, p, p)


METHODS: dict[str, tuple[Engine, Errors | None]] = {
    "blas": (Engine.BLAS, None),
    "planes": (Engine.PLANES, None),
    "planes, (1, 1) at 2e-5": (Engine.PLANES, ErrorModel(p11=2e-5)),
    "planes, (1, 1) at 1e-3": (Engine.PLANES, ErrorModel(p11=1e-3)),
    "planes, all at 1e-4": (Engine.PLANES, alike(1e-4)),
    "planes, all at 1e-3": (Engine.PLANES, alike(1e-3)),
    "planes, all at 1e-2": (Engine.PLANES, alike(1e-2)),
    "planes, weak cells at 1e-3": (Engine.PLANES, StaticFaults(alike(1e-3))),
    "blas, weak cells at 1e-3": (Engine.BLAS, StaticFaults(alike(1e-3))),
    "blas, all at 1e-4": (Engine.BLAS, alike(1e-4)),
}


def alexnet() -> BitwiseNetwork:
    """1:1, with random weights; a threshold of 0 behind every layer but the last."""
    random = np.random.default_rng(1)
    known = load("alexnet")
    layers: list[InferenceLayer] = [LookUp("pixels", np.arange(256), PIXELS)]
    weighted = [shape for shape in known.layers if isinstance(shape, Convolution | FullyConnected)]
    for shape in known.layers:
        if isinstance(shape, Pool):
            layers.append(shape)
        if not isinstance(shape, Convolution | FullyConnected):
            continue
        size = (
            (shape.out_features, shape.in_features)
            if isinstance(shape, FullyConnected)
            else (shape.out_channels, shape.in_channels // shape.groups, shape.kernel, shape.kernel)
        )
        weights = 2 * random.integers(0, 2, size, np.int8) - 1
        bias = np.zeros(size[0], np.int64) if shape.bias else None
        layers.append(Weighted(shape, weights, SIGN, PIXELS if shape is weighted[0] else SIGN, bias))
        if shape is not weighted[-1]:
            layers.append(Threshold(f"sign {shape.name}", np.zeros((1, size[0]), np.int64), SIGN))
    classes = tuple(map(str, range(1000)))
    return BitwiseNetwork(known.name, known.dataset, known.input_shape, PIXELS, tuple(layers), classes)


def in_torch(network: BitwiseNetwork, images: Array) -> Run:
    """The same network in PyTorch, float32; its weights are made before."""
    import torch
    from torch.nn import functional

    torch.set_num_threads(THREADS)
    steps: list[Callable[[Any], Any]] = []
    for layer in network.layers:
        match layer:
            case Weighted(shape=FullyConnected()):
                weights = torch.tensor(layer.weights, dtype=torch.float32)
                steps += [partial(torch.flatten, start_dim=1), partial(functional.linear, weight=weights)]
            case Weighted(shape=Convolution() as shape):
                weights = torch.tensor(layer.weights, dtype=torch.float32)
                sizes = {"stride": shape.stride, "padding": shape.padding, "groups": shape.groups}
                steps.append(partial(functional.conv2d, weight=weights, **sizes))
            case Pool():
                sizes = {"kernel_size": layer.kernel, "stride": layer.stride, "padding": layer.padding}
                steps.append(partial(functional.max_pool2d, **sizes))
            case Threshold():
                steps.append(partial(_above, torch.tensor(layer.thresholds[0] + 0.5, dtype=torch.float32)))
            case LookUp():
                steps.append(torch.tensor(layer.values, dtype=torch.float32).__getitem__)

    def run() -> Array:
        with torch.inference_mode():
            x: Any = torch.tensor(images.astype(np.int32))
            for step in steps:
                x = step(x)
            scores: Array = x.numpy()
            return scores

    return run


def _above(level: Any, x: Any) -> Any:
    return (x - level.reshape(1, -1, *[1] * (x.ndim - 2))).sign()


def compare(network: BitwiseNetwork, images: Array) -> None:
    """Torch and every method in turns, and the memory of each."""
    methods: dict[str, Run] = {"torch float32": in_torch(network, images)} if find_spec("torch") else {}
    for name, (engine, errors) in METHODS.items():
        methods[name] = partial(_scores, network, images, engine, errors)
    times: dict[str, list[Stopwatch]] = {name: [] for name in methods}
    scores = {name: run() for name, run in methods.items()}  # compiled, and weights packed
    for _ in range(TURNS):
        for name, run in methods.items():
            with Stopwatch() as watch:
                run()
            times[name].append(watch)
    cpu, wall = ({name: median(getattr(w, key) for w in found) for name, found in times.items()} for key in KEYS)
    base = next(iter(methods))
    print_table(
        [f"{network.name}, {len(images)} images", "CPU s", "wall s", f"× {base}: CPU", "wall", "MiB"],
        [
            [
                name,
                *(f"{cpu[name]:.3f}", f"{wall[name]:.3f}"),
                *(f"{cpu[base] / cpu[name]:.2f}", f"{wall[base] / wall[name]:.2f}"),
                f"{memory(network.name, name):.0f}" if name in METHODS else "–",
            ]
            for name in methods
        ],
    )
    ideal = [name for name in methods if METHODS.get(name, (None, None))[1] is None]
    same = all((scores[name] == scores[ideal[0]]).all() for name in ideal)
    print(f"same scores from {', '.join(ideal)}: {'yes' if same else 'NO'}")


KEYS = ("cpu", "wall")
STATUS = Path("/proc/self/status")  # Linux


def _scores(network: BitwiseNetwork, images: Array, engine: Engine, errors: Errors | None) -> Array:
    return infer(network, images, engine, errors, seed=1).scores


def memory(network: str, method: str) -> float:
    """Largest resident set of a process that runs one method once, MiB."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
        return alone.submit(_resident, network, method).result()


def _resident(name: str, method: str) -> float:
    network, images, _ = CASES[name]()
    _scores(network, images[: IMAGES[name]], *METHODS[method])
    found = re.search(r"VmHWM:\s*(\d+) kB", STATUS.read_text(encoding="utf-8"))  # getrusage counts the parent's too
    return int(found[1]) / 1024 if found else float("nan")


def folder() -> Path:
    """With the networks and images."""
    return Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[2] / "shared" / "data"


def cnv() -> tuple[BitwiseNetwork, Array, Array]:
    """Network, images and labels."""
    data = load_svhn(folder() / "svhn/svhn_8000_32x32.npz")
    return load_finn_bnn(folder() / "bnn-pynq/streetview/cnvW1A1"), data.images, data.labels


def lfc() -> tuple[BitwiseNetwork, Array, Array]:
    """Network, images and labels."""
    data = load_mnist(folder() / "mnist")
    return load_finn_bnn(folder() / "bnn-pynq/mnist/lfcW1A1"), data.images, data.labels


def random_alexnet() -> tuple[BitwiseNetwork, Array, Array]:
    """Network and images; no labels."""
    network = alexnet()
    images = np.random.default_rng(2).integers(0, 256, (IMAGES["alexnet"], *network.input_shape), np.uint8)
    return network, images, np.empty(0)


CASES = {"cnvW1A1": cnv, "lfcW1A1": lfc, "alexnet": random_alexnet}


def published(network: BitwiseNetwork, images: Array, labels: Array) -> None:
    """Accuracy on all images beside what the network's makers state."""
    accuracy = InferenceResult(network.name, _scores(network, images, Engine.PLANES, None)).accuracy(labels)
    low, high = accuracy.interval()
    stated, within = PUBLISHED[network.name]
    verdict = "met" if abs(accuracy.rate - stated) <= within else "NOT met"
    print(
        f"accuracy {accuracy.rate:.2%} ({accuracy.correct} of {accuracy.images}; 95 %: {low:.2%} to {high:.2%}), "
        f"published {stated:.2%}: {verdict}"
    )


def main() -> None:
    """Measure, compare, print."""
    print(f"inference on bit planes, {THREADS} thread(s); {machine()}")
    for name, case in CASES.items():
        if name != "alexnet" and not folder().is_dir():
            print(f"no folder {folder()}: {name} not measured")
            continue
        network, images, labels = case()
        compare(network, images[: IMAGES[name]])
        if name in PUBLISHED:
            published(network, images, labels)


if __name__ == "__main__":
    main()
