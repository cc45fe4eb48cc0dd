"""Hostile addresses, names and hosts: every story ends in an error of the photo, soon, and nothing of ours is asked."""

from __future__ import annotations

import gzip
import time

import pytest

from app.intake.url_fetch.limits import FetchLimits
from tests.intake.url_fetch.internet import (
    PUBLIC,
    FakeInternet,
    Script,
    endless,
    redirect,
    reply,
    then_closes,
)
from tests.intake.url_fetch.test_photo_url import REFUSED
from tests.intake.url_fetch.test_public import OURS

URL = "http://photos.example/half-dome.jpg"
HASTY = FetchLimits(max_s=0.3)
# What 0.3 s may become on a machine that is busy with other tests; without a deadline these would take 20 s.
SOON_S = 5.0
HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def literal(address: str) -> str:
    return f"http://[{address}]/" if ":" in address else f"http://{address}/"


LITERALS = [literal(address) for address in OURS if "%" not in address]


@pytest.mark.parametrize("url", [*REFUSED, *LITERALS], ids=ascii)
def test_a_hostile_address_is_refused_and_nobody_is_asked(internet: FakeInternet, url: str) -> None:
    assert internet.code(url) == "url_refused"
    assert (internet.looked_up, internet.dialled) == ([], [])


@pytest.mark.parametrize("address", OURS)
def test_a_name_of_an_address_that_is_not_the_internets_is_refused(internet: FakeInternet, address: str) -> None:
    internet.names("photos.example", [address])
    assert internet.code(URL) == "url_refused"
    assert internet.dialled == []


@pytest.mark.parametrize(
    "answers",
    [
        [PUBLIC, "127.0.0.1"],
        ["127.0.0.1", PUBLIC],
        [PUBLIC, "93.184.216.35", "10.0.0.1"],
        [*(f"93.184.216.{n}" for n in range(200)), "169.254.169.254"],
        [PUBLIC, "::1"],
        ["2606:2800::1", "fd00:ec2::254"],
        ["2606:2800::1", "::ffff:8.8.8.8"],
        [PUBLIC, "64:ff9b::a00:1"],
        [PUBLIC, "2002:7f00:1::"],
        [PUBLIC, "fe80::1%2"],
        [PUBLIC, "0.0.0.0"],
        [PUBLIC, PUBLIC, "255.255.255.255"],
    ],
)
def test_one_bad_answer_among_good_ones_is_enough(internet: FakeInternet, answers: list[str]) -> None:
    internet.names("photos.example", answers)
    assert internet.code(URL) == "url_refused"
    assert internet.dialled == []


def test_a_name_that_does_not_exist_and_one_of_ours_are_told_apart_by_nobody(internet: FakeInternet) -> None:
    said = []
    for answers in ([], ["10.0.0.1"], ["127.0.0.1"], [PUBLIC, "192.168.0.1"], ["fd00::1"]):
        internet.names("photos.example", answers)
        said.append(str(internet.fetch(URL)[0].error))
    assert set(said) == {"There is no public host photos.example on the internet. Check the address."}


def test_the_answer_that_was_checked_counts_not_the_next_one(internet: FakeInternet) -> None:
    """Rebinding: a name that is public while it is checked, and ours when it is looked up again."""
    internet.names("photos.example", [PUBLIC], ["127.0.0.1"])
    internet.server.plays(reply(b"photo"))
    assert internet.fetch(URL)[0].image_bytes == b"photo"
    assert (internet.looked_up, internet.dialled) == (["photos.example"], [f"{PUBLIC} 80"])


def test_a_redirect_to_the_same_name_is_checked_again(internet: FakeInternet) -> None:
    internet.names("photos.example", [PUBLIC], ["127.0.0.1"])
    internet.server.plays(redirect("/again"))
    assert internet.code(URL) == "url_refused"
    assert internet.dialled == [f"{PUBLIC} 80"]


TARGETS = [
    *("http://169.254.169.254/latest/meta-data/", "http://[fd00:ec2::254]/latest/", "http://100.100.100.200/latest/"),
    *("http://192.0.0.192/opc/v2/", "http://168.63.129.16/machine", "http://metadata.google.internal/"),
    *("http://ours.example/", "http://127.0.0.1/", "http://127.0.0.1:8000/", "http://localhost/", "http://[::1]/"),
    *("http://[::ffff:7f00:1]/", "http://2130706433/", "http://0x7f.1/", "http://0177.0.0.1/", "http://127.1/"),
    *("http://0/", "http://127.0.0.1./", "http://photos.example:22/", "http://photos.example:8080/"),
    *("http://photos.example@127.0.0.1/", "//127.0.0.1/", "http://user:pw@other.example/", "file:///etc/passwd"),
    *("ftp://other.example/", "gopher://other.example/_GET", "javascript:alert(1)", "data:image/png;base64,AAAA"),
    *("http://[::1", "http:///", "//", "http://\\127.0.0.1/", "http://other.example\t/", "/a b", "http://①②⑦.⓪.⓪.①/"),
    *("http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/"),
]  # fmt: skip


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
@pytest.mark.parametrize("location", TARGETS)
def test_a_redirect_to_a_hostile_address_is_refused(internet: FakeInternet, location: str, status: str) -> None:
    internet.names("ours.example", [PUBLIC, "10.0.0.1"])
    internet.server.plays(redirect(location, status), reply(b"a secret"))
    [photo] = internet.fetch(URL)
    assert photo.error is not None and photo.error.code == "url_refused"
    assert internet.dialled == [f"{PUBLIC} 80"]


