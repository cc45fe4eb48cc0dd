"""Openverse: pages, licences asked for and told, and its pace."""

from __future__ import annotations

from typing import Any

import pytest

from tests.training.download.providers import openverse_listing, openverse_result
from tests.training.download.standin import Reply, Standin
from training.download.candidate import Candidate
from training.download.errors import ProviderError
from training.download.licences import LicencePolicy
from training.download.openverse import Openverse
from training.download.parks import Park
from training.download.polite_client import PoliteClient

FREE = LicencePolicy()
PARK = Park("yosemite", openverse="Yosemite National Park")


def ask(
    standin: Standin,
    client: PoliteClient,
    *results: dict[str, Any],
    park: Park = PARK,
    policy: LicencePolicy = FREE,
) -> list[Candidate]:
    standin.answers("/v1/images/", openverse_listing(results))
    provider = Openverse(client, policy, max_pages=12, api_url=f"{standin.url}/v1")
    return list(provider.candidates(park))


def test_all_pages_are_read(standin: Standin, client: PoliteClient) -> None:
    found = ask(standin, client, *(openverse_result(standin, number) for number in range(5)))
    assert [candidate.title for candidate in found] == [f"Half Dome {number}" for number in range(5)]
    question = standin.asked[0].params
    assert question["q"] == "Yosemite National Park" and question["page_size"] == "20"
    assert (question["license"], question["source"]) == ("cc0,pdm,by,by-sa", "flickr")
    assert [asked.params["page"] for asked in standin.asked] == ["1", "2", "3"]


def test_a_photo_is_told_with_its_licence(standin: Standin, client: PoliteClient) -> None:
    (candidate,) = ask(standin, client, openverse_result(standin, 1))
    assert candidate.licence is not None
    assert (candidate.licence.name, candidate.source) == ("CC BY 2.0", "max-muster")
    assert candidate.page == "https://www.flickr.com/photos/42/1"


@pytest.mark.parametrize(
    ("policy", "licences"),
    [
        (LicencePolicy(allow_nc=True), "cc0,pdm,by,by-sa,by-nc,by-nc-sa"),
        (LicencePolicy(allow_nd=True), "cc0,pdm,by,by-sa,by-nd"),
        (LicencePolicy(allow_nc=True, allow_nd=True), "cc0,pdm,by,by-sa,by-nc,by-nc-sa,by-nd,by-nc-nd"),
    ],
)
def test_restricted_licences_are_asked_for_on_request(
    standin: Standin, client: PoliteClient, policy: LicencePolicy, licences: str
) -> None:
    ask(standin, client, policy=policy)
    assert standin.asked[0].params["license"] == licences


@pytest.mark.parametrize(
    ("code", "family"), [("pdm", "pd"), ("cc0", "cc0"), ("by-nc", "by-nc"), ("", None), (None, None)]
)
def test_the_licence_is_what_the_answer_says_not_what_was_asked(
    standin: Standin, client: PoliteClient, code: str | None, family: str | None
) -> None:
    (candidate,) = ask(standin, client, openverse_result(standin, 1, license=code, license_version="1.0"))
    assert (candidate.licence.family if candidate.licence else None) == family


def test_what_is_marked_mature_is_not_wanted(standin: Standin, client: PoliteClient) -> None:
    assert ask(standin, client, openverse_result(standin, 1, mature=True))[0].objection == "marked mature"


def test_a_park_without_query_is_not_asked_for(standin: Standin, client: PoliteClient) -> None:
    assert ask(standin, client, park=Park("zion")) == []
    assert not standin.asked


@pytest.mark.parametrize("reply", [Reply(401), Reply(429, headers={"Retry-After": "3300"}), Reply(429)])
def test_its_limits_are_read_from_its_refusals(standin: Standin, client: PoliteClient, reply: Reply) -> None:
    standin.answers("/images/", reply)
    with pytest.raises(ProviderError):
        list(Openverse(client, LicencePolicy(), max_pages=12, api_url=standin.url).candidates(PARK))
