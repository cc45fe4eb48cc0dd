"""Photos that look the same: their hashes, and their groups."""

from __future__ import annotations

import io
import itertools

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from tests.photos import draw_scene, encode
from training.check import duplicates
from training.check.duplicates import near_duplicate_groups, perceptual_hash


def distance(first: Image.Image, second: Image.Image) -> int:
    return (perceptual_hash(first) ^ perceptual_hash(second)).bit_count()


@pytest.fixture(scope="module")
def scene() -> Image.Image:
    return draw_scene(1, (640, 480))


def test_a_hash_has_64_bits(scene: Image.Image) -> None:
    assert 0 <= perceptual_hash(scene) < 2**64


def test_a_smaller_and_brighter_copy_looks_the_same(scene: Image.Image) -> None:
    assert distance(scene, scene.resize((200, 150))) <= 6
    assert distance(scene, ImageEnhance.Brightness(scene).enhance(1.1)) <= 6


def test_other_scenes_look_different(scene: Image.Image) -> None:
    assert min(distance(scene, draw_scene(seed, (640, 480))) for seed in range(2, 12)) > 6


def test_photos_within_the_distance_share_a_group() -> None:
    hashes = np.array([0b0, 0b111, 2**40 - 1, 0b0], dtype=np.uint64)
    assert near_duplicate_groups(hashes, 3).tolist() == [0, 0, 1, 0]
    assert near_duplicate_groups(hashes, 2).tolist() == [0, 1, 2, 0]


def test_photos_linked_through_others_share_a_group() -> None:
    hashes = np.array([0, 2**6 - 1, 2**12 - 1, 2**18 - 1], dtype=np.uint64)
    assert near_duplicate_groups(hashes, 6).tolist() == [0, 0, 0, 0]


def test_groups_are_the_same_in_any_block_size(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    hashes = rng.integers(0, 2**10, 300).astype(np.uint64) << np.uint64(20)
    whole = near_duplicate_groups(hashes, 1)
    monkeypatch.setattr(duplicates, "_BLOCK_PAIRS", 1)
    assert near_duplicate_groups(hashes, 1).tolist() == whole.tolist()


def test_groups_are_those_of_a_plain_search() -> None:
    rng = np.random.default_rng(1)
    hashes = rng.integers(0, 2**16, 150).astype(np.uint64)
    groups = near_duplicate_groups(hashes, 2)
    expected = list(range(len(hashes)))
    for i, j in itertools.combinations(range(len(hashes)), 2):
        if (int(hashes[i]) ^ int(hashes[j])).bit_count() <= 2:
            low, high = sorted((expected[i], expected[j]))
            expected = [low if group == high else group for group in expected]
    assert (np.equal.outer(groups, groups) == np.equal.outer(expected, expected)).all()


def test_no_photos_have_no_groups() -> None:
    assert near_duplicate_groups(np.array([], dtype=np.uint64), 6).tolist() == []


@pytest.mark.parametrize("max_distance", [-1, 65])
def test_a_distance_out_of_its_range_is_refused(max_distance: int) -> None:
    with pytest.raises(ValueError, match="max_distance"):
        near_duplicate_groups(np.zeros(2, dtype=np.uint64), max_distance)


def test_a_jpeg_of_low_quality_looks_the_same(scene: Image.Image) -> None:
    assert distance(scene, Image.open(io.BytesIO(encode(scene, quality=30)))) <= 6
