"""Joint association: marginals of a whole scan and of one hard cluster, and the k best."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from watchfloor.track._kernels import marginals as kernels
from watchfloor.track.marginals import k_best

Row = tuple[str, float, str, str]


def _best(call: Callable[[], Any], repeats: int = 20) -> float:
    """CPU time of a call, best of several. [s]"""
    call()
    best = np.inf
    for _ in range(repeats):
        start = time.process_time()
        call()
        best = min(best, time.process_time() - start)
    return best


def _scan(n_tracks: int, n_plots: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of tracks and plots on a plane: a third of the tracks have a plot, gates hold 1.3 plots on average."""
    tracks = rng.random((n_tracks, 2))
    plots = np.concatenate([tracks[: n_tracks // 3], rng.random((n_plots - n_tracks // 3, 2))])
    half = 0.5 * np.sqrt(1.0 / n_plots)
    order = np.argsort(plots[:, 0])
    low, high = (np.searchsorted(plots[order, 0], tracks[:, 0] + side) for side in (-half, half))
    track, plot = [], []
    for i in range(n_tracks):
        near = order[low[i] : high[i]]
        near = np.sort(near[np.abs(plots[near, 1] - tracks[i, 1]) < half])
        track.append(np.full(len(near), i))
        plot.append(near)
    return np.concatenate(track), np.concatenate(plot)


def _group(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Pairs and ratios of n tracks in line, one error apart, Pd 0.9, two false plots among them."""
    plots = np.concatenate([(np.arange(n) + rng.normal(size=n))[rng.random(n) < 0.9], rng.uniform(0, n, 2)])
    off = np.arange(n)[:, None] - plots
    track, plot = np.nonzero(np.abs(off) < 4.0)
    return track, plot, 9.0 * np.exp(-0.5 * off[track, plot] ** 2) / 2.5 / 0.02, len(plots)


def _solver(track: np.ndarray, plot: np.ndarray, ratio: np.ndarray, n: int, m: int, exact: int) -> Callable[[], Any]:
    start_of = np.searchsorted(track, np.arange(n + 1)).astype(np.int64)
    p, miss, new, status = np.empty(len(track)), np.empty(n), np.empty(m), np.empty(n, np.int64)
    return lambda: kernels.marginals(start_of, plot, ratio, m, exact, 200, 1e-3, p, miss, new, status)


def run() -> list[Row]:
    """Measure the bars of joint association."""
    rng = np.random.default_rng(5)
    n, m = 30_000, 20_000
    track, plot = _scan(n, m, rng)
    ratio = 10.0 ** rng.normal(1.0, 1.0, len(track))
    rows = [
        (f"marginals of {n:,} tracks, {m:,} plots, {len(track):,} pairs: CPU time",
         1e3 * _best(_solver(track, plot, ratio, n, m, 20_000)), "ms", "<= 6"),
    ]  # fmt: skip
    for size, bar in ((6, 40.0), (10, 250.0)):
        track, plot, ratio, m = _group(size, rng)
        exact, beliefs = (_best(_solver(track, plot, ratio, size, m, most)) for most in (2**28, 0))
        rows.append(
            (f"one cluster of {size} tracks, {len(track)} pairs, exact: CPU time", 1e6 * exact, "us", f"<= {bar:g}")
        )
        rows.append(("the same by belief propagation: CPU time", 1e6 * beliefs, "us", "<= 60"))
    cost = -np.log(ratio)
    ranked = _best(lambda: k_best(track, plot, cost, 100, n_tracks=10, n_plots=m))
    rows.append(("100 best associations of 10 tracks: CPU time", 1e3 * ranked, "ms", "<= 2"))
    return rows
