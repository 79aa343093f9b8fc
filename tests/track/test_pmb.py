import math

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from tests.plain.pmb import Pmb
from watchfloor.assess.consistency import chi_square_band, nees, squared_errors
from watchfloor.base.picture import Plots, Tasks
from watchfloor.track._kernels.motion import Q_H, Q_V
from watchfloor.track.engine import Station
from watchfloor.track.gate import gate_limits
from watchfloor.track.motion import CtConfig, CvConfig, MotionConfig, initial_shares, model_table, sojourns_s
from watchfloor.track.pmb import PmbTracker, PmbTrackerConfig

IDLE = Tasks.empty()
PERIOD_S, AREA_M2 = 5.0, 4e8


class Even:
    """The same density of false plots everywhere."""

    def __init__(self, density):
        self.value = density

    def density(self, z):
        return np.full(len(z), self.value)

    def learn(self, z, p_false):
        pass


def table_of(t_s, z, sd, *, sensor=0):
    """Plots of the first components z (m, d), all with the same errors."""
    m, d = np.shape(z)
    measurement, cov = np.full((m, 4), np.nan), np.full((m, 4, 4), np.nan)
    measurement[:, :d], cov[:, :d, :d] = z, np.diag(np.square(sd))
    nobody = np.full(m, -1)
    return Plots(
        t_s=np.broadcast_to(t_s, (m,)).astype(float), sensor=np.full(m, sensor), measurement=measurement, cov=cov,
        snr_db=np.full(m, np.nan), pfa=np.full(m, 1e-6), address=nobody, label=nobody,
    )  # fmt: skip


def settings(**changes):
    own = dict(
        motion=MotionConfig(models=(CvConfig(manoeuvre_mps2=0.4, climb_manoeuvre_mps2=0.2),)), lifetime_s=600.0,
        speed_sd_mps=30.0, climb_sd_mps=5.0, altitude_m=1000.0, altitude_sd_m=400.0, gate_probability=0.9999,
        hypotheses=1, join_distance=0.0, story_min=1e-6, sharpness=1.0, exact_max=10**7, births_per_scan=0.5,
        unseen_at_start=3.0, pd=0.85, clutter="constant", first_plot_max=0.6, drop_existence=5e-3, show_existence=1e-4,
    )  # fmt: skip
    return PmbTrackerConfig(**(own | changes))


def cartesian(config, *, density=2e-12, pd=None):
    """A tracker in frames of PERIOD_S about the time of its plots, x, y and z measured."""
    station = Station(
        origin_m=np.zeros(3),
        axes=np.eye(3),
        period_s=PERIOD_S,
        offset_s=-0.5 * PERIOD_S,
        cartesian=True,
        area_m2=AREA_M2,
    )
    pd = config.pd if pd is None else pd
    return PmbTracker.over(config, [station], clutter=[Even(density)], detection=[pd])


STRAIGHT_OR_NOT = MotionConfig(
    models=(CvConfig(manoeuvre_mps2=0.2, sojourn_s=40.0), CvConfig(manoeuvre_mps2=3.0, sojourn_s=15.0))
)


STRAIGHT_OR_RIGHT = MotionConfig(models=(CvConfig(sojourn_s=30.0), CtConfig(turn_rate_degps=3.0)))


@pytest.mark.parametrize(
    ("hypotheses", "motion"),
    [(1, None), (3, None), (4, STRAIGHT_OR_NOT), (4, STRAIGHT_OR_RIGHT)],
)
@pytest.mark.parametrize("seed", [1, 2])
def test_the_filter_is_its_plain_twin(hypotheses, motion, seed):
    """Three targets that pass each other, two of them close, under false plots; twelve frames."""
    config = settings(hypotheses=hypotheses, **({} if motion is None else {"motion": motion}))
    table, _ = model_table(config.motion)
    first = table[0].copy()
    first[0] = 0.0
    turn = float(np.abs(table[:, 3]).max())
    first[Q_H], first[Q_V] = max(table[:, Q_H].max(), 2.0 * (30.0 * turn) ** 2), table[:, Q_V].max()
    density = 5e-11
    twin = Pmb(
        models=np.vstack([table, first]), sojourn_s=sojourns_s(config.motion), shares=initial_shares(config.motion),
        lifetime_s=600.0, pd=0.85, clutter=density, area_m2=AREA_M2, unseen=3.0, births_per_scan=0.5, altitude_m=1000.0,
        altitude_sd_m=400.0, speed_sd_mps=30.0, climb_sd_mps=5.0, gate=float(gate_limits(0.9999)[3]),
        hypotheses=hypotheses, story_min=1e-6, first_plot_max=0.6, drop_existence=5e-3,
    )  # fmt: skip
    tracker, rng, sd = cartesian(config, density=density), np.random.default_rng(seed), np.array([30.0, 30.0, 40.0])
    start = np.array([[-300.0, 0.0, 1000.0], [-300.0, 90.0, 1050.0], [300.0, 300.0, 900.0]])
    velocity = np.array([[20.0, 3.0, 0.0], [20.0, -1.0, 0.0], [-15.0, -12.0, 1.0]])
    most = 0
    for frame in range(1, 10):
        t_s = frame * PERIOD_S
        z = start + velocity * t_s + rng.normal(size=(3, 3)) * sd
        z = z[rng.random(3) < 0.85]
        z = np.concatenate([z, rng.uniform([-400, -400, 700], [400, 400, 1300], (rng.integers(0, 2), 3))])
        z = z[np.argsort(z[:, 0])]
        twin.step(t_s, z, np.diag(sd**2))
        tracks, _ = tracker.step(table_of(t_s, z, sd), IDLE, until_s=t_s + 0.5 * PERIOD_S)
        if not len(twin.tracks):
            assert not len(tracks)
            continue
        r, x, p = twin.told()
        rows = tracker._engine.rows
        got_t, got_x, got_p = tracker._engine.estimate(rows)
        np.testing.assert_allclose(tracker._engine.r[rows], r, rtol=1e-8)
        assert (got_t == t_s).all()
        scale = np.sqrt(p[:, range(6), range(6)])
        np.testing.assert_allclose((got_x - x) / scale, 0.0, atol=1e-8)
        # parts of a mixture under 1e-9 are left out of the estimate; some lie ten deviations off
        np.testing.assert_allclose((got_p - p) / (scale[:, :, None] * scale[:, None, :]), 0.0, atol=1e-7)
        most = max(most, len(r))
        if len(r) > 10:
            break  # associations are written out
    assert most >= 3
    assert frame >= 5


