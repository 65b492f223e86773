"""CPU time from Verilog-A to ngspice: lowering, compiling, and a write through the model.

    python benchmarks/bench_veriloga.py

The model is she_mtj.va with ``easy`` folded, as in netlists/generated.  Lowering is all of ``spintronics veriloga
lower`` but Python's start: OpenVAF, the equations, the subcircuit's text.  The write is 5 ns at 1 ps of the default
junction with 120 µA in its heavy metal, ngspice's start and the reading of its result included; once through the
subcircuit and, where ngspice has OSDI, once through the compiled model.  Medians.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

from measure import Stopwatch, machine, print_table

from spintronics.circuits.compiled import FOLDED
from spintronics.ngspice import Simulator, has_osdi
from spintronics.resources import MODELS
from spintronics.veriloga import device_netlist, lower
from spintronics.veriloga.osdi import build_osdi

MODEL = MODELS / "veriloga/she_mtj.va"
REPETITIONS = 5


def cpu(task: Callable[[], object]) -> float:
    """Median over the repetitions, s."""
    times = []
    for _ in range(REPETITIONS):
        with Stopwatch() as watch:
            task()
        times.append(watch.cpu)
    return median(times)


def write(netlist: str) -> str:
    """Deck of a write: strip current from t1 to t2, initial angle 0.1 rad."""
    return f"""* write
{netlist}
i1 0 t1 pwl(0 0 10p 120u)
v2 t2 0 0
v4 hx 0 0
v5 hy 0 0
v6 hz 0 0
x1 t1 t2 t3 hx hy hz mx my mz she_mtj theta0=0.1
.options method=trap reltol=1e-4
.tran 1p 5n 0 1p
.end
"""


def main() -> None:
    """Measure each in turn and print."""
    print(f"Verilog-A to ngspice ({MODEL.name})")
    print(machine())
    simulator = Simulator()
    lower(MODEL, FOLDED)  # OpenVAF is loaded
    with tempfile.TemporaryDirectory() as folder:
        lowering, library = cpu(lambda: lower(MODEL, FOLDED)), Path(folder, "she_mtj.osdi")
        rows = [
            ("lowering", lowering, 0.5),
            ("lowering and C compiler", cpu(lambda: build_osdi(MODEL, FOLDED, library)), None),
        ]
        subcircuit = write(lower(MODEL, FOLDED).text)
        rows.append(("write of 5 ns, subcircuit", cpu(lambda: simulator.run(subcircuit)), 0.25))
        if has_osdi(simulator.installation):
            netlist = device_netlist(MODEL, FOLDED, True, Path(folder))
            compiled = write(f".control\npre_osdi {netlist.library}\n.endc\n{netlist.text}")
            rows.append(("write of 5 ns, compiled model", cpu(lambda: simulator.run(compiled)), None))
    print_table(
        ["", "CPU, s", "required"],
        [[what, f"{seconds:.2f}", f"<= {limit:g}" if limit else ""] for what, seconds, limit in rows],
    )
    met = all(seconds <= limit for _, seconds, limit in rows if limit)
    print("met" if met else "NOT met")


if __name__ == "__main__":
    main()
