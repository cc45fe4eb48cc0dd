"""A bundle on disk: what is written is read again, and what is not whole is refused."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.errors import BundleDamagedError, BundleMissingError, BundleSchemaError
from app.vision.bundle import (
    CARD,
    CURRENT,
    NEIGHBOURS,
    NETWORK,
    ModelBundle,
    file_sha256,
    read_bundle,
    read_current_bundle,
    write_atomically,
    write_card,
)
from app.vision.card import SCHEMA_VERSION, Card, Thresholds
from app.vision.rejection import Rejection


@pytest.fixture
def folder(tmp_path: Path, card: Card) -> Path:
    """models/parks-7, with a network and a card that names it; models/CURRENT names the bundle."""
    path = tmp_path / "parks-7"
    path.mkdir()
    (path / NETWORK).write_bytes(b"the network")
    write_card(path, card)
    (tmp_path / CURRENT).write_text("parks-7\n", encoding="utf-8")
    return path


def _edit_card(folder: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    data = json.loads((folder / CARD).read_text(encoding="utf-8"))
    edit(data)
    (folder / CARD).write_text(json.dumps(data), encoding="utf-8")


def _set(*path: Any) -> Callable[[dict[str, Any]], object]:
    """An edit that sets the value at the keys before it."""
    *keys, last, value = path

    def edit(data: Any) -> None:
        for key in keys:
            data = data[key]
        data[last] = value

    return edit


def test_a_card_comes_back_from_its_json(card: Card) -> None:
    full = dataclasses.replace(
        card,
        temperature=1.7,
        thresholds=Thresholds((0.5, 0.6, 0.7), max_distance=0.4, neighbours=5),
        metrics={"accuracy": 0.9},
        data={"digest": "ab"},
        training={"seed": 1},
        files={NETWORK: "00"},
    )
    assert Card.from_json(json.loads(json.dumps(full.to_json()))) == full


@pytest.mark.parametrize("task", ["single_label", "multi_label"])
def test_a_card_without_other_label_and_distance_comes_back(card: Card, task: Any) -> None:
    plain = dataclasses.replace(card, other_label=None, task=task)
    assert Card.from_json(json.loads(json.dumps(plain.to_json()))) == plain


def test_a_rule_for_unknown_comes_back(card: Card) -> None:
    rule = Rejection("other_and_distance", {"other": 0.5, "distance": 3.25}, 1.5)
    full = dataclasses.replace(card, thresholds=Thresholds((0.5, 0.6, 0.7), neighbours=5, rejection=rule))
    assert Card.from_json(json.loads(json.dumps(full.to_json()))) == full


def test_a_card_of_before_there_were_rules_has_none(folder: Path) -> None:
    _edit_card(folder, lambda data: data["thresholds"].pop("rejection"))
    assert read_bundle(folder).card.thresholds.rejection is None


def test_a_written_bundle_is_read_again(folder: Path, card: Card) -> None:
    bundle = read_bundle(folder)
    assert dataclasses.replace(bundle.card, files={}) == card
    assert bundle.card.files == {NETWORK: hashlib.sha256(b"the network").hexdigest()}
    assert bundle.verified_file(NETWORK) == folder / NETWORK
    bundle.verify()


def test_names_of_labels_are_kept_as_people_write_them(tmp_path: Path, card: Card) -> None:
    label = dataclasses.replace(card.labels[1], name="Haleakalā – “House of the Sun”", facts={"link": "https://x.org"})
    write_card(tmp_path, dataclasses.replace(card, labels=(card.labels[0], label, card.labels[2])))
    assert read_bundle(tmp_path).card.labels[1] == label
    assert "Haleakalā" in (tmp_path / CARD).read_text(encoding="utf-8")


def test_the_current_bundle_is_the_one_that_current_names(folder: Path) -> None:
    assert read_current_bundle(folder.parent).path == folder


def test_what_other_programs_leave_in_the_folder_is_not_the_bundles(folder: Path, card: Card) -> None:
    (folder / ".DS_Store").write_bytes(b"junk")
    (folder / "folder").mkdir()
    write_card(folder, card)
    assert set(read_bundle(folder).card.files) == {NETWORK}


def test_a_missing_folder_is_missing(tmp_path: Path) -> None:
    with pytest.raises(BundleMissingError, match="no bundle"):
        read_bundle(tmp_path / "none-1")


def test_a_folder_without_a_card_is_missing(folder: Path) -> None:
    (folder / CARD).unlink()
    with pytest.raises(BundleMissingError, match=CARD):
        read_bundle(folder)


def test_a_file_that_is_gone_is_missing(folder: Path) -> None:
    (folder / NETWORK).unlink()
    with pytest.raises(BundleMissingError, match=NETWORK):
        read_bundle(folder).verify()


def test_a_file_that_the_card_does_not_name_is_missing(folder: Path) -> None:
    (folder / NEIGHBOURS).write_bytes(b"put there later")
    with pytest.raises(BundleMissingError, match=NEIGHBOURS):
        read_bundle(folder).verified_file(NEIGHBOURS)


@pytest.mark.parametrize("content", [b"the networl", b"the network ", b""])
def test_an_altered_file_is_damaged(folder: Path, content: bytes) -> None:
    (folder / NETWORK).write_bytes(content)
    with pytest.raises(BundleDamagedError, match="sha256"):
        read_bundle(folder).verify()


@pytest.mark.parametrize("version", [SCHEMA_VERSION + 1, SCHEMA_VERSION - 1, str(SCHEMA_VERSION), None])
def test_a_card_of_another_schema_is_told_from_a_damaged_one(folder: Path, version: object) -> None:
    _edit_card(folder, _set("schema_version", version))
    with pytest.raises(BundleSchemaError, match="schema version"):
        read_bundle(folder)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not json",
        b"{",
        b"[]",
        b"null",
        b"7",
        b'"card"',
        b"[" * 100_000,
        b"\xff\xfe\xfa",
        b'{"schema_version": 1}',
    ],
)
def test_a_card_that_is_none_is_damaged(folder: Path, content: bytes) -> None:
    (folder / CARD).write_bytes(content)
    with pytest.raises(BundleDamagedError, match=CARD):
        read_bundle(folder)


@pytest.mark.parametrize(
    "key",
    ["schema_version", "name", "version", "task", "labels", "other_label", "preprocess", "temperature", "thresholds",
     "metrics", "data", "training", "files"],
)  # fmt: skip
def test_a_card_that_lacks_a_key_is_damaged(folder: Path, key: str) -> None:
    _edit_card(folder, lambda data: data.pop(key))
    with pytest.raises(BundleDamagedError, match=key):
        read_bundle(folder)


@pytest.mark.parametrize(
    "edit",
    [
        _set("task", "detection"),
        _set("labels", []),
        _set("labels", None),
        _set("labels", ["yosemite"]),
        _set("labels", 1, "label", "other"),
        _set("labels", 1, {"label": "sequoia"}),
        _set("other_label", "atlantis"),
        _set("preprocess", None),
        _set("preprocess", "size_px", 5),
        _set("temperature", 0),
        _set("temperature", -1),
        _set("temperature", "warm"),
        _set("temperature", float("nan")),
        _set("temperature", float("inf")),
        _set("temperature", 10**400),
        _set("thresholds", "match", {"other": 0.5}),
        _set("thresholds", "match", "sequoia", None),
        _set("thresholds", "match", "sequoia", float("nan")),
        _set("thresholds", "max_distance", "far"),
        _set("thresholds", "max_distance", float("nan")),
        _set("thresholds", "neighbours", 0),
        _set("thresholds", "neighbours", 0.5),
        _set("thresholds", "neighbours", None),
        _set("thresholds", "rejection", {}),
        _set("thresholds", "rejection", []),
        _set("thresholds", "rejection", {"method": "x", "weights": {}, "limit": 0}),
        _set("thresholds", "rejection", {"method": "x", "weights": {"mood": 1}, "limit": 0}),
        _set("thresholds", "rejection", {"method": "x", "weights": {"energy": "much"}, "limit": 0}),
        _set("thresholds", "rejection", {"method": "x", "weights": {"energy": 1}, "limit": float("inf")}),
        _set("thresholds", "rejection", {"method": "x", "weights": {"energy": float("nan")}, "limit": 0}),
        _set("thresholds", "rejection", {"method": "x", "weights": {"energy": 1}}),
        _set("preprocess", "std", [float("nan")] * 3),
        _set("metrics", {"accuracy": float("nan")}),
        _set("metrics", None),
        _set("files", ["model.onnx"]),
    ],
)
def test_a_card_without_sense_is_damaged(folder: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    _edit_card(folder, edit)
    with pytest.raises(BundleDamagedError, match=CARD):
        read_bundle(folder)


NOT_PLAIN = ["..", ".", "../parks-8", "/etc/passwd", "a/b", "a\\b", "", ".hidden", "a\nb", "a\x00b", "é", "a b"]


@pytest.mark.parametrize("name", NOT_PLAIN)
@pytest.mark.parametrize("where", ["name", "version", "files"])
def test_a_card_cannot_point_outside_its_folder(folder: Path, where: str, name: str) -> None:
    _edit_card(folder, _set("files", name, "00") if where == "files" else _set(where, name))
    with pytest.raises(BundleDamagedError, match="not a plain name"):
        read_bundle(folder)


@pytest.mark.parametrize("name", [*NOT_PLAIN, "parks-7\nparks-8", "\ufeffparks-7"])
def test_current_cannot_point_outside_its_folder(folder: Path, name: str) -> None:
    (folder.parent / CURRENT).write_text(name, encoding="utf-8")
    with pytest.raises(BundleDamagedError, match=CURRENT):
        read_current_bundle(folder.parent)


def test_current_that_is_no_text_is_damaged(folder: Path) -> None:
    (folder.parent / CURRENT).write_bytes(b"parks-\xff\xfe")
    with pytest.raises(BundleDamagedError, match=CURRENT):
        read_current_bundle(folder.parent)


def test_without_current_the_bundle_is_missing(folder: Path) -> None:
    (folder.parent / CURRENT).unlink()
    with pytest.raises(BundleMissingError, match=CURRENT):
        read_current_bundle(folder.parent)


def test_current_that_names_no_bundle_is_missing(folder: Path) -> None:
    (folder.parent / CURRENT).write_text("parks-8", encoding="utf-8")
    with pytest.raises(BundleMissingError, match="parks-8"):
        read_current_bundle(folder.parent)


def test_a_card_with_nan_is_not_written(tmp_path: Path, card: Card) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        write_card(tmp_path, dataclasses.replace(card, metrics={"accuracy": float("nan")}))
    assert list(tmp_path.iterdir()) == []


def test_writing_replaces_the_file_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / CURRENT
    write_atomically(path, b"parks-1")
    with path.open("rb") as reader:
        write_atomically(path, b"parks-22")
        assert reader.read() == b"parks-1"  # Who reads meanwhile still has the old file, whole.
    assert path.read_bytes() == b"parks-22"
    assert list(tmp_path.iterdir()) == [path]


def test_sha256_is_that_of_the_content(tmp_path: Path) -> None:
    content = bytes(range(256)) * 5000
    (tmp_path / "file").write_bytes(content)
    assert file_sha256(tmp_path / "file") == hashlib.sha256(content).hexdigest()


def _with_neighbours(folder: Path, card: Card, write: Callable[[Path], object]) -> ModelBundle:
    write(folder / NEIGHBOURS)
    write_card(folder, card)
    return read_bundle(folder)


def test_neighbours_come_back(folder: Path, card: Card) -> None:
    rows = np.eye(4, dtype=np.float32)
    bundle = _with_neighbours(folder, card, lambda path: np.savez(path, embedding=rows))
    loaded = bundle.load_neighbours()
    assert loaded is not None
    assert loaded.dtype == np.float32
    assert np.array_equal(loaded, rows)


def test_a_bundle_may_have_no_neighbours(folder: Path) -> None:
    assert read_bundle(folder).load_neighbours() is None


def _save_array_alone(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, np.eye(4))


@pytest.mark.parametrize(
    "write",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"no zip"),
        lambda path: path.write_bytes(b"PK\x03\x04 cut off"),
        _save_array_alone,
        lambda path: np.savez(path, other=np.eye(4)),
        lambda path: np.savez(path, embedding=np.array([{"a": 1}], dtype=object)),
        lambda path: np.savez(path, embedding=np.array(["a"])),
        lambda path: np.savez(path, embedding=np.ones(4)),
        lambda path: np.savez(path, embedding=np.ones((0, 4))),
    ],
    ids=["empty", "no zip", "cut", "npy", "other name", "pickled", "text", "one row flat", "no rows"],
)
def test_neighbours_that_cannot_be_used_are_damaged(folder: Path, card: Card, write: Callable[[Path], object]) -> None:
    bundle = _with_neighbours(folder, card, write)
    with pytest.raises(BundleDamagedError, match=NEIGHBOURS):
        bundle.load_neighbours()
