import numpy as np
import pytest

from tests.plain.pmb import Pmb
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
