"""The National Park Service: its key, its pages, each asset's own licence, and parks that share a code."""

from __future__ import annotations

from typing import Any

import pytest

from tests.training.download.conftest import FakeClock
from tests.training.download.providers import nps_asset, nps_listing
from tests.training.download.standin import Reply, Standin, json_reply
from training.download.candidate import Candidate
from training.download.errors import ProviderError
from training.download.nps import Nps
from training.download.parks import Park
from training.download.polite_client import PoliteClient

SEKI = Park("seki", nps="seki")
SEQUOIA = Park("sequoia", nps="seki", nps_words=("giant forest",), nps_other_words=("cedar grove",))


def ask(
    standin: Standin, client: PoliteClient, *assets: dict[str, Any], park: Park = SEKI, max_pages: int = 50
) -> list[Candidate]:
    standin.answers("/api/v1/multimedia/galleries/assets", nps_listing(assets))
    nps = Nps(client, "secret", max_pages=max_pages, api_url=f"{standin.url}/api/v1", photo_hosts=("127.0.0.1",))
    return list(nps.candidates(park))


def test_all_pages_are_read_with_the_key_in_a_header(standin: Standin, client: PoliteClient, clock: FakeClock) -> None:
    found = ask(standin, client, *(nps_asset(standin, number) for number in range(5)))
    assert [candidate.title for candidate in found] == [f"View {number}" for number in range(5)]
    assert [asked.params["start"] for asked in standin.asked] == ["0", "2", "4"]
    assert all(asked.headers["X-Api-Key"] == "secret" for asked in standin.asked)
    assert not any("secret" in value for asked in standin.asked for value in asked.params.values())
    assert clock.slept == pytest.approx([3.7, 3.7])  # 1,000 requests an hour.


def test_it_asks_for_no_more_pages_than_it_may(standin: Standin, client: PoliteClient) -> None:
    assert len(ask(standin, client, *(nps_asset(standin, n) for n in range(5)), max_pages=1)) == 2


def test_a_park_without_code_is_not_asked_for(standin: Standin, client: PoliteClient) -> None:
    assert ask(standin, client, park=Park("zion")) == []
    assert not standin.asked


def test_a_wrong_key_is_told(standin: Standin, client: PoliteClient) -> None:
    standin.answers("/multimedia/galleries/assets", json_reply({"error": {"code": "API_KEY_INVALID"}}, 403))
    with pytest.raises(ProviderError, match="is it right"):
        list(Nps(client, "wrong", max_pages=1, api_url=standin.url).candidates(SEKI))


def test_a_spent_key_waits_for_another_day(standin: Standin, client: PoliteClient) -> None:
    standin.answers("/multimedia/galleries/assets", Reply(429, headers={"Retry-After": "3000"}))
    with pytest.raises(ProviderError, match="3000 s"):
        list(Nps(client, "secret", max_pages=1, api_url=standin.url).candidates(SEKI))


@pytest.mark.parametrize(
    ("changes", "is_free", "objection"),
    [
        ({}, True, ""),
        ({"copyright": "Public Domain", "constraintsInfo": {}}, True, ""),
        ({"constraintsInfo": {"constraint": None}}, False, ""),
        ({"constraintsInfo": None}, False, ""),
        (
            {"constraintsInfo": {"constraint": "Restrictions apply on use and/or reproduction (Copyrighted material)"}},
            False,
            "restrictions",
        ),
        ({"copyright": "© Jane Doe, used with permission"}, False, "restrictions"),
        ({"relatedParks": [{"parkCode": "seki"}, {"parkCode": "yose"}]}, True, "several parks"),
        ({"relatedParks": [{"parkCode": "yose"}]}, True, "several parks"),
        ({"relatedParks": None}, True, ""),
    ],
)
def test_each_asset_says_itself_whether_it_is_free(
    standin: Standin, client: PoliteClient, changes: dict[str, Any], is_free: bool, objection: str
) -> None:
    (candidate,) = ask(standin, client, nps_asset(standin, 1, **changes))
    assert (candidate.licence is not None, candidate.objection) == (is_free, objection)


@pytest.mark.parametrize(
    ("credit", "source"),
    [
        ("NPS Photo", "nps-gallery-ab12-34"),
        ("National Park Service", "nps-gallery-ab12-34"),
        ("", "nps-gallery-ab12-34"),
        ("NPS / Jane Doe", "jane-doe"),
        ("NPS Photo by Jane Doe", "jane-doe"),
        ("NPS/Jane Doe", "jane-doe"),
        ("Jane Doe", "jane-doe"),
        ("<p>NPS Photo - Jane Doe</p>", "jane-doe"),
    ],
)
def test_a_photographer_is_one_source_however_the_service_is_named(
    standin: Standin, client: PoliteClient, credit: str, source: str
) -> None:
    assert ask(standin, client, nps_asset(standin, 1, credit=credit))[0].source == source


@pytest.mark.parametrize(
    ("title", "is_ours"),
    [
        ("Giant Forest in snow", True),
        ("Cedar Grove", False),
        ("From Giant Forest to Cedar Grove", False),
        ("Somewhere in Sequoia and Kings Canyon National Parks", False),
    ],
)
def test_parks_that_share_a_code_are_told_apart_by_words(
    standin: Standin, client: PoliteClient, title: str, is_ours: bool
) -> None:
    (candidate,) = ask(standin, client, nps_asset(standin, 1, title=title), park=SEQUOIA)
    assert candidate.objection == ("" if is_ours else "which park is not told")


@pytest.mark.parametrize("file", [None, [], "x", {"url": None}, [{"url": 5}]])
def test_an_asset_of_another_shape_has_no_address(standin: Standin, client: PoliteClient, file: Any) -> None:
    (candidate,) = ask(standin, client, nps_asset(standin, 1, fileInfo=file, tags="x", title=None))
    assert candidate.url in ("", "5")
