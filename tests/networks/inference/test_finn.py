"""Trained networks on real images: published accuracies, the files' own arithmetic, and files that are broken."""

import shutil
from collections.abc import Callable
from fractions import Fraction
from math import floor
from pathlib import Path

import numpy as np
import pytest

from spintronics.errors import InputError
from spintronics.networks import and_operations
from spintronics.networks.bits import BitWidths, FirstLayer
from spintronics.networks.datasets import ImageSet
from spintronics.networks.inference import Accuracy, BitwiseNetwork, Engine, infer, load_finn_bnn
from spintronics.networks.inference.engines import accumulate


def test_lfc_reaches_its_accuracy_on_all_of_t10k(lfc: BitwiseNetwork, mnist: ImageSet) -> None:
    assert mnist.classes == lfc.classes
    result = infer(lfc, mnist.images)
    assert result.accuracy(mnist.labels) == Accuracy(9834, 10_000)
    part = slice(0, 1000)
    assert (infer(lfc, mnist.images[part], Engine.PLANES).scores == result.scores[part]).all()


def test_cnv_reaches_its_accuracy_on_svhn(cnv: BitwiseNetwork, svhn: ImageSet) -> None:
    """95.8 %, as published, is within the 95 % interval of 1000 images; benchmarks/bench_inference.py takes all."""
    assert svhn.classes == cnv.classes
    result = infer(cnv, svhn.images[:1000])
    low, high = result.accuracy(svhn.labels[:1000]).interval()
    assert low <= 0.958 <= high
    part = slice(0, 60)
    assert (infer(cnv, svhn.images[part], Engine.PLANES).scores == result.scores[part]).all()


def test_sizes_of_cnv(cnv: BitwiseNetwork) -> None:
    """1 543 872 weight bits on file, two of the last layer's 12 neurons of 512 inputs unused."""
    assert sum(work.weights for work in cnv.network.work) == 1_543_872 - 2 * 512
    rows = and_operations(cnv.network, BitWidths(1, 1), FirstLayer.PRACTICAL)
    assert [row.and_operations for row in rows[:2]] == [900 * 64 * 27 * 8, 784 * 64 * 576]


def words(folder: Path, kind: str, layer: int, pes: int) -> np.ndarray:
    """Files of a layer, (PEs, words)."""
    return np.stack([np.fromfile(folder / f"{layer}-{pe}-{kind}.bin", "<i8") for pe in range(pes)])


