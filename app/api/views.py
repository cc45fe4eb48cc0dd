"""`/api/v1/…`: parse, call one service, render."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request

from app.api.shapes import (
    answer_json,
    explanation_json,
    failed_result_json,
    labels_json,
    model_json,
    result_json,
)
from app.errors import MalformedRequestError, PhotoError
from app.inference.model_slot import ModelSlot
from app.inference.predictor import Predictor
from app.intake.incoming import IncomingPhoto
from app.intake.request import read_photos
from app.intake.url_fetch.fetcher import UrlFetcher
from app.ops.request_log import request_id

_TRUE, _FALSE = ("true", "1", "yes"), ("false", "0", "no", "")


def make_api(slot: ModelSlot, max_photos: int, fetcher: UrlFetcher | None) -> Blueprint:
    """The blueprint of the JSON face; without a fetcher it takes no addresses."""
    api = Blueprint("api", __name__)

    @api.post("/api/v1/predict")
    @api.post("/predict")
    def predict() -> Response:
        top_k, explain = _parse_top_k(), _parse_explain()
        photos = read_photos(request, max_photos, fetcher)
        predictor = slot.predictor
        results = [_result(predictor, photo, top_k, explain, alone=len(photos) == 1) for photo in photos]
        return jsonify(answer_json(request_id(), predictor.bundle.card, results))

    @api.get("/api/v1/model")
    def model() -> Response:
        return jsonify(model_json(slot.predictor))

    @api.get("/api/v1/labels")
    def labels() -> Response:
        return jsonify(labels_json(slot.predictor.bundle.card))

    return api


def _result(
    predictor: Predictor, photo: IncomingPhoto, top_k: int | None, explain: bool, *, alone: bool
) -> dict[str, Any]:
    """One photo's part of the answer. A photo that fails does not fail its neighbours; a lone one fails its request."""
    try:
        if photo.error is not None:
            raise photo.error
        result = predictor.predict(photo.image_bytes)
    except PhotoError as error:
        if alone:
            raise
        return failed_result_json(photo.source, error)
    body = result_json(photo.source, result, top_k)
    if explain:
        body["explanation"] = explanation_json(result, predictor.bundle.card)
    return body


def _parse_top_k() -> int | None:
    text = request.args.get("top_k")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and 1 <= len(text) <= 6 and int(text) >= 1):
        raise MalformedRequestError("top_k must be a whole number of at least 1.")
    return int(text)


def _parse_explain() -> bool:
    text = request.args.get("explain", "").lower()
    if text not in (*_TRUE, *_FALSE):
        raise MalformedRequestError("explain must be true or false.")
    return text in _TRUE
