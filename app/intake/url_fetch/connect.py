"""A host's addresses, every one of them checked; a connection to one of those that were checked."""

from __future__ import annotations

import functools
import logging
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import certifi

from app.errors import UrlRefusedError
from app.intake.url_fetch.limits import Deadline
from app.intake.url_fetch.photo_url import IPAddress, PhotoUrl
from app.intake.url_fetch.public import is_public

_log = logging.getLogger(__name__)

Lookup = Callable[[str, Deadline], list[IPAddress]]


def dial(address: IPAddress, port: int, timeout_s: float) -> socket.socket:
    """A connection to this very address: no name is looked up again.

    Raises:
        OSError: there is none, or not in time.
    """
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(timeout_s)
        sock.connect((str(address), port))
    except BaseException:
        sock.close()
        raise
    return sock


@functools.cache
def web_tls() -> ssl.SSLContext:
    """Certificates as browsers trust them, the host's name checked."""
    context = ssl.create_default_context(cafile=certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context


@dataclass(frozen=True)
class Connector:
    """How hosts are reached. A test puts its own network in the place of each part; no setting can."""

    lookup: Lookup
    is_allowed: Callable[[IPAddress], bool] = is_public
    dial: Callable[[IPAddress, int, float], socket.socket] = dial
    tls: Callable[[], ssl.SSLContext] = web_tls

    def open(self, url: PhotoUrl, deadline: Deadline, max_dials: int) -> socket.socket:
        """A connection to the address's host, over TLS if it is https.

        Raises:
            UrlRefusedError: an address of the host is not the internet's, or it has none. One error for both: whether
                a name exists in our own network is nobody's business.
            OSError: the host takes no connection (TimeoutError: not in time), or has another's certificate.
            BusyError: see `lookup`.
        """
        sock = self._dial_any(self._checked(url, deadline)[:max_dials], url.port, deadline)
        if url.scheme == "http":
            return sock
        try:
            sock.settimeout(deadline.left_s())
            return self.tls().wrap_socket(sock, server_hostname=url.host)
        except BaseException:
            sock.close()
            raise

    def _checked(self, url: PhotoUrl, deadline: Deadline) -> list[IPAddress]:
        found = [url.address] if url.address else self.lookup(url.host, deadline)
        refused = [address for address in found if not self.is_allowed(address)]
        if refused or not found:
            _log.info("refused %s: %s", url.source, f"it leads to {refused[0]}" if refused else "no such host")
            raise UrlRefusedError(f"There is no public host {url.host} on the internet. Check the address.")
        return found

    def _dial_any(self, addresses: Sequence[IPAddress], port: int, deadline: Deadline) -> socket.socket:
        """One that answers. Each gets its share of the time, so that a dead one leaves some to the next."""
        *first, last = addresses
        for n_tried, address in enumerate(first):
            try:
                return self.dial(address, port, deadline.left_s() / (len(addresses) - n_tried))
            except OSError:
                continue
        return self.dial(last, port, deadline.left_s())
