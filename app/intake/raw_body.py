"""A photo that is the whole body of its request."""

from __future__ import annotations

from flask import Request

from app.intake.incoming import IncomingPhoto, arrived_photo


def read_raw_body(request: Request) -> list[IncomingPhoto]:
    """The one photo of the body."""
    return [arrived_photo("body", request.get_data(cache=False))]
