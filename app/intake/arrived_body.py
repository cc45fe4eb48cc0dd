"""A request's body once all of it has arrived."""

from __future__ import annotations

import io
from collections.abc import Iterable


class ArrivedBody(io.BufferedIOBase):
    """The body in the pieces it came in; who reads all of it at once has it, and it is kept here no longer.

    `n_bytes` is the length of the whole body.
    """

    def __init__(self, pieces: Iterable[bytes]) -> None:
        super().__init__()
        self._pieces = list(filter(None, pieces))
        self.n_bytes = sum(map(len, self._pieces))
        self._begun = io.BytesIO()

    def readable(self) -> bool:
        """Always."""
        return True

    def read(self, size: int | None = -1) -> bytes:
        """See `io.BufferedIOBase`."""
        if size is not None and size >= 0:
            return self._all_in_one().read(size)
        rest = [piece for piece in (self._begun.read(), *self._pieces) if piece]
        self._pieces.clear()
        return b"".join(rest)

    def readline(self, size: int | None = -1) -> bytes:
        """See `io.IOBase`."""
        return self._all_in_one().readline(size)

    def _all_in_one(self) -> io.BytesIO:
        if self._pieces:
            self._begun = io.BytesIO(self.read())
        return self._begun
