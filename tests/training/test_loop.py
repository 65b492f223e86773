"""Training learns, goes on from where it was interrupted, and refuses what does not fit."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import scipy.stats

from spintronics.errors import InputError
from spintronics.networks import Network
from spintronics.report import training as report
from spintronics.training.images import Split

torch = pytest.importorskip("torch", reason="needs PyTorch, the extra train")

from spintronics.training.export import error_on_array  # noqa: E402
from spintronics.training.loop import Settings, Trained, train  # noqa: E402

SHORT = Settings("1:2", epochs=3, batch=20, learning_rate=1e-2, dropout=0.1)


def figures_of(run: Trained) -> list[tuple[float, int]]:
    return [(epoch.loss, epoch.correct) for epoch in run.curve]


@pytest.mark.parametrize("bits", ["32:32", "1:1", "2:2"])
def test_learns(small: Network, quarters: Split, bits: str) -> None:
    """Four classes: three in four wrong by chance."""
    run = train(small, quarters, replace(SHORT, bits=bits, epochs=6))
    assert run.curve[-1].test_error < 0.3
    assert run.curve[-1].loss < run.curve[0].loss
    if bits != "32:32":
        on_array = error_on_array(run.model.exported("quarters", quarters.classes), quarters.test)
        assert on_array == pytest.approx(run.curve[-1].test_error, abs=0.02)


def test_interrupted_run_has_the_same_curve(small: Network, quarters: Split, tmp_path: Path) -> None:
    whole = train(small, quarters, SHORT)

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    file = tmp_path / "checkpoint.pt"
    with pytest.raises(KeyboardInterrupt):
        train(small, quarters, SHORT, checkpoint=file, advance=interrupt)
    torch.manual_seed(99)  # whatever else has been drawn since
    done: list[int] = []
    resumed = train(small, quarters, SHORT, checkpoint=file, resume=True, advance=done.append)
    assert done == [1, 1, 1]
    assert figures_of(resumed) == figures_of(whole)
    for one, other in zip(whole.model.state_dict().values(), resumed.model.state_dict().values(), strict=True):
        assert torch.equal(one, other)
    again = train(small, quarters, SHORT, checkpoint=file, resume=True)
    assert figures_of(again) == figures_of(whole)


def test_shifted_images_are_others(small: Network, quarters: Split) -> None:
    still, moved = (train(small, quarters, replace(SHORT, shift=shift)) for shift in (0, 2))
    assert figures_of(still) != figures_of(moved)
    assert moved.curve[-1].test_error < 0.5
    assert figures_of(train(small, quarters, replace(SHORT, shift=2))) == figures_of(moved)


def test_seeds_differ(small: Network, quarters: Split) -> None:
    one, other = (train(small, quarters, replace(SHORT, epochs=1, seed=seed)) for seed in (1, 2))
    assert figures_of(one) != figures_of(other)


def test_mixed_precision(small: Network, quarters: Split) -> None:
    exact, mixed = (train(small, quarters, replace(SHORT, epochs=1, mixed=mixed)) for mixed in (False, True))
    assert exact.curve[0].loss != mixed.curve[0].loss
    assert mixed.curve[0].loss == pytest.approx(exact.curve[0].loss, rel=0.2)


def test_checkpoint_of_other_settings(small: Network, quarters: Split, tmp_path: Path) -> None:
    file = tmp_path / "checkpoint.pt"
    train(small, quarters, replace(SHORT, epochs=1), checkpoint=file)
    with pytest.raises(InputError, match=r"checkpoint .*: epochs = 1: must be 3 to be resumed"):
        train(small, quarters, SHORT, checkpoint=file, resume=True)
    file.write_bytes(file.read_bytes()[:500])
    with pytest.raises(InputError, match=r"checkpoint .*: must be one that training wrote"):
        train(small, quarters, replace(SHORT, epochs=1), checkpoint=file, resume=True)
    file.write_text("hello")
    with pytest.raises(InputError, match=r"checkpoint .*: must be one that training wrote"):
        train(small, quarters, replace(SHORT, epochs=1), checkpoint=file, resume=True)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"epochs": 0}, "epochs = 0: must be 1 or more"),
        ({"batch": 1}, "batch = 1: must be 2 or more"),
        ({"learning_rate": 0.0}, "learning_rate = 0.0: must be > 0"),
        ({"learning_rate": float("nan")}, "learning_rate = nan: must be > 0"),
        ({"learning_rate": 1e300}, r"learning_rate = 1e\+300: must be > 0 and below 1e\+38"),
        ({"seed": -1}, "seed = -1: must be 0 or more"),
        ({"seed": 2**32}, r"seed = 4294967296: must be below 2\^32"),
        ({"dropout": 1.0}, "dropout = 1.0: must be from 0 to below 1"),
        ({"shift": -1}, "shift = -1: must be 0 or more"),
        ({"bits": "0:1"}, "must be a whole number from 1 to 32"),
    ],
)
def test_settings_out_of_range(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        replace(SHORT, **wrong)  # type: ignore[arg-type]


def test_batch_of_more_than_there_is(small: Network, quarters: Split) -> None:
    with pytest.raises(InputError, match="batch = 201: must be at most 200, the training images"):
        train(small, quarters, replace(SHORT, batch=201))


def test_shift_beyond_the_image(small: Network, quarters: Split) -> None:
    with pytest.raises(InputError, match="shift = 12: must be below 12, the size of the images"):
        train(small, quarters, replace(SHORT, shift=12))


def spoilt(state: Any, key: str, value: Any) -> Any:
    return {**state, key: value}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda state: [state],
        lambda state: torch.zeros(3, 3),
        lambda state: spoilt(state, "identity", ["made up"]),
        lambda state: {key: value for key, value in state.items() if key != "model"},
        lambda state: spoilt(state, "model", {}),
        lambda state: spoilt(state, "model", {key: value[None] for key, value in state["model"].items()}),
        lambda state: spoilt(state, "optimizer", {}),
        lambda state: spoilt(state, "curve", 5),
        lambda state: spoilt(state, "curve", [{}]),
    ],
)
def test_file_that_is_not_quite_a_checkpoint(
    small: Network, quarters: Split, tmp_path: Path, spoil: Callable[[Any], Any]
) -> None:
    file = tmp_path / "checkpoint.pt"
    settings = replace(SHORT, epochs=1)
    train(small, quarters, settings, checkpoint=file)
    torch.save(spoil(torch.load(file, weights_only=True)), file)
    with pytest.raises(InputError, match=r"checkpoint .*: must be one that training wrote") as caught:
        train(small, quarters, settings, checkpoint=file, resume=True)
    assert "\n" not in str(caught.value)


def test_checkpoint_that_cannot_be_written(small: Network, quarters: Split, tmp_path: Path) -> None:
    """A full disk; and a folder in its place.  Nothing half written is left."""
    full = tmp_path / "full.partial"
    full.symlink_to("/dev/full")
    taken = tmp_path / "taken.pt"
    taken.mkdir()
    for file in (full.with_suffix(".pt"), taken):
        with pytest.raises(InputError, match=rf"checkpoint {file}: cannot be written: .+") as caught:
            train(small, quarters, replace(SHORT, epochs=1), checkpoint=file)
        assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["taken.pt"]


def test_fewer_threads_than_pytorch_would_take() -> None:
    """With this limit backward() would wait for ever for a thread that it cannot have."""
    script = """
