import numpy as np
import pytest

from watchfloor.base.picture import Tasks
from watchfloor.base.streams import Streams
from watchfloor.base.truth import Effects
from watchfloor.run.mission import draw, sensors_of, world_of
from watchfloor.scenario.load import load
from watchfloor.sensor.direct import DirectLooks, passes_of
from watchfloor.sensor.rotating import RotatingRadar

SCENARIO = load("working-group").scenario
STREAMS = Streams(SCENARIO.seed, "direct")
DRAWN = draw(SCENARIO, STREAMS)


def flown():
    """Motion of the campaign's sortie, tick by tick, and its radars as made anew."""
    phase = SCENARIO.campaign
    world = world_of(SCENARIO, phase, drawn=DRAWN)
    truths = [world.step(Effects.empty(), until_s=60.0 * (i + 1)) for i in range(5)]
    made = sensors_of(SCENARIO, phase, drawn=DRAWN, streams=STREAMS.child("one"), world=world)
    return truths, {row: one for row, one in made.items() if isinstance(one, RotatingRadar)}


def gates(truth, sensor, pfa, *, radius_m=4000.0):
    """A lowered threshold about every mover, for straight flight from where it is at the tick's end."""
    n = len(truth)
    return Tasks(
        track=np.arange(n),
        sensor=np.full(n, sensor),
        t_s=truth.t_s[:, -1],
        position_ecef_m=truth.position_ecef_m[:, -1],
        velocity_ecef_mps=truth.velocity_ecef_mps[:, -1],
        radius_m=np.full(n, radius_m),
        pfa=np.full(n, pfa),
        pd=np.full(n, 0.5),
    )


@pytest.mark.parametrize("lowered", [False, True])
def test_looks_are_the_plots_that_the_radar_declares_with_the_same_dice(lowered):
    truths, played = flown()
    _, direct = flown()
    for row, sensor in played.items():
        passes = passes_of(direct[row], truths)
        looks = DirectLooks(direct[row], passes)
        tasks, n_plots, n_same = Tasks.empty(), 0, 0
        for tick, truth in enumerate(truths):
            plots, origins = sensor.observe(truth, tasks, until_s=60.0 * (tick + 1))
            found = looks.draw(tick, tasks, truth)
            at = slice(passes.first[tick], passes.first[tick + 1])
            t, mover = passes.t_s[at], passes.mover[at]
            tasks = gates(truth, row, 1e-4) if lowered else tasks
            alone = np.flatnonzero((origins.mover >= 0) & (origins.n_merged == 1))
            n_plots += len(alone)
            for i in alone.tolist():
                same = np.flatnonzero((mover == origins.mover[i]) & (t == plots.t_s[i]))
                assert len(same) <= 1
                n_same += len(same)
                if len(same):
                    assert found.hit[same[0]]
                    assert found.snr_db[same[0]] == pytest.approx(plots.snr_db[i], abs=1e-9)
                    assert found.pfa[same[0]] == plots.pfa[i]
            assert np.isnan(found.snr_db[~found.hit]).all()
            assert found.hit.sum() <= len(alone) + (origins.n_merged > 1).sum() * 2 + 1
        assert n_plots > 50
        assert n_same >= 0.98 * n_plots  # the rest are echoes that met noise, whose time is the mean of both


def test_every_pass_is_one_of_a_mover_that_is_there_and_belongs_to_one_tick():
    truths, made = flown()
    for sensor in made.values():
        passes = passes_of(sensor, truths)
        assert passes.first[0] == 0
        assert passes.first[-1] == len(passes.t_s)
        for tick, truth in enumerate(truths):
            at = slice(passes.first[tick], passes.first[tick + 1])
            assert ((passes.t_s[at] > truth.t_s[0, 0]) & (passes.t_s[at] <= truth.t_s[0, -1])).all()
        for mover in range(5):
            gap = np.diff(passes.t_s[passes.mover == mover])
            np.testing.assert_allclose(gap, sensor.period_s, rtol=0.1)


def test_knots_half_a_turn_apart_are_refused():
    truths, made = flown()
    coarse = [type(t)(**{name: column if column.ndim == 1 else column[:, ::4] for name, column in t.items()})
              for t in truths]  # fmt: skip
    with pytest.raises(ValueError, match="knots less than half"):
        passes_of(min(made.values(), key=lambda one: one.period_s), coarse)
