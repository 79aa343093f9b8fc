"""One run of a study: one option, one replicate; a campaign of sorties, then the test of what was learned."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from watchfloor.assess.defence import defence
from watchfloor.assess.exposure import Encounter, encounter, n_false_tracks
from watchfloor.base.picture import Knowledge
from watchfloor.base.streams import Streams
from watchfloor.learn.field import Priors
from watchfloor.learn.habits import Habits
from watchfloor.learn.memory import Memory
from watchfloor.learn.share import Listening
from watchfloor.physics.radar import Radar
from watchfloor.record import Buffer
from watchfloor.run.direct import Sorties
from watchfloor.run.loop import play
from watchfloor.run.mission import Drawn, Mission, antennas_of, build, draw, dressed, places_of
from watchfloor.run.recorder import History, Recorder, named_ledger
from watchfloor.scenario.model import CampaignConfig, Scenario, StudyConfig
from watchfloor.scenario.priors import cards_of
from watchfloor.sensor.card import gas_for
from watchfloor.study.beliefs import beliefs, changes_of, joint_nats, oracle, without
from watchfloor.study.sharing import network_of
from watchfloor.study.stale import staleness
from watchfloor.study.tables import Exposure, Timeline, Trials
from watchfloor.study.verdicts import verdicts
from watchfloor.world.signature_change import signatures_at

OWNER, DEFENDER, ORACLE = 0, 1, 2
"""Whose knowledge a trial is fought with: the owner's, the defender's, or that of one who knows every signature."""
EVERY = -1
"""In place of a radar's row: no radar is singled out."""
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
        self.habits: Habits | None = None
        self._sorties: Sorties | None = None
        learner = self._mission(None).learner
        self.prior: Knowledge = learner.knowledge
        self.priors: Priors = learner.priors
        self.memory = Memory(self.priors, scenario.learner.memory)
        self.month = 0.0
        self.hours, self.n_sorties = 0.0, 0
        self.network = network_of(
            scenario, drawn=self.drawn, prior=self.prior, priors=self.priors, streams=self.streams
        )

    @property
    def knowledge(self) -> Knowledge:
        """What the owner believes now."""
        return self.memory.knowledge(self.month)

    # ---- peacetime

    def campaign(self, *, curve: bool) -> None:
        """Play the sorties; write ledger, checkpoints and what is believed in the end; send what they said."""
        checkpoints = list(self.study.checkpoints_h)
        whole = curve and self.option == self.study.baseline
        if curve:
            self._try(self.prior, OWNER)
        if whole:
            self._alone(self.prior, OWNER)
        self._checkpoint(self.prior, OWNER)
        read_h = 0.0
        for sortie in range(self._n_planned):
            if sortie // self.phase.sorties_per_month < self.phase.delay_months:
                continue  # flown before the site is active
            self.month = (sortie + 1) / self.phase.sorties_per_month
            self._fly(sortie)
            passed = [h for h in checkpoints if self.hours >= h - 1e-9]
            checkpoints = checkpoints[len(passed) :]
            if passed:
                self._read(curve=curve)
                read_h = self.hours
        self.month = float(self.phase.months)
        if self.hours > read_h:
            self._read(curve=curve)
        if whole:
            told = oracle(self.priors, self._at(self.month).signatures, self._radars, self._errors_db)
            self._checkpoint(told, ORACLE)
            self._write(
                "staleness", staleness(self.knowledge, self.prior, type_row=self._type_row, radars=self._radars)
            )
            for knowledge, who in ((self.knowledge, OWNER), (told, ORACLE)):
                self._alone(knowledge, who)
            self._try(told, ORACLE)
            for row in self._radars:
                self._try(without(self.priors, self.knowledge, row), OWNER, left_out=row)

    def _read(self, *, curve: bool) -> None:
        """Write what is believed now, and try it."""
        self._checkpoint(self.knowledge, OWNER)
        if curve:
            self._try(self.knowledge, OWNER)

    @property
    def _n_planned(self) -> int:
        return self.phase.months * self.phase.sorties_per_month

    def _fly(self, sortie: int) -> None:
        streams = self.streams.child(f"sortie-{sortie}")
        now = self._at(sortie / self.phase.sorties_per_month)
        learner, said, present_s = self._played(now, streams)
        self.hours += float(present_s) / 3600.0
        self.n_sorties += 1
        evidence, ticks = learner.evidence(), getattr(said, "ticks", None)
        taught = named_ledger(said.close_flight(), self.scenario, self.drawn.radars)
        self._write("ledger", taught, sortie=sortie, hours=self.hours)
        self.habits = learner.habits
        for found in self.memory.take_in(self.month, evidence):
            self._write("changes", changes_of(found), sortie=sortie)
        believed = self.knowledge if self.network.wants_knowledge else self.prior
        self.network.fly(
            self.scenario.owner, sortie, month=self.month, evidence=evidence, knowledge=believed, ticks=ticks
        )

    def _played(self, now: Drawn, streams: Streams) -> tuple[Any, Any, float]:
        """Play a sortie: the learner, the same as links listen to it, and how long the subject was there. [s]"""
        if self.phase.fidelity == "looks":
            if self._sorties is None:
                self._sorties = Sorties(self.scenario, self.drawn)
            learner = self._sorties.learner(lambda: self.knowledge, self.habits)
            said = Listening(learner) if self.network.wants_ticks else learner
            self._sorties.fly(said, drawn=now, streams=streams)
            return learner, said, self._sorties.present_s[self._sorties.names.index(self.study.subject)]
        mission = build(
            self.scenario, self.phase, drawn=now, streams=streams, knowledge=self.knowledge, habits=self.habits
        )
        learner = mission.learner
        if self.network.wants_ticks:
            mission = replace(mission, learner=Listening(learner))
        log = Recorder(quiet=True)
        play(mission, log)
        assert log.present_s is not None
        return learner, mission.learner, log.present_s[mission.world.names.index(self.study.subject)]

    def _at(self, month: float) -> Drawn:
        """Return what is true at a month of the campaign."""
        changes = self.phase.signature_changes
        if not changes:
            return self.drawn
        cards = cards_of(self.scenario).types
        signatures = signatures_at(self.drawn.signatures, cards, changes, month=month, streams=self.streams)
        return dressed(replace(self.drawn, signatures=signatures), self.scenario)

    def _checkpoint(self, knowledge: Knowledge, who: int) -> None:
        antennas, learner = antennas_of(self.scenario), self.scenario.learner
        self._write(
            "beliefs",
            beliefs(
                knowledge,
                type_row=self._type_row,
                signature=self._at(self.month).signatures[self._subject_type],
                radars=self._radars,
                gas={i: gas_for(radar, antennas[i].alt_m) for i, radar in self._radars.items()},
                rungs=learner.pfa_ladder,
                false_cost=learner.false_cost,
                min_gain=learner.min_gain,
                hours=self.hours,
                who=who,
                calibration_db=self._errors_db,
            ),
        )

    # ---- the test

    def test(self) -> None:
        """Fight the mission with the defender's knowledge, and sum up the campaign."""
        self.month = float(self.phase.months)
        self.network.until(self.month)
        if self.study.defender == self.scenario.owner:
            knowledge, n_received = self.knowledge, self.n_sorties
        else:
            knowledge = self.network.knowledge(self.study.defender)
            n_received = self.network.n_flights(self.study.defender)
        self._try(knowledge, DEFENDER)
        self._write("transfers", self.network.transfers())
        self._write(
            "exposure",
            Exposure(
                hours=np.array([self.hours]),
                n_sorties=np.array([self.n_sorties]),
                nats=np.array([joint_nats(self.priors, self.knowledge, self._type_row)]),
                n_received=np.array([n_received]),
                nats_received=np.array([joint_nats(self.priors, knowledge, self._type_row)]),
            ),
        )

    def _alone(self, knowledge: Knowledge, who: int) -> None:
        """Try each radar with all others switched off."""
        for row in self._radars:
            self._try(knowledge, who, only=row)

    def _try(self, knowledge: Knowledge, who: int, *, only: int = EVERY, left_out: int = EVERY) -> None:
        # what the owner's radars have shown of how types fly reaches nobody else: no link passes it
        own = who != DEFENDER or self.study.defender == self.scenario.owner
        mission, log = self._mission(knowledge, habits=self.habits if own else None, only=only), Recorder()
        play(mission, log)
        history = log.history()
        seen = self._encounter(mission, history)
        trial = self._trial(mission, history, seen, who, log.energy_j)
        self._write("trials", replace(trial, only_radar=np.array([only]), left_out=np.array([left_out])))
        if only != EVERY or left_out != EVERY:
            return
        rows = {name: row for row, name in enumerate(self.scenario.types)}
        n_types = len(self.scenario.types)
        types = np.array([rows.get(name, n_types) for name in mission.world.types])
        self._write("verdicts", verdicts(history, types=types, n_types=n_types, hours=self.hours, who=who))
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

    def _trial(self, mission: Mission, history: History, seen: Encounter, who: int, energy_j: float) -> Trials:
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
            p_type=np.array([seen.p_type[seen.track >= 0].mean() if np.any(seen.track >= 0) else 0.0]),
            energy_j=np.array([energy_j]),
            n_false_tracks=np.array([n_false_tracks(history.flown, history.tracks, history.track_tick_s)]),
        )

    # ---- small things

    def _mission(self, knowledge: Knowledge | None, *, habits: Habits | None = None, only: int = EVERY) -> Mission:
        """Build the test mission; every trial of a replicate meets the same dice."""
        streams, phase = self.streams.child("test"), self.scenario.mission
        if only != EVERY:
            on = tuple(c.name for i, c in enumerate(self.scenario.sensors) if i == only or i not in self._radars)
            phase = phase.model_copy(update={"sensors": on})
        drawn = self._at(float(self.phase.months))
        return build(self.scenario, phase, drawn=drawn, streams=streams, knowledge=knowledge, habits=habits)

    @property
    def _radars(self) -> dict[int, Radar]:
        """Primary radars by row of the sensor list."""
        named = enumerate(c.name for c in self.scenario.sensors)
        return {row: self.drawn.radars[name] for row, name in named if name in self.drawn.radars}

    @property
    def _errors_db(self) -> dict[int, float]:
        """Errors of the radars' calibration by row of the sensor list. [dB]"""  # noqa: D400, D415
        return {row: self.drawn.calibration_db[self.scenario.sensors[row].name] for row in self._radars}

    @property
    def _subject_type(self) -> str:
        return next(m.type for m in self.phase.movers if m.name == self.study.subject)

    @property
    def _type_row(self) -> int:
        return self.scenario.types.index(self._subject_type)

    def _write(self, table: str, rows, **keys: int | float | str) -> None:
        self.buffer.add(table, rows, option=self.option, replicate=self.replicate, **keys)
