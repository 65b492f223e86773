"""The device table: what one action costs, as the simulator found it, and how costs compose."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from spintronics.errors import SpintronicsError


class OperationFailed(SpintronicsError):
    """An operation that did not give its right result in the simulator: nothing is costed with it."""


@dataclass(frozen=True)
class ActionCost:
    """Energy and latency of one action.

    Attributes:
        parts: energy by contributor, J.
        latency: s.

    Rules: in series, energies and latencies add; in parallel, energies add and the longest latency counts;
    n times in a row, both scale with n.

    >>> read = ActionCost({"latch": 2e-15}, 1e-9)
    >>> read.then(read).energy, read.beside(read).latency, read.repeated(2).energy
    (4e-15, 1e-09, 4e-15)
    """

    parts: Mapping[str, float]
    latency: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", MappingProxyType(dict(self.parts)))

    @property
    def energy(self) -> float:
        """Sum of the parts, J."""
        return sum(self.parts.values())

    def then(self, other: "ActionCost") -> "ActionCost":
        """One after the other."""
        return ActionCost(self._with(other), self.latency + other.latency)

    def beside(self, other: "ActionCost") -> "ActionCost":
        """Both at once."""
        return ActionCost(self._with(other), max(self.latency, other.latency))

    def repeated(self, times: float) -> "ActionCost":
        """``times`` in a row."""
        return ActionCost({name: energy * times for name, energy in self.parts.items()}, self.latency * times)

    def _with(self, other: "ActionCost") -> dict[str, float]:
        names = dict.fromkeys((*self.parts, *other.parts))
        return {name: self.parts.get(name, 0.0) + other.parts.get(name, 0.0) for name in names}


def equally_likely(costs: list[ActionCost]) -> ActionCost:
    """One action whose cases are equally likely: mean energy by contributor, longest latency."""
    total = costs[0]
    for cost in costs[1:]:
        total = total.beside(cost)
    return ActionCost({name: energy / len(costs) for name, energy in total.parts.items()}, total.latency)


@dataclass(frozen=True)
class DeviceTable:
    """Costs of the actions that the array model composes, each per bit.

    Attributes:
        read, write, logic_and, logic_or: one column of the array.
        full_adder, multiplexer, flip_flop: one gate, for one random input vector (one clock cycle).
    """

    read: ActionCost
    write: ActionCost
    logic_and: ActionCost
    logic_or: ActionCost
    full_adder: ActionCost
    multiplexer: ActionCost
    flip_flop: ActionCost
