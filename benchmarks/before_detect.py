"""Track-before-detect: what it gains at an equal rate of false tracks, and what a scan costs."""

from __future__ import annotations

import math
import time
from functools import lru_cache

import numpy as np

from watchfloor.assess.ceilings import scan_integration_db
from watchfloor.base.picture import Plots
from watchfloor.base.units import FloatArray
from watchfloor.physics import detection
from watchfloor.physics.low_level import LowLevel
from watchfloor.physics.radar import Radar
from watchfloor.track.before_detect import BeforeDetect, BeforeDetectConfig, noise_plots, plots_of

Row = tuple[str, float, str, str]
RADAR = Radar.of(
    frequency_hz=2e8, peak_power_w=1e5, pulse_width_s=1e-4, bandwidth_hz=5e5, n_coherent=1, n_pulses=1,
    gain_tx=300.0, gain_rx=300.0, noise_temperature_k=1000.0, losses=10.0, beamwidth_azimuth_rad=0.1,
    beamwidth_elevation_rad=0.3, elevation_min_rad=0.0, elevation_max_rad=0.3, period_s=10.0, pfa=1e-6,
    range_min_m=5e3, range_max_m=4e5, range_rate_max_mps=1000.0, measures_elevation=False, measures_range_rate=False,
)  # fmt: skip
"""A radar of a metre's wavelength, without elevation and range rate: range cell 300 m, beam 5.7 degrees."""
FINE = RADAR.but(bandwidth_hz=5e6, beamwidth_azimuth_rad=0.02)
"""The same with a range cell of 30 m and a beam of 1.1 degrees: far more paths end in a cell."""
SPEED_MPS = 220.0


def sector(pfa: float, *, width_rad: float = 0.5 * math.pi) -> LowLevel:
    """Return the part of the coverage that is searched."""
    return LowLevel(pfa=pfa, azimuth_first_rad=0.5, azimuth_width_rad=width_rad, range_min_m=5e4, range_max_m=3e5)


def flown(radar: Radar, low: LowLevel, scan: int, snr: float, rng: np.random.Generator) -> tuple[Plots, bool]:
    """Plots of one turn, those of a target that flies in last, and whether it crossed the threshold."""
    noise = noise_plots(radar, low, scan, rng)
    u, error = rng.standard_exponential(), rng.standard_normal(4)
    power = (1.0 + snr) * u
    hit = power > -math.log(low.pfa)
    if not hit:
        return noise, False
    azimuth = low.azimuth_first_rad + 0.5 * low.azimuth_width_rad
    t_s = radar.period_s * (scan + azimuth / (2.0 * math.pi))
    z = np.array([[2e5 - SPEED_MPS * t_s, azimuth, 0.05, -SPEED_MPS]])
    plot = plots_of(radar, np.array([t_s]), z, np.array([power]), low.pfa)
    moved = z + np.sqrt(plot.cov[:, range(4), range(4)]) * error
    moved[:, [2, 3]] = np.where(np.isnan(plot.measurement[:, [2, 3]]), np.nan, moved[:, [2, 3]])
    plot = Plots(**{**dict(plot.items()), "measurement": moved})
    return Plots.concat([noise, plot]), True


def pd_of(finder: BeforeDetect, snr_db: float, *, trials: int, seed: int) -> float:
    """Share of trials in which a path is found that is of the target by more than half, within its scans."""
    rng, found = np.random.default_rng(seed), 0
    for _ in range(trials):
        finder.clear()
        own: set[int] = set()
        for scan in range(finder.config.scans):
            plots, hit = flown(finder.radar, finder.low, scan, 10.0 ** (0.1 * snr_db), rng)
            rows = 10_000 * scan + np.arange(len(plots))
            if hit:
                own.add(int(rows[-1]))
            paths = finder.step(plots, rows)
            if any(2 * len(own.intersection(path.tolist())) > np.count_nonzero(path >= 0) for path in paths.rows):
                found += 1
                break
    return found / trials


def snr_for(finder: BeforeDetect, pd: FloatArray, *, trials: int, seed: int) -> FloatArray:
    """SNR that each Pd needs, from a curve of measured shares. [dB]"""  # noqa: D400, D415
    snr_db = np.arange(2.0, 16.1, 1.0)
    share = np.array([pd_of(finder, one, trials=trials, seed=seed + i) for i, one in enumerate(snr_db)])
    rising = np.maximum.accumulate(share) + 1e-9 * np.arange(len(share))
    return np.interp(pd, rising, snr_db)


def pfa_single(finder: BeforeDetect) -> float:
    """Probability of false alarm a cell of a single look that gives as many false tracks."""
    return finder.config.false_tracks_per_h * finder.radar.period_s / 3600.0 / finder.n_cells


