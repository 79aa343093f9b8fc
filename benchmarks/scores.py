"""Scores of trackers: what GOSPA, trajectory GOSPA and the scores of a whole run cost, beside Stone Soup's GOSPA."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from benchmarks.peers import ask, beside
from watchfloor.assess.gospa import gospa
from watchfloor.assess.tracking import score_tracks
from watchfloor.assess.trajectories import ospa2, trajectory_gospa

Row = tuple[str, float, str, str]
PEER = """
import datetime, sys, time
import numpy as np
from stonesoup.metricgenerator.ospametric import GOSPAMetric
from stonesoup.types.state import State
rng, n, epoch = np.random.default_rng(1), int(sys.argv[1]), datetime.datetime(2020, 1, 1)
x = rng.uniform(0.0, 3e5, (n, 3)) * [1.0, 1.0, 0.04]
y = x + rng.normal(0.0, 100.0, x.shape)
sets = [[State(row[:, None], timestamp=epoch) for row in side] for side in (y, x)]
start = time.process_time()
GOSPAMetric(c=2e3, p=2).compute_gospa_metric(*sets)
print(1e3 * (time.process_time() - start))
"""


def _best_ms(work: Callable[[], object], times: int) -> float:
    best = np.inf
    for _ in range(times):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return 1e3 * best


def _points(n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    x = rng.uniform(0.0, 3e5, (n, 3)) * [1.0, 1.0, 0.04]
    return x, x + rng.normal(0.0, 100.0, x.shape)


def _run(n: int, n_times: int, side_m: float) -> tuple[np.ndarray, ...]:
    """Samples of n targets in a square and of tracks that miss one in ten and swap now and then."""
    rng = np.random.default_rng(2)
    k = np.arange(n_times)
    x = rng.uniform(0.0, side_m, (n, 1, 2)) + k[:, None] * rng.normal(0.0, 20.0, (n, 1, 2))
    y = x + rng.normal(0.0, 150.0, x.shape)
    for i in range(0, n - 1, 10):
        late = n_times // 2
        y[[i, i + 1], late:] = y[[i + 1, i], late:]
    seen = rng.random((n, n_times)) < 0.9
    who, when = np.nonzero(np.ones((n, n_times), bool))
    number, at = np.nonzero(seen)
    return 10.0 * when, who, x[who, when], 10.0 * at, number, y[number, at]


def run() -> list[Row]:
    """Rows (name, figure, unit, bar)."""
    small, large = _points(1_000), _points(10_000)
    thousand = _best_ms(lambda: gospa(*small, cutoff_m=2e3), 10)
    rows: list[Row] = [("scores, GOSPA of 1,000 targets", thousand, "ms", "")]
    rows += beside("Stone Soup GOSPA of 1,000 targets", ask(PEER, "1000"), thousand, "ms")
    rows.append(("scores, GOSPA of 10,000 targets", _best_ms(lambda: gospa(*large, cutoff_m=2e3), 5), "ms", "<= 60"))
    tangle, wide = _run(50, 100, 8e3), _run(1_000, 20, 300e3)
    prices = {"cutoff_m": 1e3, "switch_m": 700.0}
    cost = _best_ms(lambda: trajectory_gospa(*tangle, **prices), 3)
    rows.append(("scores, trajectory GOSPA of 50 targets in one tangle, 100 times", cost, "ms", "<= 3000"))
    cost = _best_ms(lambda: trajectory_gospa(*wide, **prices), 3)
    rows.append(("scores, trajectory GOSPA of 1,000 targets spread out, 20 times", cost, "ms", ""))
    cost = _best_ms(lambda: ospa2(*tangle, cutoff_m=1e3, n_window=10), 3)
    rows.append(("scores, OSPA(2) of 50 targets in one tangle, 100 times", cost, "ms", ""))
    cost = _best_ms(lambda: score_tracks(*wide, cutoff_m=1e3), 3)
    rows.append(("scores, moment by moment and SIAP, 1,000 targets, 20 times", cost, "ms", ""))
    return rows


if __name__ == "__main__":
    for name, figure, unit, bar in run():
        print(f"{name:75s} {figure:10.2f} {unit:12s} {bar}")
