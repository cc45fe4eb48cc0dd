"""training/configs/us-parks.yaml: all 63 national parks, each with what every provider needs."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT
from training.download.parks import Park, read_parks

PATH = ROOT / "training" / "configs" / "us-parks.yaml"
TABLE: dict[str, dict[str, Any]] = yaml.safe_load(PATH.read_text(encoding="utf-8"))
PARKS = read_parks(PATH)


def test_there_are_63_parks_and_what_is_none_of_them() -> None:
    assert len(PARKS) == 63
    assert set(TABLE) == {park.label for park in PARKS} | {"other"}
    assert {"sequoia", "yosemite", "yellowstone"} <= set(TABLE)
    assert len({row["name"] for row in TABLE.values()}) == 64
    written = re.findall(r"^(\S+):$", PATH.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(written) == len(set(written)) == 64  # YAML keeps the last of two rows of one name, silently.


@pytest.mark.parametrize("park", PARKS, ids=lambda park: park.label)
def test_every_park_has_what_each_provider_needs(park: Park) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", park.label)
    assert park.commons and all(not name.startswith("Category:") for name in park.commons)
    assert re.fullmatch(r"[a-z]{4}", park.nps)
    assert 0 < len(park.openverse) <= 200 and park.openverse.isascii()


@pytest.mark.parametrize("park", PARKS, ids=lambda park: park.label)
def test_every_park_has_plausible_facts(park: Park) -> None:
    facts = TABLE[park.label]
    assert set(facts) == {"name", "state", "latitude", "longitude", "link", "download"}
    assert re.search("National (and State )?Park", facts["name"])
    assert facts["link"] == f"https://www.nps.gov/{park.nps}/"
    latitude, longitude = facts["latitude"], facts["longitude"]
    assert latitude == round(latitude, 2) and longitude == round(longitude, 2)
    west, south, east, north = BOXES[facts["state"].split(" and ")[0].split(",")[0]]
    assert south <= latitude <= north and west <= longitude <= east


def test_no_two_parks_lie_in_one_place_or_share_a_category() -> None:
    assert len({(TABLE[park.label]["latitude"], TABLE[park.label]["longitude"]) for park in PARKS}) == 63
    assert max(Counter(name for park in PARKS for name in park.commons).values()) == 1


def test_parks_that_share_a_code_are_told_apart_by_words() -> None:
    codes = Counter(park.nps for park in PARKS)
    assert [code for code, count in codes.items() if count > 1] == ["seki"]
    kings_canyon, sequoia = (park for park in PARKS if park.nps == "seki")
    assert sequoia.nps_words and kings_canyon.nps_words
    assert not set(sequoia.nps_words) & set(kings_canyon.nps_words)
    assert all(word == word.lower() for park in PARKS for word in (*park.nps_words, *park.nps_other_words))


# West, south, east and north ends of the states, generously, in degrees.
BOXES = {
    "Alaska": (-180, 51, -129, 72),
    "American Samoa": (-171.2, -14.6, -168, -11),
    "Arizona": (-114.9, 31.3, -109, 37.1),
    "Arkansas": (-94.7, 33, -89.6, 36.6),
    "California": (-124.6, 32.5, -114.1, 42.1),
    "Colorado": (-109.1, 36.9, -102, 41.1),
    "Florida": (-87.7, 24.3, -79.9, 31.1),
    "Hawaii": (-160.6, 18.8, -154.7, 22.3),
    "Indiana": (-88.2, 37.7, -84.7, 41.9),
    "Kentucky": (-89.6, 36.4, -81.9, 39.2),
    "Maine": (-71.2, 42.9, -66.8, 47.6),
    "Michigan": (-90.5, 41.6, -82.3, 48.4),
    "Minnesota": (-97.3, 43.4, -89.4, 49.5),
    "Missouri": (-95.8, 35.9, -89, 40.7),
    "Montana": (-116.1, 44.3, -104, 49.1),
    "Nevada": (-120.1, 35, -114, 42.1),
    "New Mexico": (-109.1, 31.3, -103, 37.1),
    "North Carolina": (-84.4, 33.8, -75.4, 36.6),
    "North Dakota": (-104.1, 45.9, -96.5, 49.1),
    "Ohio": (-84.9, 38.4, -80.5, 42.1),
    "Oregon": (-124.7, 41.9, -116.4, 46.3),
    "South Carolina": (-83.4, 32, -78.5, 35.3),
    "South Dakota": (-104.1, 42.4, -96.4, 46),
    "Texas": (-106.7, 25.8, -93.5, 36.6),
    "US Virgin Islands": (-65.2, 17.6, -64.5, 18.5),
    "Utah": (-114.1, 36.9, -109, 42.1),
    "Virginia": (-83.7, 36.5, -75.2, 39.5),
    "Washington": (-124.9, 45.5, -116.9, 49.1),
    "West Virginia": (-82.7, 37.2, -77.7, 40.7),
    "Wyoming": (-111.2, 40.9, -104, 45.1),
}