def snr_single_db(finder: BeforeDetect, pd: FloatArray) -> FloatArray:
    """SNR that one look needs at the equal rate of false tracks. [dB]"""  # noqa: D400, D415
    return 10.0 * np.log10(detection.required_snr(pd, pfa_single(finder)))


def snr_initiation_db(finder: BeforeDetect, pd: FloatArray, *, m: int = 3) -> FloatArray:
    """SNR that m plots among as many scans need at the equal rate; gates as wide as speeds alone make them. [dB]

    The false tracks of a rule of m plots: cells, times the ways to have m - 1 more plots in the scans before (none of
    its plots counted twice), within reach; from the third plot on within four standard deviations of a straight path.
    """  # noqa: D400, D415
    config, radar, low, n = finder.config, finder.radar, finder.low, finder.config.scans
    middle = plots_of(radar, np.zeros(1), np.array([[2e5, 0.0, 0.0, 0.0]]), np.array([10.0]), low.pfa)
    sigma = np.sqrt(middle.cov[0, [0, 1], [0, 1]])
    cell = np.array([radar.range_cell_m, radar.beamwidth_azimuth_rad])
    step = config.speed_max_mps * radar.period_s * np.array([1.0, 1.0 / 2e5])

    def false_tracks(pfa: float) -> float:
        reach = float(np.prod(2.0 * (step * (n / m) + 4.0 * sigma) / cell)) * pfa
        gate = float(np.prod(2.0 * 4.0 * math.sqrt(6.0) * sigma / cell)) * pfa
        ways = math.comb(n - 1, m - 1)
        return finder.n_cells * pfa * ways * reach * gate ** (m - 2)

    wanted = pfa_single(finder) * finder.n_cells
    lo, hi = 1e-9, 0.1
    for _ in range(80):
        middle_pfa = math.sqrt(lo * hi)
        lo, hi = (middle_pfa, hi) if false_tracks(middle_pfa) < wanted else (lo, middle_pfa)
    grid_db = np.arange(0.0, 25.0, 0.01)
    share = detection.m_of_n(detection.pd(10.0 ** (0.1 * grid_db), lo), m, n)
    return np.interp(pd, share, grid_db)


def ceiling_db(pd: FloatArray, pfa: float, n: int, paths: float) -> FloatArray:
    """Most that n independent looks gain over one at an equal rate, searching so many paths. [dB]"""  # noqa: D400, D415
    return scan_integration_db(n, pd, pfa=pfa, n_paths=paths)


@lru_cache(maxsize=8)
def finder_for(pfa: float, scans: int, rate_per_h: float = 1.0) -> BeforeDetect:
    """Return a finder in the benchmark's sector."""
    return BeforeDetect(BeforeDetectConfig(scans=scans, false_tracks_per_h=rate_per_h), RADAR, sector(pfa))


def scan_ms(pfa: float, width_rad: float, scans: int) -> tuple[float, float]:
    """CPU time of a turn of noise, and its plots."""
    low = sector(pfa, width_rad=width_rad)
    finder = BeforeDetect(BeforeDetectConfig(scans=scans), RADAR, low, threshold=math.inf)
    rng = np.random.default_rng(5)
    turns = [noise_plots(RADAR, low, scan, rng) for scan in range(60)]
    cost = []
    for plots in turns:
        start = time.process_time()
        finder.step(plots)
        cost.append(time.process_time() - start)
    return 1e3 * float(np.median(cost[20:])), float(np.mean([len(plots) for plots in turns]))


def run() -> list[Row]:
    """Rows (name, figure, unit, bar)."""
    rows: list[Row] = []
    pd = np.array([0.5, 0.9])
    for scans in (6, 8):
        finder = finder_for(3e-3, scans)
        needed = snr_for(finder, pd, trials=150, seed=100)
        one, initiation = snr_single_db(finder, pd), snr_initiation_db(finder, pd)
        known = ceiling_db(pd, pfa_single(finder), scans, 1.0)
        for i, p in enumerate(pd.tolist()):
            name = f"before-detect, {scans} scans, Pd {p}"
            rows.append((f"{name}: gain over one look", float(one[i] - needed[i]), "dB", f"< {known[i]:.1f} (ceiling)"))
            rows.append((f"{name}: gain over 3 plots in {scans}", float(initiation[i] - needed[i]), "dB", ""))
    for pfa, width in ((1e-3, 0.5 * math.pi), (1e-3, 2.0 * math.pi), (1e-2, 2.0 * math.pi)):
        cost, n = scan_ms(pfa, width, 6)
        rows.append((f"before-detect, one turn of {n:.0f} weak plots, 6 scans", cost, "ms", ""))
    return rows


if __name__ == "__main__":
    for name, figure, unit, bar in run():
        print(f"{name:75s} {figure:10.2f} {unit:12s} {bar}")
