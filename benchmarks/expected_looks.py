"""What a look expects: density of false plots, Pd, power and merged plots, per plot and track."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from watchfloor.physics.environment import Environment
from watchfloor.physics.frames import Place
from watchfloor.physics.radar import Radar
from watchfloor.track.amplitude import Amplitude
from watchfloor.track.clutter import ClutterMap
from watchfloor.track.detection import DetectionModel
from watchfloor.track.resolution import Resolution

Row = tuple[str, float, str, str]
SITE = Place.from_degrees(40.079, 32.566, 863.0)
FIELDS = dict(
    frequency_hz=3e9, peak_power_w=1e5, pulse_width_s=5e-5, bandwidth_hz=1e6, n_coherent=8, n_pulses=1,
    gain_tx=1e4, gain_rx=1e4, noise_temperature_k=600.0, losses=5.0, beamwidth_azimuth_rad=0.026,
    beamwidth_elevation_rad=0.05, elevation_min_rad=-0.02, elevation_max_rad=1.5, period_s=4.0, pfa=1e-6,
    range_min_m=1e3, range_max_m=400e3, range_rate_max_mps=1000.0, measures_elevation=True, measures_range_rate=True,
)  # fmt: skip


def _best_us(call: Callable[[], object]) -> float:
    """CPU time of the best of 30 calls, the first left out."""
    best = np.inf
    for _ in range(31):
        start = time.process_time()
        call()
        best = min(best, time.process_time() - start)
    return 1e6 * best


def run() -> list[Row]:
    """Rows (name, figure, unit, bar)."""
    rng = np.random.default_rng(1)
    radar, rows = Radar.of(**FIELDS), list[Row]()
    clutter, ones = ClutterMap(radar), np.ones(20_000)
    z = rng.uniform([1e3, 0.0, 0.0, -350.0], [150e3, 6.28, 0.3, 350.0], (20_000, 4))
    rows.append(
        ("expected, density of false plots at 20,000", 1e-3 * _best_us(lambda: clutter.density(z)), "ms", "<= 1")
    )
    rows.append(("expected, a scan of 20,000 plots learned", 1e-3 * _best_us(lambda: clutter.learn(z, ones)), "ms", ""))

    some, around = z[:1000], Environment(place=SITE)
    variance = np.tile([1e4, 1e-5, 1e-5, 4.0], (1000, 1))
    plain = DetectionModel(radar, around)
    bank = DetectionModel(radar.but(prf_hz=(1000.0, 1130.0, 1270.0), n_pulses=3, doppler="bank"), around)
    rows.append(("expected, Pd of 1,000 looks", _best_us(lambda: plain.expect_polar(some, variance)), "us", "<= 150"))
    rows.append(
        ("expected, the same through three banks", _best_us(lambda: bank.expect_polar(some, variance)), "us", "")
    )

    amplitude, n = Amplitude(radar), 1000
    level, doubt, power = rng.uniform(5.0, 30.0, n), rng.uniform(1.0, 10.0, n), rng.uniform(12.0, 35.0, n)
    pd, pfa = np.full(n, 0.7), np.full(n, 1e-6)
    ratio = _best_us(lambda: amplitude.log_ratio(power, level, doubt, pd=pd, pfa=pfa))
    rows.append(("expected, likelihood ratio of 1,000 powers", ratio, "us", ""))
    gain = np.full(n, 20.0)
    learn = _best_us(lambda: amplitude.learn(level - 20.0, doubt, gain_db=gain, snr_db=power, p_hit=pd, pfa=pfa))
    rows.append(("expected, levels of 1,000 tracks after a look", learn, "us", ""))

    pairs, zhat, hph = Resolution(radar), np.full((n, 4), np.nan), np.zeros((n, 4, 4))
    zhat[:, 0], zhat[:, 1] = 1e3 + 300.0 * (np.arange(n) // 2) + 60.0 * (np.arange(n) % 2), 1.0
    hph[:, :2, :2] = np.diag([400.0, 4e-6])
    start, column = 2 * np.arange(n + 1), np.repeat(np.arange(n) // 2 * 2, 2) + np.tile([0, 1], n)
    given = dict(
        z=zhat, cov=hph, density=np.full(n, 1e-3), zhat=zhat, hph=hph, pd=pd, existence=np.full(n, 0.99)
    )  # two tracks and two plots a pair
    cost = _best_us(lambda: pairs.associate(start, column, np.full(2 * n, 1e3), **given))
    rows.append(("expected, 500 pairs that share a cell associated", cost, "us", ""))
    return rows


if __name__ == "__main__":
    for name, figure, unit, bar in run():
        print(f"{name:75s} {figure:10.2f} {unit:12s} {bar}")
