"""From a three-terminal spin-Hall MTJ, through real ngspice runs, to a CNN computed inside the memory array."""

__version__ = "0.1.0"
