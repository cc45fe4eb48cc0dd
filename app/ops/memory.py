"""Memory that is freed goes back to the system."""

from __future__ import annotations

import ctypes

# Source: glibc's malloc.h.
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3

_OWN_MAPPING_BYTES = 1 << 20
_KEPT_BYTES = 2 << 20


def trim_memory() -> None:
    """Gives back what glibc holds of freed blocks in between, after much was held at once. Takes some milliseconds."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def return_freed_memory() -> None:
    """Lets glibc give every block from 1 MB up a mapping of its own, which ends when the block is freed.

    glibc raises that limit to 32 MB by itself as it sees large blocks come and go, and then keeps what Pillow frees:
    four PNGs of 48 megapixels at once (232 kB each) left a worker with 2.3 GB; with this it has 130 MB afterwards.
    That alone makes glibc give back every 128 kB at once, only to ask for them again: a body of 4 MB took 6.5 ms to
    read. Each thread keeps 2 MB (a worker had 3 MB more), which makes that 4.1 ms.

    Does nothing where there is no glibc.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _OWN_MAPPING_BYTES)
        mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
