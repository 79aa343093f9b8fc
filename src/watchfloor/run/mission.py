"""From a scenario to objects: what is drawn once a run, and what is built once a mission."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from watchfloor.base.errors import UserError
from watchfloor.base.picture import Knowledge
from watchfloor.base.registry import kinds
from watchfloor.base.streams import Streams
from watchfloor.command.base import LauncherView
from watchfloor.engage.battery import Weapon, weapon_from
from watchfloor.engage.engagements import Engagements
from watchfloor.learn.habits import Habits
from watchfloor.physics.environment import Environment
from watchfloor.physics.frames import Place
from watchfloor.physics.radar import Radar
from watchfloor.physics.rcs import Signature, band_of
from watchfloor.run.surroundings import antennas_of, emitters_of, environments_of, places_of
from watchfloor.scenario.cards import TypeCard
from watchfloor.scenario.model import PhaseConfig, Scenario
from watchfloor.scenario.priors import cards_of, learner_cards
from watchfloor.sensor.base import SensorSuite
from watchfloor.sensor.card import radar_from
from watchfloor.track.distributed import DistributedTrackerConfig, grouped
from watchfloor.track.motion import models_for
from watchfloor.track.pmb import PmbTrackerConfig
from watchfloor.world.signature import draw_signature, with_reflectors
from watchfloor.world.world import World, build_world

__all__ = ["Drawn", "Mission", "antennas_of", "build", "draw", "dressed", "environments_of", "places_of"]

KNOT_MAX_S = 2.0
"""Longest spacing of truth knots: a cubic between knots of a 9 g turn is then exact to metres. [s]"""
_INTERVAL_S = 10.0
"""Time between plots where no radar says: a usual turn of secondary radars. [s]"""
_REPORTS = 4096
"""Reports of a link until its luck begins anew."""


@dataclass(frozen=True)
class Drawn:
    """What one replicate takes as true of the world: radars, signatures and weapons with their numbers fixed."""

    radars: Mapping[str, Radar]
    """By sensor name."""
    signatures: Mapping[str, Signature]
    """By type, clean."""
    reflecting: Mapping[str, Signature]
    """By type, reflectors worn; only types that can wear them."""
    weapons: Mapping[str, Weapon]
    """By launcher name."""
    calibration_db: Mapping[str, float]
    """By sensor name: by how much an owner takes the radar's echoes for weaker than they are. [dB]"""
    environments: tuple[Environment, ...]
    """What surrounds each sensor, in the order of the file."""
    streams: Streams | None
    """Streams of the replicate, None where medians were taken."""


def draw(scenario: Scenario, streams: Streams | None, *, folder: Path | None = None) -> Drawn:
    """Draw every uncertain parameter of the scenario's cards once; medians when ``streams`` is None.

    Streams are named by what is drawn, so options of a study that share a replicate share its world. ``folder`` is
    that of the scenario's file, which a folder of terrain is relative to.
    """

    def rng(*name: str) -> np.random.Generator | None:
        return None if streams is None else streams.rng("draw", *name)

    held = cards_of(scenario)
    radar_cards, type_cards, weapon_cards = held.radars, held.types, held.weapons
    radars = {
        config.name: radar_from(
            radar_cards[config.card],
            rng("radar", config.name),
            face_azimuth_deg=getattr(config, "face_azimuth_deg", 0.0),
        )
        for config in scenario.sensors
        if getattr(config, "card", None)
    }
    calibration_db = getattr(getattr(scenario.learner, "field", None), "calibration_db", 0.0)
    drawn = Drawn(
        radars=radars,
        signatures={name: draw_signature(type_cards[name], rng("signature", name)) for name in scenario.types},
        reflecting={},
        calibration_db={
            name: 0.0 if stream is None else calibration_db * float(stream.standard_normal())
            for name in radars
            for stream in [rng("calibration", name)]
        },
        weapons={c.name: weapon_from(weapon_cards[c.card], rng("weapon", c.name)) for c in scenario.launchers},
        environments=tuple(environments_of(scenario, radars, folder=folder)),
        streams=streams,
    )
    return dressed(drawn, scenario)


def dressed(drawn: Drawn, scenario: Scenario) -> Drawn:
    """Return the same draw with reflectors hung on its signatures, the same lenses whatever the airframes are."""
    cards, frequencies_hz = cards_of(scenario).types, {}
    for radar in drawn.radars.values():
        frequencies_hz[band_of(radar.frequency_hz)] = radar.frequency_hz
    return replace(
        drawn,
        reflecting={
            name: with_reflectors(
                signature,
                cards[name],
                None if drawn.streams is None else drawn.streams.rng("draw", "reflector", name),
                frequencies_hz,
            )
            for name, signature in drawn.signatures.items()
            if cards[name].reflector is not None
        },
    )


def _believed(radar: Radar | None, error_db: float) -> Radar | None:
    """Return a radar as its owner takes it to be, whose calibration is off by so much."""
    if radar is None or error_db == 0.0:
        return radar
    return replace(radar, losses=max(radar.losses * 10.0 ** (0.1 * error_db), radar.antenna.beam_shape_loss, 1.0))


