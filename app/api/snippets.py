"""The examples of clients in `templates/examples`, which the tests run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

# What stands in the files for the server's address.
BASE_URL = "http://127.0.0.1:8000"

LANGUAGES = {"sh": "curl", "py": "Python, with requests", "mjs": "JavaScript, in Node 18 or newer"}
OF_ADDRESSES = "url"
OF_FEEDBACK = "feedback"
_TASKS = {
    "upload": "Send a file",
    "several": "Send several, and be told the likeliest label alone",
    "raw": "Send the photo as the body, and see what spoke for its label",
    "in_json": "Send base64 in JSON",
    OF_ADDRESSES: "Name a photo by its address",
    OF_FEEDBACK: "Say what it really is, and take that back",
    "errors": "When something is wrong",
}


@dataclass(frozen=True)
class Snippet:
    """One task; `code` is by language, in the order of LANGUAGES."""

    name: str
    title: str
    code: dict[str, str]


def read_snippets(folder: Path, base_url: str = BASE_URL) -> list[Snippet]:
    """Every example, asking the server at `base_url`."""
    return [
        Snippet(name, title, {language: _read(folder / f"{name}.{language}", base_url) for language in LANGUAGES})
        for name, title in _TASKS.items()
    ]


def _read(file: Path, base_url: str) -> str:
    return file.read_text(encoding="utf-8").replace(BASE_URL, base_url)
