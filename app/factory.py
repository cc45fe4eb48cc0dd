"""create_app: the only place where parts are joined."""

from __future__ import annotations

import logging
import os
from functools import partial
from pathlib import Path

from flask import Flask

from app.api.docs import make_docs
from app.api.feedback import make_feedback_api
from app.api.operations import ApiLimits
from app.api.problems import init_problems
from app.api.views import make_api
from app.config import Settings
from app.door.client import init_clients
from app.door.cors import init_cors
from app.door.key_ring import KeyRing
from app.door.proxies import TrustedProxies
from app.door.rate_limits import RateLimits, init_rate_limits
from app.feedback.driver import ensure_driver
from app.feedback.limits import FeedbackLimits
from app.feedback.service import Feedback
from app.inference.cuda import may_be_torch
from app.inference.model_slot import ModelSlot
from app.inference.network import Network
from app.inference.network_queue import NetworkQueue
from app.inference.predictor import Predictor
from app.inference.runtime import load_runtime
from app.intake.body import InMemoryRequest
from app.intake.form import MAX_OTHER_PARTS
from app.intake.url_fetch.connect import Connector
from app.intake.url_fetch.fetcher import UrlFetcher
from app.intake.url_fetch.limits import FetchLimits
from app.intake.url_fetch.lookup import SystemLookup
from app.intake.url_fetch.public import is_public
from app.ops.admission import init_admission
from app.ops.health import make_health
from app.ops.metrics.network import CountedNetwork
from app.ops.metrics.tally import Tally
from app.ops.metrics.view import init_metrics
from app.ops.model_watch import ModelWatch, count_load
from app.ops.outcome import init_outcomes
from app.ops.request_log import init_request_log
from app.ops.retention import init_retention
from app.ops.tracing.libraries import ensure_libraries
from app.ops.tracing.spans import init_tracing
from app.owner.start import owned_network
from app.owner.wanted import Wanted, card_sha256
from app.setting_types import OFF
from app.vision.bundle import ModelBundle, current_state, read_current_bundle
from app.vision.limits import ImageLimits
from app.web.compression import init_compression
from app.web.feedback import make_feedback_pages
from app.web.headers import init_security_headers
from app.web.look_inside import make_look_inside
from app.web.model_page import make_model_page
from app.web.pages import make_pages
from app.web.review import make_review
from app.web.static_files import init_static_files
from app.web.style_sheet import init_style_sheet
from app.web.texts import init_texts

_ROOT = Path(__file__).resolve().parent.parent


def create_app(
    settings: Settings | None = None, slot: ModelSlot | None = None, fetcher: UrlFetcher | None = None
) -> Flask:
    """The application.

    Args:
        settings: what the operator chose; None reads the environment.
        slot: the model to serve; None loads the one that `models/CURRENT` names.
        fetcher: of photos that are named by their address; None makes the internet's, if the settings want one.
    Raises:
        SettingsError: the environment has a setting without sense, or lacks what one needs.
    """
    settings = settings or Settings.from_environ(os.environ)
    logging.getLogger("app").setLevel(settings.log_level.upper())
    logging.getLogger("PIL").setLevel(logging.INFO)  # Beneath that Pillow writes down what is in a photo's EXIF.
    tally = Tally()
    slot = slot or load_slot(settings, tally)
    app = Flask("app", root_path=str(_ROOT), template_folder="templates", static_folder="static")
    app.request_class = InMemoryRequest
    app.config["MAX_CONTENT_LENGTH"] = settings.max_upload_bytes
    app.config["MAX_FORM_PARTS"] = settings.max_photos + MAX_OTHER_PARTS
    app.config["MAX_FORM_MEMORY_SIZE"] = settings.max_field_bytes
    app.json.sort_keys = False  # type: ignore[attr-defined]
    init_request_log(app, settings.log_addresses)
    init_outcomes(app, tally)
    if settings.traces != OFF:
        ensure_libraries()
        init_tracing(app, settings.traces)
    init_admission(app)
    init_problems(app)
    init_metrics(app, tally, settings.metrics)
    init_security_headers(app, init_style_sheet(app), settings.hsts_s)
    init_static_files(app)
    init_compression(app)
    say = init_texts(app)
    init_door(app, settings)
    if fetcher is None and settings.url_fetch == "on":
        fetcher = make_fetcher(settings)
    feedback = make_feedback(settings)
    app.register_blueprint(make_api(slot, settings.max_photos, fetcher))
    if feedback is not None:
        app.register_blueprint(make_feedback_api(slot, feedback))
        app.register_blueprint(make_feedback_pages(slot, feedback))
        if settings.reviewers:
            app.register_blueprint(make_review(feedback, settings.reviewers))
        init_retention(app, feedback)
    app.register_blueprint(make_docs(api_limits(settings, fetcher)))
    app.register_blueprint(make_health(slot))
    app.register_blueprint(make_pages(slot, say, settings.max_photos, settings.max_upload_bytes, fetcher))
    app.register_blueprint(make_look_inside(slot, say, fetcher))
    app.register_blueprint(make_model_page(slot, say))
    return app


