"""The one parser of addresses: what it takes has one spelling, what could be read in two ways is refused."""

from __future__ import annotations

import ipaddress
import re

import pytest

from app.errors import UrlRefusedError
from app.intake.url_fetch.photo_url import MAX_URL_CHARS, PhotoUrl, parse_photo_url

HOST_AND_TARGET = [
    ("https://example.org/half-dome.jpg", "https", "example.org", 443, "/half-dome.jpg"),
    ("http://example.org/half-dome.jpg", "http", "example.org", 80, "/half-dome.jpg"),
    ("HTTPS://Example.ORG/Half-Dome.JPG", "https", "example.org", 443, "/Half-Dome.JPG"),
    ("https://example.org", "https", "example.org", 443, "/"),
    ("https://example.org?w=9", "https", "example.org", 443, "/?w=9"),
    ("https://example.org/a?", "https", "example.org", 443, "/a?"),
    ("https://example.org/a.jpg?w=9&h=8#top", "https", "example.org", 443, "/a.jpg?w=9&h=8"),
    ("https://example.org/a.jpg#@127.0.0.1/", "https", "example.org", 443, "/a.jpg"),
    ("https://example.org#/a.jpg", "https", "example.org", 443, "/"),
    ("  https://example.org/a.jpg\r\n", "https", "example.org", 443, "/a.jpg"),
    ("https://example.org./a.jpg", "https", "example.org", 443, "/a.jpg"),
    ("https://example.org:443/a.jpg", "https", "example.org", 443, "/a.jpg"),
    ("https://example.org:/a.jpg", "https", "example.org", 443, "/a.jpg"),
    ("https://example.org:80/a.jpg", "https", "example.org", 80, "/a.jpg"),
    ("http://example.org:443/a.jpg", "http", "example.org", 443, "/a.jpg"),
    ("https://a_bucket.example.org/a.jpg", "https", "a_bucket.example.org", 443, "/a.jpg"),
    ("https://bücher.example/a.jpg", "https", "xn--bcher-kva.example", 443, "/a.jpg"),
    ("https://BÜCHER。example/a.jpg", "https", "xn--bcher-kva.example", 443, "/a.jpg"),
    ("https://xn--bcher-kva.example/a.jpg", "https", "xn--bcher-kva.example", 443, "/a.jpg"),
    ("https://example.org/größe.jpg", "https", "example.org", 443, "/gr%C3%B6%C3%9Fe.jpg"),
    ("https://example.org/gr%C3%B6%C3%9Fe.jpg", "https", "example.org", 443, "/gr%C3%B6%C3%9Fe.jpg"),
    ('https://example.org/"a"|<b>.jpg', "https", "example.org", 443, "/%22a%22%7C%3Cb%3E.jpg"),
    ("https://example.org//b.example/c@d:e", "https", "example.org", 443, "//b.example/c@d:e"),
    ("https://example.org/?u=http://127.0.0.1/", "https", "example.org", 443, "/?u=http://127.0.0.1/"),
    ("http://93.184.216.34/a.jpg", "http", "93.184.216.34", 80, "/a.jpg"),
    ("http://93.184.216.34./a.jpg", "http", "93.184.216.34", 80, "/a.jpg"),
    ("http://[2606:2800:220:1:248:1893:25C8:1946]/a", "http", "2606:2800:220:1:248:1893:25c8:1946", 80, "/a"),
    ("http://[2606:2800::0:1]:80/a", "http", "2606:2800::1", 80, "/a"),
]


@pytest.mark.parametrize(("text", "scheme", "host", "port", "target"), HOST_AND_TARGET)
def test_an_address_has_one_spelling(text: str, scheme: str, host: str, port: int, target: str) -> None:
    url = parse_photo_url(text)
    assert (url.scheme, url.host, url.port, url.target) == (scheme, host, port, target)


@pytest.mark.parametrize("text", [row[0] for row in HOST_AND_TARGET])
def test_an_address_written_out_is_read_as_itself(text: str) -> None:
    url = parse_photo_url(text)
    assert parse_photo_url(f"{url.scheme}://{url.authority}{url.target}") == url


