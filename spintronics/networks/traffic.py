"""What the buffers of an accelerator carry for one image, layer by layer, in bits.

A layer's inputs come from the buffer at the width that they are kept in: I bits, or the image's bits where the layer
takes the network's input (pools and normalizations of it too).  Its outputs go back at I bits: the quantizer
stands before the buffer.  The last layer's are sums, 32 bits each.  Weights have W bits, biases 32 (a sum's width);
scales and shifts of normalizations stay in the digital unit and are not in.  A concatenation moves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from spintronics.networks.bits import BitWidths, FirstLayer
from spintronics.networks.layers import INPUT, Concatenation, Network, Pool

_SUM_BITS = 32


@dataclass(frozen=True)
class LayerTraffic:
    """Bits of one layer for one image.

    Attributes:
        inputs: each input value read once.
        windows: inputs as windows slide over them, each window read whole; taps on padding count.  Of an addition or a
            normalization, the inputs.
        weights: weights and biases, each read once.
        outputs: each output value written once.
    """

    network: str
    layer: str
    inputs: int
    windows: int
    weights: int
    outputs: int


def buffer_traffic(network: Network, widths: BitWidths, first_layer: FirstLayer) -> tuple[LayerTraffic, ...]:
    """Traffic of every layer, pools included, in order.

    Args:
        widths: W:I.
        first_layer: bits of the image's values.

    >>> from spintronics.networks.zoo import lenet
    >>> for row in buffer_traffic(lenet(), BitWidths(1, 2), FirstLayer.PRACTICAL)[:3]:
    ...     print(row.layer, row.inputs, row.windows, row.weights, row.outputs)
    conv1 6272 115200 1140 23040
    pool1 23040 23040 0 5760
    conv2 5760 64000 26600 6400
    """
    work = {work.name: work for work in network.work}
    bits = {INPUT: first_layer.input_bits}
    rows = []
    for layer, sources, befores, after in zip(
        network.layers, network.sources, network.input_shapes, network.shapes, strict=True
    ):
        inputs = windows = sum(prod(before) * bits[source] for source, before in zip(sources, befores, strict=True))
        weights = 0
        if layer.name in work:
            record = work[layer.name]
            windows = record.positions * record.dot_length * record.groups * bits[sources[0]]
            weights = record.weights * widths.weights + record.biases * _SUM_BITS
        elif isinstance(layer, Pool):
            windows = prod(after) * layer.kernel**2 * bits[sources[0]]
        of_image = layer.name not in work and all(bits[source] == bits[INPUT] for source in sources)
        bits[layer.name] = bits[INPUT] if of_image else widths.inputs
        width = _SUM_BITS if layer is network.layers[-1] else bits[layer.name]
        moved = (inputs, windows, weights, prod(after) * width)
        rows.append(LayerTraffic(network.name, layer.name, *((0,) * 4 if isinstance(layer, Concatenation) else moved)))
    return tuple(rows)
