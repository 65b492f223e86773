"""Verilog-A device models, made into what stock simulators run.

``read_equations`` compiles a .va file (OpenVAF) and executes it symbolically.  From its equations come a subcircuit
(``lower``), a compiled model for OSDI (``build_osdi``) and values with derivatives (``evaluate``); ``device_netlist``
takes the compiled model where it can be used and the subcircuit elsewhere.
"""

from spintronics.veriloga.equations import Equations, read_equations
from spintronics.veriloga.errors import BuildError, CompilerMissing, ModelError, NoCCompiler
from spintronics.veriloga.numpy_model import Evaluation, evaluate
from spintronics.veriloga.osdi import DeviceNetlist, build_osdi, device_netlist
from spintronics.veriloga.subcircuit import Subcircuit, lower

__all__ = [
    "BuildError",
    "CompilerMissing",
    "DeviceNetlist",
    "Equations",
    "Evaluation",
    "ModelError",
    "NoCCompiler",
    "Subcircuit",
    "build_osdi",
    "device_netlist",
    "evaluate",
    "lower",
    "read_equations",
]
