import math
from pathlib import Path

import numpy as np
import pytest

from tests.plain import marginals as plain
from tests.plain import tracking
from tests.track.simulated import SITE, flights, flights_from, make_radar, scan
from watchfloor.base.picture import Status, Tasks
from watchfloor.scenario.load import load
from watchfloor.track import GnnTrackerConfig, JpdaTracker, JpdaTrackerConfig
from watchfloor.track._kernels import gnn as k
from watchfloor.track.gnn import sensor_table, settings

SENSOR = sensor_table([SITE], [None], [10.0], [0.0], [0.0])[0]
CONFIG = JpdaTrackerConfig(manoeuvre_mps2=0.5, climb_manoeuvre_mps2=0.5)
SETTINGS = settings(CONFIG.model_copy(update={"altitude_sd_m": 1e6, "climb_sd_mps": 1e4}))  # no prior but the state
Q = SETTINGS[k.Q_H]


def start_state(seed=0):
    rng = np.random.default_rng(seed)
    flown = flights_from([60e3], [rng.uniform(0.0, 6.2)], [rng.uniform(0.0, 6.2)], altitude_m=8e3)
    root = rng.normal(size=(6, 6)) * np.array([150.0] * 3 + [10.0] * 3)[:, None]
    return (
        rng,
        np.concatenate([flown.start_m[0], flown.velocity_mps[0]]),
        root @ root.T + np.diag([1e2] * 3 + [1.0] * 3),
    )


def blend(x, p, t, weight, plot_t, z, cov):
    column = np.arange(len(weight))
    new = k.blend(x, p, t, column, np.array(weight, float), column, np.array(plot_t, float), z, cov, SENSOR, SETTINGS)
    return new, x, p


def test_the_new_state_is_the_mixture_of_what_each_plot_says():
    rng, x, p = start_state(1)
    t, when = 5.0, [13.0, 14.0, 14.0]  # seen at different times
    sd = np.array([50.0, 0.002, 0.003, 2.0])
    z = tracking.expected(x, 9.0, SITE) + rng.normal(size=(3, 4)) * 2.0 * sd
    cov = np.broadcast_to(np.diag(sd**2), (3, 4, 4)).copy()
    weight = [0.2, 0.5, 0.1]
    moved, moved_p = tracking.predict(x, p, 9.0, Q, Q)
    states, covs = [moved], [moved_p]
    for j in range(3):
        one = tracking.update(moved, moved_p, when[j] - 14.0, z[j], cov[j], SITE, Q, Q)
        states.append(one[0])
        covs.append(one[1])
    share = np.array([0.2, *weight])
    mean = share @ np.array(states)
    want = sum(w * (c + np.outer(s - mean, s - mean)) for w, s, c in zip(share, states, covs, strict=True))
    new, x, p = blend(x, p, t, weight, when, z, cov)
    assert new == 14.0
    np.testing.assert_allclose(x - mean, 0.0, atol=1e-3)
    np.testing.assert_allclose(p, want, rtol=1e-4, atol=1e-4 * np.abs(want).max())


def test_one_linear_measurement_meets_the_textbook_update():
    """Bar-Shalom & Fortmann, 1988, section 6.4: combined innovation, and P = b0 P- + (1 - b0) Pc + spread."""
    rng, x, p = start_state(2)
    z = np.full((3, 4), np.nan)
    z[:, 0] = tracking.expected(x, 0.0, SITE)[0] + np.array([-150.0, 20.0, 90.0])
    cov = np.full((3, 4, 4), np.nan)
    cov[:, 0, 0] = 2500.0
    beta = np.array([0.3, 0.4, 0.2])
    h = tracking.jacobian(x, 0.0, SITE)[:1]
    s = float((h @ p @ h.T)[0, 0]) + 2500.0
    gain = p @ h.T / s
    nu = z[:, 0] - tracking.expected(x, 0.0, SITE)[0]
    combined = beta @ nu
    want_x = x + gain[:, 0] * combined
    spread = gain @ gain.T * (beta @ nu**2 - combined**2)
    want_p = 0.1 * p + 0.9 * (p - gain @ gain.T * s) + spread
    _, x, p = blend(x, p, 7.0, beta, [7.0] * 3, z, cov)
    np.testing.assert_allclose(x - want_x, 0.0, atol=1e-5)
    np.testing.assert_allclose(p, want_p, rtol=1e-6, atol=1e-6 * np.abs(want_p).max())