@pytest.mark.parametrize("location", ["", " ", "/again", URL, "half-dome.jpg", "?", "#top"])
def test_a_redirect_that_leads_nowhere_ends(internet: FakeInternet, location: str) -> None:
    internet.server.plays(redirect(location))
    assert internet.code(URL) == "url_bad_answer"
    assert len(internet.dialled) <= 4


BROKEN: dict[str, bytes | Script] = {
    "nothing": then_closes(),
    "a status line and no more": then_closes(HEAD),
    "half a head": then_closes(HEAD + b"Content-Length: 5"),
    "fewer bytes than announced": then_closes(HEAD + b"Content-Length: 1000\r\n\r\n", b"photo"),
    "no last chunk": then_closes(CHUNKED + b"5\r\nphoto\r\n"),
    "half a chunk": then_closes(CHUNKED + b"500\r\nphoto"),
    "a chunk without a size": CHUNKED + b"x\r\nphoto\r\n0\r\n\r\n",
    "a chunk of less than nothing": CHUNKED + b"-5\r\nphoto\r\n0\r\n\r\n",
    "a chunk longer than its size": CHUNKED + b"2\r\nphoto\r\n0\r\n\r\n",
    "a size of many digits": HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\nphoto",
    "two sizes": HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nphoto",
    "a size that is none": HEAD + b"Content-Length: five\r\n\r\nphoto",
    "a size below zero": HEAD + b"Content-Length: -5\r\n\r\nphoto",
    "packed for the way": HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "a header without a name": HEAD + b": 5\r\n\r\n",
    "a header with a line break": HEAD + b"A: b\x00c\r\n\r\n",
    "a status of many digits": b"HTTP/1.1 20000 OK\r\n\r\n",
    "another protocol": b"SSH-2.0-OpenSSH_9.9\r\n\r\n",
    "HTTP without a version": b"HTTP 200 OK\r\n\r\n",
    "an upgrade nobody asked for": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
    "TLS on the port of http": b"\x15\x03\x01\x00\x02\x02\x50" * 3,
    "zeros": bytes(40_000),
    "one long header": HEAD + b"A: " + b"b" * 200_000,
    "one long status line": b"HTTP/1.1 200 " + b"O" * 200_000,
    "endless headers": endless(HEAD, b"A: b\r\n" * 1000),
    "endless hints": endless(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 100),
    "endless empty lines": endless(b"\r\n" * 1000),
    "endless text between chunks": endless(CHUNKED + b"5;", b"a=b;" * 1000),
    "endless trailers": endless(CHUNKED + b"0\r\n", b"A: b\r\n" * 1000),
    "endless chunks of a byte": endless(CHUNKED, b"1\r\nA\r\n" * 10_000),
}


@pytest.mark.parametrize("story", BROKEN)
def test_an_answer_that_is_no_http_or_breaks_off_is_no_photo(internet: FakeInternet, story: str) -> None:
    internet.server.plays(BROKEN[story])
    started = time.monotonic()
    assert internet.code(URL) == "url_bad_answer"
    assert time.monotonic() - started < SOON_S


def test_a_body_without_an_end_is_cut_at_the_limit(internet: FakeInternet) -> None:
    internet.server.plays(endless(HEAD + b"Connection: close\r\n\r\n", bytes(100_000)))
    assert internet.code(URL, FetchLimits(max_bytes=1_000_000)) == "url_too_large"


def test_a_body_of_chunks_without_an_end_is_cut_at_the_limit(internet: FakeInternet) -> None:
    internet.server.plays(endless(CHUNKED, b"2710\r\n" + bytes(10_000) + b"\r\n"))
    assert internet.code(URL, FetchLimits(max_bytes=1_000_000)) == "url_too_large"


def test_a_body_that_is_announced_as_too_large_is_not_read(internet: FakeInternet) -> None:
    internet.server.plays(HEAD + b"Content-Length: 20000001\r\n\r\n")  # And then silence.
    started = time.monotonic()
    assert internet.code(URL) == "url_too_large"
    assert time.monotonic() - started < SOON_S


def test_a_gzip_bomb_is_not_unpacked(internet: FakeInternet) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    internet.server.plays(reply(bomb, Content_Type="image/png", Content_Encoding="gzip"))
    assert len(bomb) < 100_000
    assert internet.code(URL) == "url_bad_answer"