import numpy, torch
from spintronics.networks import Convolution, FullyConnected, Network
from spintronics.networks.datasets import ImageSet
from spintronics.training.images import InMemory, Split
from spintronics.training.loop import Settings, train

torch.set_num_threads(2)
images = InMemory(ImageSet("x", numpy.ones((20, 1, 28, 28), numpy.uint8), numpy.zeros(20, int), ("a", "b")))
network = Network("x", "x", (1, 28, 28), (Convolution("c", 1, 20, kernel=5), FullyConnected("f", 11520, 2)))
train(network, Split("x", images, images, ("a", "b"), ""), Settings("1:1", epochs=1, batch=20))
print(torch.get_num_threads())
"""
    command = [sys.executable, "-c", script]
    limited = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    answer = subprocess.run(command, env=limited, capture_output=True, text=True, timeout=60, check=True)
    assert answer.stdout == "1\n"


def test_diverging_run(small: Network, quarters: Split) -> None:
    with pytest.raises(
        InputError, match=r"training 32:32: learning_rate = 1e\+36: loss is (nan|inf) in epoch \d: must be lower"
    ):
        train(small, quarters, replace(SHORT, bits="32:32", learning_rate=1e36))


def test_tables_and_figure(small: Network, quarters: Split) -> None:
    run = train(small, quarters, replace(SHORT, epochs=2))
    (row,) = report.errors("SVHN", [run], [0.25])
    assert (row["bits"], row["epochs"], row["seed_test_error"]) == ("1:2", 2, 0.026)
    wrong = 60 - run.curve[-1].correct
    exact = scipy.stats.binomtest(wrong, 60).proportion_ci(0.95, "exact")
    assert (row["test_error_low"], row["test_error_high"]) == pytest.approx((exact.low, exact.high), rel=1e-9)
    (row,) = report.errors("quarters", [run], [None])
    assert (row["data"], row["seed_test_error"]) == ("quarters", None)
    assert [row["epoch"] for row in report.curve("quarters", [run])] == [1, 2]
    (line,) = report.figure("made up", [run]).axes[0].lines
    assert line.get_ydata() == pytest.approx([100 * (1 - epoch.test_error) for epoch in run.curve])
