"""Keys: random, kept as digests, found in constant time."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from app.door.key_file import ApiKey, digest_of, find_key, new_secret, parse_keys, read_keys
from app.errors import SettingsError

DIGEST = "0" * 64


def test_a_key_is_256_random_bits_that_say_what_they_are() -> None:
    secrets = {new_secret() for _ in range(50)}
    assert len(secrets) == 50
    assert all(re.fullmatch(r"whichpark_[A-Za-z0-9_-]{43}", secret) for secret in secrets)


def test_what_is_kept_is_the_sha256_of_the_key() -> None:
    assert digest_of("whichpark_x") == hashlib.sha256(b"whichpark_x").digest()


def test_a_key_is_found_by_its_secret_alone() -> None:
    keys = tuple(ApiKey(name, digest_of(name * 3)) for name in ("alice", "bob"))
    found = find_key(keys, "bobbobbob")
    assert found is not None and found.name == "bob"
    for secret in ("", "bob", "bobbobbo", "bobbobbob ", "BOBBOBBOB", "é", "\udcff"):
        assert find_key(keys, secret) is None


def test_a_file_of_keys_is_read_back(tmp_path: Path) -> None:
    keys = (ApiKey("alice", digest_of("a")), ApiKey("b.o_b-2", digest_of("b")))
    (tmp_path / "keys").write_text("# ours\n\n" + "".join(f"{key.line}\n" for key in keys) + "   # end\n")
    assert read_keys(tmp_path / "keys") == keys


@pytest.mark.parametrize(
    "line",
    ["alice", f"alice {DIGEST}", f"alice sha256:{DIGEST}0", f"alice sha256:{DIGEST[1:]}", f"a b sha256:{DIGEST}",
     f"alice md5:{DIGEST}", f"alice sha256:{'G' * 64}", f"{'a' * 65} sha256:{DIGEST}", f"é sha256:{DIGEST}"],
)  # fmt: skip
def test_a_line_without_sense_is_named_and_not_repeated(line: str) -> None:
    with pytest.raises(SettingsError, match="line 2 of keys is not of the form") as caught:
        parse_keys(f"# secret\n{line}\n", "keys")
    assert DIGEST[:32] not in str(caught.value)


def test_nobody_has_two_keys() -> None:
    with pytest.raises(SettingsError, match="line 2 of keys gives alice a second key"):
        parse_keys(f"alice sha256:{DIGEST}\nalice sha256:{DIGEST}\n", "keys")


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "keys").write_bytes(content)
    with pytest.raises(SettingsError, match="cannot be read"):
        read_keys(tmp_path / "keys")
