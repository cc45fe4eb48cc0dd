"""The documentation in a real browser that has no network."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.e2e.browser.chromium import chromium_path
from tests.e2e.server import running

QUIET = "--no-first-run --disable-background-networking --disable-component-update --disable-sync --disable-quic"
NO_NETWORK = "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"


def test_the_page_is_shown_and_nothing_of_it_is_refused(tmp_path: Path) -> None:
    with running(tmp_path, {"WHICHPARK_MODELS_DIR": str(tmp_path)}, ready=503) as server:
        command = [chromium_path(), "--headless", "--no-sandbox", "--disable-gpu", *QUIET.split(), NO_NETWORK]
        command += [f"--user-data-dir={tmp_path / 'profile'}", "--enable-logging=stderr", "--dump-dom"]
        address = f"http://127.0.0.1:{server.port}/docs"
        done = subprocess.run([*command, address], capture_output=True, text=True, timeout=60)
        assert f"curl -F photo=@half-dome.jpg http://127.0.0.1:{server.port}/api/v1/predict" in done.stdout
        assert "Content Security Policy" not in done.stderr
        asked = [line.split()[5] for line in server.log.splitlines() if " GET " in line]
        assert {"/docs"} <= set(asked) <= {"/readyz", "/docs", "/static/icon.svg"}
