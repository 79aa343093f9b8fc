"""Compiled loops of this room; each has its plain twin in ``tests/plain/direct.py``."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from watchfloor.base.units import BoolArray, FloatArray, IntArray

MISS, HIT, REPLY = 0, 1, 2
"""What a pass can be: a look without an echo, one with, or a plot of a sensor that is no primary radar."""


@njit(cache=True, error_model="numpy")
def hold(
    order: IntArray,
    t: FloatArray,
    mover: IntArray,
    sensor: IntArray,
    what: IntArray,
    until: float,
    window: float,
    patience: float,
    next_number: int,
    number: IntArray,
    confirmed: BoolArray,
    n_hits: IntArray,
    times: FloatArray,
    recent: FloatArray,
    updated: FloatArray,
    heard: IntArray,
) -> tuple[IntArray, FloatArray, IntArray, FloatArray, int]:
    """Give the events of a tick to tracks by a rule; changes the arrays from ``number`` to ``heard``.

    order (n,) of time; t, mover, sensor, what (n,) of each event. A mover's first hit or reply begins a track; it is
    confirmed by so many of them (columns of ``recent``) within ``window``, and ends ``patience`` after the last. State
    of each mover's track: number (m,), -1 for none; confirmed, n_hits (m,); times (m, 2) of its beginning and last
    plot; recent (m, k) newest last; updated (m, s) last plot of each sensor; heard (m,) event of the newest reply in
    this tick, -1 for none. Returns the track's number at each event (n,), -1 for none, and the time since the track's
    beginning (n,); the tracks that ended (e, 3) as number, mover and whether confirmed, and when they were begun and
    had their last plot (e, 2); and the next free number.
    """
    n, n_movers, k = order.shape[0], number.shape[0], recent.shape[1]
    track, age = np.full(n, -1), np.zeros(n)
    ended, n_ended = np.empty((n + n_movers, 3), dtype=np.int64), 0
    ended_s = np.empty((n + n_movers, 2))
    for a in range(n + n_movers):
        if a < n:
            e = order[a]
            j, now = mover[e], t[e]
        else:
            e, j, now = -1, a - n, until
        if number[j] >= 0 and now - times[j, 1] > patience:
            ended[n_ended, 0], ended[n_ended, 1], ended[n_ended, 2] = number[j], j, 1 if confirmed[j] else 0
            ended_s[n_ended, 0], ended_s[n_ended, 1] = times[j, 0], times[j, 1]
            n_ended += 1
            number[j] = -1
        if e < 0 or (number[j] < 0 and what[e] == MISS):
            continue
        if number[j] < 0:
            number[j], confirmed[j], n_hits[j], times[j, 0], heard[j] = next_number, False, 0, now, -1
            next_number += 1
            recent[j] = -math.inf
            updated[j] = -math.inf
        track[e], age[e] = number[j], now - times[j, 0]
        if what[e] == MISS:
            continue
        times[j, 1], updated[j, sensor[e]] = now, now
        n_hits[j] += 1
        for i in range(k - 1):
            recent[j, i] = recent[j, i + 1]
        recent[j, k - 1] = now
        if now - recent[j, 0] <= window:
            confirmed[j] = True
        if what[e] == REPLY:
            heard[j] = e
    return track, age, ended[:n_ended], ended_s[:n_ended], next_number


@njit(cache=True, error_model="numpy")
def wander(white: FloatArray, before: IntArray, keep: FloatArray) -> FloatArray:
    """Normals (n, c) of variance 1 from white ones, row i correlated by keep[i] with row before[i], -1 for none.

    A row comes after the one before it.
    """
    n, columns = white.shape
    out = np.empty((n, columns))
    for i in range(n):
        j = before[i]
        for c in range(columns):
            out[i, c] = white[i, c]
            if j >= 0:
                out[i, c] = keep[i] * out[j, c] + math.sqrt(1.0 - keep[i] * keep[i]) * white[i, c]
    return out


def warm() -> None:
    """Compile, or load from the cache, what a run needs."""
    whole, real = np.zeros(1, np.int64), np.zeros(1)
    hold(
        whole, real, whole, whole, whole, 1.0, 1.0, 1.0, 0, np.full(1, -1), np.zeros(1, np.bool_), whole.copy(),
        np.zeros((1, 2)), np.zeros((1, 3)), np.zeros((1, 1)), whole.copy(),
    )  # fmt: skip
    wander(np.zeros((1, 1)), whole, real)
