"""`/review`: the operator looks at what visitors said, and accepts or rejects each, most informative first."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Blueprint, Response, redirect, render_template, request, url_for

from app.door.client import current_client
from app.errors import KeyMissingError, MalformedRequestError
from app.feedback.entry import ACCEPTED, REJECTED, STATES, WAITING, Entry
from app.feedback.service import Feedback
from app.vision.evidence import jpeg_data_uri
from app.vision.image_io import open_image
from app.web.same_origin import ensure_same_origin

_PER_PAGE = 20
_MAX_PAGE = 1_000_000
_PHOTO_PX = 320
_DECISION = re.compile(r"decision-([0-9a-f]{32})")


@dataclass(frozen=True)
class Shown:
    """An entry as the page has it. `photo` is a data URI, None without one; `top` the model's likeliest label."""

    id: str
    said_at: str
    model: str
    is_right: bool
    labels: tuple[str, ...] | None
    photo: str | None
    verdict: str | None
    top: tuple[tuple[str, float], ...]
    margin: float | None
    reviewed: str | None


def make_review(feedback: Feedback, reviewers: Collection[str]) -> Blueprint:
    """The blueprint, for who shows one of these keys. A browser asks for it as a password, see `app.door.client`."""
    review = Blueprint("review", __name__)
    review.before_request(ensure_same_origin)

    @review.before_request
    def ensure_reviewer() -> None:
        if current_client().key_name not in reviewers:
            raise KeyMissingError("This page is for who reviews feedback. Its key is the password; any name will do.")

    @review.get("/review")
    def look() -> str:
        state, page = _parse_state(request.args.get("state", WAITING)), _parse_page(request.args.get("page", "1"))
        entries = feedback.store.entries(state, _PER_PAGE, (page - 1) * _PER_PAGE)
        n_entries = feedback.store.count(state)
        return render_template(
            "review.html",
            entries=[_shown(entry) for entry in entries],
            **{"states": STATES, "state": state, "page": page, "n_entries": n_entries},
            n_pages=max(1, -(-n_entries // _PER_PAGE)),
        )

    @review.post("/review")
    def decide() -> Response:
        decisions = {match[1]: value for name, value in request.form.items() if (match := _DECISION.fullmatch(name))}
        if not set(decisions.values()) <= {ACCEPTED, REJECTED}:
            raise MalformedRequestError("An entry is accepted or rejected; send the page's own form.")
        feedback.store.decide(decisions, str(current_client().key_name))
        state = _parse_state(request.form.get("state", WAITING))
        return redirect(url_for("review.look", state=state), 303)  # type: ignore[return-value]

    return review


def _parse_state(text: str) -> str:
    if text not in STATES:
        raise MalformedRequestError(f"state must be one of {', '.join(STATES)}.")
    return text


def _parse_page(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(_MAX_PAGE)) and 1 <= int(text) <= _MAX_PAGE):
        raise MalformedRequestError(f"page must be a whole number from 1 to {_MAX_PAGE}.")
    return int(text)


def _shown(entry: Entry) -> Shown:
    photo = None if entry.photo is None else jpeg_data_uri(open_image(entry.photo, decode_px=_PHOTO_PX), _PHOTO_PX)
    top = sorted(entry.probabilities.items(), key=lambda row: -row[1])[:3]
    reviewed = None if entry.reviewed_at is None else f"{_minute(entry.reviewed_at)} {entry.reviewed_by}"
    return Shown(
        id=entry.id,
        said_at=_minute(entry.said_at),
        model=entry.looked_at_by or f"{entry.model_name}-{entry.model_version}",
        is_right=entry.is_right,
        labels=entry.labels,
        photo=photo,
        verdict=entry.verdict,
        top=tuple(top),
        margin=entry.margin,
        reviewed=reviewed,
    )


def _minute(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")