def init_door(app: Flask, settings: Settings) -> None:
    """Who may come in: in the order in which a request meets them.

    Raises:
        SettingsError: the file of API keys has a line without sense.
    """
    app.wsgi_app = TrustedProxies(app.wsgi_app, settings.trusted_proxies)  # type: ignore[method-assign]
    init_cors(app, settings.cors_origins)
    ring = KeyRing(settings.api_keys_file) if settings.api_keys_file else None
    init_clients(app, ring, settings.keys_needed_for)
    per_minute, with_key = settings.max_photos_per_minute, settings.max_photos_per_minute_with_key
    limits = RateLimits(per_minute, with_key, settings.max_feedback_per_day, settings.rate_limit_store)
    init_rate_limits(app, limits)


def load_slot(settings: Settings, tally: Tally) -> ModelSlot:
    """The slot of the current bundle, which follows `models/CURRENT` from then on."""
    slot = ModelSlot(lambda: load_predictor(settings, tally), lambda: current_state(settings.models_dir))
    count_load(tally, slot)
    ModelWatch(slot, settings.reload_s, partial(count_load, tally, slot)).start()
    return slot


def load_predictor(settings: Settings, tally: Tally | None = None) -> Predictor:
    """The predictor of the current bundle, whose batches are counted.

    Raises:
        BundleError: the bundle, or what the chosen runtime reads of it, cannot be served.
    """
    bundle = read_current_bundle(settings.models_dir)
    return Predictor(
        bundle,
        CountedNetwork(load_network(settings, bundle), tally or Tally()),
        image_limits(settings),
        max_wait_s=settings.max_wait_s,
        max_decoding_bytes=settings.max_decoding_bytes,
    )


def load_network(settings: Settings, bundle: ModelBundle) -> Network:
    """The bundle's network: in the process that runs torch for all workers, if there is a folder to meet it in; here,
    if not, and if it is not torch that runs it.

    Raises:
        BundleError: what the chosen runtime reads of the bundle cannot be served.
    """
    if settings.owner_dir is not None and may_be_torch(settings.runtime):
        at_once = settings.max_waiting + settings.max_batch
        wanted = wanted_of_owner(settings, bundle)
        network = owned_network(settings.owner_dir, wanted, at_once, settings.max_wait_s)
        if network is not None:
            return network
    kind = settings.runtime if settings.owner_dir is None else "cpu"
    runtime = load_runtime(kind, bundle, settings.runtime_threads, settings.max_batch)
    return NetworkQueue(runtime, settings.max_waiting, settings.max_wait_s)


def wanted_of_owner(settings: Settings, bundle: ModelBundle) -> Wanted:
    """What the owner is told."""
    return Wanted(
        bundle=str(bundle.path.resolve()),
        card_sha256=card_sha256(bundle),
        runtime=settings.runtime,
        threads=settings.runtime_threads,
        max_batch=settings.max_batch,
        log_format=settings.log_format,
        devices=os.environ.get("CUDA_VISIBLE_DEVICES", ""),
    )


def image_limits(settings: Settings) -> ImageLimits:
    """What a photo may cost."""
    return ImageLimits(
        max_image_px=settings.max_image_px,
        max_reads=settings.max_reads,
        max_scans=settings.max_scans,
        max_profile_bytes=settings.max_profile_bytes,
        max_heif_s=settings.max_heif_s,
        max_heif_bytes=settings.max_heif_bytes,
    )


def api_limits(settings: Settings, fetcher: UrlFetcher | None) -> ApiLimits:
    """What clients of the API are told in its documentation."""
    needs_key = settings.api_keys_file is not None and settings.keys_needed_for != "nothing"
    kept = None if settings.feedback == OFF else feedback_limits(settings)
    return ApiLimits(settings.max_photos, settings.max_upload_bytes, fetcher is not None, needs_key, kept)


def feedback_limits(settings: Settings) -> FeedbackLimits:
    """What of feedback may be kept."""
    return FeedbackLimits(
        max_feedback=settings.max_feedback,
        max_feedback_bytes=settings.max_feedback_bytes,
        max_feedback_days=settings.max_feedback_days,
        max_feedback_px=settings.max_feedback_px,
        max_feedback_s=settings.max_feedback_s,
    )


def make_feedback(settings: Settings) -> Feedback | None:
    """The service of feedback, None where none is taken.

    Raises:
        SettingsError: the database needs a driver that is not installed.
    """
    if settings.feedback == OFF:
        return None
    ensure_driver(settings.feedback)
    return Feedback(settings.feedback, feedback_limits(settings))


def make_fetcher(settings: Settings) -> UrlFetcher:
    """The fetcher of photos on the internet."""
    limits = FetchLimits(settings.max_fetch_bytes, settings.max_fetch_s, settings.max_fetches)
    is_allowed = partial(is_public, denied=settings.fetch_denied_networks)
    return UrlFetcher(limits, settings.fetch_user_agent, Connector(SystemLookup(limits.max_lookups), is_allowed))
