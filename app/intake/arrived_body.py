"""A request's body once all of it has arrived."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Iterable

# Of smaller pieces, as a client may send them, each would cost its reader a step: 100,000 of two bytes 0.3 s.
_SMALL_BYTES = 65_536


class ArrivedBody(io.BufferedIOBase):
    """The body in the pieces it came in: `read1()` gives them one by one, a large one without a copy.

    `n_bytes` is the length of the whole body.
    """

    def __init__(self, pieces: Iterable[bytes]) -> None:
        super().__init__()
        self._pieces = deque(filter(None, pieces))
        self.n_bytes = sum(map(len, self._pieces))
        self._begun = io.BytesIO()

    def readable(self) -> bool:
        """Always."""
        return True

    def read1(self, size: int = -1) -> bytes:
        """The next piece, small ones together; of a size, as much of that as there is. b"" at the end."""
        if size >= 0:
            return self.read(size)
        together = [self._begun.read()]
        n_bytes = len(together[0])
        while self._pieces and n_bytes < _SMALL_BYTES:
            together.append(self._pieces.popleft())
            n_bytes += len(together[-1])
        return b"".join(filter(None, together))

    def read(self, size: int | None = -1) -> bytes:
        """See `io.BufferedIOBase`."""
        return self._all_in_one().read(size)

    def readline(self, size: int | None = -1) -> bytes:
        """See `io.IOBase`."""
        return self._all_in_one().readline(size)

    def _all_in_one(self) -> io.BytesIO:
        if self._pieces:
            self._begun = io.BytesIO(b"".join([self._begun.read(), *self._pieces]))
            self._pieces.clear()
        return self._begun
