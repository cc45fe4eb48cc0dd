"""What the services found, in the shapes of the API."""

from __future__ import annotations

from dataclasses import asdict

from app.api import shapes
from app.errors import WhichParkError
from app.inference.predictor import PhotoResult, Predictor
from app.vision.card import Card
from app.vision.evidence import heat_map, png_data_uri


def served_model(card: Card) -> shapes.ServedModel:
    """The model's name."""
    return shapes.ServedModel(card.name, card.version)


def result(source: str, found: PhotoResult, top_k: int | None, explanation: shapes.Explanation | None) -> shapes.Result:
    """One photo that was looked at. `label` is the first that the verdict names, null where it names none."""
    verdict = found.classification
    return shapes.Result(
        source=source,
        prediction_id=found.prediction_id,
        verdict=verdict.verdict,
        label=verdict.labels[0] if verdict.labels else None,
        labels=verdict.labels,
        predictions=tuple(
            shapes.Prediction(row.label.label, row.label.name, round(row.probability, 6))
            for row in verdict.predictions[:top_k]
        ),
        timing_ms=shapes.Timing(**asdict(found.timing_ms)),
        explanation=explanation,
    )


def explanation(found: PhotoResult, card: Card) -> shapes.Explanation:
    """The heat map for the most probable label: a PNG to lay over the photo, clear where nothing speaks for it."""
    label = found.classification.predictions[0].label.label
    overlay = heat_map(found.evidence, card.vocab.index(label), found.image.size, card.task)
    return shapes.Explanation(label, png_data_uri(overlay))


def failed_result(source: str, error: WhichParkError) -> shapes.FailedResult:
    """One photo of several that failed."""
    return shapes.FailedResult(source, shapes.Failure(error.code, str(error)))


def model_card(predictor: Predictor) -> shapes.ModelCard:
    """The served bundle's card, without the list of its files, and what runs it."""
    card = predictor.bundle.card.to_json()
    del card["files"]
    return shapes.ModelCard(**card, runtime=predictor.network.name)


def labels(card: Card) -> shapes.Labels:
    """The labels, in the network's order."""
    return shapes.Labels(
        tuple(shapes.Label(row.label, row.name, row.label == card.other_label, row.facts) for row in card.labels)
    )
