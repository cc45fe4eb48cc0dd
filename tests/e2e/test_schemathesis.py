"""schemathesis reads /openapi.json and looks for answers that it does not allow; `make fuzz-api` looks longer.

The server fetches no addresses here: made-up ones would be asked for in the real internet.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.vision.bundle import ModelBundle
from tests.conftest import ROOT
from tests.e2e.server import running

N_EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "30")
# The same requests at every run of the tests; others at every longer one.
SEED = ["--seed", "1"] if "FUZZ_EXAMPLES" not in os.environ else []
RUN_S = 3600

pytestmark = pytest.mark.timeout(900)  # It takes one minute, and many on a crowded machine.


def test_schemathesis_finds_nothing(tiny_bundle: ModelBundle, tmp_path: Path) -> None:
    variables = {
        "WHICHPARK_MODELS_DIR": str(tiny_bundle.path.parent),
        "WHICHPARK_RUNTIME": "cpu",
        "WHICHPARK_URL_FETCH": "off",
        "WHICHPARK_FEEDBACK": f"sqlite:///{tmp_path / 'feedback.db'}",
    }
    with running(tmp_path, variables) as server:
        command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(ROOT / "tests/e2e/schemathesis.toml")]
        command += ["run", f"http://127.0.0.1:{server.port}/openapi.json", "--max-examples", N_EXAMPLES, *SEED]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, errors="replace", timeout=RUN_S
        )
        assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
        assert "No issues found" in done.stdout
        assert "Traceback" not in server.log
        assert " 500 " not in server.log
