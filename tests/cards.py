"""What a trained bundle's card holds beside its labels, made up: figures, data, training."""

from __future__ import annotations

from typing import Any


def _share(count: int, of: int) -> dict[str, Any]:
    return {
        "value": count / of,
        "low": max(0, count / of - 0.125),
        "high": min(1, count / of + 0.125),
        "count": count,
        "of": of,
    }


METRICS: dict[str, Any] = {
    "n_photos": 120,
    "n_sources": 9,
    "accuracy": _share(90, 120),
    "accuracy_among_known": _share(60, 80),
    "per_label": {
        "other": {"recall": _share(30, 40), "precision": _share(30, 44)},
        "sequoia": {"recall": _share(10, 16), "precision": None},
        "yosemite": {"recall": None, "precision": _share(50, 60)},
    },
    "confusion": {"labels": ["other", "sequoia", "yosemite"], "counts": [[30, 6, 4], [2, 10, 4], [7, 3, 54]]},
    "calibration": {
        "ece_after": {"value": 0.053, "low": 0.04, "high": 0.115},
        "bins_after": [
            {"low": 0.3, "high": 0.4, "confidence": 0.35, "accuracy": 0.5, "count": 6},
            {"low": 0.9, "high": 1.0, "confidence": 0.95, "accuracy": 0.9, "count": 81},
        ],
    },
    "verdicts": {"match_is_right": _share(37, 49), "called_a_match": {"other/parks": _share(7, 97)}},
    "harm": {"as it is": {"accuracy_among_known": _share(60, 80)}, "blurred": {"accuracy_among_known": _share(20, 80)}},
}
DATA = {"note": "Drawn by hand.", "counts": {split: {"sequoia": 16} for split in ("train", "valid", "test")}}
TRAINING = {"command": "python -m training train", "config": {"arch": "resnet18"}, "packages": {"torch": "2.13.0"}}
