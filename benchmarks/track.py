"""Tracker: what a filtered track and a whole scan cost, and how both grow."""

from __future__ import annotations

import time

import numpy as np

from watchfloor.base.picture import Plots, Status, Tasks
from watchfloor.physics.frames import Place, ecef_to_polar, polar_to_ecef, range_rate
from watchfloor.physics.radar import Radar
from watchfloor.track import GnnTracker, GnnTrackerConfig
from watchfloor.track._kernels import gnn as kernels
from watchfloor.track.gnn import sensor_table, settings

Row = tuple[str, float, str, str]
SITE = Place.from_degrees(40.079, 32.566, 863.0)
SD = np.array([50.0, np.radians(0.25), np.radians(0.4), 2.0])
RADAR = Radar.of(
    frequency_hz=3e9, peak_power_w=1e5, pulse_width_s=5e-5, bandwidth_hz=1e6, n_coherent=8, n_pulses=1,
    gain_tx=1e4, gain_rx=1e4, noise_temperature_k=600.0, losses=5.0, beamwidth_azimuth_rad=0.026,
    beamwidth_elevation_rad=0.05, elevation_min_rad=-0.02, elevation_max_rad=1.5, period_s=4.0, pfa=1e-6,
    range_min_m=1e3, range_max_m=400e3, range_rate_max_mps=1000.0, measures_elevation=True, measures_range_rate=True,
)  # fmt: skip


def _targets(n: int, rng: np.random.Generator, near_m: float, far_m: float) -> np.ndarray:
    """Positions and velocities of n aircraft, (n, 6)."""
    ground = np.sqrt(rng.uniform(near_m**2, far_m**2, n))
    position = polar_to_ecef(ground, rng.uniform(0.0, 2.0 * np.pi, n), rng.uniform(0.02, 0.1, n), SITE)
    up = position / np.linalg.norm(position, axis=1)[:, None]
    velocity = rng.normal(0.0, 150.0, (n, 3))
    return np.concatenate([position, velocity - up * (velocity * up).sum(axis=1)[:, None]], axis=1)


def _measured(state: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    z = np.stack([*ecef_to_polar(state[:, :3], SITE), range_rate(state[:, :3], state[:, 3:], SITE)], axis=1)
    return z + rng.normal(size=z.shape) * SD


def _filter_us(n: int) -> float:
    """CPU time of one prediction and update, best of 10 batches."""
    rng = np.random.default_rng(1)
    truth = _targets(n, rng, 20e3, 300e3)
    sensor, table = sensor_table([SITE], [RADAR], [4.0], [0.0], [0.0])[0], settings(GnnTrackerConfig())
    x, t = truth + rng.normal(size=truth.shape) * ([100.0] * 3 + [10.0] * 3), np.zeros(n)
    p = np.broadcast_to(np.diag([1e4] * 3 + [1e2] * 3), (n, 6, 6)).copy()
    r = np.broadcast_to(np.diag(SD**2), (n, 4, 4)).copy()
    best = np.inf
    for _ in range(11):
        truth[:, :3] += 4.0 * truth[:, 3:]
        z = _measured(truth, rng)
        start = time.process_time()
        kernels.predict_update(x, p, t, t + 4.0, z, r, sensor, table)
        best = min(best, time.process_time() - start)
    return 1e6 * best / n


def _turn_ms(n: int, n_false: int, turns: int, near_m: float, far_m: float, *, a_step: int = 1) -> tuple[float, float]:
    """CPU time of one turn with n targets and n_false false plots, a_step turns a step; confirmed tracks a target."""
    rng = np.random.default_rng(2)
    truth = _targets(n, rng, near_m, far_m)
    tracker = GnnTracker(GnnTrackerConfig(), places=[SITE], radars=[RADAR], periods_s=[4.0], phases_rad=[0.0])
    cost, held, waiting = [], 0, []
    for turn in range(turns):
        azimuth = ecef_to_polar(truth[:, :3], SITE)[1]
        at_s = 4.0 * (turn + azimuth / (2.0 * np.pi))
        seen = truth.copy()
        seen[:, :3] += (4.0 * azimuth / (2.0 * np.pi))[:, None] * truth[:, 3:]
        z = _measured(seen, rng)
        found = rng.random(n) < 0.9
        false = rng.uniform([near_m, 0.0, 0.02, -350.0], [far_m, 2.0 * np.pi, 0.1, 350.0], (n_false, 4))
        z = np.concatenate([z[found], false])
        when = np.concatenate([at_s[found], 4.0 * (turn + false[:, 1] / (2.0 * np.pi))])
        m = len(z)
        plots = Plots(
            t_s=when,
            sensor=np.zeros(m, np.int64),
            measurement=z,
            cov=np.broadcast_to(np.diag(SD**2), (m, 4, 4)).copy(),
            snr_db=np.full(m, 15.0),
            pfa=np.full(m, 1e-6),
            address=np.full(m, -1),
            label=np.full(m, -1),
        ).take(np.argsort(when))
        truth[:, :3] += 4.0 * truth[:, 3:]
        waiting.append(plots)
        if len(waiting) < a_step:
            continue
        plots, waiting = Plots.concat(waiting), []
        start = time.process_time()
        tracks, _ = tracker.step(plots, Tasks.empty(), until_s=4.0 * (turn + 1))
        cost.append((time.process_time() - start) / a_step)
        held = int((tracks.status == Status.CONFIRMED).sum())
    return 1e3 * float(np.median(cost[5:])), held / n


def run() -> list[Row]:
    """Rows (name, figure, unit, bar)."""
    rows: list[Row] = [("track, EKF predict and update, 10,000 tracks", _filter_us(10_000), "us each", "<= 1.5")]
    cost, _ = _turn_ms(20, 10, 240, 20e3, 250e3, a_step=6)
    rows.append(("track, one turn of six a tick, 20 targets and 30 plots", 1e3 * cost, "us", ""))
    small, held = _turn_ms(1_000, 1_000, 14, 5e3, 150e3)
    rows.append(("track, one turn, 1,000 targets and 1,000 false plots", small, "ms", ""))
    rows.append(("track, confirmed tracks a target", held, "1", ""))
    large, held = _turn_ms(10_000, 10_000, 10, 5e3, 150e3)
    rows.append(("track, one turn, 10,000 targets and 10,000 false plots", large, "ms", ""))
    rows.append(("track, growth from 1,000 to 10,000", float(np.log10(large / small)), "exponent", ""))
    return rows


if __name__ == "__main__":
    for name, figure, unit, bar in run():
        print(f"{name:75s} {figure:10.2f} {unit:12s} {bar}")
