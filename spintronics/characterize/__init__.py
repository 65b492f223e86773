"""Testbenches run and measured: sense margins, operations, logic; what the array model is fed with."""
