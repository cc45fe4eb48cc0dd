"""What a download may meet.

TrainingError
└── DownloadError            printed as one line, exit code 2
    ├── ParksFileError       the file of the parks cannot be read, or lacks what a provider needs
    ├── ContactError         nobody to write to is named, or what is named is no address
    ├── KeyMissingError      a provider was asked for whose key is not there
    ├── LedgerError          the folder or its attribution.csv cannot be read or written
    ├── FetchError           one address gives nothing we can use; the others may
    ├── ProviderError        a provider cannot be asked any further now
    │   └── UnreachableError one of its hosts gave no answer at all
    └── IncompleteError      the run ended before it was done; the same command goes on
"""

from __future__ import annotations

from training.errors import TrainingError


class DownloadError(TrainingError):
    """Base of all expected failures of a download."""


class ParksFileError(DownloadError):
    """The file of the parks cannot be read, or lacks what a provider needs."""


class ContactError(DownloadError):
    """Nobody to write to is named, or what is named is no address."""


class KeyMissingError(DownloadError):
    """A provider was asked for whose key is not there."""


class LedgerError(DownloadError):
    """The folder or its attribution.csv cannot be read or written."""


class FetchError(DownloadError):
    """One address gives nothing we can use; `reason` says why in a word or two, for the table of what was skipped."""

    def __init__(self, reason: str, url: str) -> None:
        super().__init__(f"{url}: {reason}")
        self.reason = reason


class ProviderError(DownloadError):
    """A provider cannot be asked any further now: too busy, out of reach, or it refuses us."""


class UnreachableError(ProviderError):
    """One of a provider's hosts gave no answer at all."""


class IncompleteError(DownloadError):
    """The run ended before it was done; the same command goes on."""