def test_a_track_without_plots_stays_as_it_is():
    _, x, p = start_state(3)
    before = x.copy(), p.copy()
    new, x, p = blend(x, p, 3.0, [], [], np.empty((0, 4)), np.empty((0, 4, 4)))
    assert new == 3.0
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(p, before[1])


@pytest.mark.parametrize("seed", range(5))
def test_confirmed_tracks_share_first_and_tentative_ones_what_is_left(seed):
    rng = np.random.default_rng(seed)
    track, plot = np.nonzero(rng.random((5, 4)) < 0.6)
    ratio = 10.0 ** rng.normal(0.5, 1.0, len(track))
    marks = np.zeros((5, k.N_MARKS), np.int64)
    marks[:, k.STATUS] = [k.CONFIRMED, k.TENTATIVE, k.CONFIRMED, k.TENTATIVE, k.CONFIRMED]
    first = marks[track, k.STATUS] == k.CONFIRMED
    pair, _, new = plain.marginals(track[first], plot[first], ratio[first], 5, 4)
    left, _, still = plain.marginals(track[~first], plot[~first], (ratio * new[plot])[~first], 5, 4)
    want = np.empty(len(track))
    want[first], want[~first] = pair, left
    p, miss, free = np.empty(len(track)), np.empty(5), np.empty(4)
    start_of = np.searchsorted(track, np.arange(6)).astype(np.int64)
    k.share(start_of, plot.astype(np.int64), -np.log(ratio), marks, 4, p, miss, free, 10**6, 100)
    np.testing.assert_allclose(p, want, atol=1e-12)
    np.testing.assert_allclose(miss, 1.0 - np.bincount(track, want, 5), atol=1e-12)
    np.testing.assert_allclose(free, new * still, atol=1e-12)


@pytest.mark.parametrize(("n_false", "widest"), [(1e-9, 1.2), (2.0, 3.0)])
def test_nees_stays_inside_its_band(n_false, widest):
    """Ten scans of 300 targets drawn from the model, Pd 0.9, no false plot or one in four gates: mean of 6.

    The mixture's covariance is that of the truth given the plots. The band is four standard errors, these from the
    sample: with false plots the law is no chi-square any more but has a tail of tracks led astray (``widest`` bounds
    it, in standard deviations of the chi-square).
    """
    pd, wide, turns, runs = 0.9, 8.0, 10, 300
    sd = np.array([50.0, 0.002, 0.003, 1.0])
    cov = np.diag(sd**2)
    cov[3] = cov[:, 3] = np.nan
    marks = np.zeros((1, k.N_MARKS), np.int64)
    marks[0, k.STATUS] = k.CONFIRMED
    nees, up, zhat, seen, h = np.empty(runs), np.empty(3), np.empty(4), np.empty(4), np.empty((4, 6))
    for run in range(runs):
        rng, x, p = start_state(1000 + run)
        true = rng.multivariate_normal(x, p, method="cholesky")
        t = 0.0
        for _ in range(turns):
            none = np.zeros((6, 6))
            k.predict(true, none, 10.0, Q, Q, up)
            true = rng.multivariate_normal(true, none, method="cholesky")
            moved, moved_p = x.copy(), p.copy()
            k.predict(moved, moved_p, 10.0, Q, Q, up)
            k.measure(moved, 0.0, SENSOR, zhat, h)
            s = (h @ moved_p @ h.T)[:3, :3] + cov[:3, :3]
            k.expected(true, 0.0, SENSOR, seen)
            # false plots: uniform in a box about the prediction
            half = wide * np.sqrt(np.diag(s))
            z = zhat[:3] + rng.uniform(-half, half, (rng.poisson(n_false), 3))
            if rng.random() < pd:
                z = np.concatenate([[seen[:3] + rng.normal(size=3) * sd[:3]], z])
            density = n_false / np.prod(2.0 * half)
            off = z - zhat[:3]
            d2 = np.einsum("ni,ij,nj->n", off, np.linalg.inv(s), off)
            inside = d2 < 25.0
            z, d2 = z[inside], d2[inside]
            cost = -np.log(pd / (1.0 - pd) / density) + 0.5 * (d2 + np.linalg.slogdet(2.0 * np.pi * s)[1])
            n = len(z)
            share, miss, new = np.empty(n), np.empty(1), np.empty(n)
            k.share(np.array([0, n]), np.arange(n), cost, marks, n, share, miss, new, 1000, 100)
            full = np.concatenate([z, np.full((n, 1), np.nan)], axis=1)
            later, x, p = blend(x, p, t, share, [t + 10.0] * n, full, np.broadcast_to(cov, (n, 4, 4)).copy())
            if later == t:
                x, p = moved, moved_p
            t += 10.0
        nees[run] = (true - x) @ np.linalg.solve(p, true - x)
    assert abs(nees.mean() - 6.0) < 4.0 * nees.std() / math.sqrt(runs)
    assert nees.std() < widest * math.sqrt(12.0)


