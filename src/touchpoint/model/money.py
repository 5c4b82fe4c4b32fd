"""Money, exactly: whole millionths of a unit of its currency, whatever kind of number it was told in."""

import re
from decimal import Context, Decimal, Inexact, InvalidOperation, Rounded
from typing import Final, TypeAlias

from touchpoint.errors import InvalidInput

Number: TypeAlias = int | float | Decimal

MILLION: Final = 1_000_000
DECIMALS: Final = 6
MOST: Final = 10**12
"""The largest amount, in units: its millionths, and sums of them, are 64-bit integers."""
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
# Our own: the host may have set another precision for its thread. What does not fit is told, never rounded.
_EXACTLY: Final = Context(prec=60, traps=[InvalidOperation, Inexact, Rounded])


def is_currency(value: object) -> bool:
    """Whether this is written as ISO 4217 writes currencies: three capital letters."""
    return isinstance(value, str) and _CURRENCY.fullmatch(value) is not None


def millionths(amount: Number) -> int:
    """An amount as a whole number of millionths: 0.1 is a tenth, also where it was told as a float.

    Raises:
        InvalidInput: it is no number, negative, above 10**12, or has more than six decimals.
    """
    if isinstance(amount, bool) or not isinstance(amount, int | float | Decimal):
        raise InvalidInput(f"an amount of money is a number such as 9.50, not a {type(amount).__name__}")
    try:
        exact = Decimal(str(amount))
        if not exact.is_finite() or not 0 <= exact <= MOST:
            raise InvalidInput(f"an amount of money is a number from 0 to {MOST:,}")
        return int(_EXACTLY.to_integral_exact(_EXACTLY.scaleb(exact, DECIMALS)))
    except (Inexact, Rounded, InvalidOperation):
        raise InvalidInput(f"an amount of money has at most {DECIMALS} decimals; write Decimal('9.50')") from None


def amount_of(millions: int) -> Decimal:
    """Millionths as an amount, without zeros at its end: 9_500_000 is 9.5."""
    exact = _EXACTLY.scaleb(Decimal(millions), -DECIMALS)
    whole = exact == exact.to_integral_value(context=_EXACTLY_ROUNDED)
    return exact.quantize(Decimal(1), context=_EXACTLY_ROUNDED) if whole else exact.normalize(_EXACTLY_ROUNDED)


_EXACTLY_ROUNDED: Final = Context(prec=60)


def spoken_money(millions: int, currency: str) -> str:
    """Millionths in words: `9.50 EUR`."""
    amount = amount_of(millions)
    places = -int(amount.as_tuple().exponent)
    text = f"{amount:,.{max(places, 2)}f}" if places else f"{amount:,}"
    return f"{text} {currency}".rstrip()
