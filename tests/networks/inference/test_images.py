"""Finding a user's images, and resizing them against SciPy's interpolation."""

from pathlib import Path

import numpy as np
import pytest
from scipy.interpolate import RegularGridInterpolator

from spintronics.errors import InputError
from spintronics.networks.datasets import ImageSet
from spintronics.networks.inference import BitwiseNetwork
from spintronics.networks.inference.images import fitted, images_to_test, require_classes, training_images


def test_resized_as_scipy_interpolates() -> None:
    images = np.random.default_rng(1).integers(0, 256, (2, 3, 32, 32)).astype(np.uint8)
    found = fitted(images, (3, 40, 40))
    at = np.clip((np.arange(40) + 0.5) * 0.8 - 0.5, 0, 31)
    grid = np.stack(np.meshgrid(at, at, indexing="ij"), axis=-1)
    for image, resized in zip(images.reshape(6, 32, 32), found.reshape(6, 40, 40), strict=True):
        exact = RegularGridInterpolator((np.arange(32), np.arange(32)), image.astype(float))(grid)
        assert np.abs(resized - exact).max() <= 0.5 + 1e-9
    assert (fitted(images, (3, 32, 32)) == images).all()


def test_images_of_other_channels() -> None:
    with pytest.raises(InputError, match="images of 1 channels: must be 3, the network's input"):
        fitted(np.zeros((1, 1, 32, 32), np.uint8), (3, 32, 32))


@pytest.mark.parametrize(("dataset", "where"), [("svhn", "ufldl.stanford.edu"), ("mnist", "yann.lecun.com")])
def test_where_a_set_is_to_be_had(dataset: str, where: str, tmp_path: Path) -> None:
    for find in (images_to_test, training_images):
        with pytest.raises(InputError, match=where):
            find(dataset, tmp_path)
        with pytest.raises(InputError, match=r"data folder .*absent: not found: must be a folder with the images"):
            find(dataset, tmp_path / "absent")
    with pytest.raises(InputError, match='data set "cifar": must be one of svhn, mnist'):
        images_to_test("cifar", tmp_path)


def test_found_below_the_folder(data: Path, mnist: ImageSet, svhn: ImageSet) -> None:
    assert (images_to_test("mnist", data).labels == mnist.labels).all()
    assert len(images_to_test("svhn", data)) == len(svhn)
    assert training_images("svhn", data) is None
    train = training_images("mnist", data)
    assert train is not None
    assert len(train) == 60_000


def test_classes_in_another_order(lfc: BitwiseNetwork, mnist: ImageSet, svhn: ImageSet) -> None:
    require_classes(lfc, mnist)
    with pytest.raises(InputError, match=r"lfcW1A1: classes 0 1 .* 9: must be 1 2 .* 9 0, those of SVHN"):
        require_classes(lfc, svhn)
