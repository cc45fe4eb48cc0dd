"""Settings: their defaults, their bounds, and what is said of a value without sense."""

from __future__ import annotations

import dataclasses
from ipaddress import ip_network
from pathlib import Path

import pytest

from app.config import RUNTIMES, SWITCH, Settings, env_name, settings_table
from app.errors import SettingsError
from app.vision.limits import MAX_PIXELS_CEILING

DEFAULTS = {
    "HOST": "127.0.0.1",
    "PORT": 8000,
    "WEB_CONCURRENCY": 1,
    "WHICHPARK_THREADS": 4,
    "WHICHPARK_SETTINGS_FILE": None,
    "WHICHPARK_MODELS_DIR": Path(__file__).resolve().parent.parent / "models",
    "WHICHPARK_RELOAD_S": 1.0,
    "WHICHPARK_RUNTIME": "auto",
    "WHICHPARK_OWNER_DIR": None,
    "WHICHPARK_RUNTIME_THREADS": 0,
    "WHICHPARK_MAX_UPLOAD_BYTES": 20_000_000,
    "WHICHPARK_MAX_FIELD_BYTES": 100_000,
    "WHICHPARK_MAX_IMAGE_PX": 64_000_000,
    "WHICHPARK_MAX_READS": 500_000,
    "WHICHPARK_MAX_SCANS": 40,
    "WHICHPARK_MAX_PROFILE_BYTES": 4_000_000,
    "WHICHPARK_MAX_HEIF_S": 10.0,
    "WHICHPARK_MAX_HEIF_BYTES": 1_000_000_000,
    "WHICHPARK_MAX_DECODING_BYTES": 1_000_000_000,
    "WHICHPARK_MAX_PHOTOS": 16,
    "WHICHPARK_MAX_WAITING": 32,
    "WHICHPARK_MAX_BATCH": 32,
    "WHICHPARK_MAX_WAIT_S": 10.0,
    "WHICHPARK_URL_FETCH": "on",
    "WHICHPARK_MAX_FETCH_BYTES": 20_000_000,
    "WHICHPARK_MAX_FETCH_S": 10.0,
    "WHICHPARK_MAX_FETCHES": 2,
    "WHICHPARK_FETCH_USER_AGENT": "which-park/0.1",
    "WHICHPARK_FETCH_DENIED_NETWORKS": (),
    "WHICHPARK_MAX_QUEUE": 16,
    "WHICHPARK_MAX_QUEUE_S": 10.0,
    "WHICHPARK_MAX_CONNECTIONS": 512,
    "WHICHPARK_MAX_HELD_UPLOADS": 10,
    "WHICHPARK_MAX_HEAD_BYTES": 65_536,
    "WHICHPARK_MAX_HEAD_S": 10.0,
    "WHICHPARK_MAX_TRANSFER_S": 120.0,
    "WHICHPARK_MAX_STALL_S": 20.0,
    "WHICHPARK_MIN_BYTES_PER_S": 1_000,
    "WHICHPARK_MAX_LINGER_S": 10.0,
    "WHICHPARK_MAX_LINGER_BYTES": 100_000_000,
    "WHICHPARK_KEEPALIVE_S": 5.0,
    "WHICHPARK_MAX_DRAIN_S": 30,
    "WHICHPARK_MAX_PHOTOS_PER_MINUTE": 120,
    "WHICHPARK_MAX_PHOTOS_PER_MINUTE_WITH_KEY": 600,
    "WHICHPARK_RATE_LIMIT_STORE": "memory://",
    "WHICHPARK_API_KEYS_FILE": None,
    "WHICHPARK_KEYS_NEEDED_FOR": "api",
    "WHICHPARK_FEEDBACK": "off",
    "WHICHPARK_MAX_FEEDBACK": 100_000,
    "WHICHPARK_MAX_FEEDBACK_PER_DAY": 200,
    "WHICHPARK_MAX_FEEDBACK_BYTES": 1_000_000_000,
    "WHICHPARK_MAX_FEEDBACK_DAYS": 180,
    "WHICHPARK_MAX_FEEDBACK_PX": 1_024,
    "WHICHPARK_MAX_FEEDBACK_S": 5.0,
    "WHICHPARK_REVIEWERS": (),
    "WHICHPARK_TRUSTED_PROXIES": (),
    "WHICHPARK_CORS_ORIGINS": (),
    "WHICHPARK_HSTS_S": 31_536_000,
    "WHICHPARK_METRICS": "off",
    "WHICHPARK_TRACES": "off",
    "WHICHPARK_LOG_FORMAT": "text",
    "WHICHPARK_LOG_ADDRESSES": "none",
    "WHICHPARK_LOG_LEVEL": "info",
}

