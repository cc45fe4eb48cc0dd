"""The model page: the card of the served model, for people."""

from __future__ import annotations

from flask import Blueprint, render_template

from app.inference.model_slot import ModelSlot
from app.web import figures
from app.web.model_view import model_view
from app.web.served import served_by
from app.web.texts import Texts


def make_model_page(slot: ModelSlot, say: Texts) -> Blueprint:
    """The blueprint of the page."""
    pages = Blueprint("model_page", __name__)

    @pages.get("/model")
    def show() -> str:
        view = model_view(served_by(slot).bundle.card, say)
        return render_template("model.html", view=view, figures=figures)

    return pages
