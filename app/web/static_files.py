"""Static files, kept by browsers for a year: their addresses change with them."""

from __future__ import annotations

import hashlib
from pathlib import Path

from flask import Flask, Response, request

_KEEP = "public, max-age=31536000, immutable"
_VERSION_CHARS = 10


def init_static_files(app: Flask) -> None:
    """Adds `?v=…`, a digest of the file, to every address that `url_for("static", …)` makes.

    A file asked for by the version it has is kept; by another, or by none, it is asked for again each time.
    """
    versions = _versions(Path(app.static_folder or ""))

    @app.url_defaults
    def add_version(endpoint: str, values: dict[str, object]) -> None:
        if endpoint == "static" and str(values.get("filename")) in versions:
            values.setdefault("v", versions[str(values["filename"])])

    @app.after_request
    def keep(response: Response) -> Response:
        if request.endpoint == "static" and response.status_code in (200, 304):
            name = str((request.view_args or {}).get("filename"))
            if request.args.get("v") == versions.get(name, ""):
                response.headers["Cache-Control"] = _KEEP
        return response


def _versions(folder: Path) -> dict[str, str]:
    """The first digits of each file's sha256, by its path in the folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()[:_VERSION_CHARS]
        for path in files
    }