def play(config, flown, turns, rng, **options):
    tracker = JpdaTracker(config, places=[SITE], radars=[make_radar()], periods_s=[10.0], phases_rad=[0.0])
    for number in range(turns):
        plots = scan(flown, number, rng, **options)
        tracks, looks = tracker.step(plots, Tasks.empty(), until_s=10.0 * (number + 1))
    return tracks, looks


def test_a_close_pair_keeps_honest_covariances():
    """Two flights side by side, half an error apart: which is which is lost, and the tracks say so.

    Where the plots are shared alike, the spread of what they say keeps each covariance as wide as the pair.
    """
    rng = np.random.default_rng(5)
    flown = flights_from([80e3, 80e3], [1.0, 1.004], [1.3, 1.3])
    tracks, _ = play(CONFIG, flown, 25, rng, pd=1.0)
    live = tracks.take(tracks.status == Status.CONFIRMED)
    assert len(live) == 2
    at = flown.at(np.repeat(live.t_s[:, None], 2, 1))
    off = live.position_ecef_m[:, None] - at
    inverse = np.linalg.inv(live.cov[:, :3, :3])
    d2 = np.einsum("tfi,tij,tfj->tf", off, inverse, off)
    assert (d2 < 21.0).all()  # chi-square with 3 degrees of freedom, 1e-4: both flights lie inside either track


def test_plots_in_and_covariances_out_stay_proper_in_heavy_clutter():
    rng = np.random.default_rng(6)
    tracks, _ = play(CONFIG, flights(30, rng, near_m=20e3, far_m=60e3), 15, rng, n_false=500, pfa=1e-3)
    assert (tracks.status == Status.CONFIRMED).sum() >= 28
    assert np.isfinite(tracks.position_ecef_m).all()
    assert (np.linalg.eigvalsh(tracks.cov) > 0.0).all()


def test_it_takes_the_keys_of_the_kind_it_is_compared_with():
    both = {name: field.default for name, field in GnnTrackerConfig.model_fields.items() if name != "kind"}
    assert {n: f.default for n, f in JpdaTrackerConfig.model_fields.items() if n != "kind"} == both


def test_a_scenario_can_ask_for_it(tmp_path):
    example = Path(__file__).parents[2] / "examples" / "first-radar.yaml"
    text = example.read_text(encoding="utf-8")
    assert "tracker: {kind: pmb}" in text
    path = tmp_path / "joint.yaml"
    path.write_text(text.replace("tracker: {kind: pmb}", "tracker: {kind: jpda}"), encoding="utf-8")
    loaded = load(path)
    assert isinstance(loaded.scenario.tracker, JpdaTrackerConfig)
