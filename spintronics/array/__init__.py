"""One sub-array: its rows and columns, its blocks, what a row operation costs and what it all occupies."""

from spintronics.array.subarray import SubArray, full_adders_to_count

__all__ = ["SubArray", "full_adders_to_count"]
