"""Noise jammers that fly along: what they do to a radar, and the strobes that show where they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import pi

import numpy as np

from watchfloor.base.columns import Columns
from watchfloor.base.picture import Plots
from watchfloor.base.streams import Streams
from watchfloor.base.truth import PlotOrigins
from watchfloor.base.units import FloatArray, IntArray
from watchfloor.physics import jamming
from watchfloor.physics.environment import Environment, Jammers, Targets
from watchfloor.physics.frames import polar_to_ecef
from watchfloor.physics.radar import Radar, error_sigmas, look
from watchfloor.physics.reception import elevation_gain
from watchfloor.sensor.motion import Motion

_FAR_M, _NEAR_M = 1.5e6, 1e5


@dataclass(frozen=True, kw_only=True, eq=False)
class Emitters(Columns):
    """Noise jammers on board movers, at the level of power; one row an emitter, times since the scenario's epoch."""

    mover: IntArray
    """(n,) row of the mover that carries it."""
    erp_w: FloatArray
    """(n,) effective radiated power, the same in all directions. [W]"""
    centre_hz: FloatArray
    """(n,) middle of its band. [Hz]"""
    bandwidth_hz: FloatArray
    """(n,) width of its band, over which the power is spread evenly. [Hz]"""
    since_s: FloatArray
    """(n,) when it is switched on. [s]"""
    until_s: FloatArray
    """(n,) when it is switched off. [s]"""