BOUNDS = {
    "PORT": (1, 65535),
    "WEB_CONCURRENCY": (1, 256),
    "WHICHPARK_THREADS": (1, 256),
    "WHICHPARK_RUNTIME_THREADS": (0, 256),
    "WHICHPARK_MAX_UPLOAD_BYTES": (1_000, 1_000_000_000),
    "WHICHPARK_MAX_FIELD_BYTES": (1_000, 10_000_000),
    "WHICHPARK_MAX_IMAGE_PX": (64, MAX_PIXELS_CEILING),
    "WHICHPARK_MAX_READS": (1_000, 100_000_000),
    "WHICHPARK_MAX_SCANS": (1, 10_000),
    "WHICHPARK_MAX_PROFILE_BYTES": (0, 100_000_000),
    "WHICHPARK_MAX_HEIF_BYTES": (50_000_000, 64_000_000_000),
    "WHICHPARK_MAX_DECODING_BYTES": (50_000_000, 1_000_000_000_000),
    "WHICHPARK_MAX_PHOTOS": (1, 1_000),
    "WHICHPARK_MAX_BATCH": (1, 1_024),
    "WHICHPARK_MAX_WAITING": (0, 10_000),
    "WHICHPARK_MAX_FETCH_BYTES": (1_000, 1_000_000_000),
    "WHICHPARK_MAX_FETCHES": (1, 256),
    "WHICHPARK_MAX_QUEUE": (0, 10_000),
    "WHICHPARK_MAX_CONNECTIONS": (2, 100_000),
    "WHICHPARK_MAX_HELD_UPLOADS": (1, 10_000),
    "WHICHPARK_MAX_HEAD_BYTES": (1_000, 1_000_000),
    "WHICHPARK_MIN_BYTES_PER_S": (1, 1_000_000_000),
    "WHICHPARK_MAX_LINGER_BYTES": (0, 10_000_000_000),
    "WHICHPARK_MAX_PHOTOS_PER_MINUTE": (0, 1_000_000),
    "WHICHPARK_MAX_PHOTOS_PER_MINUTE_WITH_KEY": (0, 1_000_000),
    "WHICHPARK_MAX_FEEDBACK": (1, 100_000_000),
    "WHICHPARK_MAX_FEEDBACK_PER_DAY": (0, 1_000_000),
    "WHICHPARK_MAX_FEEDBACK_BYTES": (0, 1_000_000_000_000),
    "WHICHPARK_MAX_FEEDBACK_DAYS": (1, 36_500),
    "WHICHPARK_MAX_FEEDBACK_PX": (64, 10_000),
    "WHICHPARK_HSTS_S": (0, 100_000_000),
    "WHICHPARK_MAX_DRAIN_S": (1, 600),
}
_SECONDS = (
    "MAX_WAIT",
    "MAX_HEIF",
    "MAX_FETCH",
    "MAX_QUEUE",
    "MAX_HEAD",
    "MAX_TRANSFER",
    "MAX_STALL",
    "MAX_LINGER",
    "MAX_FEEDBACK",
    "KEEPALIVE",
    "RELOAD",
)
TIMES = tuple(f"WHICHPARK_{name}_S" for name in _SECONDS)

NETWORKS = ("WHICHPARK_FETCH_DENIED_NETWORKS", "WHICHPARK_TRUSTED_PROXIES")

CHOICES = {
    "WHICHPARK_RUNTIME": RUNTIMES,
    "WHICHPARK_URL_FETCH": SWITCH,
    "WHICHPARK_KEYS_NEEDED_FOR": ("nothing", "api", "everything"),
    "WHICHPARK_LOG_FORMAT": ("text", "json"),
    "WHICHPARK_LOG_ADDRESSES": ("none", "network", "full"),
    "WHICHPARK_LOG_LEVEL": ("debug", "info", "warning", "error"),
}


