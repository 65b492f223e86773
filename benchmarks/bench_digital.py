"""Gates, row path and blocks: how long the whole characterization takes, and composed blocks beside all transistors.

A composed block is transition counts times what ngspice found for each gate; beside it stands the whole block in
ngspice, over the same random vectors.
"""

import numpy as np
from measure import Stopwatch, machine, print_table

from spintronics import cards
from spintronics.characterize.blocks import block_figures, transistor_figures
from spintronics.characterize.digital import digital_figures
from spintronics.circuits.blocks import batch_norm, bit_counter, clipped_activation, quantizer, shifter
from spintronics.circuits.library import new_circuit
from spintronics.circuits.logic_bench import PERIOD
from spintronics.ngspice import Simulator, default_workers
from spintronics.technology import Technology

STEPS = 20
SMALL = (bit_counter(8), bit_counter(15), batch_norm(3, 3), batch_norm(5, 4), quantizer(3, 5), clipped_activation(6, 3))


def main() -> None:
    """Measure and print."""
    technology = Technology.load("imce45")
    context = (technology, cards.locate(technology), Simulator())
    new_circuit("imports", *context[:2], ())
    print("gates, row path and blocks")
    print(machine())
    with Stopwatch() as watch:
        figures = digital_figures(*context, default_workers(), seed=2018)
    print_table(
        ["what", "wall s", "CPU s", "target, wall s"], [["all", f"{watch.wall:.2f}", f"{watch.cpu:.2f}", "<= 10"]]
    )
    rows = []
    for block in (*SMALL, shifter(4, 10, 3)):
        random = np.random.default_rng(1)
        vectors = [tuple(map(int, v)) for v in random.integers(0, 2, (STEPS + 1, len(block.inputs)))]
        composed = block_figures(block, figures.gates, vectors)
        whole = transistor_figures(*context, block, vectors)
        energy = float(whole.energies.mean()) - composed.leakage * PERIOD
        rows.append(
            [
                f"{block.name}, {len(block.inputs)} inputs",
                f"{energy * 1e15:.1f}",
                f"{composed.cost.energy / energy:.3f}",
                f"{composed.settled_energy / energy:.3f}",
                f"{whole.delays.max() * 1e12:.0f}",
                f"{composed.cost.latency / whole.delays.max():.3f}",
            ]
        )
    print_table(["block", "ngspice fJ", "composed /", "without glitches /", "ngspice ps", "longest path /"], rows)


if __name__ == "__main__":
    main()
