"""What a check works on and what it gives: a photo that was read, and one finding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from training.check.photo_facts import PhotoFacts
from training.data import PhotoRow


@dataclass(frozen=True)
class CheckedPhoto:
    """A file that is to be a photo of its labels, and what was read of it."""

    row: PhotoRow
    facts: PhotoFacts

    @classmethod
    def of(cls, row: PhotoRow, facts: PhotoFacts) -> CheckedPhoto:
        """A file and what was read of it, which its row has from then on."""
        return cls(replace(row, sha256=facts.sha256 or "", perceptual_hash=facts.perceptual_hash or 0), facts)

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.row.path

    @property
    def labels(self) -> tuple[str, ...]:
        """What it is said to show."""
        return self.row.labels


@dataclass(frozen=True)
class Finding:
    """One thing worth a look: what it is about, in words, and the photos that show it.

    `suspects` are those that `--fix move` moves: all but the best of several copies, for one. `label` is that of a
    finding about a label; it has no photos.
    """

    kind: str
    reason: str
    photos: tuple[Path, ...] = ()
    suspects: tuple[Path, ...] = ()
    label: str | None = None


def usable_of(photos: Sequence[CheckedPhoto]) -> list[CheckedPhoto]:
    """The photos that can be trained on."""
    return [photo for photo in photos if photo.facts.problem is None]


def plain_text(text: object) -> str:
    """A name for the screen or a page: what a terminal might obey, or no encoding can write, is shown as `\\x1b`."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in str(text))
