"""From a three-terminal spin-Hall MTJ, through real ngspice runs, to a CNN computed inside the memory array.

>>> import spintronics as sp
>>> technology = sp.Technology.load("imce45").with_(tmr=1.2)
>>> found = sp.sense_margin(technology, fan_in=2, trials=1000)
>>> [row["operation"] for row in found.table]
['OR', 'AND']
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spintronics.api import NetworkEvaluation, SenseMargins, Table, evaluate, run, sense_margin
    from spintronics.report.results import Results
    from spintronics.technology import Technology

__version__ = "0.1.0"
__all__ = ["NetworkEvaluation", "Results", "SenseMargins", "Table", "Technology", "evaluate", "run", "sense_margin"]


def __getattr__(name: str) -> Any:
    """What the package offers, imported when it is first used: a command that needs none of it starts at once."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module("spintronics.api"), name)
