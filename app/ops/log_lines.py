"""How lines of the log look, and where they go: of a server's processes and of those that they start."""

from __future__ import annotations

from typing import Any

from app.ops.json_lines import JsonLines


def log_config(log_format: str) -> dict[str, Any]:
    """For `logging.config.dictConfig`; `log_format` is `text` or `json`."""
    line = {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": line if log_format == "text" else {"()": JsonLines}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"level": "INFO", "handlers": ["stderr"]},
    }
