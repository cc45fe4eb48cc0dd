"""Numbers as people read them."""

from __future__ import annotations

import math

_MINUS = "\N{MINUS SIGN}"


def signed(value: float, digits: int = 2) -> str:
    """With its sign, a real minus: "+1.59", "−2.45"; "0.00" has none."""
    text = f"{abs(value):.{digits}f}"
    if float(text) == 0.0:
        return text
    return f"{_MINUS if value < 0 else '+'}{text}"


def power_of_e(exponent: float) -> str:
    """e to that power: "4.90", and where that would be long or all zeros "3.6 × 10⁻⁴". Any exponent will do."""
    if -4.0 < exponent < 9.0:
        return f"{math.exp(exponent):,.2f}"
    whole = math.floor(exponent / math.log(10.0))
    mantissa = math.exp(exponent - whole * math.log(10.0))
    raised = str(whole).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{mantissa:.1f} × 10{raised}"


def percent(share: float, digits: int = 1) -> str:
    """A share of 0 to 1: "93.6 %", which no line break divides."""
    return f"{100 * share:.{digits}f}\N{NO-BREAK SPACE}%"


def thousands(number: int) -> str:
    """ "150,528"."""
    return f"{number:,}"
