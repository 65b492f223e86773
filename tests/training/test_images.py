"""Images to train on: splits, folders of files, generated digits."""

from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
from PIL import Image

from spintronics.errors import InputError
from spintronics.networks.datasets import load_svhn
from spintronics.training.images import data_split, generated_digits, generated_split, shifted

DIGITS = tuple("0123456789")


def write_svhn(folder: Path, name: str, count: int) -> None:
    random = np.random.default_rng(1)
    images = random.integers(0, 256, (count, 32, 32, 3)).astype(np.uint8)
    np.savez(folder / name, X=images, y=random.integers(1, 11, count).astype(np.uint8))


def test_without_training_images_the_last_eighth_is_held_out(tmp_path: Path) -> None:
    write_svhn(tmp_path, "svhn_40_32x32.npz", 40)
    split = data_split("svhn", tmp_path, (3, 32, 32))
    whole = load_svhn(tmp_path / "svhn_40_32x32.npz")
    assert (len(split.train), len(split.test)) == (35, 5)
    assert (split.train.batch(np.arange(35))[0] == whole.images[:35]).all()
    assert (split.test.batch(np.arange(5))[1] == whole.labels[35:]).all()
    assert split.note == ("trained on 35, tested on the last 5 of the 40 test images of SVHN; no training images there")
    fewer = data_split("svhn", tmp_path, (3, 40, 40), limit=10)
    assert (len(fewer.train), len(fewer.test)) == (10, 5)
    assert fewer.test.batch(np.arange(2))[0].shape == (2, 3, 40, 40)


def test_folders_of_classes(tmp_path: Path) -> None:
    for part, count in (("train", 4), ("val", 2)):
        for name, shade in (("dark", 20), ("light", 200)):
            (tmp_path / part / name).mkdir(parents=True)
            for n in range(count):
                image = np.full((30, 50, 3), shade, np.uint8)
                image[:, :5] = 255 - shade  # cut off: the middle 30 × 30 stays
                Image.fromarray(image).save(tmp_path / part / name / f"{n}.png")
    split = data_split("imagenet", tmp_path, (3, 16, 16))
    assert (split.classes, len(split.train), len(split.test)) == (("dark", "light"), 8, 4)
    pixels, labels = split.train.batch(np.array([0, 7]))
    assert labels.tolist() == [0, 1]
    assert [np.unique(image).tolist() for image in pixels] == [[20], [200]]
    grey, _ = data_split("imagenet", tmp_path, (1, 16, 16)).test.batch(np.array([0]))
    assert grey.shape == (1, 1, 16, 16)
    few = data_split("imagenet", tmp_path, (3, 16, 16), limit=2)
    assert few.train.batch(np.arange(2))[1].tolist() == [0, 1]
    head = b"".join(size.to_bytes(4, "big") for size in (60_000, 60_000)) + bytes((8, 2, 0, 0, 0))
    huge = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\x0dIHDR" + head + crc32(b"IHDR" + head).to_bytes(4, "big")
    (tmp_path / "val" / "dark" / "0.png").write_bytes(huge + b"\0\0\0\0IDAT\x35\xaf\x06\x1e")
    with pytest.raises(InputError, match=r"0\.png: Image size \(3600000000 pixels\) .*: must be an image"):
        split.test.batch(np.array([0]))
    (tmp_path / "val" / "dark" / "0.png").write_text("no image")
    with pytest.raises(InputError, match=r"0\.png: cannot identify image file .*: must be an image"):
        split.test.batch(np.array([0]))


def test_folders_without_images(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no train/CLASS and val/CLASS: ImageNet is to be had from"):
        data_split("imagenet", tmp_path, (3, 16, 16))
    for part in ("train", "val"):
        (tmp_path / part / "cat").mkdir(parents=True)
    with pytest.raises(InputError, match="train: no images: must have folders of"):
        data_split("imagenet", tmp_path, (3, 16, 16))


def test_generated_digits_are_the_same_again_and_of_every_class() -> None:
    one, again, other = (generated_digits(DIGITS, (3, 32, 32), 200, seed) for seed in (1, 1, 2))
    assert (one.images == again.images).all()
    assert (one.images != other.images).any()
    assert set(one.labels) == set(range(10))
    assert one.images.dtype == np.uint8


def test_generated_digits_follow_the_order_of_the_classes() -> None:
    """The same stream of random numbers: the class of label 0 alone decides what is drawn."""
    ones = generated_digits(("1", "1"), (1, 28, 28), 20, 1)
    eights = generated_digits(("8", "8"), (1, 28, 28), 20, 1)
    bright = [(images.images > 110).mean() for images in (ones, eights)]
    assert bright[1] > 1.5 * bright[0]


def test_generated_split_is_labelled() -> None:
    split = generated_split(DIGITS, (1, 28, 28), 40, 1)
    assert (len(split.train), len(split.test), split.name) == (40, 10, "generated digits")
    assert "nobody's data" in split.note


def test_shifted_images_repeat_their_edge() -> None:
    random = np.random.default_rng(5)
    images = random.integers(0, 256, (30, 3, 8, 6)).astype(np.uint8)
    by = random.integers(-3, 4, (30, 2))
    for image, (down, right), moved in zip(images, by, shifted(images, by), strict=True):
        wide = np.pad(image, ((0, 0), (3, 3), (3, 3)), mode="edge")
        assert (moved == wide[:, 3 - down : 11 - down, 3 - right : 9 - right]).all()
