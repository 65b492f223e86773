"""Half-selected cells during a write: current, tilt and the probability that they flip."""

from dataclasses import dataclass
from math import expm1

import numpy as np
import numpy.typing as npt

from spintronics.cards import ModelCards
from spintronics.characterize.device_table import OK
from spintronics.characterize.writing import ATTEMPT_TIME, read_disturb
from spintronics.circuits.disturb_bench import PLACES, DisturbBench
from spintronics.magnetics import Macrospin
from spintronics.ngspice import NgspiceError, Simulator
from spintronics.technology import Technology

FloatArray = npt.NDArray[np.float64]
LARGEST_TILT = 0.05
"""|Δm_y| beyond which a half-selected cell counts as disturbed; assumed, some times its thermal tilt."""


@dataclass(frozen=True)
class Disturb:
    """What one write does to one half-selected cell.

    Attributes:
        place: ``column`` (same bit line, word line off) or ``row`` (same word line, bit line idle).
        bit: written into the selected cell.
        peak: largest current through the strip, A; edges couple through the write transistor.
        held: mean current through the strip in the pulse's second half, A.
        ratio: peak over the critical write current.
        tilt: largest |Δm_y| from the start; a cell that is left alone has that of its initial angle, 1 − cos θ.
        probability: that the held current flips the cell within the write pulse (Néel–Brown).
        with_edges: upper bound of that for the whole transient, edges included; see :func:`disturb_bound`.
        idle: probability of a flip within the write pulse without any current.
        status: ``ok``, or why there are no figures.
    """

    place: str
    bit: int
    peak: float
    held: float
    ratio: float
    tilt: float
    probability: float
    with_edges: float
    idle: float
    status: str = OK


def disturb_bound(stability: float, critical_current: float, time: FloatArray, current: FloatArray) -> float:
    """Upper bound of the probability that a current over time flips a cell: Néel–Brown, the barrier of each moment.

        p = 1 − exp(−∫ dt/τ0 · exp(−Δ (1 − |I|/I_c)))      τ0 = 1 ns

    :func:`spintronics.characterize.writing.read_disturb` at a constant current.  Far too high for edges much shorter
    than τ0, which the barrier cannot follow (the magnetization's tilt tells there); every current counts as one that
    pushes out of the cell's state.

    Args:
        stability: Δ.
        critical_current: I_c, A.
        time: s; current: A, same shape.

    >>> f"{disturb_bound(40.0, 20e-6, np.array([0.0, 5e-9]), np.array([2e-6, 2e-6])):.1e}"
    '1.2e-15'
    """
    barrier = stability * np.maximum(1 - np.abs(current) / critical_current, 0.0)
    return -expm1(-float(np.trapezoid(np.exp(-barrier), time)) / ATTEMPT_TIME)


def half_selected(
    technology: Technology, cards: ModelCards, simulator: Simulator, voltages: tuple[float, float], workers: int
) -> list[Disturb]:
    """Both half-selected cells during the write of either bit, from the root-mean-square thermal angle in the plane.

    A cell whose magnetization moves by more than ``LARGEST_TILT``, and a write that fails in the simulator, say so in
    their status.

    Args:
        voltages: write supplies for '0' and '1', V (see :func:`spintronics.characterize.writing.write_voltages`).
    """
    parts = simulator.map(lambda sim, bit: _beside(technology, cards, sim, bit, voltages), (0, 1), workers)
    return [row for part in parts for row in part]


def _beside(
    technology: Technology, cards: ModelCards, simulator: Simulator, bit: int, voltages: tuple[float, float]
) -> list[Disturb]:
    spin = Macrospin.of(technology)
    stability, critical = spin.thermal_stability, spin.critical_write_current
    bench = DisturbBench(technology, cards, bit, voltages, (2 * stability) ** -0.5, 0.0)
    try:
        waves = simulator.run(bench.deck().text())
    except NgspiceError as error:
        nan = float("nan")
        return [Disturb(place, bit, nan, nan, nan, nan, nan, nan, nan, str(error)) for place in PLACES]
    write = bench.write
    late = (waves.x > write.pulse_end - write.pulse_width / 2) & (waves.x < write.pulse_end)
    rows = []
    for place in PLACES:
        current, m_y = waves[f"i(vstrip_{place})"], waves[f"v(my_{place})"]
        peak, held = float(np.abs(current).max()), float(np.abs(current[late]).mean())
        tilt = float(np.abs(m_y - m_y[0]).max())
        moved = f"m_y moves by {tilt:.3f}, more than {LARGEST_TILT:g}: lower write.unselected_word_line"
        rows.append(
            Disturb(
                place,
                bit,
                peak,
                held,
                peak / critical,
                tilt,
                read_disturb(stability, critical, held, write.pulse_width),
                disturb_bound(stability, critical, waves.x, current),
                read_disturb(stability, critical, 0.0, write.pulse_width),
                OK if tilt <= LARGEST_TILT else moved,
            )
        )
    return rows
