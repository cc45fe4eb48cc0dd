"""Which mistakes are shown, and in which order."""

from __future__ import annotations

from tests.training.outputs import make_card, make_multi_card, make_multi_outputs, make_outputs
from training.evaluation.mistakes import worst_mistakes


def test_the_worst_mistake_comes_first_and_right_photos_not_at_all() -> None:
    card = make_card("cats", "dogs", "other")
    values = [[0.6, 0.3, 0.1], [0.9, 0.05, 0.05], [0.05, 0.9, 0.05], [0.5, 0.4, 0.1]]
    found = worst_mistakes(card, make_outputs(card, ["dogs", "dogs", "dogs", "other/far"], values))
    assert [mistake.row.path.name for mistake in found] == ["1.jpg", "3.jpg", "0.jpg"]
    assert [mistake.to_json(card) for mistake in found][:2] == [
        {"photo": "dogs/1.jpg", "shown": ["dogs"], "said": {"cats": 0.9}, "verdict": "match"},
        {"photo": "far/3.jpg", "shown": ["other"], "said": {"cats": 0.5}, "verdict": "unsure"},
    ]


def test_only_so_many_are_kept() -> None:
    card = make_card("cats", "dogs")
    outputs = make_outputs(card, ["cats"] * 30, [[0.1, 0.9]] * 30)
    assert len(worst_mistakes(card, outputs)) == 12
    assert len(worst_mistakes(card, outputs, most=3)) == 3


def test_of_several_labels_one_too_many_or_one_missed_is_a_mistake() -> None:
    card = make_multi_card("cones", "dogs")
    found = worst_mistakes(
        card, make_multi_outputs(card, [[1, 0], [1, 1], [0, 0]], [[0.7, 0.6], [0.9, 0.1], [0.2, 0.1]])
    )
    assert [mistake.to_json(card) for mistake in found] == [
        {"photo": "photos/1.jpg", "shown": ["cones", "dogs"], "said": {"cones": 0.9}, "verdict": "match"},
        {"photo": "photos/0.jpg", "shown": ["cones"], "said": {"cones": 0.7, "dogs": 0.6}, "verdict": "match"},
    ]
