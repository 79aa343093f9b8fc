"""Fusion of tracks: what one target costs by method, and a centre of a thousand targets and three sites."""

from __future__ import annotations

import time

import numpy as np

from watchfloor.base.picture import Looks, Plots, Status, Tasks, Tracks
from watchfloor.physics.frames import Place, polar_to_ecef
from watchfloor.track import DistributedTracker, DistributedTrackerConfig
from watchfloor.track._kernels import fuse as kernels
from watchfloor.track.distributed import motion_row
from watchfloor.track.fuse import CRITERIA

Row = tuple[str, float, str, str]
SITES = 3
SD = np.array([100.0] * 3 + [10.0] * 3)
PLACE = Place.from_degrees(40.079, 32.566, 863.0)


def _covs(n: int, m: int, rng: np.random.Generator) -> np.ndarray:
    root = rng.normal(size=(n, m, 6, 6))
    return (root @ np.swapaxes(root, 2, 3) + 0.3 * np.eye(6)) * SD[:, None] * SD


def _intersection_us(criterion: str, n: int = 2_000) -> float:
    rng = np.random.default_rng(1)
    x, p = rng.normal(size=(n, SITES, 6)) * SD, _covs(n, SITES, rng)
    x_out, p_out, w = np.empty((n, 6)), np.empty((n, 6, 6)), np.empty((n, SITES))
    best = np.inf
    for _ in range(6):
        start = time.process_time()
        kernels.intersect_rows(x, p, CRITERIA[criterion], x_out, p_out, w)
        best = min(best, time.process_time() - start)
    return 1e6 * best / n


class _Told:
    """A site's tracker of straight flights with the covariances of a filter, so that only the centre costs time."""

    def __init__(self, state: np.ndarray, sd: np.ndarray, rng: np.random.Generator, late_s: float) -> None:
        n = len(state)
        self._state, self._rng, self._late_s, self._t_s = state, rng, late_s, 0.0
        self._said = state.copy()
        self._cov = np.broadcast_to(np.diag([1e4] * 3 + [4e2] * 3), (n, 6, 6)).copy()
        turned = np.linalg.qr(rng.normal(size=(n, 3, 3)))[0]
        self._information = np.zeros((n, 6, 6))
        self._information[:, :3, :3] = (turned / sd**2) @ np.swapaxes(turned, 1, 2)
        self._motion = motion_row(DistributedTrackerConfig())

    def step(self, plots: Plots, tasks: Tasks, *, until_s: float) -> tuple[Tracks, Looks]:
        n, t_s = len(self._state), until_s - self._late_s
        x, none = self._said.copy(), np.zeros((n, 6))
        kernels.move_rows(x, self._cov, np.full(n, t_s - self._t_s), self._motion)
        kernels.information_rows(x, self._cov, x, none, self._information)
        self._t_s = t_s
        off = np.einsum("nij,nj->ni", np.linalg.cholesky(self._cov), self._rng.normal(size=(n, 6)))
        self._said = self._state + off
        self._said[:, :3] += t_s * self._state[:, 3:]
        return Tracks(
            number=np.arange(1, n + 1),
            t_s=np.full(n, t_s),
            position_ecef_m=self._said[:, :3].copy(),
            velocity_ecef_mps=self._said[:, 3:].copy(),
            cov=self._cov.copy(),
            status=np.full(n, int(Status.CONFIRMED)),
            existence=np.ones(n),
            n_hits=np.full(n, int(until_s)),
            updated_s=np.full((n, 1), t_s),
            address=np.full(n, -1),
            label=np.full(n, -1),
        ), Looks.empty()  # fmt: skip


class _Kept:
    """What a site will say, made ahead of the clock."""

    def __init__(self, told: _Told) -> None:
        self._told = told

    def prepare(self, until_s: float) -> None:
        self._said = self._told.step(Plots.empty(), Tasks.empty(), until_s=until_s)

    def step(self, plots: Plots, tasks: Tasks, *, until_s: float) -> tuple[Tracks, Looks]:
        return self._said


def _centre_ms(method: str, weights: str, n: int, *, jitter_s: float = 0.0) -> tuple[float, float, float]:
    """CPU time of the centre a round of reports, settled and at the first; fused tracks a target."""
    rng = np.random.default_rng(2)
    position = polar_to_ecef(rng.uniform(20e3, 300e3, n), rng.uniform(0.0, 2.0 * np.pi, n), np.full(n, 0.03), PLACE)
    state = np.concatenate([position, rng.normal(0.0, 100.0, (n, 3))], axis=1)
    tracker = DistributedTracker(
        DistributedTrackerConfig.model_validate(
            {"method": method, "weights": weights, "report_s": 4.0, "link": {"jitter_s": jitter_s}}
        ),
        places=[PLACE] * SITES,
        radars=[None] * SITES,
        periods_s=[4.0] * SITES,
        phases_rad=[np.nan] * SITES,
    )
    told = [_Told(state, np.array([50.0, 300.0, 500.0]), rng, 0.7 * s) for s in range(SITES)]
    for site, tells in zip(tracker._sites, told, strict=True):
        site.tracker = _Kept(tells)
    cost, held = [], 0
    for step in range(12):
        until_s = 4.0 * (step + 1)
        for site in tracker._sites:
            site.tracker.prepare(until_s)
        start = time.process_time()
        tracks, _ = tracker.step(Plots.empty(), Tasks.empty(), until_s=until_s)
        cost.append(time.process_time() - start)
        held = len(tracks)
    return 1e3 * float(np.min(cost[4:])), 1e3 * cost[0], held / n


def run() -> list[Row]:
    """Rows (name, figure, unit, bar)."""
    _centre_ms("covariance_intersection", "fast", 20)
    _centre_ms("equivalent_measurements", "fast", 20)
    rows: list[Row] = [
        (f"fusion, covariance intersection of three, {name}", _intersection_us(name), "us each", bar)
        for name, bar in (("fast", "<= 4"), ("determinant", "<= 15"), ("trace", ""))
    ]
    for method, weights, jitter_s, bar in (
        ("covariance_intersection", "fast", 0.0, "<= 12"),
        ("covariance_intersection", "determinant", 0.0, ""),
        ("equivalent_measurements", "fast", 0.0, ""),
        ("equivalent_measurements", "fast", 8.0, ""),
        ("best_site", "fast", 0.0, ""),
    ):
        late = f", up to {jitter_s:.0f} s late" if jitter_s else ""
        settled, first, held = _centre_ms(method, weights, 1_000, jitter_s=jitter_s)
        what = (
            f"{method.replace('_', ' ')}, {weights}"
            if method == "covariance_intersection"
            else method.replace("_", " ")
        )
        rows.append((f"fusion, centre, 1,000 targets x 3 sites, {what}{late}", settled, "ms", bar))
    rows.append(("fusion, centre, first reports of 3,000 tracks associated", first, "ms", ""))
    rows.append(("fusion, fused tracks a target", held, "1", ""))
    large, _, _ = _centre_ms("covariance_intersection", "fast", 10_000)
    small, _, _ = _centre_ms("covariance_intersection", "fast", 1_000)
    rows.append(("fusion, centre, growth from 1,000 to 10,000", float(np.log10(large / small)), "exponent", "<= 1.3"))
    return rows


if __name__ == "__main__":
    for name, figure, unit, bar in run():
        print(f"{name:95s} {figure:10.2f} {unit:10s} {bar}")