def simulate(rng, *, frames=60, density=2e-11, pd=0.85, births=0.5, survive_s=600.0):
    """Targets born, gone and moved by the laws that the filter takes; truth and plots of each frame."""
    q = 2.0 * 0.4**2 * 10.0
    q_v = 2.0 * 0.2**2 * 10.0
    step = np.array([[PERIOD_S**3 / 3.0, PERIOD_S**2 / 2.0], [PERIOD_S**2 / 2.0, PERIOD_S]])
    root, side, sd = np.linalg.cholesky(step), math.sqrt(AREA_M2), np.array([30.0, 30.0, 40.0])
    number, x, frames_out, upcoming = np.empty(0, int), np.empty((0, 6)), [], 0
    for frame in range(1, frames + 1):
        keep = rng.random(len(x)) < math.exp(-PERIOD_S / survive_s)
        x, number = x[keep], number[keep]
        noise = rng.normal(size=(len(x), 3, 2)) @ root.T * np.sqrt([q, q, q_v])[:, None]
        x = np.hstack([x[:, :3] + PERIOD_S * x[:, 3:] + noise[:, :, 0], x[:, 3:] + noise[:, :, 1]])
        n = rng.poisson(3.0 if frame == 1 else births)
        new = np.column_stack(
            [rng.uniform(-side / 2.0, side / 2.0, (n, 2)), 1000.0 + 400.0 * rng.normal(size=n),
             rng.normal(size=(n, 3)) * [30.0, 30.0, 20.0]]
        )  # fmt: skip
        x, number = np.vstack([x, new]), np.r_[number, np.arange(upcoming, upcoming + n)]
        upcoming += n
        z = x[rng.random(len(x)) < pd, :3]
        z = z + rng.normal(size=z.shape) * sd
        low, high = np.array([-side / 2.0, -side / 2.0, 0.0]), np.array([side / 2.0, side / 2.0, 2000.0])
        false = rng.uniform(low, high, (rng.poisson(density * np.prod(high - low)), 3))
        frames_out.append((frame * PERIOD_S, number.copy(), x.copy(), np.concatenate([z, false])))
    return frames_out, sd


@pytest.fixture(scope="module")
def matched():
    """Twelve runs of targets and plots that keep to the filter's laws; one row an estimate.

    Columns: run, number, existence, truth (-1 none near), NEES of it; and the pairs with plots.
    """
    rows, squares, density = [], [], 2e-11
    config = settings(
        hypotheses=4, story_min=1e-4, drop_existence=1e-4, births_per_scan=0.5, unseen_at_start=3.0,
        first_plot_max=1.0, confirm_existence=0.5, lose_existence=0.4, climb_sd_mps=20.0,
    )  # fmt: skip
    for seed in range(12):
        frames, sd = simulate(np.random.default_rng(seed), density=density)
        tracker = cartesian(config, density=density)
        for t_s, number, x, z in frames:
            tracker.step(table_of(t_s, z, sd), IDLE, until_s=t_s + 0.5 * PERIOD_S)
            pairs = tracker.associations
            squares.append(squared_errors(pairs.innovation[:, :3], pairs.innovation_cov[:, :3, :3]))
            seen = tracker._engine.rows
            _, at, p = tracker._engine.estimate(seen)
            r, seed_of = tracker._engine.r[seen], tracker._engine.marks[seen, 5]
            if not len(seen):
                continue
            off = at[:, None] - x
            d2 = np.einsum(
                "abi,abi->ab", off[:, :, :3], np.linalg.solve(p[:, None, :3, :3], off[:, :, :3, None])[..., 0]
            )
            # a target explains one track, and of several near it the likeliest
            pair, target = linear_sum_assignment(-r[:, None] * (d2 < 25.0))
            full = squared_errors(off[pair, target], p[pair])
            for a, b, d in zip(pair, target, full, strict=True):
                near = d2[a, b] < 25.0
                rows.append((seed, seed_of[a], r[a], number[b] if near else -1, d if near else np.nan, t_s))
            rest = np.setdiff1d(np.arange(len(seen)), pair)
            rows += [(seed, seed_of[a], r[a], -1, np.nan, t_s) for a in rest]
    return np.array(rows), np.concatenate(squares)


