"""The only outgoing HTTP of the trainer: one request at a time, named, paced, bounded, to expected hosts alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import requests
import urllib3

from training.download.answers import parse_object
from training.download.clock import Clock
from training.download.errors import FetchError, ProviderError, UnreachableError
from training.download.limits import DownloadLimits
from training.download.retry_after import parse_retry_after
from training.download.site import Site

_NO_HEADERS: Mapping[str, str] = {}
_CHUNK_BYTES = 1 << 16
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TOO_MANY_REQUESTS = frozenset({429, 503})
_SERVER_FAILED = frozenset({500, 502, 504})
_REFUSALS = frozenset({"HTTP 401", "HTTP 403"})
# A socket that is silent for so long is dead, however much time its request has left.
_SILENCE_S = 20.0
_FIRST_BACKOFF_S = 2.0
_NETWORK_TROUBLE = (
    requests.ConnectionError,  # Names, routes, TLS and proxies too.
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    urllib3.exceptions.HTTPError,
)


@dataclass(frozen=True)
class _Answer:
    """What one request gave; the body is read of a 200 alone."""

    url: str
    status: int
    body: bytes
    retry_after: str | None
    location: str


class _TroubleError(Exception):
    """The network failed; `reached` tells whether the host had begun to answer."""

    def __init__(self, reached: bool) -> None:
        super().__init__()
        self.reached = reached


class _Session(requests.Session):
    """Leaves redirects to us: even when told not to follow one, a Session reads its whole body, however long."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        return None


