"""The story of a mission, on one page."""

from __future__ import annotations

from watchfloor.base.picture import Tasks
from watchfloor.base.truth import Effects
from watchfloor.run.mission import Mission
from watchfloor.run.recorder import Recorder


def play(m: Mission, log: Recorder) -> None:
    """Play one mission to its end; everything that happened goes to ``log``.

    Three feedbacks, each one tick late, so that no tick holds a circle: effects to the world, tasks (predicted gates
    and expected Pd) to sensors and tracker, readiness of the batteries to the commander.
    """
    effects, tasks, readiness = Effects.empty(), Tasks.empty(), m.engagements.readiness()
    for until_s in m.ticks():
        truth = m.world.step(effects, until_s=until_s)
        plots, origins = m.sensors.observe(truth, tasks, until_s=until_s)
        tracks, looks = m.tracker.step(plots, m.sensors.done(tasks), until_s=until_s)
        identities, known = m.learner.step(tracks, looks)
        tasks = m.learner.task(tracks, identities, until_s=until_s)
        orders = m.commander.step(tracks, identities, readiness, until_s=until_s)
        effects = m.engagements.step(orders, tracks, truth, until_s=until_s)
        readiness = m.engagements.readiness()
        log.spend(m.sensors.load())
        log.write(until_s, truth, plots, origins, tracks, identities, known, orders, effects)
