"""One check: lists the files, reads each once, and finds what is wrong with them, between them, and in their labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.vision.bundle import ModelBundle, read_bundle
from app.vision.limits import ImageLimits
from training.check.balance import LabelCount, check_balance, count_labels
from training.check.copies import check_copies
from training.check.files import check_files
from training.check.findings import CheckedPhoto, Finding, usable_of
from training.check.kinds import KIND_NAMES
from training.check.limits import CheckLimits
from training.check.listing import Listing, list_folder, list_table
from training.check.photo_facts import FileLimits, available_cores, read_photo_facts


@dataclass(frozen=True)
class CheckRequest:
    """What is to be checked; `ignored` are the kinds of findings that nobody wants to hear of.

    `n_workers` processes read photos; with 0 this one does, which a file may then bring down.
    """

    data: Path
    labels: Path | None = None
    bundle: Path | None = None
    ignored: frozenset[str] = frozenset()
    limits: CheckLimits = field(default_factory=CheckLimits)
    n_workers: int = field(default_factory=available_cores)

    @property
    def file_limits(self) -> FileLimits:
        """What one file may cost."""
        limits = self.limits
        return FileLimits(limits.max_file_bytes, limits.max_read_s, ImageLimits(max_image_px=limits.max_image_px))


@dataclass(frozen=True)
class CheckResult:
    """What a check found, in the order of `KINDS`; `notes` are what it says beside."""

    request: CheckRequest
    photos: list[CheckedPhoto]
    counts: list[LabelCount]
    findings: list[Finding]
    notes: list[str]

    def of_kind(self, kind: str) -> list[Finding]:
        """The findings of one kind, the worst first."""
        return [finding for finding in self.findings if finding.kind == kind]

    @property
    def n_usable(self) -> int:
        """Photos that can be trained on."""
        return len(usable_of(self.photos))

    @property
    def n_sources(self) -> int:
        """Sources of these."""
        return len({photo.row.source for photo in usable_of(self.photos)})


def run_check(request: CheckRequest) -> CheckResult:
    """Checks a folder of photos, or a table of them; no photo stops it.

    Raises:
        DataError: there is nothing to check, see `list_folder` and `list_table`.
        BundleError: the bundle cannot be read.
    """
    bundle = read_bundle(request.bundle) if request.bundle else None  # Found out now, not after all photos were read.
    listing, limits = _list(request), request.limits
    facts = read_photo_facts(
        [row.path for row in listing.rows], n_workers=request.n_workers, limits=request.file_limits, what="read"
    )
    photos = [CheckedPhoto.of(row, of_file) for row, of_file in zip(listing.rows, facts, strict=True)]
    usable, counts = usable_of(photos), count_labels(photos)
    notes: list[str] = []
    findings = [
        *listing.findings,
        *check_files(photos, limits.min_side_px),
        *check_copies(usable, limits.near_duplicate_bits),
    ]
    findings += check_balance(counts, limits, multi_label=listing.multi_label)
    if bundle is not None:
        doubts, notes = _ask_model(usable, bundle, request)
        findings += doubts
    return CheckResult(request, photos, counts, _in_order(findings, request.ignored), notes)


def _list(request: CheckRequest) -> Listing:
    if request.labels:
        return list_table(request.labels, request.data, request.limits.max_files)
    return list_folder(request.data, request.limits.max_files)


def _ask_model(
    usable: Sequence[CheckedPhoto], bundle: ModelBundle, request: CheckRequest
) -> tuple[list[Finding], list[str]]:
    from training.check.look import (
        look_at,
    )  # cleanlab and ONNX Runtime take a second; without a bundle nothing needs them.
    from training.check.suspects import check_labels, check_outliers, trained_on

    card, limits = bundle.card, request.limits
    chosen = [photo for photo in usable if _is_known(photo, card.vocab, single=card.task == "single_label")]
    looked = look_at(
        chosen,
        bundle,
        n_workers=request.n_workers,
        max_read_s=limits.max_read_s,
        limits=request.file_limits.image,
    )
    seen = trained_on(looked.photos, bundle, limits.near_duplicate_bits)
    note = (
        f"{bundle.path.name} looked at {len(looked.photos)} photos. It was trained on {seen.sum()} of them (by their "
        f"sources, or as near duplicates) and judges these too kindly: it has learnt their labels, wrong ones too. "
        f"Only the other {(~seen).sum()} are judged fairly; to have all judged so, train without the ones in question."
    )
    left_out = len(usable) - len(looked.photos)
    notes = [note] + [f"{left_out} photos have labels that {bundle.path.name} does not know."] * bool(left_out)
    return [*check_labels(looked, seen, card), *check_outliers(looked, limits)], notes


def _is_known(photo: CheckedPhoto, vocab: Sequence[str], *, single: bool) -> bool:
    return set(photo.labels) <= set(vocab) and (not single or len(photo.labels) == 1)


def _in_order(findings: Sequence[Finding], ignored: frozenset[str]) -> list[Finding]:
    wanted = [finding for finding in findings if finding.kind not in ignored]
    return sorted(wanted, key=lambda finding: KIND_NAMES.index(finding.kind))
