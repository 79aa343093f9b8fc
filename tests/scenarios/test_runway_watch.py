"""Labels by flight plan and by eye, from the sensor through the tracker."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from watchfloor.base.picture import LabelSource, Status
from watchfloor.base.streams import Streams
from watchfloor.run.loop import play
from watchfloor.run.mission import build, draw
from watchfloor.run.recorder import Recorder
from watchfloor.scenario.load import load

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "runway-watch.yaml"
AIRLINER, FIGHTER = 0, 1


def tracks_of(seed, sensors):
    scenario = load(EXAMPLE).scenario
    phase = scenario.mission.model_copy(update={"sensors": sensors})
    log = Recorder()
    play(build(scenario, phase, drawn=draw(scenario, None), streams=Streams(seed)), log)
    tracks = log.history().tracks
    return tracks.take(tracks.status == Status.CONFIRMED)


def test_sightings_go_to_the_tracks_that_are_there_and_tell_the_pretender_from_its_flight_plan():
    by_eye, extra = 0, 0
    for seed in (3, 4, 5):
        with_eyes, without = tracks_of(seed, None), tracks_of(seed, ("radar", "interrogator"))
        extra += len(np.unique(with_eyes.number)) - len(np.unique(without.number))
        assert set(without.label_source.tolist()) <= {LabelSource.NONE, LabelSource.FLIGHT_PLAN}
        assert FIGHTER not in without.label  # the flight plan says airliner, of both
        seen = with_eyes.label_source == LabelSource.VISUAL
        by_eye += np.count_nonzero(with_eyes.label[seen] == FIGHTER)
    assert extra <= 0  # a guessed range starts no track of its own
    assert by_eye > 0
