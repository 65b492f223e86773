"""Seeded draws of transistor mismatch after Pelgrom: the same seed gives the same trials, whoever solves them."""

from collections.abc import Sequence

import numpy as np

from spintronics.circuits.mismatch import Mismatch, Transistor
from spintronics.errors import InputError
from spintronics.technology import Variation


def spread(variation: Variation, transistor: Transistor) -> tuple[float, float]:
    """Standard deviations of one transistor's threshold (V) and relative current factor.

    Pelgrom's coefficients are those of a difference between two transistors, which has twice the variance of one:

        σ(Vt) = A_Vt / √(2·W·L)        σ(β)/β = A_β / √(2·W·L)

    Source: M. J. M. Pelgrom, A. C. J. Duinmaijer, A. P. G. Welbers, IEEE Journal of Solid-State Circuits 24, 1433
    (1989), without its term for distance: the pairs lie side by side.

    Raises:
        InputError: the technology has no coefficients.

    >>> from spintronics.technology import Technology
    >>> pair = spread(Technology.load("imce45").variation, Transistor("latch", "xin", "pmos", 360e-9, 50e-9))
    >>> [f"{sigma:.3g}" for sigma in pair]
    ['0.0132', '0.0527']
    """
    of_pair = []
    for key in (f"a_vt_{transistor.polarity}", f"a_beta_{transistor.polarity}"):
        coefficient = getattr(variation, key)
        if coefficient is None:
            entry = f'{key} = {{ value = …, source = "…" }}'
            raise InputError(f"technology.variation.{key}: missing; transistor mismatch needs {entry}")
        of_pair.append(coefficient / (2 * transistor.area) ** 0.5)
    return of_pair[0], of_pair[1]


def stream_key(seed: int, quantity: int, transistor: Transistor) -> tuple[int, ...]:
    """Key of a transistor's stream: 0 is its threshold, 1 its current factor."""
    # A junction's key is (seed, junction, quantity, attempt): a name's bytes keep the two apart.
    return (seed, quantity, *transistor.name.encode())


def draw_mismatch(variation: Variation, transistors: Sequence[Transistor], trials: int, seed: int) -> Mismatch:
    """Normal threshold and current factor for each transistor of each trial, independent of each other.

    Every quantity of every transistor has a Philox stream of its own, keyed by (seed, quantity, name): trial n has the
    same values whatever the number of trials, of the other transistors, or of workers, and whatever the junctions'.
    A normal that reaches a current factor of 0 would be unphysical; the smallest transistor is 9 σ away from that.

    Args:
        trials: at least 1.
        seed: 0 or larger.
    Raises:
        InputError: trials < 1, seed < 0, or no coefficients in the technology.

    >>> from spintronics.technology import Technology
    >>> pair = [Transistor("latch", name, "nmos", 180e-9, 50e-9) for name in ("xa", "xb")]
    >>> both = draw_mismatch(Technology.load("imce45").variation, pair, 1000, seed=7)
    >>> alone = draw_mismatch(Technology.load("imce45").variation, pair[1:], 10, seed=7)
    >>> both.vt.shape, bool((both.vt[:10, 1] == alone.vt[:, 0]).all())
    ((1000, 2), True)
    """
    if trials < 1:
        raise InputError(f"trials = {trials}: must be at least 1")
    if seed < 0:
        raise InputError(f"seed = {seed}: must be 0 or larger")
    sigmas = np.array([spread(variation, transistor) for transistor in transistors]).reshape(-1, 2)
    draws = np.empty((2, trials, len(transistors)))
    for quantity in range(2):
        for column, transistor in enumerate(transistors):
            key = np.random.SeedSequence(stream_key(seed, quantity, transistor))
            draws[quantity, :, column] = np.random.Generator(np.random.Philox(key)).standard_normal(trials)
    return Mismatch(tuple(transistors), draws[0] * sigmas[:, 0], draws[1] * sigmas[:, 1])
