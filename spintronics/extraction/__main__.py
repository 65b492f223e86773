"""``python -m spintronics.extraction PATH_TO_PDK --out DIR``: compact cards from a user's own PDK."""

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from spintronics.cards import CORNERS, NOMINAL
from spintronics.errors import InputError, SpintronicsError
from spintronics.extraction.cards import Values, device
from spintronics.extraction.comparison import Comparison, compare, table
from spintronics.extraction.curves import Curves, Device, Plan, Polarity, measure, write_currents
from spintronics.extraction.fit import CORNER, fit_corner, fit_nominal
from spintronics.extraction.write import card_file, write_text
from spintronics.ngspice import Simulator


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m spintronics.extraction",
        description="Extracts compact BSIM4 cards from the curves of a PDK's cards, measured in ngspice.",
        epilog="Some minutes for three corners. Exit status 2 and one line where an input is not usable.",
    )
    parser.add_argument("pdk", type=Path, help="folder laid out like FreePDK45, or one file of .model cards")
    parser.add_argument("--out", type=Path, required=True, help="folder for NAME_<corner>.spice")
    parser.add_argument("--nmos", default="nmos_vtg", help="n-channel model, here and in the PDK (default %(default)s)")
    parser.add_argument("--pmos", default="pmos_vtg", help="p-channel model (default %(default)s)")
    parser.add_argument(
        "--corners",
        nargs="+",
        choices=tuple(CORNERS),
        help="default: nominal, and ss and ff where PDK is a folder; nominal is always extracted, the others from it",
    )
    parser.add_argument("--name", default="extracted", help="what the files are called (default %(default)s)")
    parser.add_argument("--reference", default="the cards of a PDK", help="what the PDK is, for the header")
    parser.add_argument("--license", help="of the written cards, for the header")
    parser.add_argument("--length-nm", type=float, default=50.0, help="drawn gate length (default %(default)s)")
    parser.add_argument("--vdd", type=float, default=1.0, help="supply in V (default %(default)s)")
    parser.add_argument("--curves", type=Path, help="also write the reference's nominal Id grids to this CSV file")
    parser.add_argument("--compare", action="store_true", help="fit nothing: compare the cards that are in --out")
    return parser.parse_args(argv)


def _plan(arguments: argparse.Namespace) -> Plan:
    if not 10 <= arguments.length_nm <= 10_000:
        raise InputError(f"--length-nm {arguments.length_nm:g}: must be from 10 to 10000")
    if not 0.3 <= arguments.vdd <= 5:
        raise InputError(f"--vdd {arguments.vdd:g}: must be from 0.3 to 5")
    return Plan(length=arguments.length_nm * 1e-9, vdd=arguments.vdd)


def _check_writable(folder: Path) -> None:
    """Refuses before minutes of fitting, not after."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--out {folder}: cannot be made ({error.strerror})") from None
    if not os.access(folder, os.W_OK):
        raise InputError(f"--out {folder}: is not writable; give a folder of yours")


def _say(text: str) -> None:
    print(text, flush=True)


def _print(title: str, comparison: Comparison) -> None:
    _say(f"\n{title:<38}{'reference':>12}{'card':>12}{'error':>12}")
    for name, reference, found, error in table(comparison):
        _say(f"{name:<38}{reference:>12}{found:>12}{error:>12}")


def _notes(arguments: argparse.Namespace, corner: str, simulator: Simulator) -> list[str]:
    models = f"--nmos {arguments.nmos} --pmos {arguments.pmos}"
    size = f"--length-nm {arguments.length_nm:g} --vdd {arguments.vdd:g}"
    how = f"python -m spintronics.extraction PDK --name {arguments.name} {models} {size}"
    notes = [
        f"Extracted by least squares on {date.today().isoformat()} with:  {how}",
        f"Reference: curves of {arguments.reference}, simulated in ngspice {simulator.installation.version}; "
        "only curves were read, no parameter. Every value started at a BSIM4 default or a round figure.",
    ]
    if corner != NOMINAL:
        notes.append(f"Corner {corner}: the nominal card with {', '.join(CORNER)} fitted again.")
    if arguments.license:
        notes.append(f"Licence: {arguments.license}")
    return notes


def _extract(arguments: argparse.Namespace) -> None:
    plan, simulator = _plan(arguments), Simulator()
    models: dict[Polarity, str] = {"n": arguments.nmos, "p": arguments.pmos}
    asked = arguments.corners or ([NOMINAL] if arguments.pdk.is_file() else list(CORNERS))
    corners = [NOMINAL, *(corner for corner in CORNERS if corner in asked and corner != NOMINAL)]
    # Every input is looked at before the first fit.
    devices = {(c, p): Device.find(arguments.pdk, models[p], p, c) for c in corners for p in models}
    written = {corner: arguments.out / f"{arguments.name}_{corner}.spice" for corner in corners}
    if arguments.compare:
        own = {(c, p): Device.find(written[c], models[p], p, c) for c in corners for p in models}
    else:
        _check_writable(arguments.out)
    nominal: dict[Polarity, Values] = {}
    measured: dict[str, Curves] = {}
    for corner in corners:
        cards: dict[Polarity, tuple[str, Values, Comparison]] = {}
        for polarity, model in models.items():
            reference = measure(devices[corner, polarity], plan, simulator)
            if corner == NOMINAL:
                measured[model] = reference
            values: Values = {}
            found: Device
            if arguments.compare:
                found = own[corner, polarity]
            elif corner == NOMINAL:
                nominal[polarity] = values = fit_nominal(reference, polarity, simulator, _say)
                found = device(model, polarity, values)
            else:
                values = fit_corner(nominal[polarity], reference, polarity, simulator, _say)
                found = device(model, polarity, values)
            comparison = compare(measure(found, plan, simulator), reference)
            cards[polarity] = model, values, comparison
            _print(f"{model}, {corner}", comparison)
        if not arguments.compare:
            title = f"{arguments.name} {corner}: compact BSIM4 cards {' and '.join(models.values())}"
            write_text(written[corner], card_file(title, _notes(arguments, corner, simulator), plan, cards))
            _say(f"\nwritten: {written[corner]}")
    if arguments.curves:
        write_currents(arguments.curves, measured)


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status: 0, or 2 after one line on what is wrong."""
    try:
        _extract(_arguments(argv))
    except SpintronicsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
