"""Forms from our own pages, from others, and from what is no browser."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.forms import FORM, form_body

OURS = {"Host": "park.example"}


def ask(client: FlaskClient, photo: bytes, path: str = "/", **headers: str) -> int:
    body = form_body(("photo", "a.jpg", photo))
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(path, data=body, content_type=FORM, headers=OURS | named).status_code


@pytest.mark.parametrize(
    "headers",
    [
        {},  # curl, or a browser of before 2020.
        {"Origin": "http://park.example"},
        {"Origin": "https://park.example"},  # Behind a proxy that does TLS.
        {"Origin": "http://PARK.example:80"},
        {"Sec_Fetch_Site": "same-origin", "Origin": "http://park.example"},
        {"Sec_Fetch_Site": "same-origin", "Origin": "https://public.example"},  # A proxy that changes the Host.
        {"Sec_Fetch_Site": "same-origin", "Origin": "null"},
        {"Sec_Fetch_Site": "none"},
    ],
)
def test_a_form_of_ours_is_taken(client: FlaskClient, photo: bytes, headers: dict[str, str]) -> None:
    assert ask(client, photo, **headers) == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "cross-site", "Origin": "http://park.example"},
        {"Sec_Fetch_Site": "SAME-ORIGIN"},
        {"Origin": "http://other.example"},
        {"Origin": "http://park.example.other.example"},
        {"Origin": "http://park.example:8080"},
        {"Origin": "https://park.example:80"},
        {"Origin": "http://user@park.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://[park.example"},
        {"Origin": "park.example"},
        {"Sec_Fetch_Site": "", "Origin": "http://other.example"},
    ],
)
def test_a_form_of_another_site_is_refused(client: FlaskClient, photo: bytes, headers: dict[str, str]) -> None:
    assert ask(client, photo, **headers) == 403


def test_the_refusal_is_a_page_with_its_code(client: FlaskClient) -> None:
    headers = {"Origin": "http://other.example", "Accept": "text/html"}
    answer = client.post("/", headers=OURS | headers)
    assert (answer.status_code, answer.mimetype) == (403, "text/html")
    assert "sent by another site" in answer.get_data(as_text=True)
    assert client.post("/", headers=OURS | {"Origin": "null"}).get_json()["code"] == "foreign_origin"


@pytest.mark.parametrize("path", ["/predict", "/api/v1/predict"])
@pytest.mark.parametrize("headers", [{}, {"Origin": "http://other.example"}, {"Sec_Fetch_Site": "cross-site"}])
def test_the_api_is_for_every_client(client: FlaskClient, photo: bytes, path: str, headers: dict[str, str]) -> None:
    assert ask(client, photo, path, **headers) == 200


def test_who_comes_from_elsewhere_may_read(client: FlaskClient) -> None:
    assert client.get("/", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


def test_our_policies_let_browsers_name_the_origin_of_our_forms(client: FlaskClient) -> None:
    """With no-referrer a browser sends "Origin: null" with a form of our own."""
    assert client.get("/").headers["Referrer-Policy"] == "same-origin"
