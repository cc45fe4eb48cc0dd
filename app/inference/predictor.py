"""One photo, all the way: decode, fit, network, verdict."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from app.errors import BundleDamagedError
from app.inference.classifier import Classification, Classifier
from app.inference.decoding_room import DecodingRoom
from app.inference.network import Network
from app.inference.runtime import Array, NetworkOutput
from app.vision.bundle import ModelBundle
from app.vision.golden import golden_batch, golden_gap, golden_tolerance
from app.vision.image_io import open_header
from app.vision.limits import ImageLimits
from app.vision.preprocess import fit_image, to_batch


@dataclass(frozen=True)
class TimingMs:
    """Where one photo's time went, in milliseconds."""

    decode: float
    queue: float
    inference: float


@dataclass(frozen=True)
class PhotoResult:
    """What is known of one photo. `image` is the photo, upright; `output` the network's, for it alone (N = 1)."""

    prediction_id: str
    classification: Classification
    image: Image.Image
    output: NetworkOutput
    timing_ms: TimingMs

    @property
    def evidence(self) -> Array:
        """Evidence (K, h, w) for each label."""
        return np.asarray(self.output.evidence[0])


class Predictor:
    """The service both faces call.

    Thread safety: `predict` may be called from any number of threads; the decoding room and the network's queue say who
    waits.
    """

    def __init__(
        self,
        bundle: ModelBundle,
        network: Network,
        limits: ImageLimits,
        max_wait_s: float,
        max_decoding_bytes: int = 1_000_000_000,
    ) -> None:
        self.bundle = bundle
        self.network = network
        self._limits = limits
        self._classifier = Classifier(bundle.card, bundle.load_neighbours())
        self._room = DecodingRoom(max_decoding_bytes, max_wait_s)

    def predict(
        self, image_bytes: bytes, ensure_wanted: Callable[[], None] = lambda: None, *, with_layers: bool = False
    ) -> PhotoResult:
        """The verdict for one photo, its bytes as they arrived.

        Args:
            ensure_wanted: called before each costly step; raises when nobody waits for the verdict any more.
            with_layers: the result's `output.layers` are wanted.
        Raises:
            PhotoError: see `open_image`.
            BusyError: too many photos wait already, or this one waited too long.
        """
        spec = self.bundle.card.preprocess
        ensure_wanted()
        started = time.monotonic()
        photo = open_header(image_bytes, limits=self._limits, decode_px=spec.decode_px)
        waiting = time.monotonic()
        with self._room.taken(photo.cost_bytes):
            ensure_wanted()
            waited_s = time.monotonic() - waiting
            image = photo.decode()
        batch = to_batch([fit_image(image, spec)], spec)
        decoded = time.monotonic()
        ran = self.network.run(batch, ensure_wanted, with_layers=with_layers)
        output = ran.output
        classification = self._classifier.classify(output.logits[0], output.embedding[0])
        spent_s = (decoded - started - waited_s, ran.began_s - decoded + waited_s, ran.ended_s - ran.began_s)
        timing = TimingMs(*(round(1000 * seconds, 1) for seconds in spent_s))
        return PhotoResult(uuid.uuid4().hex, classification, image, output, timing)

    def warm_up(self) -> None:
        """One real prediction, so that the first visitor does not pay for it, and a broken network shows at start.

        Raises:
            BundleDamagedError: the network does not give one finite logit per label, nor those that the card keeps of
                the golden picture; or its embedding is not of the neighbours' width.
        """
        card = self.bundle.card
        output, n_labels = self.network.run(golden_batch(card.preprocess), lambda: None).output, len(card.labels)
        if output.logits.shape != (1, n_labels) or not np.isfinite(output.logits).all():
            raise BundleDamagedError(f"The network gave logits of shape {output.logits.shape} for {n_labels} labels.")
        if not golden_gap(output.logits, card) <= golden_tolerance(card):
            raise BundleDamagedError(
                f"{self.network.name} does not give the golden outputs of the bundle's card: "
                f"off by {golden_gap(output.logits, card):.1e} in probability, {golden_tolerance(card):g} is allowed."
            )
        try:
            self._classifier.classify(output.logits[0], output.embedding[0])
        except ValueError as exc:
            raise BundleDamagedError(f"The network's embedding does not fit the bundle's neighbours: {exc}") from exc
