"""What a training step costs on the array: the forward pass, and the gradients at the layer's energy of an AND."""

from dataclasses import dataclass

from spintronics.accelerator.charges import AND_PATH, Biller, kernel_charges
from spintronics.accelerator.cost import NetworkCost
from spintronics.errors import InputError
from spintronics.networks import GRADIENT_BITS


@dataclass(frozen=True)
class TrainingCost:
    """One image of a training step.

    Gradients are bit-wise convolutions of the same size as the forward pass: W·G ANDs a multiply-accumulate for a
    layer's inputs, I·G for its weights, each at what an AND of that layer costs with its counting, shifting and adding.
    Not in: transfers and row writes of the gradients, and the update of the weights in full precision.

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


def training_cost(cost: NetworkCost, gradient_bits: int = GRADIENT_BITS) -> TrainingCost:
    """Cost of a training step of a network whose forward pass is costed.

    Raises:
        InputError: gradient_bits not within 1 and 32.
    """
    if not 1 <= gradient_bits <= 32:
        raise InputError(f"gradient_bits = {gradient_bits}: must be a whole number from 1 to 32")
    forward, inputs, weights = "forward", "gradient of inputs", "gradient of weights"
    operations = dict.fromkeys((forward, inputs, weights), 0)
    energy = {forward: cost.energy, inputs: 0.0, weights: 0.0}
    for n, layer in enumerate(cost.layers):
        m = layer.mapping
        per_and = sum(c.energy for c in layer.charges if c.what in AND_PATH) / m.and_operations
        macs = m.and_operations // (m.w_bits * m.i_bits)
        operations[forward] += m.and_operations
        for part, ands in (
            (inputs, macs * m.w_bits * gradient_bits if n else 0),
            (weights, macs * m.i_bits * gradient_bits),
        ):
            operations[part] += ands
            energy[part] += ands * per_and
    biller = Biller(cost.floorplan.sub_array, cost.floorplan)
    # Streamed kernels are written with every image: the forward pass has them already.
    layers = cost.layers if cost.resident else ()
    written = [c for layer in layers for c in kernel_charges(biller, layer.mapping, layer.rounds.copies)]
    return TrainingCost(gradient_bits, operations, energy, sum(c.energy for c in written))
