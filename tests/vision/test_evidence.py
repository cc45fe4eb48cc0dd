"""The heat map: clear where nothing speaks for a label, opaque where most does."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from app.vision.evidence import heat_map, jpeg_data_uri, png_data_uri, relative_evidence
from tests.photos import draw_quadrants, draw_scene

LANDSCAPE = (640, 480)


def _evidence_at_the_left() -> np.ndarray:
    """Two labels, 3 by 4 places: the left column speaks for the first, the right one for the second."""
    evidence = np.zeros((2, 3, 4), dtype=np.float32)
    evidence[0, :, 0] = evidence[1, :, -1] = 5.0
    return evidence


def _alpha(overlay: Image.Image) -> np.ndarray:
    return np.asarray(overlay.getchannel("A")).astype(int)


def _decode(uri: str, media_type: str) -> Image.Image:
    head, _, text = uri.partition(",")
    assert head == f"data:{media_type};base64"
    return Image.open(io.BytesIO(base64.b64decode(text, validate=True)))


def test_relative_evidence_is_what_a_label_has_over_the_mean_of_all() -> None:
    evidence = np.array([[[1.0]], [[2.0]], [[6.0]]], dtype=np.float32)
    assert relative_evidence(evidence).ravel().tolist() == [-2.0, -1.0, 3.0]


def test_of_several_labels_each_has_its_own_evidence() -> None:
    evidence = np.array([[[1.0]], [[2.0]]], dtype=np.float32)
    assert relative_evidence(evidence, "multi_label").ravel().tolist() == [1.0, 2.0]


def test_where_every_label_is_seen_each_has_its_map() -> None:
    everywhere = np.full((1, 2, 2), 3, dtype=np.float32)
    assert _alpha(heat_map(everywhere, 0, LANDSCAPE, "multi_label")).min() == 200


def test_the_map_is_opaque_where_most_speaks_and_clear_where_nothing_does() -> None:
    alpha = _alpha(heat_map(_evidence_at_the_left(), 0, LANDSCAPE))
    assert alpha[:, 0].min() == alpha.max() == 200
    assert alpha[:, alpha.shape[1] // 2 :].max() <= 10


def test_each_label_has_its_own_map() -> None:
    left, right = (_alpha(heat_map(_evidence_at_the_left(), index, LANDSCAPE)) for index in (0, 1))
    assert np.array_equal(left, right[:, ::-1])


def test_the_map_is_lighter_where_more_speaks() -> None:
    overlay = heat_map(_evidence_at_the_left(), 0, LANDSCAPE).convert("RGB").convert("L")
    grey = np.asarray(overlay).astype(int)
    assert grey[0, 0] > grey[0, 60] > grey[0, -1]


def test_a_label_that_nothing_speaks_for_has_a_clear_map() -> None:
    evidence = np.zeros((3, 2, 2), dtype=np.float32)
    evidence[0] = 4.0
    assert _alpha(heat_map(evidence, 1, LANDSCAPE)).max() == 0


def test_evidence_without_any_difference_is_a_clear_map() -> None:
    assert _alpha(heat_map(np.full((3, 2, 2), 7, dtype=np.float32), 0, LANDSCAPE)).max() == 0


def test_the_scale_is_the_photos_most_telling_place_for_any_label() -> None:
    evidence = _evidence_at_the_left()
    evidence[1] *= 4
    assert _alpha(heat_map(evidence, 0, LANDSCAPE)).max() < 100
    assert _alpha(heat_map(evidence, 1, LANDSCAPE)).max() == 200


def test_the_same_added_to_every_label_changes_no_map() -> None:
    shifted = _evidence_at_the_left() + np.float32(3)
    before, after = (heat_map(evidence, 0, LANDSCAPE) for evidence in (_evidence_at_the_left(), shifted))
    assert np.array_equal(np.asarray(before), np.asarray(after))


@pytest.mark.parametrize(
    ("photo", "shown"),
    [
        ((640, 480), (448, 336)),
        ((480, 640), (336, 448)),
        ((100, 100), (448, 448)),
        ((1, 1), (448, 448)),
        ((5000, 1), (448, 1)),
        ((1, 5000), (1, 448)),
    ],
)
def test_the_map_has_the_photos_shape(photo: tuple[int, int], shown: tuple[int, int]) -> None:
    overlay = heat_map(_evidence_at_the_left(), 0, photo)
    assert (overlay.mode, overlay.size) == ("RGBA", shown)


def test_a_png_uri_decodes_to_the_same_pixels() -> None:
    overlay = heat_map(_evidence_at_the_left(), 0, LANDSCAPE)
    decoded = _decode(png_data_uri(overlay), "image/png")
    assert decoded.format == "PNG"
    assert np.array_equal(np.asarray(decoded), np.asarray(overlay))


@pytest.mark.parametrize(
    ("size", "shown"),
    [((400, 300), (200, 150)), ((300, 400), (150, 200)), ((200, 100), (200, 100)), ((40, 30), (40, 30))],
)
def test_a_jpeg_uri_shrinks_and_never_enlarges(size: tuple[int, int], shown: tuple[int, int]) -> None:
    decoded = _decode(jpeg_data_uri(draw_quadrants(size), 200), "image/jpeg")
    assert (decoded.format, decoded.size) == ("JPEG", shown)


def test_a_jpeg_uri_leaves_the_image_as_it_was() -> None:
    image = draw_scene(size=(400, 300))
    jpeg_data_uri(image, 200)
    assert image.size == (400, 300)


def test_a_jpeg_uri_holds_no_metadata() -> None:
    image = draw_scene()
    image.info = {"exif": b"Exif\x00\x00GPS", "comment": b"at home"}
    raw = base64.b64decode(jpeg_data_uri(image, 200).partition(",")[2])
    assert b"Exif" not in raw
    assert b"at home" not in raw
