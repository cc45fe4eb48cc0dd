"""How a worker comes to its network: it connects to the owner, and starts one where there is none."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from socket import AF_UNIX, socket
from typing import Any

from app.errors import BundleDamagedError, BundleError, BundleMissingError, BundleSchemaError, ModelUnavailableError
from app.owner.client import OwnedNetwork
from app.owner.wanted import Wanted, private_folder
from app.owner.wire import receive

_ROOT = Path(__file__).resolve().parent.parent.parent
_BUNDLE_ERRORS = {kind.code: kind for kind in (BundleError, BundleMissingError, BundleDamagedError, BundleSchemaError)}

_MAX_LOAD_S = 600.0  # gunicorn ends a worker that starts for over 60 s; the next finds the owner still loading.
_MAX_GREET_S = 10.0
_PAUSE_S, _MAX_PAUSE_S = 0.05, 1.0  # The longer the more processes were started.
_MAX_DEATHS = 3


def owned_network(folder: Path, wanted: Wanted, max_at_once: int, max_s: float) -> OwnedNetwork | None:
    """The network, in the process that owns it, which is started if need be; None: there is no CUDA for it.

    Args:
        folder: where the owners of this server have their sockets.
        max_at_once, max_s: see `OwnedNetwork`.
    Raises:
        BundleError: the bundle cannot be served.
        ModelUnavailableError: its owner does not come up; it may another time.
    """
    folder = private_folder(folder).resolve()  # The owner has another working directory.
    address = wanted.address(folder)
    first, head = _find(folder, wanted, address)
    if "name" not in head:
        first.close()
        _ensure_no_error(head)
        return None
    return OwnedNetwork(first, partial(_connect_again, address), head["name"], max_at_once, max_s)


def _ensure_no_error(head: dict[str, Any]) -> None:
    if "code" in head:
        kind = _BUNDLE_ERRORS.get(head["code"])
        if kind is None:
            raise RuntimeError(f"the network's owner failed: {head['detail']}")
        raise kind(head["detail"])


def _find(folder: Path, wanted: Wanted, address: Path) -> tuple[socket, dict[str, Any]]:
    """A connection to the owner, and what it said first."""
    started, statuses, pause_s, deadline = None, list[int](), _PAUSE_S, time.monotonic() + _MAX_LOAD_S
    while True:
        with suppress(OSError, EOFError):  # None is there yet, or it has just gone.
            return _greeted(address, max(_PAUSE_S, deadline - time.monotonic()))
        if time.monotonic() >= deadline:
            raise ModelUnavailableError(f"The network's owner did not answer within {_MAX_LOAD_S:g} s.")
        if started is not None and started.poll():
            statuses.append(started.returncode)
        if len(statuses) == _MAX_DEATHS:
            raise ModelUnavailableError(f"The network's owner ended with status {statuses[-1]}; its log says why.")
        if started is None or started.poll() is not None:
            started, pause_s = _start(folder, wanted), min(2 * pause_s, _MAX_PAUSE_S)
        time.sleep(pause_s)


def _greeted(address: Path, max_s: float) -> tuple[socket, dict[str, Any]]:
    peer = socket(AF_UNIX)
    try:
        peer.settimeout(max_s)
        peer.connect(str(address))
        head, _ = receive(peer)
    except BaseException:
        peer.close()
        raise
    return peer, head


def _connect_again(address: Path) -> socket:
    peer, head = _greeted(address, _MAX_GREET_S)
    if "name" not in head:
        peer.close()
        raise EOFError("another owner has taken its place")
    return peer


def _start(folder: Path, wanted: Wanted) -> subprocess.Popen[bytes]:
    """Starts a process that becomes the owner, or finds that there is one and ends.

    It is of a session of its own: what is sent to the server's processes is not meant for it.
    """
    command = [sys.executable, "-m", "app.owner", str(folder), wanted.to_json()]
    try:
        process = subprocess.Popen(
            command, cwd=_ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True
        )
    except OSError as exc:
        raise ModelUnavailableError(f"The network's owner cannot be started: {exc}") from exc
    threading.Thread(target=process.wait, daemon=True).start()  # So that it leaves no zombie.
    return process
