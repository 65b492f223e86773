"""Images to train on: a user's data sets, ImageNet-like folders, and generated digits for machines without data."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from spintronics.errors import InputError
from spintronics.networks.datasets import ImageSet
from spintronics.networks.inference.images import SOURCES, first, fitted, images_to_test, training_images
from spintronics.networks.layers import Shape

Batch = tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]
GENERATED = "generated digits"
_HELD_OUT = 8  # every eighth part of a set without training images of its own is held out
_SUFFIXES = (".jpeg", ".jpg", ".png")


class Images(Protocol):
    """Labelled images that are read a batch at a time."""

    def __len__(self) -> int: ...

    def batch(self, indices: npt.NDArray[np.int64]) -> Batch:
        """Images (batch, channels, height, width) and labels."""


@dataclass(frozen=True, eq=False)
class InMemory:
    """An `ImageSet`, all of it, of the size that a network takes."""

    images: ImageSet

    @classmethod
    def of(cls, images: ImageSet, shape: Shape) -> "InMemory":
        """Resized to a network's input."""
        return cls(replace(images, images=fitted(images.images, shape)))

    def __len__(self) -> int:
        return len(self.images)

    def batch(self, indices: npt.NDArray[np.int64]) -> Batch:
        """Images and labels."""
        return self.images.images[indices], self.images.labels[indices]


@dataclass(frozen=True)
class ImageFolder:
    """Image files in one folder per class, read when they are needed: the shorter side scaled, the middle cut out.

    Attributes:
        files: paths and indices of their classes.
        shape: (channels, height, width), height = width; 1 channel is grey.
    """

    files: tuple[tuple[Path, int], ...]
    shape: Shape

    def __len__(self) -> int:
        return len(self.files)

    def batch(self, indices: npt.NDArray[np.int64]) -> Batch:
        """Images and labels.

        Raises:
            InputError: a file that is no image.
        """
        chosen = [self.files[index] for index in indices]
        return np.stack([self._read(path) for path, _ in chosen]), np.array([label for _, label in chosen], np.int64)

    def _read(self, path: Path) -> npt.NDArray[np.uint8]:
        from PIL import Image, ImageOps

        channels, height, width = self.shape
        try:
            with Image.open(path) as image:
                cut = ImageOps.fit(image.convert("RGB" if channels == 3 else "L"), (width, height))
            return np.asarray(cut, np.uint8).reshape(height, width, channels).transpose(2, 0, 1)
        except (OSError, ValueError, Image.DecompressionBombError) as error:
            raise InputError(f"{path}: {error}: must be an image") from None