def _value(name: str, text: str) -> object:
    """What the setting becomes of a variable's text."""
    [field] = [field for field in dataclasses.fields(Settings) if env_name(field) == name]
    return getattr(Settings.from_environ({name: text}), field.name)


def test_an_empty_environment_gives_the_defaults() -> None:
    settings = Settings.from_environ({})
    assert settings == Settings()
    assert {env_name(field): getattr(settings, field.name) for field in dataclasses.fields(settings)} == DEFAULTS


def test_every_number_and_choice_is_in_the_tables_of_this_test() -> None:
    others = {"HOST", "WHICHPARK_MODELS_DIR", "WHICHPARK_FETCH_USER_AGENT", "WHICHPARK_API_KEYS_FILE"}
    others |= {"WHICHPARK_SETTINGS_FILE", "WHICHPARK_METRICS", "WHICHPARK_OWNER_DIR"}
    others |= {*NETWORKS, "WHICHPARK_CORS_ORIGINS", "WHICHPARK_RATE_LIMIT_STORE"}
    others |= {"WHICHPARK_FEEDBACK", "WHICHPARK_REVIEWERS", "WHICHPARK_TRACES"}
    assert BOUNDS.keys() | CHOICES.keys() | {*TIMES} | others == DEFAULTS.keys()


@pytest.mark.parametrize("name", DEFAULTS)
def test_a_blank_variable_is_as_none(name: str) -> None:
    assert Settings.from_environ({name: ""}) == Settings()


@pytest.mark.parametrize(("name", "bounds"), BOUNDS.items())
def test_a_whole_number_is_taken_from_its_least_to_its_most(name: str, bounds: tuple[int, int]) -> None:
    least, most = bounds
    assert [_value(name, str(number)) for number in (least, least + 1, most - 1, most)] == [
        least, least + 1, most - 1, most,
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "bounds"), BOUNDS.items())
def test_a_whole_number_beyond_its_bounds_is_refused(name: str, bounds: tuple[int, int]) -> None:
    least, most = bounds
    for number in (least - 1, most + 1):
        with pytest.raises(SettingsError, match=f"{name}: it must be from {least} to {most}, got {number} "):
            Settings.from_environ({name: str(number)})


@pytest.mark.parametrize("text", ["many", "1.5", "1e3", "0x10", "1,000", " ", "9" * 5000, "nan"])
@pytest.mark.parametrize("name", BOUNDS)
def test_what_is_no_whole_number_is_refused(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}: a whole number is needed"):
        Settings.from_environ({name: text})


@pytest.mark.parametrize(
    ("text", "seconds"), [("0.01", 0.01), ("0.5", 0.5), ("3", 3.0), ("599.9", 599.9), ("600", 600)]
)
@pytest.mark.parametrize("name", TIMES)
def test_a_time_is_taken_within_its_bounds(name: str, text: str, seconds: float) -> None:
    assert _value(name, text) == seconds


@pytest.mark.parametrize("text", ["0.009", "0", "-1", "600.1", "inf", "-inf", "nan"])
@pytest.mark.parametrize("name", TIMES)
def test_a_time_beyond_its_bounds_is_refused(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=rf"{name}: it must be from 0\.01 to 600, got"):
        Settings.from_environ({name: text})


@pytest.mark.parametrize("name", TIMES)
def test_a_time_that_is_no_number_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match=rf"{name}: a number is needed, got '10s'"):
        Settings.from_environ({name: "10s"})


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in CHOICES.items() for text in texts])
def test_every_choice_is_taken(name: str, text: str) -> None:
    assert _value(name, text) == text


@pytest.mark.parametrize("name", CHOICES)
@pytest.mark.parametrize("text", ["other", "AUTO", "INFO", " "])
def test_another_choice_is_refused_and_the_choices_are_said(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}: it must be one of {', '.join(CHOICES[name])}, got '{text}'"):
        Settings.from_environ({name: text})


def test_texts_and_folders_are_taken_as_they_are() -> None:
    settings = Settings.from_environ({"HOST": "::", "WHICHPARK_MODELS_DIR": "/srv/my models"})
    assert (settings.host, settings.models_dir) == ("::", Path("/srv/my models"))


