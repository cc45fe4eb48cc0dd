"""Photos that are fetched: every honest way for a host to send one."""

from __future__ import annotations

import dataclasses
import gzip

import pytest

from app.errors import BusyError
from app.intake.incoming import IncomingPhoto, PhotoAddress
from app.intake.url_fetch.connect import Connector
from app.intake.url_fetch.fetcher import UrlFetcher
from app.intake.url_fetch.limits import Deadline, FetchLimits
from app.intake.url_fetch.photo_url import IPAddress
from tests.intake.url_fetch.internet import (
    PUBLIC,
    USER_AGENT,
    FakeInternet,
    redirect,
    reply,
    then_closes,
)

URL = "http://photos.example/half-dome.jpg"
PHOTO = bytes(range(256)) * 40
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunks(body: bytes, size: int) -> bytes:
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        reply(PHOTO, Content_Type="image/jpeg"),
        reply(PHOTO),
        reply(PHOTO, Content_Type="text/html"),
        reply(PHOTO, Content_Type="application/octet-stream", Content_Encoding="identity"),
        reply(PHOTO, Content_Type="image/jpeg", Connection="keep-alive", Set_Cookie="a=b"),
        CHUNKED + chunks(PHOTO, 1000),
        CHUNKED + chunks(PHOTO, 100),
        CHUNKED + b"2800;name=value\r\n" + PHOTO + b"\r\n0\r\nTrailer: yes\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + reply(PHOTO),
        b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n" + reply(PHOTO),
        reply(PHOTO) + b"and more than was announced",
        b"HTTP/1.1 200\r\nContent-Length: 10240\r\n\r\n" + PHOTO,
        then_closes(b"HTTP/1.0 200 OK\r\n\r\n" + PHOTO),
        then_closes(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", PHOTO[:1], PHOTO[1:]),
        then_closes(b"HTTP/1.1 200 OK\r\n", b"Content-Length: 10240\r\n\r", b"\n", PHOTO),
    ],
)
def test_a_photo_is_fetched_however_its_host_sends_it(internet: FakeInternet, answer: bytes) -> None:
    internet.server.plays(answer)
    assert internet.fetch(URL) == [IncomingPhoto(URL, PHOTO)]


