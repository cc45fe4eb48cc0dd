"""python -m training.bench [--data photos/]: our fine-tuning beside a bare PyTorch loop, in turn, and its memory."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch

from training.bench.bare import BareLoop
from training.bench.memory import peak_bytes
from training.bench.ours import OurLoop
from training.bench.pace import Pace, median_pace
from training.bench.photos import draw_photos, rows_to_train
from training.config import ARCHITECTURES, NO_WEIGHTS, TrainConfig
from training.fitting.precision import resolved_precision
from training.memory import keep_freed_memory

_DRAWN = 64
_MEMORY_PX = 64  # What is kept of each photo is looked for, not how large it is; so that many are read in a minute.


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints."""
    options = _parser().parse_args(arguments)
    if torch.cuda.is_available():
        sys.exit("The bare loop runs on a CPU. To compare, hide the device: CUDA_VISIBLE_DEVICES= make bench-training")
    config = TrainConfig(
        arch=options.arch, weights=NO_WEIGHTS, size_px=options.size_px, batch_size=options.batch_size, epochs=1
    )
    with tempfile.TemporaryDirectory() as scratch:
        data = options.data or draw_photos(Path(scratch) / "photos", _DRAWN)
        _compare_speed(data, config, options)
        _compare_memory(data, options.few, options.many)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training.bench", description=__doc__)
    parser.add_argument("--data", type=Path, help=f"a folder of photos per label (default: {_DRAWN} drawn photos)")
    parser.add_argument("--photos", type=int, default=128, help="photos a round (%(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each, in turn (%(default)s)")
    parser.add_argument("--arch", default="resnet18", choices=ARCHITECTURES, help="(%(default)s)")
    parser.add_argument("--size-px", type=int, default=224, help="(%(default)s)")
    parser.add_argument("--batch-size", type=int, default=32, help="(%(default)s)")
    parser.add_argument("--few", type=int, default=500, help="photos read for the one figure of memory (%(default)s)")
    parser.add_argument("--many", type=int, default=5000, help="and for the other (%(default)s)")
    return parser


def _compare_speed(data: Path, config: TrainConfig, options: argparse.Namespace) -> None:
    rows = rows_to_train(data, options.photos)
    ours, bare = OurLoop(rows, config), BareLoop(rows, config)
    precision, threads = resolved_precision(config.precision), torch.get_num_threads()
    print(
        f"{config.arch}, {config.size_px} px, batches of {config.batch_size}, {precision}, {threads} threads",
        flush=True,
    )
    ours.train(), bare.train()  # The first steps of each are slower.
    pairs = [(ours.train(), bare.train()) for _ in range(options.rounds)]
    ratios = [one.over(other) for one, other in pairs]
    print(f"median of {len(pairs)} rounds of {options.photos} photos, each of ours beside one of the other's")
    print(f"{'':24}  photos/s  photos/s of processor time")
    _print_row("our fine-tuning", median_pace([one for one, _ in pairs]), 1)
    _print_row("a bare PyTorch loop", median_pace([other for _, other in pairs]), 1)
    _print_row("ours / bare", median_pace(ratios), 2, f" (goal 0.90; {_span(ratios)})")
    _print_row("our loader alone", median_pace([ours.load() for _ in range(3)]), 1)


def _print_row(what: str, pace: Pace, digits: int, note: str = "") -> None:
    print(f"{what:24}{pace.per_s:10.{digits}f}{pace.per_cpu_s:10.{digits}f}{note}", flush=True)


def _span(ratios: Sequence[Pace]) -> str:
    values = [ratio.per_cpu_s for ratio in ratios]
    return f"of processor time {min(values):.2f} to {max(values):.2f}"


def _compare_memory(data: Path, few: int, many: int) -> None:
    small, large = (peak_bytes(data, n_photos, _MEMORY_PX) for n_photos in (few, many))
    each = (large - small) / (many - few)
    print(f"peak memory of reading   {small / 1e6:.0f} MB for {few} photos, {large / 1e6:.0f} MB for {many}: ", end="")
    print(f"{each / 1e3:.1f} kB more a photo")


if __name__ == "__main__":
    keep_freed_memory()  # As `python -m training` does; the bare loop has it too.
    sys.exit(main())
