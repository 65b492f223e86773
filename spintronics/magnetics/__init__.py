"""One spin: demagnetization, stability, critical currents, switching; LLG by SciPy; thermal field, write errors."""

from spintronics.magnetics.layer import FreeLayer
from spintronics.magnetics.llg import Pulse, SampledPulse, rate, trajectory
from spintronics.magnetics.macrospin import Macrospin
from spintronics.magnetics.stochastic import Ensemble, simulate, thermal_field, thermal_path, thermal_states
from spintronics.magnetics.write_errors import WriteErrors, write_error_rate

__all__ = [
    "Ensemble",
    "FreeLayer",
    "Macrospin",
    "Pulse",
    "SampledPulse",
    "WriteErrors",
    "rate",
    "simulate",
    "thermal_field",
    "thermal_path",
    "thermal_states",
    "trajectory",
    "write_error_rate",
]
