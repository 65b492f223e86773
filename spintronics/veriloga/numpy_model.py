"""Device equations evaluated with NumPy: currents, charges, their exact derivatives, noise, at any node voltages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spintronics.veriloga.equations import Equations
from spintronics.veriloga.errors import ModelError
from spintronics.veriloga.expressions import Expression, in_order

FloatArray = npt.NDArray[np.float64]

_FUNCTIONS: Mapping[str, Callable[..., npt.NDArray[np.generic]]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "neg": np.negative,
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "gt": np.greater,
    "le": np.less_equal,
    "ge": np.greater_equal,
    "not": np.logical_not,
    "select": np.where,
    "exp": np.exp,
    "ln": np.log,
    "log10": np.log10,
    "sqrt": np.sqrt,
    "pow": np.power,
    "abs": np.abs,
    "floor": np.floor,
    "ceil": np.ceil,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "asinh": np.arcsinh,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
}


@dataclass(frozen=True)
class Evaluation:
    """What leaves each node into the device, with derivatives; arrays of the shape that the inputs broadcast to.

    Attributes:
        currents, charges: by node, A and C.
        conductances, capacitances: by (node, node whose voltage is the variable), S and F; absent where 0 everywhere.
        noise: for each of the device's white noise sources, by node: the root of its density, A/√Hz, with its sign.
    """

    currents: Mapping[str, FloatArray]
    charges: Mapping[str, FloatArray]
    conductances: Mapping[tuple[str, str], FloatArray]
    capacitances: Mapping[tuple[str, str], FloatArray]
    noise: tuple[Mapping[str, FloatArray], ...]


def evaluate(
    device: Equations,
    voltages: Mapping[str, npt.ArrayLike],
    parameters: Mapping[str, float],
    time: npt.ArrayLike = 0.0,
    temperature: npt.ArrayLike = 300.15,
) -> Evaluation:
    """Currents, charges, their derivatives and white noise of a device.

    Args:
        voltages: of every node, ports and inner ones, V; arrays broadcast.
        parameters: those that differ from their defaults.
        time: s; 0 in static analyses.
        temperature: K.
    Raises:
        ModelError: a node without voltage, an unknown node or parameter, or a parameter outside its range.
    """
    wrong = sorted(set(voltages) ^ set(device.nodes))
    if wrong:
        raise ModelError(
            device.path, f"voltages: exactly those of {', '.join(device.nodes)} are needed; wrong: {', '.join(wrong)}"
        )
    inputs = {
        "parameter": {name: np.asarray(value) for name, value in device.values(parameters).items()},
        "voltage": {node: np.asarray(v, dtype=np.float64) for node, v in voltages.items()},
    }
    shape = np.broadcast_shapes(*(v.shape for v in inputs["voltage"].values()), np.shape(time), np.shape(temperature))
    roots = [x for e in device.equations for x in (e.current, e.charge)]
    roots += [x for d in device.derivatives for x in (d.conductance, d.capacitance)]
    roots += [gain for source in device.noise for gain in source.gains.values()]
    values: dict[Expression, FloatArray] = {}
    with np.errstate(all="ignore"):  # both sides of a selection are computed
        for x in in_order(roots):
            match x.op:
                case "constant":
                    values[x] = np.asarray(x.value)
                case "parameter":
                    values[x] = inputs["parameter"][x.names[0]]
                case "voltage":
                    of = [inputs["voltage"][node] for node in x.names]
                    values[x] = of[0] if len(of) == 1 else of[0] - of[1]
                case "time":
                    values[x] = np.asarray(time, dtype=np.float64)
                case "temperature":
                    values[x] = np.asarray(temperature, dtype=np.float64)
                case op:
                    values[x] = np.asarray(_FUNCTIONS[op](*(values[y] for y in x.arguments)), dtype=np.float64)

    def shaped(x: Expression) -> FloatArray:
        return np.broadcast_to(values[x], shape)

    return Evaluation(
        {e.node: shaped(e.current) for e in device.equations},
        {e.node: shaped(e.charge) for e in device.equations},
        {(d.node, d.by): shaped(d.conductance) for d in device.derivatives if not d.conductance.is_constant(0)},
        {(d.node, d.by): shaped(d.capacitance) for d in device.derivatives if not d.capacitance.is_constant(0)},
        tuple({node: shaped(gain) for node, gain in source.gains.items()} for source in device.noise),
    )
