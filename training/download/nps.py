"""The National Park Service: the photos of its galleries, where each says of itself that it is in the public domain.

Source: nps.gov/subjects/developer (1,000 requests an hour and key; beyond it the key is blocked for an hour).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from training.download.answers import number_of, table_of, tables_of, text_of, text_of_html
from training.download.candidate import Candidate
from training.download.licences import Licence, parse_licence
from training.download.names import slug_of
from training.download.parks import Park
from training.download.polite_client import PoliteClient
from training.download.site import Site, site_of

API_URL = "https://developer.nps.gov/api/v1"
PHOTO_HOSTS = (".nps.gov",)
PAGE_SIZE = 50
# 3,600 s / 1,000 requests, and a little more: whatever is asked, the hour's budget is kept.
MIN_PAUSE_S = 3.7
_LICENCE_NAME = "Public domain (US National Park Service)"
_LICENCE_URL = "https://www.nps.gov/aboutus/disclaimer.htm"
_RESERVED = ("©", "(c)", "copyrighted", "all rights reserved", "restrictions apply", "permission")
# "NPS / Jane Doe" and "NPS Photo by Jane Doe" are one photographer.
_SERVICE = re.compile(
    r"(u\.?s\.? )?(national park service|nps)\b ?((photo|image|picture)s?)? ?[/:,|–—-]? ?(by )?", re.IGNORECASE
)
_SHARED_NAME = re.compile(r"sequoia (and|&|&amp;) kings canyon( national parks?)?")


class Nps:
    """Needs a key; asks no faster than the hour's budget allows."""

    name = "nps"

    def __init__(
        self,
        client: PoliteClient,
        key: str,
        *,
        max_pages: int,
        api_url: str = API_URL,
        photo_hosts: tuple[str, ...] = PHOTO_HOSTS,
        min_pause_s: float = MIN_PAUSE_S,
    ) -> None:
        self._client = client
        self._key = key
        self._max_pages = max_pages
        self._api_url = api_url
        self._api_site = site_of(api_url, min_pause_s)
        self.photo_site = Site(photo_hosts)

    def candidates(self, park: Park) -> Iterator[Candidate]:
        if not park.nps:
            return
        start = 0
        for _ in range(self._max_pages):
            answer = self._ask(park.nps, start)
            assets = tables_of(answer.get("data"))
            yield from (_candidate(asset, park) for asset in assets)
            start += len(assets)
            if not assets or start >= number_of(answer.get("total")):
                return

    def _ask(self, code: str, start: int) -> dict[str, Any]:
        params = {"parkCode": code, "limit": str(PAGE_SIZE), "start": str(start)}
        # In a header: an address with the key in it would end in logs.
        headers = {"X-Api-Key": self._key}
        return self._client.get_json(
            f"{self._api_url}/multimedia/galleries/assets", self._api_site, params, headers=headers
        )


def _candidate(asset: dict[str, Any], park: Park) -> Candidate:
    file = table_of(asset.get("fileInfo")) or next(iter(tables_of(asset.get("fileInfo"))), {})
    page = text_of(asset.get("permalinkUrl")) or text_of(asset.get("permalink")) or text_of(file.get("url"))
    credit = text_of_html(asset.get("credit"))
    licence = _licence(asset)
    return Candidate(
        provider=Nps.name,
        provider_id=text_of(asset.get("id")),
        url=text_of(file.get("url")),
        page=page,
        title=text_of_html(asset.get("title")),
        author=credit or "National Park Service",
        source=_source(credit, page),
        licence=licence,
        objection=_other_park(asset, park) or ("" if licence else _restriction(asset)),
    )


def _licence(asset: dict[str, Any]) -> Licence | None:
    """Public domain where the asset says so and nothing in it says otherwise."""
    constraint = text_of(table_of(asset.get("constraintsInfo")).get("constraint")).lower()
    copyright_text = text_of_html(asset.get("copyright")).lower()
    says_so = constraint.startswith("public domain") or (not constraint and "public domain" in copyright_text)
    if not says_so or any(word in copyright_text for word in _RESERVED):
        return None
    return parse_licence("pd", _LICENCE_URL, _LICENCE_NAME)


def _restriction(asset: dict[str, Any]) -> str:
    said = text_of(table_of(asset.get("constraintsInfo")).get("constraint")) + text_of(asset.get("copyright"))
    return "restrictions" if said else ""


def _source(credit: str, page: str) -> str:
    """The photographer; of photos credited to the service alone, their gallery: mostly one day's, by one hand."""
    gallery = re.search(r"[?&]gid=([A-Za-z0-9-]+)", page)
    person = slug_of(_SERVICE.sub("", credit, count=1).strip())
    return person or (f"nps-gallery-{gallery[1].lower()}" if gallery else "")


def _other_park(asset: dict[str, Any], park: Park) -> str:
    """Parks that share a code are told apart by the words of a photo's title, description and tags."""
    related = {text_of(row.get("parkCode")).lower() for row in tables_of(asset.get("relatedParks"))} - {""}
    if related and related != {park.nps}:
        return "several parks"
    if not park.nps_words:
        return ""
    tags = asset.get("tags")
    texts = [asset.get(key) for key in ("title", "altText", "description")] + (tags if isinstance(tags, list) else [])
    words = _SHARED_NAME.sub(" ", " | ".join(map(text_of_html, texts)).lower())
    wanted = any(word in words for word in park.nps_words)
    return "" if wanted and not any(word in words for word in park.nps_other_words) else "which park is not told"
