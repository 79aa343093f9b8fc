"""The shipped working group with lowered thresholds: plots are as wrong as they say, and the tracker takes them."""

from __future__ import annotations

import numpy as np
import pytest

from watchfloor.base.picture import Looks, Plots, Status, Tasks
from watchfloor.base.streams import Streams
from watchfloor.base.truth import Effects, PlotOrigins
from watchfloor.physics.frames import ecef_to_polar, range_rate
from watchfloor.run.mission import build, draw
from watchfloor.scenario.load import load
from watchfloor.sensor.motion import Motion

FIVE_SIGMA = 5.0
HELD_M = 8e3
"""A track within so much of a mover holds it. [m]"""


@pytest.fixture(scope="module")
def played():
    """Errors of plots of one mover over their covariance, with what the tracker made of the same mission."""
    scenario = load("working-group").scenario
    streams = Streams(scenario.seed, "honest-plots")
    drawn = draw(scenario, streams)
    m = build(scenario, scenario.mission, drawn=drawn, streams=streams.child("test"))
    effects, tasks, readiness = Effects.empty(), Tasks.empty(), m.engagements.readiness()
    d2, of, looks, plots_all, origins_all, beside = [], [], [], [], [], []
    held = np.zeros(3, int)  # movers once held: ticks, without a track, with more tracks than one
    once: set[int] = set()
    for until_s in m.ticks():
        truth = m.world.step(effects, until_s=until_s)
        plots, origins = m.sensors.observe(truth, tasks, until_s=until_s)
        motion = Motion(truth)
        for row in np.flatnonzero((origins.n_merged == 1) & np.isfinite(plots.measurement[:, 0])).tolist():
            at = motion.at(origins.mover[row : row + 1], plots.t_s[row : row + 1])
            place = drawn.environments[plots.sensor[row]].place
            true = np.array([*ecef_to_polar(at.position[0], place), range_rate(at.position[0], at.velocity[0], place)])
            gap, seen = plots.measurement[row] - true, np.isfinite(plots.measurement[row])
            gap[1] = (gap[1] + np.pi) % (2.0 * np.pi) - np.pi
            gap, cov = gap[seen], plots.cov[row][np.ix_(seen, seen)]
            d2.append((float(gap @ np.linalg.solve(cov, gap)), len(gap)))
            of.append((int(plots.sensor[row]), float(plots.pfa[row])))
        tracks, new = m.tracker.step(plots, m.sensors.done(tasks), until_s=until_s)
        looks.append(new)
        plots_all.append(plots)
        origins_all.append(origins)
        for row in np.flatnonzero(np.isnan(new.snr_db)).tolist():
            everyone = np.arange(len(truth))
            at = motion.at(everyone, np.full(len(truth), new.t_s[row]))
            apart = np.where(at.present, np.linalg.norm(at.position - new.position_ecef_m[row], axis=1), np.inf)
            nearest = int(np.argmin(apart))
            if apart[nearest] < HELD_M:
                beside.append((int(new.sensor[row]), float(new.t_s[row]), int(truth.mover[nearest])))
        sure = tracks.take(tracks.status == Status.CONFIRMED)
        there = sure.position_ecef_m + (until_s - sure.t_s)[:, None] * sure.velocity_ecef_mps
        here = np.flatnonzero(truth.present[:, -1])
        apart = np.linalg.norm(there[:, None] - truth.position_ecef_m[here, -1], axis=2)
        own = apart.argmin(axis=1) if len(here) else np.zeros(0, int)
        for i, mover in enumerate(here.tolist()):
            near = int((apart[:, i] < HELD_M).sum())
            once |= {mover} if near else set()
            if mover in once:
                held += [1, near == 0, int(((apart[:, i] < HELD_M) & (own == i)).sum()) > 1]
        identities, _ = m.learner.step(tracks, new)
        tasks = m.learner.task(tracks, identities, until_s=until_s)
        orders = m.commander.step(tracks, identities, readiness, until_s=until_s)
        effects = m.engagements.step(orders, tracks, truth, until_s=until_s)
        readiness = m.engagements.readiness()
    radars = [drawn.radars.get(sensor.name) for sensor in scenario.sensors]
    own_pfa = np.array([np.nan if radar is None else radar.pfa for radar in radars])
    return (
        np.array(d2), np.array(of), own_pfa, Looks.concat(looks), Plots.concat(plots_all),
        PlotOrigins.concat(origins_all), beside, held,
    )  # fmt: skip


@pytest.mark.parametrize("lowered", [False, True])
def test_plots_are_as_wrong_as_they_say(played, lowered):
    d2, of, own_pfa, *_ = played
    sensor, radars = of[:, 0].astype(int), np.flatnonzero(np.isfinite(own_pfa))
    for s in radars.tolist():
        some = d2[(sensor == s) & ((of[:, 1] > 1.01 * own_pfa[s]) == lowered)]
        dof = some[:, 1].sum()
        assert dof > 100
        assert abs(some[:, 0].sum() - dof) < FIVE_SIGMA * np.sqrt(2.0 * dof)


def test_a_miss_is_one_where_the_radar_declared_nothing(played):
    *_, looks, plots, origins, beside, _ = played
    assert np.isfinite(looks.snr_db).sum() > 1000
    assert len(beside) > 50
    taken = 0
    for sensor, t_s, mover in beside:
        same = (plots.sensor == sensor) & (origins.mover == mover) & (np.abs(plots.t_s - t_s) < 3.0)
        taken += bool(same.any())
    assert taken <= 0.01 * len(looks)


def test_a_mover_once_held_stays_held_by_one_track(played):
    n, without, doubled = played[-1].tolist()
    assert n > 300
    assert without <= 0.01 * n
    assert doubled <= 0.01 * n
