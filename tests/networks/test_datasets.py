"""Image files made here byte by byte, the real ones where they are, and broken ones."""

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from spintronics.errors import InputError
from spintronics.networks.datasets import load_mnist, load_svhn

DATA = Path(__file__).parents[3] / "shared" / "data"

IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)


def idx(magic: int, array: np.ndarray) -> bytes:
    return b"".join(n.to_bytes(4, "big") for n in (magic, *array.shape)) + array.astype(np.uint8).tobytes()


@pytest.fixture
def mnist(tmp_path: Path) -> Path:
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(idx(0x803, IMAGES))
    (tmp_path / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(0x801, np.array([7, 2])), mtime=0))
    return tmp_path


@pytest.fixture
def svhn() -> dict[str, np.ndarray]:
    random = np.random.default_rng(1)
    return {"X": random.integers(0, 256, (3, 32, 32, 3), dtype=np.uint8), "y": np.array([[1], [10], [9]], np.uint8)}


def test_idx_files_plain_and_gzipped(mnist: Path) -> None:
    images = load_mnist(mnist)
    assert len(images) == 2
    assert (images.images == IMAGES[:, None]).all()
    assert (images.labels.tolist(), images.classes[7]) == ([7, 2], "7")


@pytest.mark.skipif(
    not DATA.is_dir(), reason="needs the images in ../shared/data, which do not travel with the project"
)
@pytest.mark.parametrize(("split", "count"), [("t10k", 10_000), ("train", 60_000)])
def test_real_mnist(split: str, count: int) -> None:
    images = load_mnist(DATA / "mnist", split)  # type: ignore[arg-type]
    assert images.images.shape == (count, 1, 28, 28)
    assert images.labels[:5].tolist() == {"t10k": [7, 2, 1, 0, 4], "train": [5, 0, 4, 1, 9]}[split]


def test_svhn_from_both_kinds_of_file(svhn: dict[str, np.ndarray], tmp_path: Path) -> None:
    np.savez(tmp_path / "some.npz", **svhn)
    savemat(tmp_path / "some.mat", {"X": svhn["X"].transpose(1, 2, 3, 0), "y": svhn["y"]})
    for name in ("some.npz", "some.mat"):
        images = load_svhn(tmp_path / name)
        assert (images.images == svhn["X"].transpose(0, 3, 1, 2)).all()
        assert [images.classes[label] for label in images.labels] == ["1", "0", "9"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t10k-images-idx3-ubyte", None, "t10k-images-idx3-ubyte: not found, nor with .gz"),
        ("t10k-images-idx3-ubyte", idx(0x801, IMAGES), "magic number 0x801, 40 bytes: must be 0x803"),
        ("t10k-images-idx3-ubyte", idx(0x803, IMAGES[:0]), r"sizes \[0, 3, 4\]: must be 1 or more each"),
        (
            "t10k-images-idx3-ubyte",
            b"\0\0\x08\x03" + b"\xff" * 12,
            rf"16 bytes: must be {16 + (2**32 - 1) ** 3} for its sizes",
        ),
        ("t10k-images-idx3-ubyte", b"\0\0\x08", "magic number 0x8, 3 bytes: must be 0x803"),
        ("t10k-images-idx3-ubyte", idx(0x803, IMAGES)[:-3], r"37 bytes: must be 40 for its sizes \[2, 3, 4\]"),
        ("t10k-images-idx3-ubyte", idx(0x803, IMAGES[:1]), "t10k-labels.*: 2 labels: must be 1, the images of t10k-im"),
        ("t10k-labels-idx1-ubyte.gz", b"no gzip", "t10k-labels-idx1-ubyte.gz: .*: must be a whole gzip file"),
        (
            "t10k-labels-idx1-ubyte.gz",
            gzip.compress(idx(0x801, np.array([7, 2])), mtime=0)[:-9],
            "must be a whole gzip file",
        ),
        (
            "t10k-labels-idx1-ubyte.gz",
            gzip.compress(idx(0x801, np.array([7, 10])), mtime=0),
            "label 10: must be 0 to 9",
        ),
    ],
)
def test_broken_idx_files(mnist: Path, name: str, content: bytes | None, message: str) -> None:
    if content is None:
        (mnist / name).unlink()
    else:
        (mnist / name).write_bytes(content)
    with pytest.raises(InputError, match=message) as error:
        load_mnist(mnist)
    assert "\n" not in str(error.value)


Arrays = dict[str, np.ndarray]


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda a: {"X": a["X"]}, r"set.npz: no array y: must hold X \(images\) and y \(labels\)"),
        (lambda a: a | {"X": a["X"].astype(float)}, "X of float64, .*: must be uint8"),
        (lambda a: a | {"X": a["X"][:, :28]}, r"\(3, 28, 32, 3\): must be uint8, \(images, 32, 32, 3\)"),
        (lambda a: a | {"y": a["y"][:2]}, "2 labels: must be 3, its images"),
        (lambda a: a | {"y": a["y"] - 1}, "label 0: must be 1 to 10"),
    ],
)
def test_svhn_with_something_else_in_it(
    svhn: Arrays, harm: Callable[[Arrays], Arrays], message: str, tmp_path: Path
) -> None:
    np.savez(tmp_path / "set.npz", **harm(svhn))
    with pytest.raises(InputError, match=message):
        load_svhn(tmp_path / "set.npz")


@pytest.mark.parametrize("name", ["set.npz", "set.mat"])
@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 nothing", b"MATLAB 5.0 MAT-file" + bytes(200)])
def test_files_that_are_no_archives(name: str, content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=f"{name}: .*: must be SVHN's .mat file, or an .npz of X and y") as error:
        load_svhn(tmp_path / name)
    assert "\n" not in str(error.value)


def test_truncated_archives(svhn: Arrays, tmp_path: Path) -> None:
    np.savez(tmp_path / "set.npz", **svhn)
    savemat(tmp_path / "set.mat", svhn)
    for name in ("set.npz", "set.mat"):
        path = tmp_path / name
        path.write_bytes(path.read_bytes()[:-500])
        with pytest.raises(InputError, match=f"{name}: .*: must be SVHN's .mat file, or an .npz of X and y"):
            load_svhn(path)
