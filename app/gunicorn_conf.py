"""gunicorn's configuration: `gunicorn -c python:app.gunicorn_conf "app.factory:create_app()"`.

SIGHUP reads WHICHPARK_SETTINGS_FILE again, see `on_reload`. SIGTERM lets workers answer what they have, for
WHICHPARK_MAX_DRAIN_S. Nothing is preloaded: thread pools of the runtimes, and CUDA, do not survive a fork, so each
worker loads its own.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.config import PREFIX, Settings, environ_of
from app.door.key_file import read_keys
from app.errors import SettingsError
from app.feedback.driver import ensure_driver
from app.ops.log_lines import log_config
from app.ops.memory import return_freed_memory
from app.ops.metrics.region import SharedRegions
from app.ops.metrics.tally import leave
from app.ops.serving.limits import ConnectionLimits
from app.ops.serving.worker import QueueingWorker
from app.ops.tracing.libraries import ensure_libraries
from app.owner.folder import OwnerFolder
from app.setting_types import OFF
from app.settings_file import SETTINGS_FILE

# Workers whose metrics are seen together; on SIGHUP old and new ones are there at the same time.
_N_REGIONS = 300

OWNER_DIR = f"{PREFIX}OWNER_DIR"


@dataclass(frozen=True)
class _Chosen:
    """What the operator wants: the settings, and the environment that says so without a file."""

    settings: Settings
    environ: dict[str, str]


def _choose() -> _Chosen:
    environ = environ_of(os.environ)
    settings = Settings.from_environ(environ)
    if settings.api_keys_file:
        read_keys(settings.api_keys_file)  # A worker would find it too, and say so with a traceback.
    ensure_driver(settings.feedback)
    if settings.traces != OFF:
        ensure_libraries()
    return _Chosen(settings, environ)


def _worker_of(settings: Settings) -> type[QueueingWorker]:
    """A worker with the operator's limits."""
    limits = ConnectionLimits(
        max_connections=settings.max_connections,
        max_head_bytes=settings.max_head_bytes,
        max_head_s=settings.max_head_s,
        max_body_bytes=settings.max_upload_bytes,
        max_held_bytes=settings.max_held_uploads * settings.max_upload_bytes,
        max_transfer_s=settings.max_transfer_s,
        max_stall_s=settings.max_stall_s,
        min_bytes_per_s=settings.min_bytes_per_s,
        max_linger_s=settings.max_linger_s,
        max_linger_bytes=settings.max_linger_bytes,
        keepalive_s=settings.keepalive_s,
        max_queue=settings.max_queue,
        max_queue_s=settings.max_queue_s,
    )
    return type("Worker", (QueueingWorker,), {"limits": limits, "shared": _regions})


def _addresses(settings: Settings) -> list[str]:
    main = f"{settings.host}:{settings.port}"
    return [main, settings.metrics_address] if settings.metrics_address else [main]


def _log_config(settings: Settings) -> dict[str, Any]:
    return {
        **log_config(settings.log_format),
        "loggers": {
            "gunicorn.error": {
                "level": "INFO",
                "handlers": ["stderr"],
                "propagate": False,
                "qualname": "gunicorn.error",
            },
            # Every request is logged by app.ops.request_log, without its query, so gunicorn need not.
            "gunicorn.access": {"level": "WARNING", "handlers": [], "propagate": False, "qualname": "gunicorn.access"},
        },
    }


def _set(chosen: _Chosen) -> None:
    """Gives gunicorn, which reads the names of this module, those that come from settings."""
    settings = chosen.settings
    globals().update(
        _chosen=chosen,
        workers=settings.workers,
        threads=settings.threads,
        worker_class=_worker_of(settings),
        worker_connections=settings.max_connections,
        graceful_timeout=settings.max_drain_s,
        logconfig_dict=_log_config(settings),
        forwarded_allow_ips=",".join(map(str, settings.trusted_proxies)),  # Who may say that a request came by https.
    )


_regions = SharedRegions(_N_REGIONS)  # Made once, before any fork: workers of later settings count there too.
_in_memory = "/dev/shm" if Path("/dev/shm").is_dir() else None  # The disk may be read-only.
_owner_folder = OwnerFolder(_in_memory)

try:
    _chosen = _choose()
except SettingsError as exc:
    sys.exit(f"which-park: {exc}")
_set(_chosen)

bind = _addresses(_chosen.settings)
sendfile = False  # An answer goes through the worker's own buffers.
preload_app = False
timeout = 60
worker_tmp_dir = _in_memory  # Heartbeats.
control_socket_disable = True


def pre_fork(server: Any, worker: QueueingWorker) -> None:
    """In the master: a place for the worker's metrics, and one where it meets the owner of the GPU."""
    settings = _chosen.settings
    try:
        if settings.owner_dir is None:
            _owner_folder.make_if_needed(settings.workers, settings.runtime, server.cfg.uid, server.cfg.gid)
    except OSError as exc:
        server.log.warning("which-park: each worker runs its own network, for want of a folder to meet in: %s", exc)
    worker.region = _regions.claim()
    if worker.region is None:
        server.log.warning("which-park: there are so many workers that the metrics will lack one")


def child_exit(server: object, worker: QueueingWorker) -> None:
    """In the master, after a worker's death: what it had open is no more, what it counted stays."""
    if worker.region is not None:
        leave(_regions[worker.region])
        _regions.free(worker.region)


def post_fork(server: object, worker: object) -> None:
    """In each worker, before it loads the application: with the settings that the master has, whatever a file says."""
    os.environ.pop(SETTINGS_FILE, None)
    os.environ.update(_chosen.environ)
    if _owner_folder.path is not None:
        os.environ.setdefault(OWNER_DIR, str(_owner_folder.path))
    return_freed_memory()


def on_reload(server: Any) -> None:
    """SIGHUP: reads the settings again, before gunicorn starts new workers and ends the old ones.

    Settings without sense change nothing. Addresses stay: who wants another one starts the server anew.
    """
    try:
        chosen = _choose()
    except SettingsError as exc:
        server.log.error("which-park: the settings stay as they were: %s", exc)
        return
    if _addresses(chosen.settings) != bind:
        server.log.warning("which-park: addresses and ports stay as they were: they change with a start alone.")
    _set(chosen)
    server.app.reload()
    server.setup(server.app)
