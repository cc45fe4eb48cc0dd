"""The command line of the download."""

from __future__ import annotations

import dataclasses
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.training.download.providers import CommonsStandin, commons_page
from tests.training.download.standin import Reply, Standin
from training.cli import main, make_parser
from training.download.command import run_and_tell
from training.download.commons import Commons
from training.download.errors import IncompleteError
from training.download.ledger import open_ledger
from training.download.licences import LicencePolicy
from training.download.limits import DownloadLimits
from training.download.parks import Park
from training.download.polite_client import PoliteClient
from training.download.run import Download
from training.errors import ConfigError

PARKS = "cats: {download: {commons: [Cats]}}\n"
GIVEN = ["download", "--parks", "parks.yaml", "--out", "photos"]
FIELDS = dataclasses.fields(DownloadLimits)


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NPS_API_KEY", raising=False)
    Path("parks.yaml").write_text(PARKS)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Give --contact (or DOWNLOAD_CONTACT)"),
        (["--contact", "me"], "--contact must be an e-mail address"),
        (["--contact", "a@b", "--providers", "nps"], "set NPS_API_KEY to it, or leave nps out"),
        (
            ["--contact", "a@b", "--providers", "commons,google"],
            "knows commons, nps, openverse, got google",
        ),
        (["--contact", "a@b", "--only", "dogs"], "nothing to download for dogs. It has: cats"),
        (["--contact", "a@b", "--parks", "nowhere.yaml"], "nowhere.yaml cannot be read"),
        (["--contact", "a@b", "--out", "parks.yaml"], "cannot be written to parks.yaml"),
        (["--contact", "a@b", "--per-label", "0"], "--per-label must be at least 1, got 0"),
        (["--contact", "a@b", "--request-s", "nan"], "--request-s must be at least 0.1"),
        (["--contact", "a@b", "--max-depth", "6"], "--max-depth must be from 0 to 5"),
    ],
)
def test_what_cannot_begin_is_told_in_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert main([*GIVEN, *arguments]) == 2
    printed = capsys.readouterr().err
    assert printed.startswith("error: ") and words in printed and printed.count("\n") == 1
    assert not Path("photos").exists()


def test_the_real_providers_are_asked_at_their_addresses(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Through a proxy that is not there, so that nothing leaves this machine."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{unused.getsockname()[1]}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("NPS_API_KEY", "secret")
    monkeypatch.setenv("DOWNLOAD_CONTACT", "me@example.org")
    Path("parks.yaml").write_text("cats: {download: {commons: [Cats], nps: cats, openverse: cats}}\n")
    assert main([*GIVEN, "--max-tries", "1"]) == 2
    printed = capsys.readouterr()
    for host in ("commons.wikimedia.org", "developer.nps.gov", "api.openverse.org"):
        assert f"{host} cannot be reached" in printed.out
    assert "The same command goes on" in printed.err and "secret" not in printed.out + printed.err


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_every_limit_has_a_flag(field: dataclasses.Field[float]) -> None:
    flag = f"--{field.name.replace('_', '-')}"
    value = str(int(field.metadata["least"]) + 1)
    options = make_parser().parse_args([*GIVEN, flag, value])
    assert getattr(options, field.name) == float(value)


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_every_limit_ends_at_its_edge(field: dataclasses.Field[float]) -> None:
    least = field.metadata["least"]
    DownloadLimits(**{field.name: least})
    with pytest.raises(ConfigError, match="must be"):
        DownloadLimits(**{field.name: least - 0.01})


@pytest.fixture
def download(standin: Standin, client: PoliteClient, limits: DownloadLimits) -> Iterator[Download]:
    provider = Commons(client, max_pages=9, max_depth=0, api_url=f"{standin.url}/w/api.php", photo_hosts=("127.0.0.1",))
    with open_ledger(Path("photos")) as ledger:
        yield Download(client, [provider], LicencePolicy(), limits, Path("photos"), ledger)


CATS = [Park("cats", commons=("Cats",))]


def test_a_table_tells_what_was_done(standin: Standin, download: Download, capsys: pytest.CaptureFixture[str]) -> None:
    pages = [commons_page(standin, 1), commons_page(standin, 2), commons_page(standin, 3, metadata={})]
    standin.answers("/w/api.php", CommonsStandin({"Category:Cats": pages}, {}))
    run_and_tell(download, CATS)
    assert capsys.readouterr().out.splitlines() == [
        "label  new  in all",
        "cats     2       2",
        "",
        "provider  skipped because             photos",
        "commons   licence missing or unknown       1",
    ]


def test_ctrl_c_ends_with_the_table_and_how_to_go_on(
    standin: Standin, download: Download, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = [commons_page(standin, 1), commons_page(standin, 2)]
    standin.answers("/w/api.php", CommonsStandin({"Category:Cats": pages}, {}))
    whole = PoliteClient.get_bytes

    def interrupted(self: PoliteClient, url: str, site: object) -> bytes:
        if url.endswith("2.jpg"):
            raise KeyboardInterrupt
        return whole(self, url, site)  # type: ignore[arg-type]

    monkeypatch.setattr(PoliteClient, "get_bytes", interrupted)
    with pytest.raises(IncompleteError, match=r"Stopped by Ctrl-C.*the same command goes on"):
        run_and_tell(download, CATS)
    assert "cats     1       1" in capsys.readouterr().out


def test_a_provider_that_failed_is_told_and_is_a_failure(
    standin: Standin, download: Download, capsys: pytest.CaptureFixture[str]
) -> None:
    standin.answers("/w/api.php", Reply(429, headers={"Retry-After": "9999"}))
    with pytest.raises(IncompleteError, match="The same command goes on"):
        run_and_tell(download, CATS)
    assert "problem: commons was left alone from cats on: 127.0.0.1 asks to be left alone" in capsys.readouterr().out