def shifted(images: npt.NDArray[np.uint8], by: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
    """Images moved by whole pixels; what comes in at an edge repeats that edge.

    Args:
        images: (images, channels, height, width).
        by: pixels down and to the right, (images, 2).

    >>> shifted(np.array([[[[1, 2, 3]]]], np.uint8), np.array([[0, 1]])).tolist()
    [[[[1, 1, 2]]]]
    """
    rows, columns = (
        np.clip(np.arange(size) - moved[:, None], 0, size - 1)
        for size, moved in zip(images.shape[2:], by.T, strict=True)
    )
    each = np.arange(len(images))[:, None, None]
    # Indices on both sides of the channels put these last.
    return images[each, :, rows[:, :, None], columns[:, None, :]].transpose(0, 3, 1, 2)


@dataclass(frozen=True)
class Split:
    """What to train on and what to test on.

    Attributes:
        name: of the data set, as tables have it.
        train, test: images.
        classes: names, in the order of the labels.
        note: which images those are.
    """

    name: str
    train: Images
    test: Images
    classes: tuple[str, ...]
    note: str


def data_split(dataset: str, folder: Path, shape: Shape, limit: int | None = None) -> Split:
    """Training and test images of a data set in a user's folder.

    Where the folder has only test images, the last eighth of them is tested on and the others are trained on.

    Args:
        dataset: ``svhn``, ``mnist`` or ``imagenet``: folders train/CLASS and val/CLASS of image files.
        shape: of the network's input.
        limit: the first so many training images alone.
    Raises:
        InputError: no such data set or folder, or no images of it there; the message says where they are to be had.
    """
    if dataset == "imagenet":
        return _folders(folder, shape, limit)
    train, test = training_images(dataset, folder), images_to_test(dataset, folder)
    name = SOURCES[dataset].name
    if train is not None:
        note = f"the {len(test)} test images of {name}"
    else:
        held_out = len(test) // _HELD_OUT
        cut = len(test) - held_out
        train, test = first(test, cut), replace(test, images=test.images[cut:], labels=test.labels[cut:])
        note = f"the last {held_out} of the {cut + held_out} test images of {name}; no training images there"
    train = train if limit is None else first(train, limit)
    note = f"trained on {len(train)}, tested on {note}"
    return Split(name, InMemory.of(train, shape), InMemory.of(test, shape), test.classes, note)


def _folders(folder: Path, shape: Shape, limit: int | None) -> Split:
    parts = [folder / "train", folder / "val"]
    if not all(part.is_dir() for part in parts):
        raise InputError(
            f"data folder {folder}: no train/CLASS and val/CLASS: ImageNet is to be had from https://image-net.org, "
            f"validation images sorted by class"
        )
    classes = tuple(sorted(path.name for path in parts[0].iterdir() if path.is_dir()))
    found = []
    for part in parts:
        files = [
            (path, label)
            for label, name in enumerate(classes)
            for path in sorted((part / name).glob("*"))
            if path.suffix.lower() in _SUFFIXES
        ]
        if not files:
            raise InputError(f"data folder {part}: no images: must have folders of {', '.join(_SUFFIXES)} files")
        found.append(ImageFolder(tuple(files), shape))
    train = found[0] if limit is None else ImageFolder(_spread(found[0].files, limit), shape)
    note = f"trained on {len(train)}, tested on {len(found[1])} images"
    return Split("ImageNet" if len(classes) == 1000 else folder.name, train, found[1], classes, note)


def _spread(files: Sequence[tuple[Path, int]], count: int) -> tuple[tuple[Path, int], ...]:
    """So many of the files, evenly over the classes that they are sorted by."""
    count = min(count, len(files))
    return tuple(files[n * len(files) // count] for n in range(count))


_FONT = (
    "01110 10001 10011 10101 11001 10001 01110",
    "00100 01100 00100 00100 00100 00100 01110",
    "01110 10001 00001 00010 00100 01000 11111",
    "11111 00010 00100 00010 00001 10001 01110",
    "00010 00110 01010 10010 11111 00010 00010",
    "11111 10000 11110 00001 00001 10001 01110",
    "00110 01000 10000 11110 10001 10001 01110",
    "11111 00001 00010 00100 01000 01000 01000",
    "01110 10001 10001 01110 10001 10001 01110",
    "01110 10001 10001 01111 00001 00010 01100",
)


def generated_digits(classes: tuple[str, ...], shape: Shape, count: int, seed: int) -> ImageSet:
    """Digits of a 5 × 7 font at random places and sizes, one colour on another, with noise; nobody's data.

    Args:
        classes: digits in the order of the labels.
        shape: (channels, height, width), at least 14 pixels high and wide.
        count: of images; seed: of all that is random.

    >>> digits = generated_digits(tuple("0123456789"), (1, 28, 28), 3, seed=1)
    >>> digits.name, digits.images.shape
    ('generated digits', (3, 1, 28, 28))
    """
    random = np.random.default_rng(seed)
    channels, height, width = shape
    glyphs = np.array([[[int(bit) for bit in row] for row in glyph.split()] for glyph in _FONT])
    labels = random.integers(0, len(classes), count)
    images = np.empty((count, *shape), np.uint8)
    for image, label in zip(images, labels, strict=True):
        scale = int(random.integers(2, min(height // 7, width // 5) + 1))
        glyph = np.kron(glyphs[int(classes[label])], np.ones((scale, scale)))
        top, left = (int(random.integers(0, size - n + 1)) for size, n in zip(shape[1:], glyph.shape, strict=True))
        ink, paper = random.integers(128, 256, channels), random.integers(0, 96, channels)
        drawn = np.broadcast_to(paper[:, None, None], shape).astype(np.float64)
        window = drawn[:, top : top + glyph.shape[0], left : left + glyph.shape[1]]
        window += glyph * (ink - paper)[:, None, None]
        image[:] = np.clip(drawn + random.normal(0, 20, shape), 0, 255).astype(np.uint8)
    return ImageSet(GENERATED, images, labels.astype(np.int64), classes)


def generated_split(classes: tuple[str, ...], shape: Shape, count: int, seed: int) -> Split:
    """Generated digits to train on, and a quarter as many others to test on."""
    train = generated_digits(classes, shape, count, seed)
    test = generated_digits(classes, shape, max(1, count // 4), seed + 1)
    note = f"trained on {len(train)}, tested on {len(test)} {GENERATED}, nobody's data"
    return Split(GENERATED, InMemory(train), InMemory(test), classes, note)
