"""Maps a network onto computational sub-arrays, banks and a processing unit, and adds up what it costs."""

from spintronics.accelerator.charges import Charge
from spintronics.accelerator.cost import LayerCost, NetworkCost, network_cost
from spintronics.accelerator.explanation import METRICS, Node, Sensitivity, explain, sensitivity
from spintronics.accelerator.mapping import LayerMapping, map_layer, map_network
from spintronics.accelerator.schedule import LayerTime, makespan
from spintronics.accelerator.streaming import Rounds, rounds_of
from spintronics.accelerator.training import TrainingCost, training_cost

__all__ = [
    "METRICS",
    "Charge",
    "LayerCost",
    "LayerMapping",
    "LayerTime",
    "NetworkCost",
    "Node",
    "Rounds",
    "Sensitivity",
    "TrainingCost",
    "explain",
    "makespan",
    "map_layer",
    "map_network",
    "network_cost",
    "rounds_of",
    "sensitivity",
    "training_cost",
]