@pytest.mark.parametrize(
    ("text", "authority"),
    [
        ("http://example.org/", "example.org"),
        ("https://example.org:443/", "example.org"),
        ("https://example.org:80/", "example.org:80"),
        ("http://example.org:443/", "example.org:443"),
        ("http://[2606:2800::1]/", "[2606:2800::1]"),
        ("https://[2606:2800::1]:80/", "[2606:2800::1]:80"),
    ],
)
def test_the_host_header_has_the_port_where_it_is_not_the_schemes(text: str, authority: str) -> None:
    assert parse_photo_url(text).authority == authority


def test_the_source_of_an_address_has_no_query() -> None:
    assert parse_photo_url("https://Example.org/a.jpg?token=secret#x").source == "https://example.org/a.jpg"


def test_an_ip_address_is_known_as_one() -> None:
    assert parse_photo_url("http://93.184.216.34/").address == ipaddress.ip_address("93.184.216.34")
    assert parse_photo_url("http://[2606:2800::1]/").address == ipaddress.ip_address("2606:2800::1")
    assert parse_photo_url("http://example.org/").address is None


@pytest.mark.parametrize("text", ["http://①②⑦.⓪.⓪.①/", "http://１２７。０。０。１/", "http://127。0。0。1/"])
def test_digits_in_other_clothes_are_the_digits(text: str) -> None:
    assert parse_photo_url(text).address == ipaddress.ip_address("127.0.0.1")


REFUSED = [
    *("", " ", "half-dome.jpg", "example.org/a.jpg", "//example.org/a.jpg", "/a.jpg", "http", "http:", "http://"),
    *("http:/example.org/a", "http:example.org/a", "http:///a.jpg", "http://?a", "http://#a", "https://:443/a"),
    *("ftp://example.org/a.jpg", "file:///etc/passwd", "gopher://example.org/_x", "data:image/png;base64,AAAA"),
    *("javascript:alert(1)", "dict://example.org:11211/", "ldap://example.org", "jar:http://example.org!/"),
    *("ws://a.b", "view-source:http://example.org", "hxxp://example.org", "http+unix://a.b/"),
    *("url:http://example.org/a", "http://user@example.org/", "http://user:pw@example.org/", "http://@example.org/"),
    *("http://:@example.org/", "http://example.org@127.0.0.1/", "http://127.0.0.1@example.org/"),
    *("http://a@b@example.org/", "http://example.org%40127.0.0.1/", "http://127.0.0.1%2f@example.org"),
    *("http://example.org%2f.evil.example/", "http://example.org\\@127.0.0.1/", "http:\\\\example.org/"),
    *("http://127.0.0.1\\.example.org/", "http://example.org/a\\b", "http://example.org /a"),
    *("http://example.org/a b", "http://exa\tmple.org/", "http://exam\nple.org/", "http://example.org/a\r\nHost: b"),
    *("http://example.org/\x00", "http://example.org/\x7f", "http://example.org/\x85", "http://example.org/\u2028"),
    *("http://example.org/\u3000a", "http://example.org/\ud800", "http://example.org:22/"),
    *("http://example.org:8080/", "http://example.org:0/", "http://example.org:65616/", "http://example.org:080/"),
    *("http://example.org:+80/", "http://example.org:-80/", "http://example.org:８０/", "http://example.org:80:80/"),
    *("http://example.org:80a/", "http://example.org:x/", "http://example.org:443:/", "http://2130706433/"),
    *("http://0x7f000001/", "http://017700000001/", "http://0/", "http://127.1/", "http://127.0.1/"),
    *("http://0177.0.0.1/", "http://0x7f.0.0.1/", "http://127.0.0.0x1/", "http://0x7f.1/", "http://1.0x/"),
    *("http://1.2.3/", "http://127.0.0.01/", "http://127.000.000.001/", "http://256.0.0.1/", "http://1.2.3.4.5/"),
    *("http://0X7F.0.0.0X1/", "http://example.1/", "http://example.0x7f/", "http://２１３０７０６４３３/", "http://⓪x7f.1/"),
    *("http://127.0.0.1../", "http://localhost/", "http://LOCALHOST/", "http://localhost./", "http://metadata/"),
    *("http://db:80/", "http://a/", "http://.example.org/", "http://example..org/", "http://example.org../"),
    *("http://./", "http://../", "http://.../", "http://-a.example/", "http://a-.example/", "http://a!b.example/"),
    *("http://a$b.example/", "http://a,b.example/", "http://*.example/", "http://a'b.example/"),
    *('http://a"b.example/', "http://<a>.example/", "http://a|b.example/", "http://[::1/", "http://::1/"),
    *("http://[::1]a/", "http://a[::1]/", "http://[[::1]]/", "http://[]/", "http://[g::]/", "http://[127.0.0.1]/"),
    *("http://[example.org]/", "http://[fe80::1%eth0]/", "http://[fe80::1%25eth0]/", "http://[::1]x"),
    *("http://[v1.fe80::a]/", "http://[2606:2800::1]:22/", "http://[:::]/", "http://[1:2:3:4:5:6:7:8:9]/"),
    *("http://[::1 ]/", "http://xn--\u00fc.example/", "http://a\u200d.example/", "http://\u00ad/"),
    *("http://a\u2024b/", "http://\u2488.example/", "http://a\u2100.example/", "http://\ufffd.example/"),
    *("http://\ufe64.example/", "http://\U0001f600\u0000.example/", f"http://{'a' * 64}.example/"),
    *(f"http://{'a.' * 126}example/", f"http://{'ü' * 300}.example/", "http://%61.example/"),
]  # fmt: skip


