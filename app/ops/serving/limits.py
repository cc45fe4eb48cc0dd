"""ConnectionLimits: what one worker lets its clients hold, and for how long."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ConnectionLimits:
    """All times in seconds; the settings of the same names say what each is for.

    Source of the two-part deadline of a transfer: Apache's mod_reqtimeout ("20,MinRate=500").
    """

    max_connections: int = 512
    max_head_bytes: int = 65_536
    max_head_s: float = 10.0
    max_body_bytes: int = 20_000_000
    max_held_bytes: int = 200_000_000
    max_transfer_s: float = 120.0
    max_stall_s: float = 20.0
    min_bytes_per_s: int = 1_000
    max_linger_s: float = 10.0
    max_linger_bytes: int = 100_000_000
    keepalive_s: float = 5.0
    max_queue: int = 16
    max_queue_s: float = 10.0

    def transfer_s(self, n_bytes: int) -> float:
        """How long a body or an answer may have taken when `n_bytes` of it are through.

        It may stall once for `max_stall_s` in all; beyond that every byte buys the time it takes at the least rate.
        """
        return min(self.max_transfer_s, self.max_stall_s + n_bytes / self.min_bytes_per_s)
