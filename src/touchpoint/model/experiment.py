"""Who belongs to which variant of an experiment, and who is held out: pure functions of names (S9).

Nothing is drawn and nothing has to be stored: whoever asks, wherever and whenever, gets the same answer.
"""

import hashlib
from collections.abc import Mapping
from decimal import Context, Decimal
from typing import Final

from touchpoint.errors import InvalidInput

MOST: Final = 1_000_000
"""The largest weight."""
_BITS: Final = 64
_WHOLE: Final = Decimal(1 << _BITS)
# Decimal logarithms are rounded correctly, so they are the same on every machine; those of floats are not.
_EXACT: Final = Context(prec=40)
_LN_WHOLE: Final = _EXACT.ln(_WHOLE)


def assignment(experiment: str, unit: str, weights: Mapping[str, int]) -> str:
    """The variant of a unit: each with a share of the units that is its share of the weights.

    A race of exponential variables, as in weighted rendezvous hashing: variant i arrives at −ln(uᵢ) / wᵢ with uᵢ from
    SHA-256 of (experiment, unit, i), and the first one is taken. Where weights change, units only leave variants for
    others that became more likely beside them; if the shares change by δ in all (total variation), at most 2δ / (1 + δ)
    of the units move, which no function without a memory can better for all pairs of weights (Bavarian et al., "On the
    optimality of correlated sampling", 2016; Angel and Spinka, "Pairwise optimal coupling", 2019). With two variants
    exactly δ of them move.

    Args:
        experiment: its name.
        unit: who is assigned: a customer's id.
        weights: variant → a whole number from 0 to 1,000,000; 0 takes nobody.

    Raises:
        InvalidInput: no variant has a weight, or a weight is none.
    """
    best: tuple[Decimal, str] | None = None
    for variant, weight in weights.items():
        if not isinstance(weight, int) or isinstance(weight, bool) or not 0 <= weight <= MOST:
            raise InvalidInput(f"a weight is a whole number from 0 to {MOST:,}; look at that of {variant!r}")
        if weight:
            arrives = _EXACT.divide(
                _EXACT.subtract(_LN_WHOLE, _EXACT.ln(_drawn("variant", experiment, unit, variant))), weight
            )
            if best is None or (arrives, variant) < best:
                best = arrives, variant
    if best is None:
        raise InvalidInput("an experiment needs a variant with a weight above 0")
    return best[1]


def held_out(hold_out: str, unit: str, percent: Decimal) -> bool:
    """Whether a unit belongs to a hold-out: `percent` of all units do, and the same ones when it is raised."""
    return _drawn("hold-out", hold_out, unit, "") * 100 <= _WHOLE * percent


def _drawn(kind: str, name: str, unit: str, variant: str) -> Decimal:
    """A whole number from 1 to 2⁶⁴, the same for the same names. Lengths keep ("a", "bc") apart from ("ab", "c")."""
    parts = [part.encode("utf-8", "surrogatepass") for part in (kind, name, unit, variant)]
    text = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return Decimal(int.from_bytes(hashlib.sha256(text).digest()[: _BITS // 8], "big") + 1)
