"""Main-memory storage of a network, part by part, in bits (exact) and MiB (2^20 bytes).

Inventory of a network at W:I
    first and last weighted layer   weights and biases                     64 bits each
    the layers between              weights and biases                     W bits each
    normalizations                  scales and shifts                      64 bits each
    input                           one image                              64 bits per value
    feature maps                    outputs of the convolutions,           I bits per value
                                    before pooling (not the network's own output)

This is inferred: the slides give a total alone, 39.7 MB for binary AlexNet, and the inventory gives 39.72 MiB.
What it leaves out is small: the 8192 outputs of fc6 and fc7, one bit each, would make it 39.73 MiB.
The slides' networks have no normalizations in this count.
The baselines, single and double precision, are the parameters alone, 32 or 64 bits each: 237.95 and 475.91 MiB.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod

from spintronics.networks.bits import BitWidths
from spintronics.networks.layers import Network

_BITS_PER_MIB = 8 * 2**20
_SINGLE_BITS = 32
_DOUBLE_BITS = 64


@dataclass(frozen=True)
class Storage:
    """Storage of one network in one configuration: "single", "double" or W:I.  The parts sum to the total.

    >>> from spintronics.networks.zoo import alexnet
    >>> row = quantized(alexnet(), BitWidths(1, 1))
    >>> {part: round(mib, 3) for part, mib in row.parts_mib.items()}
    {'first_last_layers': 31.524, 'middle_layers': 6.944, 'normalizations': 0.0, 'input': 1.179, 'feature_maps': 0.077}
    >>> f"{row.total_mib:.2f} MiB, {row.ratio_to_double:.1f}× and {row.ratio_to_single:.1f}× less"
    '39.72 MiB, 12.0× and 6.0× less'
    """

    network: str
    configuration: str
    parameters: int
    first_last_layers_bits: int
    middle_layers_bits: int
    normalizations_bits: int
    input_bits: int
    feature_maps_bits: int

    @property
    def parts_bits(self) -> dict[str, int]:
        """Part of the inventory → bits."""
        return {
            "first_last_layers": self.first_last_layers_bits,
            "middle_layers": self.middle_layers_bits,
            "normalizations": self.normalizations_bits,
            "input": self.input_bits,
            "feature_maps": self.feature_maps_bits,
        }

    @property
    def parts_mib(self) -> dict[str, float]:
        """Part of the inventory → MiB."""
        return {part: bits / _BITS_PER_MIB for part, bits in self.parts_bits.items()}

    @property
    def total_bits(self) -> int:
        """All parts, bits."""
        return sum(self.parts_bits.values())

    @property
    def total_mib(self) -> float:
        """All parts, MiB."""
        return self.total_bits / _BITS_PER_MIB

    @property
    def ratio_to_single(self) -> float:
        """How many times less than the same network in single precision."""
        return self.parameters * _SINGLE_BITS / self.total_bits

    @property
    def ratio_to_double(self) -> float:
        """How many times less than the same network in double precision."""
        return self.parameters * _DOUBLE_BITS / self.total_bits


def quantized(network: Network, widths: BitWidths) -> Storage:
    """Storage at W:I by the inventory above; for the un-quantized baselines see `single_precision`.

    >>> from spintronics.networks.zoo import alexnet
    >>> [f"{quantized(alexnet(), BitWidths.parse(text)).total_mib:.2f}" for text in ("1:1", "1:4", "2:2")]
    ['39.72', '39.96', '46.75']
    """
    outer = _outer_parameters(network)
    feature_maps = sum(work.activations_out for work in network.work[:-1] if work.kind == "convolution")
    return Storage(
        network=network.name,
        configuration=str(widths),
        parameters=network.parameters,
        first_last_layers_bits=outer * _DOUBLE_BITS,
        middle_layers_bits=(network.parameters - outer - network.normalization_parameters) * widths.weights,
        normalizations_bits=network.normalization_parameters * _DOUBLE_BITS,
        input_bits=prod(network.input_shape) * _DOUBLE_BITS,
        feature_maps_bits=feature_maps * widths.inputs,
    )


def single_precision(network: Network) -> Storage:
    """Parameters at 32 bits, nothing else: the slides' SP baseline, their configuration 32:32.

    >>> from spintronics.networks.zoo import alexnet
    >>> f"{single_precision(alexnet()).total_mib:.2f} MiB"
    '237.95 MiB'
    """
    return _baseline(network, "single", _SINGLE_BITS)


def double_precision(network: Network) -> Storage:
    """Parameters at 64 bits, nothing else: the slides' DP baseline.

    >>> from spintronics.networks.zoo import alexnet
    >>> f"{double_precision(alexnet()).total_mib:.2f} MiB"
    '475.91 MiB'
    """
    return _baseline(network, "double", _DOUBLE_BITS)


def storage_table(networks: Iterable[Network], configurations: Iterable[BitWidths]) -> tuple[Storage, ...]:
    """A row per network and configuration: double and single precision first, then each W:I in the order given.

    32:32 is un-quantized and is the single-precision row, so it adds none of its own.

    >>> from spintronics.networks.zoo import lenet, svhn
    >>> for row in storage_table([svhn(), lenet()], [BitWidths(32, 32), BitWidths(1, 1)]):
    ...     print(f"{row.network:5} {row.configuration:6} {row.total_mib:6.3f} {row.ratio_to_double:5.1f}")
    svhn  double 15.879   1.0
    svhn  single  7.940   2.0
    svhn  1:1     0.365  43.5
    lenet double  3.289   1.0
    lenet single  1.644   2.0
    lenet 1:1     0.101  32.7
    """
    reduced = [widths for widths in configurations if widths != BitWidths(_SINGLE_BITS, _SINGLE_BITS)]
    return tuple(
        row
        for network in networks
        for row in (
            double_precision(network),
            single_precision(network),
            *(quantized(network, widths) for widths in reduced),
        )
    )


def _outer_parameters(network: Network) -> int:
    """Weights and biases of the first and the last weighted layer (of the only one, once)."""
    return sum(work.parameters for work in {network.work[0], network.work[-1]})


def _baseline(network: Network, configuration: str, bits: int) -> Storage:
    outer = _outer_parameters(network)
    return Storage(
        network=network.name,
        configuration=configuration,
        parameters=network.parameters,
        first_last_layers_bits=outer * bits,
        middle_layers_bits=(network.parameters - outer - network.normalization_parameters) * bits,
        normalizations_bits=network.normalization_parameters * bits,
        input_bits=0,
        feature_maps_bits=0,
    )
