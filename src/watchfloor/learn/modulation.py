r"""What lines about an echo, and their absence, say of a track's type.

Whether blades show is up to things that one track keeps: how strong its lines are, how far off nose and tail they show,
whether their spacing is one that the radar resolves. None is known of a type but by its card's spread, so looks at one
track are not so many witnesses: given those three they are independent, and the three are averaged over at the end.

.. math:: p(\text{looks}\,|\,t) = \frac1K\sum_{k=1}^{K}\prod_i p_{t,k,i}^{\,s_i}\,(1-p_{t,k,i})^{1-s_i}

with :math:`s_i` whether look i declared a spacing and :math:`p_{t,k,i}` its chance at that aspect and signal-to-noise
ratio. Sums over looks add up, tick by tick; what the spacing itself is, `habits` judges once a track.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
from scipy import special

from watchfloor.base.units import FloatArray, IntArray
from watchfloor.learn.habits import OTHER_SPACING_HZ
from watchfloor.physics.modulation import PFA_LINES, duct_cutoff_hz, pd_lines, resolvable_hz
from watchfloor.physics.radar import Radar
from watchfloor.scenario.cards import TypeCard
from watchfloor.scenario.spread import Spread

N_POINTS = 3
"""Points that stand for each unknown, each for as much probability."""
N_NODES = N_POINTS**3
"""Combinations of level, half-angle and spacing."""
_Z = special.ndtri((np.arange(N_POINTS) + 0.5) / N_POINTS)
OTHER_LEVEL_DB = Spread(p10=-38.0, p50=-22.0, p90=-10.0, source="scenario", note="anything that flies")
"""Lines of "other" against its body. [dB]"""
OTHER_HALF_RAD = (0.0, np.deg2rad(45.0), 0.5 * np.pi)
"""Half-angles of "other": blades hidden, about nose and tail, all round. [rad]"""


class BladeLines:
    """Likelihood of lines seen and not seen, under each type.

    Parameters
    ----------
    radars : sequence of Radar or None
        The run's sensors, in the run's order; None for what is no primary radar.
    cards : sequence of TypeCard
        The known types.

    Notes
    -----
    The law of the sensors is taken as known (`modulation.pd_lines` at the measured power less the noise, false lines
    with ``PFA_LINES``). A duct lets through carriers above the cutoff of its median diameter. Merged plots, and tracks
    that hold another's plots, are not thought of.
    """

    def __init__(self, radars: Sequence[Radar | None], cards: Sequence[TypeCard]) -> None:
        n_types = len(cards)
        nodes = np.zeros((n_types + 1, N_NODES, 3))  # level [dB], half-angle [rad], spacing [Hz]
        cutoff_hz = np.zeros(n_types + 1)
        for t, card in enumerate(cards):
            part = card.modulation
            if part is None:
                cutoff_hz[t] = np.inf
                continue
            level, half, blades, rpm = (
                [spread.at_z(float(z)) for z in _Z]
                for spread in (part.level_db, part.half_angle_deg, part.blades, part.shaft_rpm)
            )
            spacing = _spread_out(blades, rpm)
            nodes[t] = list(product(level, np.deg2rad(half), spacing))
            cutoff_hz[t] = 0.0 if part.duct_cm is None else float(duct_cutoff_hz(1e-2 * part.duct_cm.median))
        level, spacing = ([spread.at_z(float(z)) for z in _Z] for spread in (OTHER_LEVEL_DB, OTHER_SPACING_HZ))
        nodes[-1] = list(product(level, OTHER_HALF_RAD, spacing))
        self._level, self._half = nodes[..., 0], nodes[..., 1]
        bands = [resolvable_hz(radar) if radar is not None else (np.inf, 0.0) for radar in radars]
        carrier = np.array([0.0 if radar is None else radar.frequency_hz for radar in radars])
        self.resolves = np.array([least < most for least, most in bands], dtype=bool)
        """(sensors,) radars whose looks say anything of blades."""
        least, most = np.array(bands, dtype=np.float64).reshape(-1, 2).T
        spacing = nodes[None, ..., 2]
        self._open = (spacing >= least[:, None, None]) & (spacing <= most[:, None, None])
        self._open &= (carrier[:, None] > cutoff_hz)[:, :, None]
        self._n_filters = np.array([1 if radar is None else radar.n_coherent for radar in radars])
        self.n_types = n_types

    def evidence(
        self, sensor: IntArray, aspect_rad: FloatArray, snr_db: FloatArray, modulation_hz: FloatArray
    ) -> FloatArray:
        """Log likelihood of each look under each type and node; add those of one track.

        Parameters
        ----------
        sensor : (n,) array
            Row of the sensor.
        aspect_rad : (n,) array
            Angle off the nose from which it looked. [rad]
        snr_db : (n,) array
            Measured power over noise; NaN for a miss, which says nothing of blades. [dB]
        modulation_hz : (n,) array
            Spacing declared; NaN for none. [Hz]

        Returns
        -------
        (n, types + 1, N_NODES) array
            "Other" last; zeros for a radar that resolves no lines. [1]
        """
        out = np.zeros((len(sensor), self.n_types + 1, N_NODES))
        rows = np.flatnonzero(self.resolves[sensor] & np.isfinite(snr_db)) if len(sensor) else sensor
        if len(rows) == 0:
            return out
        s = sensor[rows]
        snr = np.maximum(10.0 ** (0.1 * snr_db[rows]) - 1.0, 0.0)[:, None, None]
        off = np.abs(aspect_rad[rows])
        off = np.minimum(off, np.pi - off)[:, None, None]
        chance = np.where(
            self._open[s] & (off <= self._half) & (self._half > 0.0),
            pd_lines(snr, self._level, self._n_filters[s][:, None, None]),
            0.0,
        )
        chance = np.minimum(chance + PFA_LINES, 1.0 - PFA_LINES)
        seen = np.isfinite(modulation_hz[rows])[:, None, None]
        out[rows] = np.log(np.where(seen, chance, 1.0 - chance))
        return out

    def log_likelihood(self, total: FloatArray) -> FloatArray:
        """Log likelihood (tracks, types + 1) of all looks of each track, from sums of ``evidence`` by track. [1]"""
        top = total.max(axis=2, keepdims=True)
        return top[..., 0] + np.log(np.exp(total - top).mean(axis=2))


def _spread_out(blades: list[float], rpm: list[float]) -> FloatArray:
    """Points of the spacing from points of blades and shaft rate, their logarithms added in quadrature. [Hz]"""  # noqa: D400, D415
    b, r = np.log(blades), np.log(rpm)
    middle = N_POINTS // 2
    away = np.sign(_Z) * np.hypot(b - b[middle], r - r[middle])
    return np.exp(b[middle] + r[middle] + away) / 60.0
