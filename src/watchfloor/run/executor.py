"""Many tasks on the local processor cores: the same results for any number of workers, and after a worker is killed.

A task is known by its id; the work function gets the id, writes its own shard and returns what the caller keeps (a
manifest line). Results come in the order they get done; a record sorts them at its end.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import connection, forkserver, resource_tracker
from typing import Any, TypeVar

from threadpoolctl import threadpool_limits

T = TypeVar("T")
PRELOAD = ("watchfloor.run._preload",)
"""Modules that the process behind all workers imports once."""
_ONE_THREAD = {
    name: "1" for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
}
_HOPELESS = 3
_log = logging.getLogger(__name__)


def default_workers() -> int:
    """Return the number of processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_tasks(
    ids: Sequence[str],
    work: Callable[[str], T],
    *,
    workers: int,
    on_done: Callable[[str, T], None],
    retries: int = 2,
    preload: Sequence[str] = PRELOAD,
) -> dict[str, str]:
    """Call ``work(id)`` for every id, on ``workers`` processes, and ``on_done(id, result)`` here for each result.

    A killed worker costs nothing but time. When one dies, every task in flight is a suspect and is tried again by
    itself, so that only the task which really kills its worker is blamed; after ``retries`` kills it is given up.

    Parameters
    ----------
    ids : sequence of str
        What to do; all different.
    work : callable
        A function of the id at the top level of a module, or a ``functools.partial`` of one. What it does may depend
        on the id only, never on the worker or the order.
    workers : int
        Processes; 1 calls ``work`` in this process.
    on_done : callable
        Called in this process, once for each finished id.
    retries : int
        Kills after which an id is given up, at least 1.
    preload : sequence of str
        Modules imported once by the process behind all workers (only the first call in a process decides).

    Returns
    -------
    dict
        Ids that were given up, each with the reason; empty if all went well.

    Raises
    ------
    ValueError
        If ``workers`` or ``retries`` is below 1, or an id occurs twice.
    KeyboardInterrupt
        On Ctrl-C: the workers are stopped at once, what was finished has been handed to ``on_done``.
    Exception
        Whatever ``work`` raises: no new task starts, those in flight are finished first.
    """
    if workers < 1 or retries < 1:
        raise ValueError(f"workers and retries are at least 1, got {workers} and {retries}")
    if len(set(ids)) != len(ids):
        raise ValueError("an id occurs twice")
    if not ids:
        return {}
    if workers == 1:
        with threadpool_limits(1):
            for one in ids:
                on_done(one, work(one))
        return {}
    return _Crew(work, min(workers, len(ids)), on_done, retries, preload).run(ids)


class _Crew:
    def __init__(
        self,
        work: Callable[[str], Any],
        workers: int,
        on_done: Callable[[str, Any], None],
        retries: int,
        preload: Sequence[str],
    ) -> None:
        self._work, self._workers, self._on_done, self._retries = work, workers, on_done, retries
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(list(preload))
        self._pool: ProcessPoolExecutor | None = None
        self._running: dict[Future[Any], str] = {}
        self._kills: dict[str, int] = {}
        self._given_up: dict[str, str] = {}
        self._n_done = 0

    def run(self, ids: Sequence[str]) -> dict[str, str]:
        todo, suspects = list(reversed(ids)), list[str]()
        try:
            while todo or suspects or self._running:
                if self._n_done == 0 and len(self._given_up) >= _HOPELESS:
                    for one in (*suspects, *todo):
                        self._given_up[one] = "not tried: no worker lived long enough to finish anything"
                    break
                if suspects:  # by itself: it can kill nobody's work but its own
                    self._submit(suspects.pop())
                else:  # no more than there are workers: what is in flight is being worked on
                    while todo and len(self._running) < self._workers and self._submit(todo[-1]):
                        todo.pop()
                suspects.extend(reversed(self._gather()))
        except BaseException as err:
            self._stop(at_once=isinstance(err, KeyboardInterrupt))
            raise
        self._close()
        return self._given_up

    def _submit(self, one: str) -> bool:
        """Start a task; False if the pool has just broken under those in flight, who will tell."""
        if self._pool is None:
            _start_server()
            self._pool = ProcessPoolExecutor(self._workers, mp_context=self._context, initializer=_start_worker)
        try:
            with _one_thread_for_children(), _ctrl_c_later():
                self._running[self._pool.submit(self._work, one)] = one
        except BrokenProcessPool:
            if self._running:
                return False
            self._close()  # a worker was killed while it had nothing to do
            return self._submit(one)
        return True

    def _gather(self) -> list[str]:
        """Wait for something to end; return the ids in flight when a worker was killed, the innocent among them."""
        wait(self._running, return_when=FIRST_COMPLETED)
        broken = any(isinstance(f.exception(), BrokenProcessPool) for f in self._running if f.done())
        if broken:
            wait(self._running)
        lost: list[str] = []
        for future in [f for f in self._running if f.done()]:
            one = self._running.pop(future)
            if isinstance(future.exception(), BrokenProcessPool):
                lost.append(one)
            else:
                self._keep(one, future.result())
        if not broken:
            return []
        self._close()
        again = []
        for one in lost:
            kills = self._kills.get(one, 0) + 1
            if len(lost) > 1:  # in company nobody is convicted
                kills = min(kills, self._retries - 1)
            self._kills[one] = kills
            if kills < self._retries:
                again.append(one)
                continue
            self._given_up[one] = f"its worker was killed {'once' if kills == 1 else f'{kills} times'}"
            _log.error("%s is given up: %s", one, self._given_up[one])
        if again:
            _log.warning("a worker was killed; trying again, one by one: %s", ", ".join(again))
        return again

    def _keep(self, one: str, result: Any) -> None:
        self._on_done(one, result)
        self._n_done += 1

    def _stop(self, *, at_once: bool) -> None:
        """Stop the workers, but hand over what is finished."""
        if at_once and self._pool is not None:
            for process in list((getattr(self._pool, "_processes", None) or {}).values()):
                process.kill()
        try:
            wait(self._running)
            for future, one in self._running.items():
                if future.exception() is None:
                    self._keep(one, future.result())
        finally:
            self._running.clear()
            self._close()

    def _close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None


@contextmanager
def _one_thread_for_children() -> Iterator[None]:
    """Let the process behind the workers start with one thread for linear algebra: the same bits everywhere."""
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(_ONE_THREAD)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _ctrl_c_later() -> Iterator[None]:
    """Put Ctrl-C off for a moment: a worker that is half started could not be stopped, and would complain."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if came:
            signal.raise_signal(signal.SIGINT)


def _start_server() -> None:
    """Start the process behind the workers with Ctrl-C blocked, so that it does not complain while it still imports.

    What it inherits is the mask: a Ctrl-C that comes meanwhile waits here and is not lost.
    """
    with _one_thread_for_children(), _ctrl_c_later():
        resource_tracker.ensure_running()  # would lift the mask
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            forkserver.ensure_running()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    threadpool_limits(1)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    """End this worker when its parent is gone: nobody would take its result, or ever stop it."""
    connection.wait([sentinel])
    os._exit(1)
