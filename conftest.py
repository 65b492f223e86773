"""Doctests that need what is not everywhere: openvaf-py (wheels for Python 3.11 and 3.12 alone), PyTorch."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("openvaf_py") else ["spintronics/veriloga/subcircuit.py"]
if not find_spec("torch"):
    collect_ignore += [f"spintronics/training/{name}.py" for name in ("quantizers", "model", "loop")]
    collect_ignore += ["spintronics/report/training.py"]
