"""The only outgoing HTTP: named, paced, patient, bounded, and to expected hosts alone."""

from __future__ import annotations

import gzip
import socket
from dataclasses import replace
from importlib.metadata import version

import pytest

from tests.training.download.conftest import HERE, FakeClock
from tests.training.download.standin import Reply, Standin, json_reply
from training.download.errors import ContactError, FetchError, ProviderError
from training.download.limits import DownloadLimits
from training.download.polite_client import PoliteClient
from training.download.site import Site
from training.download.user_agent import make_user_agent

OK = json_reply({"fine": True})


def test_it_says_who_asks_and_whom_to_write_to(standin: Standin, client: PoliteClient) -> None:
    client.get_bytes(standin.answers("/a", Reply(body=b"a")), HERE)
    assert standin.asked[0].headers["User-Agent"] == f"which-park/1.2 (me@example.org) requests/{version('requests')}"


@pytest.mark.parametrize(
    "contact", ["me", "", "me@example.org\r\nX: y", "jo (me@example.org)", "ü@example.org", "@" * 201]
)
def test_a_contact_that_nobody_can_write_to_is_refused(contact: str) -> None:
    with pytest.raises(ContactError, match="--contact"):
        make_user_agent(contact, "1")


def test_it_pauses_between_two_requests_to_one_host(standin: Standin, limits: DownloadLimits, clock: FakeClock) -> None:
    url = standin.answers("/a", Reply())
    with PoliteClient("me", replace(limits, min_pause_s=1.5), clock) as client:
        for _ in range(3):
            client.get_bytes(url, HERE)
        assert clock.slept == [1.5, 1.5]
        client.get_bytes(url, Site(HERE.hosts, min_pause_s=4.0))
        assert clock.slept[-1] == 4.0


@pytest.mark.parametrize("status", [429, 503])
def test_it_waits_as_long_as_it_is_asked_to(
    standin: Standin, client: PoliteClient, clock: FakeClock, status: int
) -> None:
    later = Reply(status, headers={"Retry-After": "17"})
    assert client.get_bytes(standin.answers("/a", later, later, Reply(body=b"a")), HERE) == b"a"
    assert clock.slept == [17.0, 17.0]


def test_it_waits_until_the_date_it_is_given(standin: Standin, client: PoliteClient, clock: FakeClock) -> None:
    later = Reply(503, headers={"Retry-After": "Thu, 01 Jan 2026 00:00:30 GMT"})
    client.get_bytes(standin.answers("/a", later, Reply()), HERE)
    assert clock.slept == [30.0]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_without_a_time_it_waits_longer_each_time(
    standin: Standin, client: PoliteClient, clock: FakeClock, status: int
) -> None:
    client.get_bytes(standin.answers("/a", Reply(status), Reply(status), Reply(status), Reply()), HERE)
    assert clock.slept == [2.0, 4.0, 8.0]


def test_its_tries_are_bounded(standin: Standin, client: PoliteClient, limits: DownloadLimits) -> None:
    with pytest.raises(ProviderError, match="too busy"):
        client.get_bytes(standin.answers("/a", Reply(429)), HERE)
    assert len(standin.asked) == limits.max_tries


def test_a_server_that_always_fails_at_one_address_is_not_given_up(standin: Standin, client: PoliteClient) -> None:
    with pytest.raises(FetchError, match="HTTP 500"):
        client.get_bytes(standin.answers("/a", Reply(500)), HERE)


def test_it_waits_at_most_as_long_as_it_may(standin: Standin, client: PoliteClient, clock: FakeClock) -> None:
    at_the_limit = Reply(429, headers={"Retry-After": "120"})
    client.get_bytes(standin.answers("/a", at_the_limit, Reply()), HERE)
    assert clock.slept == [120.0]
    over_it = Reply(429, headers={"Retry-After": "121"})
    with pytest.raises(ProviderError, match=r"left alone for 121 s\. Run the same command again"):
        client.get_bytes(standin.answers("/b", over_it), HERE)
    assert standin.paths() == ["/a", "/a", "/b"]


def test_a_busy_answer_with_status_200_is_tried_again(standin: Standin, client: PoliteClient, clock: FakeClock) -> None:
    lagging = json_reply({"error": {"code": "maxlag", "lag": 9}}, Retry_After="5")
    url = standin.answers("/api", lagging, OK)
    answer = client.get_json(url, HERE, {"a": "b c"}, is_busy=lambda answer: "error" in answer)
    assert (answer, clock.slept) == ({"fine": True}, [5.0])
    assert standin.asked[1].params == {"a": "b c"}


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'"text"', b"\xff", b"[" * 50_000])
def test_what_is_no_json_object_is_refused(standin: Standin, client: PoliteClient, body: bytes) -> None:
    with pytest.raises(FetchError, match=r"not .*JSON"):
        client.get_json(standin.answers("/api", Reply(body=body)), HERE, {})


