"""Wikimedia Commons: the files of a park's categories, then those of their sub-categories.

Source: the MediaWiki Action API (mediawiki.org/wiki/API:Query, API:Categorymembers, API:Imageinfo); the thumbnail
widths it serves (mediawiki.org/wiki/Common_thumbnail_sizes); its etiquette (mediawiki.org/wiki/API:Etiquette).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from training.download.answers import number_of, table_of, tables_of, text_of, text_of_html
from training.download.candidate import Candidate
from training.download.commons_titles import is_denied_category, is_denied_file
from training.download.errors import FetchError
from training.download.licences import Licence, parse_licence
from training.download.names import slug_of
from training.download.parks import Park
from training.download.polite_client import PoliteClient
from training.download.site import Site, site_of

API_URL = "https://commons.wikimedia.org/w/api.php"
PHOTO_HOSTS = (".wikimedia.org",)
# One of the widths that are served: any other is answered with an error since 2026.
THUMB_WIDTH_PX = 960
# More scaled images than 50 an answer are not given.
_PAGE_SIZE = 50
# Photos are JPEG there (or WebP); PNG, SVG and TIFF are maps, drawings and scans.
_PHOTO_TYPES = frozenset({"image/jpeg", "image/webp"})
_BUSY_CODES = frozenset({"maxlag", "ratelimited"})
_EVERY_QUESTION = {"action": "query", "format": "json", "formatversion": "2", "maxlag": "5"}
_METADATA = "LicenseShortName|License|LicenseUrl|Artist|Credit|Restrictions"
_ABOUT_FILES = {
    "prop": "imageinfo",
    "iiprop": "url|size|mime|sha1|user|extmetadata",
    "iiurlwidth": str(THUMB_WIDTH_PX),
    "iiextmetadatalanguage": "en",
    "iiextmetadatafilter": _METADATA,
}


class Commons:
    """Needs no key; asks one listing at a time, and only while it is asked for more photos."""

    name = "commons"

    def __init__(
        self,
        client: PoliteClient,
        *,
        max_pages: int,
        max_depth: int,
        api_url: str = API_URL,
        photo_hosts: tuple[str, ...] = PHOTO_HOSTS,
    ) -> None:
        self._client = client
        self._max_pages = max_pages
        self._max_depth = max_depth
        self._api_url = api_url
        self._api_site = site_of(api_url)
        self.photo_site = Site(photo_hosts)

    def candidates(self, park: Park) -> Iterator[Candidate]:
        """Breadth first: the files of a category itself show the park more surely than those of its sub-categories."""
        pages_left = _PagesLeft(self._max_pages)
        waiting = deque((f"Category:{name}", 0) for name in park.commons)
        seen = {title for title, _ in waiting}
        while waiting and pages_left:
            category, depth = waiting.popleft()
            yield from self._files(category, pages_left)
            if depth < self._max_depth:
                below = [title for title in self._subcategories(category, pages_left) if title not in seen]
                seen.update(below)
                waiting.extend((title, depth + 1) for title in below if not is_denied_category(title))

    def _files(self, category: str, pages_left: _PagesLeft) -> Iterator[Candidate]:
        question = {
            "generator": "categorymembers",
            "gcmtitle": category,
            "gcmtype": "file",
            "gcmlimit": str(_PAGE_SIZE),
            **_ABOUT_FILES,
        }
        pages: dict[int, dict[str, Any]] = {}
        for answer in self._answers(question, pages_left):
            for page in tables_of(table_of(answer.get("query")).get("pages")):
                _merge(pages, page)
            # What is known of a page may come over several answers: it is whole when the batch is.
            if answer.get("batchcomplete", False) is not False or "continue" not in answer:
                yield from map(_candidate, pages.values())
                pages = {}
        # Asked no further in the middle of a batch: what is already told of a page is enough for it.
        yield from (_candidate(page) for page in pages.values() if page.get("imageinfo"))

    def _subcategories(self, category: str, pages_left: _PagesLeft) -> Iterator[str]:
        question = {"list": "categorymembers", "cmtitle": category, "cmtype": "subcat", "cmlimit": "500"}
        for answer in self._answers(question, pages_left):
            members = tables_of(table_of(answer.get("query")).get("categorymembers"))
            yield from filter(None, (text_of(member.get("title")) for member in members))

    def _answers(self, question: Mapping[str, str], pages_left: _PagesLeft) -> Iterator[dict[str, Any]]:
        """All pages of an answer: the next question is the first one with the whole `continue` in it."""
        going_on: dict[str, str] = {}
        while pages_left.take():
            answer = self._ask({**_EVERY_QUESTION, **question, **going_on})
            yield answer
            before, going_on = going_on, {k: text_of(v) for k, v in table_of(answer.get("continue")).items()}
            if not going_on or going_on == before:
                return

    def _ask(self, params: Mapping[str, str]) -> dict[str, Any]:
        answer = self._client.get_json(self._api_url, self._api_site, params, is_busy=_is_busy)
        if "error" in answer:
            code = text_of(table_of(answer["error"]).get("code"))[:40] or "unnamed"
            raise FetchError(f"API error {code}", self._api_url)
        return answer


class _PagesLeft:
    """How many more listings may be asked for."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __bool__(self) -> bool:
        return self._count > 0

    def take(self) -> bool:
        """Takes one; False when none is left."""
        self._count -= 1
        return self._count >= 0


def _is_busy(answer: dict[str, Any]) -> bool:
    return table_of(answer.get("error")).get("code") in _BUSY_CODES


def _merge(pages: dict[int, dict[str, Any]], page: dict[str, Any]) -> None:
    known = pages.setdefault(number_of(page.get("pageid")), {})
    known.update({key: value for key, value in page.items() if value or key not in known})


def _candidate(page: dict[str, Any]) -> Candidate:
    info = (tables_of(page.get("imageinfo")) or [{}])[0]
    metadata = table_of(info.get("extmetadata"))
    user, title = text_of(info.get("user")), text_of(page.get("title")).removeprefix("File:")
    author = text_of_html(_value(metadata, "Artist"))
    return Candidate(
        provider=Commons.name,
        provider_id=text_of(page.get("pageid")),
        url=_photo_url(info),
        page=text_of(info.get("descriptionurl")),
        title=title,
        author=author or text_of_html(_value(metadata, "Credit")) or user,
        source=slug_of(author) or slug_of(user),
        licence=_licence(metadata),
        objection=_objection(title, info, metadata),
    )


def _photo_url(info: dict[str, Any]) -> str:
    """The scaled copy, or the file where it is no larger than that; never an address that we put together."""
    small = 0 < number_of(info.get("width")) <= THUMB_WIDTH_PX
    return text_of(info.get("thumburl")) or (text_of(info.get("url")) if small else "")


def _licence(metadata: dict[str, Any]) -> Licence | None:
    name, url = text_of_html(_value(metadata, "LicenseShortName")), text_of(_value(metadata, "LicenseUrl"))
    return parse_licence(text_of(_value(metadata, "License")) or name, url, name)


def _objection(title: str, info: dict[str, Any], metadata: dict[str, Any]) -> str:
    if text_of(info.get("mime")) not in _PHOTO_TYPES:
        return "not a photo's format"
    if text_of_html(_value(metadata, "Restrictions")):
        return "restrictions"
    return "title of no photo" if is_denied_file(title) else ""


def _value(metadata: dict[str, Any], key: str) -> Any:
    return table_of(metadata.get(key)).get("value")
