"""What is too old is deleted, whoever asks for whatever, once an hour."""

from __future__ import annotations

from flask import Flask, Response

from app.feedback.service import Feedback


def init_retention(app: Flask, feedback: Feedback) -> None:
    """Looks for what is too old after an answer is given, so that nobody waits for it.

    The first answer of a worker, usually a probe's, also opens the database: what is wrong with it is in the log then,
    and not when the first visitor says something. A server that nobody ever asks deletes nothing.
    """

    @app.after_request
    def purge(response: Response) -> Response:
        if feedback.is_purge_due():
            response.call_on_close(feedback.purge)
        return response
