"""Writes in the SOT and the STT cell: switching time, energy by contributor, error rate, read disturb."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, exp, expm1

import numpy as np
import numpy.typing as npt

from spintronics.cards import ModelCards
from spintronics.characterize.device_table import OperationFailed
from spintronics.characterize.operations import crossing, energy
from spintronics.circuits.stt_write_bench import SttWriteBench
from spintronics.circuits.write_bench import FIELD_STEP, HIGHEST_WRITE_VOLTAGE, WriteBench
from spintronics.magnetics import Macrospin, SampledPulse, simulate, thermal_path, thermal_states
from spintronics.ngspice import NgspiceError, Simulator, Waves
from spintronics.technology import SttCell, Technology

FloatArray = npt.NDArray[np.float64]
SOT, STT = "2T1R SOT", "1T1R STT"
ATTEMPT_TIME = 1e-9  # s, τ0 of the Néel–Brown law; customary


@dataclass(frozen=True)
class Writes:
    """One bit written into one cell from thermal initial angles.

    Attributes:
        cell: ``"2T1R SOT"`` or ``"1T1R STT"``.
        bit: written, over its opposite.
        voltage: magnitude of the write supply, V.
        current: through heavy metal or junction shortly before it switches, A, mean over the angles.
        pulse_width: s.
        times: half the current to the magnetization at the hard plane, s, one per angle; NaN where it did not end on
            the new state's side.
        parts: energy by contributor, J, mean over the angles.
        waves: the first angle's transient.
    """

    cell: str
    bit: int
    voltage: float
    current: float
    pulse_width: float
    times: FloatArray
    parts: Mapping[str, float]
    waves: Waves

    @property
    def failures(self) -> int:
        """Writes that did not end in the new state."""
        return int(np.isnan(self.times).sum())

    @property
    def energy(self) -> float:
        """Sum of the parts, J."""
        return sum(self.parts.values())

    @property
    def transition(self) -> str:
        """``"P→AP"`` or ``"AP→P"``."""
        return "P→AP" if self.bit else "AP→P"


def write_voltages(
    technology: Technology, cards: ModelCards, simulator: Simulator, bit: int, currents: FloatArray
) -> FloatArray:
    """Magnitudes of the write supplies that drive these currents through the heavy metal, V.

    Raises:
        OperationFailed: not even the highest supply drives the largest; names the keys that would help.
    """
    bench = WriteBench(technology, cards, bit, 0.0, 0.0, 0.0, technology.write.pulse_width)
    waves = simulator.run(bench.calibration().text())
    driven = np.abs(waves["i(vheavy_metal)"])
    if driven.max() < currents.max():
        raise OperationFailed(
            f"write {bit}: {HIGHEST_WRITE_VOLTAGE:g} V drives only {driven.max() * 1e6:.1f} µA through the heavy metal"
            f", not {currents.max() * 1e6:g} µA (write.current, currents): widen cell.write_width or "
            "write.driver_width, raise cmos.supply, shorten the line (array.rows) or lower write.unselected_word_line"
        )
    return np.interp(currents, driven, np.abs(waves.x))


def sot_writes(
    technology: Technology,
    cards: ModelCards,
    simulator: Simulator,
    bit: int,
    voltage: float,
    pulse_width: float,
    angles: tuple[FloatArray, FloatArray],
    workers: int,
    advance: Callable[[int], None] = lambda _: None,
) -> Writes:
    """Writes into the 2T1R SOT cell at a write supply, one per pair of angles (θ, φ)."""
    bench = WriteBench(technology, cards, bit, voltage, 0.0, 0.0, pulse_width)
    return _sot_writes(simulator, [replace(bench, theta=t, phi=p) for t, p in _pairs(angles)], workers, advance)


def write_supplies(technology: Technology, cards: ModelCards, simulator: Simulator) -> dict[int, float | str]:
    """Write supply of each bit at the technology's write current, V, or why there is none."""

    def supply(bit: int) -> float | str:
        try:
            return float(write_voltages(technology, cards, simulator, bit, np.array([technology.write.current]))[0])
        except (OperationFailed, NgspiceError) as error:
            return str(error)

    return {bit: supply(bit) for bit in (0, 1)}


def rated_writes(
    technology: Technology,
    cards: ModelCards,
    simulator: Simulator,
    angles: tuple[FloatArray, FloatArray],
    workers: int,
    advance: Callable[[int], None] = lambda _: None,
) -> list[Writes]:
    """Writes of '0' and of '1' into the 2T1R SOT cell with the technology's write current and pulse width.

    Raises:
        OperationFailed: as :func:`write_voltages`.
    """
    context, write = (technology, cards, simulator), technology.write
    return [
        sot_writes(*context, bit, float(voltage), write.pulse_width, angles, workers, advance)
        for bit in (0, 1)
        for voltage in write_voltages(*context, bit, np.array([write.current]))
    ]


