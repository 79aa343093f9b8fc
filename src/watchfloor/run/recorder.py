"""What is kept of a mission: tables, one row an event or a thing at the end of a tick."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from watchfloor.base.picture import Identities, Knowledge, Orders, Plots, Tracks
from watchfloor.base.truth import Effects, Flown, PlotOrigins, Truth
from watchfloor.base.units import FloatArray
from watchfloor.learn.ledger import BookedRows, LedgerRows, booked
from watchfloor.physics.radar import Radar
from watchfloor.physics.rcs import band_of
from watchfloor.scenario.model import Scenario
from watchfloor.sensor.resources import Load


def named_ledger(rows: LedgerRows, scenario: Scenario, radars: Mapping[str, Radar]) -> BookedRows:
    """Return a flight's ledger as a record holds it: with the names of radars, bands and types.

    ``radars`` are the primary radars by sensor name, as drawn.
    """
    names = [config.name for config in scenario.sensors]
    bands = [band_of(radars[name].frequency_hz) if name in radars else "" for name in names]
    return booked(rows, radars=names, bands=bands, types=scenario.types)


@dataclass
class Recorder:
    """Keeps references to the frozen tables of every tick; stacks them when asked.

    ``quiet`` keeps nothing but knowledge and times of presence: for campaign sorties, whose record is the ledger.
    """

    quiet: bool = False
    knowledge: Knowledge | None = None
    """What was known at the last tick."""
    present_s: FloatArray | None = None
    """(movers,) time each mover was there. [s]"""
    energy_j: float = 0.0
    """Energy that all radars have sent. [J]"""
    _ticks: list[tuple[float, Truth, Plots, PlotOrigins, Tracks, Identities, Orders, Effects]] = field(
        default_factory=list
    )

    def write(
        self,
        until_s: float,
        truth: Truth,
        plots: Plots,
        origins: PlotOrigins,
        tracks: Tracks,
        identities: Identities,
        known: Knowledge,
        orders: Orders,
        effects: Effects,
    ) -> None:
        """Keep one tick."""
        self.knowledge = known
        here_s = (truth.present[:, 1:] * np.diff(truth.t_s, axis=1)).sum(axis=1)
        self.present_s = here_s if self.present_s is None else self.present_s + here_s
        if not self.quiet:
            self._ticks.append((until_s, truth, plots, origins, tracks, identities, orders, effects))

    def spend(self, load: Load) -> None:
        """Keep account of what the radars sent in a tick."""
        self.energy_j += float(load.energy_j.sum())

    def history(self) -> History:
        """Return everything as tables."""
        if not self._ticks:
            raise ValueError("a quiet recorder, or one without a tick, has no history")
        flown = []
        for tick_s, truth, *_ in self._ticks:
            here = truth.present[:, -1]
            flown.append(
                Flown(
                    tick_s=np.full(int(here.sum()), tick_s),
                    mover=truth.mover[here],
                    position_ecef_m=truth.position_ecef_m[here, -1],
                    velocity_ecef_mps=truth.velocity_ecef_mps[here, -1],
                )
            )
        ticks_s = np.array([tick[0] for tick in self._ticks])
        return History(
            ticks_s=ticks_s,
            flown=Flown.concat(flown),
            plots=Plots.concat(tick[2] for tick in self._ticks),
            origins=PlotOrigins.concat(tick[3] for tick in self._ticks),
            tracks=Tracks.concat(tick[4] for tick in self._ticks),
            track_tick_s=np.repeat(ticks_s, [len(tick[4]) for tick in self._ticks]),
            identities=Identities.concat(tick[5] for tick in self._ticks),
            identity_tick_s=np.repeat(ticks_s, [len(tick[5]) for tick in self._ticks]),
            orders=Orders.concat(tick[6] for tick in self._ticks),
            effects=Effects.concat(tick[7] for tick in self._ticks),
        )


@dataclass(frozen=True)
class History:
    """All tables of one mission."""

    ticks_s: FloatArray
    flown: Flown
    plots: Plots
    origins: PlotOrigins
    tracks: Tracks
    track_tick_s: FloatArray
    """(n,) end of the tick that each row of ``tracks`` belongs to. [s]"""
    identities: Identities
    identity_tick_s: FloatArray
    """(n,) likewise for ``identities``. [s]"""
    orders: Orders
    effects: Effects

    def tables(self) -> dict[str, dict[str, np.ndarray]]:
        """Return the tables as a record stores them, by name."""
        return {
            "truth": self.flown.flat(),
            "plots": {**self.plots.flat(), **{f"origin_{k}": v for k, v in self.origins.flat().items()}},
            "tracks": {"tick_s": self.track_tick_s, **self.tracks.flat()},
            "identities": {"tick_s": self.identity_tick_s, **self.identities.flat()},
            "orders": self.orders.flat(),
            "effects": self.effects.flat(),
        }
