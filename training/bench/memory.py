"""The most memory that reading so many photos takes, in a process of its own.

python -m training.bench.memory DATA N SIZE_PX      prints bytes
"""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

_MAX_S = 3600


def peak_bytes(data: Path, n_photos: int, size_px: int) -> int:
    """What a process has held at most, once the loader of `fit` has given it so many photos."""
    command = [sys.executable, "-m", "training.bench.memory", str(data.resolve()), str(n_photos), str(size_px)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_MAX_S, check=True)
    return int(done.stdout.split()[-1])


def _read_all(data: Path, n_photos: int, size_px: int) -> None:
    from training.bench.photos import rows_to_train
    from training.config import TrainConfig
    from training.data import vocab_of
    from training.fitting.loaders import make_dataloaders

    rows = rows_to_train(data, n_photos)
    for _ in make_dataloaders(rows, vocab_of(rows), TrainConfig(size_px=size_px)).train:
        pass


def own_peak_bytes() -> int:
    """The most that this process has held. On Linux getrusage would count what its parent held, too."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except FileNotFoundError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


if __name__ == "__main__":
    _read_all(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
    print(own_peak_bytes())