@pytest.mark.parametrize("text", ["which-park/0.1 (me@example.org)", "x", "x" * 199, "x" * 200])
def test_the_servers_name_is_taken_as_it_is(text: str) -> None:
    assert _value("WHICHPARK_FETCH_USER_AGENT", text) == text


@pytest.mark.parametrize("text", ["x" * 201, "a\r\nHost: b", "a\tb", "é", " ", " a", "a ", "\x7f"])
def test_a_name_that_is_no_header_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="WHICHPARK_FETCH_USER_AGENT: it must be at most 200 printable ASCII"):
        Settings.from_environ({"WHICHPARK_FETCH_USER_AGENT": text})


@pytest.mark.parametrize(
    ("text", "networks"),
    [
        ("198.18.0.0/15", ["198.18.0.0/15"]),
        ("8.8.8.8, 2001:db8::/32", ["8.8.8.8/32", "2001:db8::/32"]),
    ],
)
def test_networks_are_read_from_a_list(text: str, networks: list[str]) -> None:
    assert _value("WHICHPARK_FETCH_DENIED_NETWORKS", text) == tuple(map(ip_network, networks))


@pytest.mark.parametrize("text", ["example.org", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/8,", "10.0.0.0/8 8.8.8.8", " "])
def test_what_is_no_list_of_networks_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="WHICHPARK_FETCH_DENIED_NETWORKS: IP networks are needed"):
        Settings.from_environ({"WHICHPARK_FETCH_DENIED_NETWORKS": text})


@pytest.mark.parametrize("name", ["WHICHPARK_MAX_UPLOAD_BYTE", "WHICHPARK_HOST", "WHICHPARK_", "WHICHPARK_port"])
def test_a_variable_of_ours_that_is_no_setting_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} is no setting. The settings are: HOST, PORT"):
        Settings.from_environ({name: "1"})


@pytest.mark.parametrize("name", NETWORKS)
def test_every_list_of_networks_is_one(name: str) -> None:
    assert _value(name, "10.0.0.0/8") == (ip_network("10.0.0.0/8"),)


@pytest.mark.parametrize(
    "text", ["*", "https://a.example", "http://localhost:3000", "https://a.example, http://[::1]:8000", "https://a,*"]
)
def test_origins_are_read_from_a_list(text: str) -> None:
    assert _value("WHICHPARK_CORS_ORIGINS", text) == tuple(part.strip() for part in text.split(","))


@pytest.mark.parametrize("text", ["a.example", "https://a/", "https://A.example", "ftp://a", "https://a,", "**"])
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="WHICHPARK_CORS_ORIGINS: origins as https"):
        Settings.from_environ({"WHICHPARK_CORS_ORIGINS": text})


@pytest.mark.parametrize(
    "text", ["memory://", "redis://:secret@host:6379/1", "rediss://host", "redis+unix:///run/redis"]
)
def test_every_store_is_taken(text: str) -> None:
    assert _value("WHICHPARK_RATE_LIMIT_STORE", text) == text


def test_another_store_is_refused_and_its_password_not_repeated() -> None:
    with pytest.raises(SettingsError, match="it must begin with one of memory://") as caught:
        Settings.from_environ({"WHICHPARK_RATE_LIMIT_STORE": "memcached://:secret@host"})
    assert "secret" not in str(caught.value)


