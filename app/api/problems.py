"""Every error as an answer: `application/problem+json` for clients, a page for people. The one place that decides."""

from __future__ import annotations

import logging

from flask import Flask, Response, jsonify, render_template, request
from werkzeug.exceptions import HTTPException

from app.api.shapes import Problem, to_json
from app.errors import MalformedRequestError, RequestTooLargeError, UnavailableError, WhichParkError
from app.ops.outcome import note_error
from app.ops.request_log import request_id

_log = logging.getLogger(__name__)

_DETAILS = {
    404: "There is nothing at this address; /docs describes the API.",
    405: "This address does not take this method; the header Allow names those it takes.",
}
_INTERNAL = "Something went wrong on our side. It has been logged under the request id."


def init_problems(app: Flask) -> None:
    """Registers the handlers: ours, Flask's own (404, 405, …), and whatever else was not expected."""

    @app.errorhandler(WhichParkError)
    def expected(error: WhichParkError) -> Response:
        if error.status >= 500 and not isinstance(error, UnavailableError):
            return unexpected(error)
        response = _answer(error.code, error.status, error.title, str(error))
        if isinstance(error, UnavailableError):
            response.headers["Retry-After"] = str(error.retry_after_s)
        return response

    @app.errorhandler(HTTPException)
    def from_http(error: HTTPException) -> Response:
        if error.code == 413:
            max_mb = app.config["MAX_CONTENT_LENGTH"] / 1e6
            return expected(RequestTooLargeError(f"One request may have {max_mb:g} MB. Send fewer or smaller photos."))
        if error.code == 400:
            return expected(MalformedRequestError(error.description or error.name))
        status, name = error.code or 500, error.name
        detail = _DETAILS.get(status) or error.description or name
        response = _answer(name.lower().replace(" ", "_"), status, name, detail)
        for header, value in error.get_headers():
            if header in ("Allow", "Retry-After", "Location"):
                response.headers[header] = value
        return response

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Response:
        _log.error("request %s failed", request_id(), exc_info=error)
        return _answer("internal_error", 500, "Internal error", _INTERNAL)


def _answer(code: str, status: int, title: str, detail: str) -> Response:
    note_error(code)
    problem = Problem("about:blank", title, status, detail, code, request_id())
    if _wants_page():
        response = Response(render_template("error.html", problem=problem), mimetype="text/html")
    else:
        response = jsonify(to_json(problem))
        response.mimetype = "application/problem+json"
    response.status_code = status
    return response


def _wants_page() -> bool:
    """Whether a person with a browser asked, not a client of the API."""
    if request.path.startswith(("/api/", "/predict")):
        return False
    return request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html" and (
        "text/html" in request.headers.get("Accept", "")
    )
