"""Servers that are asked while something happens to them, and what they say."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.server import Answer, Server
from tests.photos import draw_scene, encode

PHOTO = encode(draw_scene(5, (640, 480)))
SOON_S = 100.0  # Of work, on a machine that others use too.


def environment(models: Path, **more: str) -> dict[str, str]:
    quick = {"WHICHPARK_RUNTIME": "cpu", "WHICHPARK_RUNTIME_THREADS": "1", "WHICHPARK_RELOAD_S": "0.05"}
    return quick | {"WHICHPARK_MODELS_DIR": str(models)} | more


def ask(server: Server) -> Answer:
    return server.post("/api/v1/predict", PHOTO, "image/jpeg")


def said(answer: Answer) -> tuple[str, str]:
    """The version that an answer names, and the probabilities it has."""
    assert answer.status == 200, answer.body
    [result] = answer.json["results"]
    return answer.json["model"]["version"], json.dumps(result["predictions"])


def until(happens: Callable[[], bool], what: str) -> None:
    """Asks until it is so; fails after SOON_S."""
    deadline = time.monotonic() + SOON_S
    while not happens():
        assert time.monotonic() < deadline, f"not within {SOON_S:g} s: {what}"
        time.sleep(0.01)


def served(server: Server) -> str:
    ready = server.get("/readyz")
    return str(ready.json["model"]["version"]) if ready.status == 200 else ""


@contextmanager
def asked_all_the_while(server: Server, n_clients: int = 3) -> Iterator[list[Answer]]:
    """The answers that so many clients get meanwhile, each asking again once it is answered."""
    answers: list[Answer] = []
    ended = threading.Event()

    def ask_on() -> None:
        while not ended.is_set():
            answers.append(ask(server))

    with ThreadPoolExecutor(n_clients) as pool:
        clients = [pool.submit(ask_on) for _ in range(n_clients)]
        try:
            yield answers
        finally:
            ended.set()
        for client in clients:
            client.result(SOON_S)


def are_all_of(answers: list[Answer], version: str) -> bool:
    """Whether the last answers, too many to be of one worker by chance, are all of one version."""
    return len(answers) >= 24 and {said(answer)[0] for answer in answers[-24:]} == {version}
