"""The pages; they work without JavaScript."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, current_app, make_response, render_template, request, send_from_directory

from app.door.rate_limits import charge_photos
from app.errors import NoPhotoError, PhotoError, RequestError, UnavailableError, WhichParkError
from app.inference.model_slot import ModelSlot
from app.inference.predictor import Predictor
from app.intake.form import URL_FIELD
from app.intake.incoming import IncomingPhoto
from app.intake.request import read_photos
from app.intake.url_fetch.fetcher import UrlFetcher
from app.intake.url_fetch.photo_url import MAX_URL_CHARS
from app.ops.admission import ensure_client_waits
from app.ops.outcome import note_error, note_refused, note_result
from app.ops.request_log import request_id
from app.vision.bundle import REPORT
from app.vision.decoding.formats import FORMATS_IN_WORDS
from app.vision.preprocess import PreprocessSpec
from app.web.headers import REPORT_POLICY
from app.web.results import NotShown, Shown, show
from app.web.same_origin import ensure_same_origin
from app.web.served import served_by
from app.web.subject import Subject, subject_of
from app.web.texts import Texts

# What the script adds to a form: the browser shows its own photo; the photo is one of several.
KEEPS_PHOTO_FIELD = "keeps_photo"
AS_CARD_FIELD = "as_card"


# A photo is decoded at `decode_px` at least, and what the browser makes of it is to be no less. Of 50 real photos,
# enlarged to 3000 px with grain (3.5 MB), parks-2's probabilities moved by 0.006 in the mean and 0.04 at most, and one
# verdict changed; they took 122 kB in the median, 146 kB at most. At 1.5 times they moved by 0.016, for up to 222 kB.
_SENT_MARGIN = 10 / 9


@dataclass(frozen=True)
class AskLimits:
    """What the form tells of what is taken. `max_url_chars` is 0 where no photo is fetched."""

    max_photos: int
    max_upload_bytes: int
    max_url_chars: int

    @property
    def max_mb(self) -> str:
        """`max_upload_bytes` for people."""
        return f"{self.max_upload_bytes / 1e6:g}"

    def sent_px(self, spec: PreprocessSpec) -> int:
        """The short side of a big photo as the script sends it, in pixels."""
        return round(_SENT_MARGIN * spec.decode_px)


def make_pages(
    slot: ModelSlot, say: Texts, max_photos: int, max_upload_bytes: int, fetcher: UrlFetcher | None
) -> Blueprint:
    """The blueprint of the pages; without a fetcher they ask for no address."""
    pages = Blueprint("pages", __name__)
    pages.before_request(ensure_same_origin)
    limits = AskLimits(max_photos, max_upload_bytes, MAX_URL_CHARS if fetcher else 0)

    @pages.app_context_processor
    def about() -> dict[str, object]:
        """What every page knows: the served model's card and its subject, None where there is no model."""
        card = served_by(slot).bundle.card if slot.is_loaded else None
        subject = subject_of(card) if card else None
        site = _of_site(subject, say)
        return {"card": card, "subject": subject, "limits": limits, "formats": FORMATS_IN_WORDS, **site}

    @pages.get("/")
    def index() -> str:
        served_by(slot)  # Without a model there is nothing to ask.
        return render_template("index.html")

    @pages.post("/")
    def ask() -> Response:
        predictor = served_by(slot)
        try:
            photos = read_photos(request, max_photos, fetcher, charge_photos)
            results = _look_at(photos, predictor, say)
        except (RequestError, PhotoError, UnavailableError) as error:
            note_error(error.code)
            return _form_again(error, say)
        return make_response(render_template("result.html", results=results, as_card=_as_card(photos)))

    @pages.get("/favicon.ico")
    def favicon() -> Response:
        """Browsers ask for it beside everything that is no page of ours; it is the icon that pages name."""
        return send_from_directory(current_app.static_folder or "", "icon.svg")

    @pages.get("/model/report")
    def report() -> Response:
        response = send_from_directory(served_by(slot).bundle.path.resolve(), REPORT)
        response.headers["Content-Security-Policy"] = REPORT_POLICY
        return response

    return pages


def _of_site(subject: Subject | None, say: Texts) -> dict[str, str]:
    """What the site calls itself, and says of itself to search engines."""
    if subject is None:
        return {"brand": say("site.brand"), "about_site": say("site.description_of_anything")}
    return {"brand": subject.brand(say), "about_site": say("site.description", names=subject.names(say, "or"))}


def _look_at(photos: Sequence[IncomingPhoto], predictor: Predictor, say: Texts) -> list[Shown | NotShown]:
    """The results in the photos' order. One of several that fails does not fail the others; a lone one raises."""
    card, as_card = predictor.bundle.card, _as_card(photos)
    results: list[Shown | NotShown] = []
    for photo in photos:
        try:
            if photo.error is not None:
                raise photo.error
            found = predictor.predict(photo.image_bytes, ensure_client_waits)
        except PhotoError as error:
            note_refused(error)
            if len(photos) == 1:
                raise
            results.append(NotShown(photo.source, str(error)))
            continue
        note_result(found)
        keeps_photo = KEEPS_PHOTO_FIELD in request.form
        results.append(show(photo.source, found, card, say, keeps_photo=keeps_photo, as_card=as_card))
    return results


def _as_card(photos: Sequence[IncomingPhoto]) -> bool:
    """Whether the photos are shown small: they are several, or the script says that its photo is one of several."""
    return len(photos) > 1 or AS_CARD_FIELD in request.form


def _form_again(error: WhichParkError, say: Texts) -> Response:
    """The first page with what was wrong, and the address that was typed, if the form could be read."""
    url = "" if isinstance(error, RequestError) else typed_url()
    page = render_template("index.html", message=told(error, say), request_id=request_id(), url=url)
    response = make_response(page, error.status)
    if isinstance(error, UnavailableError):
        response.headers["Retry-After"] = str(error.retry_after_s)
    return response


def told(error: WhichParkError, say: Texts) -> str:
    """An error in a visitor's words."""
    return say("ask.nothing") if isinstance(error, NoPhotoError) else str(error)


def typed_url() -> str:
    """The address in the form, so that it need not be typed again; only of a form that could be read."""
    return request.form.get(URL_FIELD, "")[:MAX_URL_CHARS]
