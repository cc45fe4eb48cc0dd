"""Wikimedia Commons: whole continuations, licences, and the walk through its categories."""

from __future__ import annotations

from typing import Any

import pytest

from tests.training.download.providers import CommonsStandin, commons_page
from tests.training.download.standin import Standin, json_reply
from training.download.candidate import Candidate
from training.download.commons import Commons
from training.download.errors import FetchError, ProviderError
from training.download.parks import Park
from training.download.polite_client import PoliteClient

PARK = Park("yosemite", commons=("Yosemite National Park",))
ROOT = "Category:Yosemite National Park"


def ask(standin: Standin, client: PoliteClient, answerer: Any, **limits: int) -> list[Candidate]:
    api_url = standin.answers("/w/api.php", answerer)
    bounds = {"max_pages": 50, "max_depth": 2, **limits}
    return list(Commons(client, api_url=api_url, photo_hosts=("127.0.0.1",), **bounds).candidates(PARK))


def one(standin: Standin, client: PoliteClient, page: dict[str, Any]) -> Candidate:
    (candidate,) = ask(standin, client, CommonsStandin({ROOT: [page]}, {}))
    return candidate


@pytest.mark.parametrize("split_info", [False, True])
@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_no_file_is_lost_between_continuations(
    standin: Standin, client: PoliteClient, split_info: bool, count: int
) -> None:
    pages = [commons_page(standin, number) for number in range(1, count + 1)]
    found = ask(standin, client, CommonsStandin({ROOT: pages}, {}, split_info=split_info))
    assert [candidate.provider_id for candidate in found] == [str(number) for number in range(1, count + 1)]
    assert all(candidate.url and candidate.licence for candidate in found)


def test_a_file_is_told_as_its_page_tells_it(standin: Standin, client: PoliteClient) -> None:
    candidate = one(standin, client, commons_page(standin, 7))
    assert candidate.licence is not None
    assert (candidate.author, candidate.source, candidate.title) == ("Jane & Co", "jane-co", "Falls 7.jpg")
    assert candidate.licence.url == "https://creativecommons.org/licenses/by-sa/4.0/"
    assert candidate.page == "https://commons.wikimedia.org/wiki/File:Falls_7.jpg"
    assert candidate.url == f"{standin.url}/photos/7.jpg"
    assert candidate.objection == ""
    question = standin.asked[0].params
    assert (question["iiurlwidth"], question["gcmtype"], question["gcmlimit"]) == ("960", "file", "50")


@pytest.mark.parametrize(
    ("metadata", "family"),
    [
        ({}, None),
        ({"License": "gfdl"}, None),
        ({"LicenseShortName": "Public domain"}, "pd"),
        ({"License": "cc0"}, "cc0"),
        ({"License": "cc-by-nc-2.0"}, "by-nc"),
    ],
)
def test_the_licence_is_the_files_own(
    standin: Standin, client: PoliteClient, metadata: dict[str, str], family: str | None
) -> None:
    licence = one(standin, client, commons_page(standin, 1, metadata=metadata)).licence
    assert (licence.family if licence else None) == family


@pytest.mark.parametrize(
    ("changes", "objection"),
    [
        ({"metadata": {"License": "cc0", "Restrictions": "personality"}}, "restrictions"),
        ({"mime": "image/svg+xml"}, "not a photo's format"),
        ({"mime": "application/pdf"}, "not a photo's format"),
        ({"mime": None}, "not a photo's format"),
    ],
)
def test_some_files_are_not_wanted(
    standin: Standin, client: PoliteClient, changes: dict[str, Any], objection: str
) -> None:
    assert one(standin, client, commons_page(standin, 1, **changes)).objection == objection


def test_a_file_without_artist_belongs_to_its_uploader(standin: Standin, client: PoliteClient) -> None:
    candidate = one(standin, client, commons_page(standin, 1, artist=""))
    assert (candidate.author, candidate.source) == ("Uploader", "uploader")
    candidate = one(standin, client, commons_page(standin, 2, artist="<i>Unknown author</i>"))
    assert (candidate.author, candidate.source) == ("Unknown author", "uploader")


