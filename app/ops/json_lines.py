"""Log lines as JSON, one object a line, for machines that collect them."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any


class JsonLines(logging.Formatter):
    """`time` (UTC), `level`, `logger`, `message`; `request_id` of what is said while a request is answered; the fields
    that a line brings along as `extra={"fields": {…}}`; `traceback`.
    """

    def format(self, record: logging.LogRecord) -> str:
        """One line; a line break within a message is escaped, so nothing in it can look like another line."""
        fields: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id := _request_id():
            fields["request_id"] = request_id
        fields |= getattr(record, "fields", {})
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return json.dumps(fields, default=str)


def _request_id() -> str | None:
    """Of the request being answered; gunicorn's master, which answers none, has no Flask to ask."""
    flask = sys.modules.get("flask")
    if flask is None or not flask.has_request_context():
        return None
    found: str | None = flask.g.get("request_id")
    return found
