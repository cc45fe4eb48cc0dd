"""A whole download: what is kept, what is skipped and why, and that an interrupted one goes on without loss."""

from __future__ import annotations

import csv
import hashlib
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.photos import draw_scene, encode
from tests.training.download.providers import (
    CommonsStandin,
    commons_page,
    nps_asset,
    nps_listing,
    openverse_listing,
    openverse_result,
    photo_bytes,
)
from tests.training.download.standin import Asked, Reply, Standin
from training.data import read_data_folder
from training.download.candidate import Candidate, Provider
from training.download.commons import Commons
from training.download.ledger import LEDGER, open_ledger
from training.download.licences import LicencePolicy
from training.download.limits import DownloadLimits
from training.download.nps import Nps
from training.download.openverse import Openverse
from training.download.parks import Park
from training.download.polite_client import PoliteClient
from training.download.run import Download
from training.download.site import Site
from training.download.tally import Tally

YOSEMITE = Park("yosemite", commons=("Yosemite",), nps="seki", openverse="Yosemite")
ZION = Park("zion", commons=("Zion",))
HOSTS = ("127.0.0.1",)
Start = Callable[..., Tally]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "photos"


@pytest.fixture
def start(standin: Standin, client: PoliteClient, limits: DownloadLimits, out: Path) -> Start:
    """Runs one download, from the reading of the ledger on."""

    def run(*parks: Park, names: tuple[str, ...] = ("commons",), **changes: Any) -> Tally:
        policy, bounds = LicencePolicy(), replace(limits, **changes)
        providers: dict[str, Provider] = {
            "commons": Commons(
                client, max_pages=50, max_depth=1, api_url=f"{standin.url}/w/api.php", photo_hosts=HOSTS
            ),
            "nps": Nps(client, "key", max_pages=50, api_url=f"{standin.url}/nps", photo_hosts=HOSTS),
            "openverse": Openverse(client, policy, max_pages=12, api_url=f"{standin.url}/ov", photo_hosts=HOSTS),
        }
        with open_ledger(out) as ledger:
            download = Download(client, [providers[name] for name in names], policy, bounds, out, ledger)
            download.run(parks or (YOSEMITE,))
        return download.tally

    return run


def offer(standin: Standin, **files: list[dict[str, Any]]) -> None:
    """Files of Commons by category."""
    standin.answers("/w/api.php", CommonsStandin({f"Category:{name}": pages for name, pages in files.items()}, {}))


def pages_of(standin: Standin, count: int, first: int = 1) -> list[dict[str, Any]]:
    return [commons_page(standin, number) for number in range(first, first + count)]


def ledger_rows(out: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((out / LEDGER).read_text(encoding="utf-8").splitlines()))


def test_photos_and_their_makers_are_kept(standin: Standin, start: Start, out: Path) -> None:
    offer(standin, Yosemite=pages_of(standin, 2))
    assert start().kept == {"yosemite": 2}
    first, second = ledger_rows(out)
    path = out / "yosemite" / "jane-co__commons-1.jpg"
    assert path.read_bytes() == photo_bytes(1)
    assert first == {
        "file": "yosemite/jane-co__commons-1.jpg",
        "source_page": "https://commons.wikimedia.org/wiki/File:Falls_1.jpg",
        "author": "Jane & Co",
        "licence": "CC BY-SA 4.0",
        "licence_url": "https://creativecommons.org/licenses/by-sa/4.0/",
        "sha256": hashlib.sha256(photo_bytes(1)).hexdigest(),
        "provider": "commons",
        "provider_id": "1",
        "title": "Falls 1.jpg",
    }
    assert second["file"] == "yosemite/jane-co__commons-2.jpg"


def test_the_trainer_reads_what_was_downloaded(standin: Standin, start: Start, out: Path) -> None:
    offer(standin, Yosemite=pages_of(standin, 2), Zion=pages_of(standin, 2, first=3))
    start(YOSEMITE, ZION)
    rows = read_data_folder(out)
    assert [(row.label, row.group) for row in rows] == [("yosemite", "jane-co")] * 2 + [("zion", "jane-co")] * 2


