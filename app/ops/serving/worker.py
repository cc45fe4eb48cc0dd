"""QueueingWorker: gunicorn's threaded worker, with all waiting for clients done by its loop.

gunicorn's own gives a thread to every connection that has sent a byte. As many clients as there are threads, each slow
in its head, its body or in taking its answer, then stop a worker; and its loop itself waits up to two seconds for each
client that does not close. Here the loop keeps what arrives until a request is whole, a thread answers it without
waiting for anybody, and the loop sends the rest of the answer and says goodbye.

Photos (POST) have threads and a queue of their own, see `lanes`; who comes when it is full is refused at once.
"""

from __future__ import annotations

import errno
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from selectors import EVENT_READ, EVENT_WRITE
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from app.errors import WhichParkError
from app.ops.memory import trim_memory
from app.ops.metrics.catalogue import ANSWERING, CONNECTIONS, HELD, QUEUED
from app.ops.metrics.region import SharedRegions
from app.ops.metrics.tally import Tally, tally_of
from app.ops.serving.buffered_socket import BufferedSocket
from app.ops.serving.connection import Connection, Held, Phase
from app.ops.serving.environ import answer_informed
from app.ops.serving.lanes import Lanes
from app.ops.serving.limits import ConnectionLimits
from app.ops.serving.refusals import stand_in, too_busy, too_slow
from app.ops.serving.victims import fills_memory, least_missed, overdue

_TICK_S = 0.25
_GOODBYE_S = 2.0
_OUT_OF_FILES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_NO_CONNECTION = (errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED, errno.EINTR, errno.EPROTO)


