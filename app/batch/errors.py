"""What a run over an archive may meet.

WhichParkError
└── BatchError                 printed as one line, exit code 2
    ├── SourceError            SRC cannot be listed, or holds no photo
    ├── DestinationError       DEST cannot be written, or is of somebody else
    └── ClusterError           Ray does not start, or its workers cannot work
    PhotoFileError             one photo has no verdict; a row of the table says why, by its code
    ├── UnreadableError        unreadable
    └── WorkerDiedError        worker_died

The other codes of photos without a verdict are those of the API (`app.errors`).
"""

from __future__ import annotations

from app.errors import WhichParkError


class BatchError(WhichParkError):
    """The run cannot begin, or cannot go on."""


class SourceError(BatchError):
    """SRC cannot be listed, or holds no photo."""


class DestinationError(BatchError):
    """DEST cannot be written, or is not this run's to write."""


class ClusterError(BatchError):
    """Ray does not start, the cluster cannot be reached, or none of its workers can work."""


class PhotoFileError(WhichParkError):
    """One photo of the archive has no verdict, for a reason that no server meets."""


class UnreadableError(PhotoFileError):
    """Its bytes cannot be had."""

    code = "unreadable"


class WorkerDiedError(PhotoFileError):
    """Each worker that looked at it ended without a word."""

    code = "worker_died"