def thermal_writes(
    technology: Technology,
    cards: ModelCards,
    simulator: Simulator,
    bit: int,
    voltage: float,
    pulse_width: float,
    count: int,
    seed: int,
    workers: int,
    advance: Callable[[int], None] = lambda _: None,
) -> Writes:
    """Writes into the 2T1R SOT cell with the thermal field throughout, from thermal initial angles.

    Write n meets the angles and the field of trajectory n of ``integrated_times`` with the same seed.
    """
    spin = Macrospin.of(technology)
    bench = WriteBench(technology, cards, bit, voltage, 0.0, 0.0, pulse_width)
    steps = ceil(bench.end / FIELD_STEP)
    benches = [
        replace(bench, theta=t, phi=p, field=thermal_path(spin.free_layer, n, steps, seed, FIELD_STEP))
        for n, (t, p) in enumerate(_pairs(spin.thermal_angles(count, seed)))
    ]
    return _sot_writes(simulator, benches, workers, advance)


def stt_writes(
    technology: Technology,
    cell: SttCell,
    cards: ModelCards,
    simulator: Simulator,
    bit: int,
    angles: tuple[FloatArray, FloatArray],
    workers: int,
    advance: Callable[[int], None] = lambda _: None,
) -> Writes:
    """Writes into the 1T1R STT cell at the supply voltage, one per pair of angles (θ, φ)."""
    benches = [SttWriteBench(technology, cell, cards, bit, theta, phi) for theta, phi in _pairs(angles)]

    def measure(sim: Simulator, bench: SttWriteBench) -> tuple[Waves, float, dict[str, float]]:
        waves = sim.run(bench.deck().text())
        return waves, _switching_time(waves, "junction", bit, bench.pulse_start), _stt_parts(bench, waves)

    runs = simulator.map(measure, benches, workers, lambda _: advance(1))
    supply = technology.cmos.supply
    return _writes(STT, bit, supply, "junction", benches[0].pulse_start, cell.pulse_width, runs)


def require_switched(writes: Iterable[Writes]) -> None:
    """A cell that its own pulse never writes is not tabled as one that costs so much to write.

    Raises:
        OperationFailed: no write of a bit ended in the new state; names the keys.
    """
    for w in writes:
        if w.failures == len(w.times):
            keys = (
                "write.current or write.pulse_width; a positive heavy_metal.spin_hall_angle writes the other way round"
                if w.cell == SOT
                else "stt.pulse_width or stt.access_width, or lower stt.ra"
            )
            raise OperationFailed(
                f"{w.cell}, write {w.bit}: none of {len(w.times)} writes ended in the new state: raise {keys}"
            )


def current_pulse(writes: Writes) -> SampledPulse:
    """The heavy metal's current in the cell, for the LLG integrator; positive from T1 to T2, as '1' is written.

    Its edges are the line's: an exponential rise, a faster fall.  A trapezoid of the same width leaves a fifth fewer
    writes undone at 0.75 ns.
    """
    current = writes.waves["i(vheavy_metal)"]
    top = float(np.abs(current).max())
    times = writes.waves.x
    return SampledPulse(
        strip=top, width=float(times[-1]), rise=0.0, sample_times=times, samples=np.asarray(current / top)
    )


def integrated_times(technology: Technology, writes: Writes, trajectories: int, seed: int, thermal: bool) -> FloatArray:
    """Switching times of the LLG integrator from thermal angles with the cell's pulse, as ``Writes.times``, s.

    Args:
        thermal: with the thermal field throughout; frozen thermal angles otherwise, as in ``sot_writes``.
    """
    layer, pulse = Macrospin.of(technology).free_layer, current_pulse(writes)
    initial = thermal_states(layer, 1 if writes.bit else -1, trajectories, seed)
    layer = layer if thermal else replace(layer, temperature=0.0)
    ensemble = simulate(layer, pulse, initial, pulse.width, seed, step=FIELD_STEP)
    begun = crossing(pulse.sample_times, np.abs(pulse.samples), 0.5, 0.0)
    return np.where(ensemble.switched, ensemble.crossing - begun, np.nan)


