"""Sub-arrays and the memory they make: rows and columns, blocks, mats, banks and wires; what all that costs."""

from spintronics.array.geometry import GeometryPoint, resized, sweep
from spintronics.array.memory import Floorplan, Memory, parse_capacity
from spintronics.array.subarray import SubArray, full_adders_to_count

__all__ = [
    "Floorplan",
    "GeometryPoint",
    "Memory",
    "SubArray",
    "full_adders_to_count",
    "parse_capacity",
    "resized",
    "sweep",
]
