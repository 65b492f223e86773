"""One sub-array: its rows and columns, its blocks, what a row operation costs and what it all occupies."""

from spintronics.array.subarray import ACCUMULATOR_BITS, SubArray, full_adders_to_count

__all__ = ["ACCUMULATOR_BITS", "SubArray", "full_adders_to_count"]
