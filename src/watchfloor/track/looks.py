"""What a look tells besides its power: the noise that it met, how long it was, and who declares a type."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from watchfloor.base.picture import Plots, Tasks
from watchfloor.base.units import FloatArray, IntArray
from watchfloor.physics.radar import Radar

_HELD_S = 10.0
"""How long a strobe of a radar whose beam does not turn stands for its direction. [s]"""


def coded(label: IntArray, source: IntArray) -> IntArray:
    """Declared type and who declares it in one number, below 0 for no type.

    Parameters
    ----------
    label : (n,) array
        Rows of the run's type list, -1 for none.
    source : (n,) array
        Each a ``LabelSource``.

    Returns
    -------
    (n,) array
        For `label_of` and `source_of`.
    """
    return 4 * np.asarray(label, np.int64) + ((np.asarray(source, np.int64) + 1) & 3)


def label_of(code: IntArray) -> IntArray:
    """Declared type (n,) of what `coded` returned, -1 for none."""
    return code >> 2


def source_of(code: IntArray) -> IntArray:
    """Who declares it (n,), a ``LabelSource``."""
    return np.where(code < 0, -1, (code & 3) - 1)


def dwell_of(number: IntArray, sensor: IntArray, tasks: Tasks) -> FloatArray:
    """Length of the dwell that tasks ask for.

    Parameters
    ----------
    number, sensor : (n,) arrays
        Track number and row of the sensor.
    tasks : Tasks
        Tasks in force, sorted by track, then sensor.

    Returns
    -------
    (n,) array
        As in ``Tasks``; 1 where there is no task. [1]
    """
    out = np.ones(len(number))
    if not len(tasks) or not len(number):
        return out
    n = max(int(tasks.sensor.max()), int(sensor.max())) + 1
    key, wanted = tasks.track * n + tasks.sensor, number * n + sensor
    at = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
    known = key[at] == wanted
    out[known] = tasks.dwell[at[known]]
    return out


class NoiseHeard:
    """Noise in the directions of the newest strobes, for looks that found nothing.

    Parameters
    ----------
    radars : sequence of Radar or None
        Each sensor's own data; None for one that is no primary radar.
    periods_s : sequence of float
        Time of one turn or frame. [s]
    phases_rad : sequence of float
        Azimuth of the beam at time 0, NaN where the beam does not turn. [rad]

    Notes
    -----
    A strobe stands for its direction, a beamwidth either way, for half a turn about its time: the next pass has one of
    its own, or the jammer is off. A beam that does not turn comes back when it likes; there it holds for ten seconds,
    or a frame and a half. Jamming too weak for a strobe is not known of: the level told is then that of quiet.
    """

    def __init__(self, radars: Sequence[Radar | None], periods_s: Sequence[float], phases_rad: Sequence[float]) -> None:
        self._width = np.array([math.nan if r is None else r.beamwidth_azimuth_rad for r in radars])
        period, turns = np.array(periods_s, np.float64), np.isfinite(np.array(phases_rad, np.float64))
        self._held_s = np.where(turns, 0.5 * period, np.maximum(_HELD_S, 1.5 * period))
        self._keep_s = 2.0 * float(np.max(np.maximum(period, self._held_s), initial=0.0))
        self._none()

    def _none(self) -> None:
        self.t_s, self.azimuth, self.level_db = np.empty(0), np.empty(0), np.empty(0)
        self.sensor = np.empty(0, np.int64)

    def hear(self, strobes: Plots, *, until_s: float) -> None:
        """Take the strobes of a step and forget old ones; ``noise_db``, or else the strobe's own power, is its level.

        Parameters
        ----------
        strobes : Plots
            Directions without a range, of primary radars.
        until_s : float
            End of the step. [s]
        """
        if not len(strobes) and not len(self.t_s):
            return
        kept = self.t_s > until_s - self._keep_s
        level = np.where(strobes.noise_db == 0.0, strobes.snr_db, strobes.noise_db)
        self.t_s = np.concatenate([self.t_s[kept], strobes.t_s])
        self.azimuth = np.concatenate([self.azimuth[kept], strobes.measurement[:, 1]])
        self.level_db = np.concatenate([self.level_db[kept], level])
        self.sensor = np.concatenate([self.sensor[kept], strobes.sensor])

    def at(self, sensor: IntArray, t_s: FloatArray, azimuth_rad: FloatArray) -> FloatArray:
        """Noise over the receiver's own in directions of looks.

        Parameters
        ----------
        sensor, t_s, azimuth_rad : (n,) arrays
            The looks. [row, s, rad]

        Returns
        -------
        (n,) array
            Level of the newest strobe of the same radar in that direction, NaN if it has none; 0 without a strobe. [dB]
        """
        if not len(self.t_s) or not len(t_s):
            return np.zeros(len(t_s))
        off = np.remainder(azimuth_rad[:, None] - self.azimuth + math.pi, 2.0 * math.pi) - math.pi
        mine = sensor[:, None] == self.sensor
        mine &= np.abs(off) <= self._width[self.sensor]
        mine &= np.abs(t_s[:, None] - self.t_s) <= self._held_s[self.sensor]
        newest = np.where(mine, self.t_s, -math.inf).argmax(axis=1)
        return np.where(mine.any(axis=1), self.level_db[newest], 0.0)

    def save(self) -> tuple[FloatArray, FloatArray, FloatArray, IntArray]:
        """Return what changes from step to step; arrays that later steps leave alone."""
        return self.t_s, self.azimuth, self.level_db, self.sensor

    def restore(self, saved: tuple[FloatArray, FloatArray, FloatArray, IntArray]) -> None:
        """Take back what `save` returned."""
        self.t_s, self.azimuth, self.level_db, self.sensor = saved
