"""``spintronics evaluate``."""

from typing import TYPE_CHECKING, Annotated

import typer

from spintronics.cli.app import app
from spintronics.cli.device import TABLE, From, OfTechnology, Style, sub_array_of
from spintronics.cli.options import AsJson, Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from spintronics.accelerator import NetworkCost
    from spintronics.array import SubArray
    from spintronics.networks import Network

NetworkName = Annotated[str, typer.Argument(metavar="NETWORK", help="A known network, or an .onnx or .toml file.")]
Bits = Annotated[str, typer.Option(help="Bits of weights and inputs, W:I.")]
First = Annotated[str, typer.Option(help="Bits of the first layer's inputs: seed (32) or practical (8).")]
Parallelism = Annotated[int, typer.Option(help="Copies of every layer's kernels.")]
SubArrays = Annotated[
    int | None,
    typer.Option("--sub-arrays", help="Computational sub-arrays on the chip.", show_default="all that it takes"),
]
IdleLeakage = Annotated[
    float,
    typer.Option(
        help="Share of its leakage that an idle computational sub-array keeps; 1: no power gates, 0: all off."
    ),
]


def cost_function(
    network: "Network", bits: str, first_layer: str, parallelism: int, sub_arrays: int | None, idle_leakage: float = 1.0
) -> "Callable[[SubArray], NetworkCost]":
    """Cost of a network on a sub-array.

    Raises:
        InputError: an argument that cannot be used.
    """
    from spintronics.accelerator import network_cost
    from spintronics.errors import InputError
    from spintronics.networks import BitWidths, FirstLayer

    if first_layer not in list(FirstLayer):
        raise InputError(f"--first-layer {first_layer}: must be one of {', '.join(FirstLayer)}")
    case = (network, BitWidths.parse(bits), FirstLayer(first_layer))
    return lambda sub_array: network_cost(*case, sub_array, parallelism, sub_arrays, idle_leakage)


@app.command()
def evaluate(
    network: NetworkName,
    bits: Bits = "1:1",
    first_layer: First = "seed",
    source: From = TABLE,
    parallelism: Parallelism = 1,
    sub_arrays: SubArrays = None,
    idle_leakage: IdleLeakage = 1.0,
    technology: OfTechnology = None,
    settings: Settings = None,
    style: Style = "text",
    as_json: AsJson = False,
) -> None:
    """Energy, latency, power and area of a network for one image, by layer and component; needs no simulator.

    Numbers are fixed-point of W and I bits, up to 32:32; the last table is what a step of training costs.

    Example: spintronics evaluate alexnet --bits 1:2 --first-layer practical
    """
    from spintronics.accelerator import training_cost
    from spintronics.cli.output import print_json, print_rows
    from spintronics.networks import load
    from spintronics.report import system

    loaded = load(network)
    cost = cost_function(loaded, bits, first_layer, parallelism, sub_arrays, idle_leakage)(
        sub_array_of(source, technology, settings)
    )
    tables = {
        "totals": system.totals(cost),
        "layers": system.layers(cost),
        "components": system.components(cost),
        "training step": system.training(cost, training_cost(cost, loaded)),
    }
    if as_json:
        print_json(tables)
        return
    for title, rows in tables.items():
        print(f"\n{title}")
        print_rows(rows, style, indent="  " if style == "text" else "")
