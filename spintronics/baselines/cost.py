"""What a baseline costs, in the terms of the comparison table."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Basis = Literal["modelled", "published", "scaled by multiply-accumulates"]


@dataclass(frozen=True)
class BaselineCost:
    """One design, one network, one image.

    Attributes:
        design, network, dataset: names for tables.
        basis: modelled from components; published for this very network; or a published energy of another network
            times the ratio of the multiply-accumulates.
        source: of the figures.
        energy_parts: J by component.
        area_parts: m² by component; empty where no area is known.
        latency: of one image alone, s.
        interval: between images when the design is kept busy, s.
    """

    design: str
    network: str
    dataset: str
    basis: Basis
    source: str
    energy_parts: Mapping[str, float]
    area_parts: Mapping[str, float]
    latency: float
    interval: float

    @property
    def energy(self) -> float:
        """Energy per image, J."""
        return sum(self.energy_parts.values())

    @property
    def area(self) -> float | None:
        """Area, m²; None where it is not known."""
        return sum(self.area_parts.values()) if self.area_parts else None
