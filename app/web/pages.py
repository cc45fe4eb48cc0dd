"""The pages; they work without JavaScript."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, make_response, render_template, request, send_from_directory

from app.errors import NoPhotoError, PhotoError, RequestError, UnavailableError
from app.inference.model_slot import ModelSlot
from app.inference.predictor import PhotoResult
from app.intake.form import URL_FIELD
from app.intake.request import read_photos
from app.intake.url_fetch.fetcher import UrlFetcher
from app.intake.url_fetch.photo_url import MAX_URL_CHARS
from app.ops.admission import ensure_client_waits
from app.ops.request_log import request_id
from app.vision.bundle import REPORT
from app.vision.card import Card
from app.vision.decoding.formats import FORMATS_IN_WORDS
from app.vision.evidence import heat_map, jpeg_data_uri, png_data_uri
from app.web.headers import REPORT_POLICY
from app.web.same_origin import ensure_same_origin
from app.web.words import verdict_words

_SHOWN_PX = 960


def make_pages(slot: ModelSlot, max_upload_bytes: int, fetcher: UrlFetcher | None) -> Blueprint:
    """The blueprint of the pages; without a fetcher they ask for no address."""
    pages = Blueprint("pages", __name__)
    pages.before_request(ensure_same_origin)
    limits: dict[str, object] = {
        "formats": FORMATS_IN_WORDS,
        "max_mb": f"{max_upload_bytes / 1e6:g}",
        "max_url_chars": MAX_URL_CHARS if fetcher else 0,
    }

    @pages.get("/")
    def index() -> str:
        return render_template("index.html", card=slot.predictor.bundle.card, **limits)

    @pages.post("/")
    def ask() -> Response:
        predictor = slot.predictor
        card = predictor.bundle.card
        try:
            photo = read_photos(request, max_photos=1, fetcher=fetcher)[0]
            if photo.error is not None:
                raise photo.error
            result = predictor.predict(photo.image_bytes, ensure_client_waits)
        except NoPhotoError:
            return _form_again("Choose a photo first, then ask.", 400, card, limits)
        except RequestError as error:
            return _form_again(str(error), error.status, card, limits)
        except (PhotoError, UnavailableError) as error:
            typed = request.form.get(URL_FIELD, "")[:MAX_URL_CHARS]
            return _form_again(str(error), error.status, card, limits | {"url": typed})
        return make_response(render_template("result.html", card=card, **_shown(result, card), **limits))

    @pages.get("/favicon.ico")
    def favicon() -> Response:
        """Browsers ask for it beside everything that is no page of ours; it is the icon that pages name."""
        return send_from_directory(current_app.static_folder or "", "icon.svg")

    @pages.get("/model/report")
    def report() -> Response:
        response = send_from_directory(slot.predictor.bundle.path.resolve(), REPORT)
        response.headers["Content-Security-Policy"] = REPORT_POLICY
        return response

    return pages


def _shown(result: PhotoResult, card: Card) -> dict[str, object]:
    """What the result page shows: the photo, words, bars, and the heat map of the most probable label."""
    top = result.classification.predictions[0].label
    overlay = heat_map(result.evidence, card.vocab.index(top.label), result.image.size, card.task)
    return {
        "words": verdict_words(result.classification, card),
        "verdict": result.classification.verdict,
        "predictions": result.classification.predictions,
        "photo": jpeg_data_uri(result.image, _SHOWN_PX),
        "heat_map": png_data_uri(overlay),
        "heat_map_label": top,
        "timing_ms": result.timing_ms,
    }


def _form_again(message: str, status: int, card: Card, limits: dict[str, object]) -> Response:
    page = render_template("index.html", card=card, message=message, request_id=request_id(), **limits)
    response = make_response(page, status)
    if status == 503:
        response.headers["Retry-After"] = "1"
    return response
