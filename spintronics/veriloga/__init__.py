"""Verilog-A device models, lowered to what stock simulators run.

``lower`` compiles a .va file (OpenVAF), executes it symbolically and writes a subcircuit for ngspice.
"""

from spintronics.veriloga.errors import CompilerMissing, ModelError
from spintronics.veriloga.subcircuit import Subcircuit, lower

__all__ = ["CompilerMissing", "ModelError", "Subcircuit", "lower"]
