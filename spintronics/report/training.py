"""Tables and the figure of trained networks, beside the slides' test errors."""

from collections.abc import Sequence
from itertools import cycle
from textwrap import fill
from typing import TYPE_CHECKING

from spintronics.networks.inference import Accuracy
from spintronics.report.rows import Row, slides
from spintronics.training.loop import Trained

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def errors(data: str, runs: Sequence[Trained], on_array: Sequence[float | None]) -> list[Row]:
    """One row per configuration: test error, that of the slides for their own set, SVHN, and that on the array.

    ``test_error_low`` and ``test_error_high`` are its 95 % interval for images that stand for others.

    Args:
        data: name of what was trained and tested on.
        on_array: test error of the exported whole-number network; None where it has none.
    """
    theirs = slides()["test_error"] if data == "SVHN" else {}
    rows: list[Row] = []
    for run, array in zip(runs, on_array, strict=True):
        last = run.curve[-1]
        low, high = Accuracy(last.correct, last.images).interval()
        rows.append(
            {
                "data": data,
                "bits": run.settings.bits,
                "epochs": len(run.curve),
                "training_loss": last.loss,
                "test_images": last.images,
                "test_error": last.test_error,
                "test_error_low": 1 - high,
                "test_error_high": 1 - low,
                "test_error_on_array": array,
                "seed_test_error": theirs.get(run.settings.bits),
                "seconds": sum(epoch.seconds for epoch in run.curve),
            }
        )
    return rows


def curve(data: str, runs: Sequence[Trained]) -> list[Row]:
    """One row per configuration and epoch."""
    return [
        {
            "data": data,
            "bits": run.settings.bits,
            "epoch": epoch.number,
            "training_loss": epoch.loss,
            "test_error": epoch.test_error,
            "seconds": epoch.seconds,
        }
        for run in runs
        for epoch in run.curve
    ]


def figure(title: str, runs: Sequence[Trained]) -> "Figure":
    """Test accuracy against epoch, a line per configuration."""
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    from spintronics.report.figures import COLOURS, STYLE

    with mpl.rc_context(STYLE):
        drawn = Figure(figsize=(5.0, 3.4), layout="constrained")
        panel = drawn.subplots()
        for run, colour, marker in zip(runs, cycle(COLOURS), cycle("os^vD*PX"), strict=False):
            epochs = [epoch.number for epoch in run.curve]
            accuracy = [100 * (1 - epoch.test_error) for epoch in run.curve]
            panel.plot(epochs, accuracy, color=colour, marker=marker, markersize=3, label=run.settings.bits)
        panel.set_xlabel("epoch")
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
        panel.set_ylabel("test accuracy (%)")
        panel.legend(title="W:I", fontsize=7)
        panel.set_title(fill(title, 60), fontsize=8)
    return drawn
