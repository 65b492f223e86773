"""The designs that the accelerator is compared with: RRAM crossbars, multi-bit and binary, CPU and GPU."""

from spintronics.baselines.cost import BaselineCost
from spintronics.baselines.processors import Processor, processor_cost, processors
from spintronics.baselines.rram import (
    Component,
    Components,
    RramDesign,
    RramLayer,
    bcnn_rram,
    cnn_rram,
    map_layers,
    rram_components,
    rram_cost,
    rram_design,
)
from spintronics.networks import Network

__all__ = [
    "BaselineCost",
    "Component",
    "Components",
    "Processor",
    "RramDesign",
    "RramLayer",
    "baselines",
    "bcnn_rram",
    "cnn_rram",
    "map_layers",
    "processor_cost",
    "processors",
    "rram_components",
    "rram_cost",
    "rram_design",
]


def baselines(network: Network) -> tuple[BaselineCost, ...]:
    """Every baseline for one network, in the order of the comparison table.

    >>> from spintronics.networks import svhn
    >>> [cost.design for cost in baselines(svhn())]
    ['CNN-RRAM', 'BCNN-RRAM', 'CPU (Core i7-6700K)', 'GPU (Tegra X1)']
    """
    return (cnn_rram(network), bcnn_rram(network), *(processor_cost(processor, network) for processor in processors()))