@dataclass(frozen=True)
class Mission:
    """The objects of one mission, as the loop uses them."""

    world: World
    sensors: SensorSuite
    tracker: Any
    learner: Any
    commander: Any
    engagements: Engagements
    duration_s: float
    tick_s: float

    def ticks(self) -> Iterator[float]:
        """Yield the end of each tick; the last one is the mission's end."""
        n = int(np.ceil(self.duration_s / self.tick_s - 1e-9))
        return (min((i + 1) * self.tick_s, self.duration_s) for i in range(n))


def build(
    scenario: Scenario,
    phase: PhaseConfig,
    *,
    drawn: Drawn,
    streams: Streams,
    knowledge: Knowledge | None = None,
    habits: Habits | None = None,
    traffic_file: Path | None = None,
) -> Mission:
    """Build a mission: every object new, nothing shared with another mission but what is passed in.

    Parameters
    ----------
    scenario : Scenario
        What there is.
    phase : PhaseConfig
        What happens: ``scenario.mission`` or ``scenario.campaign``.
    drawn : Drawn
        Numbers of this replicate.
    streams : Streams
        Random streams of this mission.
    knowledge : Knowledge, optional
        What the defender has learned before; the public prior when left out.
    habits : Habits, optional
        What it has learned of how each type flies; the cards when left out.
    traffic_file : Path, optional
        Recorded flights that replace the phase's own.
    """
    held = cards_of(scenario)
    places, type_cards = places_of(scenario), held.types
    sensors, environments = scenario.sensors, drawn.environments
    radars = [drawn.radars.get(c.name) for c in sensors]
    # a beam that does not turn has no phase; its plots come in frames
    phases_rad = [np.deg2rad(getattr(c, "phase_deg", np.nan)) for c in sensors]
    periods_s = [_period_s(c, drawn.radars) for c in sensors]
    active = rows_on(scenario, phase)
    world = world_of(scenario, phase, drawn=drawn, traffic_file=traffic_file)
    made = sensors_of(scenario, phase, drawn=drawn, streams=streams, world=world)
    tracker = kinds("track").make(
        suited(
            scenario.tracker,
            [type_cards[name] for name in scenario.types],
            interval_s=min([periods_s[i] for i in active if radars[i] is not None], default=_INTERVAL_S),
        ),
        places=[around.place for around in environments],
        radars=radars,
        periods_s=periods_s,
        phases_rad=phases_rad,
        active=[i in active for i in range(len(sensors))],
        environments=environments,
        **_links(scenario, streams),
        **_low_levels(scenario.tracker, len(sensors), made),
    )
    learner = learner_of(scenario, drawn=drawn, knowledge=knowledge, habits=habits)
    launchers = scenario.launchers
    weapon_cards = held.weapons
    fire_control = [i for i, c in enumerate(sensors) if c.name in getattr(scenario.command, "fire_control", ())]
    commander = kinds("command").make(
        scenario.command,
        hostile=np.array([*(name in scenario.hostile for name in scenario.types), False]),
        launchers=[_view(c.name, places[c.place], weapon_from(weapon_cards[c.card], None)) for c in launchers],
        defended=places[scenario.command.defended],
        fire_control=fire_control,
        weapons_free=phase.weapons_free,
    )
    batteries = [
        kinds("engage").make(c, weapon=drawn.weapons[c.name], place=places[c.place], streams=streams) for c in launchers
    ]
    return Mission(
        world=world,
        sensors=SensorSuite(list(made.values())),
        tracker=tracker,
        learner=learner,
        commander=commander,
        engagements=Engagements(
            batteries,
            fire_control=fire_control,
            update_age_max_s=getattr(scenario.command, "update_age_max_s", 20.0),
        ),
        duration_s=phase.duration_s,
        tick_s=phase.tick_s,
    )


def rows_on(scenario: Scenario, phase: PhaseConfig) -> list[int]:
    """Return the rows of the sensors that a phase has switched on."""
    return [i for i, c in enumerate(scenario.sensors) if phase.sensors is None or c.name in phase.sensors]


def world_of(scenario: Scenario, phase: PhaseConfig, *, drawn: Drawn, traffic_file: Path | None = None) -> World:
    """Build the world of a phase, its knots close enough for every beam that turns; arguments as in `build`."""
    cards, sensors = cards_of(scenario).types, scenario.sensors
    turning_s = [
        _period_s(sensors[i], drawn.radars)
        for i in rows_on(scenario, phase)
        if np.isfinite(getattr(sensors[i], "phase_deg", np.nan))
    ]
    return build_world(
        phase,
        places=places_of(scenario),
        cards={name: cards[name] for name in scenario.types},
        knot_s=min([KNOT_MAX_S, phase.tick_s, *(0.4 * period_s for period_s in turning_s)]),
        traffic_file=traffic_file,
    )