class PoliteClient:
    """Fetches, serially, with one session.

    Not for several threads: being serial is the promise we make, and the pace is kept here.

    Args:
        name: who asks, and whom to write to; see `make_user_agent`.
        limits: of pauses, tries, redirects, bytes and time.
        clock: the time; with a test's own one, waiting is free.
    """

    def __init__(self, name: str, limits: DownloadLimits, clock: Clock | None = None) -> None:
        self._limits = limits
        self._clock = clock or Clock()
        self._session = _Session()
        self._session.headers["User-Agent"] = name
        self._last_end_s: dict[str, float] = {}

    def __enter__(self) -> PoliteClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def get_json(
        self,
        url: str,
        site: Site,
        params: Mapping[str, str],
        *,
        headers: Mapping[str, str] = _NO_HEADERS,
        is_busy: Callable[[dict[str, Any]], bool] = lambda answer: False,
    ) -> dict[str, Any]:
        """The JSON object at this address.

        Args:
            is_busy: whether an answer says "later" in spite of its status 200, as MediaWiki's maxlag does.
        Raises:
            FetchError: no JSON object is there.
            ProviderError: the API refuses us, is too busy, or out of reach.
        """

        def says_later(answer: _Answer) -> bool:
            return is_busy(parse_object(answer.body, answer.url))

        query = f"{url}?{urlencode(params)}"
        try:
            answer = self._fetch(query, site, headers, self._limits.max_answer_bytes, says_later)
            return parse_object(answer.body, answer.url)
        except FetchError as error:
            if error.reason not in _REFUSALS:
                raise
            raise ProviderError(f"{_host(url)} refuses us ({error.reason}). If it wants a key, is it right?") from error

    def get_bytes(self, url: str, site: Site) -> bytes:
        """The photo at this address, of at most `max_bytes`.

        Raises:
            FetchError: nothing is there that we can use.
            ProviderError: the host is too busy, or out of reach.
        """
        return self._fetch(url, site, _NO_HEADERS, self._limits.max_bytes, lambda answer: False).body

    def _fetch(
        self,
        url: str,
        site: Site,
        headers: Mapping[str, str],
        max_bytes: int,
        says_later: Callable[[_Answer], bool],
    ) -> _Answer:
        failure: FetchError | ProviderError = ProviderError(f"{_host(url)} was not asked.")
        wait_s = 0.0
        for number in range(self._limits.max_tries):
            self._clock.sleep(wait_s)
            wait_s = _FIRST_BACKOFF_S * 2**number
            try:
                answer = self._follow(url, site, headers, max_bytes)
            except _TroubleError as trouble:
                failure = _failure_of(trouble, url)
                continue
            if answer.status == 200 and not says_later(answer):
                return answer
            failure = _failure_of_status(answer)
            wait_s = self._wait_asked_for(answer, wait_s)
        raise failure

    def _wait_asked_for(self, answer: _Answer, default_s: float) -> float:
        """How long to wait before the next try.

        Raises:
            ProviderError: longer than we are ready to.
        """
        asked_s = parse_retry_after(answer.retry_after, self._clock.now())
        if asked_s is not None and asked_s > self._limits.max_wait_s:
            raise ProviderError(
                f"{_host(answer.url)} asks to be left alone for {asked_s:.0f} s. Run the same command again after that."
            )
        return min(default_s if asked_s is None else asked_s, self._limits.max_wait_s)

    def _follow(self, url: str, site: Site, headers: Mapping[str, str], max_bytes: int) -> _Answer:
        """The answer after all redirects; one that may be tried again, or a 200."""
        for _ in range(self._limits.max_redirects + 1):
            if not site.has(url):
                raise FetchError("not a host of this provider", url)
            answer = self._once(url, site, headers, max_bytes)
            if answer.status in _REDIRECTS:
                url = _target_of(answer)
            elif answer.status == 200 or answer.status in _TOO_MANY_REQUESTS | _SERVER_FAILED:
                return answer
            else:
                raise FetchError(f"HTTP {answer.status}", url)
        raise FetchError("too many redirects", url)

    def _once(self, url: str, site: Site, headers: Mapping[str, str], max_bytes: int) -> _Answer:
        self._keep_pace(url, site)
        end_s = self._clock.monotonic_s() + self._limits.request_s
        silence_s = min(_SILENCE_S, self._limits.request_s)
        try:
            response = self._session.get(
                url, headers=dict(headers), stream=True, allow_redirects=False, timeout=silence_s
            )
        except _NETWORK_TROUBLE as exc:
            raise _TroubleError(reached=False) from exc
        except requests.RequestException as exc:
            raise FetchError("not an address", url) from exc
        finally:
            self._last_end_s[_host(url)] = self._clock.monotonic_s()
        with closing(response):
            body = self._read_body(response, max_bytes, end_s) if response.status_code == 200 else b""
        get = response.headers.get
        return _Answer(url, response.status_code, body, get("Retry-After"), get("Location", ""))

    def _keep_pace(self, url: str, site: Site) -> None:
        pause_s = max(self._limits.min_pause_s, site.min_pause_s)
        if (last_s := self._last_end_s.get(_host(url))) is not None:
            self._clock.sleep(max(0.0, last_s + pause_s - self._clock.monotonic_s()))

    def _read_body(self, response: requests.Response, max_bytes: int, end_s: float) -> bytes:
        """The body, counted while it comes: neither its length nor its time is taken on trust."""
        if _declared_bytes(response) > max_bytes:
            raise FetchError("too many bytes", response.url)
        body = bytearray()
        try:
            # read1 gives what is there: read would wait for a full chunk, past the deadline.
            while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=True):
                body += chunk
                if len(body) > max_bytes:
                    raise FetchError("too many bytes", response.url)
                if self._clock.monotonic_s() > end_s:
                    raise FetchError("too slow", response.url)
        except _NETWORK_TROUBLE as exc:
            raise _TroubleError(reached=True) from exc
        return bytes(body)


def _target_of(redirect: _Answer) -> str:
    try:
        return urljoin(redirect.url, redirect.location)
    except ValueError as exc:
        raise FetchError("not an address", redirect.url) from exc


def _declared_bytes(response: requests.Response) -> int:
    text = response.headers.get("Content-Length", "")
    return int(text[:18]) if text.isdecimal() else 0


def _failure_of(trouble: _TroubleError, url: str) -> FetchError | ProviderError:
    if trouble.reached:
        return FetchError("broken off", url)
    return UnreachableError(f"{_host(url)} cannot be reached. Look at the network, then run the same command again.")


def _failure_of_status(answer: _Answer) -> FetchError | ProviderError:
    if answer.status in _SERVER_FAILED:
        return FetchError(f"HTTP {answer.status}", answer.url)
    return ProviderError(f"{_host(answer.url)} is too busy for us. Run the same command again later.")


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
