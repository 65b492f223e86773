"""``spintronics accuracy``."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from spintronics.cli.app import app
from spintronics.cli.options import AsJson, Out, Seed, Settings, Verbose, Workers, overrides_of
from spintronics.cli.output import Bars, print_json, print_rows

if TYPE_CHECKING:
    from spintronics.networks.inference import ErrorModel

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
    vdd: Annotated[
        list[float] | None,
        typer.Option(help="Decisions of the whole read path at this supply, V; repeatable.", show_default="none"),
    ] = None,
    source: Annotated[
        list[Path] | None,
        typer.Option(
            "--from",
            metavar="PATH",
            help="A device table with error probabilities, or a results folder with one; repeatable.",
        ),
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
    decisions: Annotated[int, typer.Option(help="Of each pair of bits at each --vdd.", min=1)] = 200,
    technology: Annotated[str, typer.Option(help="Of margins and decisions: name or path.")] = "imce45",
    settings: Settings = None,
    seed: Seed = None,
    workers: Workers = None,
    out: Out = None,
    verbose: Verbose = False,
    as_json: AsJson = False,
) -> None:
    """Accuracy of a trained network when the array's ANDs are read wrong as often as the simulator says.

    Without any source of errors: sense margins at several σ of TMR, and several given rates.

    Example: spintronics accuracy svhn --data ~/data --sigma-tmr 0.10 --sigma-ra 0.05
    """
    from hashlib import sha256
    from itertools import product

    from spintronics.accuracy import (
        Case,
        Faults,
        check,
        check_errors,
        decision_cases,
        margin_cases,
        study,
        table_case,
    )
    from spintronics.characterize.device_table import DeviceTable
    from spintronics.errors import InputError
    from spintronics.networks.inference import SubArray
    from spintronics.networks.inference.file import load_network
    from spintronics.networks.inference.images import first, images_to_test
    from spintronics.ngspice import default_workers
    from spintronics.report import accuracy as report
    from spintronics.report.files import make_folder
    from spintronics.report.results import device_table_at
    from spintronics.report.writing import write_results
    from spintronics.technology import Technology

    # Everything that was given is looked at before anything takes time.
    first_seed = 1 if seed is None else seed
    if first_seed < 0:
        raise InputError(f"--seed {first_seed}: must be 0 or larger")
    cores = workers if workers is not None else default_workers()
    if cores < 1:
        raise InputError(f"--workers {cores}: must be at least 1")
    margins, rates = bool(sigma_tmr or sigma_ra or fan_in), list(error_rate or ())
    if not (margins or vdd or source or rates):
        margins, sigma_tmr, rates = True, list(SIGMAS), list(RATES)
    base = Technology.load(technology, _of_technology(settings))
    sigmas = (sigma_tmr or [base.variation.sigma_tmr], sigma_ra or [base.variation.sigma_ra])
    fan_ins = fan_in or [2]
    varied = [
        base.with_values({"variation.sigma_tmr": of_tmr, "variation.sigma_ra": of_ra})
        for of_tmr, of_ra in (product(*sigmas) if margins else ())
    ]
    supplied = [base.with_values({"cmos.supply": supply}) for supply in vdd or ()]
    check_errors(varied, fan_ins, supplied)
    sub_array = SubArray(base.array.rows, base.array.columns) if static == "columns" else None
    beside = None if access_errors is None else _alike("--access-errors", access_errors)
    faults = Faults(_where(static), sub_array, beside, tuple(layer) if layer else None)
    held = [device_table_at(path) for path in source or ()]
    cases = [table_case(DeviceTable.load(path)) for path in held]
    cases += [Case("given", _alike("--error-rate", p)) for p in rates]
    every_image = images_to_test(dataset, data)
    tests = first(every_image, images) if images else every_image
    trained = network if network is not None else _trained(dataset, data)
    chosen = load_network(trained)
    check(chosen, tests, faults)
    folder = out if out is not None else Path("results") / "accuracy"
    make_folder(folder)
    try:
        with Bars(verbose) as bars:
            if varied:
                advance = bars.stage("sense margins", trials * len(varied) * len(fan_ins))
                cases = margin_cases(varied, fan_ins, trials, first_seed, cores, advance) + cases
            if supplied:
                advance = bars.stage("decisions", 4 * decisions * len(supplied))
                cases += decision_cases(supplied, decisions, first_seed, cores, advance)
            advance = bars.stage("accuracy", len(cases))
            ideal, results = study(chosen, tests, cases, faults, range(first_seed, first_seed + seeds), advance)
    except KeyboardInterrupt:
        print(f"interrupted; nothing was written to {folder}; the same command starts again", file=sys.stderr)
        raise typer.Exit(130) from None
    tables = {"accuracy": report.accuracy(ideal, results, faults)}
    if lost := report.lost(ideal, results):
        tables["lost"] = lost
    what = f"{chosen.name} on {ideal.images} of {len(every_image)} {tests.name} test images"
    figure = report.figure(ideal, results, f"{what}, errors in {report.description(faults)}")
    about = {
        "pipeline": {
            "experiment": "accuracy",
            "name": f"accuracy, {dataset}",
            "seed": first_seed,
            "seeds": seeds,
            "network": chosen.name,
            "images": ideal.images,
            "errors": report.description(faults),
            "error_rate": rates,
            "access_errors": access_errors,
            **({"trials": trials, "sigma_tmr": sigmas[0], "sigma_ra": sigmas[1], "fan_in": fan_ins} if margins else {}),
            **({"decisions": decisions, "vdd": vdd} if vdd else {}),
        },
        "inputs": {
            f"{tests.name} images": sha256(tests.images.tobytes()).hexdigest(),
            **{str(path): _digest(path) for path in (trained, *held)},
        },
        "technology": base.model_dump(mode="json"),
        "technology_sources": base.sources,
        "technology_sha256": base.digest(),
    }
    write_results(folder, tables, {"accuracy": figure}, about)
    if as_json:
        print_json({"folder": str(folder), "tables": tables})
        return
    print(what)
    for rows in tables.values():
        print_rows(rows)
    print(f"\nopen {folder / 'report.html'}\n\nresults in {folder}")


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


def _alike(option: str, rate: float) -> "ErrorModel":
    """The same rate for every pair of bits.

    Raises:
        InputError: not a probability.
    """
    from spintronics.errors import InputError
    from spintronics.networks.inference import ErrorModel

    if not 0 <= rate <= 1:
        raise InputError(f"{option} {rate:g}: must be a probability, 0 to 1")
    return ErrorModel(rate, rate, rate, rate)


def _where(static: str | None) -> Literal["accesses", "cells", "columns"]:
    from spintronics.errors import InputError

    match static:
        case None:
            return "accesses"
        case "cells" | "columns":
            return static
        case _:
            raise InputError(f"--static {static}: must be cells or columns")


def _digest(path: Path) -> str:
    """SHA-256 of a file, or of the files in a folder by name, hex."""
    from hashlib import sha256

    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return sha256(b"".join(file.read_bytes() for file in files if file.is_file())).hexdigest()


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
