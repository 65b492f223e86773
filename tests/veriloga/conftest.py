"""What is asked of a device in ngspice is asked of both its forms: the subcircuit and the compiled model."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from spintronics.ngspice import find_ngspice, has_osdi
from spintronics.veriloga import NoCCompiler, Subcircuit, device_netlist, lower
from spintronics.veriloga.osdi import c_compiler

Netlist = Callable[[Path, Mapping[str, float]], Subcircuit]


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Netlist:
    """``lower``, with the text of the compiled model in the subcircuit's place."""
    if not has_osdi(find_ngspice()):
        pytest.skip(f"ngspice {find_ngspice().version} has no OSDI")
    try:
        c_compiler()
    except NoCCompiler as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("osdi")

    def as_compiled(path: Path, structural: Mapping[str, float]) -> Subcircuit:
        netlist = device_netlist(path, structural, True, folder)
        assert netlist.kind == "osdi", netlist.note
        load = f".control\npre_osdi {netlist.library}\n.endc\n"
        return replace(lower(path, structural), text=load + netlist.text)

    return as_compiled


@pytest.fixture(scope="session", params=["subcircuit", "compiled"])
def netlist(request: pytest.FixtureRequest) -> Netlist:
    """A device as ngspice takes it, in either form."""
    if request.param == "subcircuit":
        return lower
    compiled: Netlist = request.getfixturevalue("compiled")
    return compiled