def test_the_original_is_taken_only_where_it_is_small(standin: Standin, client: PoliteClient) -> None:
    assert one(standin, client, commons_page(standin, 1, thumburl=None)).url == ""
    small = one(standin, client, commons_page(standin, 2, thumburl=None, width=960))
    assert small.url == f"{standin.url}/originals/2.jpg"


def test_subcategories_are_walked_to_a_depth_without_those_of_other_things(
    standin: Standin, client: PoliteClient
) -> None:
    tree = {
        ROOT: ["Category:Half Dome", "Category:Maps of Yosemite National Park", "Category:Animals of Yosemite"],
        "Category:Half Dome": ["Category:Half Dome in winter", ROOT],
        "Category:Half Dome in winter": ["Category:Half Dome in January"],
    }
    names = [ROOT, *(title for below in tree.values() for title in below if title != ROOT)]
    files = {name: [commons_page(standin, number)] for number, name in enumerate(names, 1)}
    found = ask(standin, client, CommonsStandin(files, tree))
    assert [names[int(candidate.provider_id) - 1] for candidate in found] == [
        ROOT,
        "Category:Half Dome",
        "Category:Half Dome in winter",
    ]
    assert len(ask(standin, client, CommonsStandin(files, tree), max_depth=0)) == 1


def test_it_asks_for_no_more_pages_than_it_may(standin: Standin, client: PoliteClient) -> None:
    pages = [commons_page(standin, number) for number in range(1, 21)]
    assert len(ask(standin, client, CommonsStandin({ROOT: pages}, {ROOT: ["Category:More"]}), max_pages=3)) == 6
    assert len(standin.paths("/w/")) == 3


def test_it_asks_only_while_it_is_asked_for_more(standin: Standin, client: PoliteClient) -> None:
    pages = [commons_page(standin, number) for number in range(1, 21)]
    api_url = standin.answers("/w/api.php", CommonsStandin({ROOT: pages}, {}))
    offered = Commons(client, api_url=api_url, max_pages=50, max_depth=2).candidates(PARK)
    next(iter(offered))
    assert len(standin.asked) == 1


def test_an_answer_that_goes_on_for_ever_ends(standin: Standin, client: PoliteClient) -> None:
    same = json_reply({"continue": {"gcmcontinue": "x", "continue": "-||"}, "query": {"pages": []}})
    assert ask(standin, client, same) == []
    assert len(standin.asked) < 10


def test_a_lagging_server_is_given_time(standin: Standin, client: PoliteClient) -> None:
    lag = json_reply({"error": {"code": "maxlag", "info": "Waiting for db: 7 seconds lagged"}}, Retry_After="5")
    answerer = CommonsStandin({ROOT: [commons_page(standin, 1)]}, {})
    api_url = standin.answers("/w/api.php", lag, lag, answerer)
    offered = Commons(client, api_url=api_url, max_pages=9, max_depth=0).candidates(PARK)
    assert len(list(offered)) == 1
    standin.answers("/w/api.php", lag)
    with pytest.raises(ProviderError, match="too busy"):
        list(Commons(client, api_url=api_url, max_pages=9, max_depth=0).candidates(PARK))


def test_another_error_is_told_by_its_code(standin: Standin, client: PoliteClient) -> None:
    with pytest.raises(FetchError, match="API error invalidcategory"):
        ask(standin, client, json_reply({"error": {"code": "invalidcategory", "info": "<b>"}}))


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"query": []},
        {"query": {"pages": {"1": {}}}},
        {"query": {"pages": [1, None]}},
        {"query": {"pages": [{"pageid": 1, "imageinfo": {"url": "x"}}]}},
        {"query": {"pages": [{"imageinfo": [{"extmetadata": [], "mime": ["x"]}]}]}},
        {"query": {"pages": [{"pageid": 1, "imageinfo": [{"extmetadata": {"License": "cc0"}}]}]}},
    ],
)
def test_an_answer_of_another_shape_gives_nothing_to_fetch(
    standin: Standin, client: PoliteClient, answer: dict[str, Any]
) -> None:
    found = ask(standin, client, json_reply({"batchcomplete": True, **answer}))
    assert all(candidate.licence is None and candidate.objection for candidate in found)
