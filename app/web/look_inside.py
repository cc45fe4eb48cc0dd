"""How it works, page by step: the example's, or that of the visitor's own photo."""

from __future__ import annotations

import threading

from flask import Blueprint, Response, make_response, render_template, request

from app.errors import PhotoError, RequestError
from app.inference.inside.look import LookInside, look_inside
from app.inference.model_slot import ModelSlot
from app.inference.predictor import Predictor
from app.intake.form import PHOTO_DATA_FIELD
from app.intake.request import read_photos
from app.intake.url_fetch.fetcher import UrlFetcher
from app.ops.admission import ensure_client_waits
from app.ops.outcome import note_error, note_refused
from app.vision.card import Card
from app.web.example_scene import example_photo
from app.web.inside_view import inside_view
from app.web.pages import told, typed_url
from app.web.same_origin import ensure_same_origin
from app.web.served import served_by
from app.web.texts import Texts


class ExampleLook:
    """The drawn picture's way through the served network, computed once for each: a GET costs no prediction.

    Thread safety: `_kept`, the predictor and its look, is read and written under `_lock`.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: tuple[Predictor, LookInside] | None = None

    def of(self, predictor: Predictor) -> LookInside:
        """The look of this predictor's network.

        Raises:
            BusyError: too many photos wait already.
        """
        with self._lock:
            if self._kept is None or self._kept[0] is not predictor:
                found = predictor.predict(example_photo(), ensure_client_waits, with_layers=True)
                self._kept = predictor, look_inside(found, predictor.bundle.card)
            return self._kept[1]


def make_look_inside(slot: ModelSlot, say: Texts, fetcher: UrlFetcher | None) -> Blueprint:
    """The blueprint of the page."""
    pages = Blueprint("look_inside", __name__)
    pages.before_request(ensure_same_origin)
    example = ExampleLook()

    def page(look: LookInside, card: Card, **more: object) -> str:
        return render_template("how_it_works.html", **inside_view(look, card, say), **more)

    @pages.get("/how-it-works")
    def of_example() -> str:
        predictor = served_by(slot)
        return page(example.of(predictor), predictor.bundle.card)

    @pages.post("/how-it-works")
    def of_photo() -> Response:
        predictor = served_by(slot)
        card = predictor.bundle.card
        try:
            look = _look_at_photo(predictor, fetcher)
        except (RequestError, PhotoError) as error:
            note_error(error.code)
            if isinstance(error, PhotoError):
                note_refused(error)
            again = page(example.of(predictor), card, message=told(error, say), url=typed_url())
            return make_response(again, error.status)
        is_carried = bool(request.form.get(PHOTO_DATA_FIELD))
        return make_response(page(look, card, is_theirs=True, is_carried=is_carried))

    return pages


def _look_at_photo(predictor: Predictor, fetcher: UrlFetcher | None) -> LookInside:
    """The request's one photo.

    Raises:
        RequestError, PhotoError, UnavailableError: see `read_photos` and `Predictor.predict`.
    """
    [photo] = read_photos(request, 1, fetcher)
    if photo.error is not None:
        raise photo.error
    found = predictor.predict(photo.image_bytes, ensure_client_waits, with_layers=True)
    return look_inside(found, predictor.bundle.card)
