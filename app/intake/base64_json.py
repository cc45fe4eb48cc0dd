"""Photos in JSON, as base64 text or by their addresses: `{"photos": [{"base64": "…"}, {"url": "…"}]}`."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from flask import Request

from app.errors import MalformedBase64Error, MalformedRequestError, NoPhotoError, RequestTooLargeError
from app.intake.incoming import IncomingPhoto, PhotoAddress, arrived_photo

# Not str.split: of a text that is mostly breaks it makes a list of 25 times the text's size.
_BREAKS = b" \t\r\n\v\f"
# What comes before every value of JSON but the first. 20 MB of "[]," kept a worker from all else for 9 s and took
# 480 MB; so many take 10 ms. Of what photos need, only addresses have commas, and they are short.
_BEFORE_VALUES = b"[{,"
MAX_JSON_VALUES = 100_000
_SHAPE = 'Send {"photos": [{"base64": "…"}, {"url": "…"}]}.'


def read_json(request: Request) -> list[IncomingPhoto | PhotoAddress]:
    """The photos of a JSON body, in its order.

    Raises:
        MalformedRequestError: not JSON, or not of that shape.
        RequestTooLargeError: JSON of more than `MAX_JSON_VALUES` values.
        NoPhotoError: the list is empty.
    """
    data = request.get_data(cache=False)
    if len(data) - len(data.translate(None, delete=_BEFORE_VALUES)) > MAX_JSON_VALUES:
        raise RequestTooLargeError(f"The JSON has more lists, objects and values than photos need. {_SHAPE}")
    try:
        body = json.loads(data, parse_int=_no_number, parse_float=_no_number)
    except (ValueError, RecursionError) as exc:
        raise MalformedRequestError(f"The body is not JSON. {_SHAPE}") from exc
    entries = body.get("photos") if isinstance(body, dict) else None
    if not isinstance(entries, list):
        raise MalformedRequestError(f"The JSON has no list 'photos'. {_SHAPE}")
    if not entries:
        raise NoPhotoError(f"The list 'photos' is empty. {_SHAPE}")
    return [_read_entry(entry, f"photos[{index}]") for index, entry in enumerate(entries)]


def _no_number(digits: str) -> None:
    """Numbers say nothing here, and 20 MB of long ones take seconds to be read."""


def _read_entry(entry: Any, source: str) -> IncomingPhoto | PhotoAddress:
    if not isinstance(entry, dict) or len(entry) != 1:
        raise MalformedRequestError(f"{source} must be an object with one key, 'base64' or 'url'. {_SHAPE}")
    kind, value = next(iter(entry.items()))
    if kind not in ("base64", "url") or not isinstance(value, str):
        raise MalformedRequestError(f"{source} must hold a text under 'base64' or 'url'. {_SHAPE}")
    if kind == "url":
        return PhotoAddress(value, source)
    return read_base64(value, source)


def read_base64(text: str, source: str) -> IncomingPhoto:
    """The photo of a base64 text, with or without line breaks and a `data:` prefix; or the error that it is none."""
    try:
        return arrived_photo(source, _decode_base64(text))
    except (binascii.Error, ValueError):
        return IncomingPhoto(source, error=MalformedBase64Error(f"{source} is not base64 text (RFC 4648, section 4)."))


def _decode_base64(text: str) -> bytes:
    if text.startswith("data:"):
        text = text.partition(",")[2]
    return base64.b64decode(text.encode("ascii").translate(None, delete=_BREAKS), validate=True)
