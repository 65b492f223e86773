"""Maps a network onto computational sub-arrays and adds up what it costs."""

from spintronics.accelerator.cost import LayerCost, NetworkCost, network_cost
from spintronics.accelerator.mapping import LayerMapping, map_layer, map_network

__all__ = ["LayerCost", "LayerMapping", "NetworkCost", "map_layer", "map_network", "network_cost"]
