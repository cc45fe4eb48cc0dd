"""A training that starts from an earlier bundle."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch

from app.vision.bundle import CARD, LEARNER, ModelBundle, file_sha256
from app.vision.card import Card
from app.vision.learner import load_verified_learner
from training.config import TrainConfig
from training.data import PhotoRow, Split
from training.earlier import EARLIER_SOURCES, ensure_unseen, sources_seen
from training.errors import ConfigError, DataError, WeightsUnavailableError
from training.fit import fit, make_model
from training.prepare import TrainRequest, prepare
from training.weights import bundle_named

pytestmark = pytest.mark.slow

VOCAB = ["cats", "dogs", "other"]


def from_bundle(path: Path, **choices: object) -> TrainConfig:
    return dataclasses.replace(TrainConfig(size_px=64, n_folds=3), weights=str(path), **choices)  # type: ignore[arg-type]


def test_a_bundle_gives_its_whole_network_where_the_labels_are_the_same(tiny_bundle: ModelBundle) -> None:
    made = make_model(from_bundle(tiny_bundle.path), VOCAB).state_dict()
    earlier = load_verified_learner(tiny_bundle).model.state_dict()
    assert made.keys() == earlier.keys()
    assert all(torch.equal(made[name], earlier[name]) for name in made)


def test_with_other_labels_it_gives_its_body_alone(tiny_bundle: ModelBundle) -> None:
    made = make_model(from_bundle(tiny_bundle.path), ["cats", "cones", "dogs", "other"]).state_dict()
    earlier = load_verified_learner(tiny_bundle).model.state_dict()
    assert made["1.3.weight"].shape[0] == 4
    assert all(torch.equal(made[name], earlier[name]) for name in made if name.startswith("0."))


def test_a_bundle_of_another_architecture_is_refused(tiny_bundle: ModelBundle) -> None:
    with pytest.raises(WeightsUnavailableError, match="toy-1"):
        make_model(from_bundle(tiny_bundle.path, arch="resnet34"), VOCAB)


def test_a_damaged_bundle_is_refused(tiny_bundle: ModelBundle, tmp_path: Path) -> None:
    (tmp_path / CARD).write_bytes((tiny_bundle.path / CARD).read_bytes())
    with pytest.raises(WeightsUnavailableError, match=LEARNER):
        make_model(from_bundle(tmp_path), VOCAB)
    (tmp_path / CARD).write_text("{}")
    with pytest.raises(WeightsUnavailableError, match="no bundle to start from"):
        bundle_named(str(tmp_path))


@pytest.mark.parametrize("weights", ["imagenet", "none", "body.pth"])
def test_other_weights_are_no_bundle(weights: str) -> None:
    assert bundle_named(weights) is None


def row(source: str, split: Split) -> PhotoRow:
    return PhotoRow(Path(f"cats/{source}__1.jpg"), "cats", "cats", source, split)


def bundle_of(card: Card, trained: list[str], earlier: list[str]) -> ModelBundle:
    data = {"sources": {"train": trained, "valid": ["v"], "test": ["t"]}}
    return ModelBundle(Path("toy-1"), dataclasses.replace(card, data=data, training={EARLIER_SOURCES: earlier}))


def test_the_sources_of_every_bundle_before_are_known(card: Card) -> None:
    assert sources_seen(bundle_of(card, ["b"], ["a"])) == {"a", "b"}
    assert sources_seen(ModelBundle(Path("toy-1"), card)) == set()


@pytest.mark.parametrize("split", ["valid", "test"])
@pytest.mark.parametrize("source", ["a", "b"])
def test_what_it_was_trained_on_measures_nothing(card: Card, source: str, split: Split) -> None:
    with pytest.raises(DataError, match=rf"toy-1 was trained on 1 source\(s\).*\({source}\)"):
        ensure_unseen(bundle_of(card, ["b"], ["a"]), [row(source, split), row("c", "test")])


def test_what_it_was_trained_on_may_train_again(card: Card) -> None:
    ensure_unseen(bundle_of(card, ["b"], ["a"]), [row("a", "train"), row("b", "train"), row("v", "valid")])


def request_of(data: Path) -> TrainRequest:
    return TrainRequest(data=data, out=Path("out"), name="toy", version="2", command="")


def test_the_card_tells_what_it_started_from(tiny_bundle: ModelBundle, toy_data: Path) -> None:
    training = prepare(request_of(toy_data), from_bundle(tiny_bundle.path)).training
    assert training["weights_sha256"] == file_sha256(tiny_bundle.path / LEARNER)
    assert training[EARLIER_SOURCES] == tiny_bundle.card.data["sources"]["train"]


def test_another_split_than_the_bundles_is_refused(tiny_bundle: ModelBundle, toy_data: Path) -> None:
    with pytest.raises(DataError, match="it would be measured on what it knows"):
        prepare(request_of(toy_data), from_bundle(tiny_bundle.path, n_folds=4))


@pytest.mark.parametrize("share", [0.25, 1.0])
def test_what_is_kept_lies_between_the_start_and_what_was_trained(
    share: float, tiny_bundle: ModelBundle, toy_data: Path
) -> None:
    config = from_bundle(tiny_bundle.path, freeze_epochs=0, epochs=1, batch_size=8, precision="float32")
    rows = prepare(request_of(toy_data), config).rows
    start = make_model(config, VOCAB).state_dict()
    trained = fit(rows, VOCAB, config).model.state_dict()
    kept = fit(rows, VOCAB, dataclasses.replace(config, start_share=share)).model.state_dict()
    assert not torch.equal(start["1.3.weight"], trained["1.3.weight"])
    for name in ("0.0.weight", "0.1.running_mean", "1.3.weight"):
        expected = share * start[name] + (1 - share) * trained[name]
        assert torch.allclose(kept[name], expected, rtol=2e-3, atol=1e-4)  # float16 has 11 bits.


def test_the_start_is_what_the_head_learnt_alone_where_it_did(toy_data: Path) -> None:
    config = TrainConfig(weights="none", n_folds=3, size_px=32, freeze_epochs=1, epochs=1, precision="float32")
    rows = prepare(request_of(toy_data), config).rows
    head_alone = fit(rows, VOCAB, dataclasses.replace(config, epochs=0)).model.state_dict()
    kept = fit(rows, VOCAB, dataclasses.replace(config, start_share=1.0)).model.state_dict()
    assert all(torch.equal(kept[name], head_alone[name]) for name in ("0.0.weight", "1.3.weight"))


def test_a_share_of_a_start_that_knows_nothing_is_refused(toy_data: Path) -> None:
    config = TrainConfig(weights="none", n_folds=3, freeze_epochs=0, start_share=0.5)
    with pytest.raises(ConfigError, match="--start-share needs"):
        prepare(request_of(toy_data), config)