class Strobes:
    """The jammers that one radar hears.

    Parameters
    ----------
    emitters : Emitters
        All of the mission; movers are rows of its truth.
    radar : Radar
        The radar; jammers whose band does not hold its own are not heard.
    environment : Environment
        What surrounds its antenna.
    row : int
        Its row in the run's sensor list.
    jnr_least : float
        Jamming-to-noise ratio of the main lobe above which a strobe is declared. [power ratio]
    rng : numpy.random.Generator
        Source of the errors of strobes.

    Notes
    -----
    A jammer acts along the line of sight: over horizon and terrain like an echo, however far. Its place is taken at the
    middle of each turn for what it does to other echoes, and at the instant of the pass for its strobe.
    """

    def __init__(
        self,
        emitters: Emitters,
        radar: Radar,
        environment: Environment,
        row: int,
        jnr_least: float,
        rng: np.random.Generator,
    ) -> None:
        half = 0.5 * (emitters.bandwidth_hz - radar.bandwidth_hz)
        self._emitters = emitters.take(np.abs(emitters.centre_hz - radar.frequency_hz) <= half)
        self._radar, self._environment, self._row = radar, environment, row
        self._ear = radar.but(range_min_m=0.0, range_max_m=_FAR_M)
        self._anywhere = self._ear.but(elevation_min_rad=-0.5 * pi, elevation_max_rad=0.5 * pi)
        self._open = replace(environment, gas=None, surface=None, clutter=None, rain=None, jammers=None)
        self._jnr_least, self._rng = jnr_least, rng

    @property
    def any(self) -> bool:
        """Whether there is any jammer that this radar could hear."""
        return len(self._emitters) > 0

    def surroundings(self, motion: Motion, when_s: FloatArray) -> Iterator[tuple[int, Environment]]:
        """Yield each instant's number and the surroundings with the jammers in sight then; none where all is quiet."""
        emitters, m = self._emitters, len(when_s)
        emitter, at = np.repeat(np.arange(len(emitters)), m), np.tile(np.arange(m), len(emitters))
        t = when_s[at]
        there = motion.at(emitters.mover[emitter], t)
        on = np.flatnonzero(there.present & (emitters.since_s[emitter] <= t) & (t < emitters.until_s[emitter]))
        there, emitter, at = there.take(on), emitter[on], at[on]
        seen = look(self._anywhere, Targets(ecef_m=there.position, velocity_ecef_mps=there.velocity), self._open)
        heard = np.flatnonzero(seen.visible)
        there, emitter, at = there.take(heard), emitter[heard], at[heard]
        for i in np.unique(at).tolist():
            mine = np.flatnonzero(at == i)
            jammers = Jammers(
                ecef_m=there.position[mine],
                erp_w=emitters.erp_w[emitter[mine]],
                bandwidth_hz=emitters.bandwidth_hz[emitter[mine]],
            )
            yield i, replace(self._environment, jammers=jammers)

    def told(self, plots: Plots, origins: PlotOrigins, motion: Motion, edges_s: FloatArray) -> Plots:
        """Plots with the level of noise and jamming that their looks met.

        Parameters
        ----------
        plots, origins : Plots, PlotOrigins
            Plots and strobes of this radar, and what caused them.
        motion : Motion
            The movers, jammers among them, at those times.
        edges_s : (k + 1,) array
            Turns or frames: jammers stand where they are in the middle of each. [s]

        Returns
        -------
        Plots
            The same plots. The beam stood on the mover; for a plot of none, where the plot is (level, if it measured no
            elevation: a fan beam hears the same all the way up).
        """
        noise_db, z = np.zeros(len(plots)), plots.measurement
        there = polar_to_ecef(np.full(len(plots), _NEAR_M), z[:, 1], np.nan_to_num(z[:, 2]), self._environment.place)
        seen = np.flatnonzero((origins.mover >= 0) & ((origins.n_merged > 0) | np.isnan(z[:, 0])))
        movers = motion.truth.mover
        order = np.argsort(movers)
        row = order[np.searchsorted(movers, origins.mover[seen], sorter=order)]
        there[seen] = motion.at(row, plots.t_s[seen]).position
        span = np.clip(np.searchsorted(edges_s, plots.t_s, side="right") - 1, 0, len(edges_s) - 2)
        for i, around in self.surroundings(motion, 0.5 * (edges_s[1:] + edges_s[:-1])):
            mine = np.flatnonzero(span == i)
            targets = Targets(ecef_m=there[mine], velocity_ecef_mps=np.zeros((len(mine), 3)))
            looks = look(self._anywhere, targets, replace(self._open, jammers=around.jammers))
            noise_db[mine] = 10.0 * np.log10(1.0 + looks.jamming)
        return replace(plots, noise_db=noise_db)

    def declare(self, t_s: FloatArray, mover: IntArray, motion: Motion) -> tuple[Plots, PlotOrigins]:
        """Strobes of the passes of the main lobe over movers: azimuth, and elevation where measured, but no range."""
        # a mover may carry several jammers; each is paired with each of the passes over it
        passing, emitter = np.nonzero(mover[:, None] == self._emitters.mover)
        t = t_s[passing]
        there = motion.at(mover[passing], t)
        emitters, radar = self._emitters, self._radar
        on = (emitters.since_s[emitter] <= t) & (t < emitters.until_s[emitter])
        seen = look(self._ear, Targets(ecef_m=there.position, velocity_ecef_mps=there.velocity), self._open)
        level = np.zeros(len(t))
        if len(t):
            level = jamming.jam_to_noise(
                radar,
                seen.range_m,
                erp_w=emitters.erp_w[emitter],
                bandwidth_hz=emitters.bandwidth_hz[emitter],
                pattern=elevation_gain(radar, seen.elevation_apparent_rad),
            )
        error = self._rng.standard_normal((len(t), 2))
        keep = np.flatnonzero(on & seen.visible & (level > self._jnr_least))
        n = len(keep)
        _, azimuth, elevation, _ = error_sigmas(radar, np.maximum(level[keep], 1e-3))
        measurement, cov = np.full((n, 4), np.nan), np.full((n, 4, 4), np.nan)
        measurement[:, 1] = np.mod(seen.azimuth_rad[keep] + azimuth * error[keep, 0], 2.0 * np.pi)
        cov[:, 1, 1] = azimuth**2
        if radar.measures_elevation:
            measurement[:, 2] = seen.elevation_rad[keep] + elevation * error[keep, 1]
            cov[:, 2, 2] = elevation**2
            cov[:, 1, 2] = cov[:, 2, 1] = 0.0
        nobody = np.full(n, -1)
        plots = Plots(
            t_s=t[keep],
            sensor=np.full(n, self._row),
            measurement=measurement,
            cov=cov,
            snr_db=10.0 * np.log10(1.0 + level[keep]),
            pfa=np.full(n, radar.pfa),
            address=nobody,
            label=nobody,
        )
        return plots, PlotOrigins(mover=emitters.mover[emitter[keep]], n_merged=np.zeros(n, np.int64))


def strobes_of(
    emitters: Emitters | None,
    radar: Radar,
    environment: Environment,
    row: int,
    strobe_db: float,
    streams: Streams,
    name: str,
) -> Strobes | None:
    """The jammers that a sensor hears, None if there are none; arguments as `Strobes`, the level in decibels."""
    if emitters is None or not len(emitters):
        return None
    found = Strobes(
        emitters, radar, environment, row, 10.0 ** (0.1 * strobe_db), streams.rng("sensor", name, "strobes")
    )
    return found if found.any else None