ADDRESSES = {
    "WHICHPARK_FEEDBACK": (
        ["off", "sqlite:///feedback.db", "sqlite:////var/lib/which park/feedback.db",
         "postgresql://me:secret@host:5432/parks"],
        "it must be off, sqlite:///FILE",
        ["on", "feedback.db", "sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:////folder/f.db?secret",
         "mysql://secret@h", "postgresql://", "postgresql+asyncpg://secret@host/db", " "],
    ),
    "WHICHPARK_TRACES": (
        ["off", "http://127.0.0.1:4318/v1/traces", "https://collector.example.org/v1/traces",
         "http://[::1]:4318/v1/traces"],
        "it must be off, or a whole address",
        ["on", "127.0.0.1:4318", "http://", "http:///v1/traces", "http://secret@host:4318", "http://secret:4318/",
         "grpc://secret:4317/x", "http://secret:0/v1", "http://secret:99999/v1", "http://[secret/v1", " ",
         "http://h/v1?token=secret", "http://me:secret@h/v1", "http://h/v1#secret", "http://*/v1", "http://h:/v1",
         "http://h /v1", " http://h/v1", "http://h/v1\n", "http://h/v 1"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text"), [(name, text) for name, (taken, _, _) in ADDRESSES.items() for text in taken]
)
def test_every_address_of_another_service_is_taken(name: str, text: str) -> None:
    assert _value(name, text) == text


@pytest.mark.parametrize(
    ("name", "said", "text"), [(name, said, text) for name, (_, said, refused) in ADDRESSES.items() for text in refused]
)
def test_another_address_is_refused_and_not_repeated(name: str, said: str, text: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}: {said}") as caught:
        Settings.from_environ({name: text})
    assert "secret" not in str(caught.value)


def test_reviewers_are_names_of_keys(tmp_path: Path) -> None:
    (tmp_path / "keys").touch()
    keys = {"WHICHPARK_API_KEYS_FILE": str(tmp_path / "keys")}
    assert Settings.from_environ(keys | {"WHICHPARK_REVIEWERS": "alice, b.o_b-2"}).reviewers == ("alice", "b.o_b-2")
    for text in ("alice,", "al ice", "é", "a" * 65):
        with pytest.raises(SettingsError, match="WHICHPARK_REVIEWERS: names of keys are needed"):
            Settings.from_environ(keys | {"WHICHPARK_REVIEWERS": text})
    with pytest.raises(SettingsError, match="WHICHPARK_API_KEYS_FILE must say where"):
        Settings.from_environ({"WHICHPARK_REVIEWERS": "alice"})


def test_a_file_of_keys_must_be_there(tmp_path: Path) -> None:
    (tmp_path / "keys").touch()
    assert _value("WHICHPARK_API_KEYS_FILE", str(tmp_path / "keys")) == tmp_path / "keys"
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(SettingsError, match="WHICHPARK_API_KEYS_FILE: there is no file"):
            Settings.from_environ({"WHICHPARK_API_KEYS_FILE": str(path)})


def test_variables_of_others_are_none_of_our_business() -> None:
    assert Settings.from_environ({"PATH": "/bin", "THREADS": "9", "whichpark_threads": "9"}) == Settings()


def test_settings_do_not_change_after_they_are_read() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().port = 9  # type: ignore[misc]


def test_the_table_has_a_row_for_every_setting() -> None:
    _, _, *rows = settings_table().splitlines()
    assert [row.split("`")[1] for row in rows] == list(DEFAULTS)
    assert "| `WHICHPARK_MODELS_DIR` | `models/` |" in settings_table()  # Not where it lies on this machine.


@pytest.mark.parametrize("text", ["off", "on", "127.0.0.1:9464", "[::1]:1", "localhost:65535"])
def test_metrics_may_be_served_in_these_places(text: str) -> None:
    assert _value("WHICHPARK_METRICS", text) == text


@pytest.mark.parametrize(
    "text", ["yes", "9464", ":9464", "127.0.0.1", "127.0.0.1:", "a:0", "a:65536", "a:x", "a:²", " "]
)
def test_another_place_of_metrics_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="WHICHPARK_METRICS: it must be off, on, key, or an address and a port"):
        Settings.from_environ({"WHICHPARK_METRICS": text})


def test_metrics_for_keys_need_keys(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="WHICHPARK_METRICS is key, which needs WHICHPARK_API_KEYS_FILE"):
        Settings.from_environ({"WHICHPARK_METRICS": "key"})
    (tmp_path / "keys").touch()
    keys = {"WHICHPARK_API_KEYS_FILE": str(tmp_path / "keys")}
    assert Settings.from_environ({"WHICHPARK_METRICS": "key", **keys}).metrics == "key"


def test_metrics_need_a_port_of_their_own() -> None:
    with pytest.raises(SettingsError, match="WHICHPARK_METRICS needs a port of its own, and 9464 is the server's"):
        Settings.from_environ({"WHICHPARK_METRICS": "127.0.0.1:9464", "PORT": "9464"})
