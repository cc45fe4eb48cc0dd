"""Candidate: a photo as a provider describes it, before a byte of it is fetched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from training.download.licences import Licence
from training.download.parks import Park
from training.download.site import Site


@dataclass(frozen=True)
class Candidate:
    """One photo on offer.

    `source` is what photos must share to stay together in a split: who took them, as far as the provider knows.
    `licence` is None where the provider names none that we know. `objection` is why the provider's own rules speak
    against the photo; empty if they do not.
    """

    provider: str
    provider_id: str
    url: str
    page: str
    title: str
    author: str
    source: str
    licence: Licence | None
    objection: str = ""


class Provider(Protocol):
    """A place that offers photos."""

    @property
    def name(self) -> str: ...

    @property
    def photo_site(self) -> Site:
        """Where its photos lie."""

    def candidates(self, park: Park) -> Iterator[Candidate]:
        """What it offers for this park, the best first; asks on only while it is asked for more.

        Raises:
            FetchError: this park's listing cannot be read.
            ProviderError: the provider cannot be asked any further.
        """
