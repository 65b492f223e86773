"""Training: epochs, checkpoints after each, and resuming from the last with the same numbers."""

import math
import os
import pickle
import time
import zipfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from spintronics.errors import InputError
from spintronics.networks.bits import BitWidths
from spintronics.networks.layers import Network
from spintronics.training.images import Images, Split, shifted
from spintronics.training.model import QuantizedNetwork

_TESTED_AT_ONCE = 250
_SINGLE_PRECISION = 1e38  # about its largest number
_NO_CHECKPOINT = (
    *(OSError, EOFError, RuntimeError, zipfile.BadZipFile, pickle.UnpicklingError),  # not a file of PyTorch's
    *(KeyError, IndexError, TypeError, ValueError, AttributeError),  # one of something else
)


@dataclass(frozen=True)
class Settings:
    """What a training run depends on, beside network and images.

    Attributes:
        bits: W:I.
        epochs: passes over the training images.
        batch: images in a step.
        learning_rate: of Adam at the start; it falls to 0 along half a cosine.
        dropout: share left out before the first fully connected layer.
        seed: of first weights, order of images, dropout and the noise of gradients.
        mixed: convolutions in bfloat16 (mixed precision); tests are always in float32.
        shift: most pixels by which a training image is moved up or down, left or right, each time it is seen.
    Raises:
        InputError: a value out of range.
    """

    bits: str
    epochs: int = 20
    batch: int = 128
    learning_rate: float = 1e-3
    dropout: float = 0.2
    seed: int = 1
    mixed: bool = False
    shift: int = 0

    def __post_init__(self) -> None:
        BitWidths.parse(self.bits)
        for key, least in (("epochs", 1), ("batch", 2), ("seed", 0), ("shift", 0)):
            if getattr(self, key) < least:
                raise InputError(f"training: {key} = {getattr(self, key)}: must be {least} or more")
        if self.seed >= 2**32:
            raise InputError(f"training: seed = {self.seed}: must be below 2^32")
        if not 0 < self.learning_rate < _SINGLE_PRECISION:
            raise InputError(
                f"training: learning_rate = {self.learning_rate}: must be > 0 and below {_SINGLE_PRECISION:g}"
            )
        if not 0 <= self.dropout < 1:
            raise InputError(f"training: dropout = {self.dropout}: must be from 0 to below 1")


