"""What opening photos takes: `python -m tests.vision.decoding.peak FILE...`, each in a process of its own."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from app.vision.image_io import open_header

ROOT = Path(__file__).resolve().parents[3]
DECODE_PX = 448


@dataclass(frozen=True)
class Peak:
    """Of one photo: what its header promises, what it took of this process and of its child, and how long."""

    cost_bytes: int
    peak_bytes: int
    child_bytes: int
    seconds: float
    size: tuple[int, int]


def peak_of(path: Path) -> Peak:
    """Measured in a fresh process: memory that a process has had cannot be given back."""
    command = [sys.executable, "-m", "tests.vision.decoding.peak", "--one", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return Peak(**json.loads(done.stdout))


def _measure(path: Path) -> Peak:
    data = path.read_bytes()
    before, started = _peak_bytes(resource.RUSAGE_SELF), time.perf_counter()
    photo = open_header(data, decode_px=DECODE_PX)
    image = photo.decode()
    seconds = time.perf_counter() - started
    peak = _peak_bytes(resource.RUSAGE_SELF) - before
    return Peak(photo.cost_bytes, peak, _peak_bytes(resource.RUSAGE_CHILDREN), seconds, image.size)


def _peak_bytes(who: int) -> int:
    return resource.getrusage(who).ru_maxrss * 1024  # Linux counts in KiB.


if __name__ == "__main__":
    if sys.argv[1] == "--one":
        print(json.dumps(asdict(_measure(Path(sys.argv[2])))))
    else:
        for name in sys.argv[1:]:
            peak = peak_of(Path(name))
            megabytes = [round(value / 1e6) for value in (peak.peak_bytes, peak.child_bytes, peak.cost_bytes)]
            print(f"{Path(name).name:20} {megabytes[0]:5} MB here, {megabytes[1]:5} MB in the child,", end=" ")
            print(f"{megabytes[2]:5} MB expected, {1000 * peak.seconds:5.0f} ms, {peak.size[0]} x {peak.size[1]}")
