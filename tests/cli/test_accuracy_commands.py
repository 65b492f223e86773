"""accuracy and train: what they print and write, and every bad input as one line."""

import csv
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from spintronics.characterize.device_table import DeviceTable, Entry, ErrorRate

Answer = tuple[int, str, str]
Command = Callable[..., Answer]


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_accuracy_at_given_rates(spintronics: Command, data: Path, network: Path, tmp_path: Path) -> None:
    """Every second AND a coin toss leaves chance; none leaves all."""
    out = tmp_path / "out"
    rates = ("--error-rate", "0", "--error-rate", "0.5")
    status, printed, err = spintronics("accuracy", "mnist", "--data", data, "--network", network, *rates, "--out", out)
    assert (status, err) == (0, "")
    assert "rows on 40 of 40 MNIST test images" in printed
    ideal, none, coin = rows_of(out / "tables" / "accuracy.csv")
    assert (ideal["accuracy"], none["accuracy"]) == ("1", "1")
    assert float(coin["accuracy"]) < 0.4
    (lost,) = rows_of(out / "tables" / "lost.csv")
    assert float(lost["value"]) == pytest.approx(0.5 * 0.01 / (1 - float(coin["accuracy"])))
    assert (out / "figures" / "accuracy.svg").stat().st_size > 1000


def test_accuracy_of_margins_and_a_device_table(
    spintronics: Command, data: Path, network: Path, tmp_path: Path
) -> None:
    """Weak columns of both, and independent errors beside them."""
    entries = (
        Entry("operations", "AND", case, "one", "none", None, error=ErrorRate(n, 100, 0.0, 1.0), status="made up")
        for case, n in (("00", 0), ("01", 1), ("10", 2), ("11", 3))
    )
    table = tmp_path / "device_table.toml"
    table.write_text(DeviceTable("made up", "0" * 64, "nominal", 0.9, 300.0, tuple(entries)).to_toml())
    out = tmp_path / "out"
    status, _, err = spintronics(
        *("accuracy", "mnist", "--data", data, "--network", network, "--sigma-tmr", "0.4", "--sigma-ra", "0.2"),
        *("--vdd", "0.95", "--decisions", "1"),
        *("--from", table, "--static", "columns", "--access-errors", "0.001", "--layer", "fc", "--seeds", "2"),
        *("--trials", "1000", "--images", "10", "--workers", "1", "--out", out),
    )
    assert (status, err) == (0, "")
    _, margin, of_table, decided = rows_of(out / "tables" / "accuracy.csv")
    assert float(margin["p11"]) > 0.001
    assert (margin["sigma_tmr"], margin["sigma_ra"], margin["fan_in"]) == ("0.4", "0.2", "2")
    assert (of_table["p00"], of_table["p01"], of_table["p10"], of_table["p11"]) == ("0", "0.01", "0.02", "0.03")
    assert {row["faults"] for row in (margin, of_table)} == {"weak columns and accesses at 0.001, in fc"}
    assert "weak columns and accesses at 0.001, in fc" in (out / "report.html").read_text(encoding="utf-8")
    assert (of_table["images"], of_table["seeds"]) == ("10", "2")
    assert (margin["vdd"], of_table["vdd"], decided["vdd"], decided["source"]) == ("", "0.9", "0.95", "decisions")
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["pipeline"]["vdd"] == [0.95]
    assert manifest["inputs"][str(network)] == sha256(network.read_bytes()).hexdigest()
    assert all((out / name).is_file() for name in manifest["outputs"])
    assert spintronics("report", out)[0] == 0


def test_device_table_from_a_results_folder_is_the_file_in_it(
    spintronics: Command, data: Path, network: Path, tmp_path: Path
) -> None:
    entries = (
        Entry("operations", "AND", case, "one", "none", None, error=ErrorRate(1, 100, 0.0, 1.0), status="made up")
        for case in ("00", "01", "10", "11")
    )
    table = tmp_path / "run" / "device_table.toml"
    table.parent.mkdir()
    table.write_text(DeviceTable("made up", "0" * 64, "nominal", 0.9, 300.0, tuple(entries)).to_toml())
    manifest = {"versions": {"spintronics-imce": version("spintronics-imce")}, "outputs": [table.name]}
    (table.parent / "manifest.json").write_text(json.dumps(manifest))
    inputs = []
    for source in (table, table.parent):
        out = tmp_path / "out"
        status, _, err = spintronics(
            "accuracy", "mnist", "--data", data, "--network", network, "--from", source, "--seeds", "1", "--out", out
        )
        assert (status, err) == (0, "")
        _, found = rows_of(out / "tables" / "accuracy.csv")
        assert (found["source"], found["p11"]) == ("device table", "0.01")
        inputs.append(json.loads((out / "manifest.json").read_text(encoding="utf-8"))["inputs"])
    assert inputs[0] == inputs[1]
    assert inputs[0][str(table)] == sha256(table.read_bytes()).hexdigest()
    status, _, err = spintronics("accuracy", "mnist", "--data", data, "--network", network, "--from", data)
    assert (status, err.count("\n")) == (2, 1)
    assert f"results folder {data}: no manifest.json; give a folder that spintronics run wrote" in err


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def with_byte(place: int, value: int) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        content = bytearray(path.read_bytes())
        content[place] = value
        path.write_bytes(content)

    return write