@pytest.mark.parametrize("body", [b"\n", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a<html>", b"< html>"])
def test_what_is_no_page_is_left_to_who_opens_photos(internet: FakeInternet, body: bytes) -> None:
    internet.server.plays(reply(body, Content_Type="image/svg+xml"))
    assert internet.fetch(URL) == [IncomingPhoto(URL, body)]


def test_an_empty_photo_is_one_whichever_way_it_came(internet: FakeInternet) -> None:
    internet.server.plays(reply(b""))
    assert internet.code(URL) == "empty_photo"


def test_the_host_is_asked_for_the_photo_and_told_who_asks(internet: FakeInternet) -> None:
    internet.fetch("http://photos.example/a%20b.jpg?w=9#top")
    assert internet.server.heads == [
        b"GET /a%20b.jpg?w=9 HTTP/1.1\r\n"
        b"Host: photos.example\r\n"
        b"User-Agent: " + USER_AGENT.encode() + b"\r\n"
        b"Accept: image/jpeg, image/png, image/webp, image/*;q=0.8, */*;q=0.1\r\n"
        b"Accept-Encoding: identity\r\n"
        b"Connection: close\r\n\r\n"
    ]


def test_the_address_that_was_checked_is_dialled_and_the_name_is_not_looked_up_again(internet: FakeInternet) -> None:
    internet.names("photos.example", [PUBLIC], ["127.0.0.1"])
    internet.fetch("http://photos.example:443/half-dome.jpg")
    assert (internet.looked_up, internet.dialled) == (["photos.example"], [f"{PUBLIC} 443"])
    assert b"Host: photos.example:443\r\n" in internet.server.heads[0]


@pytest.mark.parametrize(
    ("url", "dialled", "host"),
    [
        ("http://93.184.216.34/a", "93.184.216.34 80", b"93.184.216.34"),
        ("http://[2606:2800::1]/a", "2606:2800::1 80", b"[2606:2800::1]"),
        ("http://[64:ff9b::8.8.8.8]/a", "64:ff9b::808:808 80", b"[64:ff9b::808:808]"),
    ],
)
def test_a_public_ip_address_is_dialled_as_it_is(internet: FakeInternet, url: str, dialled: str, host: bytes) -> None:
    internet.server.plays(reply(PHOTO))
    assert internet.fetch(url)[0].image_bytes == PHOTO
    assert (internet.looked_up, internet.dialled) == ([], [dialled])
    assert b"Host: " + host + b"\r\n" in internet.server.heads[0]


@pytest.mark.parametrize("answers", [["2606:2800::1", PUBLIC], [PUBLIC, "2606:2800::1"], ["64:ff9b::5db8:d822"]])
def test_a_host_may_have_addresses_of_both_kinds(internet: FakeInternet, answers: list[str]) -> None:
    internet.names("photos.example", answers)
    internet.server.plays(reply(PHOTO))
    assert internet.fetch(URL)[0].image_bytes == PHOTO
    assert internet.dialled == [f"{answers[0]} 80"]


@pytest.mark.parametrize("error", [ConnectionRefusedError(), OSError(101, "unreachable"), TimeoutError()])
def test_an_address_that_does_not_answer_is_followed_by_the_next(internet: FakeInternet, error: OSError) -> None:
    internet.names("photos.example", ["2606:2800::1", PUBLIC])
    internet.dead["2606:2800::1"] = error
    internet.server.plays(reply(PHOTO))
    assert internet.fetch(URL)[0].image_bytes == PHOTO
    assert internet.dialled == ["2606:2800::1 80", f"{PUBLIC} 80"]
    assert 4 < internet.given_s[0] <= 5  # Half of the time, so that the next one has some left.
    assert 9 < internet.given_s[1] <= 10


@pytest.mark.parametrize("max_dials", [1, 2, 3])
def test_of_a_hosts_addresses_max_dials_are_tried(internet: FakeInternet, max_dials: int) -> None:
    answers = ["93.184.216.1", "93.184.216.2", "93.184.216.3", "93.184.216.4"]
    internet.names("photos.example", answers)
    internet.dead = dict.fromkeys(answers, ConnectionRefusedError())
    assert internet.code(URL, dataclasses.replace(FetchLimits(), max_dials=max_dials)) == "url_unreachable"
    assert internet.dialled == [f"{text} 80" for text in answers[:max_dials]]


@pytest.mark.parametrize(
    "status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"]
)
@pytest.mark.parametrize(
    ("location", "host", "target"),
    [
        ("http://other.example/b.jpg", b"other.example", b"/b.jpg"),
        ("//other.example/b.jpg", b"other.example", b"/b.jpg"),
        ("/b.jpg?w=9", b"photos.example", b"/b.jpg?w=9"),
        ("b.jpg", b"photos.example", b"/b.jpg"),
        ("/größe.jpg", b"photos.example", b"/gr%C3%B6%C3%9Fe.jpg"),
    ],
)
def test_a_redirect_is_followed(internet: FakeInternet, status: str, location: str, host: bytes, target: bytes) -> None:
    internet.server.plays(redirect(location, status), reply(PHOTO))
    assert internet.fetch(URL) == [IncomingPhoto(URL, PHOTO)]
    assert internet.server.heads[1].startswith(b"GET " + target + b" HTTP/1.1\r\nHost: " + host + b"\r\n")


def test_a_redirect_takes_no_cookie_and_no_referer_along(internet: FakeInternet) -> None:
    internet.server.plays(reply(b"", "302 Found", Location="/b.jpg", Set_Cookie="session=1"), reply(PHOTO))
    internet.fetch(URL)
    head = internet.server.heads[1].lower()
    assert b"cookie" not in head and b"referer" not in head and b"authorization" not in head


def test_each_host_of_a_redirect_is_looked_up_and_dialled_by_itself(internet: FakeInternet) -> None:
    internet.server.plays(redirect("http://other.example/b.jpg"), redirect("http://photos.example/c.jpg"), reply(PHOTO))
    assert internet.fetch(URL)[0].image_bytes == PHOTO
    assert internet.looked_up == ["photos.example", "other.example", "photos.example"]
    assert internet.dialled == [f"{PUBLIC} 80", "93.184.216.35 80", f"{PUBLIC} 80"]


@pytest.mark.parametrize(("n_redirects", "followed"), [(2, True), (3, True), (4, False)])
def test_three_redirects_are_followed_and_no_more(internet: FakeInternet, n_redirects: int, followed: bool) -> None:
    internet.server.plays(*[redirect("/again")] * n_redirects, reply(PHOTO))
    [photo] = internet.fetch(URL)
    assert (photo.error is None) == followed
    assert len(internet.dialled) == min(n_redirects, 3) + 1


def test_several_photos_keep_their_order_and_each_its_own_error(internet: FakeInternet) -> None:
    internet.server.plays(reply(PHOTO))
    photos = internet.fetch(URL, "http://127.0.0.1/", "ftp://a/?secret", "http://photos.example/b?token=secret")
    assert [photo.source for photo in photos] == [URL, "http://127.0.0.1/", "url 3", "http://photos.example/b"]
    assert [photo.error.code if photo.error else None for photo in photos] == [None, "url_refused", "url_refused", None]


def test_many_photos_are_fetched_a_few_at_a_time(internet: FakeInternet) -> None:
    internet.server.plays(reply(PHOTO))
    urls = [f"http://photos.example/{number}.jpg" for number in range(20)]
    assert internet.fetch(*urls) == [IncomingPhoto(url, PHOTO) for url in urls]


@pytest.mark.parametrize(("more_bytes", "fits"), [(-1, True), (0, True), (1, False)])
@pytest.mark.parametrize("announced", [True, False])
def test_a_photo_may_have_max_bytes(internet: FakeInternet, more_bytes: int, announced: bool, fits: bool) -> None:
    body = bytes(5000 + more_bytes)
    internet.server.plays(reply(body) if announced else CHUNKED + chunks(body, 100))
    [photo] = internet.fetch(URL, limits=FetchLimits(max_bytes=5000))
    assert (photo.image_bytes == body, photo.error is None) == (fits, fits)
    assert photo.error is None or (photo.error.code, photo.error.status) == ("url_too_large", 413)


@pytest.mark.parametrize(("max_bytes", "n_fetched"), [(14_999, 2), (15_000, 3)])
def test_the_photos_of_one_request_have_max_bytes_together(
    internet: FakeInternet, max_bytes: int, n_fetched: int
) -> None:
    internet.server.plays(reply(bytes(5000)))
    photos = internet.fetch(*[URL] * 3, limits=FetchLimits(max_bytes=max_bytes))
    assert sum(photo.error is None for photo in photos) == n_fetched


def test_the_next_request_has_bytes_of_its_own(internet: FakeInternet) -> None:
    internet.server.plays(reply(bytes(5000)))
    fetcher = internet.fetcher(FetchLimits(max_bytes=5000))
    for _ in range(3):
        assert fetcher.fetch([PhotoAddress(URL, "url")])[0].error is None


def test_a_proxy_of_the_environment_is_not_used(internet: FakeInternet, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://user:password@127.0.0.1:9")
    internet.server.plays(reply(PHOTO))
    assert internet.fetch(URL)[0].image_bytes == PHOTO
    assert internet.server.heads[0].startswith(b"GET /half-dome.jpg ")


@pytest.mark.parametrize("max_fetches", [1, 2])
def test_as_many_requests_fetch_at_once_as_there_are_places(max_fetches: int) -> None:
    """Each fetch begins the next one from within its lookup, so that all of them are under way at once."""
    begun: list[str] = []

    def lookup(host: str, deadline: Deadline) -> list[IPAddress]:
        begun.append(host)
        fetcher.fetch([PhotoAddress(URL, "url")])
        return []

    fetcher = UrlFetcher(FetchLimits(max_fetches=max_fetches), USER_AGENT, Connector(lookup))
    for n_times in (1, 2):  # The second time shows that the places were given back.
        with pytest.raises(BusyError, match="Too many photos are being fetched"):
            fetcher.fetch([PhotoAddress(URL, "url")])
        assert len(begun) == max_fetches * n_times


PACKED = gzip.compress(PHOTO)


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "deflate", "br", "zstd", "identity, gzip", "x"])
def test_a_packed_photo_is_not_unpacked(internet: FakeInternet, encoding: str) -> None:
    internet.server.plays(reply(PACKED, Content_Encoding=encoding))
    assert internet.code(URL) == "url_bad_answer"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"<!DOCTYPE html><title>Half Dome</title>", "text/html; charset=utf-8"),
        (b"\xef\xbb\xbf\r\n  <!doctype HTML>", ""),
        (b"<html><img src=a.jpg>", "image/jpeg"),
        (b"<HEAD>", ""),
        (b"<?xml version='1.0'?><html/>", "application/xhtml+xml"),
        (b"<!-- a comment --><html>", "TEXT/HTML"),
        (b"<script>location='a.jpg'</script>", ""),
    ],
)
def test_a_web_page_is_told_from_a_photo_and_what_to_do(internet: FakeInternet, body: bytes, content_type: str) -> None:
    internet.server.plays(reply(body, Content_Type=content_type))
    [photo] = internet.fetch(URL)
    assert photo.error is not None
    assert (photo.error.code, photo.error.status) == ("url_is_web_page", 415)
    assert "copy its address" in str(photo.error)


@pytest.mark.parametrize(
    "status",
    ["204 No Content", "206 Partial Content", "300 Multiple", "304 Not Modified", "302 Found", "400 Bad Request", "999",
     "401 Unauthorized", "403 Forbidden", "404 Not Found", "410 Gone", "429 Too Many", "500 Oh", "503 Busy"],
)  # fmt: skip
def test_another_status_than_200_is_no_photo_and_is_said(internet: FakeInternet, status: str) -> None:
    internet.server.plays(reply(b"", status))
    [photo] = internet.fetch(URL)
    assert photo.error is not None
    assert (photo.error.code, photo.error.status) == ("url_bad_answer", 422)
    assert f"status {status[:3]}" in str(photo.error)
