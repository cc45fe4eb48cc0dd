"""Numbers as people read them."""

from __future__ import annotations

import math

import pytest

from app.web.figures import percent, power_of_e, signed, thousands


@pytest.mark.parametrize(
    ("value", "text"), [(1.594, "+1.59"), (-2.4455, "−2.45"), (0.0, "0.00"), (-0.001, "0.00"), (0.005001, "+0.01")]
)
def test_a_number_has_its_sign_and_zero_has_none(value: float, text: str) -> None:
    assert signed(value) == text


@pytest.mark.parametrize(
    ("exponent", "text"),
    [(0.0, "1.00"), (1.59, "4.90"), (-3.9, "0.02"), (8.9, "7,331.97"), (9.0, "8.1 × 10³"), (-4.0, "1.8 × 10⁻²"),
     (-900.0, "1.4 × 10⁻³⁹¹"), (1e6, "3.0 × 10⁴³⁴²⁹⁴")],
)  # fmt: skip
def test_e_to_any_power_can_be_written(exponent: float, text: str) -> None:
    assert power_of_e(exponent) == text


@pytest.mark.parametrize("exponent", [-12.0, 9.5, 30.0])
def test_a_power_that_is_written_in_tens_is_that_power(exponent: float) -> None:
    mantissa, _, raised = power_of_e(exponent).partition(" × 10")
    whole = int(raised.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")))
    assert float(mantissa) * 10.0**whole == pytest.approx(math.exp(exponent), rel=0.05)


def test_shares_and_counts() -> None:
    assert (percent(0.93621), percent(0.5, 0), thousands(150528)) == ("93.6\xa0%", "50\xa0%", "150,528")
