"""The distributions behind the figures: normal, chi-squared, beta and Student's t, to about nine digits.

Own code, since the core has three dependencies and none of them knows statistics. Each says where its formula is from;
"DLMF" is the NIST Digital Library of Mathematical Functions, https://dlmf.nist.gov.
"""

import math
from statistics import NormalDist
from typing import Final

from touchpoint.errors import InvalidInput

_CLOSE: Final = 1e-15
_TINY: Final = 1e-300
_NORMAL: Final = NormalDist()


def two_sided(level: float) -> float:
    """z, so that a standard normal value lies within ±z with this probability: 1.959964 for 0.95."""
    return -_NORMAL.inv_cdf((1 - level) / 2)


def normal_quantile(p: float) -> float:
    """Below which a standard normal value lies with probability p (0 < p < 1): Wichura's AS 241, as Python has it."""
    return _NORMAL.inv_cdf(p)


def normal_tails(z: float) -> float:
    """The probability that a standard normal value lies at least as far from 0 as z, to either side."""
    return math.erfc(abs(z) / math.sqrt(2))


def chi_squared_tail(x: float, freedom: int) -> float:
    """The probability that chi-squared with this many degrees of freedom is at least x.

    The closed forms of Abramowitz and Stegun, 26.4.4 and 26.4.5: sums of Poisson terms, from erfc where it is odd.
    """
    if freedom < 1 or x <= 0:
        return 1.0
    half = x / 2
    if freedom % 2:
        total, term = math.erfc(math.sqrt(half)), math.exp(-half) * math.sqrt(half) / math.gamma(1.5)
        steps = [each + 0.5 for each in range(1, (freedom - 1) // 2 + 1)]
    else:
        total, term = 0.0, math.exp(-half)
        steps = [float(each) for each in range(1, freedom // 2 + 1)]
    for each in steps:
        total += term
        term *= half / each
    return min(total, 1.0)


def beta_below(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function I_x(a, b): how likely a Beta(a, b) value is at most x.

    The continued fraction of DLMF 8.17.22, worked off by the modified method of Lentz (Thompson and Barnett, J. Comput.
    Phys. 64, 1986); on the other side of the mean by the symmetry of DLMF 8.17.4.

    Raises:
        InvalidInput: a or b is not above 0.
    """
    if not (0 < a < math.inf and 0 < b < math.inf):
        raise InvalidInput("a beta distribution has two parameters, both finite and above 0")
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - _front(b, a, 1 - x) * _fraction(b, a, 1 - x)
    return _front(a, b, x) * _fraction(a, b, x)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _front(a: float, b: float, x: float) -> float:
    """What stands before the fraction: x^a (1 − x)^b / (a B(a, b))."""
    return math.exp(a * math.log(x) + b * math.log1p(-x) - _log_beta(a, b)) / a


def _fraction(a: float, b: float, x: float) -> float:
    """The fraction; it takes steps in the order of the square root of the greater parameter."""
    upper, lower = 1.0, _inverse(1 - (a + b) * x / (a + 1))
    found = lower
    for m in range(1, 200 + int(10 * math.sqrt(max(a, b)))):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            lower, upper = _inverse(1 + term * lower), _apart(1 + term / upper)
            found *= lower * upper
        if abs(lower * upper - 1) < _CLOSE:
            break
    return found


def _apart(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def _inverse(value: float) -> float:
    return 1 / _apart(value)


def beta_quantile(a: float, b: float, p: float) -> float:
    """The x with I_x(a, b) = p. Newton's steps, and a bisection wherever one would leave the bracket.

    Raises:
        InvalidInput: a or b is not above 0, or p is not from 0 to 1.
    """
    if not 0 <= p <= 1:
        raise InvalidInput("a quantile is asked for a probability from 0 to 1")
    low, high, x, log_beta = 0.0, 1.0, min(a / (a + b), 1 - 2**-53), _log_beta(a, b)
    for _ in range(1_200):  # bisection alone reaches the smallest float in about 1,100
        missed = beta_below(a, b, x) - p
        low, high = (low, x) if missed > 0 else (x, high)
        slope = math.exp(min((a - 1) * math.log(x) + (b - 1) * math.log1p(-x) - log_beta, 700.0))
        step = x - missed / slope if slope > 0 else math.nan
        before, x = x, step if low < step < high else (low + high) / 2
        if abs(x - before) <= 1e-14 * x or x in (0.0, 1.0):
            break
    return x


def t_tails(t: float, freedom: float) -> float:
    """The probability that Student's t lies at least as far from 0, to either side: Abramowitz and Stegun, 26.7.1."""
    return beta_below(freedom / 2, 0.5, freedom / (freedom + t * t))


def t_two_sided(level: float, freedom: float) -> float:
    """t, so that Student's t lies within ±t with this probability: 12.706 for 0.95 and one degree of freedom."""
    x = beta_quantile(0.5, freedom / 2, level)
    return math.sqrt(freedom * x / (1 - x)) if x < 1 else math.inf
