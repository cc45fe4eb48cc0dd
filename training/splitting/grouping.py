"""Which photos must stay together: those of one source, those of one content, those that look the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from training.check.duplicates import near_duplicate_groups
from training.data import PhotoRow

# The hash of a photo has about 32 of its 64 bits set, each being a comparison with their median. Of a flat colour or an
# even gradient almost all parts are equal, so few are set, and the few say nothing of what the picture shows.
_LEAST_BITS_SET = 16


def grouped_rows(rows: Sequence[PhotoRow], max_distance: int) -> list[PhotoRow]:
    """The rows with their groups: the connected components of sources, equal files and near-duplicates.

    A group is called after the first of its sources, in the order of their names: the same in any order of the rows.
    """
    sources = _codes(row.source for row in rows)
    alike = [sources, _codes(row.sha256 for row in rows), look_alikes(rows, max_distance)]
    components = _connected(alike)
    names: dict[int, str] = {}
    for row, component in zip(rows, components, strict=True):
        names[component] = min(row.source, names.get(component, row.source))
    return [replace(row, joined=names[component]) for row, component in zip(rows, components, strict=True)]


def look_alikes(rows: Sequence[PhotoRow], max_distance: int) -> NDArray[np.int64]:
    """A number (N,) for each row, the same for near-duplicates; pictures without structure are like no other."""
    hashes = np.array([row.perceptual_hash for row in rows], dtype=np.uint64)
    tells = np.bitwise_count(hashes) >= _LEAST_BITS_SET
    numbers = np.arange(len(rows), dtype=np.int64) + len(rows)
    numbers[tells] = near_duplicate_groups(hashes[tells], max_distance)
    return numbers


def _codes(keys: Iterable[str]) -> NDArray[np.int64]:
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int64)


def _connected(alike: Sequence[NDArray[np.int64]]) -> list[int]:
    """The component (N,) of each row, where rows with the same number in any of the arrays (N,) are linked."""
    n_rows = len(alike[0])
    links = []
    for numbers in alike:
        _, first, index = np.unique(numbers, return_index=True, return_inverse=True)
        links.append((np.arange(n_rows), first[index]))
    left, right = (np.concatenate(side) for side in zip(*links, strict=True))
    graph = coo_array((np.ones(len(left), dtype=bool), (left, right)), shape=(n_rows, n_rows))
    return [int(component) for component in connected_components(graph, directed=False)[1]]
