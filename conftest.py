"""Doctests that need what is not everywhere: openvaf-py has wheels for Python 3.11 and 3.12 alone."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("openvaf_py") else ["spintronics/veriloga/subcircuit.py"]