DRIPS: dict[str, tuple[bytes, ...]] = {
    "silence": (),
    "a status line, letter by letter": (b"H",),
    "headers, letter by letter": (HEAD, b"a"),
    "headers, line by line": (HEAD, b"A: b\r\n"),
    "hints": (b"HTTP/1.1 103 Early Hints\r\n\r\n",),
    "a photo, byte by byte": (HEAD + b"Content-Length: 100000\r\n\r\n", b"a"),
    "a photo without a size": (HEAD + b"Connection: close\r\n\r\n", b"a"),
    "chunks of a byte": (CHUNKED, b"1\r\na\r\n"),
    "a size of a chunk": (CHUNKED, b"0"),
    "trailers": (CHUNKED + b"5\r\nphoto\r\n0\r\n", b"A: b\r\n"),
    "silence after half of the photo": (HEAD + b"Content-Length: 100000\r\n\r\n" + bytes(50_000), b""),
}


@pytest.mark.parametrize("story", DRIPS)
def test_a_slow_host_is_left_when_the_time_is_up(internet: FakeInternet, story: str) -> None:
    pieces = DRIPS[story]
    internet.server.plays(internet.server.drips(*pieces) if pieces else lambda _: _wait(internet))
    started = time.monotonic()
    [photo] = internet.fetch(URL, limits=HASTY)
    assert photo.error is not None
    assert (photo.error.code, photo.error.status) == ("url_timeout", 422)
    assert "within 0.3 s" in str(photo.error)
    assert HASTY.max_s <= time.monotonic() - started < SOON_S


def _wait(internet: FakeInternet) -> None:
    internet.server.stopped.wait(SOON_S)


def test_redirects_share_the_time(internet: FakeInternet) -> None:
    """Each answer comes in time, all together do not."""

    def slow_redirect(connection: object) -> None:
        internet.server.stopped.wait(0.2)
        connection.sendall(redirect("/again"))  # type: ignore[attr-defined]

    internet.server.plays(slow_redirect)
    assert internet.code(URL, HASTY) == "url_timeout"
    assert len(internet.dialled) == 2


def test_several_slow_photos_share_the_time(internet: FakeInternet) -> None:
    internet.server.plays(internet.server.drips(HEAD, b"a"))
    started = time.monotonic()
    photos = internet.fetch(*[URL] * 12, limits=HASTY)
    assert [photo.error.code if photo.error else None for photo in photos] == ["url_timeout"] * 12
    assert time.monotonic() - started < SOON_S


def test_a_slow_photo_does_no_harm_to_those_beside_it(internet: FakeInternet) -> None:
    internet.server.plays(internet.server.drips(HEAD, b"a"), reply(b"photo"))
    photos = internet.fetch(*[URL] * 4, limits=HASTY)
    assert sorted(photo.image_bytes for photo in photos) == [b"", b"photo", b"photo", b"photo"]


@pytest.mark.parametrize(
    ("error", "code"), [(ConnectionRefusedError(), "url_unreachable"), (OSError(113, "no route"), "url_unreachable"),
                        (ConnectionResetError(), "url_unreachable"), (TimeoutError(), "url_timeout")],
)  # fmt: skip
def test_a_host_that_takes_no_connection_is_the_addresss_fault(
    internet: FakeInternet, error: OSError, code: str
) -> None:
    internet.dead[PUBLIC] = error
    [photo] = internet.fetch(URL)
    assert photo.error is not None
    assert (photo.error.code, photo.error.status) == (code, 422)


def test_a_connection_that_is_reset_is_the_addresss_fault(internet: FakeInternet) -> None:
    def reset(connection: object) -> None:
        linger_for_nothing = b"\x01\x00\x00\x00\x00\x00\x00\x00"
        connection.setsockopt(1, 13, linger_for_nothing)  # type: ignore[attr-defined]

    internet.server.plays(reset)
    assert internet.code(URL) == "url_unreachable"


def test_no_message_tells_an_address_that_a_name_leads_to(internet: FakeInternet) -> None:
    internet.names("photos.example", ["10.1.2.3"])
    assert "10.1.2.3" not in str(internet.fetch(URL)[0].error)


def test_neither_answer_nor_log_has_the_query_or_the_password(
    internet: FakeInternet, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    internet.server.plays(reply(b"photo"), redirect("http://10.0.0.1/?secret"), reply(b"", "404 Not Found"))
    urls = [f"http://photos.example/a.jpg?token=secret{n}#secret" for n in range(3)]
    photos = [photo for url in urls for photo in internet.fetch(url)]
    photos += internet.fetch("http://user:secret@photos.example/", "http://secret.example:22/?secret")
    assert [photo.source for photo in photos] == ["http://photos.example/a.jpg"] * 3 + ["url 1", "url 2"]
    assert "secret" not in "".join(f"{photo.source} {photo.error}" for photo in photos)
    assert "http://photos.example/a.jpg" in caplog.text
    assert "secret" not in caplog.text


def test_no_address_writes_a_line_of_its_own_into_the_log(
    internet: FakeInternet, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    internet.fetch("http://photos.example/a%0aINFO\u2028b\u0085", "http://photos.example/a%0aINFO")
    assert all(record.getMessage().isascii() and "\n" not in record.getMessage() for record in caplog.records)
