"""What a visitor taps on the page of a result, as a form sends it.

    said=right                      with the labels that the verdict named in `named`; without any: none of them
    said=wrong                      and nobody knows what it is
    said=none                       it shows none of the labels
    said=these                      it shows the labels in `label`, of several that one may tick
    label=sequoia                   it is this one: the button's own name and value, so that it is one tap; right where
                                    an unsure verdict holds it among what it could be, in `named` too

The photo comes with consent alone: as the value of the box that is ticked (`photo_data`), so that without a script
nothing is sent that is not wanted, or as a file (`photo`) beside the ticked box `consent`, from the script.
"""

from __future__ import annotations

from flask import Request

from app.errors import MalformedRequestError
from app.feedback.body import read_photo_text
from app.feedback.statement import Statement, parse_statement
from app.intake.form import PHOTO_DATA_FIELD, PHOTO_FIELD

CONSENT_FIELD = "consent"


def read_feedback_form(request: Request) -> tuple[Statement, bytes | None]:
    """What is said, and the photo that may be kept.

    Raises:
        MalformedRequestError: no form of our page.
        PhotoError: the photo is empty, or not base64.
    """
    form = request.form
    model = {"name": form.get("model_name"), "version": form.get("model_version")}
    is_right, labels = _said(form.get("said"), form.getlist("label"), form.getlist("named"))
    return parse_statement(form.get("prediction_id"), model, is_right, labels), _photo(request)


def _said(said: str | None, labels: list[str], named: list[str]) -> tuple[bool, list[str] | None]:
    if said == "right":
        return True, named
    if said == "wrong":
        return False, None
    if said == "none":
        return False, []
    if said == "these":
        return set(labels) == set(named), labels
    if said is None and labels:
        return set(labels) <= set(named), labels
    raise MalformedRequestError("Say whether it was right: tap one of the buttons of the page.")


def _photo(request: Request) -> bytes | None:
    if text := request.form.get(PHOTO_DATA_FIELD):
        return read_photo_text(text)
    if CONSENT_FIELD in request.form and PHOTO_FIELD in request.files:
        return request.files[PHOTO_FIELD].stream.read() or None
    return None
