import duckdb
import numpy as np

from tests.track.simulated import TWO_PI, make_radar
from watchfloor.assess.tracking import resample, score_tracks
from watchfloor.base.picture import Plots, Status, Tasks
from watchfloor.physics.frames import Place, ecef_to_polar, geodetic_to_ecef, range_rate
from watchfloor.track import GnnTracker, GnnTrackerConfig

PARIS = Place.from_degrees(49.0, 2.5, 120.0)
SD = np.array([60.0, 0.0015, 0.003, 1.0])


def test_a_hundred_real_flights_at_once_are_held(shared_data):
    # ten minutes of the dense overlay (107 to 135 aircraft) under a radar that turns in 5 s, Pd 0.9, 50 false a turn
    path, span_s, period_s = shared_data / "adsb_paris_tma" / "dense_overlay_30min_2s.parquet", 600.0, 5.0
    with duckdb.connect() as store:
        rows = store.execute(
            "with f as (select *, t - min(t) over () as s from read_parquet($1)) "
            "select id, s as t, lat, lon, alt_m from f where s < $2 order by id, s",
            [str(path), span_s + 20.0],
        ).fetchnumpy()
    names, who = np.unique(np.asarray(rows["id"], str), return_inverse=True)
    t = np.asarray(rows["t"], float)
    ecef = geodetic_to_ecef(np.radians(rows["lat"]), np.radians(rows["lon"]), np.asarray(rows["alt_m"], float))
    rng, plots = np.random.default_rng(61), []
    for one in range(len(names)):
        mine = who == one
        if mine.sum() < 5:
            continue
        _, azimuth, _ = ecef_to_polar(ecef[mine], PARIS)
        turns = (t[mine] / period_s) - np.unwrap(azimuth) / TWO_PI  # whole where the beam passes
        whole = np.arange(np.ceil(turns[0]), np.floor(turns[-1]) + 1.0)
        at_s = np.interp(whole, turns, t[mine])
        around = [
            np.stack([np.interp(at_s + d, t[mine], ecef[mine][:, c]) for c in range(3)], 1) for d in (-1.0, 0.0, 1.0)
        ]
        z = np.stack(
            [*ecef_to_polar(around[1], PARIS), range_rate(around[1], 0.5 * (around[2] - around[0]), PARIS)], axis=1
        )
        plots.append(np.column_stack([at_s, z])[rng.random(len(at_s)) < 0.9])
    z = np.concatenate(plots)
    z[:, 1:] += rng.normal(size=(len(z), 4)) * SD
    n_false = int(50 * span_s / period_s)
    false = rng.uniform([0.0, 3e3, 0.0, 0.0, -300.0], [span_s, 150e3, TWO_PI, 0.2, 300.0], (n_false, 5))
    false[:, 2] = TWO_PI * (false[:, 0] / period_s % 1.0)
    z = np.concatenate([z, false])
    z[:, 2] %= TWO_PI
    n = len(z)
    table = Plots(
        t_s=z[:, 0],
        sensor=np.zeros(n, int),
        measurement=z[:, 1:],
        cov=np.broadcast_to(np.diag(SD**2), (n, 4, 4)),
        snr_db=np.full(n, 15.0),
        pfa=np.full(n, 1e-6),
        address=np.full(n, -1),
        label=np.full(n, -1),
    ).take(np.argsort(z[:, 0]))
    radar = make_radar(period_s=period_s, range_min_m=1e3)
    tracker = GnnTracker(GnnTrackerConfig(), places=[PARIS], radars=[radar], periods_s=[period_s], phases_rad=[0.0])
    estimates = []
    for until_s in np.arange(period_s, span_s + 1.0, period_s):
        inside = (table.t_s > until_s - period_s) & (table.t_s <= until_s)
        tracks, _ = tracker.step(table.take(inside), Tasks.empty(), until_s=until_s)
        live = tracks.take(tracks.status == Status.CONFIRMED)
        estimates.append((live.t_s, live.number, live.position_ecef_m, live.velocity_ecef_mps))
    e = [np.concatenate(part) for part in zip(*estimates, strict=True)]
    times = np.arange(30.0, span_s, 10.0)
    truth = resample(t, who, ecef, times, max_gap_s=6.0)
    near = np.linalg.norm(truth[2] - PARIS.ecef_m, axis=1) < 150e3
    estimate = resample(e[0], e[1], e[2], times, max_gap_s=15.0, velocity_mps=e[3])
    _, summary = score_tracks(*(a[near] for a in truth), *estimate, cutoff_m=1000.0)
    assert near.sum() > 100 * len(times)
    # flights that start or end inside the ten minutes cost their first three hits and nothing else
    assert summary.completeness > 0.95
    assert summary.continuity > 0.9
    assert summary.rmse_m < 250.0  # 1.5 mrad at 100 km is 150 m; between turns a track is carried forward
