"""Settings: one frozen dataclass, one row a field, read from the environment once by the factory."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.errors import SettingsError
from app.setting_types import (
    OFF,
    IPNetwork,
    choice,
    collector,
    database,
    file,
    header_text,
    key_names,
    networks,
    number,
    origins,
    place,
    store,
    whole,
)
from app.settings_file import SETTINGS_FILE, with_settings_file
from app.vision.limits import MAX_PIXELS_CEILING

PREFIX = "WHICHPARK_"
_ROOT = Path(__file__).resolve().parent.parent

KEYS_NEEDED_FOR = ("nothing", "api", "everything")
LOGGED_ADDRESSES = ("none", "network", "full")
LOG_FORMATS = ("text", "json")
RUNTIMES = ("auto", "cpu", "torch")
SWITCH = ("on", "off")


def _setting(default: Any, help_text: str, parse: Callable[[str], Any], env: str | None = None) -> Any:
    return dataclasses.field(default=default, metadata={"help": help_text, "parse": parse, "env": env})


@dataclass(frozen=True)
class Settings:
    """What an operator may choose. A field's variable is `WHICHPARK_<FIELD>` unless its row names another."""

    host: str = _setting("127.0.0.1", "address to listen on", str, env="HOST")
    port: int = _setting(8000, "port to listen on", whole(1, 65535), env="PORT")
    workers: int = _setting(1, "gunicorn worker processes", whole(1, 256), env="WEB_CONCURRENCY")
    threads: int = _setting(4, "requests a worker takes at once", whole(1, 256))
    settings_file: Path | None = _setting(
        None, "file of more settings, a NAME=VALUE a line, read again on SIGHUP; the environment goes before it", file
    )
    models_dir: Path = _setting(_ROOT / "models", "folder of the bundles and of CURRENT", Path)
    reload_s: float = _setting(1.0, "seconds between two looks whether CURRENT names another bundle", number(0.01, 600))
    runtime: str = _setting(
        "auto",
        "cpu: model.onnx, no torch; torch: learner.pkl, on CUDA if there; auto: torch only where CUDA is",
        choice(*RUNTIMES),
    )
    owner_dir: Path | None = _setting(
        None, "folder where the workers meet the one process that runs torch for them; none: the server makes one", Path
    )
    runtime_threads: int = _setting(
        0, "photos a worker has in the network at once, on a CPU; 0: as many as there are cores", whole(0, 256)
    )
    max_upload_bytes: int = _setting(20_000_000, "largest request body, in bytes", whole(1_000, 1_000_000_000))
    max_field_bytes: int = _setting(100_000, "largest text field of a form, in bytes", whole(1_000, 10_000_000))
    max_image_px: int = _setting(
        64_000_000, "largest photo, in pixels (width times height)", whole(64, MAX_PIXELS_CEILING)
    )
    max_reads: int = _setting(
        500_000, "most pieces a photo's file may be made of (segments, chunks, strips)", whole(1_000, 100_000_000)
    )
    max_scans: int = _setting(40, "most scans of a progressive JPEG; they usually have 10", whole(1, 10_000))
    max_profile_bytes: int = _setting(
        4_000_000, "largest colour profile that is heeded, in bytes", whole(0, 100_000_000)
    )
    max_heif_s: float = _setting(10.0, "longest a HEIC or AVIF photo is decoded, in seconds", number(0.01, 600))
    max_heif_bytes: int = _setting(
        1_000_000_000, "most memory the process that decodes one may take, in bytes", whole(50_000_000, 64_000_000_000)
    )
    max_decoding_bytes: int = _setting(
        1_000_000_000,
        "most memory a worker decodes photos in at once, in bytes; others wait",
        whole(50_000_000, 1_000_000_000_000),
    )
    max_photos: int = _setting(16, "most photos in one request", whole(1, 1_000))
    max_waiting: int = _setting(32, "photos a worker lets wait for the network; more are refused", whole(0, 10_000))
    max_batch: int = _setting(32, "photos a GPU looks at together, of those that wait; a CPU: one", whole(1, 1_024))
    max_wait_s: float = _setting(
        10.0, "longest a photo waits to be decoded, and then for the network, in seconds", number(0.01, 600)
    )
    url_fetch: str = _setting("on", "whether photos are fetched from addresses: on, off", choice(*SWITCH))
    max_fetch_bytes: int = _setting(
        20_000_000, "most bytes fetched for one request, all its photos together", whole(1_000, 1_000_000_000)
    )
    max_fetch_s: float = _setting(
        10.0, "longest the photos of one request are fetched, in seconds, all together", number(0.01, 600)
    )
    max_fetches: int = _setting(
        2, "requests a worker fetches photos for at once, fewer than its threads; more are refused", whole(1, 256)
    )
    fetch_user_agent: str = _setting(
        "which-park/0.1",
        "how the server names itself where it fetches a photo; add your address: some hosts refuse who has none",
        header_text,
    )
    fetch_denied_networks: tuple[IPNetwork, ...] = _setting(
        (), "IP networks never fetched from beside the private ones, as 192.0.2.0/24,2001:db8::/32", networks
    )
    max_queue: int = _setting(
        16, "requests with photos a worker lets wait for a thread; more are refused", whole(0, 10_000)
    )
    max_queue_s: float = _setting(10.0, "longest a request waits for a thread, in seconds", number(0.01, 600))
    max_connections: int = _setting(
        512, "connections of a worker; above it the one idle or waiting longest goes", whole(2, 100_000)
    )
    max_held_uploads: int = _setting(
        10, "memory for what arrives or leaves, as a multiple of MAX_UPLOAD_BYTES", whole(1, 10_000)
    )
    max_head_bytes: int = _setting(65_536, "longest request line and headers, in bytes", whole(1_000, 1_000_000))
    max_head_s: float = _setting(10.0, "longest the headers may take to arrive, in seconds", number(0.01, 600))
    max_transfer_s: float = _setting(
        120.0, "longest a body may take to arrive, or an answer to leave, in seconds", number(0.01, 600)
    )
    max_stall_s: float = _setting(20.0, "seconds a body or an answer may fall behind the least rate", number(0.01, 600))
    min_bytes_per_s: int = _setting(1_000, "least rate of a body or an answer", whole(1, 1_000_000_000))
    max_linger_s: float = _setting(
        10.0, "longest the rest of a refused body is read away, in seconds", number(0.01, 600)
    )
    max_linger_bytes: int = _setting(
        100_000_000, "most of a refused body that is read away, in bytes", whole(0, 10_000_000_000)
    )
    keepalive_s: float = _setting(5.0, "seconds a connection stays open for another request", number(0.01, 600))
    max_drain_s: int = _setting(
        30, "longest a worker that ends still answers what it has, in whole seconds", whole(1, 600)
    )
    max_photos_per_minute: int = _setting(
        120, "photos a minute taken from one address (one /64 of IPv6); 0: no limit", whole(0, 1_000_000)
    )
    max_photos_per_minute_with_key: int = _setting(
        600, "photos a minute taken from one API key; 0: no limit", whole(0, 1_000_000)
    )
    rate_limit_store: str = _setting(
        "memory://", "where they are counted: memory:// for each worker, or a redis:// address for all", store
    )
    api_keys_file: Path | None = _setting(None, "file of API keys, see `python -m app.keys`; none: no keys", file)
    keys_needed_for: str = _setting(
        "api", "with a file of keys, what needs one: nothing, api, everything", choice(*KEYS_NEEDED_FOR)
    )
    feedback: str = _setting(
        OFF,
        "where feedback is kept: off, sqlite:////folder/feedback.db or postgresql://user:password@host/name",
        database,
    )
    max_feedback: int = _setting(
        100_000, "most entries of feedback that are kept; more are refused", whole(1, 100_000_000)
    )
    max_feedback_per_day: int = _setting(
        200, "entries of feedback a day taken from one address or one API key; 0: no limit", whole(0, 1_000_000)
    )
    max_feedback_bytes: int = _setting(
        1_000_000_000, "most photos that are kept with feedback, in bytes", whole(0, 1_000_000_000_000)
    )
    max_feedback_days: int = _setting(
        180, "longest that feedback is kept, in days; then it is deleted", whole(1, 36_500)
    )
    max_feedback_px: int = _setting(1_024, "longest side of a photo that is kept, in pixels", whole(64, 10_000))
    max_feedback_s: float = _setting(
        5.0, "longest the database of feedback is waited for, in seconds", number(0.01, 600)
    )
    reviewers: tuple[str, ...] = _setting(
        (), "names of API keys that may review feedback, at /review; none: nobody", key_names
    )
    trusted_proxies: tuple[IPNetwork, ...] = _setting(
        (), "proxies whose X-Forwarded-For and -Proto are believed, as 10.0.0.2,172.16.0.0/12", networks
    )
    cors_origins: tuple[str, ...] = _setting(
        (), "origins whose pages may use the API, as https://app.example.org; *: any", origins
    )
    hsts_s: int = _setting(
        31_536_000, "seconds that browsers keep to https once they came by it; 0: not said", whole(0, 100_000_000)
    )
    metrics: str = _setting(
        "off", "who may GET /metrics: off; on: everybody; key: an API key; 127.0.0.1:9464: who can reach that", place
    )
    traces: str = _setting(
        OFF,
        "where a span a request is sent: off, or the address of an OpenTelemetry collector, as "
        "http://127.0.0.1:4318/v1/traces",
        collector,
    )
    log_format: str = _setting("text", "of the log's lines: text, json", choice(*LOG_FORMATS))
    log_addresses: str = _setting(
        "none", "of clients' addresses, what the log has: none, network (/24, /48), full", choice(*LOGGED_ADDRESSES)
    )
    log_level: str = _setting("info", "least level that is logged", choice("debug", "info", "warning", "error"))

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """The settings an environment asks for, and the file it names; what neither mentions has its default.

        Raises:
            SettingsError: a value has no sense, or a `WHICHPARK_` variable is none of ours, or see `settings_file`.
        """
        fields = {env_name(field): field for field in dataclasses.fields(cls)}
        environ = with_settings_file(environ, fields)
        unknown = sorted(name for name in environ if name.startswith(PREFIX) and name not in fields)
        if unknown:
            raise SettingsError(f"{unknown[0]} is no setting. The settings are: {', '.join(sorted(fields))}.")
        values = {}
        for name, field in fields.items():
            if environ.get(name, "") != "":
                try:
                    values[field.name] = field.metadata["parse"](environ[name])
                except SettingsError as exc:
                    raise SettingsError(f"{name}: {exc} ({field.metadata['help']})") from None
        settings = cls(**values)
        _ensure_sense(settings)
        return settings

    @property
    def metrics_address(self) -> str | None:
        """Where metrics are served alone, as "HOST:PORT"; None if they are served nowhere, or with all else."""
        return self.metrics if ":" in self.metrics else None


