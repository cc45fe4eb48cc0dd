"""One download: for each park its providers in turn, photo by photo, until the label has as many as it may."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from tqdm import tqdm

from training.download.candidate import Candidate, Provider
from training.download.errors import FetchError, ProviderError, UnreachableError
from training.download.ledger import Ledger, LedgerRow, RefusedRow
from training.download.licences import LicencePolicy
from training.download.limits import DownloadLimits
from training.download.names import file_stem
from training.download.parks import Park
from training.download.photo_file import objection_to, suffix_of, write_photo
from training.download.polite_client import PoliteClient
from training.download.tally import Tally

# One photo may lie on a host that is gone; after so many in a row it is the network or the provider.
_MAX_UNREACHABLE = 3


class Download:
    """Joins the parts; `tally` tells at any time, also after an interruption, what was done."""

    def __init__(
        self,
        client: PoliteClient,
        providers: Sequence[Provider],
        policy: LicencePolicy,
        limits: DownloadLimits,
        out: Path,
        ledger: Ledger,
    ) -> None:
        self._client = client
        self._providers = list(providers)
        self._policy = policy
        self._limits = limits
        self._out = out
        self.ledger = ledger
        self.tally = Tally()
        self._unreachable = 0

    def run(self, parks: Sequence[Park]) -> None:
        """Downloads; what goes wrong with one provider is noted in the tally, and the others go on.

        Raises:
            OSError: a photo cannot be written.
        """
        for park in parks:
            have = self.ledger.count(park.label)
            with tqdm(
                total=max(have, self._limits.per_label), initial=have, desc=park.label, unit="photo", disable=None
            ) as bar:
                for _ in self._new_photos(park):
                    bar.update()

    def _new_photos(self, park: Park) -> Iterator[Path]:
        """Keeps photos of this park until the label is full, and gives each one's place."""
        for provider in list(self._providers):
            if self._is_full(park):
                return
            try:
                yield from self._photos_of(provider, park)
            except FetchError as error:
                self.tally.problems.append(f"{provider.name}, {park.label}: {error}")
            except ProviderError as error:
                self.tally.problems.append(f"{provider.name} was left alone from {park.label} on: {error}")
                self._providers.remove(provider)

    def _photos_of(self, provider: Provider, park: Park) -> Iterator[Path]:
        candidate = None
        for candidate in provider.candidates(park):
            reason = self._objection(candidate, provider)
            if reason:
                self._skip(candidate, reason)
            elif path := self._keep(candidate, provider, park):
                yield path
            if self._is_full(park):
                return
        if candidate is None:
            self.tally.notes.append(
                f"{provider.name} offers nothing for {park.label}: is it named there as it is here?"
            )

    def _is_full(self, park: Park) -> bool:
        return self.ledger.count(park.label) >= self._limits.per_label

    def _objection(self, candidate: Candidate, provider: Provider) -> str:
        """Why this photo is not even fetched; empty if it is."""
        if self.ledger.knows(candidate.provider, candidate.provider_id):
            return "had or refused before"
        if candidate.objection:
            return candidate.objection
        if candidate.licence is None:
            return "licence missing or unknown"
        if not candidate.provider_id or not candidate.url:
            return "no id or address"
        if candidate.licence.wants_attribution and not (candidate.author and candidate.page):
            return "author or source page missing"
        if not provider.photo_site.has(candidate.url):
            return "not a host of this provider"
        return self._policy.objection(candidate.licence)

    def _keep(self, candidate: Candidate, provider: Provider, park: Park) -> Path | None:
        """The photo in its place, with its row; None if it is skipped."""
        content = self._fetch(candidate, provider)
        if content is None:
            return None
        digest = hashlib.sha256(content).hexdigest()
        reason = "same bytes as another" if self.ledger.has_bytes(digest) else ""
        reason = reason or objection_to(content, self._limits.min_side_px)
        if reason:
            self._skip(candidate, reason)
            self.ledger.refuse(RefusedRow(candidate.provider, candidate.provider_id, reason))
            return None
        stem = file_stem(candidate.source, candidate.provider, candidate.provider_id)
        file = f"{park.label}/{stem}{suffix_of(content)}"
        write_photo(self._out / file, content)
        self.ledger.add(_row(candidate, file, digest))
        self.tally.kept[park.label] += 1
        return self._out / file

    def _fetch(self, candidate: Candidate, provider: Provider) -> bytes | None:
        try:
            content = self._client.get_bytes(candidate.url, provider.photo_site)
        except FetchError as error:
            self._skip(candidate, error.reason)
            return None
        except UnreachableError:
            self._unreachable += 1
            if self._unreachable >= _MAX_UNREACHABLE:
                raise
            self._skip(candidate, "host out of reach")
            return None
        self._unreachable = 0
        return content

    def _skip(self, candidate: Candidate, reason: str) -> None:
        self.tally.skipped[candidate.provider, reason] += 1


def _row(candidate: Candidate, file: str, digest: str) -> LedgerRow:
    assert candidate.licence is not None, "a photo without licence was kept"
    return LedgerRow(
        file=file,
        source_page=candidate.page,
        author=candidate.author,
        licence=candidate.licence.name,
        licence_url=candidate.licence.url,
        sha256=digest,
        provider=candidate.provider,
        provider_id=candidate.provider_id,
        title=candidate.title,
    )
