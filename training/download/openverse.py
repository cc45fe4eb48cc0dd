"""Openverse: openly licensed photos of Flickr, found by a query.

Wikimedia's photos are in Openverse too; they are asked of Commons itself, so that none comes twice.

Source: api.openverse.org/v1 (anonymously at most 20 results a page and 240 a query; its pace is told by its 429).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from training.download.answers import number_of, tables_of, text_of
from training.download.candidate import Candidate
from training.download.licences import LicencePolicy, parse_licence
from training.download.names import slug_of
from training.download.parks import Park
from training.download.polite_client import PoliteClient
from training.download.site import Site, site_of

API_URL = "https://api.openverse.org/v1"
PHOTO_HOSTS = (".staticflickr.com", ".flickr.com")
SOURCES = ("flickr",)
PAGE_SIZE = 20
_MAX_QUERY_CHARACTERS = 200
_FREE = ("cc0", "pdm", "by", "by-sa")
_NONCOMMERCIAL = ("by-nc", "by-nc-sa")
_NODERIVATIVES = ("by-nd",)


class Openverse:
    """Needs no key for the little we ask."""

    name = "openverse"

    def __init__(
        self,
        client: PoliteClient,
        policy: LicencePolicy,
        *,
        max_pages: int,
        api_url: str = API_URL,
        photo_hosts: tuple[str, ...] = PHOTO_HOSTS,
    ) -> None:
        self._client = client
        self._licences = ",".join(_codes(policy))
        self._max_pages = max_pages
        self._api_url = api_url
        self._api_site = site_of(api_url)
        self.photo_site = Site(photo_hosts)

    def candidates(self, park: Park) -> Iterator[Candidate]:
        if not park.openverse:
            return
        for page in range(1, self._max_pages + 1):
            answer = self._ask(park.openverse, page)
            results = tables_of(answer.get("results"))
            yield from map(_candidate, results)
            if not results or page >= number_of(answer.get("page_count")):
                return

    def _ask(self, query: str, page: int) -> dict[str, Any]:
        params = {
            "q": query[:_MAX_QUERY_CHARACTERS],
            "license": self._licences,
            "source": ",".join(SOURCES),
            "page": str(page),
            "page_size": str(PAGE_SIZE),
        }
        return self._client.get_json(f"{self._api_url}/images/", self._api_site, params)


def _codes(policy: LicencePolicy) -> tuple[str, ...]:
    noncommercial = _NONCOMMERCIAL if policy.allow_nc else ()
    noderivatives = _NODERIVATIVES if policy.allow_nd else ()
    both = ("by-nc-nd",) if policy.allow_nc and policy.allow_nd else ()
    return (*_FREE, *noncommercial, *noderivatives, *both)


def _candidate(result: dict[str, Any]) -> Candidate:
    creator = text_of(result.get("creator"))
    code, version = text_of(result.get("license")), text_of(result.get("license_version"))
    return Candidate(
        provider=Openverse.name,
        provider_id=text_of(result.get("id")),
        url=text_of(result.get("url")),
        page=text_of(result.get("foreign_landing_url")),
        title=text_of(result.get("title")),
        author=creator,
        source=slug_of(creator),
        licence=parse_licence(f"{code}-{version}".strip("-"), text_of(result.get("license_url"))),
        objection="marked mature" if result.get("mature") is True else "",
    )
