"""One run of a study: one option, one replicate; a campaign of sorties, then the test of what was learned."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from watchfloor.assess.defence import defence
from watchfloor.assess.exposure import Encounter, encounter
from watchfloor.base.picture import Knowledge
from watchfloor.base.streams import Streams
from watchfloor.learn.field import Priors, revised
from watchfloor.learn.share import Evidence, Parcel, due, pass_on, receive
from watchfloor.record import Buffer
from watchfloor.run.loop import play
from watchfloor.run.mission import Drawn, Mission, antennas_of, build, draw, places_of
from watchfloor.run.recorder import History, Recorder, named_ledger
from watchfloor.scenario.model import CampaignConfig, Scenario, StudyConfig
from watchfloor.sensor.card import gas_for
from watchfloor.study.beliefs import beliefs, nats_gained
from watchfloor.study.tables import Exposure, Timeline, Trials

OWNER, DEFENDER = 0, 1
"""Whose knowledge a trial is fought with."""
IDENTIFIED = 0.8
"""Probability of the true type from which a track counts as identified (question 2 of the working group)."""


def play_one(
    scenario: Scenario, *, option: str, replicate: int, curve: bool, buffer: Buffer, folder: Path | None = None
) -> None:
    """Play one run of a study into ``buffer``.

    Parameters
    ----------
    scenario : Scenario
        The study's scenario with the option's changes made.
    option : str
        Name of the option, a key of every table.
    replicate : int
        Which replicate; options that share it share world, flights and dice.
    curve : bool
        Whether the owner's knowledge is also tried at every checkpoint.
    buffer : Buffer
        Where rows go.
    folder : Path, optional
        Folder of the scenario's file, which a folder of terrain is relative to.
    """
    run = _Run(scenario, option, replicate, buffer, folder)
    run.campaign(curve=curve)
    run.test()


class _Run:
    """One run while it is played: the world drawn for it, and what has been learned and sent so far."""

    def __init__(self, scenario: Scenario, option: str, replicate: int, buffer: Buffer, folder: Path | None) -> None:
        assert scenario.study is not None and scenario.campaign is not None
        self.scenario, self.option, self.replicate, self.buffer = scenario, option, replicate, buffer
        self.study: StudyConfig = scenario.study
        self.phase: CampaignConfig = scenario.campaign
        self.streams = Streams(scenario.seed, f"replicate-{replicate}")
        self.drawn: Drawn = draw(scenario, self.streams, folder=folder)
        learner = self._mission(None).learner
        self.prior: Knowledge = learner.knowledge
        self.priors: Priors = learner.priors
        self.knowledge = self.prior
        self.parcels: list[Parcel] = []
        self.hours, self.n_sorties = 0.0, 0

    # ---- peacetime

    def campaign(self, *, curve: bool) -> None:
        """Play the sorties; write ledger and checkpoints; send evidence along the links."""
        checkpoints = list(self.study.checkpoints_h)
        if curve:
            self._try(self.prior, OWNER)
        self._checkpoint()
        links = [
            link
            for link in self.scenario.sharing
            if link.enabled and (link.sender, link.receiver) == (self.scenario.owner, self.study.defender)
        ]
        for sortie in range(self._n_planned):
            month = (sortie + 1) / self.phase.sorties_per_month
            if sortie // self.phase.sorties_per_month < self.phase.delay_months:
                continue  # flown before the site is active
            evidence = self._fly(sortie)
            for link in links:
                rng = self.streams.rng("share", link.name, str(sortie))  # by sortie: a delayed site keeps the pairing
                sent = pass_on(evidence, month=month, delay_months=link.delay_months, loss=link.loss, rng=rng)
                self.parcels += [sent] if sent else []
            while checkpoints and self.hours >= checkpoints[0] - 1e-9:
                checkpoints.pop(0)
                self._checkpoint()
                if curve:
                    self._try(self.knowledge, OWNER)

    @property
    def _n_planned(self) -> int:
        return self.phase.months * self.phase.sorties_per_month

    def _fly(self, sortie: int) -> Evidence:
        streams = self.streams.child(f"sortie-{sortie}")
        mission = build(self.scenario, self.phase, drawn=self.drawn, streams=streams, knowledge=self.knowledge)
        log = Recorder(quiet=True)
        play(mission, log)
        assert log.present_s is not None
        flown_h = float(log.present_s[mission.world.names.index(self.study.subject)]) / 3600.0
        self.hours += flown_h
        self.n_sorties += 1
        evidence = mission.learner.evidence()
        taught = named_ledger(mission.learner.close_flight(), self.scenario, self.drawn.radars)
        self._write("ledger", taught, sortie=sortie, hours=self.hours)
        self.knowledge = mission.learner.knowledge
        return evidence

    def _checkpoint(self) -> None:
        sensors, antennas = self.scenario.sensors, antennas_of(self.scenario)
        radars = {i: self.drawn.radars[c.name] for i, c in enumerate(sensors) if c.name in self.drawn.radars}
        learner = self.scenario.learner
        self._write(
            "beliefs",
            beliefs(
                self.knowledge,
                type_row=self._type_row,
                signature=self.drawn.signatures[self._subject_type],
                radars=radars,
                gas={i: gas_for(radar, antennas[i].alt_m) for i, radar in radars.items()},
                rungs=learner.pfa_ladder,
                false_cost=learner.false_cost,
                min_gain=learner.min_gain,
                hours=self.hours,
            ),
        )

    # ---- the test

    def test(self) -> None:
        """Fight the mission with the defender's knowledge, and sum up the campaign."""
        arrived, _ = due(self.parcels, self.phase.months)
        if self.study.defender == self.scenario.owner:
            knowledge, n_received = self.knowledge, self.n_sorties
        else:
            knowledge, n_received = receive(self.prior, arrived, revise=partial(revised, self.priors)), len(arrived)
        self._try(knowledge, DEFENDER)
        self._write(
            "exposure",
            Exposure(
                hours=np.array([self.hours]),
                n_sorties=np.array([self.n_sorties]),
                nats=np.array([nats_gained(self.knowledge, self.prior, self._type_row)]),
                n_received=np.array([n_received]),
                nats_received=np.array([nats_gained(knowledge, self.prior, self._type_row)]),
            ),
        )

    def _try(self, knowledge: Knowledge | None, who: int) -> None:
        mission, log = self._mission(knowledge), Recorder()
        play(mission, log)
        history = log.history()
        seen = self._encounter(mission, history)
        self._write("trials", self._trial(mission, history, seen, who))
        n = len(seen.tick_s)
        self._write(
            "timeline",
            Timeline(
                hours=np.full(n, self.hours),
                who=np.full(n, who),
                tick_s=seen.tick_s,
                range_m=seen.range_m,
                track=seen.track,
                p_type=seen.p_type,
                fire_control=seen.fire_control.astype(np.int64),
            ),
        )

    def _encounter(self, mission: Mission, history: History) -> Encounter:
        command = self.scenario.command
        names = [s.name for s in self.scenario.sensors]
        return encounter(
            history.flown,
            history.tracks,
            history.track_tick_s,
            history.identities,
            history.identity_tick_s,
            mover=mission.world.names.index(self.study.subject),
            type_row=self._type_row,
            place_m=places_of(self.scenario)[command.defended].ecef_m,
            fire_control=[names.index(name) for name in command.fire_control],
            position_sd_max_m=command.position_sd_max_m,
            update_age_max_s=command.update_age_max_s,
        )

    def _trial(self, mission: Mission, history: History, seen: Encounter, who: int) -> Trials:
        raid = np.flatnonzero(np.isin(mission.world.types, self.scenario.hostile))
        result = defence(history.effects, group=raid)
        return Trials(
            who=np.array([who]),
            hours=np.array([self.hours]),
            tracked_m=np.array([seen.first_range_m(seen.track >= 0)]),
            held_share=np.array([seen.share_since_track(seen.track >= 0)]),
            identified_m=np.array([seen.first_range_m(seen.p_type >= IDENTIFIED)]),
            identified_share=np.array([seen.share_since_track(seen.p_type >= IDENTIFIED)]),
            fire_control_m=np.array([seen.first_range_m(seen.fire_control)]),
            first_shot_m=np.array([np.nan_to_num(result.first_shot_range_m)]),
            n_shots=np.array([result.n_shots]),
            n_arrived=np.array([result.n_arrived]),
            p_survive=np.array([result.p_survive]),
            n_killed=np.array([result.n_killed]),
            n_others_killed=np.array([result.n_others_killed]),
        )

    # ---- small things

    def _mission(self, knowledge: Knowledge | None) -> Mission:
        """Build the test mission; every trial of a replicate meets the same dice."""
        streams = self.streams.child("test")
        return build(self.scenario, self.scenario.mission, drawn=self.drawn, streams=streams, knowledge=knowledge)

    @property
    def _subject_type(self) -> str:
        return next(m.type for m in self.phase.movers if m.name == self.study.subject)

    @property
    def _type_row(self) -> int:
        return self.scenario.types.index(self._subject_type)

    def _write(self, table: str, rows, **keys: int | float | str) -> None:
        self.buffer.add(table, rows, option=self.option, replicate=self.replicate, **keys)
