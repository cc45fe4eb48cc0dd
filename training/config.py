"""TrainConfig: everything that decides what a training run gives; it is written into the card of its bundle."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.vision.card import Task
from app.vision.preprocess import HALF, PreprocessSpec
from training.errors import ConfigError

EFFICIENTNETS = ("efficientnet_lite0",)
ARCHITECTURES = ("resnet18", "resnet34", "resnet50", *EFFICIENTNETS)
IMAGENET = "imagenet"
NO_WEIGHTS = "none"
PRECISIONS = ("auto", "float32", "bf16", "fp16")

_LEAST_PX, _MOST_PX = 32, 1024


def _choice(
    default: Any,
    help_text: str,
    choices: tuple[str, ...] | None = None,
    *,
    least: float | None = None,
    most: float = math.inf,
) -> Any:
    metadata = {"help": help_text, "choices": choices, "least": least, "most": most}
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True)
class TrainConfig:
    """One row a choice; the command line has a flag of the same name for each.

    Raises:
        ConfigError: a number is out of its range.
    """

    arch: str = _choice("resnet18", "the network's body", ARCHITECTURES)
    weights: str = _choice(
        IMAGENET,
        "what the training starts from: 'imagenet' (a ResNet's are downloaded), a state dict's file (torchvision's or "
        "timm's), an earlier bundle's folder (its head, too, if the labels are the same), or 'none'",
    )
    size_px: int = _choice(224, "side of the square the network sees, in pixels", least=_LEAST_PX, most=_MOST_PX)
    sizes: str = _choice(
        "", "sides to train on one after the other, rising to --size-px (128,192,224); empty: --size-px alone"
    )
    multi_label: bool = _choice(False, "a photo may show several labels, or none: a yes or no for each")
    freeze_epochs: int = _choice(2, "epochs that train the head alone, first", least=0)
    epochs: int = _choice(12, "epochs that train everything, after", least=0)
    batch_size: int = _choice(32, "photos a step", least=2)
    lr: float = _choice(4e-3, "peak learning rate of the head while it trains alone; half of it after", least=0)
    find_lr: bool = _choice(False, "find --lr on the data first, and draw what was found")
    body_lr_divisor: float = _choice(
        4.0, "the body's first layers learn at this fraction (1/x) of the head's rate", least=1
    )
    frozen_norms: bool = _choice(
        False,
        "leave the batch norms as they were pretrained: steadier where there are few photos, and the weights are "
        "pretrained on many",
    )
    weight_decay: float = _choice(0.05, "weight decay", least=0)
    dropout: float = _choice(0.3, "share of the embedding that is dropped in training", least=0, most=0.99)
    label_smoothing: float = _choice(
        0.05, "share of the target spread over all labels; none with --multi-label", least=0, most=0.99
    )
    min_crop_area: float = _choice(0.35, "least share of a photo's area a training crop keeps", least=0.01, most=1)
    start_share: float = _choice(
        0.0,
        "share, in the weights that are kept, of those the body began to learn from (an earlier bundle's, or what the "
        "head learnt alone); the rest are the trained ones",
        least=0,
        most=1,
    )
    nothings: int = _choice(
        0,
        "pictures of nothing (flat colours, gradients, noise, pages of text) drawn in code, that are trained on as "
        "photos of 'none of these'",
        least=0,
        most=10_000,
    )
    mixup: float = _choice(0.0, "mixup's alpha; 0: none", least=0)
    patience: int = _choice(
        0,
        "keep the weights of the least validation loss, and stop after so many epochs without a lesser; 0: neither",
        least=0,
    )
    class_weights: bool = _choice(False, "weigh rare labels more: by the square root of how rare they are")
    precision: str = _choice(
        "auto",
        "arithmetic of the training; auto: bf16 where the device is fast at it (CUDA, a CPU with AVX512-BF16 or AMX: "
        "twice the speed), else float32",
        PRECISIONS,
    )
    seed: int = _choice(42, "seed of the split and of the training", least=0, most=2**32 - 1)
    n_folds: int = _choice(
        7, "sources are dealt into this many folds: one tests, one validates, the rest train", least=3
    )
    near_duplicate_bits: int = _choice(
        6, "photos whose perceptual hashes differ in at most so many of 64 bits are kept in one split", least=0, most=64
    )
    target_precision: float = _choice(
        0.9, "share of 'match' verdicts that must be right on the validation photos", least=0, most=1
    )
    sureness: float = _choice(
        0.9,
        "share of the draws of validation sources (the bootstrap) in which a match threshold must hold that precision",
        least=0,
        most=1,
    )
    neighbours: int = _choice(
        5, "nearest training photos whose mean distance may tell 'unknown' (1, 5 and 20 are tried beside)", least=1
    )
    known_share: float = _choice(
        0.98, "share of the validation photos of known labels that the rule for 'unknown' must keep", least=0, most=1
    )
    other_label: str = _choice("other", "the label that means 'none of these', if the data has it")

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            least, most, value = field.metadata["least"], field.metadata["most"], getattr(self, field.name)
            if least is not None and not (least <= value <= most and value < math.inf):
                flag = f"--{field.name.replace('_', '-')}"
                limit = f"at least {least:g}" if most == math.inf else f"from {least:g} to {most:g}"
                raise ConfigError(f"{flag} must be {limit}, got {value:g}: {field.metadata['help']}.")

        self._ensure_sizes()

    def _ensure_sizes(self) -> None:
        sides = self.sizes.split(",") if self.sizes else [str(self.size_px)]
        plain = all(side.strip().isdecimal() and _LEAST_PX <= int(side) <= self.size_px for side in sides)
        if not plain or int(sides[-1]) != self.size_px:
            raise ConfigError(f"--sizes must be sides from {_LEAST_PX} up, the last --size-px, got {self.sizes!r}.")

    @property
    def train_sizes(self) -> tuple[int, ...]:
        """The sides that photos are trained on, one after the other."""
        return tuple(int(side) for side in self.sizes.split(",")) if self.sizes else (self.size_px,)

    @property
    def task(self) -> Task:
        """What the network will say of a photo: one label, or any number."""
        return "multi_label" if self.multi_label else "single_label"

    @property
    def preprocess(self) -> PreprocessSpec:
        """What the network will see."""
        spec = PreprocessSpec(size_px=self.size_px, decode_px=2 * self.size_px)
        if self.arch in EFFICIENTNETS:
            return dataclasses.replace(spec, mean=HALF, std=HALF)
        return spec

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> TrainConfig:
        """The choices of a card or a run; those that are younger than it have their defaults."""
        known = {field.name for field in dataclasses.fields(cls)}
        return cls(**{name: value for name, value in values.items() if name in known})

    def to_json(self) -> dict[str, Any]:
        """The resolved choices, for the card."""
        return dataclasses.asdict(self) | ({"label_smoothing": 0.0} if self.multi_label else {})
