"""Region: memory in which one process counts, and others read."""

from __future__ import annotations

import json
import mmap
import struct
from collections.abc import Iterator

REGION_BYTES = 262_144
NOBODY = (1 << 64) - 1  # In place of a process that has counted and is gone.

_HEADER = struct.Struct("<QQ")  # Bytes that are used, process that counts here (0: none).
_ENTRY = struct.Struct("<II")  # Bytes of the key, how many numbers follow.
_NUMBER = struct.Struct("<d")


class Region:
    """Series of numbers by their keys, one behind the other: lengths, key, padding to 8 bytes, numbers.

    A series is written whole before the header counts it, and a number in one step of 8 bytes, so who reads meanwhile
    sees each as it was or as it is. Source: the files of prometheus_client's multiprocess mode, which has them on a
    disk; memory is there also where no file may be written, and cannot be full later.

    Thread safety: one process writes, and there one thread at a time.
    """

    def __init__(self, memory: memoryview) -> None:
        self._memory = memory
        self._places = {key: place for key, place, _ in self._entries()}

    @property
    def pid(self) -> int:
        """The process that counts here; 0 if none ever did, NOBODY once it is gone."""
        return int(_HEADER.unpack_from(self._memory)[1])

    @pid.setter
    def pid(self, pid: int) -> None:
        _HEADER.pack_into(self._memory, 0, self._used, pid)

    def place_of(self, name: str, labels: tuple[str, ...], n_values: int) -> int | None:
        """Where the numbers of a series are; a new one begins with zeros. None: there is no room for it."""
        found = self._places.get((name, *labels))
        return self._begin((name, *labels), n_values) if found is None else found

    def add(self, place: int, amount: float) -> None:
        """To one number."""
        self.put(place, self.get(place) + amount)

    def get(self, place: int) -> float:
        """One number."""
        return float(_NUMBER.unpack_from(self._memory, place)[0])

    def put(self, place: int, value: float) -> None:
        """In place of one number."""
        _NUMBER.pack_into(self._memory, place, value)

    def series(self) -> Iterator[tuple[str, tuple[str, ...], list[float]]]:
        """Each name, labels and numbers, as they are now."""
        for (name, *labels), place, n_values in self._entries():
            yield name, tuple(labels), [self.get(place + 8 * i) for i in range(n_values)]

    @property
    def _used(self) -> int:
        return max(_HEADER.size, int(_HEADER.unpack_from(self._memory)[0]))

    def _begin(self, key: tuple[str, ...], n_values: int) -> int | None:
        start, pid, text = self._used, self.pid, json.dumps(key).encode()
        place = start + _ENTRY.size + len(text) + -len(text) % 8
        end = place + 8 * n_values
        if end > len(self._memory):
            return None
        self._memory[start + _ENTRY.size : start + _ENTRY.size + len(text)] = text
        _ENTRY.pack_into(self._memory, start, len(text), n_values)
        for i in range(n_values):
            self.put(place + 8 * i, 0.0)
        _HEADER.pack_into(self._memory, 0, end, pid)
        self._places[key] = place
        return place

    def _entries(self) -> Iterator[tuple[tuple[str, ...], int, int]]:
        at, end = _HEADER.size, self._used
        while at < end:
            n_text, n_values = _ENTRY.unpack_from(self._memory, at)
            text = bytes(self._memory[at + _ENTRY.size : at + _ENTRY.size + n_text])
            place = at + _ENTRY.size + n_text + -n_text % 8
            yield tuple(json.loads(text)), place, n_values
            at = place + 8 * n_values


def private_region() -> Region:
    """For a process that counts for itself alone."""
    return Region(memoryview(bytearray(REGION_BYTES)))


class SharedRegions:
    """Regions that a master makes before it forks: its workers, and those that come after them, see the same.

    A worker that comes in a dead one's place goes on with its numbers, so that none is lost and no total falls.

    Thread safety: the master alone claims and frees.
    """

    def __init__(self, n_regions: int) -> None:
        memory = memoryview(mmap.mmap(-1, n_regions * REGION_BYTES))
        self._parts = [memory[i * REGION_BYTES : (i + 1) * REGION_BYTES] for i in range(n_regions)]
        self._taken: set[int] = set()

    def claim(self) -> int | None:
        """The number of a region that no worker has; None if there is none left."""
        free = [i for i in range(len(self._parts)) if i not in self._taken]
        self._taken |= {*free[:1]}
        return free[0] if free else None

    def free(self, number: int) -> None:
        """After its worker's death."""
        self._taken.discard(number)

    def __getitem__(self, number: int) -> Region:
        """One region, as it is now."""
        return Region(self._parts[number])

    def all(self) -> list[Region]:
        """All that anybody has counted in."""
        return [region for region in map(Region, self._parts) if region.pid]