def test_every_reason_to_skip_a_photo_is_counted(standin: Standin, start: Start, out: Path) -> None:
    small = Reply(body=encode(draw_scene(1, (300, 100))))
    pages = [
        commons_page(standin, 1),
        commons_page(standin, 2, metadata={}),
        commons_page(standin, 3, metadata={"License": "cc-by-nc-2.0"}),
        commons_page(standin, 4, metadata={"License": "cc-by-nd-2.0"}),
        commons_page(standin, 5, metadata={"License": "cc0", "Restrictions": "trademarked"}),
        commons_page(standin, 6, mime="image/svg+xml"),
        commons_page(standin, 7, thumburl=None),
        commons_page(standin, 8, thumburl="http://example.org/8.jpg"),
        commons_page(standin, 9, reply=Reply(404)),
        commons_page(standin, 10, reply=Reply(body=photo_bytes(10)[:2000])),
        commons_page(standin, 11, reply=Reply(body=b"<html>gone</html>")),
        commons_page(standin, 12, reply=Reply(endless=True)),
        commons_page(standin, 13, reply=small),
        commons_page(standin, 14, reply=Reply(body=photo_bytes(1))),
        commons_page(standin, 15, reply=Reply(302, headers={"Location": "http://localhost/a"})),
    ]
    offer(standin, Yosemite=pages)
    tally = start()
    assert {reason: count for (_, reason), count in tally.skipped.items()} == {
        "licence missing or unknown": 1,
        "non-commercial licence": 1,
        "no-derivatives licence": 1,
        "restrictions": 1,
        "not a photo's format": 2,
        "no id or address": 1,
        "not a host of this provider": 2,
        "HTTP 404": 1,
        "damaged": 1,
        "too many bytes": 1,
        "too small": 1,
        "same bytes as another": 1,
    }
    assert [path.name for path in (out / "yosemite").iterdir()] == ["jane-co__commons-1.jpg"]
    assert "commons   too small" in tally.table([("yosemite", 1)])
    assert not tally.problems


def test_a_photo_whose_maker_must_be_named_needs_one(standin: Standin, start: Start) -> None:
    nameless = [openverse_result(standin, 1, creator=None), openverse_result(standin, 2, foreign_landing_url="")]
    free = openverse_result(standin, 3, creator=None, license="cc0", license_version="1.0")
    standin.answers("/ov/images/", openverse_listing([*nameless, free]))
    tally = start(names=("openverse",))
    assert tally.kept == {"yosemite": 1}
    assert tally.skipped == {("openverse", "author or source page missing"): 2}


def test_nothing_that_is_not_free_is_even_fetched(standin: Standin, start: Start) -> None:
    offer(standin, Yosemite=[commons_page(standin, 1, metadata={"License": "cc-by-nc-2.0"})])
    start()
    assert standin.paths("/photos") == []


def test_a_label_gets_no_more_than_it_may(standin: Standin, start: Start) -> None:
    offer(standin, Yosemite=pages_of(standin, 9))
    assert start(per_label=3).kept == {"yosemite": 3}
    assert len(standin.paths("/photos")) == 3
    assert start(per_label=5).kept == {"yosemite": 2}
    asked = len(standin.asked)
    assert start(per_label=5).kept == {}
    assert len(standin.asked) == asked  # A full label is not even asked for.


def test_a_second_run_fetches_nothing_twice(standin: Standin, start: Start, out: Path) -> None:
    broken = commons_page(standin, 9, reply=Reply(body=b"\xff\xd8\xffno"))
    offer(standin, Yosemite=[*pages_of(standin, 3), broken])
    start()
    (out / "yosemite" / "jane-co__commons-2.jpg").unlink()  # Taken away on purpose: it stays away.
    offer(standin, Yosemite=[*pages_of(standin, 5), broken])
    assert start().kept == {"yosemite": 2}
    fetched = standin.paths("/photos")
    assert len(fetched) == len(set(fetched)) == 6
    assert len(ledger_rows(out)) == 5


class Killed(BaseException):
    """Stands for Ctrl-C or a kill: no code of ours catches it."""


