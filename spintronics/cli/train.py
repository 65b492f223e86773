"""``spintronics train``."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spintronics.cli.app import app
from spintronics.cli.options import AsJson, Out, Verbose
from spintronics.cli.output import Bars, print_json, print_rows

if TYPE_CHECKING:
    from spintronics.networks import Network
    from spintronics.training.images import Split

NETWORKS = {"svhn": "svhn", "mnist": "lenet", "imagenet": "alexnet"}


@app.command()
def train(
    dataset: Annotated[str, typer.Argument(help="svhn (the slides' network), mnist (LeNet) or imagenet (AlexNet).")],
    bits: Annotated[
        list[str] | None, typer.Option(help="W:I, such as 1:2; repeatable.", show_default="the slides' six")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Folder with the images.")] = None,
    generated: Annotated[int, typer.Option(help="Train on so many generated digits instead.", min=0)] = 0,
    images: Annotated[
        int | None, typer.Option(help="The first so many training images.", min=2, show_default="all")
    ] = None,
    epochs: Annotated[int, typer.Option(help="Passes over the training images.")] = 20,
    batch: Annotated[int, typer.Option(help="Images in a step.")] = 128,
    learning_rate: Annotated[float, typer.Option(help="Of Adam at the start.")] = 1e-3,
    dropout: Annotated[float, typer.Option(help="Before the first fully connected layer.")] = 0.2,
    shift: Annotated[int, typer.Option(help="Most pixels by which training images are moved at random.")] = 0,
    seed: Annotated[int, typer.Option(help="Seed of everything that is random.", min=0)] = 1,
    device: Annotated[str, typer.Option(help="cpu, cuda or auto.")] = "auto",
    mixed: Annotated[bool, typer.Option("--mixed", help="Mixed precision: bfloat16 in convolutions.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoints that are there.")] = False,
    out: Out = None,
    verbose: Verbose = False,
    as_json: AsJson = False,
) -> None:
    """Train a network with few bits, as DoReFa-Net does, and export it for the array.

    Example: spintronics train svhn --bits 1:2 --data ~/data
    """
    from dataclasses import asdict

    from spintronics.errors import InputError
    from spintronics.networks import CONFIGURATIONS, BitWidths
    from spintronics.report.writing import write_results
    from spintronics.training import require_extra

    if device not in ("auto", "cpu", "cuda"):
        raise InputError(f"--device {device}: must be auto, cpu or cuda")
    widths = list(dict.fromkeys(BitWidths.parse(text) for text in bits)) if bits else list(CONFIGURATIONS)
    network, split = _network_and_images(dataset, data, generated, images, seed)
    require_extra()
    import torch

    from spintronics.networks.inference.file import save_network
    from spintronics.networks.inference.onnx_file import save_onnx
    from spintronics.report import training as report
    from spintronics.report.files import make_folder, whole_file
    from spintronics.training.export import error_on_array
    from spintronics.training.loop import Settings
    from spintronics.training.loop import train as run_training

    chosen = device if device != "auto" else "cuda" if torch.cuda.is_available() else "cpu"
    every = [Settings(str(w), epochs, batch, learning_rate, dropout, seed, mixed, shift) for w in widths]
    folder = out if out is not None else Path("results") / f"train_{dataset}"
    make_folder(folder)  # before hours of work
    runs, on_array = [], []
    print(f"{network.name} on {split.name} ({chosen}): {split.note}", file=sys.stderr if as_json else sys.stdout)
    try:
        with Bars(verbose) as bars:
            for settings in every:
                advance = bars.stage(settings.bits, epochs)
                place = folder / settings.bits.replace(":", "-")
                make_folder(place)
                run = run_training(network, split, settings, chosen, place / "checkpoint.pt", resume, advance)
                error = None
                if settings.bits != "32:32":
                    exported = run.model.exported(split.name, split.classes)
                    for save, name in ((save_network, "network.npz"), (save_onnx, "network.onnx")):
                        with whole_file(place / name) as aside:
                            save(exported, aside)
                    error = error_on_array(exported, split.test)
                runs.append(run)
                on_array.append(error)
    except KeyboardInterrupt:
        print(f"interrupted; --resume goes on from the last whole epoch in {place}", file=sys.stderr)
        raise typer.Exit(130) from None
    tables = {"test_error": report.errors(split.name, runs, on_array), "curve": report.curve(split.name, runs)}
    figure = report.figure(f"{network.name}, {split.name}: {split.note}", runs)
    what = {
        "pipeline": {
            "experiment": "train",
            "name": f"training, {network.name} on {split.name}",
            "images": split.note,
            **{key: value for key, value in asdict(every[0]).items() if key != "bits"},
            "bits": [str(w) for w in widths],
            "device": chosen,
        },
        "versions": {"torch": torch.__version__},
    }
    write_results(folder, tables, {"test_accuracy": figure}, what)
    if as_json:
        print_json({"folder": str(folder), "tables": tables})
        return
    print_rows(tables["test_error"])
    print(f"\nopen {folder / 'report.html'}\n\nresults in {folder}")


def _network_and_images(
    dataset: str, data: Path | None, generated: int, images: int | None, seed: int
) -> "tuple[Network, Split]":
    """The network of a data set, with as many outputs as classes, and its images or generated ones."""
    from dataclasses import replace

    from spintronics.errors import InputError
    from spintronics.networks import FullyConnected, load
    from spintronics.networks.inference.images import SOURCES
    from spintronics.training.images import data_split, generated_split

    if dataset not in NETWORKS:
        raise InputError(f'data set "{dataset}": must be one of {", ".join(NETWORKS)}')
    network = load(NETWORKS[dataset])
    if generated:
        if data is not None or dataset not in SOURCES:
            raise InputError(f"--generated {generated}: must be without --data, for {' or '.join(SOURCES)}")
        digits = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "0") if dataset == "svhn" else tuple("0123456789")
        return network, generated_split(digits, network.input_shape, generated, seed)
    if data is None:
        had_at = SOURCES[dataset].had_at if dataset in SOURCES else "https://image-net.org"
        raise InputError(f"--data: missing: {dataset} is to be had as {had_at}; or give --generated 4000")
    split = data_split(dataset, data, network.input_shape, images)
    last = network.layers[-1]
    assert isinstance(last, FullyConnected)
    return replace(network, layers=(*network.layers[:-1], replace(last, out_features=len(split.classes)))), split
