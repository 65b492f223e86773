"""Write error rate of a free layer against pulse width, by the stochastic integrator."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv

from spintronics.errors import InputError
from spintronics.magnetics.layer import FloatArray, FreeLayer
from spintronics.magnetics.llg import Pulse
from spintronics.magnetics.macrospin import Macrospin
from spintronics.magnetics.stochastic import Backend, simulate, thermal_states
from spintronics.technology import Technology


@dataclass(frozen=True)
class WriteErrors:
    """Trajectories that a pulse left in their old state.

    Attributes:
        widths: of the pulses, s.
        errors: counts, one per width.
        trajectories: of each width.
    """

    widths: FloatArray
    errors: npt.NDArray[np.int64]
    trajectories: int

    @property
    def rate(self) -> FloatArray:
        """errors / trajectories."""
        return self.errors / self.trajectories

    def interval(self, confidence: float = 0.95) -> tuple[FloatArray, FloatArray]:
        """Clopper–Pearson bounds of each rate.

        >>> low, high = WriteErrors(np.array([1e-9]), np.array([0]), 100).interval()
        >>> low.tolist(), high.round(4).tolist()
        ([0.0], [0.0362])
        """
        tail, right = (1 - confidence) / 2, self.trajectories - self.errors
        with np.errstate(invalid="ignore"):
            low = np.where(self.errors == 0, 0.0, betaincinv(self.errors, right + 1, tail))
            high = np.where(right == 0, 1.0, betaincinv(self.errors + 1, right, 1 - tail))
        return low, high


def write_error_rate(
    device: Technology | FreeLayer,
    pulse: Pulse,
    widths: Sequence[float] | FloatArray,
    trajectories: int,
    seed: int,
    *,
    relaxation: float = 1e-9,
    step: float = 1e-12,
    backend: Backend = "auto",
) -> WriteErrors:
    """Errors of writing over the opposite state, from thermal equilibrium, for each pulse width.

    A trajectory is an error where m·e ends on the side where it began.  Pulses of different widths meet the same
    thermal field: their counts are correlated, each alone is binomial.

    Args:
        device: a technology's junction, or a free layer.
        pulse: currents, edges and field; its width is replaced by each of ``widths``.
        widths: between half-height points, s, each at least the rise.
        trajectories: for each width.
        seed: 0 to 2⁶⁴ − 1; those of ``simulate``.
        relaxation: time after the pulse until the state counts, s; 1 ns is about the free decay time of the default
            junction, 1/(α γ µ0 (H_k + M_eff)/2) = 2 ns.
    Raises:
        InputError: a pulse that favours neither state, or a width below its rise.

    >>> t = Technology.load("imce45")
    >>> short = write_error_rate(t, Pulse(120e-6), [0.3e-9, 2.5e-9], 20, seed=1, backend="numpy")
    >>> short.errors.tolist()
    [20, 0]
    """
    layer = Macrospin.of(device).free_layer if isinstance(device, Technology) else device
    along = layer.spin_hall_gain * pulse.strip if layer.easy_axis == "y" else 0.0
    favoured = along - layer.polarization * pulse.junction
    if favoured == 0:
        raise InputError(f"write error rate: {pulse} favours neither state of a type-{layer.easy_axis} junction")
    if trajectories < 1:
        raise InputError(f"write error rate: {trajectories} trajectories; must be at least 1")
    widths = np.asarray(widths, dtype=float)
    if widths.min() < pulse.rise:
        raise InputError(f"write error rate: width {widths.min():g} s is below the rise of {pulse.rise:g} s")
    initial = thermal_states(layer, -1 if favoured > 0 else 1, trajectories, seed)
    kept = [
        ~simulate(
            layer,
            replace(pulse, width=float(width)),
            initial,
            float(width) + pulse.rise + relaxation,
            seed,
            step=step,
            backend=backend,
        ).switched
        for width in widths
    ]
    return WriteErrors(widths, np.array([int(k.sum()) for k in kept]), trajectories)
