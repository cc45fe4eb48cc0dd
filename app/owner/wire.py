"""Messages between a worker and the owner: a head, which is JSON, and float32 arrays; and memory that both share.

What is large lies in memory that both have: through the socket it would be copied twice, in pieces, and who sends it
would wait for an end that does not read. Both ends are processes of one machine, so numbers are in its byte order.
"""

from __future__ import annotations

import json
import math
import mmap
import os
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from socket import recv_fds, send_fds, socket
from typing import Any

import numpy as np

from app.inference.runtime import Array

VERSION = 1  # Of what is said here: ends of two versions must not meet.

_LENGTH = struct.Struct("=I")
_SHAPE = struct.Struct("=4I")
_MAX_IN_SOCKET = 65_536  # Bytes of arrays; a socket holds more.


def send(peer: socket, head: dict[str, Any], arrays: Sequence[Array] = ()) -> None:
    """Sends one message.

    Raises:
        OSError: the other end has gone, or does not take it in time; or there is no memory for it.
    """
    n_bytes = sum(array.nbytes for array in arrays)
    is_shared = n_bytes > _MAX_IN_SOCKET
    text = json.dumps({**head, "shapes": [array.shape for array in arrays], "is_shared": is_shared}).encode()
    message = _LENGTH.pack(len(text)) + text
    if not is_shared:
        peer.sendall(message + b"".join(np.ascontiguousarray(array, np.float32).tobytes() for array in arrays))
        return
    with _new_memory(n_bytes) as descriptor:
        for room, array in zip(_mapped(descriptor, [array.shape for array in arrays]), arrays, strict=True):
            np.copyto(room, array)
        peer.sendall(message[send_fds(peer, [message], [descriptor]) :])


def receive(peer: socket) -> tuple[dict[str, Any], list[Array]]:
    """One message: its head and its arrays.

    Raises:
        EOFError: the other end has gone.
        OSError: it has gone, or sends nothing in time.
    """
    with _received(peer, _LENGTH.size) as (length, descriptors):
        text = _exactly(peer, *_LENGTH.unpack(length))
        head = json.loads(text)
        shapes = [tuple(shape) for shape in head.pop("shapes")]
        if head.pop("is_shared"):
            return head, _mapped(descriptors[0], shapes)
    return head, _split(bytearray(_exactly(peer, sum(map(_n_bytes, shapes)))), shapes)


def share_room(peer: socket, shape: tuple[int, ...]) -> Array:
    """Memory for one batch, float32 of this shape (N, 3, H, W), that the other end gets by `take_room`.

    Raises:
        OSError: the other end has gone, or there is no memory.
    """
    with _new_memory(_n_bytes(shape)) as descriptor:
        [room] = _mapped(descriptor, [shape])
        send_fds(peer, [_SHAPE.pack(*shape)], [descriptor])
    return room


def take_room(peer: socket) -> Array:
    """What the other end shares by `share_room`.

    Raises:
        EOFError: it has gone.
        OSError: it has gone, or sends nothing in time.
    """
    with _received(peer, _SHAPE.size) as (data, descriptors):
        [room] = _mapped(descriptors[0], [_SHAPE.unpack(data)])
    return room


@contextmanager
def _new_memory(n_bytes: int) -> Iterator[int]:
    """A descriptor of it; what is mapped of it stays."""
    descriptor = os.memfd_create("which-park")
    try:
        os.ftruncate(descriptor, n_bytes)
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _received(peer: socket, n_bytes: int) -> Iterator[tuple[bytes, list[int]]]:
    """So many bytes, and the descriptor that came with the first of them, if one did."""
    data, descriptors, _, _ = recv_fds(peer, n_bytes, 1)
    try:
        if not data:
            raise EOFError("the other end has gone")
        yield data + _exactly(peer, n_bytes - len(data)), descriptors
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def _mapped(descriptor: int, shapes: Sequence[tuple[int, ...]]) -> list[Array]:
    return _split(mmap.mmap(descriptor, sum(map(_n_bytes, shapes))), shapes)


def _split(memory: mmap.mmap | bytearray, shapes: Sequence[tuple[int, ...]]) -> list[Array]:
    """Arrays that lie there one behind the other."""
    arrays, at = [], 0
    for shape in shapes:
        arrays.append(np.frombuffer(memory, np.float32, math.prod(shape), at).reshape(shape))
        at += _n_bytes(shape)
    return arrays


def _n_bytes(shape: tuple[int, ...]) -> int:
    return math.prod(shape) * np.dtype(np.float32).itemsize


def _exactly(peer: socket, n_bytes: int) -> bytes:
    data = b""
    while len(data) < n_bytes:
        piece = peer.recv(n_bytes - len(data))
        if not piece:
            raise EOFError("the other end has gone")
        data += piece
    return data
