"""LookInside: one photo's way through the network, from its pixels to the verdict, in the network's own numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.inference.classifier import Classification
from app.inference.inside.channels import named_channels, telling_channels
from app.inference.inside.pictures import heat_on_photo, map_picture, spotlight
from app.inference.predictor import PhotoResult
from app.inference.runtime import Array
from app.vision.card import Card, Label
from app.vision.evidence import jpeg_data_uri
from app.vision.preprocess import PreprocessSpec, fit_image, to_batch

# What is shown, however many labels and maps there are.
MAX_LABELS = 6
MAX_MAPS = 6
CORNER_PX = 6
PHOTO_PX = 640
SPOTLIGHT_PX = 160

# Whose maps are shown as they are; those of the others have so few places that only a light on the photo tells more.
_MAPS_ALONE = ("stem", "layer1")


@dataclass(frozen=True)
class Corner:
    """A small square of the network's picture, for people to read.

    `left` and `top` are its place, in pixels; `pixels` are (rows, columns, 3) values of 0 to 255; `first` are the
    three numbers that the network gets for the first of them.
    """

    left: int
    top: int
    pixels: NDArray[np.uint8]
    first: tuple[float, ...]


@dataclass(frozen=True)
class LayerMap:
    """One map of a layer, its `channel` counted from 1. `feature` is what of the photo it is like, if it has a name."""

    channel: int
    picture: str
    feature: str | None = None


@dataclass(frozen=True)
class LayerLook:
    """A layer: how many maps it has, of how many places, and the most telling ones.

    `is_alone`: the pictures are the maps as they are, not a light on the photo.
    """

    name: str
    n_maps: int
    height: int
    width: int
    is_alone: bool
    maps: tuple[LayerMap, ...]


@dataclass(frozen=True)
class LabelLook:
    """What became of one label: the mean of its evidence is `score`, divided by the temperature `scaled`.

    `threshold` is the least probability of a match; `heat` the evidence over the photo.
    """

    label: Label
    score: float
    scaled: float
    probability: float
    threshold: float
    heat: str


@dataclass(frozen=True)
class LookInside:
    """A photo's way through the network; pictures are data URIs.

    `square` is what the network was shown. `labels` are the most probable ones of `n_labels`, highest first;
    `log_total` is the logarithm of the sum of exp(scaled) over all of them, by which a softmax divides. `places` (h, w)
    is the evidence for the first of `labels`, whose mean is its score.
    """

    photo: str
    square: str
    size_px: int
    corner: Corner
    layers: tuple[LayerLook, ...]
    labels: tuple[LabelLook, ...]
    n_labels: int
    log_total: float
    places: Array
    classification: Classification

    @property
    def n_numbers(self) -> int:
        """How many numbers the network gets."""
        return 3 * self.size_px**2


def look_inside(result: PhotoResult, card: Card) -> LookInside:
    """What the network made of a photo that it was asked about."""
    square = fit_image(result.image, card.preprocess)
    labels = tuple(_look_at_label(row, result, card) for row in _order(result, card)[:MAX_LABELS])
    scaled = result.output.logits[0].astype(np.float64) / card.temperature
    return LookInside(
        photo=jpeg_data_uri(result.image, PHOTO_PX),
        square=jpeg_data_uri(square, card.preprocess.size_px),
        size_px=card.preprocess.size_px,
        corner=_corner(square, card.preprocess),
        layers=tuple(_look_at_layer(name, maps[0], square) for name, maps in result.output.layers.items()),
        labels=labels,
        n_labels=len(card.labels),
        log_total=float(np.logaddexp.reduce(scaled)),
        places=result.evidence[_order(result, card)[0]],
        classification=result.classification,
    )


def _order(result: PhotoResult, card: Card) -> list[int]:
    """The labels' indices, most probable first."""
    return [card.vocab.index(row.label.label) for row in result.classification.predictions]


def _look_at_label(index: int, result: PhotoResult, card: Card) -> LabelLook:
    label, score = card.labels[index], float(result.output.logits[0, index])
    [probability] = [row.probability for row in result.classification.predictions if row.label is label]
    return LabelLook(
        label=label,
        score=score,
        scaled=score / card.temperature,
        probability=probability,
        threshold=card.thresholds.match[index],
        heat=heat_on_photo(result.evidence, index, result.image, card.task),
    )


def _look_at_layer(name: str, activations: Array, square: Image.Image) -> LayerLook:
    is_alone = name in _MAPS_ALONE
    small, maps = square.resize((SPOTLIGHT_PX, SPOTLIGHT_PX), Image.Resampling.BILINEAR), []
    for channel, feature in _chosen(name, activations, square):
        activation = activations[channel]
        picture = map_picture(activation) if is_alone else spotlight(activation, small)
        maps.append(LayerMap(channel + 1, picture, feature))
    n_maps, height, width = activations.shape
    return LayerLook(name, n_maps, height, width, is_alone, tuple(maps))


def _chosen(name: str, activations: Array, square: Image.Image) -> list[tuple[int, str | None]]:
    """Only the first layer answers to anything so simple that it has a name."""
    if name == "stem":
        return named_channels(activations, square, MAX_MAPS)
    return [(channel, None) for channel in telling_channels(activations, MAX_MAPS)]


def _corner(square: Image.Image, spec: PreprocessSpec) -> Corner:
    """Of all squares of so many pixels side by side, the one whose numbers differ most: the most telling to read."""
    pixels, n = np.asarray(square), spec.size_px // CORNER_PX
    blocks = pixels[: n * CORNER_PX, : n * CORNER_PX].reshape(n, CORNER_PX, n, CORNER_PX, 3)
    row, column = divmod(int(blocks.std(axis=(1, 3)).sum(axis=-1).argmax()), n)
    top, left = row * CORNER_PX, column * CORNER_PX
    first = to_batch([square], spec)[0, :, top, left]
    part = pixels[top : top + CORNER_PX, left : left + CORNER_PX]
    return Corner(left, top, part, tuple(float(value) for value in first))
