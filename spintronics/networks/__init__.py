"""Networks as typed data: layer shapes, the networks of the IMCE slides, bit-wise work, storage."""

from spintronics.networks.bits import AndOperations, BitWidths, FirstLayer, and_operations
from spintronics.networks.layers import Convolution, FullyConnected, Layer, LayerWork, Network, Pool, Shape
from spintronics.networks.storage import Storage, double_precision, quantized, single_precision, storage_table
from spintronics.networks.zoo import NETWORKS, alexnet, lenet, load, svhn

__all__ = [
    "NETWORKS",
    "AndOperations",
    "BitWidths",
    "Convolution",
    "FirstLayer",
    "FullyConnected",
    "Layer",
    "LayerWork",
    "Network",
    "Pool",
    "Shape",
    "Storage",
    "alexnet",
    "and_operations",
    "double_precision",
    "lenet",
    "load",
    "quantized",
    "single_precision",
    "storage_table",
    "svhn",
]
