"""TrainConfig: everything that decides what a training run gives; it is written into the card of its bundle."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from app.vision.preprocess import PreprocessSpec

ARCHITECTURES = ("resnet18", "resnet34", "resnet50")
IMAGENET = "imagenet"
NO_WEIGHTS = "none"


def _choice(default: Any, help_text: str, choices: tuple[str, ...] | None = None) -> Any:
    return dataclasses.field(default=default, metadata={"help": help_text, "choices": choices})


@dataclass(frozen=True)
class TrainConfig:
    """One row a choice; the command line has a flag of the same name for each."""

    arch: str = _choice("resnet18", "the network's body", ARCHITECTURES)
    weights: str = _choice(
        IMAGENET, "what the body starts from: 'imagenet' (downloaded), a torchvision state dict's file, or 'none'"
    )
    size_px: int = _choice(224, "side of the square the network sees, in pixels")
    freeze_epochs: int = _choice(2, "epochs that train the head alone, first")
    epochs: int = _choice(12, "epochs that train everything, after")
    batch_size: int = _choice(32, "photos a step")
    lr: float = _choice(4e-3, "peak learning rate of the head while it trains alone; half of it after")
    body_lr_divisor: float = _choice(4.0, "the body's first layers learn at this fraction (1/x) of the head's rate")
    weight_decay: float = _choice(0.05, "weight decay")
    dropout: float = _choice(0.3, "share of the embedding that is dropped in training")
    label_smoothing: float = _choice(0.05, "share of the target spread over all labels")
    min_crop_area: float = _choice(0.35, "least share of a photo's area a training crop keeps")
    mixup: float = _choice(0.0, "mixup's alpha; 0: none")
    class_weights: bool = _choice(False, "weigh a label by the inverse square root of its count")
    bf16: bool = _choice(False, "train in bfloat16 on the CPU (twice as fast where it has AVX512-BF16 or AMX)")
    seed: int = _choice(42, "seed of the split and of the training")
    n_folds: int = _choice(7, "sources are dealt into this many folds: one tests, one validates, the rest train")
    target_precision: float = _choice(0.9, "share of 'match' verdicts that must be right on the validation photos")
    neighbours: int = _choice(5, "nearest training photos whose mean distance tells 'unknown'")
    known_share: float = _choice(0.98, "share of the validation photos of known labels that this distance must keep")
    other_label: str = _choice("other", "the label that means 'none of these', if the data has it")

    @property
    def preprocess(self) -> PreprocessSpec:
        """What the network will see."""
        return PreprocessSpec(size_px=self.size_px, decode_px=2 * self.size_px)

    def to_json(self) -> dict[str, Any]:
        """The resolved choices, for the card."""
        return dataclasses.asdict(self)
