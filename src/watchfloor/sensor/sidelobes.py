"""Strong echoes through the sidelobes of a turning antenna: plots at the right range and the wrong azimuth."""

from __future__ import annotations

from math import ceil, pi

import numpy as np

from watchfloor.base.units import FloatArray, IntArray
from watchfloor.physics.detection import statistic
from watchfloor.physics.radar import Radar
from watchfloor.physics.reception import beam
from watchfloor.sensor.receiver import TWO_PI, Rows, elsewhere

_FAINT = 0.05
"""Echoes below this share of the threshold in the highest sidelobe are passed over: one in 1e5 would cross. [1]"""
_SAMPLES = 8
"""Directions inside a beamwidth that the two-way pattern is averaged over: the beam moves during a dwell."""


class Sidelobes:
    """Where else than in its main lobe a turning antenna hears strong movers.

    Parameters
    ----------
    radar : Radar
        The radar; azimuth pattern by its taper.
    threshold : float
        Threshold of the summed statistic. [1]
    rng : numpy.random.Generator
        Source of the noise in those directions.

    Notes
    -----
    The antenna stands in each of the directions a beamwidth apart outside the main lobe once a turn; the two-way level
    there is the square of `reception.beam`, beyond 90 degrees that at 90. The echo's fade is that of the turn.
    Noise is drawn only for echoes that could cross, so a change of cross-section moves later numbers of this stream.
    """

    def __init__(self, radar: Radar, threshold: float, rng: np.random.Generator) -> None:
        width, antenna = radar.beamwidth_azimuth_rad, radar.antenna

        def level(offset: FloatArray) -> FloatArray:
            ahead = np.cos(offset) > 0.0
            across = np.where(ahead, np.sin(offset), np.sign(np.sin(offset)))
            return beam(antenna, across, width) ** 2

        fine = np.linspace(0.5 * width, min(6.0 * width, 0.5 * pi), 481)
        main = level(fine)
        rises = np.flatnonzero(main[1:] >= main[:-1])  # the first null, or the floor
        edge = float(fine[rises[0]]) if rises.size else float(fine[-1])
        n = ceil(TWO_PI / width - 1e-9)
        offset = TWO_PI / n * np.arange(1, n)
        self._offset = offset[(offset > edge) & (offset < TWO_PI - edge)]
        inside = (np.arange(_SAMPLES) + 0.5) / _SAMPLES - 0.5
        self._level = level(self._offset[:, None] + TWO_PI / n * inside).mean(axis=1)
        self._highest = float(self._level.max(initial=0.0))
        self._turn_s, self._threshold, self._n, self._rng = radar.period_s, threshold, radar.n_pulses, rng
        self._pfa = radar.pfa

    def returns(self, signal: FloatArray, t_s: FloatArray, polar: FloatArray, mover: IntArray) -> Rows | None:
        """Rows of the turn that follows each pass, some of them after the tick's end; None for none.

        Parameters
        ----------
        signal : (n,) array
            Power of the echo in the main lobe over noise, in one look, faded. [power ratio]
        t_s, polar, mover : (n,), (n, 4), (n,) arrays
            Passes of the main lobe, as in `Rows`.
        """
        strong = np.flatnonzero(self._n * self._highest * signal > _FAINT * self._threshold)
        if not strong.size:
            return None
        faint = signal[strong, None] * self._level
        block = faint.shape
        noise = self._rng.standard_normal((2, *block)) * 0.5**0.5
        added = self._rng.standard_gamma(self._n - 1.0, block) if self._n > 1 else 0.0
        z = statistic(faint, np.ones(block), noise[0], noise[1], added, self._n)
        echo, at = np.nonzero(z > self._threshold)
        if not echo.size:
            return None
        rows, later_s = strong[echo], self._offset[at] / TWO_PI * self._turn_s
        place = polar[rows]
        place[:, 0] += place[:, 3] * later_s
        place[:, 1] = np.mod(place[:, 1] + self._offset[at], TWO_PI)
        return Rows(
            t_s[rows] + later_s,
            place,
            self._rng.standard_normal((len(rows), 4)),
            z[echo, at] / self._n,
            np.full(len(rows), self._pfa),
            elsewhere(mover[rows]),
        )
