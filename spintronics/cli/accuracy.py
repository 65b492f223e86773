"""``spintronics accuracy``."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from spintronics.cli.app import app
from spintronics.cli.options import Out, Seed, Settings, Workers, overrides_of
from spintronics.cli.output import Bars, print_rows

RATES = (1e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
SIGMAS = (0.10, 0.15, 0.20, 0.25, 0.30, 0.40)


@app.command()
def accuracy(
    dataset: Annotated[str, typer.Argument(help="svhn or mnist.")],
    data: Annotated[
        Path, typer.Option(help="Folder with the images, and a trained network if --network is not given.")
    ],
    network: Annotated[
        Path | None,
        typer.Option(
            help="An .npz that train wrote, or a folder of BNN-PYNQ.", show_default="cnvW1A1, lfcW1A1 in DATA"
        ),
    ] = None,
    sigma_tmr: Annotated[list[float] | None, typer.Option(help="σ of TMR, relative; repeatable.")] = None,
    sigma_ra: Annotated[
        list[float] | None, typer.Option(help="σ of RA, relative; repeatable.", show_default="the technology's")
    ] = None,
    fan_in: Annotated[
        list[int] | None, typer.Option(help="Cells on the bit line; repeatable.", show_default="2")
    ] = None,
    source: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="A device table with error probabilities.")
    ] = None,
    error_rate: Annotated[list[float] | None, typer.Option(help="Of every pair of bits; repeatable.")] = None,
    static: Annotated[
        str | None,
        typer.Option(help="cells or columns: errors as weak ones that always err.", show_default="independent"),
    ] = None,
    access_errors: Annotated[
        float | None, typer.Option(help="Independent error rate of all ANDs beside weak cells or columns.")
    ] = None,
    layer: Annotated[
        list[str] | None, typer.Option(help="Errors in this layer alone; repeatable.", show_default="all")
    ] = None,
    images: Annotated[int, typer.Option(help="The first so many; 0 for all.", min=0)] = 200,
    seeds: Annotated[int, typer.Option(help="Draws of errors.", min=1)] = 3,
    trials: Annotated[int, typer.Option(help="Of the sense margins.", min=1000)] = 100_000,
    technology: Annotated[str, typer.Option(help="Of the sense margins: name or path.")] = "imce45",
    settings: Settings = None,
    seed: Seed = None,
    workers: Workers = None,
    out: Out = None,
) -> None:
    """Accuracy of a trained network when the array's ANDs are read wrong as often as the simulator says.

    Without any source of errors: sense margins at several σ of TMR, and several given rates.

    Example: spintronics accuracy svhn --data ~/data --sigma-tmr 0.10 --sigma-ra 0.05
    """
    from itertools import product

    from spintronics.accuracy import Case, Faults, margin_cases, study, table_errors
    from spintronics.characterize.device_table import DeviceTable
    from spintronics.networks.inference import ErrorModel, SubArray
    from spintronics.networks.inference.file import load_network
    from spintronics.networks.inference.images import first, images_to_test
    from spintronics.ngspice import default_workers
    from spintronics.report import accuracy as report
    from spintronics.report.writing import write_results
    from spintronics.technology import Technology

    every_image = images_to_test(dataset, data)
    tests = first(every_image, images) if images else every_image
    chosen = load_network(network if network is not None else _trained(dataset, data))
    base = Technology.load(technology, _of_technology(settings))
    sub_array = SubArray(base.array.rows, base.array.columns) if static == "columns" else None
    beside = None if access_errors is None else ErrorModel(*(access_errors,) * 4)
    faults = Faults(_where(static), sub_array, beside, tuple(layer) if layer else None)
    margins, rates = bool(sigma_tmr or sigma_ra or fan_in), list(error_rate or ())
    if not (margins or source or rates):
        margins, sigma_tmr, rates = True, list(SIGMAS), list(RATES)
    first_seed = 1 if seed is None else seed
    cases: list[Case] = []
    with Bars() as bars:
        if margins:
            variation = base.variation
            spreads = list(product(sigma_tmr or [variation.sigma_tmr], sigma_ra or [variation.sigma_ra]))
            fan_ins = fan_in or [2]
            advance = bars.stage("sense margins", trials * len(spreads) * len(fan_ins))
            cores = workers if workers is not None else default_workers()
            cases += margin_cases(base, spreads, fan_ins, trials, first_seed, cores, advance)
        if source is not None:
            found = table_errors(DeviceTable.load(source))
            cases.append(Case("device table", found.model, found))
        cases += [Case("given", ErrorModel(p, p, p, p)) for p in rates]
        advance = bars.stage("accuracy", len(cases))
        ideal, results = study(chosen, tests, cases, faults, range(first_seed, first_seed + seeds), advance)
    tables = {"accuracy": report.accuracy(ideal, results, faults)}
    if lost := report.lost(ideal, results):
        tables["lost"] = lost
    what = f"{chosen.name} on {ideal.images} of {len(every_image)} {tests.name} test images"
    folder = out if out is not None else Path("results") / "accuracy"
    figure = report.figure(ideal, results, f"{what}, errors in {report.description(faults)}")
    write_results(folder, tables, {"accuracy": figure})
    print(what)
    for rows in tables.values():
        print_rows(rows)
    print(f"results in {folder}")


def _of_technology(settings: list[str] | None) -> dict[str, str]:
    """Values of ``--set`` by their key in the technology.

    Raises:
        InputError: a key of something else.
    """
    from spintronics.errors import InputError

    overrides = overrides_of(settings)
    for key, value in overrides.items():
        if not key.startswith("technology."):
            raise InputError(f"--set {key}={value}: must be a key of the technology, such as technology.junction.tmr")
    return {key.removeprefix("technology."): value for key, value in overrides.items()}


def _where(static: str | None) -> Literal["accesses", "cells", "columns"]:
    from spintronics.errors import InputError

    match static:
        case None:
            return "accesses"
        case "cells" | "columns":
            return static
        case _:
            raise InputError(f"--static {static}: must be cells or columns")


def _trained(dataset: str, data: Path) -> Path:
    """Folder of the trained network that BNN-PYNQ publishes for a data set."""
    from spintronics.errors import InputError

    name = {"svhn": "cnvW1A1", "mnist": "lfcW1A1"}[dataset]
    found = next((path for path in sorted(data.rglob(name)) if path.is_dir()), None)
    if found is None:
        raise InputError(
            f"data folder {data}: no trained network {name}: give --network an .npz that spintronics train wrote, or "
            f"copy {name} from https://github.com/Xilinx/BNN-PYNQ (bnn/params) there"
        )
    return found
