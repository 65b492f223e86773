"""``spintronics explain``."""

import sys
from typing import Annotated

import typer

from spintronics.cli.app import app
from spintronics.cli.device import TABLE, From, OfTechnology, sub_array_of
from spintronics.cli.evaluate import Bits, First, NetworkName, Parallelism, SubArrays, cost_function
from spintronics.cli.options import AsJson, Settings


@app.command()
def explain(
    metric: Annotated[str, typer.Argument(help="energy, area or latency.")],
    network: NetworkName,
    bits: Bits = "1:1",
    first_layer: First = "seed",
    depth: Annotated[int, typer.Option(min=0, help="Levels of the tree; 4 is all of them.")] = 4,
    source: From = TABLE,
    parallelism: Parallelism = 1,
    sub_arrays: SubArrays = None,
    technology: OfTechnology = None,
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """Show a total as counts times device-table entries, down to the testbench, and what moves it most.

    Example: spintronics explain energy alexnet --depth 2
    """
    from dataclasses import asdict

    from spintronics import accelerator
    from spintronics.cli.output import print_json, print_rows
    from spintronics.errors import InputError
    from spintronics.networks import load
    from spintronics.report import system

    chosen = next((m for m in accelerator.METRICS if m == metric), None)
    if chosen is None:
        raise InputError(f"explain {metric}: must be one of {', '.join(accelerator.METRICS)}")
    cost = cost_function(load(network), bits, first_layer, parallelism, sub_arrays)
    sub_array = sub_array_of(source, technology, settings)
    tree = accelerator.explain(cost(sub_array), chosen)
    found = accelerator.sensitivity(lambda array: float(getattr(cost(array), chosen)), sub_array, chosen)
    inputs = system.sensitivity(found)
    if as_json:
        print_json({"tree": asdict(tree), "sensitivity": inputs})
        return
    sys.stdout.write(system.tree(tree, depth))
    print(f"\nwhat moves the {metric} most: percent per percent")
    print_rows(inputs, indent="  ")