@pytest.mark.parametrize("status", [401, 403])
def test_an_api_that_refuses_us_is_asked_no_further(standin: Standin, client: PoliteClient, status: int) -> None:
    with pytest.raises(ProviderError, match=f"refuses us \\(HTTP {status}\\)"):
        client.get_json(standin.answers("/api", Reply(status)), HERE, {})
    assert len(standin.asked) == 1


@pytest.mark.parametrize("status", [204, 206, 304, 400, 403, 404, 410])
def test_an_address_without_a_photo_is_not_tried_again(standin: Standin, client: PoliteClient, status: int) -> None:
    with pytest.raises(FetchError, match=f"HTTP {status}"):
        client.get_bytes(standin.answers("/a", Reply(status)), HERE)
    assert len(standin.asked) == 1


@pytest.mark.parametrize("size", [199_999, 200_000])
def test_a_body_up_to_the_limit_is_taken(standin: Standin, client: PoliteClient, size: int) -> None:
    assert len(client.get_bytes(standin.answers("/a", Reply(body=bytes(size))), HERE)) == size


@pytest.mark.parametrize(
    "reply",
    [
        Reply(body=bytes(200_001)),
        Reply(endless=True),
        Reply(body=gzip.compress(bytes(10_000_000)), headers={"Content-Encoding": "gzip"}),
    ],
    ids=["declared", "endless", "compressed"],
)
def test_a_body_over_the_limit_is_not_read_to_its_end(standin: Standin, client: PoliteClient, reply: Reply) -> None:
    with pytest.raises(FetchError, match="too many bytes"):
        client.get_bytes(standin.answers("/a", reply), HERE)
    assert len(standin.asked) == 1


def test_a_request_that_takes_too_long_is_given_up(standin: Standin, limits: DownloadLimits, clock: FakeClock) -> None:
    clock.step_s = 50.0
    with (
        PoliteClient("me", replace(limits, max_bytes=10**9), clock) as client,
        pytest.raises(FetchError, match="too slow"),
    ):
        client.get_bytes(standin.answers("/a", Reply(endless=True)), HERE)


def test_a_body_that_breaks_off_is_fetched_again(standin: Standin, client: PoliteClient) -> None:
    torn = Reply(body=b"half", missing_bytes=4)
    assert client.get_bytes(standin.answers("/a", torn, Reply(body=b"halfhalf")), HERE) == b"halfhalf"
    with pytest.raises(FetchError, match="broken off"):
        client.get_bytes(standin.answers("/b", torn), HERE)


def test_a_body_that_is_not_compressed_as_it_says_is_refused(standin: Standin, client: PoliteClient) -> None:
    with pytest.raises(FetchError, match="broken off"):
        client.get_bytes(standin.answers("/a", Reply(body=b"plain", headers={"Content-Encoding": "gzip"})), HERE)


def test_a_host_out_of_reach_is_told_as_such(client: PoliteClient, clock: FakeClock) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(ProviderError, match=r"127\.0\.0\.1 cannot be reached"):
        client.get_bytes(f"http://127.0.0.1:{port}/a", HERE)
    assert clock.slept == [2.0, 4.0, 8.0, 16.0]


def redirect(target: str) -> Reply:
    return Reply(302, headers={"Location": target})


def test_redirects_are_followed_up_to_their_limit(standin: Standin, client: PoliteClient) -> None:
    standin.answers("/3", Reply(body=b"here"))
    for number in range(3):
        standin.answers(f"/{number}", redirect(f"/{number + 1}"))
    standin.answers("/-1", redirect("/0"))
    assert client.get_bytes(f"{standin.url}/0", HERE) == b"here"
    with pytest.raises(FetchError, match="too many redirects"):
        client.get_bytes(f"{standin.url}/-1", HERE)


@pytest.mark.parametrize(
    "target",
    ["http://localhost/a", "http://169.254.169.254/a", "file:///etc/passwd", "ftp://127.0.0.1/a", "http://a@127.0.0.1/",
     "//example.org/a", "http://[broken/"],
)  # fmt: skip
def test_a_redirect_to_another_host_is_not_followed(standin: Standin, client: PoliteClient, target: str) -> None:
    with pytest.raises(FetchError, match=r"not a host of this provider|not an address"):
        client.get_bytes(standin.answers("/a", redirect(target)), HERE)
    assert len(standin.asked) == 1


def test_the_body_of_a_redirect_is_not_read(standin: Standin, client: PoliteClient) -> None:
    standin.answers("/b", Reply(body=b"here"))
    url = standin.answers("/a", Reply(302, headers={"Location": "/b"}, endless=True))
    assert client.get_bytes(url, HERE) == b"here"


@pytest.mark.parametrize(
    ("url", "is_ours"),
    [
        ("https://www.nps.gov/a.jpg", True),
        ("http://nps.gov.example.org/a", False),
        ("https://evilnps.gov/a", False),
        ("https://nps.gov@example.org/a", False),
        ("https://WWW.NPS.GOV/a", True),
        ("", False),
    ],
)
def test_a_site_with_a_dot_has_all_hosts_below_it(url: str, is_ours: bool) -> None:
    assert Site((".nps.gov",)).has(url) is is_ours
