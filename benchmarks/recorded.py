"""Recordings: how fast they are read and tracked, and how well recorded traffic is held under simulated radars.

Needs the public recordings in the folder that ``WATCHFLOOR_SHARED_DATA`` names, or ``../shared/data``; says so where
they are absent.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from watchfloor.assess.tracking import resample, score_tracks
from watchfloor.base.picture import Plots, Tracks
from watchfloor.formats import read_flights
from watchfloor.formats.asterix import read_asterix
from watchfloor.formats.flights import Flights
from watchfloor.physics.frames import Place, ecef_to_polar, geodesic, geodetic_to_ecef, polar_to_ecef
from watchfloor.physics.radar import Radar
from watchfloor.physics.slant import elevation_at_height
from watchfloor.run.asterix import geodetic, radar_plots
from watchfloor.run.recorded import PREFERRED, track_file, tracker_config
from watchfloor.track import track_plots

Row = tuple[str, float, str, str]
DATA = Path(os.environ.get("WATCHFLOOR_SHARED_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")
CUTOFF_M = 1000.0
TURN_S, RANGE_MAX_M, ELEVATION_MIN_RAD = 4.0, 400e3, np.radians(0.3)
N_FALSE, PD_PRIMARY, PD_SECONDARY = 100, 0.9, 0.97
PRIMARY_SD = np.array([50.0, np.radians(0.1), np.radians(0.15), 2.0])
SECONDARY_SD = np.array([50.0, np.radians(0.06)])
PRIMARY = Radar.of(
    frequency_hz=3e9, peak_power_w=1e5, pulse_width_s=5e-5, bandwidth_hz=1e6, n_coherent=8, n_pulses=1,
    gain_tx=1e4, gain_rx=1e4, noise_temperature_k=600.0, losses=5.0, beamwidth_azimuth_rad=0.026,
    beamwidth_elevation_rad=0.05, elevation_min_rad=0.0, elevation_max_rad=0.6, period_s=TURN_S, pfa=1e-6,
    range_min_m=1e3, range_max_m=RANGE_MAX_M, range_rate_max_mps=1000.0, measures_elevation=True,
    measures_range_rate=True,
)  # fmt: skip


def run() -> list[Row]:
    """Rows (what, figure, unit, bar)."""
    if not DATA.is_dir():
        return [(f"recordings: not here ({DATA.name}; set WATCHFLOOR_SHARED_DATA)", 0.0, "", "")]
    rows = _reading()
    rows += _recording("Paris, 61 real flights, CAT048", "asterix_from_adsb/paris_cat034_048.ast",
                       truth="asterix_from_adsb/paris_cat048_truth.parquet")  # fmt: skip
    rows += _recording("two aircraft in holds, real plots", "asterix/spain_ssr_part1_35min.gps", bars=("<= 2", "<= 0"))
    for name, file, lat, lon in (
        ("Paris overlay", "adsb_paris_tma/dense_overlay_30min_2s.parquet", 48.85, 2.35),
        ("Vilnius", "cat062_vilnius/truth_5s_30min.parquet", 54.9, 24.5),
    ):
        rows += _simulated(name, read_flights(DATA / file), Place.from_degrees(lat, lon, 150.0))
    return rows


def _reading() -> list[Row]:
    path = DATA / "asterix_from_adsb" / "paris_cat034_048.ast"
    found = read_asterix(path)
    n = len(found.targets) + len(found.services)
    spent = _cpu_s(lambda: read_asterix(path), 5)
    rows: list[Row] = [("asterix, records to columns, one radar", 1e-3 * n / spent, "1000/s", ">= 150")]
    truth = read_flights(path.with_name("paris_cat048_truth.parquet"))
    lat, lon, _ = geodetic(found.targets, radar_plots(path, found).places[0])
    off, _ = geodesic(lat, lon, truth.lat_rad, truth.lon_rad)
    rows.append(("asterix, place of real flights, median", float(np.median(off)), "m", "<= 5"))
    rows.append(("asterix, place of real flights, 99 %", float(np.quantile(off, 0.99)), "m", "<= 15"))
    return rows


def _recording(name: str, file: str, *, truth: str = "", bars: tuple[str, str] = ("", "")) -> list[Row]:
    """Track a recording with identity ignored."""

    def go():
        return track_file(DATA / file, identity=False)

    go()
    spent = _cpu_s(go, 2)
    scored = track_file(DATA / file, identity=False, truth=DATA / truth if truth else None, cutoff_m=CUTOFF_M)
    said = {key: value for key, _, value, _ in scored.figures}
    head = f"{PREFERRED}, {name}"
    rows: list[Row] = [
        (f"{head}, faster than real time", said["duration_s"] / spent, "times", ">= 100"),
        (f"{head}, tracks", said["n_tracks"], "", bars[0]),
        (f"{head}, tracks with two addresses", said["n_mixed"], "", bars[1]),
        (f"{head}, addresses with two tracks", said["n_split"], "", bars[1]),
    ]
    if truth:
        rows += [
            (f"{head}, GOSPA", said["gospa_m"], "m", ""),
            (f"{head}, completeness", said["completeness"], "", ">= 0.95"),
            (f"{head}, continuity", said["continuity"], "", ""),
            (f"{head}, switches of number", said["n_switches"], "", ""),
        ]
    return rows


def _simulated(name: str, flights: Flights, place: Place) -> list[Row]:
    """Track recorded traffic under a primary radar with elevation and false plots, and under a secondary radar."""
    passes = _passes(flights, place)
    seen = (passes[:, 2] < RANGE_MAX_M) & (passes[:, 4] > ELEVATION_MIN_RAD)
    passes = passes[seen]
    start, end = passes[:, 1].min(), passes[:, 1].max()
    times = np.arange(start + 30.0, end, 10.0)
    ecef = polar_to_ecef(passes[:, 2], passes[:, 3], passes[:, 4], place)
    truth = resample(passes[:, 1], passes[:, 0].astype(np.int64), ecef, times, max_gap_s=3.0 * TURN_S)
    rows: list[Row] = [
        (f"{name}, aircraft at once in view", len(truth[0]) / len(times), "", ""),
    ]
    for kind, plots, radar in (
        ("primary", _primary(passes, place), PRIMARY),
        ("secondary", _secondary(passes, place), None),
    ):

        def go(plots: Plots = plots, radar: Radar | None = radar) -> Tracks:
            return track_plots(
                plots, places=[place], radars=[radar], periods_s=[TURN_S], phases_rad=[0.0],
                config=tracker_config(),
            )  # fmt: skip

        tracks = go()
        spent = _cpu_s(go, 1)
        found = resample(
            tracks.t_s, tracks.number, tracks.position_ecef_m, times, max_gap_s=3.0 * TURN_S,
            velocity_mps=tracks.velocity_ecef_mps,
        )  # fmt: skip
        score = score_tracks(*truth, *found, cutoff_m=CUTOFF_M)[1]
        head = f"{PREFERRED}, {name}, {kind}"
        rows += [
            (f"{head}, faster than real time", (end - start) / spent, "times", ">= 100"),
            (f"{head}, GOSPA", score.gospa_m, "m", ""),
            (f"{head}, completeness", score.completeness, "", ">= 0.95"),
            (f"{head}, continuity", score.continuity, "", ""),
            (f"{head}, switches of number", float(score.n_switches), "", ""),
            (f"{head}, false tracks at a time", score.n_false, "", ""),
        ]
    return rows


def _passes(flights: Flights, place: Place) -> np.ndarray:
    """Rows (flight, time, range, azimuth, elevation, height, range rate) of each passage of the beam over a flight."""
    out = []
    first = np.floor(flights.t_s.min() / TURN_S) * TURN_S
    for one in range(len(flights.names)):
        mine = np.flatnonzero(flights.flight == one)
        mine = mine[np.argsort(flights.t_s[mine], kind="stable")]
        t = flights.t_s[mine]
        ecef = geodetic_to_ecef(flights.lat_rad[mine], flights.lon_rad[mine], flights.alt_m[mine])
        north = first + TURN_S * np.arange((t[0] - first) // TURN_S, (t[-1] - first) // TURN_S + 1)
        met = north.copy()
        for _ in range(8):
            there = np.stack([np.interp(met, t, ecef[:, i]) for i in range(3)], axis=1)
            slant, azimuth, elevation = ecef_to_polar(there, place)
            met = north + TURN_S * azimuth / (2.0 * np.pi)
        ahead = np.stack([np.interp(met + 0.5, t, ecef[:, i]) for i in range(3)], axis=1)
        rate = 2.0 * (ecef_to_polar(ahead, place)[0] - slant)
        height = np.interp(met, t, flights.alt_m[mine])
        near = (met >= t[0]) & (met + 0.5 <= t[-1])
        table = np.stack([np.full(len(met), one), met - first, slant, azimuth, elevation, height, rate], axis=1)
        out.append(table[near])
    return np.concatenate(out)


def _primary(passes: np.ndarray, place: Place) -> Plots:
    """Plots of a 3-D primary radar with range rate, and false ones."""
    rng = np.random.default_rng(1)
    found = passes[rng.random(len(passes)) < PD_PRIMARY]
    z = found[:, [2, 3, 4, 6]] + rng.normal(size=(len(found), 4)) * PRIMARY_SD
    turns = int((passes[:, 1].max() - passes[:, 1].min()) // TURN_S)
    n = N_FALSE * turns
    false = rng.uniform([5e3, 0.0, 0.005, -300.0], [RANGE_MAX_M, 2.0 * np.pi, 0.3, 300.0], (n, 4))
    t = TURN_S * (rng.integers(0, turns, n) + false[:, 1] / (2.0 * np.pi))
    return _sorted(
        np.concatenate([found[:, 1], t]),
        np.concatenate([z, false]),
        np.broadcast_to(np.diag(PRIMARY_SD**2), (len(z) + n, 4, 4)),
        15.0,
    )


def _secondary(passes: np.ndarray, place: Place) -> Plots:
    """Plots of a secondary radar: range, azimuth, and an elevation from the height in steps of 25 feet."""
    rng = np.random.default_rng(2)
    found = passes[rng.random(len(passes)) < PD_SECONDARY]
    n = len(found)
    z = np.full((n, 4), np.nan)
    z[:, :2] = found[:, 2:4] + rng.normal(size=(n, 2)) * SECONDARY_SD
    height = 7.62 * np.round(found[:, 5] / 7.62)
    z[:, 2], by_range, by_height = elevation_at_height(z[:, 0], z[:, 1], height, place)
    cov = np.full((n, 4, 4), np.nan)
    cov[:, :3, :3] = 0.0
    cov[:, 0, 0], cov[:, 1, 1] = SECONDARY_SD**2
    cov[:, 0, 2] = cov[:, 2, 0] = by_range * SECONDARY_SD[0] ** 2
    cov[:, 2, 2] = (by_range * SECONDARY_SD[0]) ** 2 + (by_height * 7.62) ** 2 / 12.0
    steep = ~(by_height * z[:, 0] < 10.0)
    z[steep, 2] = np.nan
    cov[steep, 2, :] = cov[steep, :, 2] = np.nan
    return _sorted(found[:, 1], z, cov, np.nan)


def _sorted(t_s: np.ndarray, z: np.ndarray, cov: np.ndarray, snr_db: float) -> Plots:
    n = len(t_s)
    z = z.copy()
    z[:, 1] %= 2.0 * np.pi
    order = np.lexsort((z[:, 0], t_s))
    return Plots(
        t_s=t_s, sensor=np.zeros(n, np.int64), measurement=z, cov=np.ascontiguousarray(cov),
        snr_db=np.full(n, snr_db), pfa=np.full(n, 1e-6 if np.isfinite(snr_db) else 0.0),
        address=np.full(n, -1), label=np.full(n, -1),
    ).take(order)  # fmt: skip


def _cpu_s(work: Callable[[], object], times: int) -> float:
    """CPU time of a piece of work, best of several."""
    best = np.inf
    for _ in range(times):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    for what, figure, unit, bar in run():
        print(f"{what:75s} {figure:10.4g} {unit:8s} {bar}", flush=True)
