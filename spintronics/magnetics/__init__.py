"""Closed forms of the macrospin: demagnetization, thermal stability, critical currents, thermal angles."""

from spintronics.magnetics.macrospin import Macrospin

__all__ = ["Macrospin"]
