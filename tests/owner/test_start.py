"""How a worker comes to its network: real processes, which find no bundle, so that none of them waits for torch."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from socket import AF_UNIX, socket

import pytest

from app.errors import BundleError, BundleMissingError, BundleSchemaError, ModelUnavailableError
from app.owner import start
from app.owner.folder import OwnerFolder
from app.owner.start import owned_network
from app.owner.wanted import Wanted, card_sha256, private_folder
from app.owner.wire import receive, send
from app.vision.bundle import CARD, ModelBundle, write_card
from app.vision.card import Card
from tests.conftest import ROOT

DEADLINE_S = 60.0


@pytest.fixture
def wanted(tmp_path: Path) -> Wanted:
    """Of a bundle that is not there."""
    return Wanted(str(tmp_path / "parks-1"), "0" * 64, "torch", 1, 32, "text", "")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return private_folder(tmp_path / "owner")


def test_what_is_wrong_with_a_bundle_is_said_by_its_owner_in_its_own_words(wanted: Wanted, folder: Path) -> None:
    with pytest.raises(BundleMissingError, match="There is no bundle at"):
        owned_network(folder, wanted, 8, 5.0)


def test_a_bundle_of_another_schema_is_refused_as_such(wanted: Wanted, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "parks-1").mkdir()
    (tmp_path / "parks-1" / CARD).write_text('{"schema_version": 99}')
    with pytest.raises(BundleSchemaError):
        owned_network(folder, wanted, 8, 5.0)


def test_a_card_that_was_written_meanwhile_is_not_mixed_with_the_one_that_was_read(
    wanted: Wanted, folder: Path, tmp_path: Path, card: Card
) -> None:
    (tmp_path / "parks-1").mkdir()
    write_card(tmp_path / "parks-1", card)
    with pytest.raises(BundleMissingError, match="written meanwhile"):
        owned_network(folder, wanted, 8, 5.0)


def test_workers_that_come_at_once_are_all_answered(wanted: Wanted, folder: Path) -> None:
    with ThreadPoolExecutor(6) as pool:
        found = [pool.submit(owned_network, folder, wanted, 8, 5.0).exception(DEADLINE_S) for _ in range(6)]
    assert {type(error) for error in found} == {BundleMissingError}


def test_the_socket_of_an_owner_that_was_killed_is_no_hindrance(wanted: Wanted, folder: Path) -> None:
    with socket(AF_UNIX) as dead:
        dead.bind(str(wanted.address(folder)))
    with pytest.raises(BundleMissingError):
        owned_network(folder, wanted, 8, 5.0)


def test_an_owner_without_cuda_has_no_network(wanted: Wanted, folder: Path) -> None:
    with socket(AF_UNIX) as listener, ThreadPoolExecutor(1) as pool:
        listener.bind(str(wanted.address(folder)))
        listener.listen()
        found = pool.submit(owned_network, folder, wanted, 8, 5.0)
        worker, _ = listener.accept()
        with worker:
            send(worker, {})
        assert found.result(DEADLINE_S) is None


def test_an_owner_that_always_dies_may_come_up_another_time(
    wanted: Wanted, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(ModelUnavailableError, match="ended with status 1"):
        owned_network(folder, wanted, 8, 5.0)


def test_an_owner_that_cannot_be_started_is_too(
    wanted: Wanted, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "none"))
    with pytest.raises(ModelUnavailableError, match="cannot be started"):
        owned_network(folder, wanted, 8, 5.0)


def test_an_owner_that_never_answers_is_not_waited_for_for_ever(
    wanted: Wanted, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start, "_MAX_LOAD_S", 0.2)
    with socket(AF_UNIX) as listener:
        listener.bind(str(wanted.address(folder)))
        listener.listen()
        with pytest.raises(ModelUnavailableError, match=r"did not answer within 0\.2 s"):
            owned_network(folder, wanted, 8, 5.0)


def test_a_connection_is_made_again_to_who_has_the_network_alone(wanted: Wanted, folder: Path) -> None:
    """Another owner may have come to the same address, and found no CUDA."""
    with socket(AF_UNIX) as listener, ThreadPoolExecutor(1) as pool:
        listener.bind(str(wanted.address(folder)))
        listener.listen()
        again = pool.submit(start._connect_again, wanted.address(folder))
        worker, _ = listener.accept()
        with worker:
            send(worker, {})
        assert isinstance(again.exception(DEADLINE_S), EOFError)
        again = pool.submit(start._connect_again, wanted.address(folder))
        worker, _ = listener.accept()
        with worker:
            send(worker, {"name": "torch"})
            with again.result(DEADLINE_S) as connected:
                send(worker, {"more": 1})
                assert receive(connected)[0] == {"more": 1}


def test_what_is_wanted_goes_through_an_argument(wanted: Wanted, folder: Path) -> None:
    assert Wanted.from_json(wanted.to_json()) == wanted
    others = [dataclasses.replace(wanted, card_sha256="1" * 64), dataclasses.replace(wanted, devices="1")]
    assert len({one.address(folder) for one in [wanted, *others]}) == 3


def test_a_card_that_has_gone_is_a_missing_bundle(card: Card, tmp_path: Path) -> None:
    with pytest.raises(BundleMissingError, match="cannot be read"):
        card_sha256(ModelBundle(tmp_path / "parks-7", card))


@pytest.mark.parametrize("mode", [0o750, 0o707, 0o770])
def test_a_folder_that_others_may_enter_is_refused(tmp_path: Path, mode: int) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(mode)
    with pytest.raises(BundleError, match="chmod 700"):
        private_folder(tmp_path / "open")


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="cannot be made"):
        private_folder(tmp_path / "no" / "such")


def test_a_folder_is_made_for_its_user_alone(tmp_path: Path) -> None:
    assert private_folder(private_folder(tmp_path / "new")).stat().st_mode & 0o777 == 0o700


def test_a_folder_may_be_named_from_where_the_server_stands(
    wanted: Wanted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BundleMissingError):
        owned_network(Path("owner"), wanted, 8, 5.0)
    assert list((tmp_path / "owner").glob("*.lock"))


def make(owners: OwnerFolder, workers: int, runtime: str) -> None:
    owners.make_if_needed(workers, runtime, os.geteuid(), os.getegid())


@pytest.mark.parametrize(("workers", "runtime"), [(1, "torch"), (4, "cpu"), (4, "auto")])
def test_who_needs_no_folder_gets_none(
    tmp_path: Path, workers: int, runtime: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.inference.cuda._cuda_may_be_here", lambda: False)
    make(OwnerFolder(str(tmp_path)), workers, runtime)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_made_once_and_removed_with_what_is_in_it(tmp_path: Path) -> None:
    owners = OwnerFolder(str(tmp_path))
    for _ in range(2):
        make(owners, 2, "torch")
    assert owners.path is not None
    assert [owners.path] == list(tmp_path.iterdir())
    (private_folder(owners.path) / "a.socket").touch()
    owners.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_removed_by_its_maker_alone_however_that_ends(tmp_path: Path) -> None:
    code = """if True:
        import os, sys
        from app.owner.folder import OwnerFolder
        owners = OwnerFolder(sys.argv[1])
        owners.make_if_needed(2, "torch", os.geteuid(), os.getegid())
        if os.fork() == 0:
            sys.exit()
        os.wait()
        print(len(os.listdir(sys.argv[1])))
        sys.exit(3)
    """
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, capture_output=True, timeout=DEADLINE_S
    )
    assert (done.returncode, done.stdout) == (3, b"1\n"), done.stderr
    assert list(tmp_path.iterdir()) == []
