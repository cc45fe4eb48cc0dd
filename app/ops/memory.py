"""Memory that is freed goes back to the system."""

from __future__ import annotations

import ctypes

# Source: glibc's malloc.h.
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8

_OWN_MAPPING_BYTES = 8 << 20
_KEPT_BYTES = 16 << 20


def trim_memory() -> None:
    """Gives back what glibc holds of freed blocks in between, after much was held at once. Takes some milliseconds."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def return_freed_memory() -> None:
    """Lets glibc give every block from 8 MB up a mapping of its own, which ends when the block is freed.

    glibc raises that limit to 32 MB by itself as it sees large blocks come and go, and then keeps what Pillow frees:
    four PNGs of 48 megapixels at once (232 kB each) left a worker with 2.3 GB; so it has 143 MB afterwards.
    Smaller blocks come from one heap for all threads, which keeps 16 MB at its end: what is given back and asked for
    again is cleared by the kernel, page by page. With mappings from 1 MB up and 2 MB kept a photo of 1024 px cost 45.6
    ms of processor time, from 4 MB up and 8 MB kept 40.1 ms; an upload of 4.3 MB costs 4 ms less with these. A heap for
    each thread had 30 MB more, and was no faster.

    Does nothing where there is no glibc.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _OWN_MAPPING_BYTES)
        mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
        mallopt(_M_ARENA_MAX, 1)
