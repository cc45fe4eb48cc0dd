"""`python -m app.owner FOLDER WANTED`: started by a worker, see `app.owner`."""

from __future__ import annotations

import fcntl
import logging.config
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from socket import AF_UNIX, socket

from app.errors import BundleError, BundleMissingError, WhichParkError
from app.inference.runtime import load_torch_runtime
from app.ops.log_lines import log_config
from app.owner.served import Offer, Owner
from app.owner.wanted import Wanted, card_sha256
from app.vision.bundle import read_bundle

_log = logging.getLogger(__name__)

_MAX_IDLE_S = 3.0
_MAX_TELL_S = 1.0  # How long an error is told.
_MAX_CONNECTIONS = 10_000


def main() -> None:
    """Loads the network and runs it for whoever connects. Returns at once if another process does so already."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # It ends after the workers, which still answer what they have.
    _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))  # Two for each photo under way.
    folder, wanted = Path(sys.argv[1]), Wanted.from_json(sys.argv[2])
    logging.config.dictConfig(log_config(wanted.log_format))
    address = wanted.address(folder)
    try:
        with _alone(address) as is_alone:
            if is_alone:
                _serve(address, wanted)
    except FileNotFoundError as exc:  # The server has ended, and has taken its folder along.
        sys.exit(f"which-park: {exc}")


@contextmanager
def _alone(address: Path) -> Iterator[bool]:
    """Whether no other process has this address, as long as this one has it; the kernel gives it free when it dies."""
    with address.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _serve(address: Path, wanted: Wanted) -> None:
    with socket(AF_UNIX) as listener:
        address.unlink(missing_ok=True)  # Of one that was killed.
        listener.bind(str(address))
        own = address.stat().st_ino
        listener.listen(_MAX_CONNECTIONS)  # Who comes while the network is loaded waits.
        offered = offer(wanted)
        is_reachable = partial(_is_there, address, own)
        Owner(listener, offered, is_reachable).serve(_MAX_IDLE_S if offered.runtime else _MAX_TELL_S)
        address.unlink(missing_ok=True)


def _is_there(address: Path, inode: int) -> bool:
    try:
        return address.stat().st_ino == inode
    except OSError:
        return False


def offer(wanted: Wanted) -> Offer:
    """The network that is wanted, or what came of loading it."""
    try:
        bundle = read_bundle(Path(wanted.bundle))
        if card_sha256(bundle) != wanted.card_sha256:
            raise BundleMissingError(f"The card of bundle {bundle.path.name} was written meanwhile.")
        runtime = load_torch_runtime(wanted.runtime, bundle, wanted.threads, wanted.max_batch)
    except BundleError as exc:
        return Offer(error=exc)
    except Exception as exc:  # The workers are to know, and to say so in their own way.
        _log.exception("the network cannot be loaded")
        return Offer(error=WhichParkError(repr(exc)))
    return Offer(runtime)


if __name__ == "__main__":
    main()