@dataclass(frozen=True)
class Epoch:
    """What one pass came to.

    Attributes:
        number: from 1.
        loss: mean cross entropy over the training images, nats.
        correct, images: of the test images.
        seconds: it took.
    """

    number: int
    loss: float
    correct: int
    images: int
    seconds: float

    @property
    def test_error(self) -> float:
        """Share of the test images that are wrong."""
        return 1 - self.correct / self.images


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained network and how it came about."""

    settings: Settings
    model: QuantizedNetwork
    curve: tuple[Epoch, ...]


def train(
    network: Network,
    split: Split,
    settings: Settings,
    device: str = "cpu",
    checkpoint: Path | None = None,
    resume: bool = False,
    advance: Callable[[int], None] = lambda _: None,
) -> Trained:
    """Train a network at one bit width.

    Every random number follows from seed and epoch, so that a run resumed on the same machine has the same curve to
    the last bit.

    Args:
        device: ``cpu`` or ``cuda``.
        checkpoint: file that is written after each epoch; None for none.
        resume: go on from the checkpoint, where there is one.
        advance: called with 1 as each epoch is done.
    Raises:
        InputError: a batch larger than the training images, a shift as large as an image, no such device, a checkpoint
            of other settings or one that cannot be read or written, or a loss that is no number any more.
    """
    if settings.batch > len(split.train):
        raise InputError(f"training: batch = {settings.batch}: must be at most {len(split.train)}, the training images")
    size = min(network.input_shape[1:])
    if settings.shift >= size:
        raise InputError(f"training: shift = {settings.shift}: must be below {size}, the size of the images")
    if device == "cuda" and not torch.cuda.is_available():
        raise InputError("training: device = cuda: PyTorch sees no GPU here: must be cpu")
    _keep_thread_limit()
    torch.manual_seed(settings.seed)
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.allow_tf32 = False  # its 10 bits of mantissa do not hold the quantized activations
    model = QuantizedNetwork(network, BitWidths.parse(settings.bits), settings.dropout).to(device)
    optimizer = torch.optim.Adam(model.parameters(), settings.learning_rate)
    curve: list[Epoch] = []
    identity = {"network": network.name, "data": split.name, "images": len(split.train), **asdict(settings)}
    if resume and checkpoint is not None and checkpoint.is_file():
        curve = _resume(checkpoint, identity, model, optimizer, device)
        advance(len(curve))
    for number in range(len(curve) + 1, settings.epochs + 1):
        started = time.perf_counter()
        loss = _pass(model, optimizer, split.train, settings, number, device)
        correct = count_correct(model, split.test, device)
        curve.append(Epoch(number, loss, correct, len(split.test), time.perf_counter() - started))
        if checkpoint is not None:
            _write(checkpoint, identity, model, optimizer, curve)
        advance(1)
    return Trained(settings, model, tuple(curve))


def _keep_thread_limit() -> None:
    """No more threads than OMP_THREAD_LIMIT allows: backward() waits for ever for those that it cannot have."""
    limit = os.environ.get("OMP_THREAD_LIMIT", "")
    if limit.isdecimal() and int(limit):
        torch.set_num_threads(min(torch.get_num_threads(), int(limit)))


def learning_rate_at(settings: Settings, step: int, steps: int) -> float:
    """Half a cosine from the first rate at step 0 to 0 at the last.

    >>> [round(learning_rate_at(Settings("1:1", learning_rate=1.0), n, 4), 3) for n in range(5)]
    [1.0, 0.854, 0.5, 0.146, 0.0]
    """
    return settings.learning_rate * (1 + math.cos(math.pi * step / steps)) / 2


def count_correct(model: QuantizedNetwork, images: Images, device: str) -> int:
    """How many of the images are classified correctly."""
    model.eval()
    correct = 0
    with torch.no_grad():
        for start in range(0, len(images), _TESTED_AT_ONCE):
            pixels, labels = images.batch(np.arange(start, min(start + _TESTED_AT_ONCE, len(images))))
            scores = model(torch.from_numpy(pixels).to(device).float())
            correct += int((scores.argmax(1).cpu() == torch.from_numpy(labels)).sum())
    return correct


def _pass(
    model: QuantizedNetwork, optimizer: torch.optim.Adam, images: Images, settings: Settings, number: int, device: str
) -> float:
    """One epoch; the mean loss.  Images that do not fill the last batch are left out of it."""
    torch.manual_seed(settings.seed * 1_000_003 + number)
    random = np.random.default_rng((settings.seed, number))
    order = random.permutation(len(images))
    steps = len(images) // settings.batch
    model.train()
    total = torch.zeros((), dtype=torch.float64, device=device)
    for step in range(steps):
        pixels, labels = images.batch(order[step * settings.batch : (step + 1) * settings.batch])
        if settings.shift:
            pixels = shifted(pixels, random.integers(-settings.shift, settings.shift + 1, (len(pixels), 2)))
        for group in optimizer.param_groups:
            group["lr"] = learning_rate_at(settings, (number - 1) * steps + step, settings.epochs * steps)
        with torch.autocast(device, torch.bfloat16, enabled=settings.mixed):
            scores = model(torch.from_numpy(pixels).to(device).float())
        loss = nn.functional.cross_entropy(scores.float(), torch.from_numpy(labels).to(device))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.detach()
    loss_of_all = total.item()
    if not math.isfinite(loss_of_all):
        raise InputError(
            f"training {settings.bits}: learning_rate = {settings.learning_rate:g}: loss is {loss_of_all} in epoch "
            f"{number}: must be lower"
        )
    return loss_of_all / steps


def _write(
    path: Path, identity: dict[str, Any], model: QuantizedNetwork, optimizer: torch.optim.Adam, curve: list[Epoch]
) -> None:
    """Whole or not at all: an interrupted write leaves the checkpoint before it.

    Raises:
        InputError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".partial")
    try:
        torch.save(
            {
                "identity": identity,
                "model": model.state_dict(),
                "optimizer": optimizer.state_dict(),
                "curve": [asdict(epoch) for epoch in curve],
            },
            aside,
        )
        aside.replace(path)
    except (OSError, RuntimeError) as error:  # PyTorch's own words where a disk is full
        raise InputError(f"checkpoint {path}: cannot be written: {_reason(error)}") from None
    finally:
        aside.unlink(missing_ok=True)


def _resume(
    path: Path, identity: dict[str, Any], model: QuantizedNetwork, optimizer: torch.optim.Adam, device: str
) -> list[Epoch]:
    """The curve so far; model and optimizer become those of the checkpoint.

    Raises:
        InputError: not a checkpoint of that training.
    """
    try:
        state = torch.load(path, map_location=device, weights_only=True)
        for key, value in identity.items():
            found = state["identity"].get(key)
            if found != value:
                raise InputError(f"checkpoint {path}: {key} = {found}: must be {value} to be resumed")
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        return [Epoch(**epoch) for epoch in state["curve"]]
    except _NO_CHECKPOINT as error:
        raise InputError(f"checkpoint {path}: {_reason(error)}: must be one that training wrote") from None


def _reason(error: Exception) -> str:
    """In one line."""
    said = (error.strerror if isinstance(error, OSError) else None) or str(error).partition("\n")[0]
    return said or type(error).__name__