def without_weights(path: Path) -> None:
    with np.load(path) as archive:
        arrays = dict(archive)
    np.savez(path, **{key: array for key, array in arrays.items() if key != "fc.weights"})


def with_weights(weights: Any) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with np.load(path) as archive:
            arrays = dict(archive)
        np.savez(path, **(arrays | {"fc.weights": weights}))

    return write


def with_format(weight_format: Any) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with np.load(path) as archive:
            arrays = dict(archive)
        head = json.loads(str(arrays["structure"]))
        head["layers"][0]["weight_format"] = weight_format
        np.savez(path, **(arrays | {"structure": np.array(json.dumps(head))}))

    return write


IMAGES, LABELS, NETWORK = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte", "rows.npz"


@pytest.mark.parametrize(
    ("name", "spoil", "message"),
    [
        (IMAGES, truncated, r"t10k-images-idx3-ubyte: 31375 bytes: must be 31376"),
        (IMAGES, with_byte(3, 1), r"t10k-images-idx3-ubyte: magic number 0x801, 31376 bytes: must be 0x803"),
        (LABELS, truncated, r"t10k-labels-idx1-ubyte: 47 bytes: must be 48"),
        (
            IMAGES,
            lambda path: path.write_bytes(b""),
            r"t10k-images-idx3-ubyte: magic number 0x0, 0 bytes: must be 0x803",
        ),
        (IMAGES, with_byte(7, 0), r"t10k-images-idx3-ubyte: sizes \[0, 28, 28\]: must be 1 or more each"),
        (IMAGES, with_byte(11, 0), r"t10k-images-idx3-ubyte: sizes \[40, 0, 28\]: must be 1 or more each"),
        (LABELS, with_byte(7, 39), r"t10k-labels-idx1-ubyte.*39"),
        (LABELS, with_byte(8, 10), r"t10k-labels-idx1-ubyte.*label 10.*0 to 9"),
        (IMAGES, Path.unlink, r"t10k-images-idx3-ubyte"),
        (NETWORK, truncated, r"rows.npz.*must be an .npz that training wrote"),
        (NETWORK, without_weights, r"rows.npz.*fc.weights"),
        (
            NETWORK,
            with_weights(np.ones((10, 783), int)),
            r"rows.npz: layer fc: weights of shape \(10, 783\) .*\(10, 784\)",
        ),
        (
            NETWORK,
            with_weights(np.full((10, 784), np.nan)),
            r"rows.npz: layer fc: weights of type float64: must",
        ),
        (NETWORK, with_weights(np.full((10, 784), 2)), r"rows.npz: layer fc: weight 2: must be -1 to 1"),
        (NETWORK, with_format(3), r"rows.npz: 'int' object has no attribute .*: must be an .npz that training wrote"),
        (
            NETWORK,
            with_format({"format": [99, "bipolar"]}),
            r"rows.npz: format: bits = 99: must be a whole number from 1",
        ),
    ],
)
def test_spoilt_files(
    spintronics: Command, data: Path, network: Path, name: str, spoil: Callable[[Path], None], message: str
) -> None:
    spoil(network if name == NETWORK else data / name)
    status, _, err = spintronics("accuracy", "mnist", "--data", data, "--network", network, "--error-rate", "0")
    assert (status, err.count("\n")) == (2, 1)
    assert re.search(message, err), err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"X": np.zeros((32, 32, 3, 2), np.uint8)}, r"test_32x32.mat.*y"),
        ({"y": np.ones((2, 1), np.uint8)}, r"test_32x32.mat.*X"),
        ({"X": np.zeros((32, 32, 3, 2), np.uint8), "y": np.ones((3, 1), np.uint8)}, r"test_32x32.mat.*3"),
        ({"X": np.zeros((32, 32, 3, 2), np.uint8), "y": np.array([[1], [11]])}, r"test_32x32.mat.*label 11.*1 to 10"),
        ({"X": np.zeros((32, 31, 3, 2), np.uint8), "y": np.ones((2, 1), np.uint8)}, r"test_32x32.mat.*31"),
        ({"X": np.zeros((32, 32, 3, 0), np.uint8), "y": np.ones((0, 1), np.uint8)}, r"test_32x32.mat"),
        (None, r"test_32x32.mat"),
    ],
)
def test_spoilt_mat_files(
    spintronics: Command, network: Path, tmp_path: Path, content: dict[str, Any] | None, message: str
) -> None:
    path = tmp_path / "test_32x32.mat"
    if content is None:
        path.write_bytes(b"not a .mat at all")
    else:
        savemat(path, content)
    status, _, err = spintronics("accuracy", "svhn", "--data", tmp_path, "--network", network)
    assert (status, err.count("\n")) == (2, 1)
    assert re.search(message, err), err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("cifar",), 'data set "cifar": must be one of svhn, mnist'),
        (("svhn",), "SVHN is to be had as train_32x32.mat and test_32x32.mat from http://ufldl.stanford.edu"),
        (("mnist", "--static", "rows"), "--static rows: must be cells or columns"),
        (("mnist", "--error-rate", "2"), "--error-rate 2: must be a probability, 0 to 1"),
        (("mnist", "--error-rate", "nan"), "--error-rate nan: must be a probability, 0 to 1"),
        (("mnist", "--static", "cells", "--access-errors", "-1"), "--access-errors -1: must be a probability, 0 to 1"),
        (("mnist", "--access-errors", "0.1"), "errors of accesses beside errors of accesses"),
        (("mnist", "--layer", "conv1", "--error-rate", "0"), "errors of layer conv1: network rows has fc"),
        (("mnist", "--from", "absent.toml"), "device table absent.toml: no such file"),
        (("mnist", "--fan-in", "1"), "fan_in = 1: must be 2 or more"),
        (("mnist", "--set", "junction.tmr=1"), "--set junction.tmr=1: must be a key of the technology"),
        (("mnist", "--sigma-tmr", "1.5"), "variation.sigma_tmr"),
        (("mnist", "--vdd", "-1"), "cmos.supply"),
        (("mnist", "--sigma-tmr", "0.1", "--sigma-tmr", "nan"), "variation.sigma_tmr = nan: not a finite number"),
        (("mnist", "--sigma-ra", "0.1", "--sigma-ra", "-0.1"), "variation.sigma_ra = -0.1: must be >= 0"),
        (("mnist", "--sigma-tmr", "0.1", "--vdd", "1.0", "--vdd", "1e9"), "cmos.supply"),
        (("mnist", "--fan-in", "2", "--fan-in", "9"), "fan_in = 9: must be within 1 … 8"),
        (("mnist", "--sigma-tmr", "0.1", "--seed", "-1"), "--seed -1: must be 0 or larger"),
        (("mnist", "--vdd", "1.0", "--workers", "0"), "--workers 0: must be at least 1"),
    ],
)
@pytest.mark.usefixtures("no_ngspice")
def test_accuracy_of_nothing(
    spintronics: Command, data: Path, network: Path, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    """Known before anything is simulated, and before there is a folder."""
    out = tmp_path / "out"
    status, _, err = spintronics("accuracy", *arguments, "--data", data, "--network", network, "--out", out)
    assert (status, err.count("\n")) == (2, 1)
    assert message in err
    assert not out.exists()


def interrupted(arguments: tuple[str | Path, ...], begun: Path) -> tuple[int, str]:
    """Exit status and last words of the command, which gets Ctrl-C as soon as a file or folder is there."""
    command = [sys.executable, "-m", "spintronics", *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        for _ in range(600):
            if begun.exists() or process.poll() is not None:
                break
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        try:
            _, err = process.communicate(timeout=60)
        finally:
            process.kill()
    return process.returncode, err


def test_interrupted_accuracy_says_how_to_go_on(data: Path, network: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    margins = ("--sigma-tmr", "0.1", "--sigma-tmr", "0.2", "--trials", "10000000", "--workers", "1")
    status, err = interrupted(("accuracy", "mnist", "--data", data, "--network", network, *margins, "--out", out), out)
    assert (status, err) == (130, f"interrupted; nothing was written to {out}; the same command starts again\n")
    assert not list(out.iterdir())


def test_interrupted_training_goes_on(spintronics: Command, tmp_path: Path) -> None:
    """Whole files alone are left, and the last curve has every epoch."""
    pytest.importorskip("torch", reason="needs PyTorch, the extra train")
    pytest.importorskip("onnx", reason="needs the extra onnx")
    out = tmp_path / "out"
    arguments = (
        "train",
        "mnist",
        "--generated",
        "40",
        "--bits",
        "1:1",
        "--epochs",
        "40",
        "--batch",
        "20",
        "--out",
        out,
    )
    status, err = interrupted((*arguments, "--device", "cpu"), out / "1-1" / "checkpoint.pt")
    assert (status, err) == (130, f"interrupted; --resume goes on from the last whole epoch in {out / '1-1'}\n")
    assert [path.name for path in out.rglob("*") if path.is_file()] == ["checkpoint.pt"]
    status, _, err = spintronics(*arguments, "--device", "cpu", "--resume")
    assert (status, err) == (0, "")
    assert [row["epoch"] for row in rows_of(out / "tables" / "curve.csv")] == [str(n + 1) for n in range(40)]


def test_accuracy_without_a_network(spintronics: Command, data: Path) -> None:
    status, _, err = spintronics("accuracy", "mnist", "--data", data)
    assert status == 2
    assert "no trained network lfcW1A1: give --network an .npz that spintronics train wrote" in err


def test_train_then_accuracy(spintronics: Command, data: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="needs PyTorch, the extra train")
    pytest.importorskip("onnx", reason="needs the extra onnx")
    out = tmp_path / "out"
    train = ("train", "mnist", "--bits", "1:1", "--bits", "32:32", "--epochs", "1", "--batch", "20", "--out", out)
    status, printed, err = spintronics(*train, "--data", data, "--device", "cpu")
    assert (status, err) == (0, "")
    assert "lenet on MNIST (cpu): trained on 40, tested on the 40 test images of MNIST" in printed
    binary, full = rows_of(out / "tables" / "test_error.csv")
    assert (binary["bits"], binary["test_error"]) == ("1:1", binary["test_error_on_array"])
    assert (full["bits"], full["test_error_on_array"]) == ("32:32", "")
    assert {path.name for path in (out / "1-1").iterdir()} == {"checkpoint.pt", "network.npz", "network.onnx"}
    assert {path.name for path in (out / "32-32").iterdir()} == {"checkpoint.pt"}
    status, _, err = spintronics(*train, "--data", data, "--resume")
    assert (status, err) == (0, "")
    again, _ = rows_of(out / "tables" / "test_error.csv")
    assert again == binary
    trained = out / "1-1" / "network.npz"
    found = tmp_path / "accuracy"
    status, _, err = spintronics(
        "accuracy", "mnist", "--data", data, "--network", trained, "--error-rate", "0", "--out", found
    )
    assert (status, err) == (0, "")
    _, none = rows_of(found / "tables" / "accuracy.csv")
    assert float(none["accuracy"]) == pytest.approx(1 - float(binary["test_error"]))


def test_generated_digits_are_labelled_everywhere(spintronics: Command, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="needs PyTorch, the extra train")
    pytest.importorskip("onnx", reason="needs the extra onnx")
    import onnx

    out = tmp_path / "out"
    status, printed, err = spintronics(
        "train", "mnist", "--bits", "1:2", "--generated", "40", "--epochs", "1", "--batch", "20", "--out", out
    )
    assert (status, err) == (0, "")
    assert "trained on 40, tested on 10 generated digits, nobody's data" in printed
    for table in ("test_error", "curve"):
        assert {row["data"] for row in rows_of(out / "tables" / f"{table}.csv")} == {"generated digits"}
    assert "generated" in (out / "tables" / "test_error.md").read_text(encoding="utf-8")
    assert onnx.load(str(out / "1-2" / "network.onnx")).doc_string == "trained on generated digits"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("svhn",), "--data: missing: svhn is to be had as train_32x32.mat and test_32x32.mat from"),
        (("imagenet",), "--data: missing: imagenet is to be had as https://image-net.org"),
        (("cifar",), 'data set "cifar": must be one of svhn, mnist, imagenet'),
        (("imagenet", "--generated", "40"), "--generated 40: must be without --data, for svhn or mnist"),
        (("mnist", "--bits", "0:1"), "must be a whole number from 1 to 32"),
        (("mnist", "--device", "tpu"), "--device tpu: must be auto, cpu or cuda"),
        (("svhn", "--data", "absent"), "data folder absent: not found"),
        (("mnist", "--generated", "40", "--seed", "-1"), "'--seed'"),
        (("mnist", "--generated", str(10**18)), "out of memory: Unable to allocate"),
    ],
)
def test_training_on_nothing(spintronics: Command, arguments: tuple[str, ...], message: str) -> None:
    status, _, err = spintronics("train", *arguments)
    assert (status, err.count("\n")) == (2, 1)
    assert message in err


def test_training_without_pytorch(spintronics: Command, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spintronics.training.find_spec", lambda _: None)
    status, _, err = spintronics("train", "mnist", "--data", data)
    assert (status, err) == (2, 'error: training: PyTorch is not installed: pip install "spintronics-imce[train]"\n')