def test_lfc_against_popcounts_of_its_files(data: Path, lfc: BitwiseNetwork, mnist: ImageSet) -> None:
    """The accelerator's way, filling included: Python integers of 832 and 1024 bits, XNOR, popcount, compare."""
    folder = data / "bnn-pynq" / "mnist" / "lfcW1A1"
    images = mnist.images[:5]
    vectors = [sum(1 << k for k, p in enumerate(image.ravel()) if p > 127) for image in images]
    for layer, (pes, simd, inputs) in enumerate([(32, 64, 832), (64, 32, 1024), (32, 64, 1024), (16, 8, 1024)]):
        weights, thresholds = words(folder, "weights", layer, pes), words(folder, "thres", layer, pes)
        per_neuron = inputs // simd
        scores = []
        for vector in vectors:
            counts = []
            for neuron in range(weights.size // per_neuron):
                tile, pe = divmod(neuron, pes)
                chunk = weights[pe, tile * per_neuron : (tile + 1) * per_neuron].tolist()
                word = sum((w % 2**64) << (simd * k) for k, w in enumerate(chunk))
                counts.append((inputs - (word ^ vector).bit_count(), int(thresholds[pe, tile])))
            scores.append(counts)
        vectors = [sum(1 << k for k, (count, t) in enumerate(counts) if count > t) for counts in scores]
    popcounts = np.array([[count for count, _ in counts[:10]] for counts in scores])
    assert (infer(lfc, images).scores == 2 * popcounts - 1024).all()


def test_pixels_of_cnv_are_rounded_down_to_8_bits(cnv: BitwiseNetwork) -> None:
    exact = [min(floor(128 * (Fraction(2 * p, 255) - 1)), 127) for p in range(256)]
    assert cnv.layers[0].values.tolist() == exact  # type: ignore[union-attr]


def test_first_layer_of_cnv_against_its_real_numbers(data: Path, cnv: BitwiseNetwork, svhn: ImageSet) -> None:
    """Sums of 8-bit fractions against thresholds in 1/256, as the files' makers state them."""
    folder = data / "bnn-pynq" / "streetview" / "cnvW1A1"
    weights, thresholds = words(folder, "weights", 0, 16), words(folder, "thres", 0, 16)
    image = svhn.images[7]
    real = np.minimum(np.floor(128 * (2 * image / 255 - 1)) / 128, 127 / 128)
    pixels, conv0, sign0 = cnv.layers[:3]
    x = pixels.apply(image.transpose(1, 2, 0)[None])  # type: ignore[union-attr]
    result = sign0.apply(accumulate(Engine.BLAS, conv0, x))  # type: ignore[union-attr, arg-type]
    for neuron in range(64):
        tile, pe = divmod(neuron, 16)
        taps = [2 * (int(w) >> c & 1) - 1 for w in weights[pe, 9 * tile : 9 * tile + 9] for c in range(3)]
        kernel = np.array(taps).reshape(3, 3, 3)  # row, column, channel
        for row, column in ((0, 0), (11, 4), (29, 29)):
            window = real[:, row : row + 3, column : column + 3].transpose(1, 2, 0)
            positive = (window * kernel).sum() > thresholds[pe, tile] / 256
            assert result[0, row, column, neuron] == (1 if positive else -1)


# --- broken files -----------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(data: Path, tmp_path: Path) -> Path:
    """A copy of lfcW1A1 to break."""
    copy = tmp_path / "lfcW1A1"
    copy.mkdir()
    for file in (data / "bnn-pynq" / "mnist" / "lfcW1A1").iterdir():
        shutil.copyfile(file, copy / file.name)
    return copy


def test_weights_that_fill_up_words_do_not_matter(folder: Path, lfc: BitwiseNetwork, mnist: ImageSet) -> None:
    """The files fill up with ones, which XNOR with the inputs' zeros counts as 0; 48 zeros in their place count 48."""
    for pe in range(32):
        weights = np.fromfile(folder / f"0-{pe}-weights.bin", "<u8").reshape(32, 13)
        assert (weights[:, 12] >> np.uint64(16) == 2**48 - 1).all()
        thresholds = np.fromfile(folder / f"0-{pe}-thres.bin", "<i8")
        weights[::2, 12] &= np.uint64(0xFFFF)
        thresholds[::2] += 48
        weights.tofile(folder / f"0-{pe}-weights.bin")
        thresholds.tofile(folder / f"0-{pe}-thres.bin")
    images = mnist.images[:50]
    assert (infer(load_finn_bnn(folder), images).scores == infer(lfc, images).scores).all()


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def write(values: list[int]) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(np.array(values, "<i8").tobytes()) and None


@pytest.mark.parametrize(
    ("name", "harm", "message"),
    [
        ("2-3-weights.bin", truncate, r"2-3-weights.bin: 4095 bytes: must be 4096 \(512 words of 64 bits\)"),
        ("0-31-weights.bin", Path.unlink, "0-31-weights.bin: No such file or directory: must be 3328 bytes"),
        ("1-0-thres.bin", truncate, "1-0-thres.bin: 127 bytes: must be 128"),
        ("3-2-weights.bin", write([256] + [0] * 511), "3-2-weights.bin: word 0x100 has 9 bits: must have at most 8"),
        ("0-5-thres.bin", write([0] * 31 + [2**40]), "0-5-thres.bin: threshold 1099511627776: must fit in 16 bits"),
        ("classes.txt", Path.unlink, "classes.txt: .*: must name the network's classes"),
        ("classes.txt", lambda path: path.write_text("a b c"), "network lfcW1A1: 3 classes: must be 10, its outputs"),
    ],
)
def test_broken_files(folder: Path, name: str, harm: Callable[[Path], None], message: str) -> None:
    harm(folder / name)
    with pytest.raises(InputError, match=message) as error:
        load_finn_bnn(folder)
    assert "\n" not in str(error.value)


def test_folders_without_a_network(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere: not found: must be a folder of"):
        load_finn_bnn(tmp_path / "nowhere")
    (tmp_path / "0-0-weights.bin").touch()
    with pytest.raises(InputError, match=r"weights of 1 layers: must be 9 \(cnvW1A1\) or 4 \(lfcW1A1\)"):
        load_finn_bnn(tmp_path)
