"""What the worker knows of a request before the application sees it: that it is refused, that its client has gone."""

from __future__ import annotations

from flask import Flask, request

from app.errors import ClientGoneError, WhichParkError
from app.ops.serving.environ import IS_GONE, REFUSAL


def init_admission(app: Flask) -> None:
    """Answers requests that the worker refused: slow, not HTTP, or too many. Under another server it does nothing."""

    @app.before_request
    def refuse() -> None:
        refusal: WhichParkError | None = request.environ.get(REFUSAL)
        if refusal is not None:
            raise refusal


def ensure_client_waits() -> None:
    """Before something costly: nobody decodes and looks at a photo whose sender has gone.

    Raises:
        ClientGoneError: nobody would read the answer.
    """
    is_gone = request.environ.get(IS_GONE)
    if is_gone is not None and is_gone():
        raise ClientGoneError("The client has closed the connection.")
