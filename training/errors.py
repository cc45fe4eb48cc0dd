"""What a trainer may meet.

WhichParkError
└── TrainingError                printed as one line, exit code 2
    ├── ConfigError              a choice has no sense
    ├── DataError                the data folder cannot be trained on
    │   └── LeakError            photos that belong together are in different splits
    ├── CheckError               what a check gives cannot be written, or photos not be moved
    ├── WeightsUnavailableError  the pretrained weights cannot be had
    ├── RunError                 the run's folder cannot be gone on with
    ├── ExportError              the exported bundle does not do what the learner does
    └── DownloadError            photos cannot be downloaded; its own tree is in training/download/errors.py
"""

from __future__ import annotations

from app.errors import WhichParkError


class TrainingError(WhichParkError):
    """Base of all expected failures of the trainer."""


class ConfigError(TrainingError):
    """A choice has no sense."""


class DataError(TrainingError):
    """The data folder cannot be trained on."""


class LeakError(DataError):
    """Photos that belong together are in different splits."""


class CheckError(TrainingError):
    """The report of a check cannot be written, or photos cannot be moved aside or back."""


class WeightsUnavailableError(TrainingError):
    """The pretrained weights cannot be downloaded, read, or do not fit the architecture."""


class RunError(TrainingError):
    """The run's folder is of another run, or its checkpoint cannot be read or written."""


class ExportError(TrainingError):
    """The exported bundle does not do what the learner does."""