class QueueingWorker(ThreadWorker):
    """See the module; a subclass says the `limits`, and `shared`, where workers count together; `region` is this one's.

    Thread safety: everything but `handle` runs in the loop. A connection is either in `_waiting`, watched by the
    poller, or with a thread that runs `handle`, which gives it back through gunicorn's `method_queue`.
    """

    limits = ConnectionLimits()
    shared: SharedRegions | None = None
    region: int | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._waiting: dict[Connection, None] = {}  # Longest first.
        self._held = Held()
        self._next_sweep = 0.0

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        """At start."""
        if cfg.is_ssl:
            sys.exit("which-park: this server speaks plain HTTP; let a proxy in front of it do TLS.")

    def get_thread_pool(self) -> ThreadPoolExecutor:
        """At the start of the worker; gunicorn ends this pool with it."""
        self._lanes = Lanes(self.cfg.threads, self.limits.max_queue)
        return self._lanes.photos

    def load_wsgi(self) -> None:
        """Loads the application, and tells it of each request what it could not know."""
        super().load_wsgi()
        self._tally = tally_of(self.wsgi) or Tally()
        if self.shared is not None and self.region is not None:
            self._tally.join(self.shared, self.region)
        self.wsgi: Any = partial(answer_informed, self.wsgi)

    def _show_load(self) -> None:
        """What waits, for the metrics; not by everybody who asks: a busy worker would do little else."""
        self._tally.put(QUEUED, float(self._lanes.n_queued))
        self._tally.put(ANSWERING, float(self._lanes.n_answering))
        self._tally.put(CONNECTIONS, float(self.nr_conns))
        self._tally.put(HELD, float(self._held.n_bytes))

    # From here on: from a connection to a request.

    def accept(self, listener: Any) -> None:
        """Takes a connection; the longest-waiting one makes room for it if there are too many."""
        try:
            sock, client = listener.accept()
        except OSError as exc:
            if exc.errno in _OUT_OF_FILES:
                self._make_room()
            elif exc.errno not in _NO_CONNECTION:
                raise
            return
        if self.nr_conns + 1 >= self.limits.max_connections:
            self._make_room()
        self.nr_conns += 1
        server = listener.getsockname()
        self._wait(Connection(BufferedSocket(sock), client, server, self.cfg, self.limits, self._held), EVENT_READ)

    def _wait(self, conn: Connection, event: int) -> None:
        self._waiting[conn] = None
        self.poller.register(conn.sock, event, partial(self._go_on, conn))

    def _stop_waiting(self, conn: Connection) -> None:
        del self._waiting[conn]
        self.poller.unregister(conn.sock)

    def _go_on(self, conn: Connection, _sock: BufferedSocket) -> None:
        """The client has sent something, or can take something."""
        if conn not in self._waiting:  # Another event of the same moment has ended it.
            return
        try:
            is_there = self._step(conn)
        except OSError:
            is_there = False
        except Exception:
            self.log.exception("a connection is dropped")
            is_there = False
        if not is_there and conn in self._waiting:
            self._drop(conn)

    def _step(self, conn: Connection) -> bool:
        if conn.phase is Phase.LINGERING:
            return conn.read_away()
        if conn.phase is Phase.SENDING:
            conn.send_on()
            if not conn.sock.n_unsent:
                self._stop_waiting(conn)
                self._after_answer(conn)
            return True
        is_there = conn.take_in()
        if conn.is_answerable:
            self._stop_waiting(conn)
            self._give_to_thread(conn)
            return True
        if self._held.n_bytes > self.limits.max_held_bytes:
            self._free_memory()
        return is_there

    # From a request to its answer.

    def _give_to_thread(self, conn: Connection) -> None:
        if conn.is_photo and not self._lanes.has_place():
            conn.refuse(too_busy())
        conn.enter(Phase.ANSWERING, self.limits.max_queue_s)
        lane = self._lanes.look_at if conn.is_photo else self._lanes.do_quickly
        given = lane(conn, self.handle)
        given.add_done_callback(lambda done: self.method_queue.defer(self.finish_request, conn, done))

    def handle(self, conn: Connection) -> bool:
        """Answers a request, in a thread; whether another may follow it."""
        try:
            if conn.sock.is_gone():
                return False
            if time.monotonic() > conn.until:
                conn.refusal = too_busy()
            conn.req = conn.req or stand_in(self.cfg, conn.client)
            if not conn.is_whole:
                conn.req.force_close()
            conn.sock.refusal = conn.refusal
            return bool(self._keepalive_after(conn, self.handle_request(conn.req, conn)))
        except (OSError, StopIteration):  # The client has gone, or gunicorn gives up in the middle of an answer.
            return False
        except Exception:
            self.log.exception("a request failed outside the application")
            return False

    def finish_request(self, conn: Connection, done: Future[bool]) -> None:
        """Takes a connection back from its thread."""
        self._lanes.leave(conn)
        conn.is_kept = not done.cancelled() and done.result()
        if not conn.is_kept:
            conn.sock.forget()
        conn.hold(conn.sock.n_unsent)
        if conn.sock.n_unsent:
            conn.enter(Phase.SENDING, self.limits.transfer_s(0))
            self._wait(conn, EVENT_WRITE)
        else:
            self._after_answer(conn)

    def _after_answer(self, conn: Connection) -> None:
        if not conn.is_kept:
            self._say_goodbye(conn)
            return
        conn.wait_for_request(self.limits.keepalive_s)
        if conn.is_answerable:
            self._give_to_thread(conn)
        else:
            self._wait(conn, EVENT_READ)

    def _say_goodbye(self, conn: Connection) -> None:
        """Reads away what the client still sends: it would meet a closed connection as a reset, and miss its answer."""
        try:
            conn.sock.end_sending()
        except OSError:
            self._close(conn)
            return
        conn.enter(Phase.LINGERING, _GOODBYE_S if conn.is_whole else self.limits.max_linger_s)
        self._wait(conn, EVENT_READ)

    # Who has to go.

    def murder_pending(self) -> None:
        """Ends what has lasted too long; gunicorn's loop calls it after every event."""
        now = time.monotonic()
        if now < self._next_sweep:
            return
        self._next_sweep = now + _TICK_S
        self._show_load()
        if self._held.is_much_freed() or self._lanes.come_to_rest(now):
            trim_memory()
        for conn in overdue(self._waiting, now):
            if conn.phase is Phase.BODY or (conn.phase is Phase.HEAD and conn.is_begun):
                self._refuse(conn, too_slow())
            else:
                self._drop(conn)

    def _make_room(self) -> None:
        victim = least_missed(self._waiting, time.monotonic())
        if victim is not None:
            self._drop(victim)

    def _free_memory(self) -> None:
        victim = fills_memory(self._waiting)
        if victim is not None and victim.phase is Phase.BODY:
            self._refuse(victim, too_busy())
        elif victim is not None:
            self._drop(victim)

    def _refuse(self, conn: Connection, refusal: WhichParkError) -> None:
        conn.refuse(refusal)
        self._stop_waiting(conn)
        self._give_to_thread(conn)

    def _drop(self, conn: Connection) -> None:
        self._stop_waiting(conn)
        self._close(conn)

    def _close(self, conn: Connection) -> None:
        conn.hold(0)
        conn.sock.close()
        self.nr_conns -= 1

    # What gunicorn's loop asks for.

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Waits for events, no longer than to the next sweep."""
        super().wait_for_and_dispatch_events(min(timeout, _TICK_S) if self._waiting else timeout)

    def murder_keepalived(self, force: bool = False) -> None:
        """At the very end: everybody goes."""
        for conn in list(self._waiting) if force else ():
            self._drop(conn)

    def _cap_keepalive(self, deadline: float) -> None:
        """At the beginning of the end: who has begun no request has until then to do so."""
        self._stop_listening()
        for conn in self._waiting:
            if conn.is_idle:
                conn.until = min(conn.until, deadline)

    def _stop_listening(self) -> None:
        """Takes who stands at the door and closes it: who comes later is refused at once, and does not wait in vain.

        Where other workers listen on, or the master does for those to come, they have them.
        """
        for listener in self.sockets:
            n_before = -1
            while n_before < self.nr_conns:
                n_before = self.nr_conns
                self.accept(listener)
            listener.close()
