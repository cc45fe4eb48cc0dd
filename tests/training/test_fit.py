"""Fine-tuning: what the network is shown, and that a run can be repeated."""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from app.vision.image_io import open_image
from app.vision.learner import CropPhoto, FitPhoto
from app.vision.preprocess import PreprocessSpec, fit_image, to_batch
from tests.photos import draw_data_folder, draw_scene
from training.config import TrainConfig
from training.data import PhotoRow, read_data_folder, split_by_group
from training.fit import fit, make_dataloaders, make_learner, make_model, round_to_float16, seed_everything
from training.fitting.callbacks import batch_norms

# isort: split
from fastai.vision.core import PILImage

pytestmark = pytest.mark.slow

VOCAB = ["cats", "dogs", "other"]
QUICK = TrainConfig(weights="none", size_px=32, freeze_epochs=0, epochs=1, batch_size=4, n_folds=3)


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[PhotoRow]:
    """Nine photos, three of them to train on."""
    data = draw_data_folder(tmp_path_factory.mktemp("few") / "photos", sources=3, photos=1)
    return split_by_group(read_data_folder(data), n_folds=3, seed=0)


@pytest.mark.parametrize("min_area", [0.05, 0.35, 0.8, 1.0])
@pytest.mark.parametrize("size", [(160, 120), (90, 160), (7, 300), (1, 1)])
def test_a_training_crop_keeps_at_least_its_share_of_the_photo(min_area: float, size: tuple[int, int]) -> None:
    random.seed(0)
    image = PILImage.create(Image.new("RGB", size))
    crops = [CropPhoto(min_area)(image, split_idx=0).size for _ in range(300)]
    assert min(width * height for width, height in crops) >= min_area * size[0] * size[1]
    assert all(width <= size[0] and height <= size[1] for width, height in crops)


def test_training_crops_differ() -> None:
    random.seed(0)
    image = PILImage.create(draw_scene())
    assert len({CropPhoto(0.35)(image, split_idx=0).size for _ in range(20)}) > 10


def test_photos_that_are_not_trained_on_are_not_cropped() -> None:
    image = PILImage.create(draw_scene())
    assert CropPhoto(0.35)(image, split_idx=1).size == image.size


@pytest.mark.parametrize("size", [(160, 120), (33, 500), (8, 8)])
def test_fit_photo_is_fit_image(size: tuple[int, int]) -> None:
    spec = PreprocessSpec(size_px=48, decode_px=96)
    image = draw_scene(size=size)
    fitted = FitPhoto(spec)(PILImage.create(image))
    assert np.array_equal(np.asarray(fitted), np.asarray(fit_image(image, spec)))


def test_the_network_validates_on_what_the_server_would_see(rows: list[PhotoRow]) -> None:
    batch, targets = make_dataloaders(rows, VOCAB, QUICK).valid.one_batch()
    spec, valid = QUICK.preprocess, [row for row in rows if row.split == "valid"]
    images = [fit_image(open_image(row.path, decode_px=spec.decode_px), spec) for row in valid]
    assert np.allclose(batch.numpy(), to_batch(images, spec), atol=1e-5)  # The same sum in another order.
    assert [VOCAB[target] for target in targets] == [row.label for row in valid]


def test_test_photos_are_in_no_loader(rows: list[PhotoRow]) -> None:
    dls = make_dataloaders(rows, VOCAB, QUICK)
    seen = {row.path for row in [*dls.train_ds.items, *dls.valid_ds.items]}
    assert seen == {row.path for row in rows if row.split != "test"}


@pytest.mark.parametrize("batch_size", [2, 3, 4, 500])
def test_every_batch_size_leaves_something_to_train_on(rows: list[PhotoRow], batch_size: int) -> None:
    dls = make_dataloaders(rows, VOCAB, dataclasses.replace(QUICK, batch_size=batch_size))
    assert len(dls.train) == 1


def test_the_loss_falls_in_training(rows: list[PhotoRow]) -> None:
    config = dataclasses.replace(QUICK, dropout=0.0, min_crop_area=1.0)
    torch.manual_seed(0)
    dls = make_dataloaders(rows, VOCAB, config)
    learner = make_learner(dls, config, VOCAB)
    batch, targets = dls.train.one_batch()
    losses = []
    optimizer = torch.optim.SGD(learner.model.parameters(), lr=0.005)
    for _ in range(8):
        loss = learner.loss_func(learner.model(batch), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]


def test_two_runs_of_one_seed_give_the_same_network(rows: list[PhotoRow]) -> None:
    first, second = (fit(rows, VOCAB, QUICK).model.state_dict() for _ in range(2))
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_run_with_every_extra_gives_finite_weights(rows: list[PhotoRow]) -> None:
    config = dataclasses.replace(QUICK, freeze_epochs=1, mixup=0.2, class_weights=True, precision="bf16", epochs=1)
    weights = fit(rows, VOCAB, config).model.state_dict().values()
    assert all(torch.isfinite(tensor).all() for tensor in weights)


def test_a_multi_label_run_with_every_extra_gives_finite_weights(rows: list[PhotoRow]) -> None:
    config = dataclasses.replace(QUICK, multi_label=True, mixup=0.2, class_weights=True)
    weights = fit(rows, VOCAB, config).model.state_dict().values()
    assert all(torch.isfinite(tensor).all() for tensor in weights)


def test_a_fitted_learner_knows_no_path_of_its_data(rows: list[PhotoRow]) -> None:
    learner = fit(rows, VOCAB, dataclasses.replace(QUICK, epochs=0))
    assert learner.path == Path()
    assert list(learner.dls.vocab) == VOCAB


def test_kernels_and_matrices_are_rounded_to_float16_and_nothing_else() -> None:
    torch.manual_seed(0)
    norm = nn.BatchNorm2d(8)
    nn.init.normal_(norm.weight)
    model = nn.Sequential(nn.Conv2d(3, 8, 3), norm, nn.Flatten(), nn.Linear(8, 2))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    round_to_float16(model)
    after = model.state_dict()
    for name in ("0.weight", "3.weight"):
        assert torch.equal(after[name], before[name].half().float())
        assert not torch.equal(after[name], before[name])
    for name in set(before) - {"0.weight", "3.weight"}:
        assert torch.equal(after[name], before[name])


@pytest.mark.parametrize("frozen", [True, False])
def test_frozen_norms_stay_as_they_were_pretrained(rows: list[PhotoRow], frozen: bool) -> None:
    config = dataclasses.replace(QUICK, frozen_norms=frozen, freeze_epochs=1, batch_size=2)
    seed_everything(config.seed)
    before = make_model(config, VOCAB)
    after = fit(rows, VOCAB, config).model
    assert all(torch.equal(a, b) for a, b in zip(_norms(before), _norms(after), strict=True)) is frozen
    assert not torch.equal(*(list(model.parameters())[-2].half() for model in (before, after)))


def _norms(model: nn.Module) -> list[torch.Tensor]:
    return [tensor for norm in batch_norms(model) for tensor in norm.state_dict().values()]