def test_of_tracks_with_some_probability_as_many_exist(matched):
    """Bins of existence by run: the share that is real less the mean probability, within its spread between runs."""
    rows, _ = matched
    rows = rows[rows[:, 5] > 25.0]
    for low, high in ((0.0, 0.05), (0.05, 0.3), (0.3, 0.7), (0.7, 0.95), (0.95, 1.0)):
        mine = rows[(rows[:, 2] >= low) & (rows[:, 2] <= high)]
        off = (mine[:, 3] >= 0.0) - mine[:, 2]
        # estimates of one track hang together: runs are what is independent (ratio estimator)
        sums = np.array([off[mine[:, 0] == run].sum() for run in range(12)])
        spread = math.sqrt(12.0 / 11.0 * ((sums - sums.mean()) ** 2).sum()) / len(mine)
        assert len(mine) > 60
        assert abs(off.mean()) < 3.5 * spread + 0.02, (low, high, off.mean(), spread, len(mine))


def test_errors_are_as_large_as_the_covariances_say(matched):
    rows, _ = matched
    sure = rows[(rows[:, 2] > 0.99) & (rows[:, 3] >= 0.0)]
    out = nees(sure[:, 4], sure[:, 0], dof=6, share=0.999)
    assert out.n > 2000
    assert out.consistent, out


def test_innovations_are_as_large_as_their_covariances_say(matched):
    _, d2 = matched
    assert len(d2) > 2000
    low, high = chi_square_band(3, n=len(d2), share=0.9999)
    # pairs are those believed with over one half: own plots far out are missing, so a little below
    assert low - 0.1 < d2.mean() < high


def test_one_target_alone_is_a_kalman_filter_with_honest_errors():
    """Forty runs of one target, no false plots: NEES and NIS of each inside the band for so many independent runs."""
    config = settings(climb_sd_mps=20.0, drop_existence=1e-6, pd=0.98, unseen_at_start=1.0)
    ends = []
    for seed in range(40):
        frames, sd = simulate(np.random.default_rng(100 + seed), frames=15, births=0.0, survive_s=1e9, density=0.0)
        tracker = cartesian(config, density=1e-16)
        for t_s, _, _, z in frames:
            tracks, _ = tracker.step(table_of(t_s, z, sd), IDLE, until_s=t_s + 0.5 * PERIOD_S)
        x, sure = frames[-1][2], tracks.take(tracks.existence > 0.9)
        for at, v, p in zip(sure.position_ecef_m, sure.velocity_ecef_mps, sure.cov, strict=True):
            off = np.r_[at, v] - x
            d2 = np.einsum("ni,ni->n", off, np.linalg.solve(p, off.T).T)
            ends.append(d2.min())
    low, high = chi_square_band(6, n=len(ends), share=0.999)
    assert len(ends) > 80
    assert low < np.mean(ends) < high


def test_a_lone_model_of_a_turn_is_flown():
    """A turn of 6 degrees a second at 150 m/s; 5 s ahead a straight line would be off by v w t^2 / 2 = 196 m."""
    rate, speed, sd = math.radians(6.0), 150.0, np.array([30.0, 30.0, 40.0])
    model = CtConfig(turn_rate_degps=6.0, manoeuvre_mps2=0.1, climb_manoeuvre_mps2=0.1)
    tracker = cartesian(settings(motion=MotionConfig(models=(model,)), speed_sd_mps=200.0), density=1e-14)
    rng = np.random.default_rng(1)

    def at(t_s):
        return speed / rate * np.array([math.sin(rate * t_s), math.cos(rate * t_s), 0.0]) + [0.0, 0.0, 1000.0]

    for frame in range(1, 30):
        t_s = frame * PERIOD_S
        z = at(t_s)[None] + rng.normal(size=(1, 3)) * sd
        tracker.step(table_of(t_s, z, sd), IDLE, until_s=t_s + 0.5 * PERIOD_S)
    ahead = tracker.picture(t_s + 5.0)
    ahead = ahead.take(ahead.existence > 0.5)
    assert len(ahead) == 1
    off = ahead.position_ecef_m[0] - at(t_s + 5.0)
    assert off @ np.linalg.solve(ahead.cov[0, :3, :3], off) < gate_limits(0.999)[3]
    assert math.sqrt(ahead.cov[0, 0, 0]) < 40.0
