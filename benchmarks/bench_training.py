"""A training step of the slides' SVHN network: in single and mixed precision, and with kernels laid out two ways.

    python benchmarks/bench_training.py [threads]

W:I 1:2, batches of 64 random images, Adam; one thread where no number is given.

mixed            convolutions in bfloat16, as --mixed
channels last    the kernels in memory as `QuantizedNetwork` has them; channels first as PyTorch makes them

Methods take turns; times are medians of the turns.  Where a CPU has no bfloat16, mixed precision is slower.
"""

import sys
from importlib.util import find_spec
from statistics import median

from measure import Stopwatch, machine, print_table

BATCH, STEPS, TURNS = 64, 3, 7
METHODS = {
    "single, channels last": (False, True),
    "single, channels first": (False, False),
    "mixed, channels last": (True, True),
    "mixed, channels first": (True, False),
}
"""Mixed precision, channels last."""


def main() -> None:
    """Measure, compare, print."""
    if not find_spec("torch"):
        print("PyTorch is not installed: training not measured")
        return
    import torch
    from torch import nn

    from spintronics.networks import BitWidths, load
    from spintronics.training.model import QuantizedNetwork

    torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    network = load("svhn")
    print(f"training {network.name} 1:2, batch {BATCH}, {torch.get_num_threads()} thread(s); {machine()}")
    pixels = torch.randint(0, 256, (BATCH, *network.input_shape)).float()
    labels = torch.randint(0, 10, (BATCH,))

    def steps(model: QuantizedNetwork, optimizer: torch.optim.Adam, mixed: bool) -> Stopwatch:
        with Stopwatch() as watch:
            for _ in range(STEPS):
                with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
                    scores = model(pixels)
                optimizer.zero_grad()
                nn.functional.cross_entropy(scores.float(), labels).backward()
                optimizer.step()
        return watch

    trained = {}
    for name, (mixed, last) in METHODS.items():
        model = QuantizedNetwork(network, BitWidths(1, 2), dropout=0.2)
        if not last:
            for weights in model.weights:
                weights.data = weights.data.contiguous()
        trained[name] = (model, torch.optim.Adam(model.parameters()), mixed)
        steps(*trained[name])  # kernels are chosen at the first
    times: dict[str, list[Stopwatch]] = {name: [] for name in trained}
    for _ in range(TURNS):
        for name, of_method in trained.items():
            times[name].append(steps(*of_method))
    medians = {name: [median(getattr(t, which) for t in times[name]) for which in ("cpu", "wall")] for name in times}
    first = next(iter(medians.values()))
    print_table(
        ("method", "CPU s/step", "wall s/step", "× first, CPU", "× first, wall"),
        [
            (name, *(f"{t / STEPS:.3f}" for t in found), *(f"{a / b:.2f}" for a, b in zip(first, found, strict=True)))
            for name, found in medians.items()
        ],
    )


if __name__ == "__main__":
    main()
