"""Every JSON key of the API, spelt once."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from app.errors import WhichParkError
from app.inference.predictor import PhotoResult, Predictor
from app.vision.card import Card, Label
from app.vision.evidence import heat_map, png_data_uri


def answer_json(request_id: str, card: Card, results: list[dict[str, Any]]) -> dict[str, Any]:
    """The answer of `predict`."""
    return {
        "request_id": request_id,
        "model": {"name": card.name, "version": card.version},
        "results": results,
    }


def result_json(source: str, result: PhotoResult, top_k: int | None) -> dict[str, Any]:
    """One photo that was looked at. `label` is the first that the verdict names, null where it names none."""
    found = result.classification
    return {
        "source": source,
        "prediction_id": result.prediction_id,
        "verdict": found.verdict,
        "label": found.labels[0] if found.labels else None,
        "labels": list(found.labels),
        "predictions": [
            {"label": row.label.label, "name": row.label.name, "probability": round(row.probability, 6)}
            for row in found.predictions[:top_k]
        ],
        "timing_ms": asdict(result.timing_ms),
    }


def explanation_json(result: PhotoResult, card: Card) -> dict[str, Any]:
    """The heat map for the most probable label: a PNG to lay over the photo, clear where nothing speaks for it."""
    label = result.classification.predictions[0].label.label
    overlay = heat_map(result.evidence, card.vocab.index(label), result.image.size, card.task)
    return {"label": label, "heat_map": png_data_uri(overlay)}


def failed_result_json(source: str, error: WhichParkError) -> dict[str, Any]:
    """One photo of several that failed."""
    return {"source": source, "error": {"code": error.code, "detail": str(error)}}


def problem_json(code: str, status: int, title: str, detail: str, request_id: str) -> dict[str, Any]:
    """An error's body. Source: RFC 9457, Problem Details for HTTP APIs."""
    return {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": request_id,
    }


def model_json(predictor: Predictor) -> dict[str, Any]:
    """The served bundle's card, without the list of its files, and what runs it."""
    card = predictor.bundle.card.to_json()
    del card["files"]
    return card | {"runtime": predictor.runtime.name}


def labels_json(card: Card) -> dict[str, Any]:
    """The labels, in the network's order."""
    return {"labels": [_label_json(label, card) for label in card.labels]}


def _label_json(label: Label, card: Card) -> dict[str, Any]:
    return {"label": label.label, "name": label.name, **label.facts, "is_other": label.label == card.other_label}
