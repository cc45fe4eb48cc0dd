"""`/api/v1/…`: parse, call one service, render."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from app.api import answers
from app.api.operations import MAX_TOP_K
from app.api.shapes import Answer, FailedResult, Result, to_json
from app.door.rate_limits import charge_photos
from app.errors import MalformedRequestError, PhotoError
from app.inference.model_slot import ModelSlot
from app.inference.predictor import Predictor
from app.intake.incoming import IncomingPhoto
from app.intake.request import read_photos
from app.intake.url_fetch.fetcher import UrlFetcher
from app.ops.admission import ensure_client_waits
from app.ops.outcome import note_refused, note_result
from app.ops.request_log import request_id


def make_api(slot: ModelSlot, max_photos: int, fetcher: UrlFetcher | None) -> Blueprint:
    """The blueprint of the JSON face; without a fetcher it takes no addresses."""
    api = Blueprint("api", __name__)

    @api.post("/api/v1/predict")
    @api.post("/predict")
    def predict() -> Response:
        top_k, explain = _parse_top_k(), _parse_explain()
        photos = read_photos(request, max_photos, fetcher, charge_photos)
        predictor = slot.predictor
        model = answers.served_model(predictor.bundle.card)
        results = tuple(_result(predictor, photo, top_k, explain, alone=len(photos) == 1) for photo in photos)
        return jsonify(to_json(Answer(request_id(), model, results)))

    @api.get("/api/v1/model")
    def model() -> Response:
        return jsonify(to_json(answers.model_card(slot.predictor)))

    @api.get("/api/v1/labels")
    def labels() -> Response:
        return jsonify(to_json(answers.labels(slot.predictor.bundle.card)))

    return api


def _result(
    predictor: Predictor, photo: IncomingPhoto, top_k: int | None, explain: bool, *, alone: bool
) -> Result | FailedResult:
    """One photo's part of the answer. A photo that fails does not fail its neighbours; a lone one fails its request."""
    try:
        if photo.error is not None:
            raise photo.error
        found = predictor.predict(photo.image_bytes, ensure_client_waits)
    except PhotoError as error:
        note_refused(error)
        if alone:
            raise
        return answers.failed_result(photo.source, error)
    note_result(found)
    explanation = answers.explanation(found, predictor.bundle.card) if explain else None
    return answers.result(photo.source, found, top_k, explanation)


def _parse_top_k() -> int | None:
    text = request.args.get("top_k")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MAX_TOP_K)) and int(text) >= 1):
        raise MalformedRequestError(f"top_k must be a whole number from 1 to {MAX_TOP_K}.")
    return int(text)


def _parse_explain() -> bool:
    text = request.args.get("explain", "false").lower()
    if text not in ("true", "false"):
        raise MalformedRequestError("explain must be true or false.")
    return text == "true"
