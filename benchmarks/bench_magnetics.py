"""Trajectories per second per core of the stochastic macrospin: this package, compiled and in NumPy, and cmtj.

    python benchmarks/bench_magnetics.py

All of them integrate the default junction (imce45) with thermal field and 120 µA in its heavy metal over 2 ns at a
step of 1 ps, on one core, CPU time counted.  This package runs 10 000 trajectories at once.  cmtj (PyPI) runs one at
a time, so its time is proportional to their number: 400 are measured, and the proportionality with them.  It builds
its junction once and is reset between the trajectories; it writes one line of its log per trajectory.  ``Heun`` is
the scheme used here; ``Euler-Heun`` is its faster one, of first order without noise.

The requirement is ten times the trajectories of cmtj's faster scheme.  Compiling, once in a process, is shown apart.
"""

from collections.abc import Callable
from statistics import median

from measure import Stopwatch, machine, print_table
from scipy.constants import mu_0

from spintronics.magnetics import Macrospin, Pulse, simulate, thermal_states
from spintronics.magnetics.stochastic import Backend
from spintronics.technology import Technology

TRAJECTORIES, THEIRS = 10_000, 400
DURATION, STEP, CURRENT = 2e-9, 1e-12, 120e-6
REPETITIONS = 5
REQUIRED = 10

layer = Macrospin.of(Technology.load("imce45")).free_layer
initial = thermal_states(layer, 1, TRAJECTORIES, seed=1)


def ours(backend: Backend) -> Callable[[int], float]:
    """CPU time of a number of trajectories, s."""

    def run(count: int) -> float:
        with Stopwatch() as watch:
            simulate(layer, Pulse(CURRENT), initial[:, :count], DURATION, 1, step=STEP, backend=backend)
        return watch.cpu

    return run


def cmtj(solver: str) -> Callable[[int], float]:
    """The same of cmtj's."""
    import cmtj as package

    vector, n = package.CVector, layer.demagnetization
    free = package.Layer.createSOTLayer(
        "free", vector(0, 1, 0), vector(0, 1, 0), layer.saturation_magnetization * mu_0, 3e-9, layer.volume / 3e-9,
        [vector(n[0], 0, 0), vector(0, n[1], 0), vector(0, 0, n[2])], damping=layer.damping,
        dampingLikeTorque=layer.tesla_per_ampere * layer.spin_hall_gain / mu_0,
    )  # fmt: skip
    free.setReferenceLayer(vector(0, 1, 0))
    junction = package.Junction([free])
    junction.setLayerCurrentDriver("free", package.constantDriver(CURRENT))
    junction.setLayerAnisotropyDriver("free", package.constantDriver(0.0))
    junction.setLayerTemperatureDriver("free", package.constantDriver(layer.temperature))
    mode = getattr(package, solver)

    def run(count: int) -> float:
        starts = [vector(*m) for m in initial[:, :count].T.tolist()]
        with Stopwatch() as watch:
            for start in starts:
                junction.clearLog()
                junction.setLayerMagnetisation("free", start)
                junction.runSimulation(DURATION, STEP, DURATION, solverMode=mode)
        return watch.cpu

    return run


def main() -> None:
    """Measure in turns, compare, print."""
    print(f"stochastic macrospin, {DURATION * 1e9:g} ns at {STEP * 1e12:g} ps (imce45, {CURRENT * 1e6:g} µA)")
    print(machine())
    methods = {
        "ours, numba": (ours("numba"), TRAJECTORIES),
        "ours, NumPy": (ours("numpy"), TRAJECTORIES // 10),
        "cmtj, Heun": (cmtj("Heun"), THEIRS),
        "cmtj, Euler-Heun": (cmtj("EulerHeun"), THEIRS),
    }
    with Stopwatch() as watch:
        methods["ours, numba"][0](1)
    print(f"compiling: {watch.wall:.1f} s")
    times: dict[str, list[float]] = {name: [] for name in methods}
    for _ in range(REPETITIONS):
        for name, (run, count) in methods.items():
            times[name].append(run(count))
    speed = {name: count / median(times[name]) for name, (_, count) in methods.items()}
    fastest = max(speed["cmtj, Heun"], speed["cmtj, Euler-Heun"])
    rows = [
        [
            name,
            f"{count}",
            f"{speed[name]:.0f}",
            f"{speed[name] * DURATION / STEP / 1e6:.1f}",
            f"{speed[name] / speed['cmtj, Heun']:.1f}",
            f"{speed[name] / fastest:.1f}",
            f">= {REQUIRED}" if name == "ours, numba" else "",
        ]
        for name, (_, count) in methods.items()
    ]
    print_table(["method", "trajectories", "per s", "million steps/s", "× Heun", "× faster", "required"], rows)
    proportional = cmtj("Heun")
    few, many = (median(proportional(count) for _ in range(3)) / count for count in (THEIRS // 4, 2 * THEIRS))
    print(f"cmtj's time per trajectory, {2 * THEIRS} over {THEIRS // 4} of them: {many / few:.2f}")
    ratio = speed["ours, numba"] / fastest
    print(f"ratio {ratio:.1f}, required {REQUIRED}: {'met' if ratio >= REQUIRED else 'NOT met'}")


if __name__ == "__main__":
    main()
