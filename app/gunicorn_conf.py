"""gunicorn's configuration: `gunicorn -c python:app.gunicorn_conf "app.factory:create_app()"`.

Nothing is preloaded: thread pools of the runtimes, and CUDA, do not survive a fork, so each worker loads its own.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from app.config import Settings
from app.door.key_file import read_keys
from app.errors import SettingsError
from app.ops.memory import return_freed_memory
from app.ops.serving.limits import ConnectionLimits
from app.ops.serving.worker import QueueingWorker

try:
    _settings = Settings.from_environ(os.environ)
    if _settings.api_keys_file:
        read_keys(_settings.api_keys_file)  # A worker would find it too, and say so with a traceback.
except SettingsError as exc:
    sys.exit(f"which-park: {exc}")

bind = f"{_settings.host}:{_settings.port}"
workers = _settings.workers
threads = _settings.threads


class Worker(QueueingWorker):
    """With the operator's limits."""

    limits = ConnectionLimits(
        max_connections=_settings.max_connections,
        max_head_bytes=_settings.max_head_bytes,
        max_head_s=_settings.max_head_s,
        max_body_bytes=_settings.max_upload_bytes,
        max_held_bytes=_settings.max_held_uploads * _settings.max_upload_bytes,
        max_transfer_s=_settings.max_transfer_s,
        max_stall_s=_settings.max_stall_s,
        min_bytes_per_s=_settings.min_bytes_per_s,
        max_linger_s=_settings.max_linger_s,
        max_linger_bytes=_settings.max_linger_bytes,
        keepalive_s=_settings.keepalive_s,
        max_queue=_settings.max_queue,
        max_queue_s=_settings.max_queue_s,
    )


worker_class = Worker
worker_connections = _settings.max_connections
forwarded_allow_ips = ",".join(map(str, _settings.trusted_proxies))  # Who may say that a request came by https.
sendfile = False  # An answer goes through the worker's own buffers.
preload_app = False
timeout = 60
graceful_timeout = 30
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # Heartbeats in memory; the disk may be read-only.
control_socket_disable = True
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"level": "INFO", "handlers": ["stderr"]},
    "loggers": {
        "gunicorn.error": {"level": "INFO", "handlers": ["stderr"], "propagate": False, "qualname": "gunicorn.error"},
        # Every request is logged by app.ops.request_log, without its query, so gunicorn need not.
        "gunicorn.access": {"level": "WARNING", "handlers": [], "propagate": False, "qualname": "gunicorn.access"},
    },
}


def post_fork(server: object, worker: object) -> None:
    """In each worker, before it loads the application."""
    return_freed_memory()
