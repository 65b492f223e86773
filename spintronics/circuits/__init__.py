"""Cells, reference branches, sense amplifier, drivers and logic as PySpice circuits: what is simulated, not how.

The subcircuits themselves are the files under netlists/.
"""
