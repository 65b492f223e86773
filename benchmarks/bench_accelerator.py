"""Costs of networks on the chip: all networks × configurations × designs, ResNet-18 from ONNX, a sweep of geometries.

    python benchmarks/bench_accelerator.py

Needs no simulator: the device table is made up, and its figures do not change the time.
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from measure import Stopwatch, machine, print_table

from spintronics.accelerator import explain, network_cost, sensitivity
from spintronics.array import SubArray, sweep
from spintronics.array.subarray import ACTIONS
from spintronics.baselines import baselines
from spintronics.characterize.device_table import ActionCost, DeviceTable, Entry
from spintronics.circuits.logic_bench import LOGIC_GATES
from spintronics.networks import CONFIGURATIONS, NETWORKS, BitWidths, FirstLayer, load, storage_table
from spintronics.technology import Technology

TIMES = 5


def sub_array() -> SubArray:
    """The default sub-array with made-up costs."""
    technology = Technology.load("imce45")
    bit = ActionCost({"word line": 1e-15, "bit line": 1e-13}, 5e-9)
    gate = ActionCost({"gate": 1e-15}, 1e-11)
    costs = {
        **dict.fromkeys(("read", "write", "AND", "OR"), bit),
        **dict.fromkeys((*ACTIONS[3:], *(g.netlist for g in LOGIC_GATES)), gate),
    }
    entries = (Entry("made up", action, "", "one", "none", cost, 1e-9, 1e-13) for action, cost in costs.items())
    return SubArray(technology, DeviceTable.of(technology, entries))


def everything(names: list[str]) -> int:
    """Every network in every configuration and convention on the array, its storage, and every other design."""
    array, networks = sub_array(), [load(name) for name in names]
    costs = [network_cost(n, w, f, array) for n in networks for w in CONFIGURATIONS for f in FirstLayer]
    energies = [cost.energy + cost.area + cost.latency for cost in costs]
    others = [design.energy for network in networks for design in baselines(network)]
    return len(energies) + len(others) + len(storage_table(networks, CONFIGURATIONS))


def resnet18_onnx(path: Path) -> None:
    """ResNet-18 as an exporter writes it, weights in the file (46 MB)."""
    import numpy as np
    import onnx
    from onnx import helper, numpy_helper

    from spintronics.networks import Addition, Convolution, FullyConnected, Normalization, Pool

    nodes: list[Any] = []
    constants: list[Any] = []
    values = {"input": "x"}

    def constant(name: str, *dims: int) -> str:
        constants.append(numpy_helper.from_array(np.zeros(dims, np.float32), name))
        return name

    network = load("resnet18")
    for layer, sources in zip(network.layers, network.sources, strict=True):
        taken, n = [values[s] for s in sources], layer.name
        more: dict[str, Any] = {}
        if isinstance(layer, Convolution):
            operator = "Conv"
            taken.append(constant(f"{n}.w", layer.out_channels, layer.in_channels, layer.kernel, layer.kernel))
            more = {"strides": [layer.stride] * 2, "pads": [layer.padding] * 4}
        elif isinstance(layer, Pool):
            operator = {"max": "MaxPool", "average": "AveragePool"}[layer.kind]
            more = {"kernel_shape": [layer.kernel] * 2, "strides": [layer.stride] * 2, "pads": [layer.padding] * 4}
        elif isinstance(layer, Addition):
            operator = "Add"
        elif isinstance(layer, Normalization):
            operator = "BatchNormalization"
            taken += [constant(f"{n}.{part}", layer.channels) for part in ("scale", "shift", "mean", "variance")]
        else:
            assert isinstance(layer, FullyConnected)
            nodes.append(helper.make_node("Flatten", taken, [f"{n}.flat"]))
            operator = "Gemm"
            taken = [f"{n}.flat", constant(f"{n}.w", layer.in_features, layer.out_features)]
            taken.append(constant(f"{n}.b", layer.out_features))
        nodes.append(helper.make_node(operator, taken, [n], name=n, **more))
        values[n] = n
    graph = helper.make_graph(
        nodes,
        "resnet18",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["N", *network.input_shape])],
        [helper.make_tensor_value_info(network.layers[-1].name, onnx.TensorProto.FLOAT, None)],
        constants,
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)


def in_a_new_process(work: str, *arguments: str) -> tuple[float, float, float]:
    """CPU and wall time, s, and peak memory, MB, of a piece of work and of the imports before it."""
    with Stopwatch() as watch:
        command = [sys.executable, __file__, work, *arguments]
        memory = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return watch.cpu, watch.wall, float(memory)


def work_of(arguments: list[str]) -> None:
    """One piece of work, and the process's peak memory in MB."""
    match arguments:
        case ["imports"]:
            sub_array()
        case ["everything", *names]:
            everything(names)
        case ["onnx", path]:
            network_cost(load(path), BitWidths(1, 2), FirstLayer.PRACTICAL, sub_array()).energy  # noqa: B018
        case ["sweep"]:
            sweep(sub_array(), [2**n + 4 * m for n in range(6, 10) for m in range(10)], range(64, 1664, 64))
        case ["explain"]:
            case = (load("alexnet"), BitWidths(1, 1), FirstLayer.SEED)
            explain(network_cost(*case, sub_array()), "energy")
            sensitivity(lambda array: network_cost(*case, array).energy, sub_array(), "energy")
    status = Path("/proc/self/status").read_text(encoding="ascii")  # of this process alone, not of its parent
    print(int(status.split("VmHWM:")[1].split()[0]) / 1024)


def main() -> None:
    """Medians of ``TIMES`` new processes each."""
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "resnet18.onnx"
        resnet18_onnx(path)
        cases = {
            "imports, device table and sub-array alone": ("imports",),
            "networks of the slides x 6 W:I x 2 conventions, and designs": ("everything", "alexnet", "svhn", "lenet"),
            "all known networks, the same": ("everything", *NETWORKS),
            "ResNet-18 from ONNX with its weights, one cost": ("onnx", str(path)),
            "1000 sizes of the sub-array": ("sweep",),
            "explain energy alexnet, with sensitivities": ("explain",),
        }
        rows = []
        for name, arguments in cases.items():
            runs = sorted(in_a_new_process(*arguments) for _ in range(TIMES))
            cpu, wall, memory = (sorted(run[n] for run in runs)[TIMES // 2] for n in range(3))
            rows.append((name, f"{cpu:.2f}", f"{wall:.2f}", f"{memory:.0f}"))
        print_table(("work, imports included", "CPU s", "wall s", "MB"), rows)


if __name__ == "__main__":
    work_of(sys.argv[1:]) if sys.argv[1:] else main()
