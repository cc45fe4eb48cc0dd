"""What the providers' APIs answer, in the shapes that were recorded of them, over a stand-in server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.photos import draw_scene, encode
from tests.training.download.standin import Asked, Reply, Standin, json_reply

FREE = {"License": "cc-by-sa-4.0", "LicenseShortName": "CC BY-SA 4.0"}


def photo_bytes(seed: int) -> bytes:
    return encode(draw_scene(seed, (320, 240)))


def commons_page(
    standin: Standin,
    number: int,
    *,
    metadata: Mapping[str, str] | None = None,
    artist: str = '<a href="//commons.wikimedia.org/wiki/User:Jane" title="User:Jane">Jane &amp; Co</a>',
    reply: Reply | None = None,
    **info: Any,
) -> dict[str, Any]:
    """One file of Commons with its imageinfo; its photo lies on the stand-in."""
    url = standin.answers(f"/photos/{number}.jpg", reply or Reply(200, photo_bytes(number)))
    values = {**(FREE if metadata is None else metadata), "Artist": artist}
    image = {
        "size": 5_000_000,
        "width": 4000,
        "height": 3000,
        "thumburl": url,
        "thumbwidth": 960,
        "thumbheight": 720,
        "url": f"{standin.url}/originals/{number}.jpg",
        "descriptionurl": f"https://commons.wikimedia.org/wiki/File:Falls_{number}.jpg",
        "sha1": f"{number:040x}",
        "user": "Uploader",
        "mime": "image/jpeg",
        "extmetadata": {key: {"value": value, "source": "commons-desc-page"} for key, value in values.items()},
    }
    return {
        "pageid": number,
        "ns": 6,
        "title": f"File:Falls {number}.jpg",
        "imagerepository": "local",
        "imageinfo": [{**image, **info}],
    }


@dataclass
class CommonsStandin:
    """Categories with their files and sub-categories, told a batch at a time.

    With `split_info` a batch takes two answers: the first names its pages with the imageinfo of the even ones alone.
    As the real one does it, `continue` holds all that the first question lacks, and only that.
    """

    files: Mapping[str, Sequence[dict[str, Any]]]
    subcategories: Mapping[str, Sequence[str]]
    batch: int = 2
    split_info: bool = False

    def __call__(self, asked: Asked) -> Reply:
        params = asked.params
        assert params["formatversion"] == "2" and params["maxlag"] == "5"
        if params.get("list") == "categorymembers":
            titles = self.subcategories.get(params["cmtitle"], [])
            return json_reply({"batchcomplete": True, "query": {"categorymembers": [{"title": t} for t in titles]}})
        files = self.files.get(params["gcmtitle"])
        if not files:
            return json_reply({"batchcomplete": True})
        return json_reply(self._batch(files, params))

    def _batch(self, files: Sequence[dict[str, Any]], params: Mapping[str, str]) -> dict[str, Any]:
        start = int(params.get("gcmcontinue", "file|0").split("|")[1])
        pages = list(files[start : start + self.batch])
        here = {"gcmcontinue": f"file|{start}"} if start else {}
        if self.split_info:
            has_info = ("odd" if "iistart" in params else "even",)
            pages = [page if ("even", "odd")[i % 2] in has_info else _bare(page) for i, page in enumerate(pages)]
            if "iistart" not in params:
                going_on = {"iistart": "Falls.jpg|20200101000000", **here, "continue": "gcmcontinue||"}
                return {"continue": going_on, "query": {"pages": pages}}
        answer: dict[str, Any] = {"batchcomplete": True, "query": {"pages": pages}}
        if start + self.batch < len(files):
            answer["continue"] = {"gcmcontinue": f"file|{start + self.batch}", "continue": "gcmcontinue||"}
        return answer


def _bare(page: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in page.items() if key != "imageinfo"}


def nps_asset(standin: Standin, number: int, **changes: Any) -> dict[str, Any]:
    """One asset of the NPS's galleries."""
    url = standin.answers(f"/npgallery/GetAsset/{number}", Reply(200, photo_bytes(100 + number)))
    asset = {
        "id": f"C9F2D3B4-1DD8-B71B-0B{number:06}",
        "title": f"View {number}",
        "altText": "A valley",
        "description": "The valley in spring.",
        "credit": "NPS Photo",
        "copyright": "",
        "constraintsInfo": {"constraint": "Public domain", "grantingRights": "Full"},
        "fileInfo": {"url": url, "fileType": "jpg", "widthPixels": "2000", "heightPixels": "1500", "fileSizeKb": "900"},
        "permalinkUrl": f"https://www.nps.gov/media/photo/gallery-item.htm?pg=1&id={number}&gid=AB12-34",
        "relatedParks": [{"parkCode": "seki", "fullName": "Sequoia & Kings Canyon National Parks"}],
        "tags": ["valley"],
    }
    return {**asset, **changes}


def nps_listing(assets: Sequence[dict[str, Any]], page_size: int = 2) -> Any:
    def answer(asked: Asked) -> Reply:
        start = int(asked.params["start"])
        data = list(assets[start : start + page_size])
        return json_reply({"total": str(len(assets)), "limit": str(page_size), "start": str(start), "data": data})

    return answer


def openverse_result(standin: Standin, number: int, **changes: Any) -> dict[str, Any]:
    """One photo of Flickr as Openverse tells of it."""
    url = standin.answers(f"/flickr/{number}_b.jpg", Reply(200, photo_bytes(200 + number)))
    result = {
        "id": f"2bfd1c7e-0000-4000-8000-{number:012}",
        "title": f"Half Dome {number}",
        "foreign_landing_url": f"https://www.flickr.com/photos/42/{number}",
        "url": url,
        "creator": "Max Muster",
        "creator_url": "https://www.flickr.com/photos/42",
        "license": "by",
        "license_version": "2.0",
        "license_url": "https://creativecommons.org/licenses/by/2.0/",
        "provider": "flickr",
        "source": "flickr",
        "mature": False,
        "width": 1024,
        "height": 683,
    }
    return {**result, **changes}


def openverse_listing(results: Sequence[dict[str, Any]], page_size: int = 2) -> Any:
    def answer(asked: Asked) -> Reply:
        page = int(asked.params["page"])
        shown = list(results[(page - 1) * page_size : page * page_size])
        pages = -(-len(results) // page_size)
        return json_reply({"result_count": len(results), "page_count": pages, "page": page, "results": shown})

    return answer
