"""Kind ``battery``: launchers with one magazine, a reach, a time-of-flight table and a kill probability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field

from watchfloor.base.config import Config
from watchfloor.base.streams import Streams
from watchfloor.base.units import FloatArray
from watchfloor.engage.base import batteries
from watchfloor.physics.frames import Place
from watchfloor.scenario.cards import WeaponCard


class BatteryConfig(Config):
    """A battery of the catalogue at a place."""

    kind: Literal["battery"] = "battery"
    """This kind."""
    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
    """What records call it."""
    card: str
    """A weapon of the catalogue."""
    place: str
    """Name of the place where it stands."""


@dataclass(frozen=True, kw_only=True)
class Weapon:
    """A weapon card with its numbers fixed, SI."""

    range_min_m: float
    range_max_m: float
    altitude_min_m: float
    altitude_max_m: float
    flight_range_m: FloatArray
    flight_time_s: FloatArray
    pk: float
    n_rounds: int
    reload_s: float
    reaction_s: float
    channels: int


def weapon_from(card: WeaponCard, rng: np.random.Generator | None) -> Weapon:
    """Fix the numbers of a card: one draw a parameter in the card's order, or the medians when ``rng`` is None."""
    range_min_m = 1e3 * card.range_min_km.draw(rng)
    range_max_m = 1e3 * card.range_max_km.draw(rng)
    altitude_min_m, altitude_max_m = card.altitude_min_m.draw(rng), card.altitude_max_m.draw(rng)
    pk = min(max(card.pk.draw(rng), 0.0), 1.0)
    n_launchers, per_launcher = card.n_launchers.draw(rng), card.rounds_per_launcher.draw(rng)
    return Weapon(
        range_min_m=range_min_m,
        range_max_m=range_max_m,
        altitude_min_m=altitude_min_m,
        altitude_max_m=altitude_max_m,
        flight_range_m=1e3 * np.array(card.flight.range_km),
        flight_time_s=np.array(card.flight.time_s),
        pk=pk,
        n_rounds=max(1, round(n_launchers)) * max(1, round(per_launcher)),
        reload_s=card.reload_s.draw(rng),
        reaction_s=card.reaction_s.draw(rng),
        channels=max(1, round(card.channels.draw(rng))),
    )


@batteries.register("battery", BatteryConfig)
class Battery:
    """One battery: its rounds, its busy channels and its own stream of outcome draws.

    Parameters
    ----------
    config : BatteryConfig
        Name and place.
    weapon : Weapon
        Numbers of this run.
    place : Place
        Where it stands.
    streams : Streams
        The run's streams; shot ``k`` of this battery always meets the same uniform number.
    """

    def __init__(self, config: BatteryConfig, *, weapon: Weapon, place: Place, streams: Streams) -> None:
        self.name, self.weapon, self.place = config.name, weapon, place
        self.rounds = weapon.n_rounds
        self._reloaded_s = np.inf
        self._channels_until_s: list[float] = []
        self._rng = streams.rng("engage", config.name)

    def refresh(self, now_s: float) -> None:
        """Free the channels whose rounds have arrived and finish a reload that is due."""
        self._channels_until_s = [t for t in self._channels_until_s if t > now_s]
        if now_s >= self._reloaded_s:
            self.rounds, self._reloaded_s = self.weapon.n_rounds, np.inf

    @property
    def channels_free(self) -> int:
        """Targets that could be engaged in addition."""
        return max(self.weapon.channels - len(self._channels_until_s), 0)

    def fire(self, *, launch_s: float) -> float:
        """Spend one round; return the uniform number its outcome will be drawn with.

        An empty magazine starts its reload at once.
        """
        self.rounds -= 1
        if self.rounds == 0:
            self._reloaded_s = launch_s + self.weapon.reload_s
        return float(self._rng.random())

    def occupy(self, *, until_s: float) -> None:
        """Keep one channel busy until its rounds have arrived."""
        self._channels_until_s.append(until_s)
