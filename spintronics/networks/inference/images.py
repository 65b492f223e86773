"""A user's images and networks: found in a folder, and made to fit each other."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from spintronics.errors import InputError
from spintronics.networks.datasets import ImageSet, load_mnist, load_svhn
from spintronics.networks.inference.network import BitwiseNetwork
from spintronics.networks.layers import Shape


@dataclass(frozen=True)
class Source:
    """A data set that a user brings.

    Attributes:
        name: as tables have it.
        test, train: files that hold each part, in order of preference, by pattern; a folder is searched for them.
        load: one part's images from the file that was found.
        had_at: where the files are published.
    """

    name: str
    test: tuple[str, ...]
    train: tuple[str, ...]
    load: Callable[[Path], ImageSet]
    had_at: str


def _load_idx(path: Path) -> ImageSet:
    return load_mnist(path.parent, "train" if path.name.startswith("train") else "t10k")


SOURCES: Mapping[str, Source] = {
    "svhn": Source(
        "SVHN",
        ("test_32x32.mat", "svhn_*32x32.npz"),
        ("train_32x32.mat",),
        load_svhn,
        "train_32x32.mat and test_32x32.mat from http://ufldl.stanford.edu/housenumbers (Netzer et al., 2011)",
    ),
    "mnist": Source(
        "MNIST",
        ("t10k-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte"),
        ("train-images-idx3-ubyte.gz", "train-images-idx3-ubyte"),
        _load_idx,
        "the four IDX files from http://yann.lecun.com/exdb/mnist (LeCun et al., 1998)",
    ),
}


def source_of(dataset: str) -> Source:
    """A known data set by its key.

    Raises:
        InputError: unknown; the message lists them.
    """
    if dataset not in SOURCES:
        raise InputError(f'data set "{dataset}": must be one of {", ".join(SOURCES)}')
    return SOURCES[dataset]


def images_to_test(dataset: str, folder: Path) -> ImageSet:
    """Test images of a data set, from a folder or one below it.

    Raises:
        InputError: no such data set or folder, none of its files there (the message says where they are to be had), or
            a file that is not what its name says.
    """
    source = source_of(dataset)
    path = _found(folder, source.test)
    if path is None:
        raise InputError(_absent(source, folder, source.test))
    return source.load(path)


def training_images(dataset: str, folder: Path) -> ImageSet | None:
    """Training images of a data set; None where the folder has only its test images.

    Raises:
        InputError: as `images_to_test`, where neither part is there.
    """
    source = source_of(dataset)
    path = _found(folder, source.train)
    if path is None and _found(folder, source.test) is None:
        raise InputError(_absent(source, folder, (*source.train, *source.test)))
    return None if path is None else source.load(path)


def fitted(images: npt.NDArray[np.uint8], shape: Shape) -> npt.NDArray[np.uint8]:
    """Images of the height and width that a network takes, bilinear between pixel centres and rounded.

    Args:
        images: (images, channels, height, width).
        shape: (channels, height, width) of the network's input.
    Raises:
        InputError: another number of channels.

    >>> fitted(np.array([[[[0, 90]]]], np.uint8), (1, 1, 4)).tolist()
    [[[[0, 22, 68, 90]]]]
    """
    if images.shape[1] != shape[0]:
        raise InputError(f"images of {images.shape[1]} channels: must be {shape[0]}, the network's input")
    if images.shape[1:] == shape:
        return images
    rows, columns = _weights(images.shape[2], shape[1]), _weights(images.shape[3], shape[2])
    parts = [
        np.rint(rows @ images[n : n + 1024].astype(np.float64) @ columns.T).astype(np.uint8)
        for n in range(0, len(images), 1024)
    ]
    return np.concatenate(parts) if parts else np.empty((0, *shape), np.uint8)


def _weights(before: int, after: int) -> npt.NDArray[np.float64]:
    """What each old pixel gives to each new one along an axis, (after, before)."""
    centres = np.clip((np.arange(after) + 0.5) * before / after - 0.5, 0, before - 1)
    weights: npt.NDArray[np.float64] = np.maximum(0.0, 1 - np.abs(centres[:, None] - np.arange(before)))
    return weights


def first(images: ImageSet, count: int) -> ImageSet:
    """The first images of a set, or all where there are fewer."""
    return replace(images, images=images.images[:count], labels=images.labels[:count])


def require_classes(network: BitwiseNetwork, images: ImageSet) -> None:
    """A network's outputs are the classes of the images, in their order.

    Raises:
        InputError: they are not.
    """
    if network.classes != images.classes:
        raise InputError(
            f"network {network.name}: classes {' '.join(network.classes)}: must be {' '.join(images.classes)}, "
            f"those of {images.name}"
        )


def _found(folder: Path, patterns: tuple[str, ...]) -> Path | None:
    if not folder.is_dir():
        raise InputError(f"data folder {folder}: not found: must be a folder with the images")
    return next((path for pattern in patterns for path in sorted(folder.rglob(pattern))), None)


def _absent(source: Source, folder: Path, patterns: tuple[str, ...]) -> str:
    return f"data folder {folder}: no {' or '.join(patterns)}: {source.name} is to be had as {source.had_at}"