@pytest.mark.parametrize("text", REFUSED, ids=ascii)
def test_what_is_no_plain_address_of_the_web_is_refused(text: str) -> None:
    with pytest.raises(UrlRefusedError, match=r"^The address"):
        parse_photo_url(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("half-dome.jpg", "must begin with https:// or http://"),
        ("http:///a.jpg", "names no host"),
        ("http://me:secret@example.org/", "a user name or password before its host"),
        ("http://example.org/a b", "a space, a backslash or a control character"),
        ("http://example.org:8080/", "another port than 80 and 443"),
        ("http://2130706433/", "neither a name nor a plain IP address: '2130706433'"),
        ("http://localhost/", "no whole name like example.org: 'localhost'"),
    ],
)
def test_what_is_wrong_with_an_address_is_said(text: str, words: str) -> None:
    with pytest.raises(UrlRefusedError, match=re.escape(words)) as caught:
        parse_photo_url(text)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("length", [MAX_URL_CHARS - 1, MAX_URL_CHARS])
def test_an_address_may_be_as_long_as_the_limit(length: int) -> None:
    assert parse_photo_url("http://a.example/".ljust(length, "b")).path.endswith("b")


@pytest.mark.parametrize(
    "text",
    [
        "http://a.example/".ljust(MAX_URL_CHARS + 1, "b"),
        "http://a.example/" + "é" * 342,
        "http://a.example/?" + "é" * 342,
    ],
    ids=["path", "letters of a path", "letters of a query"],
)
def test_an_address_over_the_limit_is_refused_also_when_encoding_makes_it_so(text: str) -> None:
    with pytest.raises(UrlRefusedError, match=f"at most {MAX_URL_CHARS}"):
        parse_photo_url(text)


BASE = parse_photo_url("https://example.org/a/b.jpg?token=secret")


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("/c.jpg", "https://example.org/c.jpg"),
        ("c.jpg", "https://example.org/a/c.jpg"),
        ("../c.jpg", "https://example.org/c.jpg"),
        ("//b.example/c.jpg", "https://b.example/c.jpg"),
        ("https://b.example/c.jpg#top", "https://b.example/c.jpg"),
        ("HTTP://B.example", "http://b.example/"),
        ("/größe.jpg", "https://example.org/gr%C3%B6%C3%9Fe.jpg"),
    ],
)
def test_a_redirect_leads_where_browsers_would_go(location: str, expected: str) -> None:
    assert BASE.join(location).source == expected


@pytest.mark.parametrize(
    "location",
    ["http://[::1", "http://user@b.example/", "//b.example:22/", "file:///etc/passwd", "\\\\b.example\\c", "/a b",
     "/a\tb", "//2130706433/", "javascript:alert(1)", "//localhost/", "http://a\u2100b.example/", "mailto:a@b.example"],
)  # fmt: skip
def test_a_redirect_is_read_by_the_same_parser(location: str) -> None:
    with pytest.raises(UrlRefusedError):
        BASE.join(location)


def test_a_parsed_address_does_not_change() -> None:
    with pytest.raises(AttributeError):
        BASE.host = "127.0.0.1"  # type: ignore[misc]
    assert isinstance(BASE, PhotoUrl)
