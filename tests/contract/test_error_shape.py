"""Every error of the tree is drawn in it, under its base, with the code and the status it really has."""

from __future__ import annotations

import http
import re
from collections.abc import Iterator

import pytest

import app.errors
from app.errors import (
    BundleError,
    FeedbackError,
    PhotoError,
    RequestError,
    SettingsError,
    UnavailableError,
    WhichParkError,
)

_ROW = re.compile(r"^    (?P<lines>[│├└─ ]*)(?P<name>\w+Error)(?: +(?P<status>\d{3}) (?P<code>\w+))?", re.MULTILINE)
_FOR_CLIENTS = (RequestError, PhotoError, FeedbackError, UnavailableError)


def _walk(root: type[WhichParkError] = WhichParkError) -> Iterator[type[WhichParkError]]:
    yield root
    for child in root.__subclasses__():
        if child.__module__ == app.errors.__name__:
            yield from _walk(child)


ERRORS = list(_walk())


def _drawn() -> dict[str, tuple[str | None, str | None, str | None]]:
    """The tree of the module's docstring: name -> (base, status, code)."""
    rows: dict[str, tuple[str | None, str | None, str | None]] = {}
    path: list[str] = []
    for match in _ROW.finditer(app.errors.__doc__ or ""):
        depth = len(match["lines"]) // 4
        rows[match["name"]] = (path[depth - 1] if depth else None, match["status"], match["code"])
        path[depth:] = [match["name"]]
    return rows


def test_the_tree_is_the_hierarchy() -> None:
    bases = {name: base for name, (base, _, _) in _drawn().items()}
    expected = {error.__name__: error.__mro__[1].__name__ for error in ERRORS}
    expected["WhichParkError"] = None  # type: ignore[assignment]
    assert bases == expected


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_the_tree_tells_the_code_and_status_of_what_a_client_may_meet(error: type[WhichParkError]) -> None:
    _, status, code = _drawn()[error.__name__]
    if issubclass(error, _FOR_CLIENTS) and error not in _FOR_CLIENTS:
        assert (status, code) == (str(error.status), error.code)
    else:
        assert (status, code) == (None, None)


def test_a_code_is_one_kinds_alone() -> None:
    owners: dict[str, type[WhichParkError]] = {}
    for error in ERRORS:
        owner = owners.setdefault(error.code, error)
        assert issubclass(error, owner), f"{error.__name__} has the code of {owner.__name__}"
        leaf_of_it = [row for row in ERRORS if row.code == error.code and not row.__subclasses__()]
        assert len(leaf_of_it) <= 1 or not issubclass(error, _FOR_CLIENTS), f"{error.code} names several errors"


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_every_error_has_a_plain_code_a_real_status_and_a_title(error: type[WhichParkError]) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z0-9]+)*", error.code)
    assert http.HTTPStatus(error.status) >= 400
    assert error.title
    assert error.__doc__


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_the_status_tells_whose_matter_the_error_is(error: type[WhichParkError]) -> None:
    if issubclass(error, (RequestError, PhotoError, FeedbackError)):
        assert 400 <= error.status < 500
    elif issubclass(error, UnavailableError):
        assert error.status == 503
        assert error.retry_after_s >= 1
    else:
        assert issubclass(error, (BundleError, SettingsError)) or error is WhichParkError
        assert error.status == 500
        assert error.code.startswith("bundle_") or (error.code == "internal_error" and error is not BundleError)
