"""What a training step costs on the array: the forward pass, and the gradients at the layer's energy of an AND."""

from dataclasses import dataclass

from spintronics.accelerator.charges import AND_PATH, Biller, kernel_charges
from spintronics.accelerator.cost import LayerCost, NetworkCost
from spintronics.networks import GRADIENT_BITS, Network, training_step


@dataclass(frozen=True)
class TrainingCost:
    """One image of a training step.

    Gradients are bit-wise convolutions of the same size as the forward pass
    (:func:`spintronics.networks.training_step`), each at what an AND of that layer costs with its counting, shifting
    and adding.  Not in: transfers and row writes of the gradients, and the update of the weights in full precision.

    Attributes:
        gradient_bits: G.
        operations, energy: ANDs, and J, by part: forward; gradient of inputs (not of the first layer's, which nothing
            needs); gradient of weights, which the slides' complexity W·I + W·G leaves out.
        rewriting: of all kernels that are resident in the sub-arrays, J, once a batch; 0 where they are streamed.
    """

    gradient_bits: int
    operations: dict[str, int]
    energy: dict[str, float]
    rewriting: float


def training_cost(cost: NetworkCost, network: Network, gradient_bits: int = GRADIENT_BITS) -> TrainingCost:
    """Cost of a training step.

    Args:
        cost: of the forward pass of this network.
    Raises:
        InputError: gradient_bits not within 1 and 32.
    """
    step = training_step(network, cost.widths, cost.first_layer, gradient_bits)
    each = [_and_energy(layer) for layer in cost.layers]
    inputs, weights = [row.input_gradient for row in step], [row.weight_gradient for row in step]
    biller = Biller(cost.floorplan.sub_array, cost.floorplan)
    # Streamed kernels are written with every image: the forward pass has them already.
    layers = cost.layers if cost.resident else ()
    written = [
        c for layer in layers for c in kernel_charges(biller, layer.mapping, layer.rounds.copies, streamed=False)
    ]
    return TrainingCost(
        gradient_bits,
        {
            "forward": sum(row.forward for row in step),
            "gradient of inputs": sum(inputs),
            "gradient of weights": sum(weights),
        },
        {
            "forward": cost.energy,
            "gradient of inputs": sum(n * joule for n, joule in zip(inputs, each, strict=True)),
            "gradient of weights": sum(n * joule for n, joule in zip(weights, each, strict=True)),
        },
        sum(charge.energy for charge in written),
    )


def _and_energy(layer: LayerCost) -> float:
    """Of a single-bit AND with all that follows it, J."""
    return sum(c.energy for c in layer.charges if c.what in AND_PATH) / layer.mapping.and_operations
