"""Disagreement with a confident verdict comes first, then low margins."""

from __future__ import annotations

import pytest

from app.feedback.margin import normalised_margin

SURE = {"yosemite": 0.9, "sequoia": 0.08, "other": 0.02}
TORN = {"yosemite": 0.45, "sequoia": 0.44, "other": 0.11}


@pytest.mark.parametrize(
    ("probabilities", "labels", "margin"),
    [
        (SURE, ("yosemite",), 0.82),
        (SURE, ("sequoia",), -0.82),
        (SURE, ("other",), -0.88),
        (SURE, (), -0.9),
        (SURE, None, -0.9),
        (TORN, ("yosemite",), 0.01),
        (TORN, ("sequoia",), -0.01),
        (TORN, None, -0.45),
        ({"only": 1.0}, ("only",), 1.0),
    ],
)
def test_one_label(probabilities: dict[str, float], labels: tuple[str, ...] | None, margin: float) -> None:
    assert normalised_margin(probabilities, labels, "single_label") == pytest.approx(margin)


@pytest.mark.parametrize(
    ("labels", "margin"), [(("cone",), 0.6), (("cone", "ball"), -0.6), ((), -0.8), (("ball",), -0.8), (None, -0.9)]
)
def test_several_labels(labels: tuple[str, ...] | None, margin: float) -> None:
    assert normalised_margin({"cone": 0.9, "ball": 0.2}, labels, "multi_label") == pytest.approx(margin)


def test_the_order_is_the_one_that_is_wanted() -> None:
    confident_and_contradicted = normalised_margin(SURE, ("sequoia",), "single_label")
    torn = [normalised_margin(TORN, (label,), "single_label") for label in ("sequoia", "yosemite")]
    confirmed = normalised_margin(SURE, ("yosemite",), "single_label")
    assert confident_and_contradicted < torn[0] < torn[1] < confirmed
