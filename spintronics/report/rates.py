"""Tables of margins and failure probabilities against fan-in."""

from collections.abc import Iterable, Sequence

from spintronics.characterize.fan_in import Corner, FanInMargin, lost_at
from spintronics.report.rows import Row


def fan_in(margins: Iterable[FanInMargin]) -> list[Row]:
    """One row per operation and fan-in: nominal and low margin, failures of trials, importance sampling."""
    rows: list[Row] = []
    for m in margins:
        low, trials, rare = m.low, m.trials, m.rare
        rows.append(
            {
                "operation": m.operation.value,
                "fan_in": m.fan_in,
                "nominal_margin_mV": m.nominal * 1e3,
                "margin_1_in_1000_mV": low.value * 1e3 if low else None,
                "margin_1_in_1000_low_mV": low.low * 1e3 if low else None,
                "margin_1_in_1000_high_mV": low.high * 1e3 if low else None,
                "trials": trials.trials if trials else None,
                "failures": trials.failures if trials else None,
                "p_fail_trials_low": trials.low if trials else None,
                "p_fail_trials_high": trials.high if trials else None,
                "p_fail": m.p,
                "p_fail_low": rare.low if rare else None,
                "p_fail_high": rare.high if rare else None,
                "effective_samples": rare.effective if rare else None,
                "samples": rare.samples if rare else None,
                "failure_point_sigma": rare.distances[0] if rare else None,
            }
        )
    return rows


def fan_in_limits(corners: Sequence[Corner], targets: Sequence[float]) -> list[Row]:
    """Fan-in at which each operation loses each error rate, per TMR and spread of RA; empty where it never does."""
    return [
        {
            "tmr": corner.tmr,
            "sigma_ra": corner.sigma_ra,
            "operation": operation.value,
            "p_fail_at_most": target,
            "largest_fan_in_studied": max(m.fan_in for m in corner.margins),
            "lost_at_fan_in": lost_at(corner.margins, operation, target),
        }
        for corner in corners
        for operation in dict.fromkeys(m.operation for m in corner.margins)
        for target in targets
    ]