@pytest.mark.parametrize("at_photo", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("where", ["before the photo is moved", "after it is moved", "after its row"])
def test_a_download_that_is_killed_goes_on_without_loss(
    standin: Standin,
    start: Start,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
    at_photo: int,
    where: str,
) -> None:
    offer(standin, Yosemite=pages_of(standin, 5))
    with monkeypatch.context() as patch:
        kill_at(patch, where, at_photo)
        with pytest.raises(Killed):
            start()
    for row in ledger_rows(out):
        assert hashlib.sha256((out / row["file"]).read_bytes()).hexdigest() == row["sha256"]
    start()
    assert sorted(row["provider_id"] for row in ledger_rows(out)) == ["1", "2", "3", "4", "5"]
    assert sorted(path.name for path in (out / "yosemite").iterdir()) == [
        f"jane-co__commons-{n}.jpg" for n in range(1, 6)
    ]
    # Only the photo at hand, whose row was not yet written, may be fetched a second time.
    assert len(standin.paths("/photos")) == 5 + (where != "after its row")


def kill_at(patch: pytest.MonkeyPatch, where: str, at_photo: int) -> None:
    counted: Iterator[int] = iter(range(1, 100))

    def killing(method: Callable[..., Any], after: bool) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            now = next(counted) == at_photo
            if now and not after:
                raise Killed
            result = method(*arguments, **named)
            if now:
                raise Killed
            return result

        return call

    if where == "after its row":
        from training.download.ledger import Ledger

        patch.setattr(Ledger, "add", killing(Ledger.add, after=True))
    else:
        patch.setattr(Path, "replace", killing(Path.replace, after=where == "after it is moved"))


def test_all_providers_fill_a_label_in_turn(standin: Standin, start: Start, out: Path) -> None:
    offer(standin, Yosemite=pages_of(standin, 3))
    standin.answers("/nps/multimedia/galleries/assets", nps_listing([nps_asset(standin, n) for n in range(3)]))
    standin.answers("/ov/images/", openverse_listing([openverse_result(standin, n) for n in range(3)]))
    start(names=("commons", "nps", "openverse"), per_label=8)
    assert [row["provider"] for row in ledger_rows(out)] == ["commons"] * 3 + ["nps"] * 3 + ["openverse"] * 2
    assert {path.name.split("__")[0] for path in (out / "yosemite").iterdir()} == {
        "jane-co",
        "nps-gallery-ab12-34",
        "max-muster",
    }


def test_a_provider_that_is_too_busy_is_left_alone_and_the_others_go_on(standin: Standin, start: Start) -> None:
    standin.answers("/w/api.php", Reply(429, headers={"Retry-After": "9999"}))
    standin.answers("/ov/images/", openverse_listing([openverse_result(standin, 1)]))
    tally = start(YOSEMITE, ZION, names=("commons", "openverse"))
    assert tally.kept == {"yosemite": 1}
    assert len(standin.paths("/w/")) == 1
    assert len(tally.problems) == 1 and "commons was left alone from yosemite on" in tally.problems[0]


def test_one_photo_on_a_host_that_is_gone_is_skipped_several_end_the_asking(
    standin: Standin, start: Start, out: Path
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        gone = f"http://127.0.0.1:{unused.getsockname()[1]}/a.jpg"

    def lost(number: int) -> dict[str, Any]:
        return commons_page(standin, number, thumburl=gone)

    there = pages_of(standin, 2)
    offer(standin, Yosemite=[lost(3), lost(4), there[0], lost(5), lost(6), lost(7), there[1]])
    tally = start()
    assert tally.skipped["commons", "host out of reach"] == 4
    assert [row["provider_id"] for row in ledger_rows(out)] == ["1"]
    assert "127.0.0.1 cannot be reached" in tally.problems[0]


def test_a_listing_that_cannot_be_read_costs_its_own_park_alone(standin: Standin, start: Start) -> None:
    zion = CommonsStandin({"Category:Zion": pages_of(standin, 1)}, {})

    def answer(asked: Asked) -> Reply:
        return Reply(body=b"<html>") if "Yosemite" in str(asked.params) else zion(asked)

    standin.answers("/w/api.php", answer)
    tally = start(YOSEMITE, ZION)
    assert tally.kept == {"zion": 1}
    assert tally.problems == [f"commons, yosemite: {tally.problems[0].split(': ', 1)[1]}"]
    assert "not JSON" in tally.problems[0]


def test_a_category_that_gives_nothing_is_told(standin: Standin, start: Start) -> None:
    offer(standin, Other=[])
    tally = start()
    assert not tally.problems
    assert tally.notes == ["commons offers nothing for yosemite: is it named there as it is here?"]


def test_one_photo_is_kept_under_one_label(standin: Standin, start: Start) -> None:
    offer(standin, Yosemite=pages_of(standin, 2), Zion=pages_of(standin, 3))
    tally = start(YOSEMITE, ZION)
    assert tally.kept == {"yosemite": 2, "zion": 1}
    assert tally.skipped["commons", "had or refused before"] == 2


def test_a_full_disk_leaves_no_half_photo(
    standin: Standin, start: Start, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training.download.errors import LedgerError

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    offer(standin, Yosemite=pages_of(standin, 2))
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(LedgerError, match="No space left on device"):
        start()
    assert list((out / "yosemite").iterdir()) == []


def test_a_fake_provider_is_enough(client: PoliteClient, limits: DownloadLimits, out: Path) -> None:
    class Nothing:
        name = "nothing"
        photo_site = Site(())

        def candidates(self, park: Park) -> Iterator[Candidate]:
            return iter(())

    with open_ledger(out) as ledger:
        download = Download(client, [Nothing()], LicencePolicy(), limits, out, ledger)
        download.run([ZION])
    assert "nothing offers nothing for zion" in download.tally.table([("zion", 0)])
