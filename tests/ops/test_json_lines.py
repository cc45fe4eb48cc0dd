"""Log lines as JSON."""

from __future__ import annotations

import json
import logging
import sys
from datetime import datetime
from typing import Any

from flask import Flask, g

from app.ops.json_lines import JsonLines


def line(message: str, *arguments: object, **more: Any) -> dict[str, Any]:
    record = logging.LogRecord("app.x", logging.WARNING, "x.py", 1, message, arguments, more.pop("exc_info", None))
    vars(record).update(more)
    text = JsonLines().format(record)
    assert "\n" not in text
    found: dict[str, Any] = json.loads(text)
    return found


def test_a_line_says_when_who_and_what() -> None:
    found = line("%s is %d", "it", 3)
    assert (found["level"], found["logger"], found["message"]) == ("warning", "app.x", "it is 3")
    when = datetime.fromisoformat(found["time"])
    assert abs((datetime.now(when.tzinfo) - when).total_seconds()) < 60
    assert str(when.utcoffset()) == "0:00:00"
    assert "request_id" not in found


def test_the_fields_of_a_line_stand_beside_its_message() -> None:
    assert line("x", fields={"status": 200, "route": "/predict"})["status"] == 200


def test_what_is_no_json_is_text() -> None:
    assert line("x", fields={"path": {1}})["path"] == "{1}"


def test_a_message_cannot_forge_a_line() -> None:
    assert line('a\n{"level": "error"}')["message"] == 'a\n{"level": "error"}'


def test_a_traceback_is_in_its_line() -> None:
    try:
        raise ValueError("a bug")
    except ValueError:
        found = line("failed", exc_info=sys.exc_info())
    assert found["traceback"].endswith("ValueError: a bug")


def test_what_is_said_within_a_request_has_its_id() -> None:
    with Flask("x").test_request_context():
        assert "request_id" not in line("before it has one")
        g.request_id = "trace-1"
        assert line("within")["request_id"] == "trace-1"