def _ensure_sense(settings: Settings) -> None:
    """Of settings together."""
    if settings.reviewers and settings.api_keys_file is None:
        raise SettingsError("WHICHPARK_REVIEWERS names keys, so WHICHPARK_API_KEYS_FILE must say where they are.")
    if settings.metrics == "key" and settings.api_keys_file is None:
        raise SettingsError("WHICHPARK_METRICS is key, which needs WHICHPARK_API_KEYS_FILE: without it nobody has one.")
    if (settings.metrics_address or "").endswith(f":{settings.port}"):
        raise SettingsError(f"WHICHPARK_METRICS needs a port of its own, and {settings.port} is the server's.")


def environ_of(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment that asks for the same settings and names no file.

    Raises:
        SettingsError: see `settings_file`.
    """
    merged = with_settings_file(environ, {env_name(field) for field in dataclasses.fields(Settings)})
    return {name: value for name, value in merged.items() if name != SETTINGS_FILE}


def env_name(field: dataclasses.Field[Any]) -> str:
    """The environment variable of a field of Settings."""
    return str(field.metadata["env"] or f"{PREFIX}{field.name.upper()}")


def settings_table() -> str:
    """The settings as a Markdown table, for the README."""
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    for field in dataclasses.fields(Settings):
        default = field.default.name + "/" if isinstance(field.default, Path) else field.default
        shown = "" if default in ((), None) else f"`{default}`"
        rows.append(f"| `{env_name(field)}` | {shown} | {field.metadata['help']} |")
    return "\n".join(rows)
