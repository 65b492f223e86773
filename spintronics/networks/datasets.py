"""Labelled images from the files that their makers publish: MNIST (IDX) and SVHN (.mat, .npz)."""

import gzip
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from spintronics.errors import InputError

_IDX_IMAGES, _IDX_LABELS = 0x803, 0x801
_SVHN_CLASSES = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "0")


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images and what they show.

    Attributes:
        name: of the data set.
        images: uint8, (images, channels, height, width).
        labels: int64, (images,): indices into `classes`.
        classes: names, in the order of a network's outputs.
    """

    name: str
    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.images)


def load_mnist(folder: str | Path, split: Literal["t10k", "train"] = "t10k") -> ImageSet:
    """MNIST from its IDX files, gzipped or not: <split>-images-idx3-ubyte and <split>-labels-idx1-ubyte.

    Raises:
        InputError: a file missing, with another magic number, truncated, without images, or labels that are no digits
            or not as many as the images.
    """
    folder = Path(folder)
    images, images_path = _idx(folder, f"{split}-images-idx3-ubyte", _IDX_IMAGES)
    labels, path = _idx(folder, f"{split}-labels-idx1-ubyte", _IDX_LABELS)
    if len(labels) != len(images):
        raise InputError(f"{path}: {len(labels)} labels: must be {len(images)}, the images of {images_path.name}")
    if labels.size and labels.max() > 9:
        raise InputError(f"{path}: label {labels.max()}: must be 0 to 9")
    return ImageSet("MNIST", images[:, None], labels.astype(np.int64), tuple("0123456789"))


def load_svhn(path: str | Path) -> ImageSet:
    """SVHN's cropped digits, format 2: test_32x32.mat and the like, or an .npz of X (images, 32, 32, 3) and y.

    Labels 1 to 10, 10 for the digit 0, become the indices 0 to 9 of the classes "1" … "9", "0".

    Raises:
        InputError: no such file, not one of the two kinds, X or y missing or of another shape or type, no images, or
            labels outside 1 to 10.
    """
    path = Path(path)
    arrays = _read_mat(path) if path.suffix == ".mat" else _read_npz(path)
    for key in ("X", "y"):
        if key not in arrays:
            raise InputError(f"{path}: no array {key}: must hold X (images) and y (labels)")
    x, y = arrays["X"], np.asarray(arrays["y"]).ravel()
    if path.suffix == ".mat" and x.ndim == 4:
        x = x.transpose(3, 0, 1, 2)
    if x.dtype != np.uint8 or x.ndim != 4 or x.shape[1:] != (32, 32, 3):
        raise InputError(f"{path}: X of {x.dtype}, images first {x.shape}: must be uint8, (images, 32, 32, 3)")
    if not len(x):
        raise InputError(f"{path}: no images: must have 1 or more")
    if len(y) != len(x):
        raise InputError(f"{path}: {len(y)} labels: must be {len(x)}, its images")
    wrong = y[~np.isin(y, np.arange(1, 11))]
    if wrong.size:
        raise InputError(f"{path}: label {wrong[0]}: must be 1 to 10")
    return ImageSet("SVHN", np.ascontiguousarray(x.transpose(0, 3, 1, 2)), y.astype(np.int64) - 1, _SVHN_CLASSES)


def _idx(folder: Path, name: str, magic: int) -> tuple[npt.NDArray[np.uint8], Path]:
    """An IDX file of bytes and where it was: big-endian magic number (its low byte the dimensions), sizes, values."""
    path = next((p for p in (folder / f"{name}.gz", folder / name) if p.is_file()), None)
    if path is None:
        raise InputError(f"{folder / name}: not found, nor with .gz: must be the IDX file that MNIST has")
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: {error}: must be a whole gzip file") from None
    dimensions = magic & 0xFF
    header = 4 * (1 + dimensions)
    found = int.from_bytes(content[:4], "big")
    if len(content) < header or found != magic:
        raise InputError(f"{path}: magic number {found:#x}, {len(content)} bytes: must be {magic:#x} (IDX of bytes)")
    sizes = [int(size) for size in np.frombuffer(content[4:header], ">u4")]
    if 0 in sizes:
        raise InputError(f"{path}: sizes {sizes}: must be 1 or more each")
    right = header + prod(sizes)
    if len(content) != right:
        raise InputError(f"{path}: {len(content)} bytes: must be {right} for its sizes {sizes}")
    return np.frombuffer(content, np.uint8, offset=header).reshape(sizes), path


def _read_npz(path: Path) -> Mapping[str, npt.NDArray[Any]]:
    try:
        with path.open("rb") as file, np.load(file) as archive:
            return {key: archive[key] for key in archive.files}
    except (OSError, ValueError, EOFError, AttributeError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(f"{path}: {error}: must be SVHN's .mat file, or an .npz of X and y") from None


def _read_mat(path: Path) -> Mapping[str, npt.NDArray[Any]]:
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    try:
        return loadmat(path)
    except (MatReadError, OSError, ValueError, TypeError, NotImplementedError, zlib.error) as error:
        raise InputError(f"{path}: {error}: must be SVHN's .mat file, or an .npz of X and y") from None
