"""Photos from their addresses: redirects followed, several at once, all within one deadline and one budget."""

from __future__ import annotations

import logging
import re
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http import HTTPStatus

import h11

from app.errors import (
    BusyError,
    PhotoError,
    UrlAnswerError,
    UrlRefusedError,
    UrlTimeoutError,
    UrlUnreachableError,
    WebPageError,
)
from app.intake.incoming import IncomingPhoto, PhotoAddress, arrived_photo
from app.intake.url_fetch.connect import Connector
from app.intake.url_fetch.exchange import REDIRECTS, UrlAnswer, exchange
from app.intake.url_fetch.limits import ByteBudget, Deadline, FetchLimits
from app.intake.url_fetch.photo_url import PhotoUrl, parse_photo_url

_log = logging.getLogger(__name__)

# No photo begins with "<"; SVG does, and is left to be called what it is: no photo.
_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(!doctype html|html|head|body|script|meta|title)?", re.IGNORECASE)
_PAGE_TYPES = ("text/html", "application/xhtml+xml")


@dataclass(frozen=True)
class _Allowance:
    """What all photos of one request share."""

    deadline: Deadline
    budget: ByteBudget


class UrlFetcher:
    """Fetches photos for requests.

    Thread safety: `fetch` may be called from any number of threads. `_places` bounds the requests that fetch at once,
    so that slow hosts hold some of a worker's threads and never all of them.
    """

    def __init__(self, limits: FetchLimits, user_agent: str, connector: Connector) -> None:
        self._limits = limits
        self._user_agent = user_agent
        self._connector = connector
        self._places = threading.BoundedSemaphore(limits.max_fetches)

    def fetch(self, addresses: Sequence[PhotoAddress]) -> list[IncomingPhoto]:
        """The photos at these addresses, in their order; one that cannot be had has its error.

        Raises:
            BusyError: too many requests are fetching already, or too many names are being looked up.
        """
        if not self._places.acquire(blocking=False):
            raise BusyError("Too many photos are being fetched right now. Try again in a moment, or send the photo.")
        try:
            return self._fetch_all(addresses)
        finally:
            self._places.release()

    def _fetch_all(self, addresses: Sequence[PhotoAddress]) -> list[IncomingPhoto]:
        allowance = _Allowance(Deadline(self._limits.max_s), ByteBudget(self._limits.max_bytes))
        if len(addresses) == 1:
            return [self._fetch_one(addresses[0], allowance)]
        with ThreadPoolExecutor(self._limits.max_parallel, thread_name_prefix="fetch") as pool:
            return list(pool.map(lambda address: self._fetch_one(address, allowance), addresses))

    def _fetch_one(self, address: PhotoAddress, allowance: _Allowance) -> IncomingPhoto:
        source, started = address.name, time.monotonic()
        try:
            url = parse_photo_url(address.url)
            source = url.source
            image_bytes = self._follow(url, allowance)
        except PhotoError as error:
            _log.info("did not fetch %s: %s", source, error.code)
            return IncomingPhoto(source, error=error)
        _log.info("fetched %s: %d bytes in %.0f ms", source, len(image_bytes), 1000 * (time.monotonic() - started))
        return arrived_photo(source, image_bytes)

    def _follow(self, url: PhotoUrl, allowance: _Allowance) -> bytes:
        for _ in range(self._limits.max_redirects + 1):
            answer = self._ask(url, allowance)
            if answer.status not in REDIRECTS or not answer.location:
                return _photo_of(answer, url)
            url = _redirected(url, answer.location)
        raise UrlAnswerError(
            f"The address redirects more than {self._limits.max_redirects} times. Name the one it ends at."
        )

    def _ask(self, url: PhotoUrl, allowance: _Allowance) -> UrlAnswer:
        """One host, asked once: looked up, checked, dialled, and never by another address than one checked here."""
        with _in_our_words(url, allowance.deadline):
            connection = self._connector.open(url, allowance.deadline, self._limits.max_dials)
            with closing(connection):
                return exchange(connection, url, self._user_agent, allowance.budget, allowance.deadline)


def _redirected(url: PhotoUrl, location: str) -> PhotoUrl:
    """Where a redirect leads; never from https to http, where anybody on the way could have put another photo."""
    target = url.join(location)
    if (url.scheme, target.scheme) == ("https", "http"):
        raise UrlRefusedError("The address redirects from https to http. Name an address that does not.")
    return target


def _photo_of(answer: UrlAnswer, url: PhotoUrl) -> bytes:
    """The answer's body, whatever it says it is; unless it is a page, which a browser would show as one."""
    if answer.status != HTTPStatus.OK:
        raise UrlAnswerError(f"{url.host} answers with status {answer.status}, not with a photo. Check the address.")
    if answer.content_encoding.strip().lower() not in ("", "identity"):
        raise UrlAnswerError(f"{url.host} sends the photo packed, although we asked for it as it is. Send the photo.")
    beginning = _PAGE.match(answer.body)
    if beginning and (beginning[1] or answer.content_type.lower().startswith(_PAGE_TYPES)):
        raise WebPageError(
            "This is the address of a web page, not of a photo. Open the picture alone (on a computer: right-click, "
            "'Open image in new tab') and copy its address."
        )
    return answer.body


@contextmanager
def _in_our_words(url: PhotoUrl, deadline: Deadline) -> Iterator[None]:
    """What the network's libraries raise, as our errors: the one boundary."""
    try:
        yield
    except TimeoutError as exc:
        raise UrlTimeoutError(
            f"{url.host} is too slow: a request's photos are fetched within {deadline.seconds:g} s. Try again later, "
            "or send the photo itself."
        ) from exc
    except ssl.SSLCertVerificationError as exc:
        raise UrlUnreachableError(f"The certificate of {url.host} is not valid, so its photos are not taken.") from exc
    except OSError as exc:
        raise UrlUnreachableError(f"No connection to {url.host}, or it broke off. Check the address.") from exc
    except h11.ProtocolError as exc:
        raise UrlAnswerError(f"{url.host} answers with something that is no HTTP, or breaks off.") from exc
