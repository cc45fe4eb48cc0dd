"""Connections: to the address that was checked and no other, with the certificate of the host that was named."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterator

import pytest
import trustme

from app.intake.url_fetch.connect import dial, web_tls
from app.intake.url_fetch.limits import FetchLimits
from tests.intake.url_fetch.internet import (
    LOCAL,
    PUBLIC,
    FakeInternet,
    HastyServer,
    HostileServer,
    endless,
    redirect,
    reply,
    running,
    then_closes,
)

URL = "https://photos.example/half-dome.jpg"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def asked_names() -> list[str | None]:
    """The names that TLS clients asked for (SNI)."""
    return []


@pytest.fixture
def secure(
    authority: trustme.CA, asked_names: list[str | None], request: pytest.FixtureRequest
) -> Iterator[FakeInternet]:
    """An internet of https, where the authority is trusted; the server's certificate is for the fixture's parameter."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*getattr(request, "param", ("photos.example", PUBLIC))).configure_cert(context)
    context.sni_callback = lambda sock, name, context: asked_names.append(name)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    with running(HostileServer(context)) as server:
        yield FakeInternet(server, lambda: trusting)


def test_the_certificate_is_checked_for_the_name_while_the_address_is_dialled(
    secure: FakeInternet, asked_names: list[str | None]
) -> None:
    secure.server.plays(reply(b"photo"))
    assert secure.fetch(URL)[0].image_bytes == b"photo"
    assert secure.dialled == [f"{PUBLIC} 443"]
    assert asked_names == ["photos.example"]
    assert b"Host: photos.example\r\n" in secure.server.heads[0]


def test_a_host_that_is_an_address_needs_a_certificate_for_it(secure: FakeInternet) -> None:
    secure.server.plays(reply(b"photo"))
    assert secure.fetch(f"https://{PUBLIC}/a.jpg")[0].image_bytes == b"photo"
    assert secure.code("https://93.184.216.35/a.jpg") == "url_unreachable"


@pytest.mark.parametrize(
    "secure", [("other.example",), ("*.photos.example",), ("photos.example.other.example",), (PUBLIC,)], indirect=True
)
def test_a_certificate_of_another_name_is_refused(secure: FakeInternet) -> None:
    secure.server.plays(reply(b"photo"))
    [photo] = secure.fetch(URL)
    assert photo.error is not None
    assert photo.error.code == "url_unreachable"
    assert "The certificate of photos.example is not valid" in str(photo.error)
    assert secure.server.heads == []  # Nothing was asked of it.


def test_a_certificate_of_an_unknown_authority_is_refused(secure: FakeInternet) -> None:
    internet = FakeInternet(secure.server)  # Trusts whom browsers trust.
    assert internet.code(URL) == "url_unreachable"
    assert secure.server.heads == []


def test_a_redirect_from_https_to_http_is_refused(secure: FakeInternet) -> None:
    secure.server.plays(redirect("http://photos.example/half-dome.jpg"))
    [photo] = secure.fetch(URL)
    assert photo.error is not None
    assert photo.error.code == "url_refused"
    assert "from https to http" in str(photo.error)
    assert len(secure.dialled) == 1


def test_a_redirect_from_https_to_https_is_followed(secure: FakeInternet) -> None:
    secure.server.plays(redirect("/b.jpg"), reply(b"photo"))
    assert secure.fetch(URL)[0].image_bytes == b"photo"


def test_what_speaks_no_tls_is_out_of_reach() -> None:
    with running(HastyServer()) as server:
        server.plays(reply(b"photo"))
        assert FakeInternet(server).code(URL) == "url_unreachable"


def test_a_photo_in_tls_records_of_a_byte_is_not_read_to_its_end(secure: FakeInternet) -> None:
    """Each of them costs a read of its own, whereas bytes without TLS are read as many as there are."""
    secure.server.plays(endless(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", b"a"))
    assert secure.code(URL) == "url_bad_answer"


@pytest.mark.parametrize(("record_bytes", "taken"), [(536, True), (300, False)])
def test_records_as_small_as_honest_packets_are_read(secure: FakeInternet, record_bytes: int, taken: bool) -> None:
    n_records = 1_000_000 // record_bytes
    body = [bytes(record_bytes)] * n_records
    secure.server.plays(
        then_closes(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (n_records * record_bytes), *body)
    )
    assert (secure.fetch(URL)[0].error is None) == taken


def test_a_tls_record_that_drips_is_not_waited_for(secure: FakeInternet) -> None:
    secure.server.plays(secure.server.drips(b"HTTP/1.1 200 OK\r\n", b"a"))
    started = time.monotonic()
    assert secure.code(URL, FetchLimits(max_s=0.3)) == "url_timeout"
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "pieces", [(b"",), (b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc", b"\x00")], ids=["silence", "drip"]
)
def test_a_tls_greeting_that_does_not_end_is_not_waited_for(pieces: tuple[bytes, ...]) -> None:
    """The drip: a record of 16 kB is announced and comes byte by byte."""
    with running(HastyServer()) as server:
        server.plays(server.drips(*pieces))
        started = time.monotonic()
        assert FakeInternet(server).code(URL, FetchLimits(max_s=0.3)) == "url_timeout"
        assert time.monotonic() - started < 5


def test_the_webs_authorities_are_trusted_and_names_are_checked() -> None:
    context = web_tls()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert context.cert_store_stats()["x509_ca"] > 50


def test_an_address_is_dialled_without_a_name_server(server: HostileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*question: object, **options: object) -> None:
        raise AssertionError(f"a name server was asked for {question}")

    monkeypatch.setattr(socket, "getaddrinfo", asked)
    with dial(LOCAL, server.port, 5.0) as sock:
        assert sock.getpeername() == ("127.0.0.1", server.port)


def test_a_port_without_a_listener_takes_no_connection(server: HostileServer) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(ConnectionRefusedError):
            dial(LOCAL, unused.getsockname()[1], 5.0)


def test_an_ipv6_address_is_dialled_as_one() -> None:
    try:
        listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6")
    with listener, dial(ipaddress.ip_address("::1"), listener.getsockname()[1], 5.0) as sock:
        assert sock.family is socket.AF_INET6
