"""The examples of the documentation, run as their readers run them, against a real server."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.api.snippets import LANGUAGES, read_snippets
from app.feedback.receipt import RECEIPT
from app.vision.bundle import ModelBundle
from tests.conftest import ROOT
from tests.e2e.server import Server, running
from tests.photos import draw_scene, encode

RUN_S = 60
COMMANDS = {"sh": ["sh", "-e"], "py": [sys.executable], "mjs": ["node"]}
VERDICT = r"(match|unsure|unknown)"
# What each example prints, in Python and JavaScript; curl prints the answer itself.
PRINTED = {
    "upload": rf"half-dome.jpg {VERDICT} \w+\n",
    "several": r"half-dome.jpg \{.*label.*\}\n(?s:tent.jpg \{.*label.*\}\n)",
    "raw": r"heat-map.png shows what speaks for \w+\n",
    "in_json": rf"{VERDICT}\n",
    "url": r".*address.*\n",
    "feedback": r"kept until \d{4}-\d{2}-\d{2}\ndeleted: [Tt]rue\n",
    "errors": r"(Error: )?unsupported_image: .* \(request \w{32}\)\n",
}


@pytest.fixture(scope="module")
def server(tiny_bundle: ModelBundle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    variables = {"WHICHPARK_MODELS_DIR": str(tiny_bundle.path.parent), "WHICHPARK_RUNTIME": "cpu"}
    with running(folder, variables | {"WHICHPARK_FEEDBACK": f"sqlite:///{folder}/feedback.db"}) as server:
        yield server


def run(server: Server, folder: Path, name: str, language: str) -> subprocess.CompletedProcess[str]:
    """Runs an example where the files it speaks of are; the address it names is one that no server fetches."""
    (folder / "half-dome.jpg").write_bytes(encode(draw_scene(1, (640, 480))))
    (folder / "tent.jpg").write_bytes(encode(draw_scene(2, (640, 480))))
    (folder / "notes.txt").write_text("Not a photo.")
    [example] = [row for row in read_snippets(ROOT / "templates/examples", f"http://127.0.0.1:{server.port}")
                 if row.name == name]  # fmt: skip
    code = folder / f"{name}.{language}"
    code.write_text(example.code[language].replace("https://example.org/", "http://127.0.0.1:9/"))
    command = [*COMMANDS[language], code.name]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=RUN_S)


@pytest.mark.parametrize("language", ["py", "mjs"])
@pytest.mark.parametrize("name", PRINTED)
def test_an_example_prints_what_its_reader_wants(server: Server, tmp_path: Path, name: str, language: str) -> None:
    if shutil.which(COMMANDS[language][0]) is None:
        pytest.skip(f"{COMMANDS[language][0]} is not installed")
    done = run(server, tmp_path, name, language)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(PRINTED[name], done.stdout), done.stdout
    if name == "raw":
        assert (tmp_path / "heat-map.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("name", PRINTED)
def test_a_command_prints_the_answer(server: Server, tmp_path: Path, name: str) -> None:
    done = run(server, tmp_path, name, "sh")
    if "unknown option" in done.stderr or "option --" in done.stderr:
        pytest.skip(f"this curl is too old: {done.stderr}")
    body = json.loads(done.stdout)
    if name in ("url", "errors"):
        assert body["code"] == {"url": "url_refused", "errors": "unsupported_image"}[name]
        assert done.returncode == {"url": 0, "errors": 22}[name]
    elif name == "feedback":
        assert done.returncode == 0
        assert re.fullmatch(RECEIPT, body["receipt"])
    else:
        assert done.returncode == 0
        assert all(result["verdict"] in ("match", "unsure", "unknown") for result in body["results"])
        assert len(body["results"]) == {"several": 2}.get(name, 1)
        assert ("explanation" in body["results"][0]) is (name == "raw")


def test_every_example_is_run() -> None:
    files = {file.name for file in (ROOT / "templates/examples").iterdir() if file.is_file()}
    assert files == {f"{name}.{language}" for name in PRINTED for language in LANGUAGES}
