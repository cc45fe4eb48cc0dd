"""The Dockerfile without Docker: its install and start commands, run in clean folders that stand for the image's."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.vision.bundle import CURRENT, ModelBundle
from tests.conftest import ROOT
from tests.e2e.server import Server, multipart, running
from tests.photos import draw_scene, encode

INSTALL_S = 180
# What the test cannot do as the image does: make a user, be it, open its port.
NOT_DONE_HERE = {"USER park", "EXPOSE 8000", "RUN useradd --system --uid 10001 --no-create-home park"}


def read_dockerfile() -> list[list[tuple[str, str]]]:
    """Per stage the instructions and their arguments, continued lines joined."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    stages: list[list[tuple[str, str]]] = []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        instruction, arguments = line.split(maxsplit=1)
        if instruction == "FROM":
            stages.append([])
        stages[-1].append((instruction, arguments))
    return stages


@dataclass(frozen=True)
class Image:
    """What the Dockerfile makes, in a folder: `root`/venv is its /venv, `root`/srv its /srv."""

    root: Path
    environment: dict[str, str]
    command: list[str]
    healthcheck: list[str]

    def here(self, text: str) -> str:
        """A path or command of the image, as it is in this folder."""
        return text.replace("/venv", f"{self.root}/venv").replace("/srv", f"{self.root}/srv")


def make_image(root: Path) -> Image:
    """Runs the Dockerfile, instruction by instruction; an instruction it does not know fails."""
    build, final = read_dockerfile()
    image = Image(root, {}, [], [])
    (root / "build").mkdir()
    (root / "srv").mkdir()
    for instruction, arguments in build:
        run_in_build(image, instruction, arguments)
    for instruction, arguments in final:
        run_in_final(image, instruction, arguments)
    return image


def run_in_build(image: Image, instruction: str, arguments: str) -> None:
    build = image.root / "build"
    if instruction == "ARG":
        name, _, default = arguments.partition("=")
        image.environment[name] = default
    elif instruction == "COPY":
        copy(build, arguments)
    elif instruction == "RUN":
        tools = image.root / "tools"  # `python`, as the base image has it: none of this venv's packages.
        tools.mkdir()
        (tools / "python").symlink_to(Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}")
        variables = os.environ | image.environment | {"PATH": f"{tools}:{os.environ['PATH']}"}
        subprocess.run(["sh", "-c", image.here(arguments)], cwd=build, env=variables, check=True, timeout=INSTALL_S)
    else:
        assert (instruction, arguments) == ("WORKDIR", "/srv") or instruction == "FROM", f"{instruction} {arguments}"


def run_in_final(image: Image, instruction: str, arguments: str) -> None:
    if instruction == "COPY":
        copy(image.root / "srv", arguments)
    elif instruction == "ENV":
        for word in shlex.split(arguments):
            name, _, value = word.partition("=")
            image.environment[name] = image.here(value).replace("$PATH", os.environ["PATH"])
    elif instruction == "CMD":
        image.command.extend(json.loads(arguments))
    elif instruction == "HEALTHCHECK":
        image.healthcheck.extend(json.loads(arguments.partition("CMD ")[2]))
    else:
        known = f"{instruction} {arguments}" in NOT_DONE_HERE
        assert known or instruction in ("FROM", "WORKDIR"), f"{instruction} {arguments}"


def copy(workdir: Path, arguments: str) -> None:
    if arguments == "--from=build /venv /venv":
        return  # Both stages share one folder here.
    source, target = arguments.split()
    (workdir / target).parent.mkdir(parents=True, exist_ok=True)
    if (ROOT / source).is_dir():
        shutil.copytree(ROOT / source, workdir / target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(ROOT / source, workdir / target)


@pytest.fixture(scope="module")
def image(tiny_bundle: ModelBundle, tmp_path_factory: pytest.TempPathFactory) -> Image:
    image = make_image(tmp_path_factory.mktemp("image"))
    if not (image.root / "srv" / "models" / CURRENT).exists():  # Nothing is shipped: the tiny bundle stands in.
        shutil.copytree(tiny_bundle.path.parent, image.root / "srv" / "models", dirs_exist_ok=True)
    return image


@pytest.fixture(scope="module")
def server(image: Image, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    logs = tmp_path_factory.mktemp("log")
    with running(logs, image.environment, command=image.command, cwd=image.root / "srv") as server:
        yield server


def python(image: Image, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs the image's Python where its server runs."""
    command = [str(image.root / "venv" / "bin" / "python"), *arguments]
    environment = os.environ | image.environment | variables
    return subprocess.run(command, cwd=image.root / "srv", env=environment, capture_output=True, text=True, timeout=60)


def test_the_image_serves_a_prediction(server: Server) -> None:
    body, content_type = multipart(encode(draw_scene(size=(640, 480))))
    answer = server.post("/api/v1/predict", body, content_type)
    assert answer.status == 200
    assert answer.json["results"][0]["verdict"] in ("match", "unsure", "unknown")
    assert server.get("/").status == server.get("/static/style.css").status == 200


def test_the_image_holds_neither_torch_nor_the_trainer(image: Image) -> None:
    listed = python(image, "-m", "pip", "list", "--format=json", "--disable-pip-version-check")
    installed = {package["name"].lower() for package in json.loads(listed.stdout)}
    assert {"flask", "gunicorn", "onnxruntime"} <= installed
    assert not installed & {"torch", "torchvision", "fastai", "pytest"}
    assert not (image.root / "srv" / "training").exists()


def test_the_image_holds_what_its_requirements_name_and_no_more(image: Image) -> None:
    listed = python(image, "-m", "pip", "list", "--format=freeze", "--disable-pip-version-check")
    installed = {normal(line) for line in listed.stdout.split()} - {""}
    lines = (ROOT / "app" / "requirements.txt").read_text(encoding="utf-8").splitlines()
    named = {normal(line) for line in lines if line and not line.startswith("#")}
    tools = {"pip", "setuptools", "wheel"}
    assert {line for line in installed if line.split("==")[0] not in tools} == named


def normal(line: str) -> str:
    return line.strip().lower().replace("_", "-")


def test_the_healthcheck_of_the_image_tells_health(image: Image, server: Server) -> None:
    assert python(image, *image.healthcheck[1:], PORT=str(server.port)).returncode == 0
    assert python(image, *image.healthcheck[1:], PORT="9").returncode != 0


def test_make_serve_starts_what_the_image_starts(image: Image) -> None:
    recipe = next(line for line in (ROOT / "Makefile").read_text().splitlines() if line.startswith("\texec "))
    assert shlex.split(recipe)[2:] == image.command[1:]


def test_the_torch_runtime_is_refused_with_its_reason(image: Image, tmp_path: Path) -> None:
    environment = image.environment | {"WHICHPARK_RUNTIME": "torch"}
    with running(tmp_path, environment, command=image.command, cwd=image.root / "srv", ready=503) as server:
        assert "The torch runtime needs torch and fastai, which are not installed" in server.log


def test_docker_is_sent_what_the_dockerfile_copies() -> None:
    sent = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for instruction, arguments in (row for stage in read_dockerfile() for row in stage):
        source = arguments.split()[0]
        if instruction == "COPY" and not source.startswith("--from"):
            assert any(f"{source}/".startswith(f"{name}/") for name in sent), source
