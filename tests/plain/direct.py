"""Slow twins of the kernels of ``run``."""

from __future__ import annotations

import numpy as np


def hold(events, n_movers, *, until, window, patience, n_confirm):
    """Tracks of events (t, mover, sensor, what) of one tick from nothing: number and age of each, those that ended.

    Ended tracks are (number, mover, confirmed, begun, last); those alive at the end likewise.
    """
    live, ended, out, number = {}, [], {}, 0

    def end(mover, now):
        if mover in live and now - live[mover]["plots"][-1] > patience:
            one = live.pop(mover)
            ended.append((one["number"], mover, one["confirmed"], one["plots"][0], one["plots"][-1]))

    for row in sorted(range(len(events)), key=lambda i: events[i][0]):
        t, mover, _, what = events[row]
        end(mover, t)
        if mover not in live:
            if what == 0:
                out[row] = (-1, 0.0)
                continue
            live[mover] = {"number": number, "plots": [], "confirmed": False}
            number += 1
        one = live[mover]
        begun = one["plots"][0] if one["plots"] else t
        out[row] = (one["number"], t - begun)
        if what:
            one["plots"].append(t)
            newest = one["plots"][-n_confirm:]
            one["confirmed"] |= len(newest) == n_confirm and t - newest[0] <= window
    for mover in range(n_movers):
        end(mover, until)
    alive = [(o["number"], m, o["confirmed"], o["plots"][0], o["plots"][-1]) for m, o in live.items()]
    return [out[i] for i in range(len(events))], sorted(ended), sorted(alive)


def wander(white, before, keep):
    """Correlated normals by the covariance of the whole chain: row i hangs on row before[i] by keep[i]."""
    n = len(white)
    mix = np.zeros((n, n))
    for i in range(n):
        if before[i] < 0:
            mix[i, i] = 1.0
        else:
            mix[i] = keep[i] * mix[before[i]]
            mix[i, i] = np.sqrt(1.0 - keep[i] ** 2)
    return mix @ white
