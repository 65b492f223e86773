"""How whole numbers are held as bit planes: unsigned, two's complement, and bipolar (±1 where there is one bit).

Every coding writes a value as Σ_n p_n · bit_n + offset, with the weight p_n of a plane and one offset for all values,
so that a dot product of two coded vectors is ANDs, bitcounts and shifts, and two corrections that are exact:

    Σ_k w_k x_k = Σ_n Σ_m p_n q_m bitcount(and(C_n(w), C_m(x))) + o_w Σ_k x̂_k + o_x Σ_k w_k

where x̂_k = Σ_m q_m C_m(x_k) is the input without its offset and the last sum runs over the taps that are not zero
padding.  For w = 2b − 1 and unsigned x that is Σ w·x = 2·Σ b·x − Σ x.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from spintronics.errors import InputError

IntArray = npt.NDArray[np.integer[Any]]

MAX_BITS = 32


class Coding(StrEnum):
    """What a bit pattern of B bits stands for.

    UNSIGNED: Σ 2^n b_n.  TWOS_COMPLEMENT: the same, but the highest plane counts −2^(B−1).
    BIPOLAR: 2·Σ 2^n b_n − (2^B − 1), the odd numbers around zero: ±1 for one bit; ±1, ±3 for two (DoReFa's weights).
    """

    UNSIGNED = "unsigned"
    TWOS_COMPLEMENT = "two's complement"
    BIPOLAR = "bipolar"


@dataclass(frozen=True)
class Format:
    """Bit width and coding of a layer's weights or inputs; 1 to 32 bits.

    Raises:
        InputError: bits out of range.

    >>> for coding in Coding:
    ...     f = Format(2, coding)
    ...     print(f, f.lowest, f.highest, f.plane_weights, f.offset)
    2-bit unsigned 0 3 (1, 2) 0
    2-bit two's complement -2 1 (1, -2) 0
    2-bit bipolar -3 3 (2, 4) -3
    """

    bits: int
    coding: Coding

    def __post_init__(self) -> None:
        if type(self.bits) is not int or not 1 <= self.bits <= MAX_BITS:
            raise InputError(f"format: bits = {self.bits!r}: must be a whole number from 1 to {MAX_BITS}")

    def __str__(self) -> str:
        return f"{self.bits}-bit {self.coding}"

    @property
    def plane_weights(self) -> tuple[int, ...]:
        """What a 1 in each plane adds, lowest plane first."""
        match self.coding:
            case Coding.UNSIGNED:
                return tuple(2**n for n in range(self.bits))
            case Coding.TWOS_COMPLEMENT:
                return (*(2**n for n in range(self.bits - 1)), -(2 ** (self.bits - 1)))
            case Coding.BIPOLAR:
                return tuple(2 ** (n + 1) for n in range(self.bits))

    @property
    def offset(self) -> int:
        """What a value has beside its planes."""
        return 1 - 2**self.bits if self.coding is Coding.BIPOLAR else 0

    @property
    def lowest(self) -> int:
        """Smallest value."""
        return self.offset + sum(min(weight, 0) for weight in self.plane_weights)

    @property
    def highest(self) -> int:
        """Largest value."""
        return self.offset + sum(max(weight, 0) for weight in self.plane_weights)

    def codes(self, values: IntArray) -> npt.NDArray[np.unsignedinteger[Any]]:
        """Bit patterns of values that `check` accepts, in the narrowest type that holds them; the inverse of `values`.

        >>> Format(3, Coding.TWOS_COMPLEMENT).codes(np.array([-4, -1, 3])).tolist()
        [4, 7, 3]
        """
        if self.coding is Coding.BIPOLAR:
            codes = values.astype(np.min_scalar_type(2 ** (self.bits + 1) - 1))  # twice a code: a bit more
            codes -= np.array(self.offset).astype(codes.dtype)  # modulo 2^bits of the type: exact
            codes >>= 1
        else:
            codes = values.astype(self._unsigned)
            codes &= 2**self.bits - 1
        return codes.astype(self._unsigned, copy=False)

    def values(self, codes: IntArray) -> IntArray:
        """What bit patterns stand for, in the narrowest signed type that holds the format.

        >>> Format(1, Coding.BIPOLAR).values(np.array([0, 1])).tolist()
        [-1, 1]
        """
        values = codes.astype(self.dtype)  # what overflows on the way comes back: the type holds every value
        match self.coding:
            case Coding.BIPOLAR:
                values += values
                values += self.dtype.type(self.offset)
            case Coding.TWOS_COMPLEMENT:
                values -= (values >> (self.bits - 1)) << self.bits
            case Coding.UNSIGNED:
                pass
        return values

    @property
    def _unsigned(self) -> np.dtype[Any]:
        return np.min_scalar_type(2**self.bits - 1)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Narrowest signed integer type that holds every value."""
        return np.result_type(np.min_scalar_type(self.highest), np.min_scalar_type(min(self.lowest, -1)))

    def check(self, where: str, values: IntArray) -> None:
        """Refuse values that the format does not have.

        Args:
            where: what they are, for the message.
        Raises:
            InputError: not whole numbers, out of range or, in a bipolar format, even.

        >>> Format(2, Coding.TWOS_COMPLEMENT).check("layer conv1: weight", np.array([-2, 0, 2]))
        Traceback (most recent call last):
        spintronics.errors.InputError: layer conv1: weight 2: must be -2 to 1 (2-bit two's complement)
        """
        if values.dtype.kind not in "iu":
            raise InputError(f"{where}s of type {values.dtype}: must be whole numbers ({self})")
        if not values.size:
            return
        for extreme in (int(values.min()), int(values.max())):
            if not self.lowest <= extreme <= self.highest:
                raise InputError(f"{where} {extreme}: must be {self.lowest} to {self.highest} ({self})")
        if self.coding is Coding.BIPOLAR and (even := values[values % 2 == 0]).size:
            raise InputError(f"{where} {int(even[0])}: must be odd, {self.lowest} to {self.highest} ({self})")