def sensors_of(
    scenario: Scenario, phase: PhaseConfig, *, drawn: Drawn, streams: Streams, world: World
) -> dict[int, Any]:
    """Make the sensors that a phase has switched on, by row; arguments as in `build`, ``world`` that of the phase."""
    cards, environments = cards_of(scenario).types, drawn.environments
    radars = [drawn.radars.get(c.name) for c in scenario.sensors]
    type_row = {name: i for i, name in enumerate(scenario.types)}
    signatures = [
        drawn.reflecting[name] if worn and name in drawn.reflecting else drawn.signatures[name]
        for name, worn in zip(world.types, world.reflectors, strict=True)
    ]
    type_rows = np.array([type_row[name] for name in world.types], np.int64)
    label = np.array([type_row[name] for name in world.declares], np.int64)
    lengths_m = [cards[name].length_m.median for name in world.types]
    emitters = emitters_of(phase, world.names)
    stations = {
        c.name: (radar, around, np.deg2rad(getattr(c, "phase_deg", np.nan)))
        for c, radar, around in zip(scenario.sensors, radars, environments, strict=True)
    }
    return {
        i: kinds("sensor").make(
            scenario.sensors[i],
            environment=environments[i],
            radar=radars[i],
            signatures=signatures,
            address=world.address,
            label=label,
            types=type_rows,
            n_types=len(scenario.types),
            transponder=world.transponder,
            emitters=emitters,
            lengths_m=lengths_m,
            stations=stations,
            ground=None if drawn.streams is None else drawn.streams.rng("draw", "ground", scenario.sensors[i].name),
            row=i,
            streams=streams,
        )
        for i in rows_on(scenario, phase)
    }


def learner_of(
    scenario: Scenario, *, drawn: Drawn, knowledge: Knowledge | None = None, habits: Habits | None = None
) -> Any:
    """Make the learner of a scenario's owner; arguments as in `build`."""
    cards = learner_cards(scenario)
    return kinds("learn").make(
        scenario.learner,
        radars=[_believed(drawn.radars.get(c.name), drawn.calibration_db.get(c.name, 0.0)) for c in scenario.sensors],
        environments=drawn.environments,
        types=scenario.types,
        cards={name: cards[name] for name in scenario.types},
        knowledge=knowledge,
        habits=habits,
    )


def suited(config: Any, cards: Sequence[TypeCard], *, interval_s: float) -> Any:
    """Return a tracker's configuration, its models of motion those of the types that can occur where it asks for them.

    Parameters
    ----------
    config : tracker configuration
        Of any kind; only ``pmb``, or sites of that kind, have models to choose.
    cards : sequence of TypeCard
        Types of the scenario.
    interval_s : float
        Usual time between two plots of a target. [s]

    Returns
    -------
    tracker configuration
        Of the same kind.
    """
    if isinstance(config, DistributedTrackerConfig):
        return config.model_copy(update={"site": suited(config.site, cards, interval_s=interval_s)})
    if not isinstance(config, PmbTrackerConfig) or not config.motion_by_class or not cards:
        return config
    classes = {
        str(row): {"speed_mps": card.speed_mps.median, "load_factor_max": card.load_factor_max.median}
        for row, card in enumerate(cards)
    }
    motion = models_for(classes, interval_s=interval_s)
    return config.model_copy(update={"motion": motion})


def _links(scenario: Scenario, streams: Streams) -> dict[str, Any]:
    """Return what a tracker of several sites needs besides: the sensors' names, and the luck of each site's link."""
    config, names = scenario.tracker, [c.name for c in scenario.sensors]
    if not isinstance(config, DistributedTrackerConfig):
        return {}
    first = [names[rows[0]] for rows, _ in grouped(config.sites, names)]
    return {"names": names, "luck": [streams.rng("link", name).random((_REPORTS, 2)) for name in first]}


def _low_levels(config: Any, n: int, made: Mapping[int, Any]) -> dict[str, Any]:
    """Return where sensors have a second, lower threshold, if any has; refuse a tracker that does not search there."""
    levels = [getattr(made.get(i), "low_level", None) for i in range(n)]
    if all(level is None for level in levels):
        return {}
    if not isinstance(config, PmbTrackerConfig) or config.before_detect is None:
        row = next(i for i, level in enumerate(levels) if level is not None)
        raise UserError(
            f"sensors.{row}.low_level: weak plots need a tracker that searches them: kind 'pmb' with before_detect, "
            f"got kind {config.kind!r}"
        )
    return {"low_levels": levels}


def _period_s(config: Any, radars: Mapping[str, Radar]) -> float:
    """Time of one turn, or of one frame of a sensor whose beam does not turn. [s]"""  # noqa: D400, D415
    if hasattr(config, "revisit_s"):
        return config.revisit_s
    radar = radars.get(getattr(config, "transmitter", config.name))
    return config.period_s if radar is None else radar.period_s


def _view(name: str, place: Place, weapon: Weapon) -> LauncherView:
    return LauncherView(
        name=name,
        place=place,
        range_min_m=weapon.range_min_m,
        range_max_m=weapon.range_max_m,
        altitude_min_m=weapon.altitude_min_m,
        altitude_max_m=weapon.altitude_max_m,
        flight_range_m=weapon.flight_range_m,
        flight_time_s=weapon.flight_time_s,
        pk=weapon.pk,
        reaction_s=weapon.reaction_s,
    )