def read_disturb(stability: float, critical_current: float, read_current: float, duration: float) -> float:
    """Probability that a read flips a cell whose state the read current pushes out of.

        p = 1 − exp(−t/τ0 · exp(−Δ (1 − I/I_c)))      (Néel–Brown, barrier lowered linearly by the torque)

    Sources: J. Z. Sun, Physical Review B 62, 570 (2000); Koch, Katine, Sun, Physical Review Letters 92, 088302 (2004).

    Args:
        stability: Δ.
        critical_current, read_current: A.
        duration: of the read, s.

    >>> f"{read_disturb(40.0, 100e-6, 20e-6, 5e-9):.1e}"
    '6.3e-14'
    """
    barrier = stability * max(1 - read_current / critical_current, 0.0)
    return -expm1(-duration / ATTEMPT_TIME * exp(-barrier))


def _pairs(angles: tuple[FloatArray, FloatArray]) -> list[tuple[float, float]]:
    return list(zip(angles[0].tolist(), angles[1].tolist(), strict=True))


def _sot_writes(
    simulator: Simulator, benches: Sequence[WriteBench], workers: int, advance: Callable[[int], None]
) -> Writes:
    first = benches[0]

    def measure(sim: Simulator, bench: WriteBench) -> tuple[Waves, float, dict[str, float]]:
        waves = sim.run(bench.deck().text())
        return waves, _switching_time(waves, "heavy_metal", bench.bit, bench.pulse_start), _sot_parts(bench, waves)

    runs = simulator.map(measure, benches, workers, lambda _: advance(1))
    return _writes(SOT, first.bit, first.voltage, "heavy_metal", first.pulse_start, first.pulse_width, runs)


def _writes(
    cell: str,
    bit: int,
    voltage: float,
    source: str,
    start: float,
    pulse_width: float,
    runs: list[tuple[Waves, float, dict[str, float]]],
) -> Writes:
    waves = runs[0][0]
    parts = {name: float(np.mean([run[2][name] for run in runs])) for name in runs[0][2]}
    currents = []
    for w, time, _ in runs:
        before = 0.8 * time if np.isfinite(time) else pulse_width / 2
        currents.append(np.abs(np.interp(start + before, w.x, w[f"i(v{source})"])))
    current = float(np.mean(currents))
    return Writes(cell, bit, voltage, current, pulse_width, np.array([run[1] for run in runs]), parts, waves)


def _switching_time(waves: Waves, source: str, bit: int, start: float) -> float:
    m_y = waves["v(my)"]
    if m_y[-1] * (-1 if bit else 1) <= 0:
        return float("nan")
    current = np.abs(waves[f"i(v{source})"])
    begun = crossing(waves.x, current, current.max() / 2, start)
    return crossing(waves.x, m_y, 0.0, begun) - begun


def _dissipated(waves: Waves, voltage: FloatArray, current: FloatArray) -> float:
    return float(np.trapezoid(voltage * current, waves.x))


def _sot_parts(bench: WriteBench, waves: Waves) -> dict[str, float]:
    """Energy by contributor: what the write supply gives is split by the voltages along the current's way."""
    technology = bench.technology
    supply = bench.voltage if bench.bit else -bench.voltage
    given, strip = -waves["i(vwrite_supply)"], waves["i(vheavy_metal)"]
    total = energy(waves, "write_supply", level=supply)
    parts = {
        "heavy metal": _dissipated(waves, waves["v(t1)"], strip),
        "write transistor": _dissipated(waves, waves["v(wbl_cell)"] - waves["v(t1)"], strip),
        "driver": _dissipated(waves, supply - waves["v(wbl)"], given),
    }
    parts["bit line and half-selected rows"] = total - sum(parts.values())
    parts["word line"] = energy(waves, "word_line", level=technology.cmos.supply) / technology.array.columns
    parts["driver enable"] = energy(waves, "enable", level=technology.cmos.supply) + energy(
        waves, "enable_low", level=min(supply, 0.0)
    )
    return parts


def _stt_parts(bench: SttWriteBench, waves: Waves) -> dict[str, float]:
    technology = bench.technology
    supply, current = technology.cmos.supply, waves["i(vjunction)"]
    total = energy(waves, "bit_line", level=supply) + energy(waves, "source_line", level=supply)
    parts = {
        "junction": _dissipated(waves, waves["v(pin)"] - waves["v(bl_cell)"], current),
        "access transistor": _dissipated(waves, waves["v(sl_cell)"] - waves["v(pin)"], current),
    }
    parts["drivers and lines"] = total - sum(parts.values())
    parts["word line"] = energy(waves, "word_line", level=supply) / technology.array.columns
    return parts
